// time_text.h: the text of CEL's timestamps and durations, and time zones by name.
//
// Threads     Free functions; safe anywhere.
// Errors      nullopt where the text is malformed or out of range.
// Units       Both have nanosecond resolution; what is finer is dropped.
#ifndef MANDATE_SCHEMA_CEL_TIME_TEXT_H_
#define MANDATE_SCHEMA_CEL_TIME_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace mandate::cel {

// Go's form: a sign, then numbers with units `h m s ms us ns` (`1h30m`, `-1.5s`), or `0`.
std::optional<absl::Duration> ParseDuration(std::string_view text);
std::string DurationToText(absl::Duration duration);  // In seconds: `5400s`, `0.25s`.

// RFC 3339 with date, time and zone.
std::optional<absl::Time> ParseTimestamp(std::string_view text);
std::string TimestampToText(absl::Time time);  // In UTC, without trailing zeros: `2009-02-13T23:31:30.5Z`.

// Within 64 bits of nanoseconds (about 292 years), and the years 1 to 9999.
bool InRange(absl::Duration duration);
bool InRange(absl::Time time);

// A name of the machine's time zone database (`Europe/Berlin`), `UTC`, or an offset (`+01:00`,
// `02:00`).
std::optional<absl::TimeZone> FindTimeZone(std::string_view name);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_TIME_TEXT_H_
