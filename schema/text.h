// text.h: putting messages together out of our text and somebody else's.
//
//   Cat("relation ", Quote(name), " has ", 3, " faults")   ->   relation `viewr` has 3 faults
//
// Choose Cat over absl::StrCat where a std::string_view takes part: the packaged Abseil is built
// with a string_view class of its own, which does not convert from the standard one.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_TEXT_H_
#define MANDATE_SCHEMA_TEXT_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mandate {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

namespace text_internal {
inline void Append(std::string& out, std::string_view part) { out.append(part); }
inline void Append(std::string& out, absl::string_view part) { out.append(part.data(), part.size()); }
inline void Append(std::string& out, const std::string& part) { out.append(part); }
inline void Append(std::string& out, const char* part) { out.append(part); }
inline void Append(std::string& out, char part) { out.push_back(part); }
template <std::integral Number>
requires(!std::same_as<Number, char>) void Append(std::string& out, Number part) { out.append(std::to_string(part)); }
}  // namespace text_internal

// All parts, one after the other: text, characters and integers.
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  (text_internal::Append(out, parts), ...);
  return out;
}

// `text` in backticks. Invisible characters and invalid UTF-8 are escaped, and text past 80 bytes
// is cut, so that the result is valid UTF-8, on one line, and short whatever a peer sent.
std::string Quote(std::string_view text);

// The length in bytes of the valid UTF-8 character at the start of `text`, or 0 if there is none.
size_t Utf8CharacterLength(std::string_view text);

// That character's code point. REQUIRES: `length` is its length in bytes, not 0.
uint32_t CodePoint(std::string_view text, size_t length);

// True for what a terminal does not show, or obeys: control characters, marks of width zero, marks
// that turn the direction of the text.
bool IsInvisible(uint32_t code_point);

// INVALID_ARGUMENT with this message.
absl::Status InvalidArgument(std::string_view message);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_TEXT_H_
