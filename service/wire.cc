#include "service/wire.h"

#include <algorithm>
#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// Times outside of the years 1 to 9999 have no RFC 3339 form.
constexpr int64_t kSecondsMin = -62135596800;
constexpr int64_t kSecondsMax = 253402300799;

constexpr int kChainMax = 16;
constexpr int kAudienceMax = 1000;
constexpr uint32_t kSubjectSetDepthMax = 1'000'000;

std::string Sub(const std::string& path, const std::string& field) {
  return path.empty() ? field : Cat(path, ".", field);
}

absl::Status Missing(const std::string& path) {
  return WithField(WithReason(absl::InvalidArgumentError(Cat("`", path, "` is required")),
                              "MISSING_FIELD"),
                   path);
}

// What relationship.h says about the form of a part, placed.
absl::Status At(const absl::Status& status, const std::string& path) {
  return status.ok() ? status : WithField(WithReason(status, "MALFORMED_FIELD"), path);
}

absl::Status Invalid(const std::string& message, std::string_view reason, const std::string& path) {
  return WithField(WithReason(absl::InvalidArgumentError(message), reason), path);
}

absl::Status ValidateFilterNames(const TupleFilter& filter, const std::string& path) {
  if (!filter.resource_type.empty()) {
    if (auto s = At(ValidateTypeName(filter.resource_type), Sub(path, "resource_type")); !s.ok()) {
      return s;
    }
  }
  if (!filter.resource_id.empty()) {
    auto s = At(ValidateObjectId(filter.resource_id, Wildcard::kRefused), Sub(path, "resource_id"));
    if (!s.ok()) return s;
  }
  if (!filter.resource_id_prefix.empty()) {
    auto s = At(ValidateObjectId(filter.resource_id_prefix, Wildcard::kRefused),
                Sub(path, "resource_id_prefix"));
    if (!s.ok()) return s;
  }
  if (!filter.relation.empty()) {
    if (auto s = At(ValidateRelationName(filter.relation), Sub(path, "relation")); !s.ok()) return s;
  }
  if (!filter.subject_type.empty()) {
    if (auto s = At(ValidateTypeName(filter.subject_type), Sub(path, "subject.type")); !s.ok()) {
      return s;
    }
  }
  if (!filter.subject_id.empty()) {
    auto s = At(ValidateObjectId(filter.subject_id, Wildcard::kAllowed), Sub(path, "subject.id"));
    if (!s.ok()) return s;
  }
  if (filter.subject_relation.has_value() && !filter.subject_relation->empty()) {
    return At(ValidateRelationName(*filter.subject_relation), Sub(path, "subject.relation"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Time FromWire(const google::protobuf::Timestamp& wire) {
  return absl::FromUnixSeconds(wire.seconds()) + absl::Microseconds(wire.nanos() / 1000);
}

absl::StatusOr<absl::Time> TimeFromWire(const google::protobuf::Timestamp& wire, const std::string& path) {
  if (wire.seconds() < kSecondsMin || wire.seconds() > kSecondsMax || wire.nanos() < 0 ||
      wire.nanos() > 999'999'999) {
    return Invalid("a time lies between the years 1 and 9999, with 0 to 999,999,999 nanos",
                   "TIME_OUT_OF_RANGE", path);
  }
  return FromWire(wire);
}

absl::Status ValidateOpaque(const std::string& text, const std::string& path) {
  constexpr size_t kBytesMax = 256;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (text.size() <= kBytesMax && printable) return absl::OkStatus();
  return Invalid(Cat("at most ", kBytesMax, " bytes of printable ASCII without blanks"), "MALFORMED_FIELD", path);
}

absl::Status AudienceFromWire(const google::protobuf::RepeatedPtrField<v1::SubjectReference>& wire,
                              const std::string& path, std::vector<SubjectRef>* audience) {
  if (wire.size() > kAudienceMax) {
    return Invalid(Cat("an audience has at most ", kAudienceMax, " members"), "TOO_MANY", path);
  }
  for (int i = 0; i < wire.size(); ++i) {
    auto member = FromWire(wire.Get(i), Cat(path, "[", i, "]"), Wildcard::kRefused);
    if (!member.ok()) return member.status();
    audience->push_back(*std::move(member));
  }
  return absl::OkStatus();
}

void ToWire(absl::Time value, google::protobuf::Timestamp* wire) {
  const int64_t micros = absl::ToUnixMicros(value);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  wire->set_seconds(seconds);
  wire->set_nanos(static_cast<int32_t>(rest * 1000));
}

absl::StatusOr<ObjectRef> FromWire(const v1::ObjectReference& wire, const std::string& path) {
  if (wire.type().empty()) return Missing(Sub(path, "type"));
  if (auto s = At(ValidateTypeName(wire.type()), Sub(path, "type")); !s.ok()) return s;
  if (wire.id().empty()) return Missing(Sub(path, "id"));
  auto s = At(ValidateObjectId(wire.id(), Wildcard::kRefused), Sub(path, "id"));
  if (!s.ok()) return s;
  return ObjectRef{wire.type(), wire.id()};
}

absl::StatusOr<SubjectRef> FromWire(const v1::SubjectReference& wire, const std::string& path,
                                    Wildcard wildcard) {
  if (wire.type().empty()) return Missing(Sub(path, "type"));
  if (auto s = At(ValidateTypeName(wire.type()), Sub(path, "type")); !s.ok()) return s;
  if (wire.id().empty()) return Missing(Sub(path, "id"));
  if (wire.id() == "*" && wildcard == Wildcard::kRefused) {
    return Invalid("a wildcard asks for nobody in particular; name one subject",
                   "WILDCARD_NOT_ALLOWED", Sub(path, "id"));
  }
  if (auto s = At(ValidateObjectId(wire.id(), wildcard), Sub(path, "id")); !s.ok()) return s;
  if (!wire.relation().empty()) {
    auto s = At(ValidateRelationName(wire.relation()), Sub(path, "relation"));
    if (!s.ok()) return s;
  }
  return SubjectRef{wire.type(), wire.id(), wire.relation()};
}

absl::StatusOr<Relationship> FromWire(const v1::Relationship& wire, const std::string& path) {
  Relationship value;
  if (!wire.has_resource()) return Missing(Sub(path, "resource"));
  auto resource = FromWire(wire.resource(), Sub(path, "resource"));
  if (!resource.ok()) return resource.status();
  value.resource = *std::move(resource);
  if (wire.relation().empty()) return Missing(Sub(path, "relation"));
  auto s = At(ValidateRelationName(wire.relation()), Sub(path, "relation"));
  if (!s.ok()) return s;
  value.relation = wire.relation();
  if (!wire.has_subject()) return Missing(Sub(path, "subject"));
  auto subject = FromWire(wire.subject(), Sub(path, "subject"), Wildcard::kAllowed);
  if (!subject.ok()) return subject.status();
  value.subject = *std::move(subject);
  if (wire.has_expires_at()) {
    auto time = TimeFromWire(wire.expires_at(), Sub(path, "expires_at"));
    if (!time.ok()) return time.status();
    value.expires_at = *time;
  }
  if (!wire.has_caveat()) return value;
  if (wire.caveat().name().empty()) return Missing(Sub(path, "caveat.name"));
  value.caveat = wire.caveat().name();
  auto context = ContextFromWire(wire.caveat().context(), Sub(path, "caveat.context"));
  if (!context.ok()) return context.status();
  value.caveat_context = *std::move(context);
  return value;
}

namespace {

using WireRelationships = google::protobuf::RepeatedPtrField<v1::Relationship>;

absl::Status ContextualFromWire(const WireRelationships& wire, const std::string& path,
                                std::vector<Relationship>* out) {
  for (int i = 0; i < wire.size(); ++i) {
    auto relationship = FromWire(wire.Get(i), Sub(path, Cat("contextual[", i, "]")));
    if (!relationship.ok()) return relationship.status();
    out->push_back(*std::move(relationship));
  }
  return absl::OkStatus();
}

void ContextualToWire(const std::vector<Relationship>& value, WireRelationships* wire) {
  for (const Relationship& relationship : value) ToWire(relationship, wire->Add());
}

absl::Status PermissionFromWire(const std::string& wire, const std::string& path, std::string* out) {
  if (wire.empty()) return Missing(path);
  *out = wire;
  return At(ValidateRelationName(wire), path);
}

}  // namespace

absl::StatusOr<TupleFilter> FromWire(const v1::RelationshipFilter& wire, const std::string& path) {
  TupleFilter filter{.resource_type = wire.resource_type(),
                     .resource_id = wire.resource_id(),
                     .resource_id_prefix = wire.resource_id_prefix(),
                     .relation = wire.relation(),
                     .subject_type = wire.subject().type(),
                     .subject_id = wire.subject().id()};
  if (wire.subject().has_relation()) filter.subject_relation = wire.subject().relation();
  const bool empty = filter.resource_type.empty() && filter.resource_id.empty() &&
                     filter.resource_id_prefix.empty() && filter.relation.empty() &&
                     filter.subject_type.empty() && filter.subject_id.empty() &&
                     !filter.subject_relation.has_value();
  if (empty) {
    return Invalid("an empty filter would mean everything; set at least one field", "EMPTY_FILTER",
                   path);
  }
  if (!filter.resource_id.empty() && !filter.resource_id_prefix.empty()) {
    return Invalid("`resource_id` and `resource_id_prefix` exclude each other; set one",
                   "FILTER_CONTRADICTS", Sub(path, "resource_id_prefix"));
  }
  if (auto s = ValidateFilterNames(filter, path); !s.ok()) return s;
  return filter;
}

absl::StatusOr<TupleChange> FromWire(const v1::RelationshipUpdate& wire, const std::string& path) {
  TupleChange change;
  switch (wire.operation()) {
    case v1::RelationshipUpdate::OPERATION_CREATE:
      change.op = ChangeOp::kCreate;
      break;
    case v1::RelationshipUpdate::OPERATION_TOUCH:
      change.op = ChangeOp::kTouch;
      break;
    case v1::RelationshipUpdate::OPERATION_DELETE:
      change.op = ChangeOp::kDelete;
      break;
    default:
      return Invalid("an operation is one of OPERATION_CREATE, OPERATION_TOUCH, OPERATION_DELETE",
                     "OPERATION_UNKNOWN", Sub(path, "operation"));
  }
  if (!wire.has_relationship()) return Missing(Sub(path, "relationship"));
  auto relationship = FromWire(wire.relationship(), Sub(path, "relationship"));
  if (!relationship.ok()) return relationship.status();
  change.relationship = *std::move(relationship);
  return change;
}

absl::StatusOr<Precondition> FromWire(const v1::Precondition& wire, const std::string& path) {
  Precondition precondition;
  switch (wire.operation()) {
    case v1::Precondition::OPERATION_MUST_MATCH:
      precondition.kind = Precondition::Kind::kMustMatch;
      break;
    case v1::Precondition::OPERATION_MUST_NOT_MATCH:
      precondition.kind = Precondition::Kind::kMustNotMatch;
      break;
    default:
      return Invalid("an operation is one of OPERATION_MUST_MATCH, OPERATION_MUST_NOT_MATCH",
                     "OPERATION_UNKNOWN", Sub(path, "operation"));
  }
  auto filter = FromWire(wire.filter(), Sub(path, "filter"));
  if (!filter.ok()) return filter.status();
  precondition.filter = *std::move(filter);
  return precondition;
}

absl::StatusOr<CheckQuestion> FromWire(const v1::CheckItem& wire, const std::string& path) {
  CheckQuestion question;
  if (!wire.has_resource()) return Missing(Sub(path, "resource"));
  auto resource = FromWire(wire.resource(), Sub(path, "resource"));
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  auto s = PermissionFromWire(wire.permission(), Sub(path, "permission"), &question.permission);
  if (!s.ok()) return s;
  if (!wire.has_subject()) return Missing(Sub(path, "subject"));
  auto subject = FromWire(wire.subject(), Sub(path, "subject"), Wildcard::kRefused);
  if (!subject.ok()) return subject.status();
  question.subject = *std::move(subject);
  auto context = ContextFromWire(wire.context(), Sub(path, "context"));
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  s = ContextualFromWire(wire.contextual(), path, &question.contextual);
  if (!s.ok()) return s;
  s = AudienceFromWire(wire.audience(), Sub(path, "audience"), &question.audience);
  if (!s.ok()) return s;
  s = ValidateOpaque(wire.parameter_digest(), Sub(path, "parameter_digest"));
  if (!s.ok()) return s;
  question.parameter_digest = wire.parameter_digest();
  auto optional = [&](bool present, const v1::ObjectReference& object, const std::string& field,
                      std::optional<ObjectRef>* out) -> absl::Status {
    if (!present) return absl::OkStatus();
    auto value = FromWire(object, Sub(path, field));
    if (value.ok()) *out = *std::move(value);
    return value.status();
  };
  const v1::Claims& claims = wire.claims();
  s = optional(wire.has_task(), wire.task(), "task", &question.task);
  if (!s.ok()) return s;
  s = optional(claims.has_principal(), claims.principal(), "claims.principal",
               &question.claims.principal);
  if (!s.ok()) return s;
  s = optional(claims.has_agent(), claims.agent(), "claims.agent", &question.claims.agent);
  if (!s.ok()) return s;
  if (claims.chain_size() > kChainMax) {
    return Invalid(Cat("a chain has at most ", kChainMax, " agents"), "TOO_MANY",
                   Sub(path, "claims.chain"));
  }
  for (int i = 0; i < claims.chain_size(); ++i) {
    auto agent = FromWire(claims.chain(i), Sub(path, Cat("claims.chain[", i, "]")));
    if (!agent.ok()) return agent.status();
    question.claims.chain.push_back(*std::move(agent));
  }
  return question;
}

absl::StatusOr<ExpandQuestion> FromWire(const v1::ExpandRequest& wire) {
  ExpandQuestion question;
  if (!wire.has_resource()) return Missing("resource");
  auto resource = FromWire(wire.resource(), "resource");
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  auto s = PermissionFromWire(wire.permission(), "permission", &question.permission);
  if (!s.ok()) return s;
  if (wire.subject_set_depth() > kSubjectSetDepthMax) {
    return Invalid(Cat("at most ", kSubjectSetDepthMax, " levels of subject sets are opened"),
                   "TOO_MANY", "subject_set_depth");
  }
  question.subject_set_depth = wire.subject_set_depth();
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  s = ContextualFromWire(wire.contextual(), "", &question.contextual);
  if (!s.ok()) return s;
  return question;
}

absl::StatusOr<ResourcesQuestion> FromWire(const v1::LookupResourcesRequest& wire) {
  ResourcesQuestion question{.resource_type = wire.resource_type()};
  if (wire.resource_type().empty()) return Missing("resource_type");
  auto s = At(ValidateTypeName(wire.resource_type()), "resource_type");
  if (!s.ok()) return s;
  s = PermissionFromWire(wire.permission(), "permission", &question.permission);
  if (!s.ok()) return s;
  if (!wire.has_subject()) return Missing("subject");
  auto subject = FromWire(wire.subject(), "subject", Wildcard::kRefused);
  if (!subject.ok()) return subject.status();
  question.subject = *std::move(subject);
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  s = ContextualFromWire(wire.contextual(), "", &question.contextual);
  if (!s.ok()) return s;
  return question;
}

absl::StatusOr<SubjectsQuestion> FromWire(const v1::LookupSubjectsRequest& wire) {
  SubjectsQuestion question;
  if (!wire.has_resource()) return Missing("resource");
  auto resource = FromWire(wire.resource(), "resource");
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  auto s = PermissionFromWire(wire.permission(), "permission", &question.permission);
  if (!s.ok()) return s;
  if (wire.subject_type().empty()) return Missing("subject_type");
  s = At(ValidateTypeName(wire.subject_type()), "subject_type");
  if (!s.ok()) return s;
  question.subject_type = wire.subject_type();
  if (!wire.subject_relation().empty()) {
    s = At(ValidateRelationName(wire.subject_relation()), "subject_relation");
    if (!s.ok()) return s;
  }
  question.subject_relation = wire.subject_relation();
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  s = ContextualFromWire(wire.contextual(), "", &question.contextual);
  if (!s.ok()) return s;
  return question;
}

void ToWire(const ObjectRef& value, v1::ObjectReference* wire) {
  wire->set_type(value.type);
  wire->set_id(value.id);
}

void ToWire(const SubjectRef& value, v1::SubjectReference* wire) {
  wire->set_type(value.type);
  wire->set_id(value.id);
  wire->set_relation(value.relation);
}

void ToWire(const Relationship& value, v1::Relationship* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_relation(value.relation);
  ToWire(value.subject, wire->mutable_subject());
  if (value.expires_at != absl::InfiniteFuture()) {
    ToWire(value.expires_at, wire->mutable_expires_at());
  }
  if (value.caveat.empty()) return;
  wire->mutable_caveat()->set_name(value.caveat);
  if (value.caveat_context.empty()) return;
  ContextToWire(value.caveat_context, wire->mutable_caveat()->mutable_context());
}

void ToWire(const TupleFilter& value, v1::RelationshipFilter* wire) {
  wire->set_resource_type(value.resource_type);
  wire->set_resource_id(value.resource_id);
  wire->set_resource_id_prefix(value.resource_id_prefix);
  wire->set_relation(value.relation);
  if (value.subject_type.empty() && value.subject_id.empty() && !value.subject_relation) return;
  wire->mutable_subject()->set_type(value.subject_type);
  wire->mutable_subject()->set_id(value.subject_id);
  if (value.subject_relation) wire->mutable_subject()->set_relation(*value.subject_relation);
}

void ToWire(const CheckQuestion& value, v1::CheckItem* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  ToWire(value.subject, wire->mutable_subject());
  if (value.task) ToWire(*value.task, wire->mutable_task());
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
  for (const SubjectRef& member : value.audience) ToWire(member, wire->add_audience());
  wire->set_parameter_digest(value.parameter_digest);
  if (value.claims.empty()) return;
  if (value.claims.principal) ToWire(*value.claims.principal, wire->mutable_claims()->mutable_principal());
  if (value.claims.agent) ToWire(*value.claims.agent, wire->mutable_claims()->mutable_agent());
  for (const ObjectRef& agent : value.claims.chain) ToWire(agent, wire->mutable_claims()->add_chain());
}

void ToWire(const ExpandQuestion& value, v1::ExpandRequest* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  wire->set_subject_set_depth(value.subject_set_depth);
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

void ToWire(const ResourcesQuestion& value, v1::LookupResourcesRequest* wire) {
  wire->set_resource_type(value.resource_type);
  wire->set_permission(value.permission);
  ToWire(value.subject, wire->mutable_subject());
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

void ToWire(const SubjectsQuestion& value, v1::LookupSubjectsRequest* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  wire->set_subject_type(value.subject_type);
  wire->set_subject_relation(value.subject_relation);
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

}  // namespace mandate
