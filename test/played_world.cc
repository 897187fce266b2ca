#include "test/played_world.h"

#include <cstdio>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result, std::string_view what) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s: %s\n", std::string(what).c_str(), result.status().ToString().c_str());
    std::abort();
  }
  return *std::move(result);
}

}  // namespace

TestDatabase::TestDatabase() : now(absl::FromUnixSeconds(1'780'000'000)) {
  DatabaseOptions options;
  options.directory = "random-world";
  options.store.in_memory = true;
  options.store.block_cache_bytes = 1 << 20;
  options.store.clock = [this] { return now; };
  // Worlds are tiny. Where many goals exclude each other in a circle, the engine tries their orders one by one and gives
  // up: an error, and so never wrong, but no answer either.
  options.check.budget.steps_max = 50'000;
  options.check.budget.time_max = absl::InfiniteDuration();
  database = Must(Database::Open(options), "open");
}

PlayedWorld::PlayedWorld(const RandomWorld& world) : world_(world) {
  Must(host_.database->WriteSchema(world_.draft.Text(), {}, DryRun::kNo, nullptr), "schema");
  ReferenceStore state;
  for (const WorldWrite& write : world_.writes) {
    host_.now = write.at;
    WriteRequest request;
    request.changes = write.changes;
    const Revision revision = Must(host_.database->store().Write(request), "write");
    state.Apply(write.changes, revision, write.at);
    revisions_.push_back(revision);
    states_.push_back(state);
  }
  references_.resize(states_.size());
  host_.now = world_.now;
}

View PlayedWorld::ViewAt(size_t write) const {
  if (write + 1 == writes()) return Must(host_.database->Head(), "head");
  return Must(host_.database->At(revisions_[write]), "at");
}

ReferenceEvaluator& PlayedWorld::ReferenceAt(size_t write) {
  if (references_[write] == nullptr) {
    references_[write] = std::make_unique<ReferenceEvaluator>(
        ReferenceWorld{world_.schema, states_[write].All(), world_.now}, world_.objects);
  }
  return *references_[write];
}

absl::StatusOr<Answer> PlayedWorld::Ask(size_t write, const CheckQuestion& question) const {
  const View view = ViewAt(write);
  Checker checker = host_.database->CheckerFor(view);
  return checker.Check(question);
}

std::string AnswerText(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) {
    const std::string reason = ReasonOf(answer.status());
    if (absl::IsInvalidArgument(answer.status())) return Cat("INVALID ", reason);
    if (reason == "CYCLE_THROUGH_EXCLUSION") return "UNDEFINED";
    return Cat("ERROR ", answer.status().ToString());
  }
  if (answer->decision == Decision::kConditional) return "CONDITIONAL";
  ReferenceAnswer same;
  same.allowed = answer->decision == Decision::kAllowed ? Truth::kYes : Truth::kNo;
  same.reason = answer->reason;
  // What it failed at may be followed by how, behind a comma, which no name has.
  if (answer->reason != DenialReason::kClaimMismatch) {
    same.at = answer->reason_at.substr(0, answer->reason_at.find(','));
  }
  return ToText(same);
}

}  // namespace mandate
