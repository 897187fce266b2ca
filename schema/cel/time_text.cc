#include "schema/cel/time_text.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr size_t kDigitsMax = 19;        // of a 64-bit number; longer durations are out of range anyway
constexpr size_t kZoneNameSizeMax = 64;  // the longest name of the database has 32

struct Unit {
  std::string_view name;
  int64_t nanos;
};
// Longest first, so that `ms` is not read as `m`.
constexpr Unit kUnits[] = {
    {"\xC2\xB5s", 1'000},  // MICRO SIGN
    {"\xCE\xBCs", 1'000},  // GREEK SMALL LETTER MU
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", kNanosPerSecond},
    {"m", 60 * kNanosPerSecond},
    {"h", 3600 * kNanosPerSecond},
};

std::string_view ConsumeDigits(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

// Exactly `count` digits.
bool ConsumeNumber(std::string_view& text, size_t count, int& out) {
  if (text.size() < count) return false;
  out = 0;
  for (char c : text.substr(0, count)) {
    if (!absl::ascii_isdigit(c)) return false;
    out = out * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool ConsumeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// `1.5h` and such: adds to `total_nanos`. A fraction of a nanosecond is dropped, as Go does.
bool ConsumeTerm(std::string_view& text, absl::int128& total_nanos) {
  std::string_view whole = ConsumeDigits(text);
  std::string_view fraction;
  if (ConsumeChar(text, '.')) fraction = ConsumeDigits(text);
  if ((whole.empty() && fraction.empty()) || whole.size() > kDigitsMax) return false;
  const Unit* unit =
      std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return text.starts_with(u.name); });
  if (unit == std::end(kUnits)) return false;
  text.remove_prefix(unit->name.size());
  absl::int128 value = 0;
  for (char c : whole) value = value * 10 + (c - '0');
  total_nanos += value * unit->nanos;
  absl::int128 scaled = 0;
  absl::int128 scale = 1;
  for (char c : fraction.substr(0, kDigitsMax - 1)) {
    scaled = scaled * 10 + (c - '0');
    scale *= 10;
  }
  total_nanos += scaled * unit->nanos / scale;
  return total_nanos <= absl::int128(1) << 64;
}

// `.123`, or nothing.
bool ConsumeFraction(std::string_view& text, int64_t& nanos) {
  nanos = 0;
  if (!ConsumeChar(text, '.')) return true;
  std::string_view digits = ConsumeDigits(text);
  if (digits.empty()) return false;
  int64_t weight = kNanosPerSecond / 10;
  for (char c : digits.substr(0, 9)) {
    nanos += (c - '0') * weight;
    weight /= 10;
  }
  return true;
}

// `Z`, `+01:00`.
bool ConsumeZone(std::string_view& text, int& offset_seconds) {
  offset_seconds = 0;
  if (ConsumeChar(text, 'Z') || ConsumeChar(text, 'z')) return true;
  bool negative = !text.empty() && text.front() == '-';
  if (!negative && (text.empty() || text.front() != '+')) return false;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!ConsumeNumber(text, 2, hours) || !ConsumeChar(text, ':') || !ConsumeNumber(text, 2, minutes) || hours > 23 ||
      minutes > 59) {
    return false;
  }
  offset_seconds = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
  return true;
}

bool ConsumeDateTime(std::string_view& text, absl::CivilSecond& out) {
  int year, month, day, hour, minute, second;
  if (!ConsumeNumber(text, 4, year) || !ConsumeChar(text, '-') || !ConsumeNumber(text, 2, month) ||
      !ConsumeChar(text, '-') || !ConsumeNumber(text, 2, day)) {
    return false;
  }
  if (!ConsumeChar(text, 'T') && !ConsumeChar(text, 't')) return false;
  if (!ConsumeNumber(text, 2, hour) || !ConsumeChar(text, ':') || !ConsumeNumber(text, 2, minute) ||
      !ConsumeChar(text, ':') || !ConsumeNumber(text, 2, second)) {
    return false;
  }
  out = absl::CivilSecond(year, month, day, hour, minute, second);
  // CivilSecond carries over what is too large; a date that moved was not a date.
  return out.month() == month && out.day() == day && out.hour() == hour && out.minute() == minute &&
         out.second() == second;
}

// `seconds` and `nanos` of one sign, without trailing zeros: `-0.5`.
std::string FormatDecimal(int64_t nanos) {
  std::string_view sign = nanos < 0 ? "-" : "";
  uint64_t magnitude = nanos < 0 ? -static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  uint64_t fraction = magnitude % kNanosPerSecond;
  std::string text = Cat(sign, magnitude / kNanosPerSecond);
  if (fraction == 0) return text;
  absl::StrAppendFormat(&text, ".%09d", fraction);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// Asked before absl::LoadTimeZone, which remembers every name for ever and would open any path.
bool IsInDatabase(std::string_view name) {
  if (name.size() > kZoneNameSizeMax || !absl::ascii_isalpha(name.front())) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '+' && c != '/') return false;
  }
  const char* directory = std::getenv("TZDIR");
  std::string path = Cat(directory != nullptr ? directory : "/usr/share/zoneinfo", "/", name);
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

bool InRange(absl::Duration duration) {
  constexpr absl::Duration kMin = absl::Nanoseconds(std::numeric_limits<int64_t>::min());
  constexpr absl::Duration kMax = absl::Nanoseconds(std::numeric_limits<int64_t>::max());
  return duration >= kMin && duration <= kMax;
}

bool InRange(absl::Time time) {
  static const absl::Time kBegin = absl::FromCivil(absl::CivilSecond(1, 1, 1, 0, 0, 0), absl::UTCTimeZone());
  static const absl::Time kEnd = absl::FromCivil(absl::CivilSecond(10000, 1, 1, 0, 0, 0), absl::UTCTimeZone());
  return time >= kBegin && time < kEnd;
}

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  bool negative = ConsumeChar(text, '-');
  if (!negative) ConsumeChar(text, '+');
  if (text == "0") return absl::ZeroDuration();
  if (text.empty()) return std::nullopt;
  absl::int128 nanos = 0;
  while (!text.empty()) {
    if (!ConsumeTerm(text, nanos)) return std::nullopt;
  }
  if (negative) nanos = -nanos;
  if (nanos > std::numeric_limits<int64_t>::max() || nanos < std::numeric_limits<int64_t>::min()) {
    return std::nullopt;
  }
  return absl::Nanoseconds(static_cast<int64_t>(nanos));
}

std::string DurationToText(absl::Duration duration) {
  return Cat(FormatDecimal(absl::ToInt64Nanoseconds(duration)), "s");
}

std::optional<absl::Time> ParseTimestamp(std::string_view text) {
  absl::CivilSecond civil;
  int64_t nanos = 0;
  int offset_seconds = 0;
  if (!ConsumeDateTime(text, civil) || !ConsumeFraction(text, nanos) || !ConsumeZone(text, offset_seconds) ||
      !text.empty()) {
    return std::nullopt;
  }
  absl::Time time =
      absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Nanoseconds(nanos) - absl::Seconds(offset_seconds);
  if (!InRange(time)) return std::nullopt;
  return time;
}

std::string TimestampToText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::optional<absl::TimeZone> FindTimeZone(std::string_view name) {
  if (name == "UTC" || name.empty()) return absl::UTCTimeZone();
  const std::string offset = Cat(absl::ascii_isdigit(name.front()) ? "+" : "", name);  // CEL allows `02:00`.
  std::string_view rest = offset;
  int seconds = 0;
  if (rest.front() != 'Z' && rest.front() != 'z' && ConsumeZone(rest, seconds) && rest.empty()) {
    return absl::FixedTimeZone(seconds);
  }
  absl::TimeZone zone;
  if (!IsInDatabase(name) || !absl::LoadTimeZone(AbslView(name), &zone)) return std::nullopt;
  return zone;
}

}  // namespace mandate::cel
