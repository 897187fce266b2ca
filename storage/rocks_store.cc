// Group commit. Writers queue; the first in the queue leads. It takes the requests that wait,
// judges them in order on the newest state plus what it has accepted so far (commit.cc), puts all
// it accepted on disk in one synced batch, publishes the new head, and wakes the others with their
// results. While it syncs, the next group gathers: the more writers there are, the more share one
// sync.
//
// No write is acknowledged early: `done` is set, and the leader itself returns, only behind
// Commit(), and Commit() gives an accepted request a revision only after DB::Write with sync has
// returned OK. On any other outcome every accepted request of the group gets the error. Such a
// write may still turn up after a restart (the disk may have taken it before it failed); it was not
// acknowledged, and it is there whole or not at all. The state in memory no longer knows which, so
// the store takes no more writes until it is opened again; readers stay on the last head.
//
// A snapshot never changes. It holds a RocksDB snapshot, taken by the leader after its batch and
// before any other leader's, so it sees that batch wholly and no later one. Of the four families
// the collector alone writes beside the leader, and only what no head snapshot reads: history and
// changelog, and schema texts older than `oldest`. Names are an immutable table in memory, taken at
// the same point.
//
// At(R) may meet the collector. The order decides: the collector raises oldest_ before it deletes
// anything, At() looks at oldest_ after it has a RocksDB snapshot. If that snapshot lacks versions
// that ended at or before some revision O, then oldest_ was at least O before they were deleted, so
// before the snapshot, so At() sees R >= O or refuses; and a version that ended at or before O <= R
// is never one that R needs. What is deleted afterwards the RocksDB snapshot still shows: a reader
// pins what it needs by holding it, and the collector need not know its readers.
#include "storage/rocks_store.h"

#include "schema/reason.h"
#include "schema/text.h"
#include "storage/commit.h"
#include "storage/read_cache.h"
#include "storage/rocks_load.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// A group ends when it has this many requests or changes: enough that the sync costs each of them
// next to nothing, and little enough that the first does not wait long for the last (10,000 changes
// take about 50 ms).
constexpr size_t kGroupRequestsMax = 256;
constexpr size_t kGroupChangesMax = 10'000;

// Each takes about 80 MiB while it comes in.
constexpr int kLoadsMax = 8;

// Longer than anybody waits, and short enough for any clock to add.
constexpr absl::Duration kWaitMax = absl::Hours(24 * 365);

}  // namespace

RocksStore::RocksStore(Opened opened, const StoreOptions& options)
    : database_(std::move(opened.database)),
      witness_(std::move(opened.witness)),
      database_id_(std::move(opened.database_id)),
      directory_(std::move(opened.directory)),
      options_(options),
      lost_(std::move(opened.lost)),
      cache_(options.read_cache_bytes > 0 ? std::make_shared<ReadCache>(options.read_cache_bytes, opened.head)
                                          : nullptr),
      oldest_(opened.oldest.value()) {
  Publish(std::move(opened.names), opened.head, opened.schema, std::move(opened.ledger));
}

absl::StatusOr<Revision> RocksStore::Write(const WriteRequest& request) {
  if (absl::Status status = CheckForm(request); !status.ok()) return status;
  if (request.load != nullptr) {  // While others write; rocks_load.cc says why that is sound.
    auto* const load = static_cast<RocksLoad*>(request.load);
    if (!load->Of(*database_)) return absl::InvalidArgumentError("the load is of another store");
    const absl::Status status = load->Build(*NewestSnapshot(), request, options_.clock());
    if (!status.ok()) return status;
  }
  Writer writer{&request};
  std::unique_lock lock(queue_mutex_);
  queue_.push_back(&writer);
  while (!writer.done && queue_.front() != &writer) writer.wake.wait(lock);
  if (writer.done) return std::move(writer.result);

  const std::vector<Writer*> group = NextGroup();  // Stays queued meanwhile: nobody else leads.
  lock.unlock();
  Commit(group);
  lock.lock();
  for (Writer* member : group) {
    queue_.pop_front();
    if (member == &writer) continue;
    member->done = true;
    member->wake.notify_one();
  }
  if (!queue_.empty()) queue_.front()->wake.notify_one();
  return std::move(writer.result);
}

std::vector<RocksStore::Writer*> RocksStore::NextGroup() const {
  std::vector<Writer*> group;
  size_t changes = 0;
  for (Writer* writer : queue_) {
    if (writer->request->load != nullptr) {  // Alone.
      if (group.empty()) group.push_back(writer);
      break;
    }
    changes += writer->request->changes.size();
    if (!group.empty() && changes > kGroupChangesMax) break;
    group.push_back(writer);
    if (group.size() == kGroupRequestsMax) break;
  }
  return group;
}

absl::StatusOr<std::unique_ptr<BulkLoad>> RocksStore::NewLoad(ChangeOp op) {
  if (op == ChangeOp::kDelete) return absl::InvalidArgumentError("a load creates or touches");
  if (++database_->loads > kLoadsMax) {
    --database_->loads;
    return WithReason(absl::ResourceExhaustedError(Cat("there are ", kLoadsMax,
                                                       " loads under way already, as many as may "
                                                       "be; try again when one has ended")),
                      "TOO_MANY_LOADS");
  }
  const std::string directory = Cat(database_->db->GetName(), "/", kLoadPrefix, ++loads_);
  const rocksdb::Status status = database_->db->GetEnv()->CreateDirIfMissing(directory);
  if (!status.ok()) {
    --database_->loads;
    return FromRocks(status, "making a directory for a load");
  }
  return std::make_unique<RocksLoad>(database_, directory, NewestSnapshot()->shared_names(), op);
}

void RocksStore::Commit(const std::vector<Writer*>& writers) {
  if (!failed_.ok()) {
    for (Writer* writer : writers) writer->result = failed_;
    return;
  }
  if (writers.front()->request->load != nullptr) return CommitLoad(writers.front());
  CommitGroup group(*NewestSnapshot());
  if (cache_ != nullptr) group.marks = &cache_->marks();
  std::vector<Writer*> accepted;
  for (Writer* writer : writers) {
    PendingCommit pending(&group, *writer->request, options_.clock());
    if (absl::Status status = pending.Run(); !status.ok()) {
      writer->result = std::move(status);
      continue;
    }
    pending.Accept();
    writer->result = pending.revision();
    accepted.push_back(writer);
  }
  if (accepted.empty()) return;

  rocksdb::WriteBatch batch;
  group.FillBatch(*database_, &batch);
  rocksdb::WriteOptions durable;
  durable.sync = true;
  if (const rocksdb::Status status = database_->db->Write(durable, &batch); !status.ok()) {
    const absl::Status cause = Stop(FromRocks(status, "writing to disk"));
    for (Writer* writer : accepted) writer->result = cause;
    return;
  }
  if (absl::Status status = LookAtDirectory(); !status.ok()) {
    const absl::Status cause = Stop(std::move(status));
    for (Writer* writer : accepted) writer->result = cause;
    return;
  }
  if (witness_) witness_->Acknowledge(group.head, group.ledger.sequence);
  Publish(group.names, group.head, group.schema, group.ledger);
}

void RocksStore::CommitLoad(Writer* writer) {
  const std::shared_ptr<const TupleSnapshot> head = NewestSnapshot();
  auto* const load = static_cast<RocksLoad*>(writer->request->load);
  if (!load->Holds(*head, options_.clock())) {
    absl::Status status = load->Build(*head, *writer->request, options_.clock());
    if (!status.ok()) {
      writer->result = std::move(status);
      return;
    }
  }
  const CommitGroup& group = load->group();
  if (cache_ != nullptr) cache_->marks().NoteEverything(group.head);
  files_.acquire();
  const absl::Status ingested = load->Ingest();
  files_.release();
  if (absl::Status status = ingested; !status.ok()) {
    writer->result = Stop(std::move(status));
    return;
  }
  if (absl::Status status = LookAtDirectory(); !status.ok()) {
    writer->result = Stop(std::move(status));
    return;
  }
  if (witness_) witness_->Acknowledge(group.head, head->ledger_head().sequence);
  Publish(group.names, group.head, group.schema, head->ledger_head());
  writer->result = group.head;
}

absl::Status RocksStore::Stop(absl::Status cause) {
  failed_ = absl::Status(cause.code(), Cat("the store takes no more writes since one failed (", cause.message(),
                                           "); remove the cause and restart; reads go on"));
  if (const std::string reason = ReasonOf(cause); !reason.empty()) failed_ = WithReason(failed_, reason);
  return cause;
}

void RocksStore::Publish(std::shared_ptr<const NameTable> names, Revision head, Revision schema, LedgerHead ledger) {
  auto next = std::make_shared<const TupleSnapshot>(std::make_shared<DatabaseView>(database_), std::move(names), head,
                                                    schema, std::move(ledger), cache_);
  {
    std::lock_guard lock(head_mutex_);
    head_.swap(next);  // The old one goes, if nobody holds it, behind the lock.
  }
  published_.notify_all();
}

void RocksStore::WaitBeyond(Revision revision, uint64_t sequence, absl::Duration timeout) const {
  std::unique_lock lock(head_mutex_);
  published_.wait_for(lock, absl::ToChronoNanoseconds(std::min(timeout, kWaitMax)),
                      [&] { return head_->revision() > revision || head_->ledger_head().sequence > sequence; });
}

std::shared_ptr<const TupleSnapshot> RocksStore::NewestSnapshot() const {
  std::lock_guard lock(head_mutex_);
  return head_;
}

absl::StatusOr<absl::Time> RocksStore::NextExpiry() const {
  const auto head = NewestSnapshot();
  const auto scan = head->view()->NewScan(Family::kMeta, "T", "U");
  if (!scan->Valid()) return scan->status().ok() ? absl::InfiniteFuture() : absl::StatusOr<absl::Time>(scan->status());
  absl::Time expires_at;
  std::string_view forward_key;
  if (!DecodeExpiryKey(scan->key(), &expires_at, &forward_key)) {
    return DoesNotDecode("expiry", Family::kMeta, scan->key());
  }
  return expires_at;
}

absl::Status RocksStore::Health() const {
  if (!directory_lost_.load(std::memory_order_relaxed)) return absl::OkStatus();
  return WithReason(
      absl::DataLossError(
          Cat("the directory of the database, `", directory_,
              "`, was deleted, moved or replaced under the "
              "running server, which therefore answers nothing; put it back, or restore a backup, and restart")),
      "DIRECTORY_LOST");
}

// The files that are open can still be written and read when their names are gone, and nobody would notice before the
// next start.
absl::Status RocksStore::LookAtDirectory() {
  if (witness_ != nullptr && witness_->IsGone()) directory_lost_ = true;
  return Health();
}

absl::StatusOr<uint64_t> RocksStore::SweepExpired(size_t count_max) {
  if (absl::Status status = LookAtDirectory(); !status.ok()) return status;
  auto next = NextExpiry();
  if (!next.ok()) return next.status();
  if (*next > options_.clock()) return 0;
  uint64_t swept = 0;
  WriteRequest request;
  request.sweep_at_most = count_max;
  request.guard = [&swept](PendingWrite& write) {
    swept = write.changes().size();
    return absl::OkStatus();
  };
  if (auto written = Write(request); !written.ok()) return written.status();
  return swept;
}

absl::Status RocksStore::CheckNotLost(Revision revision) const {
  for (const auto& [first, last] : lost_) {
    if (revision < first || revision > last) continue;
    return WithReason(absl::OutOfRangeError(Cat("revision ", revision.value(),
                                                " was lost when the database was restored from a "
                                                "backup; read again what depends on it")),
                      "REVISION_LOST");
  }
  return absl::OkStatus();
}

absl::StatusOr<BackupInfo> RocksStore::Backup(const std::string& directory) {
  if (directory_.empty()) return absl::FailedPreconditionError("a store in memory has no backups");
  // A backup is of the tables that are there, and then of the log as it stands. A load is in no log: if its tables came in
  // between, and a write behind it, the backup would have that write and not the load, a state that never was. So none
  // comes in until the files are listed. Other writes are in the log, in their order, and go on.
  files_.acquire();
  std::once_flag listed;
  const auto go_on = [&] { std::call_once(listed, [&] { files_.release(); }); };
  auto backup = CreateBackup(directory, database_->db.get(), database_id_, NewestSnapshot()->revision(), go_on);
  go_on();
  return backup;
}

absl::Status RocksStore::Compact() {
  for (rocksdb::ColumnFamilyHandle* family : database_->families) {
    const rocksdb::Status status =
        database_->db->CompactRange(rocksdb::CompactRangeOptions(), family, nullptr, nullptr);
    if (!status.ok()) return FromRocks(status, "rewriting tables");
  }
  return absl::OkStatus();
}

absl::StatusOr<StoreStats> RocksStore::Stats() const {
  StoreStats stats;
  stats.head = NewestSnapshot()->revision();
  stats.oldest = Revision(oldest_.load());
  uint64_t keys = 0;
  database_->db->GetIntProperty(database_->family(Family::kLive), rocksdb::DB::Properties::kEstimateNumKeys, &keys);
  stats.live_relationships_estimate = keys / 2;  // each is there forward and reverse
  std::vector<rocksdb::Env::FileAttributes> files;
  if (!directory_.empty()) {
    const rocksdb::Status status = database_->db->GetEnv()->GetChildrenFileAttributes(directory_, &files);
    if (!status.ok()) return FromRocks(status, "measuring the database");
  }
  for (const rocksdb::Env::FileAttributes& file : files) stats.disk_bytes += file.size_bytes;
  using Properties = rocksdb::DB::Properties;
  database_->db->GetAggregatedIntProperty(Properties::kSizeAllMemTables, &stats.write_buffer_bytes);
  database_->db->GetAggregatedIntProperty(Properties::kEstimateTableReadersMem, &stats.table_reader_bytes);
  database_->db->GetIntProperty(Properties::kBlockCacheUsage, &stats.block_cache_bytes);  // One for all families.
  return stats;
}

}  // namespace mandate
