// Letting go of the past. A revision is asked about for as long as it was the newest at some moment
// of the retention window; so the oldest one to keep is the last that was committed before the
// window began, and what ended at or before it no snapshot can see any more. The changelog says,
// commit by commit, which versions those are: the collector reads the commits that left the window,
// deletes exactly what they ended, both in forward and in reverse, and the records themselves. It
// never walks the relationships.
//
//     window begins           |
//     commits   3     5     7 | 9    12
//
//     `oldest` becomes 7; the versions that ended at 3, 5 and 7 go; Changes(7) begins with 9; the
//     last schema at or before 7 stays, older ones go
//
// The new oldest revision is part of the same batch: after a crash either both are done or neither. The parts of a load
// may go in later calls than its record: then they are what lies at or before `oldest`, which nobody reads any more.
// Why no reader misses a version is argued in rocks_store.cc.
#include "storage/key_codec.h"
#include "storage/rocks_store.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// Bound one call to about 50 ms, and its batch; the rest waits for the next. A single record is never split.
constexpr uint32_t kDeletesPerCall = 20'000;
constexpr uint64_t kPartsPerCall = 200;

// Deletes what the commit under `scan` ended. Adds to `versions`.
absl::Status DropEnded(const RocksDatabase& database, const Scan& scan, Revision revision, size_t names_size,
                       CommitDecoder* decoder, rocksdb::WriteBatch* batch, uint64_t* versions) {
  StoredChange change;
  TupleRow row;
  while (!decoder->AtEnd()) {
    if (!decoder->Change(&change) || !DecodeIndexKey(change.forward_key, names_size, &row)) {
      return DoesNotDecode("commit", Family::kChangelog, scan.key());
    }
    if (!change.ended_version) continue;
    rocksdb::ColumnFamilyHandle* history = database.family(Family::kHistory);
    (void)batch->Delete(history, HistoryKey(change.forward_key, revision));
    (void)batch->Delete(history, HistoryKey(IndexKey(Index::kReverse, row), revision));
    ++*versions;
  }
  return absl::OkStatus();
}

// Deletes the schema texts that no revision from `oldest` on can ask for.
absl::Status DropSchemas(const RocksDatabase& database, const StateView& view, Revision oldest,
                         rocksdb::WriteBatch* batch) {
  std::string previous;
  const auto scan = view.NewScan(Family::kMeta, SchemaKey(Revision()), SchemaKey(Revision(oldest.value() + 1)));
  for (; scan->Valid(); scan->Next()) {
    if (!previous.empty()) (void)batch->Delete(database.family(Family::kMeta), previous);
    previous.assign(scan->key());
  }
  return scan->status();
}

}  // namespace

absl::StatusOr<TupleStore::Collected> RocksStore::Collect() {
  std::lock_guard lock(collect_mutex_);
  const absl::Time window_begins = options_.clock() - options_.retention;
  // A view of now: the newest snapshot may be older than the last call, and shows what that let go of.
  const DatabaseView view(database_);
  const std::shared_ptr<const TupleSnapshot> head = NewestSnapshot();
  const Revision before(oldest_.load());
  Revision oldest = before;
  Collected collected;
  uint64_t parts = 0;
  rocksdb::WriteBatch batch;
  const auto scan = view.NewScan(Family::kChangelog, "", "");
  for (; scan->Valid(); scan->Next()) {
    collected.more = batch.Count() >= kDeletesPerCall || parts >= kPartsPerCall;
    if (collected.more) break;
    CommitDecoder decoder(scan->value());
    Revision revision;
    uint32_t part = 0;
    CommitHeader header;
    bool last = false;
    if (!DecodeCommitKey(scan->key(), &revision, &part) ||
        !(part == 0 ? decoder.Header(&header) : decoder.PartHeader(&last))) {
      return DoesNotDecode("commit", Family::kChangelog, scan->key());
    }
    // A part lies behind its record, and so is of a commit that goes, or went.
    if (revision > head->revision() || (part == 0 && header.committed_at > window_begins)) break;
    if (absl::Status status =
            DropEnded(*database_, *scan, revision, head->names().size(), &decoder, &batch, &collected.versions);
        !status.ok()) {
      return status;
    }
    (void)batch.Delete(database_->family(Family::kChangelog), CommitKey(revision, part));
    oldest = revision;
    if (part > 0) ++parts;
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  if (batch.Count() == 0) return collected;
  if (absl::Status status = DropSchemas(*database_, view, oldest, &batch); !status.ok()) {
    return status;
  }
  (void)batch.Put(database_->family(Family::kMeta), OldestKey(), EncodeRevision(oldest));

  // Before anything goes: from here on At() refuses what would miss it.
  oldest_.store(oldest.value());
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const rocksdb::Status status = database_->db->Write(durable, &batch);
  if (!status.ok()) return FromRocks(status, "collecting old versions");
  return collected;
}

}  // namespace mandate
