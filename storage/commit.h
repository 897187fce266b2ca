// commit.h: turning requests into one batch. A CommitGroup collects the requests that share a disk
// write; a PendingCommit is one of them on its way in.
//
//   CommitGroup group(head);
//   for (const WriteRequest* request : requests) {
//     PendingCommit pending(&group, *request, now);
//     if (pending.Run().ok()) pending.Accept();      // a refused one leaves no trace
//   }
//   group.FillBatch(database, &batch);
//
// Threads     The committing thread only; guards run on it.
// Ownership   A group shares the head it builds on. A PendingCommit borrows the group and the
//             request.
// Errors      Run() says why a request is refused, as tuple_store.h lists. CheckForm needs no
//             database, so that the writer's own thread can do it.
#ifndef MANDATE_STORAGE_COMMIT_H_
#define MANDATE_STORAGE_COMMIT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rocksdb/write_batch.h"
#include "storage/change_marks.h"
#include "storage/name_table.h"
#include "storage/overlay.h"
#include "storage/rocks_database.h"
#include "storage/tuple_snapshot.h"
#include "storage/tuple_store.h"
#include "storage/value_codec.h"

namespace mandate {

// INVALID_ARGUMENT for a request that no state of the database could accept.
absl::Status CheckForm(const WriteRequest& request);

// What TOUCH or CREATE of `wanted`, whose attributes count, makes of what is stored; nullopt: it stays as it is.
std::optional<Edge> TouchedEdge(const std::optional<Edge>& before, Edge wanted, absl::Time now, Revision revision);

struct CommitGroup {
  explicit CommitGroup(const TupleSnapshot& head)
      : base(head.view()),
        names(head.shared_names()),
        head(head.revision()),
        schema(head.SchemaRevision()),
        ledger(head.ledger_head()) {}

  // Everything that was accepted. REQUIRES: something was.
  void FillBatch(const RocksDatabase& database, rocksdb::WriteBatch* batch) const;

  std::shared_ptr<const StateView> base;   // What is on disk.
  ChangeMarks* marks = nullptr;            // Where what is written is noted, at the latest when it is published.
  Overlay overlay;                         // What the accepted requests put on top,
  std::shared_ptr<const NameTable> names;  // and the names,
  Revision head;                           // newest revision
  Revision schema;                         // and schema revision that they led to,
  LedgerHead ledger;                       // and the newest record of the ledger.
};

class PendingCommit : public PendingWrite {
 public:
  PendingCommit(CommitGroup* group, const WriteRequest& request, absl::Time now);

  // Judges the request and prepares its changes. REQUIRES: CheckForm(request) is OK.
  absl::Status Run();

  // Makes it part of the group. REQUIRES: Run() was OK.
  void Accept();

  Revision revision() const override { return revision_; }
  absl::Time now() const override { return now_; }
  const Snapshot& before() const override { return *before_; }
  const Snapshot& after() const override { return *after_; }
  absl::Span<const PendingChange> changes() const override { return changes_; }
  bool more_match() const override { return more_match_; }
  void SetFact(std::string_view key, std::string value) override;
  void DeleteFact(std::string_view key) override;
  uint64_t NextSequence() const override { return ledger_.sequence + 1; }
  void AppendToLedger(LedgerAppend record) override;
  absl::Status RetireFromLedger(uint64_t sequence) override;

 private:
  absl::Status CheckPlace() const;
  absl::Status CheckPreconditions() const;
  absl::Status FindMatching();
  absl::Status FindExpired();
  absl::Status Apply(const TupleChange& change, size_t position);
  void Store(const TupleRow& row, const std::string& forward_key, std::string_view ended_value,
             const std::optional<Edge>& ended, bool deleted);
  void StoreSchema();
  absl::Status RunGuard();
  void PutRecord(const LedgerRecord& record);
  absl::Status DropRetired();

  CommitGroup* const group_;
  const WriteRequest& request_;
  const absl::Time now_;
  const Revision revision_;
  Overlay overlay_;
  NameTableBuilder names_;
  CommitEncoder record_;
  std::unique_ptr<const TupleSnapshot> before_;
  std::unique_ptr<const TupleSnapshot> after_;  // Only for a guard.
  std::vector<TupleChange> matching_;           // The deletions that delete_matching, or a sweep, comes to.
  bool more_match_ = false;
  std::vector<PendingChange> changes_;  // Only for a guard.
  LedgerHead ledger_;
  absl::Status guard_error_;  // Of what the guard wrote.
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_COMMIT_H_
