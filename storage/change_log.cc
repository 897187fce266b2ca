// Reading the past: the snapshot at an older revision, and the commits one after the other.
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/key_codec.h"
#include "storage/past_view.h"
#include "storage/rocks_store.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// The newest schema at or before `revision`. Schemas in the window are few: a scan finds it.
absl::StatusOr<Revision> SchemaRevisionAt(const StateView& view, Revision revision) {
  Revision result;
  const auto scan = view.NewScan(Family::kMeta, SchemaKey(Revision()), SchemaKey(Revision(revision.value() + 1)));
  uint32_t part = 0;
  for (; scan->Valid(); scan->Next()) {
    if (!DecodeCommitKey(scan->key().substr(1), &result, &part) || part > 0) {
      return DoesNotDecode("schema key", Family::kMeta, scan->key());
    }
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  return result;
}

// Reads records one behind the other. Parts of a commit take what its header says from the record before them.
class RecordReader {
 public:
  explicit RecordReader(const NameTable& names) : names_(names) {}

  absl::StatusOr<ChangeRecord> Read(std::string_view key, std::string_view value) {
    const absl::Status damaged = DoesNotDecode("commit", Family::kChangelog, key);
    ChangeRecord record;
    CommitDecoder decoder(value);
    if (!DecodeCommitKey(key, &record.revision, &record.part)) return damaged;
    if (record.part == 0) {
      CommitHeader header;
      if (continues_ || !decoder.Header(&header)) return damaged;
      continues_ = header.parts_follow;
      record.committed_at = header.committed_at;
      record.schema_changed = header.schema_changed;
      record.metadata.assign(header.metadata);
    } else {
      bool last = false;
      if (!continues_ || record.revision != last_.revision || record.part != last_.part + 1 ||
          !decoder.PartHeader(&last)) {
        return damaged;
      }
      continues_ = !last;
      record.committed_at = last_.committed_at;
      record.schema_changed = last_.schema_changed;
      record.metadata = last_.metadata;
    }
    record.continues = continues_;
    last_ = record;  // Without its changes yet.
    StoredChange stored;
    TupleRow row;
    while (!decoder.AtEnd()) {
      if (!decoder.Change(&stored) || !DecodeIndexKey(stored.forward_key, names_.size(), &row)) return damaged;
      row.edge = Edge();
      if (stored.op != ChangeOp::kDelete && !DecodeEdge(stored.edge, names_.size(), &row.edge)) return damaged;
      record.changes.push_back({{stored.op, ToRelationship(row, names_)}, stored.expired});
    }
    return record;
  }

  // Goes on behind `part` of a commit, whose record is `header`.
  absl::Status Continue(std::string_view key, std::string_view header, uint32_t part) {
    auto record = Read(key, header);
    if (!record.ok()) return record.status();
    last_.part = part;
    return absl::OkStatus();
  }

 private:
  const NameTable& names_;
  ChangeRecord last_;
  bool continues_ = false;
};

}  // namespace

absl::Status RocksStore::CheckInWindow(Revision revision, Revision newest) const {
  if (revision > newest) {
    return WithReason(
        absl::OutOfRangeError(Cat("revision ", revision.value(), " is ahead of the newest, ", newest.value())),
        "REVISION_UNKNOWN");
  }
  if (absl::Status status = CheckNotLost(revision); !status.ok()) return status;
  const Revision oldest(oldest_.load());
  if (revision < oldest) {
    return WithReason(
        absl::OutOfRangeError(Cat("revision ", revision.value(), " left the retention window; the oldest ",
                                  "that can be asked is ", oldest.value())),
        "REVISION_COLLECTED");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> RocksStore::At(Revision revision) const {
  const std::shared_ptr<const TupleSnapshot> head = NewestSnapshot();
  if (revision == head->revision()) return head;
  // Behind NewestSnapshot(), as the argument in rocks_store.cc needs it.
  if (absl::Status status = CheckInWindow(revision, head->revision()); !status.ok()) return status;
  Revision schema = head->SchemaRevision();
  if (schema > revision) {
    absl::StatusOr<Revision> older = SchemaRevisionAt(*head->view(), revision);
    if (!older.ok()) return older.status();
    schema = *older;
  }
  return std::make_shared<TupleSnapshot>(std::make_shared<PastView>(head->view(), revision), head->shared_names(),
                                         revision, schema, head->ledger_head(), cache_);
}

absl::StatusOr<std::vector<ChangeRecord>> RocksStore::Changes(ChangePlace after, size_t records_max) const {
  const std::shared_ptr<const TupleSnapshot> head = NewestSnapshot();
  const bool within = after.part != ~uint32_t{0};  // Then the commit itself has to be there still.
  const Revision needed(after.revision.value() - (within ? 1 : 0));
  if (absl::Status status = CheckInWindow(needed, head->revision()); !status.ok()) return status;
  std::vector<ChangeRecord> records;
  RecordReader reader(head->names());
  std::string begin = CommitKey(Revision(after.revision.value() + 1));
  if (within) {
    const std::string key = CommitKey(after.revision);
    rocksdb::PinnableSlice header;
    auto found = head->view()->Get(Family::kChangelog, key, &header);
    if (!found.ok()) return found.status();
    if (!*found) return DoesNotDecode("commit", Family::kChangelog, key);
    absl::Status status = reader.Continue(key, {header.data(), header.size()}, after.part);
    if (!status.ok()) return status;
    begin = CommitKey(after.revision, after.part + 1);
  }
  const auto scan = head->view()->NewScan(Family::kChangelog, std::move(begin), "");
  for (; scan->Valid() && records.size() < records_max; scan->Next()) {
    absl::StatusOr<ChangeRecord> record = reader.Read(scan->key(), scan->value());
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  return records;
}

}  // namespace mandate
