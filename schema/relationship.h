// relationship.h: a relationship as a value, and its text form.
//
//   document:plan#viewer@user:alice                            one subject
//   document:plan#viewer@team:core#member                      a subject set
//   document:plan#viewer@user:*                                every object of a type
//   errand:42#scope@document:*#view                            an item on every object of a type
//   document:plan#viewer@user:bob[office_hours:{"tz":"UTC"}][expiration:2026-12-01T00:00:00Z]
//
// Threads     Values; safe anywhere.
// Errors      INVALID_ARGUMENT, naming the part and what is allowed, with the field's path (reason.h).
// Limits      Type names: segments of 3 to 64 of `[a-z0-9_]` joined by `/`, starting with a letter and not ending
//             in `_`, 128 bytes in all. Relation names: one such segment. Ids: 1 to 1024 bytes of letters, digits and
//             `/_|-=+`, or exactly `*` where a wildcard is meant. Text: one line, 36 KiB.
#ifndef MANDATE_SCHEMA_RELATIONSHIP_H_
#define MANDATE_SCHEMA_RELATIONSHIP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mandate {

struct ObjectRef {
  std::string type;
  std::string id;
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
};

// A subject: an object, a subject set (with `relation`), or, with id `*`, every object of a type.
struct SubjectRef {
  std::string type;
  std::string id;
  std::string relation;  // Empty: the object itself. `...` in text means the same.

  ObjectRef object() const { return {type, id}; }
  bool IsWildcard() const { return id == "*"; }
  friend auto operator<=>(const SubjectRef&, const SubjectRef&) = default;
};

// Identity is resource, relation and subject; caveat and expiry are attributes of it.
struct Relationship {
  ObjectRef resource;
  std::string relation;
  SubjectRef subject;
  std::string caveat;                              // Empty: none.
  std::string caveat_context;                      // A JSON object in compact form, or empty.
  absl::Time expires_at = absl::InfiniteFuture();  // Whole microseconds. Gone from this moment on.
  friend bool operator==(const Relationship&, const Relationship&) = default;
};

// A question, written like a relationship whose relation may be a permission.
struct Question {
  ObjectRef resource;
  std::string permission;
  SubjectRef subject;
};

absl::StatusOr<ObjectRef> ParseObject(std::string_view text);    // `type:id`
absl::StatusOr<SubjectRef> ParseSubject(std::string_view text);  // `type:id`, `type:id#relation`, `type:*`
absl::StatusOr<Relationship> ParseRelationship(std::string_view text);
absl::StatusOr<Question> ParseQuestion(std::string_view text);  // no caveat, no expiry
absl::StatusOr<absl::Time> ParseExpiry(std::string_view text);  // RFC 3339, no finer than a microsecond
std::string ExpiryText(absl::Time time);                        // ParseExpiry(ExpiryText(t)) == t

std::string ToText(const ObjectRef& object);
std::string ToText(const SubjectRef& subject);
std::string ToText(const Relationship& relationship);  // ParseRelationship(ToText(r)) == r

// The form of each part, as ParseRelationship and the wire check it; the schema is not asked.
absl::Status ValidateTypeName(std::string_view name);
absl::Status ValidateRelationName(std::string_view name);
enum class Wildcard { kAllowed, kRefused };
absl::Status ValidateObjectId(std::string_view id, Wildcard wildcard);
absl::Status ValidateForm(const Relationship& relationship);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_RELATIONSHIP_H_
