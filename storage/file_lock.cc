#include "storage/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "schema/text.h"

namespace mandate {
namespace {

absl::Status CannotLock(const std::string& path) { return absl::ErrnoToStatus(errno, Cat("locking `", path, "`")); }

}  // namespace

absl::StatusOr<FileLock> FileLock::Open(const std::string& path) {
  // Made or found, never through a link: whoever may write the directory could have root give away another file.
  int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) {
    struct stat directory {};
    const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
    if (geteuid() == 0 && stat(parent.c_str(), &directory) == 0) {
      (void)!fchown(file, directory.st_uid, directory.st_gid);
    }
  } else if (errno == EEXIST) {
    file = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  }
  if (file < 0) return CannotLock(path);
  return FileLock(file);
}

absl::StatusOr<FileLock> FileLock::Take(const std::string& path) {
  auto lock = Open(path);
  if (!lock.ok()) return lock;
  while (flock(lock->file_, LOCK_EX) != 0) {
    if (errno != EINTR) return CannotLock(path);
  }
  return lock;
}

absl::StatusOr<FileLock> FileLock::TryTake(const std::string& path, const std::string& if_held) {
  auto lock = Open(path);
  if (!lock.ok() || flock(lock->file_, LOCK_EX | LOCK_NB) == 0) return lock;
  return errno == EWOULDBLOCK ? absl::UnavailableError(if_held) : CannotLock(path);
}

FileLock::~FileLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace mandate
