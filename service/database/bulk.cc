#include "service/database/bulk.h"

#include <inttypes.h>

#include <algorithm>

#include "absl/strings/str_replace.h"
#include "check/delegation_rules.h"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// From here on an import is a load. Fewer relationships are faster as an ordinary write, and need little memory.
constexpr size_t kLoadFrom = 20'000;
constexpr uint64_t kLoadFromBytes = 8 << 20;

}  // namespace

std::string PositionOf(const Relationship& relationship) {
  return ToText(Relationship{relationship.resource, relationship.relation, relationship.subject});
}

absl::StatusOr<std::optional<Relationship>> RelationshipAt(const std::string& position) {
  if (position.empty()) return std::optional<Relationship>();
  auto relationship = ParseRelationship(position);
  if (!relationship.ok()) return absl::InternalError("a cursor of ours holds no relationship");
  return std::optional<Relationship>(*std::move(relationship));
}

absl::Status ForEachLive(const Snapshot& snapshot, const TupleFilter& filter, const std::optional<Relationship>& after,
                         absl::Time now, const std::function<bool()>& is_cancelled, const LiveSink& sink) {
  auto cursor = snapshot.Read(filter, after, is_cancelled);
  for (; cursor->Valid(); cursor->Next()) {
    if (!cursor->row().edge.LiveAt(now)) continue;
    if (!sink(cursor->row(), ToRelationship(cursor->row(), snapshot.names()))) return absl::OkStatus();
  }
  return cursor->status();
}

absl::Status InWordsOfCaller(const absl::Status& status, std::string_view before, std::string_view after) {
  constexpr std::string_view kBefore = "changes[";
  constexpr std::string_view kAfter = "].relationship";
  std::string field = FieldOf(status);
  const size_t close = field.find(kAfter);
  if (!field.starts_with(kBefore) || close == field.npos) return status;
  field = Cat(before, field.substr(kBefore.size(), close - kBefore.size()), after, field.substr(close + kAfter.size()));
  const std::string reason = ReasonOf(status);
  absl::Status said = status;
  if (reason == "DUPLICATE_UPDATE") {  // Names two places in its text.
    const std::string text = absl::StrReplaceAll(status.message(), {{AbslView(kBefore), AbslView(before)}});
    said = WithReason(absl::Status(status.code(), text), reason);
  }
  return WithField(said, field);
}

absl::Status RelationshipImport::Admit(uint64_t bytes) {
  bytes_ += bytes;
  if (size_ <= kImportMax && bytes_ <= kImportBytesMax) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(Cat("one import takes at most ", kImportMax,
                                                     " relationships and 32 GiB; split it where a part can "
                                                     "stand alone")),
                    "IMPORT_TOO_LARGE");
}

absl::Status RelationshipImport::Add(Relationship relationship) {
  const uint64_t position = size_++;
  if (load_) return AddToLoad(std::move(relationship), position);
  changes_.push_back({op_, std::move(relationship)});
  return changes_.size() < kLoadFrom && bytes_ < kLoadFromBytes ? absl::OkStatus() : BeginLoad();
}

absl::Status RelationshipImport::BeginLoad() {
  auto view = database_.Head();
  if (!view.ok()) return view.status();
  plan_ = view->plan;
  auto load = database_.store().NewLoad(op_);
  if (!load.ok()) return load.status();
  load_ = *std::move(load);
  std::vector<TupleChange> held = std::move(changes_);
  changes_.clear();
  for (size_t i = 0; i < held.size(); ++i) {
    if (absl::Status status = AddToLoad(std::move(held[i].relationship), i); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RelationshipImport::AddToLoad(Relationship relationship, uint64_t position) {
  if (absl::Status status = ValidateRelationship(plan_->schema(), relationship, Intent::kStore); !status.ok()) {
    refused_ = std::move(relationship);
    return WithField(status, Cat("changes[", position, "].relationship.", FieldOf(status)));
  }
  if (!ConcernsDelegation(plan_->schema(), relationship)) return load_->Add(relationship, position);
  if (changes_.size() == kImportRuledMax) {
    return WithReason(
        absl::ResourceExhaustedError(Cat("one import takes at most ", kImportRuledMax,
                                         " relationships of tasks, sessions and what they rest on; split it "
                                         "where a part can stand alone")),
        "IMPORT_TOO_LARGE");
  }
  changes_.push_back({op_, std::move(relationship)});
  positions_.push_back(position);
  return absl::OkStatus();
}

absl::StatusOr<Revision> RelationshipImport::Commit() {
  if (!load_) return database_.Write(changes_, {});
  WriteRequest request;
  request.changes = changes_;
  request.positions = positions_;
  request.load = load_.get();
  request.expected_schema = plan_->schema_revision();
  if (plan_->schema().has_delegation()) {
    request.guard = [this](PendingWrite& write) { return AdmitDelegation(*plan_, write); };
  }
  return database_.store().Write(request);
}

const Relationship* RelationshipImport::RefusedBy(const absl::Status& status) const {
  if (refused_) return &*refused_;
  if (load_ && load_->refused()) return &*load_->refused();
  const std::string field = FieldOf(status);
  uint64_t index = 0;
  if (sscanf(field.c_str(), "changes[%" SCNu64 "]", &index) != 1) return nullptr;
  if (!load_) return index < changes_.size() ? &changes_[index].relationship : nullptr;
  const auto found = std::lower_bound(positions_.begin(), positions_.end(), index);
  if (found == positions_.end() || *found != index) return nullptr;
  return &changes_[found - positions_.begin()].relationship;
}

}  // namespace mandate
