#include "storage/table_writer.h"

#include "rocksdb/options.h"
#include "schema/text.h"

namespace mandate {
namespace {

// As large as RocksDB's own: one large table would be compacted whole, and its filter built in memory.
constexpr uint64_t kTableBytes = 64 << 20;

rocksdb::Slice TableSlice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

TableWriter::TableWriter(const RocksDatabase& database, Family family, std::string path,
                         const Overlay::Entries& between, std::string_view begin, std::string_view end)
    : database_(database),
      family_(family),
      path_(std::move(path)),
      between_(between.lower_bound(begin)),
      between_end_(end.empty() ? between.end() : between.lower_bound(end)) {}

absl::Status TableWriter::Put(std::string_view key, std::string_view value) {
  if (absl::Status status = PutBetween(key); !status.ok()) return status;
  if (absl::Status status = Open(); !status.ok()) return status;
  const rocksdb::Status put = writer_->Put(TableSlice(key), TableSlice(value));
  if (!put.ok()) return FromRocks(put, "writing a table");
  bytes_ += key.size() + value.size();
  return bytes_ < kTableBytes ? absl::OkStatus() : Close();
}

absl::Status TableWriter::Delete(std::string_view key) {
  if (absl::Status status = PutBetween(key); !status.ok()) return status;
  if (absl::Status status = Open(); !status.ok()) return status;
  const rocksdb::Status put = writer_->Delete(TableSlice(key));
  return put.ok() ? absl::OkStatus() : FromRocks(put, "writing a table");
}

absl::Status TableWriter::Finish() {
  if (absl::Status status = PutBetween({}); !status.ok()) return status;
  return Close();
}

absl::Status TableWriter::PutBetween(std::string_view before) {
  for (; between_ != between_end_ && (before.empty() || between_->first < before); ++between_) {
    if (absl::Status status = Open(); !status.ok()) return status;
    const auto& [key, value] = *between_;
    const rocksdb::Status put = value ? writer_->Put(key, *value) : writer_->Delete(key);
    if (!put.ok()) return FromRocks(put, "writing a table");
  }
  return absl::OkStatus();
}

absl::Status TableWriter::Open() {
  if (writer_) return absl::OkStatus();
  rocksdb::ColumnFamilyHandle* const family = database_.family(family_);
  writer_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), database_.db->GetOptions(family), family,
                                                     /*invalidate_page_cache=*/false);
  files_.push_back(Cat(path_, "-", files_.size(), ".sst"));
  bytes_ = 0;
  const rocksdb::Status status = writer_->Open(files_.back());
  return status.ok() ? absl::OkStatus() : FromRocks(status, "writing a table");
}

absl::Status TableWriter::Close() {
  if (!writer_) return absl::OkStatus();
  const rocksdb::Status status = writer_->Finish();
  writer_.reset();
  return status.ok() ? absl::OkStatus() : FromRocks(status, "writing a table");
}

}  // namespace mandate
