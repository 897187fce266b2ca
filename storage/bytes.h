// bytes.h: the few byte forms that every stored key and value is made of (FORMAT.md names them the
// same way).
//
// Threads     Free functions and values; safe anywhere.
// Errors      A reader's methods return false, and read nothing, when the bytes do not hold what
//             was asked for. No input makes them read outside it.
#ifndef MANDATE_STORAGE_BYTES_H_
#define MANDATE_STORAGE_BYTES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mandate {

void PutFixed32(uint32_t value, std::string* out);        // 4 bytes, big-endian: sorts like the number
void PutFixed64(uint64_t value, std::string* out);        // 8 bytes, big-endian
void PutVarint(uint64_t value, std::string* out);         // 7 bits a byte, low ones first
void PutBytes(std::string_view bytes, std::string* out);  // varint length, then the bytes

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool Byte(uint8_t* value);
  bool Fixed32(uint32_t* value);
  bool Fixed64(uint64_t* value);
  bool Varint(uint64_t* value);  // Shortest form only.
  bool Bytes(std::string_view* bytes);
  bool Terminated(std::string_view* bytes);  // Up to a 00, which is consumed; not empty.

  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_BYTES_H_
