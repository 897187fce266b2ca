// The text form of relationships. Identifiers hold none of `:#@[`, so the parts are cut at the
// first of each; only the caveat's context needs a closer look, for its strings may hold anything.
#include "schema/relationship.h"

#include "absl/strings/ascii.h"
#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

// All parts but the context together take less than 4 KiB.
constexpr size_t kRelationshipBytesMax = kContextBytesMax + (4 << 10);
constexpr std::string_view kExpirationTag = "expiration:";

absl::Status Malformed(std::string_view field, std::string_view message) {
  return WithField(InvalidArgument(message), field);
}

absl::Status CheckText(std::string_view text) {
  if (text.size() > kRelationshipBytesMax) {
    return InvalidArgument(
        Cat("the text has ", text.size(), " bytes; at most ", kRelationshipBytesMax, " are allowed"));
  }
  for (char c : text) {
    // U+007F passes, for JSON may hold it as it is; the other parts have narrower rules of their own.
    if (static_cast<unsigned char>(c) < 0x20) {
      return InvalidArgument(Cat(Quote(text), " contains a control character or a line break"));
    }
  }
  return absl::OkStatus();
}

// `type:id`, cut but not yet judged.
absl::StatusOr<ObjectRef> CutObject(std::string_view text, std::string_view part) {
  const size_t colon = text.find(':');
  if (colon == text.npos) {
    return Malformed(part, Cat(part, " ", Quote(text), " has no `:`; an object is written `type:id`"));
  }
  return ObjectRef{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

absl::StatusOr<SubjectRef> CutSubject(std::string_view text) {
  const size_t hash = text.find('#');
  absl::StatusOr<ObjectRef> object = CutObject(text.substr(0, hash), "subject");
  if (!object.ok()) return object.status();
  SubjectRef subject{std::move(object->type), std::move(object->id), ""};
  if (hash == text.npos) return subject;
  const std::string_view relation = text.substr(hash + 1);
  if (relation.empty()) return Malformed("subject.relation", "there is no relation after the subject's `#`");
  if (relation != "...") subject.relation = relation;
  return subject;
}

// `type:id#relation@subject`: what relationships and questions have in common.
absl::StatusOr<Relationship> CutCore(std::string_view text) {
  const size_t at = text.find('@');
  if (at == text.npos) {
    return Malformed("subject", Cat(Quote(text), " has no `@`; it is written `type:id#relation@type:id`"));
  }
  const std::string_view left = text.substr(0, at);
  const size_t hash = left.find('#');
  if (hash == left.npos) {
    return Malformed("relation", Cat(Quote(text),
                                     " has no `#` before its `@`; it is written "
                                     "`type:id#relation@type:id`"));
  }
  absl::StatusOr<ObjectRef> resource = CutObject(left.substr(0, hash), "resource");
  if (!resource.ok()) return resource.status();
  absl::StatusOr<SubjectRef> subject = CutSubject(text.substr(at + 1));
  if (!subject.ok()) return subject.status();
  return Relationship{
      .resource = *std::move(resource), .relation = std::string(left.substr(hash + 1)), .subject = *std::move(subject)};
}

// The bracket at the start of `text`, without its brackets; removes it from `text`.
absl::StatusOr<std::string_view> TakeBracket(std::string_view& text) {
  if (text.empty() || text.front() != '[') {
    return InvalidArgument(Cat(Quote(text), " is left over at the end of the relationship"));
  }
  size_t end = text.find_first_of("]{");
  if (end != text.npos && text[end] == '{') {
    const size_t length = BracketedLength(text.substr(end));
    end = length == text.npos ? text.npos : text.find_first_not_of(' ', end + length);
  }
  if (end == text.npos || text[end] != ']') {
    return InvalidArgument(Cat(Quote(text), " has no matching `]`"));
  }
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return inside;
}

bool IsExpiration(std::string_view inside) {
  return inside.starts_with(kExpirationTag) && !inside.starts_with("expiration:{");
}

absl::Status ReadCaveat(std::string_view inside, Relationship& r) {
  const size_t colon = inside.find(':');
  r.caveat = std::string(inside.substr(0, colon));
  if (r.caveat.empty()) return Malformed("caveat", "there is no caveat name after `[`");
  if (colon == inside.npos) return absl::OkStatus();
  absl::StatusOr<std::string> context = CompactContext(inside.substr(colon + 1));
  if (!context.ok()) return WithField(context.status(), "caveat_context");
  r.caveat_context = *std::move(context);
  return absl::OkStatus();
}

absl::Status ReadAttributes(std::string_view brackets, Relationship& r) {
  bool expiration_seen = false;
  while (!brackets.empty()) {
    absl::StatusOr<std::string_view> inside = TakeBracket(brackets);
    if (!inside.ok()) return inside.status();
    if (expiration_seen) return InvalidArgument("nothing may follow the expiration");
    if (IsExpiration(*inside)) {
      absl::StatusOr<absl::Time> time = ParseExpiry(inside->substr(kExpirationTag.size()));
      if (!time.ok()) return time.status();
      r.expires_at = *time;
      expiration_seen = true;
      continue;
    }
    if (!r.caveat.empty()) return Malformed("caveat", "a relationship carries one caveat at most");
    if (absl::Status status = ReadCaveat(*inside, r); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// One part's error, found by judging a whole relationship made around it.
absl::Status ValidateSubject(const SubjectRef& subject) {
  return ValidateForm(Relationship{.resource = {"type", "id"}, .relation = "relation", .subject = subject});
}

}  // namespace

absl::StatusOr<ObjectRef> ParseObject(std::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  const size_t colon = text.find(':');
  if (colon == text.npos) {
    return InvalidArgument(Cat(Quote(text), " has no `:`; an object is written `type:id`"));
  }
  ObjectRef object{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (absl::Status status = ValidateTypeName(object.type); !status.ok()) return WithField(status, "type");
  absl::Status status = ValidateObjectId(object.id, Wildcard::kRefused);
  if (!status.ok()) return WithField(status, "id");
  return object;
}

absl::StatusOr<SubjectRef> ParseSubject(std::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  absl::StatusOr<SubjectRef> subject = CutSubject(text);
  if (!subject.ok()) return subject;
  if (absl::Status status = ValidateSubject(*subject); !status.ok()) return status;
  return subject;
}

absl::StatusOr<Relationship> ParseRelationship(std::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  const size_t bracket = std::min(text.find('['), text.size());
  absl::StatusOr<Relationship> r = CutCore(text.substr(0, bracket));
  if (!r.ok()) return r;
  if (absl::Status status = ReadAttributes(text.substr(bracket), *r); !status.ok()) return status;
  if (absl::Status status = ValidateForm(*r); !status.ok()) return status;
  return r;
}

// RFC 3339 exactly: absl::ParseTime alone would also take blanks, infinities and missing parts.
absl::StatusOr<absl::Time> ParseExpiry(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  bool matches = text.size() > kShape.size();
  for (size_t i = 0; matches && i < kShape.size(); ++i) {
    matches = kShape[i] == 'd' ? absl::ascii_isdigit(text[i]) : absl::ascii_toupper(text[i]) == kShape[i];
  }
  for (size_t i = kShape.size(); matches && i < text.size(); ++i) {
    matches = absl::ascii_isdigit(text[i]) || std::string_view(".:+-Zz").find(text[i]) != std::string_view::npos;
  }
  absl::Time time;
  std::string error;
  if (!matches || !absl::ParseTime(absl::RFC3339_full, absl::AsciiStrToUpper(AbslView(text)), &time, &error)) {
    return Malformed("expires_at",
                     Cat("expiration ", Quote(text), " is not an RFC 3339 time, like `2026-12-01T00:00:00Z`"));
  }
  if (text.find('.') != text.npos && absl::FromUnixMicros(absl::ToUnixMicros(time)) != time) {
    return Malformed("expires_at", Cat("expiration ", Quote(text), " is finer than a microsecond"));
  }
  return time;
}

std::string ExpiryText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<Question> ParseQuestion(std::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  if (text.find('[') != text.npos) {
    return InvalidArgument(Cat("a question carries neither caveat nor expiration; ", Quote(text), " has a `[`"));
  }
  absl::StatusOr<Relationship> r = CutCore(text);
  if (!r.ok()) return r.status();
  if (absl::Status status = ValidateForm(*r); !status.ok()) {
    return FieldOf(status) == "relation" ? WithField(status, "permission") : status;
  }
  return Question{std::move(r->resource), std::move(r->relation), std::move(r->subject)};
}

std::string ToText(const ObjectRef& object) { return Cat(object.type, ":", object.id); }

std::string ToText(const SubjectRef& subject) {
  std::string text = Cat(subject.type, ":", subject.id);
  if (!subject.relation.empty()) text += Cat("#", subject.relation);
  return text;
}

std::string ToText(const Relationship& r) {
  std::string text = Cat(ToText(r.resource), "#", r.relation, "@", ToText(r.subject));
  if (!r.caveat.empty()) {
    text += Cat("[", r.caveat, r.caveat_context.empty() ? "" : ":", r.caveat_context, "]");
  }
  if (r.expires_at != absl::InfiniteFuture()) {
    text += Cat("[", kExpirationTag, ExpiryText(r.expires_at), "]");
  }
  return text;
}

}  // namespace mandate
