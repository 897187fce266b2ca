#include "storage/row_cursor.h"

#include "storage/key_codec.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

constexpr uint64_t kSkipsBetweenLooks = 1024;

}  // namespace

RowCursor::RowCursor(std::unique_ptr<Scan> scan, size_t names_size) : scan_(std::move(scan)), names_size_(names_size) {
  Decode();
}

void RowCursor::Next() {
  scan_->Next();
  Decode();
}

void RowCursor::Seek(std::string_view key) {
  scan_->Seek(key);
  Decode();
}

absl::Status RowCursor::status() const { return error_.ok() ? scan_->status() : error_; }

void RowCursor::Decode() {
  valid_ = scan_->Valid();
  if (!valid_) return;
  if (!DecodeIndexKey(scan_->key(), names_size_, &row_) || !DecodeEdge(scan_->value(), names_size_, &row_.edge)) {
    error_ = DoesNotDecode("relationship", Family::kLive, scan_->key());
    valid_ = false;
  }
}

FilteredCursor::FilteredCursor(std::unique_ptr<RowCursor> rows, ReadPlan plan, std::function<bool()> is_cancelled)
    : rows_(std::move(rows)), plan_(std::move(plan)), is_cancelled_(std::move(is_cancelled)) {
  SkipOthers();
}

void FilteredCursor::Next() {
  rows_->Next();
  SkipOthers();
}

void FilteredCursor::SkipOthers() {
  while (rows_->Valid() && !plan_.Matches(rows_->row())) {
    if (++skipped_ % kSkipsBetweenLooks == 0 && is_cancelled_ && is_cancelled_()) {
      cancelled_ = absl::CancelledError("the caller went away");
      return;
    }
    const std::string next = plan_.NextCandidate(rows_->row());
    if (next.empty()) {
      rows_->Next();
    } else {
      rows_->Seek(next);
    }
  }
}

}  // namespace mandate
