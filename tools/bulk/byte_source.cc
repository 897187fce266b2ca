#include "tools/bulk/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/text.h"
#include "tools/bulk/temporary_file.h"

namespace mandate {
namespace {

constexpr size_t kCopyBytes = 256 << 10;

bool CutEnd(std::string* name, std::string_view end) {
  if (!std::string_view(*name).ends_with(end)) return false;
  name->resize(name->size() - end.size());
  return true;
}

Compression CompressionOf(std::string_view begin) {
  if (begin.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (begin.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return Compression::kNone;
}

absl::Status CannotRead(const std::string& name, int error) {
  return absl::UnavailableError(Cat("reading `", name, "`: ", strerror(error)));
}

// Everything that `fd` still brings.
absl::StatusOr<int> Spool(int fd, const std::string& name) {
  auto file = TemporaryFile::Make();
  if (!file.ok()) return file.status();
  std::vector<char> buffer(kCopyBytes);
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotRead(name, errno);
    if (got == 0) return file->Release();
    if (absl::Status status = file->Append({buffer.data(), static_cast<size_t>(got)}); !status.ok()) return status;
  }
}

}  // namespace

Compression CutCompression(std::string* name) {
  if (CutEnd(name, ".gz")) return Compression::kGzip;
  if (CutEnd(name, ".zst")) return Compression::kZstd;
  return Compression::kNone;
}

class InputFile::Raw : public ByteSource {
 public:
  explicit Raw(InputFile* file) : file_(file) { file_->read_bytes_ = 0; }
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    for (;;) {
      const ssize_t got = pread(file_->fd_, buffer, size, static_cast<off_t>(file_->read_bytes_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return CannotRead(file_->name_, errno);
      file_->read_bytes_ += static_cast<uint64_t>(got);
      return static_cast<size_t>(got);
    }
  }

 private:
  InputFile* const file_;
};

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  const bool standard = path == "-";
  const int fd = standard ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(Cat("cannot read ", Quote(path), "; is the name right?"));
  InputFile file(path, standard ? "standard input" : path, fd);
  struct stat about;
  if (fstat(fd, &about) != 0) return CannotRead(file.name_, errno);
  if (S_ISDIR(about.st_mode)) return InvalidArgument(Cat(Quote(path), " is a directory; name a file"));
  // Standard input may be a file, and then begin in its middle.
  if (standard || !S_ISREG(about.st_mode)) {
    auto spooled = Spool(fd, file.name_);
    if (!spooled.ok()) return spooled.status();
    close(std::exchange(file.fd_, *spooled));
    if (fstat(file.fd_, &about) != 0) return CannotRead(file.name_, errno);
  }
  file.size_bytes_ = static_cast<uint64_t>(about.st_size);
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      size_bytes_(other.size_bytes_),
      read_bytes_(other.read_bytes_) {}

InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::unique_ptr<ByteSource>> InputFile::Read() {
  char begin[4] = {};
  auto got = Raw(this).Read(begin, sizeof begin);
  if (!got.ok()) return got.status();
  const Compression compression = CompressionOf({begin, *got});
  std::string path = path_;
  const Compression named = CutCompression(&path);
  if (named != Compression::kNone && named != compression) {
    return absl::DataLossError(Cat("`", name_, "` holds no ", named == Compression::kGzip ? "gzip" : "zstd", " data",
                                   size_bytes_ == 0 ? "; it is empty" : ", though its name says so"));
  }
  return Unpack(std::make_unique<Raw>(this), compression, name_);
}

}  // namespace mandate
