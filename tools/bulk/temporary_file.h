// temporary_file.h: a file without a name, gone with the process whatever ends it.
//
//   auto file = TemporaryFile::Make();
//   file->Append("...");
//
// Threads     Belongs to one thread.
// Ownership   Closes with the object.
// Errors      RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE for the rest; each names the folder and TMPDIR.
#ifndef MANDATE_TOOLS_BULK_TEMPORARY_FILE_H_
#define MANDATE_TOOLS_BULK_TEMPORARY_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace mandate {

class TemporaryFile {
 public:
  static absl::StatusOr<TemporaryFile> Make();
  TemporaryFile(TemporaryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), folder_(other.folder_) {}
  TemporaryFile& operator=(TemporaryFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(folder_, other.folder_);
    return *this;
  }
  ~TemporaryFile();

  absl::Status Append(std::string_view bytes);
  int fd() const { return fd_; }

  // Hands the descriptor over.
  int Release() { return std::exchange(fd_, -1); }

 private:
  TemporaryFile(int fd, std::string folder) : fd_(fd), folder_(std::move(folder)) {}

  int fd_;
  std::string folder_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_TEMPORARY_FILE_H_
