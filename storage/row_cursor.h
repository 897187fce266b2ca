// row_cursor.h: the rows of a scan over live relationships, whole or filtered.
//
// Threads     A cursor belongs to one thread.
// Ownership   A row's ids point into the scan's present key; nothing is allocated for a row without
//             a caveat context.
// Errors      As TupleCursor.
#ifndef MANDATE_STORAGE_ROW_CURSOR_H_
#define MANDATE_STORAGE_ROW_CURSOR_H_

#include <functional>
#include <memory>

#include "storage/read_plan.h"
#include "storage/snapshot.h"
#include "storage/state_view.h"

namespace mandate {

class RowCursor : public TupleCursor {
 public:
  // Of `scan` over Family::kLive, either index. `names_size`: the names that a row may use.
  RowCursor(std::unique_ptr<Scan> scan, size_t names_size);

  bool Valid() const override { return valid_; }
  const TupleRow& row() const override { return row_; }
  void Next() override;
  absl::Status status() const override;

  void Seek(std::string_view key);

 private:
  void Decode();

  const std::unique_ptr<Scan> scan_;
  const size_t names_size_;
  TupleRow row_;
  absl::Status error_;
  bool valid_ = false;
};

// The rows that a plan's filter matches. Nobody waits for them once `is_cancelled`, unless that is null: then it ends
// with CANCELLED.
class FilteredCursor : public TupleCursor {
 public:
  FilteredCursor(std::unique_ptr<RowCursor> rows, ReadPlan plan, std::function<bool()> is_cancelled);

  bool Valid() const override { return cancelled_.ok() && rows_->Valid(); }
  const TupleRow& row() const override { return rows_->row(); }
  void Next() override;
  absl::Status status() const override { return cancelled_.ok() ? rows_->status() : cancelled_; }

 private:
  void SkipOthers();

  const std::unique_ptr<RowCursor> rows_;
  const ReadPlan plan_;
  const std::function<bool()> is_cancelled_;
  uint64_t skipped_ = 0;
  absl::Status cancelled_;
};

// No rows: because of `status`, or because there are none.
class EmptyCursor : public TupleCursor {
 public:
  explicit EmptyCursor(absl::Status status) : status_(std::move(status)) {}
  bool Valid() const override { return false; }
  const TupleRow& row() const override { return row_; }
  void Next() override {}
  absl::Status status() const override { return status_; }

 private:
  const absl::Status status_;
  const TupleRow row_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_ROW_CURSOR_H_
