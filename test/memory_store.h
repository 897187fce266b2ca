// memory_store.h: the rules of a commit and the snapshots of storage, over a map instead of
// RocksDB, so that a hundred thousand worlds are cheap.
//
//   MemoryStore store;
//   absl::StatusOr<Revision> revision = store.Write(request, now);
//   std::shared_ptr<const Snapshot> then = store.At(*revision);
//
// Threads     A test's own.
// Ownership   Outlives its snapshots.
// Errors      Those of tuple_store.h.
#ifndef MANDATE_TEST_MEMORY_STORE_H_
#define MANDATE_TEST_MEMORY_STORE_H_

#include <memory>

#include "storage/commit.h"
#include "storage/read_cache.h"

namespace mandate {

class MemoryStore {
 public:
  // As StoreOptions::read_cache_bytes.
  explicit MemoryStore(uint64_t read_cache_bytes = 0);

  absl::StatusOr<Revision> Write(const WriteRequest& request, absl::Time now);

  // Good until the next write.
  std::shared_ptr<const Snapshot> Head() const;
  // As it was at `revision`, out of the versions that were kept. Good until the next write.
  std::shared_ptr<const Snapshot> At(Revision revision) const;

 private:
  std::shared_ptr<ReadCache> cache_;
  CommitGroup state_;  // Everything that was ever written, on top of nothing.
};

}  // namespace mandate

#endif  // MANDATE_TEST_MEMORY_STORE_H_
