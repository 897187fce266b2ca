// reason.h: the machine-readable word that travels with an error.
//
// A status code says what kind of failure it is; the reason says which one of ours (`CYCLE`, `INCOMPLETE`,
// `SCOPE_SEALED`, `PRECONDITION_FAILED`, ...). The edge turns it into the `reason` of a google.rpc.ErrorInfo.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_REASON_H_
#define MANDATE_SCHEMA_REASON_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mandate {

// The same error, carrying `reason` (UPPER_SNAKE_CASE). REQUIRES: !status.ok().
absl::Status WithReason(absl::Status status, std::string_view reason);

// The reason that `status` carries; empty when it carries none.
std::string ReasonOf(const absl::Status& status);

// Which part of a request is at fault, as a path (`updates[3].relationship.subject.id`).
// REQUIRES: !status.ok().
absl::Status WithField(absl::Status status, std::string_view field_path);
std::string FieldOf(const absl::Status& status);

// An error of the caller: what is wrong, its reason, and where.
absl::Status Invalid(std::string_view message, std::string_view reason, std::string_view field_path);

// What a message names, once more by itself (`caveat_name`: `office_hours`), for programs. REQUIRES: !status.ok().
absl::Status WithDetail(absl::Status status, std::string_view key, std::string_view value);
// The detail of an error that goes away by itself: in how many milliseconds to try again.
inline constexpr char kRetryAfterDetail[] = "retry_after_ms";
std::map<std::string, std::string> DetailsOf(const absl::Status& status);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_REASON_H_
