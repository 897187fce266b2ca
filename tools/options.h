// options.h: the values of options that several commands have.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, naming the option, what was written and what is meant.
#ifndef MANDATE_TOOLS_OPTIONS_H_
#define MANDATE_TOOLS_OPTIONS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "schema/relationship.h"

namespace mandate {

// `type:id`; nothing for an empty text.
absl::StatusOr<std::optional<ObjectRef>> ObjectOption(const char* option, const std::string& text);

// The same where it has to be there.
absl::StatusOr<ObjectRef> RequiredObject(const char* option, const std::string& text);

// Each of --audience: an object.
absl::StatusOr<std::vector<SubjectRef>> AudienceOption(const std::vector<std::string>& texts);

// `document:plan#view` of an action or an approval.
struct Goal {
  ObjectRef resource;
  std::string permission;
};
absl::StatusOr<Goal> ParseGoal(const std::string& text);

// `90s`, `2h30m`, `7d`; more than nothing.
absl::StatusOr<absl::Duration> DurationOption(const char* option, const std::string& text);

// A moment in RFC 3339 (`2026-12-01T00:00:00Z`).
absl::StatusOr<absl::Time> TimeOption(const char* option, const std::string& text);

// Until when, by --for or --until, one of which is given.
absl::StatusOr<absl::Time> EndOption(const std::string& for_text, const std::string& until_text, absl::Time now);

// The moment itself, or how long ago it was (`2h`).
absl::StatusOr<absl::Time> PastOption(const char* option, const std::string& text, absl::Time now);

// `office_hours` or `office_hours:{"opens": 9}` into name and compact context.
absl::StatusOr<std::pair<std::string, std::string>> CaveatOption(const std::string& text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_OPTIONS_H_
