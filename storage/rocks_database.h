// rocks_database.h: the open RocksDB with its column families, and the view of its newest state.
//
// Threads     Safe to share.
// Ownership   Views share the RocksDatabase, which closes when the last of them and the store are gone.
// Errors      FromRocks is the one table from RocksDB's statuses to ours.
#ifndef MANDATE_STORAGE_ROCKS_DATABASE_H_
#define MANDATE_STORAGE_ROCKS_DATABASE_H_

#include <array>
#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "storage/state_view.h"

namespace mandate {

struct RocksDatabase {
  RocksDatabase() = default;
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;
  ~RocksDatabase();  // Closes.

  rocksdb::ColumnFamilyHandle* family(Family which) const { return families[static_cast<size_t>(which)]; }

  std::unique_ptr<rocksdb::Env> owned_env;  // For a database in memory.
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
  std::atomic<int> loads = 0;  // Under way.
};

// DATA_LOSS, RESOURCE_EXHAUSTED (DISK_FULL), UNAVAILABLE or INTERNAL: never what could be taken for an answer, as
// PERMISSION_DENIED could. REQUIRES: !status.ok().
// `doing` begins the message: "reading a relationship".
absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

// The state at the moment of construction.
class DatabaseView : public StateView {
 public:
  explicit DatabaseView(std::shared_ptr<RocksDatabase> database);
  ~DatabaseView() override;
  DatabaseView(const DatabaseView&) = delete;
  DatabaseView& operator=(const DatabaseView&) = delete;

  absl::StatusOr<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const override;
  std::unique_ptr<Scan> NewScan(Family family, std::string begin, std::string end) const override;

 private:
  const std::shared_ptr<RocksDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
  rocksdb::ReadOptions options_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_ROCKS_DATABASE_H_
