// number.h: numbers across CEL's three kinds, exact about ranges.
//
// Threads     Free functions; safe anywhere.
// Errors      nullopt where the result does not exist in the target's range.
#ifndef MANDATE_SCHEMA_CEL_NUMBER_H_
#define MANDATE_SCHEMA_CEL_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mandate::cel {

// The ends of the integer ranges, which a double represents exactly.
inline constexpr double kTwoTo63 = 9223372036854775808.0;
inline constexpr double kTwoTo64 = 18446744073709551616.0;

// Towards zero. CEL counts -2^63 itself as out of range, since a double there may stand for a
// smaller number.
std::optional<int64_t> DoubleToInt(double v);
std::optional<uint64_t> DoubleToUint(double v);

// Decimal digits with an optional sign, the whole text; no blanks.
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<uint64_t> ParseUint(std::string_view text);
// Decimal or exponent form, `inf`, `nan`; the whole text; no blanks. Nothing that is out of range.
std::optional<double> ParseDouble(std::string_view text);

// The shortest text that reads back as the same number; `NaN`, `+Inf`, `-Inf`.
std::string DoubleToText(double v);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_NUMBER_H_
