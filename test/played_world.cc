#include "test/played_world.h"

#include <algorithm>
#include <cstdio>
#include <map>

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

// Worlds are tiny.
// Worlds take turns at how subject sets are searched.
CheckLimits Limits(const RandomWorld& world) {
  CheckLimits limits;
  constexpr SetSearch kSearches[] = {SetSearch::kCheaper, SetSearch::kDown, SetSearch::kUp};
  limits.budget.set_search = kSearches[world.objects.size() % 3];
  limits.budget.steps_max = 50'000;
  limits.budget.time_max = absl::InfiniteDuration();
  return limits;
}

// And at what is kept in memory: nothing, next to nothing with marks that stand for many things, enough.
uint64_t CacheBytes(const RandomWorld& world) {
  constexpr uint64_t kBytes[] = {0, 2 << 10, 64 << 10};
  return kBytes[(world.objects.size() / 3 + world.writes.size()) % 3];
}

}  // namespace

PlayedWorld::PlayedWorld(const RandomWorld& world, Storage storage) : world_(world), memory_(CacheBytes(world)) {
  if (CacheBytes(world) > 0) answers_ = std::make_unique<AnswerCache>(CacheBytes(world));
  if (storage == Storage::kRocks) {
    StoreOptions options;
    options.in_memory = true;
    options.block_cache_bytes = 1 << 20;
    options.read_cache_bytes = CacheBytes(world);
    options.clock = [this] { return now_; };
    rocks_ = Must(OpenRocksStore("random-world", options), "open");
  }
  const Schema& schema = *world_.schema;
  WriteRequest request{.schema_text = world_.draft.Text()};
  for (const Definition& each : schema.definitions()) request.schema_names.push_back(each.name);
  for (const Member& each : schema.members()) request.schema_names.push_back(each.name);
  for (const Caveat& each : schema.caveats()) request.schema_names.push_back(each.name);
  const Revision first = Must(Write(request, world_.writes.front().at), "schema");
  std::vector<Revision> revisions;
  for (const WorldWrite& write : world_.writes) {
    request = {};
    request.changes = write.changes;
    revisions.push_back(Must(Write(request, write.at), "write"));
    ReferenceStore state = states_.empty() ? ReferenceStore() : states_.back();
    state.Apply(write.changes, revisions.back(), write.at);
    states_.push_back(std::move(state));
  }
  for (size_t i = 0; i < revisions.size(); ++i) {
    const bool is_newest = i + 1 == revisions.size();
    snapshots_.push_back(rocks_ == nullptr ? (is_newest ? memory_.Head() : memory_.At(revisions[i]))
                         : is_newest       ? rocks_->Head()
                                           : Must(rocks_->At(revisions[i]), "at"));
  }
  plan_ = std::make_unique<Plan>(world_.schema, snapshots_.back()->names(), first);
  references_.resize(states_.size());
  now_ = world_.now;
}

absl::StatusOr<Revision> PlayedWorld::Write(const WriteRequest& request, absl::Time now) {
  now_ = now;
  return rocks_ == nullptr ? memory_.Write(request, now) : rocks_->Write(request);
}

EngineView PlayedWorld::EngineAt(size_t write) const {
  return {plan_.get(), snapshots_[write].get(), now_, Limits(world_), answers_.get()};
}

ReferenceEvaluator& PlayedWorld::ReferenceAt(size_t write) {
  if (references_[write] == nullptr) {
    references_[write] = std::make_unique<ReferenceEvaluator>(
        ReferenceWorld{.schema = world_.schema,
                       .relationships = states_[write].All(),
                       .now = world_.now,
                       .ledger = write + 1 == states_.size() ? ledger_ : ReferenceLedger()},
        world_.objects);
  }
  return *references_[write];
}

absl::StatusOr<Answer> PlayedWorld::Ask(size_t write, const CheckQuestion& question) const {
  const EngineView engine = EngineAt(write);
  return Checker(*engine.plan, *engine.snapshot, engine.now, engine.limits, engine.answers).Check(question);
}

void PlayedWorld::Append(const LedgerEntry& entry) {
  WriteRequest request;
  request.records_only = true;
  request.guard = [&](PendingWrite& write) { return Record(entry, write); };
  Must(Write(request, now_), "append");
  snapshots_.back() = rocks_ == nullptr ? memory_.Head() : rocks_->Head();
}

std::optional<std::string> PlayedWorld::Authorize(const CheckQuestion& call) {
  const size_t newest = snapshots_.size() - 1;
  const EngineView engine = EngineAt(newest);
  const ReferenceAnswer expected = ReferenceAt(newest).Check(call);
  std::map<std::string, std::unique_ptr<StoredTaskLedger>> ledgers;
  const LedgerSource source = [&](const std::string& root) -> const TaskLedger& {
    auto& ledger = ledgers[root];
    if (ledger == nullptr) ledger = std::make_unique<StoredTaskLedger>(*engine.snapshot, root);
    return *ledger;
  };
  const auto decided = DecideCall(*engine.plan, *engine.snapshot, engine.now, engine.limits, {call, ""}, source);
  const std::string got = AnswerText(decided.ok() ? absl::StatusOr<Answer>(decided->answer) : decided.status());
  const std::vector<std::string> accepted = AcceptedTexts(expected);
  if (std::find(accepted.begin(), accepted.end(), got) == accepted.end()) {
    return Cat(ToText(call), "\n  engine:    ", got, "\n  reference: ", accepted[0]);
  }
  if (!decided.ok()) return std::nullopt;
  const bool uses_as_many = !expected.call || decided->entry.approvals.size() == expected.call->approvals.size();
  if (!uses_as_many) return Cat(ToText(call), " uses ", decided->entry.approvals.size(), " approvals");
  Append(decided->entry);
  if (!expected.call) return std::nullopt;
  ledger_.Record(*expected.call);
  references_[newest] = nullptr;
  return std::nullopt;
}

void PlayedWorld::Change(const std::vector<TupleChange>& changes) {
  WriteRequest request;
  request.changes = changes;
  const Revision revision = Must(Write(request, now_), "write");
  states_.push_back(states_.back());
  states_.back().Apply(changes, revision, now_);
  snapshots_.push_back(rocks_ == nullptr ? memory_.Head() : rocks_->Head());
  references_.push_back(nullptr);
}

bool PlayedWorld::Approve(const CheckQuestion& approval, absl::Time expires_at) {
  const auto granted = ReferenceAt(snapshots_.size() - 1).Approve(approval, expires_at);
  if (!granted) return false;
  LedgerEntry entry{.kind = EntryKind::kApprove,
                    .at = now_,
                    .root = mandate::ToText(granted->root),
                    .resource = granted->resource,
                    .permission = Cat(granted->resource.type, "#", granted->permission),
                    .parameter_digest = granted->digest,
                    .approver = granted->approver,
                    .expires_at = granted->expires_at};
  entry.held.assign(granted->held.begin(), granted->held.end());
  Append(entry);
  ledger_.approvals.push_back(*granted);
  references_.back() = nullptr;
  return true;
}

void RunPlayed(size_t worlds, PlayedWorld::Storage storage, const PlayedProperty& property) {
  RunCampaign(worlds, &MakeRandomWorld, [&](const RandomWorld& world, Questions questions) {
    PlayedWorld played(world, storage);
    return property(played, questions);
  });
}

}  // namespace mandate
