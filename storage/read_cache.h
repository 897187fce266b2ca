// read_cache.h: lists of relationships in memory, exact at every revision: who stands on a relation of an object, and
// on which objects a subject stands.
//
//   ReadCache cache(64 << 20, opened_at);
//   auto list = cache.Subjects(*snapshot, plan, viewer);       // null: read from the snapshot itself
//   if (list) for (const TupleRow& row : list->rows()) ...
//
// What is kept holds as long as the marks say so (change_marks.h): there is no time to live. Only short lists are kept,
// and only what is asked for a second time.
//
// Threads     Safe to share.
// Ownership   A list lives as long as its Kept; the cache outlives it.
// Errors      Those of storage.
#ifndef MANDATE_STORAGE_READ_CACHE_H_
#define MANDATE_STORAGE_READ_CACHE_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/bounded_cache.h"
#include "storage/change_marks.h"
#include "storage/snapshot.h"

namespace mandate {

// Rows by value, in the order of the store.
class RowList {
 public:
  static constexpr size_t kRowsMax = 512;

  const std::vector<TupleRow>& rows() const { return rows_; }
  // There are more than kRowsMax; none are here.
  bool too_long() const { return too_long_; }
  // All the memory it takes.
  size_t bytes() const { return bytes_; }

 private:
  friend class ReadCache;
  absl::Status Read(TupleCursor* cursor);

  std::vector<TupleRow> rows_;
  std::unique_ptr<char[]> ids_;  // What the rows point to.
  size_t bytes_ = sizeof(RowList);
  bool too_long_ = false;
  std::atomic<uint64_t> holds_at_ = 0;  // A revision at which it is so.
};

class ReadCache {
 public:
  // `bytes` bounds the lists together; the marks come on top, a quarter of it, and know of writes behind `since` alone.
  ReadCache(size_t bytes, Revision since);

  ChangeMarks& marks() { return marks_; }
  const ChangeMarks& marks() const { return marks_; }

  using List = BoundedCache<RowList>::Kept;
  // All subjects of `resource#relation`, direct ones first; all objects of the type on whose relation the subject
  // stands. Null if it is not kept, and not to be kept (yet).
  absl::StatusOr<List> Subjects(const Snapshot& snapshot, const ObjectKey& resource, NameId relation);
  absl::StatusOr<List> Resources(const Snapshot& snapshot, const SubjectKey& subject, NameId resource_type,
                                 NameId relation);

  size_t bytes() const { return lists_.bytes(); }

 private:
  template <typename Open>
  absl::StatusOr<List> Get(const Snapshot& snapshot, const std::string& key, ChangeMarks::Slot slot, const Open& open);
  bool AskedBefore(ChangeMarks::Slot slot);

  ChangeMarks marks_;
  BoundedCache<RowList> lists_;
  // By slot, something that tells its last question from others: what was not asked before is not worth keeping.
  const std::unique_ptr<std::atomic<uint8_t>[]> asked_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_READ_CACHE_H_
