#include "storage/durable_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "schema/text.h"

namespace mandate {

absl::Status MakeDirectory(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> parents;
  for (fs::path path = fs::absolute(directory, error); !error && !fs::exists(path, error);) {
    path = path.parent_path();
    parents.push_back(path);
  }
  if (!error) fs::create_directories(directory, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), Cat("making the directory `", directory, "`"));
  }
  // One above, that may be entered and not read, is no reason to refuse.
  for (const fs::path& parent : parents) (void)SyncDirectory(parent);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // A file system that syncs no directory says EINVAL; nothing more can be done there.
  const bool synced = file >= 0 && (fsync(file) == 0 || errno == EINVAL);
  const absl::Status status =
      synced ? absl::OkStatus() : absl::ErrnoToStatus(errno, Cat("syncing the directory `", directory, "`"));
  if (file >= 0) (void)close(file);
  return status;
}

}  // namespace mandate
