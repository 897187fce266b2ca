#include "tools/options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

absl::Status Named(const char* option, const absl::Status& about) {
  return InvalidArgument(Cat(option, " ", about.message()));
}

// absl's durations, and whole days.
bool ReadDuration(const std::string& text, absl::Duration* duration) {
  int64_t days = 0;
  if (text.size() > 1 && text.back() == 'd' && absl::ascii_isdigit(text.front()) &&
      absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
    *duration = absl::Hours(24) * days;
    return true;
  }
  return absl::ParseDuration(text, duration);
}

}  // namespace

absl::StatusOr<ObjectRef> RequiredObject(const char* option, const std::string& text) {
  auto object = ParseObject(text);
  if (!object.ok()) return Named(option, About(text, object.status()));
  return object;
}

absl::StatusOr<std::optional<ObjectRef>> ObjectOption(const char* option, const std::string& text) {
  if (text.empty()) return std::optional<ObjectRef>();
  auto object = RequiredObject(option, text);
  if (!object.ok()) return object.status();
  return std::optional<ObjectRef>(*std::move(object));
}

absl::StatusOr<std::vector<SubjectRef>> AudienceOption(const std::vector<std::string>& texts) {
  std::vector<SubjectRef> audience;
  for (const std::string& text : texts) {
    auto member = ParseSubject(text);
    if (!member.ok()) return Named("--audience", About(text, member.status()));
    audience.push_back(*std::move(member));
  }
  return audience;
}

absl::StatusOr<Goal> ParseGoal(const std::string& text) {
  const size_t hash = text.find('#');
  if (hash == std::string::npos || hash + 1 == text.size()) {
    return InvalidArgument(Cat(Quote(text), " names no permission of an object; write document:plan#view"));
  }
  auto object = ParseObject(text.substr(0, hash));
  if (!object.ok()) return About(text, object.status());
  return Goal{*std::move(object), text.substr(hash + 1)};
}

absl::StatusOr<absl::Duration> DurationOption(const char* option, const std::string& text) {
  absl::Duration duration;
  if (ReadDuration(text, &duration) && duration > absl::ZeroDuration()) return duration;
  return InvalidArgument(Cat(option, " ", Quote(text), " is no length of time; write 90s, 2h30m or 7d"));
}

absl::StatusOr<absl::Time> TimeOption(const char* option, const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return InvalidArgument(Cat(option, " ", Quote(text), " is no moment; write it as 2026-12-01T00:00:00Z"));
}

absl::StatusOr<absl::Time> EndOption(const std::string& for_text, const std::string& until_text, absl::Time now) {
  if (for_text.empty() && until_text.empty()) return InvalidArgument("say until when: --for 2h or --until MOMENT");
  if (!until_text.empty()) return TimeOption("--until", until_text);
  auto duration = DurationOption("--for", for_text);
  if (!duration.ok()) return duration.status();
  return absl::FromUnixMillis(absl::ToUnixMillis(now + *duration));  // Finer is only harder to read.
}

absl::StatusOr<absl::Time> PastOption(const char* option, const std::string& text, absl::Time now) {
  absl::Duration ago;
  if (ReadDuration(text, &ago) && ago > absl::ZeroDuration()) return now - ago;
  auto time = TimeOption(option, text);
  if (time.ok()) return time;
  return InvalidArgument(
      Cat(option, " ", Quote(text), " is no moment; write it as 2026-12-01T00:00:00Z, or how long ago, as 2h"));
}

absl::StatusOr<std::pair<std::string, std::string>> CaveatOption(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return std::pair(text, std::string());
  auto context = CompactContext(text.substr(colon + 1));
  if (!context.ok()) return Named("--caveat", About(text, context.status()));
  return std::pair(text.substr(0, colon), *std::move(context));
}

}  // namespace mandate
