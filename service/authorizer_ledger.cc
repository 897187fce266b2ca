// Reading back what was recorded, and letting go of it.
#include "schema/text.h"
#include "service/authorizer.h"
#include "service/authorizer_shared.h"

namespace mandate {
namespace {

// Entries that one call of RetireBefore takes: about 20 ms of a commit.
constexpr size_t kRetirePerCall = 1000;

// A root task lives while it is delegated to somebody; a session that has none, while it is open.
absl::StatusOr<bool> IsAlive(const Plan& plan, const Snapshot& snapshot, absl::Time now, const std::string& root) {
  auto object = ParseObject(root);
  if (!object.ok()) return object.status();
  const auto type = plan.schema().FindType(object->type);
  if (!type) return false;
  const Definition& definition = plan.schema().definition(*type);
  const MemberId relation =
      definition.reserved(definition.kind == Kind::kTask ? Reserved::kDelegatedForTask : Reserved::kAgent);
  if (relation == MemberId::kNone) return false;
  auto cursor = snapshot.Subjects({plan.name(*type), object->id}, plan.name(relation), SubjectsOf::kDirect);
  for (; cursor->Valid(); cursor->Next()) {
    if (cursor->row().edge.LiveAt(now)) return true;
  }
  if (!cursor->status().ok()) return cursor->status();
  return false;
}

}  // namespace

absl::StatusOr<LedgerEntry> LoadEntry(const Snapshot& snapshot, uint64_t sequence) {
  if (sequence > 0) {
    auto cursor = snapshot.Ledger({}, sequence - 1);
    if (!cursor->status().ok()) return cursor->status();
    if (cursor->Valid() && cursor->record().sequence == sequence) {
      if (!cursor->record().retired) return EntryFromJson(cursor->record().body);
      return WithReason(absl::FailedPreconditionError(Cat("retention took the body of ledger entry ", sequence)),
                        "LEDGER_RETIRED");
    }
  }
  return WithReason(absl::NotFoundError(Cat("the ledger has no entry ", sequence)), "ENTRY_NOT_FOUND");
}

absl::StatusOr<Authorizer::Replayed> Authorizer::Replay(uint64_t sequence, const CheckLimits& limits) const {
  const auto head = database_.store().Head();
  auto entry = LoadEntry(*head, sequence);
  if (!entry.ok()) return entry.status();
  if (entry->kind != EntryKind::kAuthorize) {
    return WithReason(absl::NotFoundError(Cat("ledger entry ", sequence, " is no call of Authorize")),
                      "ENTRY_NOT_FOUND");
  }
  auto view = database_.At(entry->revision);
  if (!view.ok()) return view.status();
  TaskLedgerOverlay ledger(nullptr);
  auto cursor = head->Ledger({Cat("root ", entry->root)}, 0);
  for (; cursor->Valid() && cursor->record().sequence < sequence; cursor->Next()) {
    auto earlier = EntryFromJson(cursor->record().body);
    if (!earlier.ok()) return earlier.status();
    ledger.Add(*earlier);
  }
  if (!cursor->status().ok()) return cursor->status();
  for (const LedgerEntry& earlier : entry->before) ledger.Add(earlier);
  auto decided = DecideCall(*view->plan, *view->snapshot, entry->at, limits, RecordedCall(*entry),
                            [&](const std::string&) -> const TaskLedger& { return ledger; });
  if (!decided.ok()) return decided.status();
  Replayed replayed{RecordedAnswer(*entry), std::move(decided->answer), {}};
  const auto compare = [&](std::string_view what, const std::string& recorded, const std::string& again) {
    if (recorded == again) return;
    replayed.differences.push_back(Cat(what, " was recorded as `", recorded, "`, and is now `", again, "`"));
  };
  // The entries say all of it, so that the two are compared as they would be recorded.
  LedgerEntry again = std::move(decided->entry);
  compare("the decision", std::string(DecisionName(entry->decision)), std::string(DecisionName(again.decision)));
  compare("the reason", std::string(ReasonName(entry->reason)), std::string(ReasonName(again.reason)));
  compare("where it failed", entry->reason_at, again.reason_at);
  again.sequence = entry->sequence;
  again.at = entry->at;
  again.batch_index = entry->batch_index;
  again.batch_size = entry->batch_size;
  again.valid_until = entry->valid_until;
  again.before = entry->before;
  if (replayed.differences.empty()) compare("the entry", ToJson(*entry), ToJson(again));
  const bool plan_known = entry->decision == Decision::kAllowed || entry->before.size() == entry->batch_index;
  if (!replayed.differences.empty() && !plan_known) {
    return WithReason(absl::FailedPreconditionError(Cat("ledger entry ", sequence,
                                                        " hangs on what stood before it in its plan, which ",
                                                        "the server that wrote it did not record")),
                      "PLAN_NOT_RECORDED");
  }
  return replayed;
}

absl::StatusOr<uint64_t> Authorizer::RetireBefore(absl::Time before) {
  auto view = database_.Head();
  if (!view.ok()) return view.status();
  auto roots = DeadRoots(
      *view->snapshot, before,
      [&](const std::string& root) { return IsAlive(*view->plan, *view->snapshot, database_.now(), root); },
      kRetirePerCall);
  if (!roots.ok()) return roots.status();
  if (roots->empty()) return 0;
  uint64_t retired = 0;
  WriteRequest request;
  request.records_only = true;
  request.expected_schema = view->plan->schema_revision();
  request.guard = [&](PendingWrite& write) -> absl::Status {
    for (const RetiringRoot& root : *roots) {
      // An edge that came meanwhile may have brought it back to life.
      auto alive = IsAlive(*view->plan, write.before(), write.now(), root.root);
      if (!alive.ok()) return alive.status();
      if (*alive) continue;
      auto count = Retire(root, write.now(), write);
      if (!count.ok()) return count.status();
      retired += *count;
    }
    return absl::OkStatus();
  };
  if (auto written = database_.store().Write(request); !written.ok()) return written.status();
  return retired;
}

}  // namespace mandate
