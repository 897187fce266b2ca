// file_lock.h: one at a time, of all processes and threads, by a lock on a file of its own.
//
//   auto lock = FileLock::Take("keys.json.lock");  // held until it goes, or the process ends
//
// The file stays, empty: were it removed, two could hold locks on two files of one name. It is for its owner alone;
// root makes it for the owner of the directory, who would be locked out otherwise.
//
// Threads     Free functions; safe anywhere.
// Errors      PERMISSION_DENIED and the like where the file cannot be made.
#ifndef MANDATE_STORAGE_FILE_LOCK_H_
#define MANDATE_STORAGE_FILE_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace mandate {

class FileLock {
 public:
  // Waits as long as another one holds it.
  static absl::StatusOr<FileLock> Take(const std::string& path);
  // Does not wait: UNAVAILABLE, saying `if_held`.
  static absl::StatusOr<FileLock> TryTake(const std::string& path, const std::string& if_held);

  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  static absl::StatusOr<FileLock> Open(const std::string& path);

  int file_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_FILE_LOCK_H_
