#include "schema/cel/number.h"

#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || text.front() == '-') return std::nullopt;
  }
  T v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return v;
}

}  // namespace

std::optional<int64_t> DoubleToInt(double v) {
  if (!(v > -kTwoTo63 && v < kTwoTo63)) return std::nullopt;
  return static_cast<int64_t>(v);
}

std::optional<uint64_t> DoubleToUint(double v) {
  if (!(v >= 0 && v < kTwoTo64)) return std::nullopt;
  return static_cast<uint64_t>(v);
}

std::optional<int64_t> ParseInt(std::string_view text) { return ParseWhole<int64_t>(text); }
std::optional<uint64_t> ParseUint(std::string_view text) { return ParseWhole<uint64_t>(text); }

// SimpleAtod takes more: blanks around the number, `nan(1)`, and a number out of range as infinity.
std::optional<double> ParseDouble(std::string_view text) {
  double v = 0;
  if (text.empty() || absl::ascii_isspace(text.front()) || absl::ascii_isspace(text.back()) ||
      text.find('(') != text.npos || !absl::SimpleAtod(AbslView(text), &v)) {
    return std::nullopt;
  }
  if (std::isinf(v) && text.find_first_of("iI") == text.npos) return std::nullopt;
  return v;
}

std::string DoubleToText(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), v);
  return std::string(buffer, result.ptr);
}

}  // namespace mandate::cel
