#include "service/client.h"

#include "google/rpc/status.pb.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/schema_service.grpc.pb.h"
#include "schema/text.h"
#include "service/connection.h"
#include "service/wire.h"

namespace mandate {
namespace {

Diagnostic DiagnosticFromWire(const v1::SchemaDiagnostic& wire, Severity severity) {
  return {severity,
          {wire.offset(), wire.length(), static_cast<int>(wire.line()), static_cast<int>(wire.column())},
          wire.message(),
          Fault::kMeaning,
          wire.name()};
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const Endpoint& server)
      : connection(server),
        permissions(v1::PermissionService::NewStub(connection.channel())),
        relationships(v1::RelationshipService::NewStub(connection.channel())),
        schema(v1::SchemaService::NewStub(connection.channel())) {}
  const Connection connection;
  std::unique_ptr<v1::PermissionService::Stub> permissions;
  std::unique_ptr<v1::RelationshipService::Stub> relationships;
  std::unique_ptr<v1::SchemaService::Stub> schema;
};

Client::Client(const Endpoint& server) : stubs_(std::make_unique<Stubs>(server)) {}

Client::~Client() = default;

absl::StatusOr<Client::SchemaWritten> Client::WriteSchema(const std::string& text,
                                                          const std::vector<std::string>& drops, bool dry_run,
                                                          std::vector<Diagnostic>* findings) {
  grpc::ClientContext context;
  Connection::SetDeadline(&context, Connection::kCallDeadline);
  v1::WriteSchemaRequest request;
  request.set_schema(text);
  for (const std::string& drop : drops) request.add_drops(drop);
  request.set_dry_run(dry_run);
  v1::WriteSchemaResponse response;
  const grpc::Status status = stubs_->schema->WriteSchema(&context, request, &response);
  if (!status.ok()) {
    google::rpc::Status wire;
    if (findings != nullptr && wire.ParseFromString(status.error_details())) {
      v1::SchemaErrors errors;
      for (const auto& detail : wire.details()) {
        if (!detail.UnpackTo(&errors)) continue;
        for (const auto& error : errors.errors()) {
          findings->push_back(DiagnosticFromWire(error, Severity::kError));
        }
      }
    }
    return stubs_->connection.Outcome(status);
  }
  SchemaWritten written{response.written_at().token(), {}, MessageToJson(response)};
  for (const auto& warning : response.warnings()) {
    written.findings.push_back(DiagnosticFromWire(warning, Severity::kWarning));
  }
  return written;
}

absl::StatusOr<Client::SchemaRead> Client::ReadSchema(const std::string& at_token) {
  v1::ReadSchemaRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  v1::ReadSchemaResponse response;
  const absl::Status status =
      stubs_->connection.Call(*stubs_->schema, &v1::SchemaService::Stub::ReadSchema, request, &response);
  if (!status.ok()) return status;
  return SchemaRead{response.schema(), response.read_at().token(), MessageToJson(response)};
}

absl::StatusOr<Client::Written> Client::Write(const std::vector<TupleChange>& changes) {
  v1::WriteRequest request;
  for (const TupleChange& change : changes) {
    v1::RelationshipUpdate* update = request.add_updates();
    update->set_operation(change.op == ChangeOp::kCreate  ? v1::RelationshipUpdate::OPERATION_CREATE
                          : change.op == ChangeOp::kTouch ? v1::RelationshipUpdate::OPERATION_TOUCH
                                                          : v1::RelationshipUpdate::OPERATION_DELETE);
    ToWire(change.relationship, update->mutable_relationship());
  }
  v1::WriteResponse response;
  const absl::Status status =
      stubs_->connection.Call(*stubs_->relationships, &v1::RelationshipService::Stub::Write, request, &response);
  if (!status.ok()) return status;
  return Written{response.written_at().token(), MessageToJson(response)};
}

absl::Status Client::Read(const TupleFilter& filter, const std::string& at_token, uint32_t limit,
                          const std::function<void(const ReadRow&)>& visit) {
  grpc::ClientContext context;
  v1::ReadRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(filter, request.mutable_filter());
  request.set_limit(limit);
  auto reader = stubs_->relationships->Read(&context, request);
  absl::Status malformed;
  absl::Status status = stubs_->connection.ReadAll(&context, reader.get(), [&](const v1::ReadResponse& response) {
    auto relationship = FromWire(response.relationship(), "relationship");
    malformed = relationship.status();
    if (!malformed.ok()) return false;
    visit({*std::move(relationship), Revision(response.written()), Revision(response.born()), MessageToJson(response)});
    return true;
  });
  status.Update(malformed);
  return status;
}

absl::StatusOr<Client::Checked> Client::Check(const CheckQuestion& question, const std::string& at_token) {
  v1::CheckRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(question, request.mutable_item());
  request.set_explain(question.explain);
  v1::CheckResponse response;
  const absl::Status status =
      stubs_->connection.Call(*stubs_->permissions, &v1::PermissionService::Stub::Check, request, &response);
  if (!status.ok()) return status;
  return Checked{AnswerFromWire(response.result()), response.checked_at().token(), MessageToJson(response)};
}

absl::StatusOr<Client::Expanded> Client::Expand(const ExpandQuestion& question, const std::string& at_token) {
  v1::ExpandRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(question, &request);
  v1::ExpandResponse response;
  const absl::Status status =
      stubs_->connection.Call(*stubs_->permissions, &v1::PermissionService::Stub::Expand, request, &response);
  if (!status.ok()) return status;
  return Expanded{NodesFromWire(response), response.expanded_at().token(), MessageToJson(response)};
}

namespace {

template <typename Response>
bool VisitLookup(const Client::LookupVisitor& visit, const Response& response) {
  Client::LookedUp looked_up{{}, response.cursor(), response.looked_up_at().token(), MessageToJson(response)};
  for (const auto& result : response.results()) looked_up.found.push_back(FoundFromWire(result));
  visit(looked_up);
  return true;
}

template <typename Request, typename Question>
Request LookupRequest(const Question& question, const Client::Page& page) {
  Request request;
  SetConsistency(page.at_token, request.mutable_consistency());
  ToWire(question, &request);
  request.set_limit(page.limit);
  request.set_cursor(page.cursor);
  return request;
}

}  // namespace

absl::Status Client::LookupResources(const ResourcesQuestion& question, const Page& page, const LookupVisitor& visit) {
  grpc::ClientContext context;
  const auto request = LookupRequest<v1::LookupResourcesRequest>(question, page);
  auto reader = stubs_->permissions->LookupResources(&context, request);
  return stubs_->connection.ReadAll(&context, reader.get(),
                                    [&](const auto& response) { return VisitLookup(visit, response); });
}

absl::Status Client::LookupSubjects(const SubjectsQuestion& question, const Page& page, const LookupVisitor& visit) {
  grpc::ClientContext context;
  const auto request = LookupRequest<v1::LookupSubjectsRequest>(question, page);
  auto reader = stubs_->permissions->LookupSubjects(&context, request);
  return stubs_->connection.ReadAll(&context, reader.get(),
                                    [&](const auto& response) { return VisitLookup(visit, response); });
}

}  // namespace mandate
