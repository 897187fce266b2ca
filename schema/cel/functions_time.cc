// Parts of timestamps, in UTC or a named zone, and of durations.
#include "absl/time/civil_time.h"
#include "schema/cel/functions.h"
#include "schema/cel/time_text.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

using Part = int64_t (*)(const absl::TimeZone::CivilInfo& info);

Value OfTimestamp(const Call& call, Part part) {
  if (!call.args[0].Is(ValueKind::kTimestamp)) return NoOverload(call);
  absl::TimeZone zone = absl::UTCTimeZone();
  if (call.args.size() == 2) {
    if (!call.args[1].Is(ValueKind::kString)) return NoOverload(call);
    std::optional<absl::TimeZone> found = FindTimeZone(call.args[1].text());
    if (!found.has_value()) return Value::Error(Cat("unknown time zone ", call.args[1].ToString()));
    zone = *found;
  }
  return Value::Int(part(zone.At(call.args[0].timestamp())));
}

// The whole of a duration in `unit`, unless it is a timestamp's part that is asked for.
Value OfEither(const Call& call, Part part, absl::Duration unit) {
  if (!call.args[0].Is(ValueKind::kDuration)) return OfTimestamp(call, part);
  if (call.args.size() != 1) return NoOverload(call);
  absl::Duration rest;
  return Value::Int(absl::IDivDuration(call.args[0].duration(), unit, &rest));
}

int64_t Milliseconds(const absl::TimeZone::CivilInfo& info) { return absl::ToInt64Milliseconds(info.subsecond); }

Value FullYear(const Call& call) {
  return OfTimestamp(call, [](const auto& info) -> int64_t { return info.cs.year(); });
}
Value Month(const Call& call) {
  return OfTimestamp(call, [](const auto& info) -> int64_t { return info.cs.month() - 1; });
}
Value Date(const Call& call) {
  return OfTimestamp(call, [](const auto& info) -> int64_t { return info.cs.day(); });
}
Value DayOfMonth(const Call& call) {
  return OfTimestamp(call, [](const auto& info) -> int64_t { return info.cs.day() - 1; });
}
Value DayOfWeek(const Call& call) {  // 0 is Sunday; absl counts from Monday.
  return OfTimestamp(call,
                     [](const auto& info) -> int64_t { return (static_cast<int>(absl::GetWeekday(info.cs)) + 1) % 7; });
}
Value DayOfYear(const Call& call) {
  return OfTimestamp(call, [](const auto& info) -> int64_t { return absl::GetYearDay(absl::CivilDay(info.cs)) - 1; });
}
Value Hours(const Call& call) {
  return OfEither(
      call, [](const auto& info) -> int64_t { return info.cs.hour(); }, absl::Hours(1));
}
Value Minutes(const Call& call) {
  return OfEither(
      call, [](const auto& info) -> int64_t { return info.cs.minute(); }, absl::Minutes(1));
}
Value Seconds(const Call& call) {
  return OfEither(
      call, [](const auto& info) -> int64_t { return info.cs.second(); }, absl::Seconds(1));
}

// Unlike the other parts, a duration's milliseconds are those beyond its whole seconds.
Value MillisecondsPart(const Call& call) {
  if (!call.args[0].Is(ValueKind::kDuration)) return OfTimestamp(call, Milliseconds);
  if (call.args.size() != 1) return NoOverload(call);
  absl::Duration rest;
  absl::IDivDuration(call.args[0].duration(), absl::Seconds(1), &rest);
  return Value::Int(absl::ToInt64Milliseconds(rest));
}

}  // namespace

std::vector<FunctionSpec> TimeFunctions() {
  const std::vector<std::string_view> timestamp = {"timestamp.() -> int", "timestamp.(string) -> int"};
  const std::vector<std::string_view> either = {"timestamp.() -> int", "timestamp.(string) -> int",
                                                "duration.() -> int"};
  return {
      {"getFullYear", timestamp, FullYear},
      {"getMonth", timestamp, Month},
      {"getDate", timestamp, Date},
      {"getDayOfMonth", timestamp, DayOfMonth},
      {"getDayOfWeek", timestamp, DayOfWeek},
      {"getDayOfYear", timestamp, DayOfYear},
      {"getHours", either, Hours},
      {"getMinutes", either, Minutes},
      {"getSeconds", either, Seconds},
      {"getMilliseconds", either, MillisecondsPart},
  };
}

}  // namespace mandate::cel
