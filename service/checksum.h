// checksum.h: what catches a mangled token or cursor.
#ifndef MANDATE_SERVICE_CHECKSUM_H_
#define MANDATE_SERVICE_CHECKSUM_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mandate {

// FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/).
inline uint32_t Fnv1a(std::string_view bytes) {
  uint32_t hash = 2166136261u;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 16777619u;
  return hash;
}

// The low `bytes` bytes of `value`.
inline void AppendBigEndian(std::string* out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_CHECKSUM_H_
