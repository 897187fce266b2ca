#include "storage/bytes.h"

#include <cstring>

namespace mandate {

void PutFixed32(uint32_t value, std::string* out) {
  const char bytes[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                         static_cast<char>(value)};
  out->append(bytes, sizeof(bytes));
}

void PutFixed64(uint64_t value, std::string* out) {
  PutFixed32(static_cast<uint32_t>(value >> 32), out);
  PutFixed32(static_cast<uint32_t>(value), out);
}

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void PutBytes(std::string_view bytes, std::string* out) {
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

bool ByteReader::Byte(uint8_t* value) {
  if (rest_.empty()) return false;
  *value = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return true;
}

bool ByteReader::Fixed32(uint32_t* value) {
  if (rest_.size() < 4) return false;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) result = result << 8 | static_cast<uint8_t>(rest_[i]);
  *value = result;
  rest_.remove_prefix(4);
  return true;
}

bool ByteReader::Fixed64(uint64_t* value) {
  if (rest_.size() < 8) return false;
  uint32_t high = 0, low = 0;
  Fixed32(&high);
  Fixed32(&low);
  *value = uint64_t{high} << 32 | low;
  return true;
}

bool ByteReader::Varint(uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) return false;  // more than 64 bits
    result |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte & 0x80) continue;
    if (byte == 0 && i > 0) return false;  // not the shortest form
    *value = result;
    rest_.remove_prefix(i + 1);
    return true;
  }
  return false;
}

bool ByteReader::Bytes(std::string_view* bytes) {
  ByteReader attempt = *this;
  uint64_t size = 0;
  if (!attempt.Varint(&size) || size > attempt.rest_.size()) return false;
  *bytes = attempt.rest_.substr(0, size);
  rest_ = attempt.rest_.substr(size);
  return true;
}

bool ByteReader::Terminated(std::string_view* bytes) {
  if (rest_.empty()) return false;
  const void* end = std::memchr(rest_.data(), 0, rest_.size());
  if (end == nullptr || end == rest_.data()) return false;
  const size_t size = static_cast<const char*>(end) - rest_.data();
  *bytes = rest_.substr(0, size);
  rest_.remove_prefix(size + 1);
  return true;
}

}  // namespace mandate
