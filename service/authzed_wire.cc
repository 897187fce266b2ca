#include "service/authzed_wire.h"

#include <utility>

#include "service/authzed_errors.h"
#include "service/wire.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

constexpr size_t kRelationshipContextBytesMax = 25'000;

absl::Status OptionalRelation(const std::string& name, const FieldPath& path) {
  return name.empty() ? absl::OkStatus() : At(ValidateRelationName(name), path);
}

absl::Status OptionalId(const std::string& id, Wildcard wildcard, const FieldPath& path) {
  return id.empty() ? absl::OkStatus() : At(ValidateObjectId(id, wildcard), path);
}

absl::StatusOr<ObjectRef> ReadObject(const az::ObjectReference& wire, const FieldPath& path, Wildcard wildcard) {
  if (wire.object_type().empty()) return Missing(Sub(path, "object_type"));
  if (auto s = At(ValidateTypeName(wire.object_type()), Sub(path, "object_type")); !s.ok()) return s;
  if (wire.object_id().empty()) return Missing(Sub(path, "object_id"));
  if (auto s = At(ValidateObjectId(wire.object_id(), wildcard), Sub(path, "object_id")); !s.ok()) return s;
  return ObjectRef{wire.object_type(), wire.object_id()};
}

absl::Status FilterForm(const az::RelationshipFilter& wire, const FieldPath& path) {
  if (!wire.resource_type().empty()) {
    if (auto s = At(ValidateTypeName(wire.resource_type()), Sub(path, "resource_type")); !s.ok()) return s;
  }
  auto s = OptionalId(wire.optional_resource_id(), Wildcard::kRefused, Sub(path, "optional_resource_id"));
  if (!s.ok()) return s;
  s = OptionalId(wire.optional_resource_id_prefix(), Wildcard::kRefused, Sub(path, "optional_resource_id_prefix"));
  if (!s.ok()) return s;
  s = OptionalRelation(wire.optional_relation(), Sub(path, "optional_relation"));
  if (!s.ok() || !wire.has_optional_subject_filter()) return s;
  const az::SubjectFilter& subject = wire.optional_subject_filter();
  const FieldPath below = Sub(path, "optional_subject_filter");
  if (subject.subject_type().empty()) return Missing(Sub(below, "subject_type"));
  if (s = At(ValidateTypeName(subject.subject_type()), Sub(below, "subject_type")); !s.ok()) return s;
  s = OptionalId(subject.optional_subject_id(), Wildcard::kAllowed, Sub(below, "optional_subject_id"));
  if (!s.ok()) return s;
  return OptionalRelation(subject.optional_relation().relation(), Sub(below, "optional_relation.relation"));
}

bool IsEmpty(const az::RelationshipFilter& wire) {
  return wire.resource_type().empty() && wire.optional_resource_id().empty() &&
         wire.optional_resource_id_prefix().empty() && wire.optional_relation().empty() &&
         !wire.has_optional_subject_filter();
}

}  // namespace

absl::StatusOr<ObjectRef> FromWire(const az::ObjectReference& wire, const FieldPath& path) {
  return ReadObject(wire, path, Wildcard::kRefused);
}

absl::StatusOr<SubjectRef> FromWire(const az::SubjectReference& wire, const FieldPath& path) {
  if (!wire.has_object()) return Missing(Sub(path, "object"));
  auto object = ReadObject(wire.object(), Sub(path, "object"), Wildcard::kAllowed);
  if (!object.ok()) return object.status();
  if (auto s = OptionalRelation(wire.optional_relation(), Sub(path, "optional_relation")); !s.ok()) return s;
  return SubjectRef{object->type, object->id, wire.optional_relation()};
}

absl::StatusOr<Relationship> FromWire(const az::Relationship& wire, const FieldPath& path) {
  Relationship value;
  if (!wire.has_resource()) return Missing(Sub(path, "resource"));
  auto resource = FromWire(wire.resource(), Sub(path, "resource"));
  if (!resource.ok()) return resource.status();
  value.resource = *std::move(resource);
  if (wire.relation().empty()) return Missing(Sub(path, "relation"));
  if (auto s = OptionalRelation(wire.relation(), Sub(path, "relation")); !s.ok()) return s;
  value.relation = wire.relation();
  if (!wire.has_subject()) return Missing(Sub(path, "subject"));
  auto subject = FromWire(wire.subject(), Sub(path, "subject"));
  if (!subject.ok()) return subject.status();
  value.subject = *std::move(subject);
  if (wire.has_optional_expires_at()) {
    auto time = TimeFromWire(wire.optional_expires_at(), Sub(path, "optional_expires_at"));
    if (!time.ok()) return time.status();
    value.expires_at = *time;
  }
  if (!wire.has_optional_caveat()) return value;
  const az::ContextualizedCaveat& caveat = wire.optional_caveat();
  if (caveat.caveat_name().empty()) return Missing(Sub(path, "optional_caveat.caveat_name"));
  value.caveat = caveat.caveat_name();
  if (const size_t bytes = caveat.context().ByteSizeLong(); bytes > kRelationshipContextBytesMax) {
    return AuthzedError(
        absl::StatusCode::kInvalidArgument, az::ERROR_REASON_MAX_RELATIONSHIP_CONTEXT_SIZE,
        Cat("the context of a relationship has at most ", kRelationshipContextBytesMax, " bytes, this one ", bytes),
        {{"relationship", ToText(Relationship{value.resource, value.relation, value.subject})},
         {"max_allowed_size", Cat(kRelationshipContextBytesMax)},
         {"context_size", Cat(bytes)}});
  }
  auto context = ContextFromWire(caveat.context(), Sub(path, "optional_caveat.context"));
  if (!context.ok()) return context.status();
  value.caveat_context = *std::move(context);
  return value;
}

absl::StatusOr<TupleFilter> FromWire(const az::RelationshipFilter& wire, const FieldPath& path) {
  const bool contradicts = !wire.optional_resource_id().empty() && !wire.optional_resource_id_prefix().empty();
  if (IsEmpty(wire) || contradicts) {
    return WithDetail(
        contradicts ? Invalid("`optional_resource_id` and `optional_resource_id_prefix` exclude each other; set one",
                              "FILTER_CONTRADICTS", Sub(path, "optional_resource_id_prefix"))
                    : Invalid("an empty filter would mean everything; set at least one field", "EMPTY_FILTER", path),
        "filter", wire.ShortDebugString());
  }
  if (auto s = FilterForm(wire, path); !s.ok()) return s;
  const az::SubjectFilter& subject = wire.optional_subject_filter();
  TupleFilter filter{.resource_type = wire.resource_type(),
                     .resource_id = wire.optional_resource_id(),
                     .resource_id_prefix = wire.optional_resource_id_prefix(),
                     .relation = wire.optional_relation(),
                     .subject_type = subject.subject_type(),
                     .subject_id = subject.optional_subject_id()};
  if (subject.has_optional_relation()) filter.subject_relation = subject.optional_relation().relation();
  return filter;
}

absl::StatusOr<TupleChange> FromWire(const az::RelationshipUpdate& wire, const FieldPath& path) {
  TupleChange change;
  switch (wire.operation()) {
    case az::RelationshipUpdate::OPERATION_CREATE: change.op = ChangeOp::kCreate; break;
    case az::RelationshipUpdate::OPERATION_TOUCH: change.op = ChangeOp::kTouch; break;
    case az::RelationshipUpdate::OPERATION_DELETE: change.op = ChangeOp::kDelete; break;
    default:
      return Invalid("an operation is one of OPERATION_CREATE, OPERATION_TOUCH, OPERATION_DELETE", "OPERATION_UNKNOWN",
                     Sub(path, "operation"));
  }
  if (!wire.has_relationship()) return Missing(Sub(path, "relationship"));
  auto relationship = FromWire(wire.relationship(), Sub(path, "relationship"));
  if (!relationship.ok()) return relationship.status();
  change.relationship = *std::move(relationship);
  return change;
}

absl::StatusOr<Precondition> FromWire(const az::Precondition& wire, const FieldPath& path) {
  Precondition precondition;
  switch (wire.operation()) {
    case az::Precondition::OPERATION_MUST_MATCH: precondition.kind = Precondition::Kind::kMustMatch; break;
    case az::Precondition::OPERATION_MUST_NOT_MATCH: precondition.kind = Precondition::Kind::kMustNotMatch; break;
    default:
      return Invalid("an operation is one of OPERATION_MUST_MATCH, OPERATION_MUST_NOT_MATCH", "OPERATION_UNKNOWN",
                     Sub(path, "operation"));
  }
  if (!wire.has_filter()) return Missing(Sub(path, "filter"));
  auto filter = FromWire(wire.filter(), Sub(path, "filter"));
  if (ReasonOf(filter.status()) == "EMPTY_FILTER") {
    return WithField(AuthzedError(absl::StatusCode::kInvalidArgument, az::ERROR_REASON_EMPTY_PRECONDITION,
                                  "a precondition with an empty filter says nothing; set at least one field"),
                     Sub(path, "filter"));
  }
  if (!filter.ok()) return filter.status();
  precondition.filter = *std::move(filter);
  return precondition;
}

template <typename Wire>
absl::StatusOr<CheckQuestion> QuestionFromWire(const Wire& wire, const FieldPath& path) {
  CheckQuestion question;
  if (!wire.has_resource()) return Missing(Sub(path, "resource"));
  auto resource = FromWire(wire.resource(), Sub(path, "resource"));
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  // An empty name is no error of form here: it is one that the schema does not know.
  if (auto s = OptionalRelation(wire.permission(), Sub(path, "permission")); !s.ok()) return s;
  question.permission = wire.permission();
  if (!wire.has_subject()) return Missing(Sub(path, "subject"));
  auto subject = FromWire(wire.subject(), Sub(path, "subject"));
  if (!subject.ok()) return subject.status();
  question.subject = *std::move(subject);
  auto context = ContextFromWire(wire.context(), Sub(path, "context"));
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  return question;
}
template absl::StatusOr<CheckQuestion> QuestionFromWire(const az::CheckPermissionRequest&, const FieldPath&);
template absl::StatusOr<CheckQuestion> QuestionFromWire(const az::CheckBulkPermissionsRequestItem&, const FieldPath&);

absl::StatusOr<ExpandQuestion> FromWire(const az::ExpandPermissionTreeRequest& wire) {
  if (!wire.has_resource()) return Missing("resource");
  auto resource = FromWire(wire.resource(), "resource");
  if (!resource.ok()) return resource.status();
  if (auto s = OptionalRelation(wire.permission(), "permission"); !s.ok()) return s;
  return ExpandQuestion{.resource = *std::move(resource), .permission = wire.permission()};
}

absl::StatusOr<ResourcesQuestion> FromWire(const az::LookupResourcesRequest& wire) {
  if (wire.resource_object_type().empty()) return Missing("resource_object_type");
  if (auto s = At(ValidateTypeName(wire.resource_object_type()), "resource_object_type"); !s.ok()) return s;
  if (wire.permission().empty()) return Missing("permission");
  if (auto s = OptionalRelation(wire.permission(), "permission"); !s.ok()) return s;
  if (!wire.has_subject()) return Missing("subject");
  auto subject = FromWire(wire.subject(), "subject");
  if (!subject.ok()) return subject.status();
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  return ResourcesQuestion{.resource_type = wire.resource_object_type(),
                           .permission = wire.permission(),
                           .subject = *std::move(subject),
                           .context = *std::move(context)};
}

absl::StatusOr<SubjectsQuestion> FromWire(const az::LookupSubjectsRequest& wire) {
  if (!wire.has_resource()) return Missing("resource");
  auto resource = FromWire(wire.resource(), "resource");
  if (!resource.ok()) return resource.status();
  if (auto s = OptionalRelation(wire.permission(), "permission"); !s.ok()) return s;
  if (wire.subject_object_type().empty()) return Missing("subject_object_type");
  if (auto s = At(ValidateTypeName(wire.subject_object_type()), "subject_object_type"); !s.ok()) return s;
  auto s = OptionalRelation(wire.optional_subject_relation(), "optional_subject_relation");
  if (!s.ok()) return s;
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  return SubjectsQuestion{.resource = *std::move(resource),
                          .permission = wire.permission(),
                          .subject_type = wire.subject_object_type(),
                          .subject_relation = wire.optional_subject_relation(),
                          .context = *std::move(context)};
}

void ToWire(const ObjectRef& value, az::ObjectReference* wire) {
  wire->set_object_type(value.type);
  wire->set_object_id(value.id);
}

void ToWire(const SubjectRef& value, az::SubjectReference* wire) {
  ToWire(ObjectRef{value.type, value.id}, wire->mutable_object());
  wire->set_optional_relation(value.relation);
}

void ToWire(const Relationship& value, az::Relationship* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_relation(value.relation);
  ToWire(value.subject, wire->mutable_subject());
  if (value.expires_at != absl::InfiniteFuture()) ToWire(value.expires_at, wire->mutable_optional_expires_at());
  if (value.caveat.empty()) return;
  wire->mutable_optional_caveat()->set_caveat_name(value.caveat);
  if (value.caveat_context.empty()) return;
  ContextToWire(value.caveat_context, wire->mutable_optional_caveat()->mutable_context());
}

}  // namespace mandate
