#include "tools/bulk/byte_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <vector>

#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

class FileSink : public ByteSink {
 public:
  FileSink(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~FileSink() override {
    if (fd_ >= 0) close(fd_);
  }

  static std::string PartOf(const std::string& path) { return path + ".part"; }

  static absl::Status Failed(const std::string& path, int error) {
    const std::string message = Cat("writing ", path == "-" ? "standard output" : Quote(path), ": ", strerror(error));
    if (error == ENOSPC) return absl::ResourceExhaustedError(message);
    if (error == EACCES || error == EROFS) return absl::PermissionDeniedError(message);
    return absl::UnavailableError(message);
  }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Failed(path_, errno);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (path_ == "-") return absl::OkStatus();
    if (absl::Status status = Pause(); !status.ok()) return status;
    if (rename(PartOf(path_).c_str(), path_.c_str()) != 0) return Failed(path_, errno);
    return absl::OkStatus();
  }

  absl::Status Pause() override {
    if (path_ == "-") return absl::OkStatus();
    const bool synced = fsync(fd_) == 0;
    const int error = errno;
    close(std::exchange(fd_, -1));
    return synced ? absl::OkStatus() : Failed(path_, error);
  }

 private:
  const std::string path_;
  int fd_;
};

// Gathers small pieces and packs them; `below` takes what comes out.
class PackingSink : public ByteSink {
 public:
  explicit PackingSink(std::unique_ptr<ByteSink> below) : below_(std::move(below)), packed_(kBufferBytes) {}

  absl::Status Write(std::string_view bytes) override {
    gathered_ += bytes;
    return gathered_.size() < kBufferBytes ? failed_ : PackGathered(false);
  }
  absl::Status Finish() override {
    if (absl::Status status = PackGathered(true); !status.ok()) return status;
    return below_->Finish();
  }
  absl::Status Pause() override {
    if (absl::Status status = PackGathered(true); !status.ok()) return status;
    return below_->Pause();
  }

 protected:
  virtual absl::Status Pack(std::string_view bytes, bool /*last*/) { return below_->Write(bytes); }

  const std::unique_ptr<ByteSink> below_;
  std::vector<char> packed_;

 private:
  absl::Status PackGathered(bool last) {
    if (failed_.ok()) failed_ = Pack(gathered_, last);
    gathered_.clear();
    return failed_;
  }

  std::string gathered_;
  absl::Status failed_;  // The first error stays: what was gathered then is not in the file.
};

class GzipSink : public PackingSink {
 public:
  explicit GzipSink(std::unique_ptr<ByteSink> below) : PackingSink(std::move(below)) {
    ready_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipSink() override { deflateEnd(&stream_); }

 private:
  absl::Status Pack(std::string_view bytes, bool last) override {
    if (!ready_) return absl::ResourceExhaustedError("no memory to pack gzip data");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
      stream_.avail_out = static_cast<uInt>(packed_.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      absl::Status status = below_->Write({packed_.data(), packed_.size() - stream_.avail_out});
      if (!status.ok()) return status;
    } while (stream_.avail_out == 0);
    return absl::OkStatus();
  }

  z_stream stream_ = {};
  bool ready_ = false;
};

class ZstdSink : public PackingSink {
 public:
  explicit ZstdSink(std::unique_ptr<ByteSink> below) : PackingSink(std::move(below)), stream_(ZSTD_createCCtx()) {}
  ~ZstdSink() override { ZSTD_freeCCtx(stream_); }

 private:
  absl::Status Pack(std::string_view bytes, bool last) override {
    if (stream_ == nullptr) return absl::ResourceExhaustedError("no memory to pack zstd data");
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
      const size_t left = ZSTD_compressStream2(stream_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left)) return absl::InternalError(Cat("packing zstd data: ", ZSTD_getErrorName(left)));
      if (absl::Status status = below_->Write({packed_.data(), out.pos}); !status.ok()) return status;
      if (last ? left == 0 : in.pos == in.size) return absl::OkStatus();
    }
  }

  ZSTD_CCtx* const stream_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSink>> ByteSink::Open(const std::string& path, Begin begin) {
  const std::string part = FileSink::PartOf(path);
  const int at = begin == Begin::kNew ? O_CREAT | O_TRUNC : O_APPEND;
  const int fd = path == "-" ? dup(STDOUT_FILENO) : open(part.c_str(), O_WRONLY | O_CLOEXEC | at, 0666);
  if (fd < 0) return FileSink::Failed(part, errno);
  auto file = std::make_unique<FileSink>(path, fd);
  std::string name = path;
  std::unique_ptr<ByteSink> sink;
  switch (CutCompression(&name)) {
    case Compression::kNone: sink = std::make_unique<PackingSink>(std::move(file)); break;
    case Compression::kGzip: sink = std::make_unique<GzipSink>(std::move(file)); break;
    case Compression::kZstd: sink = std::make_unique<ZstdSink>(std::move(file)); break;
  }
  return sink;
}

}  // namespace mandate
