// difference.h: what has to change so that what is stored becomes what a source says, in the order in which it is done.
//
//   StoredDifference difference;
//   difference.Compute(&source, &stored, &refusals);          // two sorters of relationship records
//   difference.ForEachBatch(1000, [](const DifferenceBatch& batch) { ... return absl::OkStatus(); });
//
// The changes of an object stand together, additions before removals, and share a batch if one can hold them: then they
// happen at one moment. Those of a larger object are several batches, of which the first ones add. Each change has a
// precondition: what is added is not there, what is changed or removed is.
//
// Threads     Belongs to one thread.
// Errors      Those of RecordFile, and of the visitor.
#ifndef MANDATE_TOOLS_SYNC_DIFFERENCE_H_
#define MANDATE_TOOLS_SYNC_DIFFERENCE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/tuple_store.h"
#include "tools/sync/record_file.h"
#include "tools/sync/record_sorter.h"
#include "tools/sync/refusals.h"

namespace mandate {

enum class StoredDifferenceKind : char { kAdded = '+', kChanged = '~', kRemoved = '-' };

struct DifferenceCounts {
  uint64_t added = 0;
  uint64_t changed = 0;  // Another caveat or expiry.
  uint64_t removed = 0;
  uint64_t unchanged = 0;
  uint64_t stored = 0;  // Before.
  uint64_t changes() const { return added + changed + removed; }
};

struct DifferenceBatch {
  std::vector<TupleChange> changes;
  std::vector<Precondition> preconditions;
  DifferenceCounts counts;  // Of this batch; `unchanged` and `stored` are 0.
};

class StoredDifference {
 public:
  // REQUIRES: both are sorted; once. A relationship that the source gives with different caveats or expiries is
  // refused, and stays as it is stored.
  absl::Status Compute(RecordSorter* source, RecordSorter* stored, Refusals* refusals);

  const DifferenceCounts& counts() const { return counts_; }

  // In order; may be called again.
  absl::Status ForEach(const std::function<absl::Status(StoredDifferenceKind, const Relationship&)>& visit);
  absl::Status ForEachBatch(size_t changes_max, const std::function<absl::Status(const DifferenceBatch&)>& visit);

 private:
  absl::Status Note(StoredDifferenceKind kind, std::string_view record);
  absl::Status EndObject();

  DifferenceCounts counts_;
  std::string object_;    // The one being compared.
  RecordFile additions_;  // Its changes so far.
  RecordFile removals_;
  RecordFile changes_;  // Of each object `o` and their number, then each of them: its kind, and its record.
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_DIFFERENCE_H_
