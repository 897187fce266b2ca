#include "schema/text.h"

#include <algorithm>

namespace mandate {
namespace {

constexpr size_t kQuotedBytesMax = 80;  // Enough to recognise a name; a message stays on a line or two of the screen.

}  // namespace

size_t Utf8CharacterLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

uint32_t CodePoint(std::string_view text, size_t length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (length == 1) return byte(0);
  uint32_t value = byte(0) & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) value = (value << 6) | (byte(i) & 0x3F);
  return value;
}

bool IsInvisible(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE0FFF);
}

std::string Quote(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "`";
  size_t position = 0;
  while (position < text.size()) {
    if (position >= kQuotedBytesMax) {
      out += "...";
      break;
    }
    const size_t length = Utf8CharacterLength(text.substr(position));
    const bool shown = length > 0 && !IsInvisible(CodePoint(text.substr(position), length));
    for (char c : text.substr(position, std::max<size_t>(1, length))) {
      const auto byte = static_cast<unsigned char>(c);
      if (shown) {
        out += c;
      } else {
        out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
      }
      ++position;
    }
  }
  out += '`';
  return out;
}

absl::Status InvalidArgument(std::string_view message) { return absl::InvalidArgumentError(AbslView(message)); }

}  // namespace mandate
