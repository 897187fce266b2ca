// sorted_spill.h: more keys than memory holds, put in order on disk.
//
//   SortedSpill spill(env, "/data/load-1/forward", 32 << 20);
//   spill.Add(key, value);                       // in any order
//   auto rows = spill.Read();                    // in the order of keys; those of one key one behind the other
//   for (; (*rows)->Valid(); (*rows)->Next()) Use((*rows)->key(), (*rows)->value());
//
// It is a merge sort: what the buffer holds is sorted and written as a run; reading merges all runs.
//
// Threads     One thread adds; each reader belongs to one.
// Ownership   Its files begin with `path`, and go with it. It outlives its readers.
// Errors      RESOURCE_EXHAUSTED (DISK_FULL), UNAVAILABLE; DATA_LOSS when a run does not read as it was written.
// Units       Sizes in bytes. Memory: the buffer and a third of it; while reading, 256 KiB a run.
#ifndef MANDATE_STORAGE_SORTED_SPILL_H_
#define MANDATE_STORAGE_SORTED_SPILL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"

namespace mandate {

class SortedSpill {
 public:
  SortedSpill(rocksdb::Env* env, std::string path, size_t buffer_bytes);
  ~SortedSpill();
  SortedSpill(const SortedSpill&) = delete;
  SortedSpill& operator=(const SortedSpill&) = delete;

  absl::Status Add(std::string_view key, std::string_view value);

  class Reader {
   public:
    virtual ~Reader() = default;
    virtual bool Valid() const = 0;
    virtual std::string_view key() const = 0;  // REQUIRES: Valid(); until the next move.
    virtual std::string_view value() const = 0;
    virtual void Next() = 0;
    virtual absl::Status status() const = 0;  // Once it is not Valid().
  };
  // From the first on. Writes down what the buffer holds and lets go of it.
  absl::StatusOr<std::unique_ptr<Reader>> Read();

 private:
  friend class RunReader;
  struct Entry {
    uint64_t chunk;  // Eight bytes of the key, while it is sorted by them.
    uint32_t offset;
    uint32_t key_bytes;
    uint32_t value_bytes;
  };
  struct Run {
    std::string path;
    uint64_t bytes = 0;
    size_t hash = 0;  // Of its blocks, one after the other; of this process alone.
  };
  void Sort(size_t begin, size_t end, size_t depth);
  absl::Status WriteRun();

  rocksdb::Env* const env_;
  const std::string path_;
  const size_t buffer_bytes_;
  std::string buffer_;  // Keys and values, as they came.
  std::vector<Entry> entries_;
  std::vector<Run> runs_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_SORTED_SPILL_H_
