// The form of each part of a relationship. Hand-written rather than regular expressions: this runs
// for every part of every relationship on the wire, and a message can name the character at fault.
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "schema/reason.h"
#include "schema/relationship.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kSegmentBytesMin = 3;
constexpr size_t kSegmentBytesMax = 64;
constexpr size_t kTypeNameBytesMax = 128;  // What existing clients allow; keys stay small.
constexpr size_t kIdBytesMax = 1024;
constexpr size_t kCaveatNameBytesMax = 128;

constexpr std::string_view kSegmentRule =
    "3 to 64 of `a-z`, `0-9` and `_`, starting with a letter and not ending in `_`";

bool IsSegment(std::string_view text) {
  if (text.size() < kSegmentBytesMin || text.size() > kSegmentBytesMax) return false;
  if (!absl::ascii_islower(text.front()) || text.back() == '_') return false;
  for (char c : text) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '_') return false;
  }
  return true;
}

bool IsIdCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '/' || c == '_' || c == '|' || c == '-' || c == '=' || c == '+';
}

bool IsCaveatName(std::string_view name) {
  if (name.empty() || name.size() > kCaveatNameBytesMax) return false;
  if (!absl::ascii_isalnum(name.front()) && name.front() != '_') return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '/' && c != '_' && c != '|' && c != '-') return false;
  }
  return true;
}

// The same error about `part`, found at `field`.
absl::Status At(const absl::Status& status, std::string_view part, std::string_view field) {
  if (status.ok()) return status;
  return WithField(absl::Status(status.code(), Cat(part, " ", status.message())), field);
}

absl::Status ValidateExpiry(absl::Time time) {
  if (time == absl::InfiniteFuture()) return absl::OkStatus();
  static const absl::Time first = absl::FromCivil(absl::CivilYear(1), absl::UTCTimeZone());
  static const absl::Time last = absl::FromCivil(absl::CivilYear(10000), absl::UTCTimeZone());
  if (time < first || time >= last) {
    return InvalidArgument("is out of range: a time lies in the years 0001 to 9999");
  }
  if (absl::FromUnixMicros(absl::ToUnixMicros(time)) != time) {
    return InvalidArgument("is too fine: a time is given in whole microseconds");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTypeName(std::string_view name) {
  bool valid = name.size() <= kTypeNameBytesMax;
  for (size_t start = 0; valid;) {
    const size_t slash = name.find('/', start);
    valid = IsSegment(name.substr(start, slash == name.npos ? name.npos : slash - start));
    if (slash == name.npos) break;
    start = slash + 1;
  }
  if (valid) return absl::OkStatus();
  return InvalidArgument(Cat("type ", Quote(name), " is not a type name: segments of ", kSegmentRule,
                             ", joined by `/`, 128 bytes in all"));
}

absl::Status ValidateRelationName(std::string_view name) {
  if (IsSegment(name)) return absl::OkStatus();
  return InvalidArgument(Cat("relation ", Quote(name), " is not a relation name: ", kSegmentRule));
}

absl::Status ValidateObjectId(std::string_view id, Wildcard wildcard) {
  if (id == "*") {
    if (wildcard == Wildcard::kAllowed) return absl::OkStatus();
    return InvalidArgument("id `*` is not allowed here: only a subject can be a wildcard");
  }
  constexpr std::string_view kRule = "an id is 1 to 1024 bytes of letters, digits and `/_|-=+`";
  if (id.empty()) return InvalidArgument(Cat("id is empty: ", kRule));
  if (id.size() > kIdBytesMax) {
    return InvalidArgument(Cat("id ", Quote(id), " has ", id.size(), " bytes: ", kRule));
  }
  for (size_t i = 0; i < id.size(); ++i) {
    if (IsIdCharacter(id[i])) continue;
    const size_t length = std::max<size_t>(1, Utf8CharacterLength(id.substr(i)));
    return InvalidArgument(Cat("id ", Quote(id), " contains ", Quote(id.substr(i, length)), ": ", kRule));
  }
  return absl::OkStatus();
}

absl::Status ValidateForm(const Relationship& r) {
  absl::Status status;
  status = At(ValidateTypeName(r.resource.type), "resource", "resource.type");
  if (!status.ok()) return status;
  status = At(ValidateObjectId(r.resource.id, Wildcard::kRefused), "resource", "resource.id");
  if (!status.ok()) return status;
  if (status = ValidateRelationName(r.relation); !status.ok()) return WithField(status, "relation");
  status = At(ValidateTypeName(r.subject.type), "subject", "subject.type");
  if (!status.ok()) return status;
  status = At(ValidateObjectId(r.subject.id, Wildcard::kAllowed), "subject", "subject.id");
  if (!status.ok()) return status;
  if (!r.subject.relation.empty()) {
    status = At(ValidateRelationName(r.subject.relation), "subject", "subject.relation");
    if (!status.ok()) return status;
  }
  if (!r.caveat.empty() && !IsCaveatName(r.caveat)) {
    return WithField(
        InvalidArgument(Cat("caveat ", Quote(r.caveat),
                            " is not a caveat name: 1 to 128 of letters, digits and `/_|-`, starting with a "
                            "letter, a digit or `_`")),
        "caveat");
  }
  if (r.caveat.empty() && !r.caveat_context.empty()) {
    return WithField(InvalidArgument("there is a caveat context but no caveat"), "caveat_context");
  }
  if (!r.caveat_context.empty()) {
    absl::StatusOr<std::string> compact = CompactContext(r.caveat_context);
    if (!compact.ok()) return WithField(compact.status(), "caveat_context");
  }
  return At(ValidateExpiry(r.expires_at), "expiration", "expires_at");
}

}  // namespace mandate
