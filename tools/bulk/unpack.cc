// gzip (RFC 1952) by zlib and zstd by its own library, both as streams: memory is theirs and one buffer, whatever a
// file grows to when it is unpacked.
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <vector>

#include "schema/text.h"
#include "tools/bulk/byte_source.h"

namespace mandate {
namespace {

constexpr size_t kPackedBytes = 128 << 10;

// A frame that wants a window beyond this is refused: it is what `zstd --long` takes without being told.
constexpr int kZstdWindowLogMax = 27;

// What both have in common: a buffer of packed bytes, which is filled when it is empty.
class Unpacker : public ByteSource {
 public:
  Unpacker(std::unique_ptr<ByteSource> source, std::string name, const char* kind)
      : source_(std::move(source)), name_(std::move(name)), kind_(kind), packed_(kPackedBytes) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    for (;;) {
      if (begin_ == end_ && !ended_) {
        auto got = source_->Read(packed_.data(), packed_.size());
        if (!got.ok()) return got;
        begin_ = 0;
        end_ = *got;
        ended_ = *got == 0;
      }
      if (begin_ == end_ && !within_) return size_t{0};
      auto made = Step(buffer, size);
      if (!made.ok() || *made > 0) return made;
      if (begin_ == end_ && ended_ && within_) {
        return absl::DataLossError(Cat("`", name_, "` ends in the middle of its ", kind_, " data; it was cut off"));
      }
    }
  }

 protected:
  // Unpacks some of packed_[begin_, end_) and says how much it made. Sets `within_`: a member has begun and not ended.
  virtual absl::StatusOr<size_t> Step(char* buffer, size_t size) = 0;
  absl::Status Damaged(std::string_view what) const {
    return absl::DataLossError(Cat("`", name_, "` holds ", kind_, " data that are damaged: ", what));
  }

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  const char* const kind_;
  std::vector<char> packed_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool ended_ = false;
  bool within_ = true;
};

class GzipSource : public Unpacker {
 public:
  GzipSource(std::unique_ptr<ByteSource> source, std::string name)
      : Unpacker(std::move(source), std::move(name), "gzip") {
    ready_ = inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK;
  }
  ~GzipSource() override { inflateEnd(&stream_); }

 private:
  absl::StatusOr<size_t> Step(char* buffer, size_t size) override {
    if (!ready_) return absl::ResourceExhaustedError("no memory to unpack gzip data");
    if (!within_) {  // Another member begins.
      inflateReset(&stream_);
      within_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data() + begin_);
    stream_.avail_in = static_cast<uInt>(end_ - begin_);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    begin_ = end_ - stream_.avail_in;
    if (result == Z_STREAM_END) within_ = false;
    // No progress is no error: there is more to read, or the end to be noticed.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Damaged(stream_.msg != nullptr ? stream_.msg : "no gzip member begins here");
    }
    return size - stream_.avail_out;
  }

  z_stream stream_ = {};
  bool ready_ = false;
};

class ZstdSource : public Unpacker {
 public:
  ZstdSource(std::unique_ptr<ByteSource> source, std::string name)
      : Unpacker(std::move(source), std::move(name), "zstd"), stream_(ZSTD_createDCtx()) {
    if (stream_ != nullptr) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  ~ZstdSource() override { ZSTD_freeDCtx(stream_); }

 private:
  absl::StatusOr<size_t> Step(char* buffer, size_t size) override {
    if (stream_ == nullptr) return absl::ResourceExhaustedError("no memory to unpack zstd data");
    ZSTD_inBuffer in{packed_.data() + begin_, end_ - begin_, 0};
    ZSTD_outBuffer out{buffer, size, 0};
    const size_t result = ZSTD_decompressStream(stream_, &out, &in);
    begin_ += in.pos;
    if (ZSTD_isError(result)) return Damaged(ZSTD_getErrorName(result));
    within_ = result != 0;
    return out.pos;
  }

  ZSTD_DCtx* const stream_;
};

}  // namespace

std::unique_ptr<ByteSource> Unpack(std::unique_ptr<ByteSource> source, Compression compression,
                                   const std::string& name) {
  switch (compression) {
    case Compression::kNone: return source;
    case Compression::kGzip: return std::make_unique<GzipSource>(std::move(source), name);
    case Compression::kZstd: return std::make_unique<ZstdSource>(std::move(source), name);
  }
  std::abort();
}

}  // namespace mandate
