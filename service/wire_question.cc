// The questions' half of wire.h.
#include <algorithm>
#include <utility>

#include "service/wire.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

constexpr int kChainMax = 16;
constexpr int kAudienceMax = 1000;
constexpr uint32_t kSubjectSetDepthMax = 1'000'000;

using WireRelationships = google::protobuf::RepeatedPtrField<v1::Relationship>;

absl::Status ContextualFromWire(const WireRelationships& wire, const FieldPath& path, std::vector<Relationship>* out) {
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

absl::Status PermissionFromWire(const std::string& wire, const FieldPath& path, std::string* out) {
  if (wire.empty()) return Missing(path);
  *out = wire;
  return At(ValidateRelationName(wire), path);
}

void ClaimsToWire(const Claims& value, v1::Claims* wire) {
  if (value.principal) ToWire(*value.principal, wire->mutable_principal());
  if (value.agent) ToWire(*value.agent, wire->mutable_agent());
  for (const ObjectRef& agent : value.chain) ToWire(agent, wire->add_chain());
}

}  // namespace

absl::Status ValidateOpaque(const std::string& text, const FieldPath& path) {
  constexpr size_t kBytesMax = 256;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (text.size() <= kBytesMax && printable) return absl::OkStatus();
  return Invalid(Cat("at most ", kBytesMax, " bytes of printable ASCII without blanks"), "MALFORMED_FIELD", path);
}

absl::Status AudienceFromWire(const google::protobuf::RepeatedPtrField<v1::SubjectReference>& wire,
                              const FieldPath& path, std::vector<SubjectRef>* audience) {
  if (wire.size() > kAudienceMax) {
    return Invalid(Cat("an audience has at most ", kAudienceMax, " members"), "TOO_MANY", path);
  }
  for (int i = 0; i < wire.size(); ++i) {
    auto member = FromWire(wire.Get(i), Cat(path.ToString(), "[", i, "]"), Wildcard::kRefused);
    if (!member.ok()) return member.status();
    audience->push_back(*std::move(member));
  }
  return absl::OkStatus();
}

absl::StatusOr<CheckQuestion> FromWire(const v1::CheckItem& wire, const FieldPath& path) {
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
  s = optional(claims.has_principal(), claims.principal(), "claims.principal", &question.claims.principal);
  if (!s.ok()) return s;
  s = optional(claims.has_agent(), claims.agent(), "claims.agent", &question.claims.agent);
  if (!s.ok()) return s;
  if (claims.chain_size() > kChainMax) {
    return Invalid(Cat("a chain has at most ", kChainMax, " agents"), "TOO_MANY", Sub(path, "claims.chain"));
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
    return Invalid(Cat("at most ", kSubjectSetDepthMax, " levels of subject sets are opened"), "TOO_MANY",
                   "subject_set_depth");
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
  v1::CheckItem caller;  // Task, claims, audience and digest have the form they have there.
  *caller.mutable_resource() = v1::ObjectReference();
  caller.mutable_resource()->set_type(wire.resource_type());
  caller.mutable_resource()->set_id("any");
  caller.set_permission(wire.permission());
  *caller.mutable_subject() = wire.subject();
  if (wire.has_task()) *caller.mutable_task() = wire.task();
  *caller.mutable_claims() = wire.claims();
  *caller.mutable_audience() = wire.audience();
  caller.set_parameter_digest(wire.parameter_digest());
  auto check = FromWire(caller, "");
  if (!check.ok()) return check.status();
  question.task = check->task;
  question.claims = check->claims;
  question.audience = check->audience;
  question.parameter_digest = check->parameter_digest;
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
  s = AudienceFromWire(wire.audience(), "audience", &question.audience);
  if (!s.ok()) return s;
  s = ValidateOpaque(wire.parameter_digest(), "parameter_digest");
  if (!s.ok()) return s;
  question.parameter_digest = wire.parameter_digest();
  auto context = ContextFromWire(wire.context(), "context");
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  s = ContextualFromWire(wire.contextual(), "", &question.contextual);
  if (!s.ok()) return s;
  return question;
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
  if (!value.claims.empty()) ClaimsToWire(value.claims, wire->mutable_claims());
}

void ToWire(const ExpandQuestion& value, v1::ExpandRequest* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  wire->set_subject_set_depth(value.subject_set_depth);
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

void ToWire(const ResourcesQuestion& value, v1::LookupResourcesRequest* wire) {
  if (value.task) ToWire(*value.task, wire->mutable_task());
  if (!value.claims.empty()) ClaimsToWire(value.claims, wire->mutable_claims());
  for (const SubjectRef& member : value.audience) ToWire(member, wire->add_audience());
  wire->set_parameter_digest(value.parameter_digest);
  wire->set_resource_type(value.resource_type);
  wire->set_permission(value.permission);
  ToWire(value.subject, wire->mutable_subject());
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

void ToWire(const SubjectsQuestion& value, v1::LookupSubjectsRequest* wire) {
  for (const SubjectRef& member : value.audience) ToWire(member, wire->add_audience());
  wire->set_parameter_digest(value.parameter_digest);
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  wire->set_subject_type(value.subject_type);
  wire->set_subject_relation(value.subject_relation);
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
  ContextualToWire(value.contextual, wire->mutable_contextual());
}

}  // namespace mandate
