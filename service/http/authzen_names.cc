#include "service/http/authzen_names.h"

#include <array>

#include "schema/relationship.h"

namespace mandate {
namespace {

constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::string_view kUpper = "0123456789ABCDEF";

bool IsPlain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsHexIn(std::string_view digits, char c) { return digits.find(c) != digits.npos; }

char ByteAt(std::string_view digits, std::string_view text, size_t at) {
  return static_cast<char>(digits.find(text[at]) * 16 + digits.find(text[at + 1]));
}

// `xHH` at `at`.
bool IsEscapeBody(std::string_view text, size_t at) {
  return at + 2 < text.size() && text[at] == 'x' && IsHexIn(kLower, text[at + 1]) && IsHexIn(kLower, text[at + 2]);
}

bool BetweenPlain(std::string_view name, size_t at) {
  return at > 0 && at + 1 < name.size() && IsPlain(name[at - 1]) && IsPlain(name[at + 1]);
}

void AppendEscape(char c, std::string* out) {
  const auto byte = static_cast<unsigned char>(c);
  out->append("__x");
  out->push_back(kLower[byte >> 4]);
  out->push_back(kLower[byte & 15]);
}

// The byte at `at` as it stands in a permission's name.
void AppendByte(std::string_view name, size_t at, std::string* out) {
  const char c = name[at];
  if (IsPlain(c) || (c == '_' && BetweenPlain(name, at))) {
    out->push_back(c);
  } else if (c == '/' && BetweenPlain(name, at) && !IsEscapeBody(name, at + 1)) {
    out->append("__");
  } else {
    AppendEscape(c, out);
  }
}

// What an escape stands for, without a look at whether it had to be one.
std::string Unescaped(std::string_view permission) {
  std::string name;
  for (size_t i = 0; i < permission.size(); ++i) {
    if (!permission.substr(i).starts_with("__")) {
      name.push_back(permission[i]);
    } else if (IsEscapeBody(permission, i + 2)) {
      name.push_back(ByteAt(kLower, permission, i + 3));
      i += 4;
    } else {
      name.push_back('/');
      ++i;
    }
  }
  return name;
}

// By byte, as relationship.h has it.
std::array<bool, 256> MakeIdBytes() {
  std::array<bool, 256> table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = ValidateObjectId(std::string(1, static_cast<char>(byte)), Wildcard::kRefused).ok();
  }
  return table;
}

bool IsIdByte(char c) {
  static const std::array<bool, 256> kTable = MakeIdBytes();
  return kTable[static_cast<unsigned char>(c)];
}

// `=HH` at `at` that stands for another byte.
bool IsIdEscape(std::string_view id, size_t at) {
  if (at + 2 >= id.size() || id[at] != '=') return false;
  if (!IsHexIn(kUpper, id[at + 1]) || !IsHexIn(kUpper, id[at + 2])) return false;
  const char byte = ByteAt(kUpper, id, at + 1);
  return byte == '=' || !IsIdByte(byte);
}

}  // namespace

std::optional<std::string> PermissionOf(std::string_view action) {
  if (action.empty()) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < action.size(); ++i) AppendByte(action, i, &out);
  const bool reads_as_marked = action[0] == 'x' && action.size() > 1 && out.compare(1, 3, "__x") == 0;
  if (out.size() < 3 || !(out[0] >= 'a' && out[0] <= 'z') || reads_as_marked) {
    out = "x";
    AppendEscape(action[0], &out);
    for (size_t i = 1; i < action.size(); ++i) AppendByte(action, i, &out);
  }
  if (!ValidateRelationName(out).ok()) return std::nullopt;
  return out;
}

std::optional<std::string> ActionOf(std::string_view permission) {
  const bool marked = permission.starts_with("x__x") && IsEscapeBody(permission, 3);
  std::string action = Unescaped(marked ? permission.substr(1) : permission);
  if (PermissionOf(action) != std::string(permission)) return std::nullopt;
  return action;
}

std::optional<std::string> IdOf(std::string_view text) {
  std::string id;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (IsIdByte(text[i]) && !IsIdEscape(text, i)) {
      id.push_back(text[i]);
    } else {
      id.push_back('=');
      id.push_back(kUpper[byte >> 4]);
      id.push_back(kUpper[byte & 15]);
    }
  }
  if (!ValidateObjectId(id, Wildcard::kRefused).ok()) return std::nullopt;
  return id;
}

std::string TextOfId(std::string_view id) {
  std::string text;
  for (size_t i = 0; i < id.size(); ++i) {
    if (IsIdEscape(id, i)) {
      text.push_back(ByteAt(kUpper, id, i + 1));
      i += 2;
    } else {
      text.push_back(id[i]);
    }
  }
  return text;
}

}  // namespace mandate
