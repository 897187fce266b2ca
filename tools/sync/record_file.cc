#include "tools/sync/record_file.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kLengthBytes = sizeof(uint32_t);

}  // namespace

absl::Status RecordFile::Append(std::string_view record) {
  const auto length = static_cast<uint32_t>(record.size());
  buffer_.append(reinterpret_cast<const char*>(&length), kLengthBytes);
  buffer_ += record;
  ++count_;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status RecordFile::Flush() {
  if (!file_) {
    auto made = TemporaryFile::Make();
    if (!made.ok()) return made.status();
    file_.emplace(*std::move(made));
  }
  if (absl::Status status = file_->Append(buffer_); !status.ok()) return status;
  file_bytes_ += buffer_.size();
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status RecordFile::Rewind() {
  at_ = 0;
  read_bytes_ = 0;
  if (!file_) return absl::OkStatus();  // All of it is in the buffer.
  absl::Status status = reading_ ? absl::OkStatus() : Flush();
  reading_ = true;
  buffer_.clear();
  return status;
}

// Makes at least `wanted` bytes behind at_ available, if the file has them.
absl::Status RecordFile::Fill(size_t wanted) {
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t had = buffer_.size();
  const uint64_t left = file_bytes_ - read_bytes_;
  const size_t more = static_cast<size_t>(std::min<uint64_t>(left, std::max(kBufferBytes, wanted - had)));
  buffer_.resize(had + more);
  size_t got = 0;
  while (got < more) {
    const ssize_t n = pread(file_->fd(), buffer_.data() + had + got, more - got, static_cast<off_t>(read_bytes_ + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return absl::DataLossError(
          Cat("a temporary file cannot be read again: ", n < 0 ? strerror(errno) : "it is shorter"));
    got += static_cast<size_t>(n);
  }
  read_bytes_ += more;
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordFile::Next(std::string_view* record) {
  for (size_t wanted = kLengthBytes;;) {
    const size_t have = buffer_.size() - at_;
    if (have >= kLengthBytes) {
      uint32_t length = 0;
      memcpy(&length, buffer_.data() + at_, kLengthBytes);
      wanted = kLengthBytes + length;
      if (have >= wanted) {
        *record = std::string_view(buffer_).substr(at_ + kLengthBytes, length);
        at_ += wanted;
        return true;
      }
    }
    if (!file_ || read_bytes_ == file_bytes_) {
      if (have == 0) return false;
      return absl::DataLossError("a temporary file ends in the middle of a record");
    }
    if (absl::Status status = Fill(wanted); !status.ok()) return status;
  }
}

void RecordFile::Clear() { *this = RecordFile(); }

}  // namespace mandate
