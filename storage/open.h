// open.h: OpenRocksStore with the parts that a test replaces.
#ifndef MANDATE_STORAGE_OPEN_H_
#define MANDATE_STORAGE_OPEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"
#include "storage/store_check.h"
#include "storage/tuple_store.h"

namespace mandate {

struct OpenSeams {
  rocksdb::Env* env = nullptr;  // Null: the machine's, or memory. Outlives the store.
  std::string database_id;      // 16 bytes for a new database; empty: random ones.
  bool database_in_env =
      false;  // With StoreOptions::in_memory: `env` is the memory, and may hold the database already.
  size_t write_buffer_bytes = 0;  // Of every family; 0: as tuned. Small: tables come early.
};

// As OpenRocksStore.
absl::StatusOr<std::unique_ptr<TupleStore>> OpenRocksStoreWith(const std::string& directory,
                                                               const StoreOptions& options, const OpenSeams& seams);

// As CheckStore (store_check.h).
absl::Status CheckStoreWith(const std::string& directory, const OpenSeams& seams, StoreReport* report,
                            const StoreProgress& progress = {});

}  // namespace mandate

#endif  // MANDATE_STORAGE_OPEN_H_
