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
  const auto scan =
      view.NewScan(Family::kMeta, SchemaKey(Revision()), SchemaKey(Revision(revision.value() + 1)));
  for (; scan->Valid(); scan->Next()) {
    if (!DecodeCommitKey(scan->key().substr(1), &result)) {
      return DoesNotDecode("schema key", Family::kMeta, scan->key());
    }
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  return result;
}

absl::StatusOr<ChangeRecord> ReadRecord(const Scan& scan, const NameTable& names) {
  const absl::Status damaged = DoesNotDecode("commit", Family::kChangelog, scan.key());
  ChangeRecord record;
  CommitDecoder decoder(scan.value());
  std::string_view metadata;
  if (!DecodeCommitKey(scan.key(), &record.revision) ||
      !decoder.Header(&record.committed_at, &record.schema_changed, &metadata)) {
    return damaged;
  }
  record.metadata.assign(metadata);
  StoredChange stored;
  TupleRow row;
  while (!decoder.AtEnd()) {
    if (!decoder.Change(&stored) || !DecodeIndexKey(stored.forward_key, names.size(), &row)) {
      return damaged;
    }
    row.edge = Edge();
    if (stored.op != ChangeOp::kDelete && !DecodeEdge(stored.edge, names.size(), &row.edge)) {
      return damaged;
    }
    record.changes.push_back({{stored.op, ToRelationship(row, names)}, stored.expired});
  }
  return record;
}

}  // namespace

absl::Status RocksStore::CheckInWindow(Revision revision, Revision newest) const {
  if (revision > newest) {
    return WithReason(absl::OutOfRangeError(Cat("revision ", revision.value(),
                                                " is ahead of the newest, ", newest.value())),
                      "REVISION_UNKNOWN");
  }
  const Revision oldest(oldest_.load());
  if (revision < oldest) {
    return WithReason(absl::OutOfRangeError(Cat("revision ", revision.value(),
                                                " left the retention window; the oldest ",
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
  return std::make_shared<TupleSnapshot>(std::make_shared<PastView>(head->view(), revision),
                                         head->shared_names(), revision, schema,
                                         head->ledger_head(), cache_);
}

absl::StatusOr<std::vector<ChangeRecord>> RocksStore::Changes(Revision after,
                                                              size_t records_max) const {
  const std::shared_ptr<const TupleSnapshot> head = NewestSnapshot();
  if (absl::Status status = CheckInWindow(after, head->revision()); !status.ok()) return status;
  std::vector<ChangeRecord> records;
  const auto scan =
      head->view()->NewScan(Family::kChangelog, CommitKey(Revision(after.value() + 1)), "");
  for (; scan->Valid() && records.size() < records_max; scan->Next()) {
    absl::StatusOr<ChangeRecord> record = ReadRecord(*scan, head->names());
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  return records;
}

}  // namespace mandate
