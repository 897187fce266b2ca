#include "tools/bulk/temporary_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

#include "schema/text.h"

namespace mandate {
namespace {

absl::Status Failed(const std::string& folder, int error) {
  const std::string message =
      Cat("a temporary file in `", folder, "`: ", strerror(error), "; TMPDIR names another folder");
  return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<TemporaryFile> TemporaryFile::Make() {
  const char* set = getenv("TMPDIR");
  std::string folder = set != nullptr && *set != '\0' ? set : "/tmp";
  std::string path = Cat(folder, "/mandate-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return Failed(folder, errno);
  unlink(path.c_str());
  return TemporaryFile(fd, std::move(folder));
}

TemporaryFile::~TemporaryFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status TemporaryFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(folder_, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace mandate
