// rocks_store.h: the TupleStore on RocksDB.
//
// Threads     As TupleStore: one leader at a time commits for everybody who waits.
// Ownership   Shares the RocksDatabase with the snapshots it gave out; the database closes with the last
//             of them.
// Errors      As TupleStore.
#ifndef MANDATE_STORAGE_ROCKS_STORE_H_
#define MANDATE_STORAGE_ROCKS_STORE_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

#include "storage/rocks_database.h"
#include "storage/tuple_snapshot.h"
#include "storage/tuple_store.h"
#include "storage/witness.h"

namespace mandate {

class RocksStore : public TupleStore {
 public:
  // What Open found on disk.
  struct Opened {
    std::shared_ptr<RocksDatabase> database;
    std::shared_ptr<Witness> witness;  // Null in memory.
    std::shared_ptr<const NameTable> names;
    std::string database_id;  // In hex.
    Revision head;
    Revision schema;
    Revision oldest;
    LedgerHead ledger;
    std::vector<std::pair<Revision, Revision>> lost;  // First and last of each gap that a restore left.
    std::string directory;                            // Empty in memory.
  };
  RocksStore(Opened opened, const StoreOptions& options);

  absl::StatusOr<Revision> Write(const WriteRequest& request) override;
  absl::StatusOr<std::unique_ptr<BulkLoad>> NewLoad(ChangeOp op) override;
  std::shared_ptr<const Snapshot> Head() const override { return NewestSnapshot(); }
  absl::StatusOr<std::shared_ptr<const Snapshot>> At(Revision revision) const override;
  absl::StatusOr<std::vector<ChangeRecord>> Changes(ChangePlace after, size_t records_max) const override;
  absl::StatusOr<Collected> Collect() override;
  absl::StatusOr<uint64_t> SweepExpired(size_t count_max) override;
  absl::StatusOr<absl::Time> NextExpiry() const override;
  void WaitBeyond(Revision revision, uint64_t sequence, absl::Duration timeout) const override;
  absl::Status Health() const override;
  absl::Status CheckNotLost(Revision revision) const override;
  absl::StatusOr<BackupInfo> Backup(const std::string& directory) override;
  absl::Status Compact() override;
  const std::string& database_id() const override { return database_id_; }
  absl::StatusOr<StoreStats> Stats() const override;

 private:
  // One Write() call that waits for its turn.
  struct Writer {
    const WriteRequest* request;
    absl::StatusOr<Revision> result = Revision();
    bool done = false;  // Guarded by queue_mutex_.
    std::condition_variable wake;
  };

  std::vector<Writer*> NextGroup() const;          // REQUIRES: queue_mutex_ is held.
  void Commit(const std::vector<Writer*>& group);  // By the leader alone.
  void CommitLoad(Writer* writer);                 // The same, of one that brings tables.
  absl::Status Stop(absl::Status cause);           // No more writes: the disk failed. Returns `cause`.
  absl::Status LookAtDirectory();                  // Health(), of this moment.
  void Publish(std::shared_ptr<const NameTable> names, Revision head, Revision schema, LedgerHead ledger);
  std::shared_ptr<const TupleSnapshot> NewestSnapshot() const;
  absl::Status CheckInWindow(Revision revision, Revision newest) const;

  const std::shared_ptr<RocksDatabase> database_;
  const std::shared_ptr<Witness> witness_;
  const std::string database_id_;
  const std::string directory_;
  const StoreOptions options_;
  const std::vector<std::pair<Revision, Revision>> lost_;
  const std::shared_ptr<ReadCache> cache_;  // Null: none.

  std::mutex queue_mutex_;
  std::deque<Writer*> queue_;  // The first one leads.
  absl::Status failed_;        // Of a disk write; the leader's.

  mutable std::mutex head_mutex_;
  std::shared_ptr<const TupleSnapshot> head_;  // Guarded by head_mutex_.
  mutable std::condition_variable published_;  // head_ is a new one.

  std::atomic<bool> directory_lost_ = false;
  std::atomic<uint64_t> loads_ = 0;  // That were begun.
  std::mutex collect_mutex_;         // One collection at a time.
  // A load's tables come in, or a backup lists its files, one at a time: see Backup.
  std::binary_semaphore files_{1};
  std::atomic<uint64_t> oldest_;  // The oldest revision that can be asked.
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_ROCKS_STORE_H_
