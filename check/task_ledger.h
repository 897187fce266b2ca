// task_ledger.h: what the ledger says of one root task, as the rules over time need it (delegation.md, section 5).
//
//   StoredTaskLedger ledger(snapshot, "errand:42");        // from the facts that are kept with the ledger
//   TaskLedgerOverlay later(&ledger);                      // and what is about to be recorded on top
//
// The facts say nothing that the entries do not: they are the entries, added up, so that a rule need not read them all.
// TaskLedgerOverlay over nothing, fed with the entries one by one, is the same; replay does that.
//
// Threads     One thread.
// Ownership   Snapshot and base outlive it.
// Errors      DATA_LOSS if a stored fact does not decode; those of storage.
#ifndef MANDATE_CHECK_TASK_LEDGER_H_
#define MANDATE_CHECK_TASK_LEDGER_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "check/ledger_entry.h"
#include "storage/tuple_store.h"

namespace mandate {

// An action that was allowed, once or more: `document#view` on `document:plan`.
struct Deed {
  std::string type;
  std::string permission;
  std::string id;
  friend auto operator<=>(const Deed&, const Deed&) = default;
};

struct Approval {
  uint64_t sequence = 0;
  SubjectRef approver;
  std::vector<std::string> held;  // As `mailbox#send`.
  absl::Time expires_at = absl::InfiniteFuture();
  bool used = false;
};

class TaskLedger {
 public:
  virtual ~TaskLedger() = default;

  // Each deed on a resource of `type`, with the marks that were kept; in the order of their texts.
  using DeedVisitor = std::function<absl::Status(const Deed&, const std::map<std::string, Mark>&)>;
  virtual absl::Status EachDeed(std::string_view type, const DeedVisitor& visit) const = 0;

  // The same, with how often within `unit` (`session run:1`, `task errand:42`).
  using CountVisitor = std::function<absl::Status(const Deed&, uint64_t times)>;
  virtual absl::Status EachCount(std::string_view unit, std::string_view type, const CountVisitor& visit) const = 0;

  // The approvals for exactly this action and these parameters, oldest first.
  virtual absl::StatusOr<std::vector<Approval>> Approvals(const Deed& deed,
                                                          std::string_view parameter_digest) const = 0;
};

class StoredTaskLedger : public TaskLedger {
 public:
  StoredTaskLedger(const Snapshot& snapshot, std::string root) : snapshot_(snapshot), root_(std::move(root)) {}
  absl::Status EachDeed(std::string_view type, const DeedVisitor& visit) const override;
  absl::Status EachCount(std::string_view unit, std::string_view type, const CountVisitor& visit) const override;
  absl::StatusOr<std::vector<Approval>> Approvals(const Deed& deed, std::string_view parameter_digest) const override;

 private:
  const Snapshot& snapshot_;
  const std::string root_;
};

class TaskLedgerOverlay : public TaskLedger {
 public:
  explicit TaskLedgerOverlay(const TaskLedger* base) : base_(base) {}  // Null: nothing was done yet.

  void Add(const LedgerEntry& entry);

  absl::Status EachDeed(std::string_view type, const DeedVisitor& visit) const override;
  absl::Status EachCount(std::string_view unit, std::string_view type, const CountVisitor& visit) const override;
  absl::StatusOr<std::vector<Approval>> Approvals(const Deed& deed, std::string_view parameter_digest) const override;

 private:
  const TaskLedger* base_;
  std::map<Deed, std::map<std::string, Mark>> deeds_;
  std::map<std::pair<std::string, Deed>, uint64_t> counts_;
  std::map<std::pair<Deed, std::string>, std::vector<Approval>> approvals_;
  std::set<uint64_t> used_;
};

// The units in which an entry counts: its session, and every task of its chain.
std::vector<std::string> UnitsOf(const LedgerEntry& entry);

// Appends the entry and brings the facts up to it. Its sequence is set.
absl::Status Record(LedgerEntry entry, PendingWrite& write);

// The number of the newest entry under `root`; 0: none. What is decided with it in hand is decided on all there is.
absl::StatusOr<uint64_t> NewestOf(const Snapshot& snapshot, std::string_view root);

// True once entries under `root` were retired: what its task did is no longer known, so nothing more is allowed.
absl::StatusOr<bool> IsRetired(const Snapshot& snapshot, std::string_view root);

// The entry that answered an idempotency key of a session, and the request it was for.
struct RememberedCall {
  std::string fingerprint;
  uint64_t sequence = 0;
};
absl::StatusOr<std::optional<RememberedCall>> FindCall(const Snapshot& snapshot, std::string_view session,
                                                       std::string_view key);
void RememberCall(std::string_view session, std::string_view key, const RememberedCall& call, PendingWrite& write);

// A root all of whose entries are old.
struct RetiringRoot {
  std::string root;
  uint64_t newest = 0;
  std::vector<uint64_t> sequences;    // Of its entries, oldest first.
  std::vector<std::string> sessions;  // Whose calls are remembered.
};
// Roots whose newest entry was recorded before `before` and that are not alive, as many as have `entries_max` entries
// together (at least one).
using IsAliveTest = std::function<absl::StatusOr<bool>(const std::string& root)>;
absl::StatusOr<std::vector<RetiringRoot>> DeadRoots(const Snapshot& snapshot, absl::Time before,
                                                    const IsAliveTest& is_alive, size_t entries_max);

// Takes the bodies of its entries and the facts about it, and notes that they went. 0 if an entry came meanwhile.
absl::StatusOr<uint64_t> Retire(const RetiringRoot& root, absl::Time now, PendingWrite& write);

}  // namespace mandate

#endif  // MANDATE_CHECK_TASK_LEDGER_H_
