#include "tools/bulk/line_reader.h"

#include <algorithm>
#include <cstring>

namespace mandate {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

LineReader::LineReader(ByteSource* source, size_t line_bytes_max)
    : source_(source), line_bytes_max_(line_bytes_max), buffer_(kReadBytes) {}

// Moves what is left to the front and reads behind it.
absl::Status LineReader::Fill() {
  memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  // Grows with the longest line, up to what is kept of one and a piece behind it.
  if (buffer_.size() - end_ < kReadBytes / 2)
    buffer_.resize(std::min(buffer_.size() * 2, line_bytes_max_ + 2 * kReadBytes));
  auto got = source_->Read(buffer_.data() + end_, buffer_.size() - end_);
  if (!got.ok()) return got.status();
  ended_ = *got == 0;
  end_ += *got;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Next() {
  too_long_ = false;
  size_t searched = 0;  // Of what lies behind begin_.
  const char* newline = nullptr;
  for (;;) {
    const char* const text = buffer_.data() + begin_;
    const size_t size = end_ - begin_;
    newline = static_cast<const char*>(memchr(text + searched, '\n', size - searched));
    if (newline != nullptr || ended_) break;
    searched = size;
    if (size > line_bytes_max_ + 2) {  // The rest is let go; an end of line of two bytes may be among what is kept.
      too_long_ = true;
      end_ = begin_ + line_bytes_max_ + 1;
      searched = line_bytes_max_ + 1;
    }
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
  if (begin_ == end_) return false;
  size_t size = newline != nullptr ? static_cast<size_t>(newline - (buffer_.data() + begin_)) : end_ - begin_;
  line_ = {buffer_.data() + begin_, size};
  begin_ += size + (newline != nullptr ? 1 : 0);
  if (++number_ == 1 && line_.starts_with(kByteOrderMark)) line_.remove_prefix(kByteOrderMark.size());
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  too_long_ = too_long_ || line_.size() > line_bytes_max_;
  line_ = line_.substr(0, line_bytes_max_);
  return true;
}

}  // namespace mandate
