// byte_source.h: the bytes of a file that may be a pipe and may be compressed, piece by piece, as often as wanted.
//
//   auto file = InputFile::Open("users.csv.gz");              // `-` is standard input
//   auto source = file->Read();                               // from the start, unpacked
//   while (size_t got = *source->Read(buffer, size)) ...
//
// What cannot be read twice (standard input, a pipe) is copied into a temporary file first. gzip and zstd are known by
// their first bytes, whatever the name; several members one after the other are one file, as `cat` makes them.
//
// Threads     Each belongs to one thread.
// Ownership   The file outlives its sources.
// Errors      NOT_FOUND for what cannot be read, INVALID_ARGUMENT for a directory; DATA_LOSS for packed data that are
//             damaged or end too early. Each names the file.
#ifndef MANDATE_TOOLS_BULK_BYTE_SOURCE_H_
#define MANDATE_TOOLS_BULK_BYTE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace mandate {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `size` bytes; 0 at the end, and from then on. REQUIRES: size > 0.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
};

enum class Compression { kNone, kGzip, kZstd };

// What the name says by its end (`.gz`, `.zst`), which is cut off `name`.
Compression CutCompression(std::string* name);

class InputFile {
 public:
  static absl::StatusOr<InputFile> Open(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // The bytes, unpacked, from the start. One source at a time.
  absl::StatusOr<std::unique_ptr<ByteSource>> Read();

  const std::string& name() const { return name_; }  // What messages call it.
  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t read_bytes() const { return read_bytes_; }  // Of them, by the newest source. Packed, as they lie there.

 private:
  class Raw;
  InputFile(std::string path, std::string name, int fd) : path_(std::move(path)), name_(std::move(name)), fd_(fd) {}

  std::string path_;
  std::string name_;
  int fd_;
  uint64_t size_bytes_ = 0;
  uint64_t read_bytes_ = 0;
};

// `source` unpacked. `name` is what messages call it.
std::unique_ptr<ByteSource> Unpack(std::unique_ptr<ByteSource> source, Compression compression,
                                   const std::string& name);

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_BYTE_SOURCE_H_
