#include "tools/sync/distinguished_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "tools/sync/utf8.h"

namespace mandate {
namespace {

// Cuts the bit string of a uniqueMember off, if there is one.
std::string_view WithoutUid(std::string_view text) {
  if (!text.ends_with("'B")) return text;
  const size_t begin = text.rfind("#'");
  if (begin == text.npos) return text;
  const std::string_view bits = text.substr(begin + 2, text.size() - begin - 4);
  return bits.find_first_not_of("01") == bits.npos ? text.substr(0, begin) : text;
}

class DnReader {
 public:
  explicit DnReader(std::string_view text) : text_(text) {}

  absl::StatusOr<std::string> Read() {
    std::vector<std::string> names;  // The parts, each of one or more `attribute=value`.
    std::vector<std::string> pairs;
    if (Strip(), at_ == text_.size()) return std::string();
    for (;;) {
      auto pair = ReadPair();
      if (!pair.ok()) return pair;
      pairs.push_back(*std::move(pair));
      const char separator = at_ < text_.size() ? text_[at_++] : '\0';
      if (separator == '+') continue;
      std::sort(pairs.begin(), pairs.end());
      names.push_back(absl::StrJoin(pairs, "+"));
      pairs.clear();
      if (separator == '\0') return absl::StrJoin(names, ",");
    }
  }

 private:
  absl::Status NoName() const {
    return InvalidArgument(Cat(Quote(text_), " is no LDAP name, like `cn=core,dc=example`"));
  }

  void Strip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  // Ends at the separator behind it.
  absl::StatusOr<std::string> ReadPair() {
    Strip();
    const size_t equals = text_.find('=', at_);
    if (equals == text_.npos) return NoName();
    const std::string type =
        absl::AsciiStrToLower(absl::StripAsciiWhitespace(AbslView(text_.substr(at_, equals - at_))));
    const bool is_name = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
      return absl::ascii_isalnum(c) || c == '-' || c == '.';
    });
    if (!is_name) return NoName();
    at_ = equals + 1;
    std::string value;
    if (!ReadValue(&value)) return NoName();
    return Cat(type, "=", Folded(value));
  }

  bool ReadValue(std::string* value) {
    Strip();
    const bool quoted = at_ < text_.size() && text_[at_] == '"';  // As RFC 1779 has it.
    if (quoted) ++at_;
    size_t kept = 0;  // Blanks at the end do not count, unless they are escaped.
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quoted && c == '"') break;
      if (!quoted && (c == ',' || c == ';' || c == '+')) break;
      if (c == '\\') {
        if (!ReadEscape(value)) return false;
        kept = value->size();
        continue;
      }
      *value += c;
      if (c != ' ' || quoted) kept = value->size();
    }
    value->resize(kept);
    if (quoted) {
      if (at_ == text_.size()) return false;
      ++at_;
      Strip();
      if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ';' && text_[at_] != '+') return false;
    }
    return IsUtf8Text(*value);
  }

  // At the backslash; leaves at_ on the last character of the escape.
  bool ReadEscape(std::string* value) {
    if (at_ + 1 >= text_.size()) return false;
    if (at_ + 2 < text_.size() && absl::ascii_isxdigit(text_[at_ + 1]) && absl::ascii_isxdigit(text_[at_ + 2])) {
      *value += absl::HexStringToBytes(AbslView(text_.substr(at_ + 1, 2)));
      at_ += 2;
      return true;
    }
    *value += text_[++at_];
    return true;
  }

  // In small letters, with one blank for many, and our own escapes for what separates.
  static std::string Folded(const std::string& value) {
    std::string folded;
    for (char c : value) {
      if (c == ' ' && folded.ends_with(' ')) continue;
      if (std::string_view(",+;\\\"").find(c) != std::string_view::npos) folded += '\\';
      folded += absl::ascii_tolower(c);
    }
    return folded;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::string> NormalizeDn(std::string_view text) { return DnReader(WithoutUid(text)).Read(); }

}  // namespace mandate
