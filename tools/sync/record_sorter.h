// record_sorter.h: byte strings in, the same in byte order out, each once, in memory that does not grow with them.
//
//   RecordSorter sorter;
//   sorter.Add("b"), sorter.Add("a"), sorter.Add("a");
//   sorter.Sort();
//   while (*sorter.Next()) Use(sorter.record());              // a, b
//
// What does not fit is sorted and put away as a run; the runs are merged as they are read.
//
// Threads     Belongs to one thread.
// Errors      Those of RecordFile.
#ifndef MANDATE_TOOLS_SYNC_RECORD_SORTER_H_
#define MANDATE_TOOLS_SYNC_RECORD_SORTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/sync/record_file.h"

namespace mandate {

class RecordSorter {
 public:
  explicit RecordSorter(size_t memory_bytes = 48 << 20) : memory_bytes_(memory_bytes) {}

  absl::Status Add(std::string_view record);
  absl::Status Sort();  // Once, behind the last Add.
  // False at the end. REQUIRES: sorted.
  absl::StatusOr<bool> Next();
  std::string_view record() const { return record_; }  // Lives until the next Next().

 private:
  // One sorted run that is being read.
  struct Run {
    RecordFile file;
    std::string_view record;
  };
  struct Place {
    uint32_t begin;
    uint32_t size;
  };

  void SortMemory();
  absl::Status Spill();
  absl::Status MergeRuns();
  absl::Status Begin();
  absl::StatusOr<bool> NextMerged();
  absl::Status Advance(std::unique_ptr<Run> run);

  const size_t memory_bytes_;
  std::string bytes_;
  std::vector<Place> places_;
  size_t at_ = 0;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<std::unique_ptr<Run>> heap_;  // The run with the least record first.
  std::string last_;
  bool any_ = false;
  std::string_view record_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_RECORD_SORTER_H_
