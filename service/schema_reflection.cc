// What can be said about the schema in mandate.v1.
#include "schema/dependencies.h"
#include "schema/diff.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"

namespace mandate {
namespace {

constexpr int kDefinitionsMax = 1000;

v1::ReflectedDefinition::Kind KindToWire(Kind kind) {
  switch (kind) {
    case Kind::kDefinition: return v1::ReflectedDefinition::KIND_DEFINITION;
    case Kind::kAgent: return v1::ReflectedDefinition::KIND_AGENT;
    case Kind::kTask: return v1::ReflectedDefinition::KIND_TASK;
    case Kind::kSession: return v1::ReflectedDefinition::KIND_SESSION;
  }
  return v1::ReflectedDefinition::KIND_UNSPECIFIED;
}

using NativeReferences = google::protobuf::RepeatedPtrField<v1::MemberReference>;

void ReflectTo(const Schema& schema, const std::vector<MemberId>& members, NativeReferences* wire) {
  for (MemberId id : members) {
    v1::MemberReference* reference = wire->Add();
    reference->set_definition(schema.definition(schema.member(id).type).name);
    reference->set_name(schema.member(id).name);
  }
}

void ReflectTo(const Schema& schema, const SubjectType& subject, v1::ReflectedSubjectType* wire) {
  wire->set_type(schema.definition(subject.type).name);
  if (subject.relation != MemberId::kNone) wire->set_relation(schema.member(subject.relation).name);
  wire->set_wildcard(subject.wildcard);
  if (subject.caveat != CaveatId::kNone) wire->set_caveat(schema.caveat(subject.caveat).name);
  wire->set_expiration(subject.expiration);
}

void ReflectTo(const Schema& schema, MemberId id, v1::ReflectedMember* wire) {
  const Member& member = schema.member(id);
  wire->set_name(member.name);
  wire->set_is_permission(member.is_permission);
  wire->set_doc(member.doc);
  wire->set_expression(member.expression);
  for (const SubjectType& subject : member.subject_types) ReflectTo(schema, subject, wire->add_subject_types());
  ReflectTo(schema, NamedBy(schema, id), wire->mutable_names());
}

void ReflectTo(const Schema& schema, const Definition& definition, v1::ReflectedDefinition* wire) {
  wire->set_name(definition.name);
  wire->set_kind(KindToWire(definition.kind));
  wire->set_doc(definition.doc);
  for (MemberId id : definition.members) ReflectTo(schema, id, wire->add_members());
  for (const TaskRule& rule : definition.rules) {
    v1::ReflectedRule* reflected = wire->add_rules();
    reflected->set_text(rule.text);
    reflected->set_doc(rule.doc);
  }
}

void ReflectTo(const Caveat& caveat, v1::ReflectedCaveat* wire) {
  wire->set_name(caveat.name);
  wire->set_doc(caveat.doc);
  wire->set_expression(caveat.expression);
  for (const CaveatParameter& parameter : caveat.parameters) {
    v1::ReflectedParameter* reflected = wire->add_parameters();
    reflected->set_name(parameter.name);
    reflected->set_type(parameter.type);
  }
}

void ReflectTo(const Difference& difference, v1::SchemaDifference* wire) {
  v1::SchemaDifference::Kind kind = v1::SchemaDifference::KIND_UNSPECIFIED;
  v1::SchemaDifference::Kind_Parse(Cat("KIND_", DifferenceName(difference.kind)), &kind);
  wire->set_kind(kind);
  wire->set_name(difference.name);
  wire->set_member(difference.member);
  wire->set_before(difference.before);
  wire->set_after(difference.after);
}

// A member by its names; unlike in a question, one that is reserved as well.
absl::StatusOr<MemberId> ResolveMember(const Schema& schema, const v1::MemberReference& wire) {
  auto type = ResolveType(schema, wire.definition(), "member.definition");
  if (!type.ok()) return type.status();
  if (auto member = schema.FindMember(*type, wire.name())) return *member;
  return ResolvePermission(schema, *type, wire.name(), "member.name");
}

}  // namespace

grpc::Status SchemaServer::ReflectSchema(grpc::ServerContext* context, const v1::ReflectSchemaRequest* request,
                                         v1::ReflectSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (request->definitions_size() > kDefinitionsMax) {
    return ToGrpc(WithField(WithReason(absl::InvalidArgumentError(Cat("at most ", kDefinitionsMax,
                                                                      " definitions; none at all means every one")),
                                       "TOO_MANY"),
                            "definitions"));
  }
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  const Schema& schema = view->plan->schema();
  for (int i = 0; i < request->definitions_size(); ++i) {
    auto type = ResolveType(schema, request->definitions(i), Cat("definitions[", i, "]"));
    if (!type.ok()) return ToGrpc(type.status());
    ReflectTo(schema, schema.definition(*type), response->add_definitions());
  }
  if (request->definitions().empty()) {
    for (const Definition& definition : schema.definitions())
      ReflectTo(schema, definition, response->add_definitions());
    for (const Caveat& caveat : schema.caveats()) ReflectTo(caveat, response->add_caveats());
  }
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status SchemaServer::ReflectMember(grpc::ServerContext* context, const v1::ReflectMemberRequest* request,
                                         v1::ReflectMemberResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  const Schema& schema = view->plan->schema();
  auto member = ResolveMember(schema, request->member());
  if (!member.ok()) return ToGrpc(member.status());
  ReflectTo(schema, DependenciesOf(schema, *member), response->mutable_depends_on());
  ReflectTo(schema, DependentsOf(schema, *member), response->mutable_feeds());
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status SchemaServer::DiffSchema(grpc::ServerContext* context, const v1::DiffSchemaRequest* request,
                                      v1::DiffSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitSchemaSize(request->schema()); !status.ok()) return ToGrpc(status);
  auto snapshot = Resolve(*database_, request->consistency());
  if (!snapshot.ok()) return ToGrpc(snapshot.status());
  auto in_force = (*snapshot)->Schema();  // Empty before the first.
  if (!in_force.ok()) return ToGrpc(in_force.status());
  const CompileResult before = CompileSchema(in_force->text);
  if (!before.ok()) return ToGrpc(absl::InternalError("the schema in force does not compile any more"));
  const CompileResult after = CompileSchema(request->schema());
  if (!after.ok()) return SchemaInvalid(after.diagnostics);
  for (const Difference& difference : DiffSchemas(*before.schema, *after.schema)) {
    ReflectTo(difference, response->add_differences());
  }
  for (const std::string& restriction : CompareForStorage(*before.schema, *after.schema).widened) {
    response->add_widened(restriction);
  }
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), (*snapshot)->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
