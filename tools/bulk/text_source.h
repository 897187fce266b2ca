// text_source.h: a text as a source of bytes, a few at a time so that every seam is met. For tests and fuzzers.
//
// Threads     Belongs to one thread.
#ifndef MANDATE_TOOLS_BULK_TEXT_SOURCE_H_
#define MANDATE_TOOLS_BULK_TEXT_SOURCE_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "tools/bulk/byte_source.h"

namespace mandate {

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text, size_t piece_bytes = 7) : text_(std::move(text)), piece_bytes_(piece_bytes) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t got = std::string_view(text_).substr(at_).copy(buffer, std::min(size, piece_bytes_));
    at_ += got;
    return got;
  }

 private:
  const std::string text_;
  const size_t piece_bytes_;
  size_t at_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_TEXT_SOURCE_H_
