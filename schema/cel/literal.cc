// What stands between the quotes of a string or bytes literal.
#include <cstdint>

#include "absl/strings/ascii.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

struct Escape {
  char letter;
  char stands_for;
};
constexpr Escape kEscapes[] = {
    {'a', '\a'}, {'b', '\b'},  {'f', '\f'}, {'n', '\n'}, {'r', '\r'},  {'t', '\t'},
    {'v', '\v'}, {'\\', '\\'}, {'?', '?'},  {'"', '"'},  {'\'', '\''}, {'`', '`'},
};

// The number that `count` digits of `base` at `pos` make; nullopt if they do not.
std::optional<uint32_t> ReadDigits(std::string_view body, size_t pos, size_t count, uint32_t base) {
  if (pos + count > body.size()) return std::nullopt;
  uint32_t v = 0;
  for (char c : body.substr(pos, count)) {
    uint32_t digit = base;
    if (absl::ascii_isdigit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit >= base) return std::nullopt;
    v = v * base + digit;
  }
  return v;
}

bool IsScalar(uint32_t code_point) { return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF); }

// The escape at `body[pos]`, a backslash: appends what it stands for and returns its length, 0 if
// it is wrong.
size_t AppendEscape(std::string_view body, size_t pos, LiteralKind kind, std::string& out) {
  char letter = pos + 1 < body.size() ? body[pos + 1] : '\0';
  for (const Escape& escape : kEscapes) {
    if (escape.letter == letter) {
      out += escape.stands_for;
      return 2;
    }
  }
  size_t digits_at = pos + 2;
  size_t digits = 0;
  uint32_t base = 16;
  switch (letter) {
    case 'x':
    case 'X': digits = 2; break;
    case 'u': digits = 4; break;
    case 'U': digits = 8; break;
    default:
      if (letter < '0' || letter > '3') return 0;
      digits_at = pos + 1;
      digits = 3;
      base = 8;
  }
  std::optional<uint32_t> v = ReadDigits(body, digits_at, digits, base);
  if (!v.has_value()) return 0;
  if (kind == LiteralKind::kBytes) {
    if (digits > 3) return 0;  // Bytes have no code points.
    out += static_cast<char>(*v);
  } else {
    if (!IsScalar(*v)) return 0;
    AppendUtf8(*v, out);
  }
  return digits_at - pos + digits;
}

}  // namespace

void AppendUtf8(uint32_t code_point, std::string& out) {
  auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    uint8_t lead = text[i];
    size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > text.size()) return false;
    uint32_t code_point = length == 1 ? lead : lead & (0x7F >> length);
    for (size_t k = 1; k < length; ++k) {
      uint8_t next = text[i + k];
      if ((next & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (next & 0x3F);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code_point < kSmallest[length] || !IsScalar(code_point)) return false;
    i += length;
  }
  return true;
}

std::string Shortened(std::string_view text, size_t size_max) {
  if (text.size() <= size_max) return std::string(text);
  size_t end = size_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return Cat(text.substr(0, end), "...");
}

std::optional<std::string> Unescape(std::string_view body, LiteralKind kind, Diagnostic& error) {
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      out += body[i++];
      continue;
    }
    size_t length = AppendEscape(body, i, kind, out);
    if (length == 0) {
      bool is_multibyte = i + 1 < body.size() && static_cast<uint8_t>(body[i + 1]) >= 0x80;
      std::string_view shown = body.substr(i, is_multibyte ? 1 : 2);
      error = {i, shown.size(),
               Cat(Quote(shown), " does not begin an escape of ", kind == LiteralKind::kBytes ? "bytes" : "strings",
                   "; write `\\\\` for a backslash")};
      return std::nullopt;
    }
    i += length;
  }
  return out;
}

}  // namespace mandate::cel
