#include "service/wire.h"

#include <utility>

#include "service/wire_form.h"

namespace mandate {
namespace {

// Times outside of the years 1 to 9999 have no RFC 3339 form.
constexpr int64_t kSecondsMin = -62135596800;
constexpr int64_t kSecondsMax = 253402300799;

absl::Status ValidateFilterNames(const TupleFilter& filter, const FieldPath& path) {
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
    auto s = At(ValidateObjectId(filter.resource_id_prefix, Wildcard::kRefused), Sub(path, "resource_id_prefix"));
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

absl::StatusOr<absl::Time> TimeFromWire(const google::protobuf::Timestamp& wire, const FieldPath& path) {
  if (wire.seconds() < kSecondsMin || wire.seconds() > kSecondsMax || wire.nanos() < 0 || wire.nanos() > 999'999'999) {
    return Invalid("a time lies between the years 1 and 9999, with 0 to 999,999,999 nanos", "TIME_OUT_OF_RANGE", path);
  }
  return FromWire(wire);
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

absl::StatusOr<ObjectRef> FromWire(const v1::ObjectReference& wire, const FieldPath& path) {
  if (wire.type().empty()) return Missing(Sub(path, "type"));
  if (auto s = At(ValidateTypeName(wire.type()), Sub(path, "type")); !s.ok()) return s;
  if (wire.id().empty()) return Missing(Sub(path, "id"));
  auto s = At(ValidateObjectId(wire.id(), Wildcard::kRefused), Sub(path, "id"));
  if (!s.ok()) return s;
  return ObjectRef{wire.type(), wire.id()};
}

absl::StatusOr<SubjectRef> FromWire(const v1::SubjectReference& wire, const FieldPath& path, Wildcard wildcard) {
  if (wire.type().empty()) return Missing(Sub(path, "type"));
  if (auto s = At(ValidateTypeName(wire.type()), Sub(path, "type")); !s.ok()) return s;
  if (wire.id().empty()) return Missing(Sub(path, "id"));
  if (wire.id() == "*" && wildcard == Wildcard::kRefused) {
    return Invalid("a wildcard asks for nobody in particular; name one subject", "WILDCARD_NOT_ALLOWED",
                   Sub(path, "id"));
  }
  if (auto s = At(ValidateObjectId(wire.id(), wildcard), Sub(path, "id")); !s.ok()) return s;
  if (!wire.relation().empty()) {
    auto s = At(ValidateRelationName(wire.relation()), Sub(path, "relation"));
    if (!s.ok()) return s;
  }
  return SubjectRef{wire.type(), wire.id(), wire.relation()};
}

absl::StatusOr<Relationship> FromWire(const v1::Relationship& wire, const FieldPath& path) {
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

absl::StatusOr<TupleFilter> FromWire(const v1::RelationshipFilter& wire, const FieldPath& path) {
  TupleFilter filter{.resource_type = wire.resource_type(),
                     .resource_id = wire.resource_id(),
                     .resource_id_prefix = wire.resource_id_prefix(),
                     .relation = wire.relation(),
                     .subject_type = wire.subject().type(),
                     .subject_id = wire.subject().id()};
  if (wire.subject().has_relation()) filter.subject_relation = wire.subject().relation();
  const bool empty = filter.resource_type.empty() && filter.resource_id.empty() && filter.resource_id_prefix.empty() &&
                     filter.relation.empty() && filter.subject_type.empty() && filter.subject_id.empty() &&
                     !filter.subject_relation.has_value();
  if (empty) {
    return Invalid("an empty filter would mean everything; set at least one field", "EMPTY_FILTER", path);
  }
  if (!filter.resource_id.empty() && !filter.resource_id_prefix.empty()) {
    return Invalid("`resource_id` and `resource_id_prefix` exclude each other; set one", "FILTER_CONTRADICTS",
                   Sub(path, "resource_id_prefix"));
  }
  if (auto s = ValidateFilterNames(filter, path); !s.ok()) return s;
  return filter;
}

absl::StatusOr<TupleChange> FromWire(const v1::RelationshipUpdate& wire, const FieldPath& path) {
  TupleChange change;
  switch (wire.operation()) {
    case v1::RelationshipUpdate::OPERATION_CREATE: change.op = ChangeOp::kCreate; break;
    case v1::RelationshipUpdate::OPERATION_TOUCH: change.op = ChangeOp::kTouch; break;
    case v1::RelationshipUpdate::OPERATION_DELETE: change.op = ChangeOp::kDelete; break;
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

absl::StatusOr<Precondition> FromWire(const v1::Precondition& wire, const FieldPath& path) {
  Precondition precondition;
  switch (wire.operation()) {
    case v1::Precondition::OPERATION_MUST_MATCH: precondition.kind = Precondition::Kind::kMustMatch; break;
    case v1::Precondition::OPERATION_MUST_NOT_MATCH: precondition.kind = Precondition::Kind::kMustNotMatch; break;
    default:
      return Invalid("an operation is one of OPERATION_MUST_MATCH, OPERATION_MUST_NOT_MATCH", "OPERATION_UNKNOWN",
                     Sub(path, "operation"));
  }
  auto filter = FromWire(wire.filter(), Sub(path, "filter"));
  if (!filter.ok()) return filter.status();
  precondition.filter = *std::move(filter);
  return precondition;
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

}  // namespace mandate
