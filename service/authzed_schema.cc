// The schema of authzed.api.v1: read and written.
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"

namespace mandate {
namespace {

// The refusal of a schema that does not allow what is stored, with what about it does not: the database names one
// relationship.
grpc::Status Orphans(const absl::Status& status, const std::string& text) {
  auto orphan = ParseRelationship(DetailsOf(status)["relationship"]);
  const CompileResult compiled = CompileSchema(text);
  if (!orphan.ok() || !compiled.ok()) return ToAuthzed(status);
  const Schema& schema = *compiled.schema;
  const auto type = schema.FindType(orphan->resource.type);
  const auto member = type ? schema.FindMember(*type, orphan->relation) : std::nullopt;
  const auto subject = schema.FindType(orphan->subject.type);
  std::string operation = "remove_allowed_type";
  if (!type || !subject) {
    operation = "delete_object_definition";
  } else if (!member || schema.member(*member).is_permission) {
    operation = "delete_relation";
  } else if (!orphan->subject.relation.empty() && !schema.FindMember(*subject, orphan->subject.relation)) {
    operation = "delete_relation_reverse_check";
  } else if (ReasonOf(ValidateRelationship(schema, *orphan, Intent::kStore)) == "CAVEAT_CONTEXT_INVALID") {
    operation = "change_parameter_type";
  }
  const SubjectRef& of = orphan->subject;
  absl::Status said = AsAuthzed(status, *orphan);
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"operation", operation},
           {"resource_type", orphan->resource.type},
           {"relation", orphan->relation},
           {"allowed_type",
            Cat(of.type, of.IsWildcard() ? ":*" : "", of.relation.empty() ? "" : Cat("#", of.relation))}}) {
    said = WithDetail(std::move(said), key, value);
  }
  return ToGrpc(said);
}

}  // namespace

grpc::Status AuthzedSchemaError(const std::string& text, const std::vector<Diagnostic>& findings) {
  const Diagnostic* first = nullptr;
  for (const Diagnostic& finding : findings) {
    if (first == nullptr && finding.severity == Severity::kError) first = &finding;
  }
  const std::string message = Cat("line ", first->range.line, ", column ", first->range.column, ": ", first->message);
  const std::string source = text.substr(first->range.offset, first->range.length);
  if (first->fault == Fault::kMeaning) {
    return ToGrpc(AuthzedError(absl::StatusCode::kFailedPrecondition, az::ERROR_REASON_SCHEMA_TYPE_ERROR, message,
                               {{"source_code", source}}));
  }
  // Of several lines, the end lies on the last.
  int end_line = first->range.line - 1;
  int end_column = first->range.column - 1;
  for (const char c : source) {
    end_column = c == '\n' ? 0 : end_column + 1;
    end_line += c == '\n';
  }
  return ToGrpc(AuthzedError(absl::StatusCode::kInvalidArgument, az::ERROR_REASON_SCHEMA_PARSE_ERROR, message,
                             {{"start_line_number", Cat(first->range.line - 1)},
                              {"start_column_position", Cat(first->range.column - 1)},
                              {"end_line_number", Cat(end_line)},
                              {"end_column_position", Cat(end_column)},
                              {"source_code", source}}));
}

grpc::Status AuthzedSchema::ReadSchema(grpc::ServerContext* context, const az::ReadSchemaRequest* request,
                                       az::ReadSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto head = database_->store().Head();
  auto record = head->Schema();
  if (!record.ok()) return ToAuthzed(record.status());
  if (record->revision == Revision()) return ToGrpc(absl::NotFoundError("no schema was written yet"));
  response->set_schema_text(record->text);
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), head->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedSchema::WriteSchema(grpc::ServerContext* context, const az::WriteSchemaRequest* request,
                                        az::WriteSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitSchemaSize(request->schema()); !status.ok()) return ToGrpc(status);
  std::vector<Diagnostic> findings;
  auto revision = database_->WriteSchema(request->schema(), {}, DryRun::kNo, &findings);
  if (!revision.ok()) {
    const std::string reason = ReasonOf(revision.status());
    if (reason == "SCHEMA_INVALID") return AuthzedSchemaError(request->schema(), findings);
    return reason == "ORPHANS_RELATIONSHIPS" ? Orphans(revision.status(), request->schema())
                                             : ToAuthzed(revision.status());
  }
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  return grpc::Status::OK;
}

}  // namespace mandate
