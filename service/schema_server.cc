#include "google/rpc/error_details.pb.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"

namespace mandate {
namespace {

constexpr size_t kSchemaBytesMax = 3 << 20;
constexpr int kDropsMax = 1000;

// Findings past this are left out of the answer: the error's details must fit into a header.
constexpr size_t kFindingsMax = 50;
constexpr size_t kFindingsBytesMax = 6000;

void ToWire(const Diagnostic& finding, v1::SchemaDiagnostic* wire) {
  wire->set_line(finding.range.line);
  wire->set_column(finding.range.column);
  wire->set_offset(finding.range.offset);
  wire->set_length(finding.range.length);
  wire->set_message(finding.message);
}

// All errors travel as a detail; the message counts them and carries the first.
grpc::Status SchemaInvalid(const std::vector<Diagnostic>& findings) {
  v1::SchemaErrors errors;
  size_t count = 0;
  const Diagnostic* first = nullptr;
  for (const Diagnostic& finding : findings) {
    if (finding.severity != Severity::kError) continue;
    if (first == nullptr) first = &finding;
    if (++count > kFindingsMax || errors.ByteSizeLong() > kFindingsBytesMax) continue;
    ToWire(finding, errors.add_errors());
  }
  absl::Status status = absl::InvalidArgumentError(
      Cat("the schema has ", count, count == 1 ? " error" : " errors", "; line ",
          first == nullptr ? 0 : first->range.line, ", column ",
          first == nullptr ? 0 : first->range.column, ": ",
          first == nullptr ? "" : first->message));
  google::rpc::Status wire =
      ToRpcStatus(WithField(WithReason(status, "SCHEMA_INVALID"), "schema"));
  wire.add_details()->PackFrom(errors);
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, wire.message(), wire.SerializeAsString());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Snapshot>> Resolve(const Database& database,
                                                        const v1::Consistency& consistency) {
  const TupleStore& store = database.store();
  switch (consistency.requirement_case()) {
    case v1::Consistency::kAtLeastAsFresh:
    case v1::Consistency::kAtExactSnapshot: {
      const bool exact = consistency.has_at_exact_snapshot();
      const std::string& token = exact ? consistency.at_exact_snapshot().token()
                                       : consistency.at_least_as_fresh().token();
      const char* field =
          exact ? "consistency.at_exact_snapshot.token" : "consistency.at_least_as_fresh.token";
      auto revision = DecodeToken(store.database_id(), token);
      if (!revision.ok()) return WithField(revision.status(), field);
      auto head = store.Head();
      if (!exact && *revision <= head->revision()) return head;
      // At() says what is wrong with a revision that lies ahead.
      auto snapshot = store.At(*revision);
      if (!snapshot.ok()) return WithField(snapshot.status(), field);
      return snapshot;
    }
    case v1::Consistency::kMinimizeLatency:
    case v1::Consistency::kFullyConsistent:
    case v1::Consistency::REQUIREMENT_NOT_SET:
      return store.Head();
  }
  return store.Head();
}

grpc::Status SchemaServer::ReadSchema(grpc::ServerContext*, const v1::ReadSchemaRequest* request,
                                      v1::ReadSchemaResponse* response) {
  auto snapshot = Resolve(*database_, request->consistency());
  if (!snapshot.ok()) return ToGrpc(snapshot.status());
  auto record = (*snapshot)->Schema();
  if (!record.ok()) return ToGrpc(record.status());
  if (record->revision == Revision()) {
    return ToGrpc(WithReason(absl::NotFoundError("no schema was written yet"), "NO_SCHEMA"));
  }
  response->set_schema(record->text);
  response->mutable_read_at()->set_token(
      EncodeToken(database_->store().database_id(), (*snapshot)->revision()));
  return grpc::Status::OK;
}

grpc::Status SchemaServer::WriteSchema(grpc::ServerContext*, const v1::WriteSchemaRequest* request,
                                       v1::WriteSchemaResponse* response) {
  if (request->schema().size() > kSchemaBytesMax || request->drops_size() > kDropsMax) {
    return ToGrpc(WithReason(absl::InvalidArgumentError(Cat("a schema has at most ",
                                                            kSchemaBytesMax, " bytes, and ",
                                                            kDropsMax, " drops")),
                             "TOO_MANY"));
  }
  std::vector<Diagnostic> findings;
  auto revision = database_->WriteSchema(
      request->schema(), {request->drops().begin(), request->drops().end()},
      request->dry_run() ? DryRun::kYes : DryRun::kNo, &findings);
  if (!revision.ok()) {
    return ReasonOf(revision.status()) == "SCHEMA_INVALID" ? SchemaInvalid(findings)
                                                           : ToGrpc(revision.status());
  }
  for (const Diagnostic& finding : findings) ToWire(finding, response->add_warnings());
  if (!request->dry_run()) {
    response->mutable_written_at()->set_token(
        EncodeToken(database_->store().database_id(), *revision));
  }
  return grpc::Status::OK;
}

}  // namespace mandate
