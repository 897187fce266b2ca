// world_database.h: a world (world.h) in a database of its own, on disk or in memory.
//
//   WorldDatabase world(AgentsWorld({}, 1000));
//   world.database();
//
// Ownership   Removes its directory when it ends.
// Errors      What cannot be made ends the program with a message.
#ifndef MANDATE_BENCH_WORLD_DATABASE_H_
#define MANDATE_BENCH_WORLD_DATABASE_H_

#include <memory>
#include <string>

#include "bench/world.h"
#include "service/database/database.h"

namespace mandate {

class WorldDatabase {
 public:
  enum class Home { kDisk, kMemory };
  explicit WorldDatabase(const World& world, Home home = Home::kDisk, const DatabaseOptions& options = {});
  ~WorldDatabase();
  WorldDatabase(const WorldDatabase&) = delete;
  WorldDatabase& operator=(const WorldDatabase&) = delete;

  Database& database() { return *database_; }
  uint64_t relationships() const { return relationships_; }

  // Closes and opens it again, with nothing in memory; REQUIRES: on disk.
  void Reopen();
  const std::string& directory() const { return options_.directory; }

 private:
  void Open();
  std::string scratch_;
  DatabaseOptions options_;
  std::unique_ptr<Database> database_;
  uint64_t relationships_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_BENCH_WORLD_DATABASE_H_
