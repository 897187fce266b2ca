#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"

namespace mandate {
namespace {

constexpr int kDropsMax = 1000;

// What packing a detail adds to it: its type's URL and some lengths.
constexpr size_t kAnyBytes = 100;

void DiagnosticToWire(const Diagnostic& finding, v1::SchemaDiagnostic* wire) {
  wire->set_line(finding.range.line);
  wire->set_column(finding.range.column);
  wire->set_offset(finding.range.offset);
  wire->set_length(finding.range.length);
  wire->set_message(finding.message);
  wire->set_name(finding.lint);
}

}  // namespace

absl::Status AdmitSchemaSize(const std::string& schema) {
  if (schema.size() <= kSchemaBytesMax) return absl::OkStatus();
  return WithField(
      WithReason(absl::InvalidArgumentError(Cat("a schema has at most ", kSchemaBytesMax, " bytes")), "TOO_MANY"),
      "schema");
}

// The errors travel as a detail, in order, as many as fit; the message counts them all and carries the first.
grpc::Status SchemaInvalid(const std::vector<Diagnostic>& findings) {
  v1::SchemaErrors errors;
  std::vector<const Diagnostic*> found;
  for (const Diagnostic& finding : findings) {
    if (finding.severity == Severity::kError) found.push_back(&finding);
  }
  const Diagnostic& first = *found.front();
  const absl::Status status =
      WithField(WithReason(absl::InvalidArgumentError(
                               Cat("the schema has ", found.size(), found.size() == 1 ? " error" : " errors", "; line ",
                                   first.range.line, ", column ", first.range.column, ": ", first.message)),
                           "SCHEMA_INVALID"),
                "schema");
  google::rpc::Status wire = ToRpcStatus(status);
  const size_t room = kDetailsBytesMax - wire.ByteSizeLong() - kAnyBytes;
  for (const Diagnostic* finding : found) {
    DiagnosticToWire(*finding, errors.add_errors());
    if (errors.ByteSizeLong() <= room) continue;
    errors.mutable_errors()->RemoveLast();
    break;
  }
  wire.add_details()->PackFrom(errors);
  return ToGrpc(status, wire);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Resolve(const Database& database, const v1::Consistency& consistency) {
  const TupleStore& store = database.store();
  switch (consistency.requirement_case()) {
    case v1::Consistency::kAtLeastAsFresh:
    case v1::Consistency::kAtExactSnapshot: {
      const bool exact = consistency.has_at_exact_snapshot();
      const std::string& token =
          exact ? consistency.at_exact_snapshot().token() : consistency.at_least_as_fresh().token();
      const char* field = exact ? "consistency.at_exact_snapshot.token" : "consistency.at_least_as_fresh.token";
      auto revision = DecodeToken(store.database_id(), token);
      if (!revision.ok()) return WithField(revision.status(), field);
      auto head = store.Head();
      if (!exact && *revision <= head->revision()) {
        absl::Status kept = store.CheckNotLost(*revision);
        return kept.ok() ? absl::StatusOr<std::shared_ptr<const Snapshot>>(head) : WithField(kept, field);
      }
      // At() says what is wrong with a revision that lies ahead.
      auto snapshot = store.At(*revision);
      if (!snapshot.ok()) return WithField(snapshot.status(), field);
      return snapshot;
    }
    case v1::Consistency::kMinimizeLatency:
    case v1::Consistency::kFullyConsistent:
    case v1::Consistency::REQUIREMENT_NOT_SET: return store.Head();
  }
  return store.Head();
}

grpc::Status SchemaServer::ReadSchema(grpc::ServerContext* context, const v1::ReadSchemaRequest* request,
                                      v1::ReadSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto snapshot = Resolve(*database_, request->consistency());
  if (!snapshot.ok()) return ToGrpc(snapshot.status());
  auto record = (*snapshot)->Schema();
  if (!record.ok()) return ToGrpc(record.status());
  if (record->revision == Revision()) {
    return ToGrpc(WithReason(absl::NotFoundError("no schema was written yet"), "NO_SCHEMA"));
  }
  response->set_schema(record->text);
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), (*snapshot)->revision()));
  return grpc::Status::OK;
}

grpc::Status SchemaServer::WriteSchema(grpc::ServerContext* context, const v1::WriteSchemaRequest* request,
                                       v1::WriteSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitSchemaSize(request->schema()); !status.ok()) return ToGrpc(status);
  if (request->drops_size() > kDropsMax) {
    return ToGrpc(
        WithField(WithReason(absl::InvalidArgumentError(Cat("at most ", kDropsMax, " drops")), "TOO_MANY"), "drops"));
  }
  std::vector<Diagnostic> findings;
  auto revision = database_->WriteSchema(request->schema(), {request->drops().begin(), request->drops().end()},
                                         request->dry_run() ? DryRun::kYes : DryRun::kNo, &findings);
  if (!revision.ok()) {
    return ReasonOf(revision.status()) == "SCHEMA_INVALID" ? SchemaInvalid(findings) : ToGrpc(revision.status());
  }
  for (const Diagnostic& finding : findings) DiagnosticToWire(finding, response->add_warnings());
  if (!request->dry_run()) {
    response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  }
  return grpc::Status::OK;
}

}  // namespace mandate
