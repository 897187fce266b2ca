// rocks_options.h: how RocksDB is set up, each choice with its reason.
#ifndef MANDATE_STORAGE_ROCKS_OPTIONS_H_
#define MANDATE_STORAGE_ROCKS_OPTIONS_H_

#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "storage/tuple_store.h"

namespace mandate {

// Where a database in memory lies.
inline constexpr char kMemoryPath[] = "/mandate";

struct RocksOptions {
  rocksdb::DBOptions database;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // In the order of Family.
};

RocksOptions MakeRocksOptions(const StoreOptions& options, rocksdb::Env* env);

}  // namespace mandate

#endif  // MANDATE_STORAGE_ROCKS_OPTIONS_H_
