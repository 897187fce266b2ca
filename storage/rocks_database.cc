#include "storage/rocks_database.h"

#include "schema/reason.h"
#include "schema/text.h"
#include "storage/index_prefix.h"

namespace mandate {
namespace {

rocksdb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view AsView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class DatabaseScan : public Scan {
 public:
  DatabaseScan(const RocksDatabase& database, rocksdb::ReadOptions options, Family family, std::string begin,
               std::string end)
      : end_(std::move(end)), end_slice_(end_) {
    if (!end_.empty()) options.iterate_upper_bound = &end_slice_;
    // Within one prefix a filter may say that there is nothing; else RocksDB must not ask it.
    const bool one_prefix = family == Family::kLive && WithinOnePrefix(begin, end_);
    options.prefix_same_as_start = one_prefix;
    options.total_order_seek = !one_prefix;
    iterator_.reset(database.db->NewIterator(options, database.family(family)));
    iterator_->Seek(begin);
  }

  bool Valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return AsView(iterator_->key()); }
  std::string_view value() const override { return AsView(iterator_->value()); }
  void Next() override { iterator_->Next(); }
  void Seek(std::string_view key) override { iterator_->Seek(AsSlice(key)); }
  absl::Status status() const override {
    const rocksdb::Status status = iterator_->status();
    return status.ok() ? absl::OkStatus() : FromRocks(status, "reading relationships");
  }

 private:
  const std::string end_;
  const rocksdb::Slice end_slice_;  // RocksDB keeps a pointer to it.
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

RocksDatabase::~RocksDatabase() {
  if (!db) return;
  for (rocksdb::ColumnFamilyHandle* handle : families) {
    if (handle != nullptr) (void)db->DestroyColumnFamilyHandle(handle);
  }
  (void)db->Close();
}

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  const std::string message = Cat(doing, ": ", status.ToString());
  if (status.IsNoSpace()) {
    return WithReason(
        absl::ResourceExhaustedError(Cat(doing, ": the disk is full; make room and start again: ", status.ToString())),
        "DISK_FULL");
  }
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() || status.IsAborted() ||
      status.IsShutdownInProgress()) {
    return absl::UnavailableError(message);
  }
  return absl::InternalError(message);
}

DatabaseView::DatabaseView(std::shared_ptr<RocksDatabase> database)
    : database_(std::move(database)), snapshot_(database_->db->GetSnapshot()) {
  options_.snapshot = snapshot_;
}

DatabaseView::~DatabaseView() { database_->db->ReleaseSnapshot(snapshot_); }

absl::StatusOr<bool> DatabaseView::Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const {
  value->Reset();
  const rocksdb::Status status = database_->db->Get(options_, database_->family(family), AsSlice(key), value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return FromRocks(status, "reading a relationship");
}

std::unique_ptr<Scan> DatabaseView::NewScan(Family family, std::string begin, std::string end) const {
  return std::make_unique<DatabaseScan>(*database_, options_, family, std::move(begin), std::move(end));
}

}  // namespace mandate

#if defined(__SANITIZE_THREAD__)
// The thread sanitizer sees what the packaged RocksDB does through memcpy, memcmp and our instances
// of its templates, and not the atomics that order it. So a race with RocksDB on one of its stacks
// is none. Here, beside the code that links RocksDB in, so that every program that does has it.
extern "C" const char* __tsan_default_suppressions() { return "race:librocksdb.so\n"; }
#endif
