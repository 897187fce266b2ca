// table_writer.h: the tables of one family that a load brings, written in the order of keys.
//
//   TableWriter live(*database, Family::kLive, "/data/load-1/live", overlay.entries(Family::kLive), "F", "R");
//   live.Put(key, value);                        // entries of the overlay that come before are put in between
//   live.Finish();                               // and the rest of them
//   Ingest(live.files());
//
// Threads     One thread.
// Ownership   Borrows the database and the entries. The files are their directory's.
// Errors      RESOURCE_EXHAUSTED (DISK_FULL), UNAVAILABLE. INTERNAL for keys out of order.
#ifndef MANDATE_STORAGE_TABLE_WRITER_H_
#define MANDATE_STORAGE_TABLE_WRITER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rocksdb/sst_file_writer.h"
#include "storage/overlay.h"
#include "storage/rocks_database.h"

namespace mandate {

class TableWriter {
 public:
  // Files begin with `path`. Of `between` come those from `begin` on, to before `end` (empty: to the last).
  TableWriter(const RocksDatabase& database, Family family, std::string path, const Overlay::Entries& between,
              std::string_view begin, std::string_view end);

  absl::Status Put(std::string_view key, std::string_view value);
  absl::Status Delete(std::string_view key);
  absl::Status Finish();

  const std::vector<std::string>& files() const { return files_; }

 private:
  absl::Status PutBetween(std::string_view before);  // Empty: all that are left.
  absl::Status Open();
  absl::Status Close();

  const RocksDatabase& database_;
  const Family family_;
  const std::string path_;
  Overlay::Entries::const_iterator between_;
  const Overlay::Entries::const_iterator between_end_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;  // Null: the next key opens a file.
  uint64_t bytes_ = 0;                              // Of keys and values in it.
  std::vector<std::string> files_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_TABLE_WRITER_H_
