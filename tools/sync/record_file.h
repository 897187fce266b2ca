// record_file.h: byte strings put away one after the other and read again in that order.
//
//   RecordFile file;
//   file.Append("a");
//   file.Rewind();
//   std::string_view record;
//   while (*file.Next(&record)) Use(record);
//
// Little of it stays in memory: what is more goes to a temporary file.
//
// Threads     Belongs to one thread.
// Errors      Those of TemporaryFile; DATA_LOSS if the file does not hold what was written.
#ifndef MANDATE_TOOLS_SYNC_RECORD_FILE_H_
#define MANDATE_TOOLS_SYNC_RECORD_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/bulk/temporary_file.h"

namespace mandate {

class RecordFile {
 public:
  absl::Status Append(std::string_view record);  // REQUIRES: not rewound, or cleared since.
  absl::Status Rewind();                         // As often as wanted.
  // False at the end. `record` lives until the next call.
  absl::StatusOr<bool> Next(std::string_view* record);
  void Clear();  // As new.
  uint64_t count() const { return count_; }

 private:
  absl::Status Flush();
  absl::Status Fill(size_t wanted);

  std::optional<TemporaryFile> file_;
  uint64_t file_bytes_ = 0;
  uint64_t read_bytes_ = 0;
  std::string buffer_;  // Writing: what is not in the file yet. Reading: what was taken out of it.
  size_t at_ = 0;
  bool reading_ = false;
  uint64_t count_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_RECORD_FILE_H_
