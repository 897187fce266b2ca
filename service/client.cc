#include "service/client.h"

#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/schema_service.grpc.pb.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/wire.h"

namespace mandate {
namespace {

// A command that waits longer than this for an answer would seem to hang.
constexpr auto kDeadline = std::chrono::seconds(60);
constexpr auto kImportDeadline = std::chrono::minutes(30);
constexpr int kMessageBytesMax = 64 << 20;
constexpr int kImportBatch = 2000;

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

void SetConsistency(const std::string& at_token, v1::Consistency* consistency) {
  if (at_token.empty()) {
    consistency->set_fully_consistent(true);
  } else {
    consistency->mutable_at_exact_snapshot()->set_token(at_token);
  }
}

Diagnostic FromWire(const v1::SchemaDiagnostic& wire, Severity severity) {
  return {severity,
          {wire.offset(), wire.length(), static_cast<int>(wire.line()),
           static_cast<int>(wire.column())},
          wire.message(),
          Fault::kMeaning,
          wire.name()};
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : permissions(v1::PermissionService::NewStub(channel)),
        relationships(v1::RelationshipService::NewStub(channel)),
        schema(v1::SchemaService::NewStub(channel)) {}
  std::unique_ptr<v1::PermissionService::Stub> permissions;
  std::unique_ptr<v1::RelationshipService::Stub> relationships;
  std::unique_ptr<v1::SchemaService::Stub> schema;
};

Client::Client(const std::string& server) : server_(server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // The address is what the user wrote; a proxy from the environment would send it elsewhere.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  stubs_ = std::make_unique<Stubs>(
      grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
}

Client::~Client() = default;

namespace {

void SetDeadline(grpc::ClientContext* context, std::chrono::nanoseconds deadline) {
  context->set_deadline(std::chrono::system_clock::now() + deadline);
}

// An unreachable server is the commonest error of all: say what to do.
absl::Status Outcome(const grpc::Status& status, const std::string& server) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty()) {
    return absl::UnavailableError(
        Cat("no server answers at `", server,
            "`; start one with `mandate serve`, or name another with --server HOST:PORT (",
            status.error_message(), ")"));
  }
  return FromGrpc(status);
}

}  // namespace

absl::StatusOr<Client::SchemaWritten> Client::WriteSchema(const std::string& text,
                                                          const std::vector<std::string>& drops,
                                                          bool dry_run,
                                                          std::vector<Diagnostic>* findings) {
  grpc::ClientContext context;
  SetDeadline(&context, kDeadline);
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
          findings->push_back(FromWire(error, Severity::kError));
        }
      }
    }
    return Outcome(status, server_);
  }
  SchemaWritten written{response.written_at().token(), {}, ToJson(response)};
  for (const auto& warning : response.warnings()) {
    written.findings.push_back(FromWire(warning, Severity::kWarning));
  }
  return written;
}

absl::StatusOr<Client::SchemaRead> Client::ReadSchema(const std::string& at_token) {
  grpc::ClientContext context;
  SetDeadline(&context, kDeadline);
  v1::ReadSchemaRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  v1::ReadSchemaResponse response;
  const grpc::Status status = stubs_->schema->ReadSchema(&context, request, &response);
  if (!status.ok()) return Outcome(status, server_);
  return SchemaRead{response.schema(), response.read_at().token(), ToJson(response)};
}

absl::StatusOr<Client::Written> Client::Write(const std::vector<TupleChange>& changes) {
  grpc::ClientContext context;
  SetDeadline(&context, kDeadline);
  v1::WriteRequest request;
  for (const TupleChange& change : changes) {
    v1::RelationshipUpdate* update = request.add_updates();
    update->set_operation(change.op == ChangeOp::kCreate ? v1::RelationshipUpdate::OPERATION_CREATE
                          : change.op == ChangeOp::kTouch
                              ? v1::RelationshipUpdate::OPERATION_TOUCH
                              : v1::RelationshipUpdate::OPERATION_DELETE);
    ToWire(change.relationship, update->mutable_relationship());
  }
  v1::WriteResponse response;
  const grpc::Status status = stubs_->relationships->Write(&context, request, &response);
  if (!status.ok()) return Outcome(status, server_);
  return Written{response.written_at().token(), ToJson(response)};
}

absl::StatusOr<Client::Written> Client::Import(const std::vector<Relationship>& relationships) {
  grpc::ClientContext context;
  SetDeadline(&context, kImportDeadline);
  v1::ImportResponse response;
  auto writer = stubs_->relationships->Import(&context, &response);
  v1::ImportRequest request;
  for (const Relationship& relationship : relationships) {
    ToWire(relationship, request.add_relationships());
    if (request.relationships_size() < kImportBatch) continue;
    if (!writer->Write(request)) break;  // Finish says why.
    request.Clear();
  }
  request.set_complete(true);
  writer->Write(request);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return Outcome(status, server_);
  return Written{response.written_at().token(), ToJson(response)};
}

absl::Status Client::Read(
    const TupleFilter& filter, const std::string& at_token, uint32_t limit,
    const std::function<void(const Relationship&, const std::string&)>& visit) {
  grpc::ClientContext context;
  v1::ReadRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(filter, request.mutable_filter());
  request.set_limit(limit);
  auto reader = stubs_->relationships->Read(&context, request);
  v1::ReadResponse response;
  while (reader->Read(&response)) {
    auto relationship = mandate::FromWire(response.relationship(), "relationship");
    if (!relationship.ok()) {
      context.TryCancel();
      return relationship.status();
    }
    visit(*relationship, ToJson(response));
  }
  return Outcome(reader->Finish(), server_);
}

absl::StatusOr<Client::Checked> Client::Check(const CheckQuestion& question,
                                              const std::string& at_token) {
  grpc::ClientContext context;
  SetDeadline(&context, kDeadline);
  v1::CheckRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(question, request.mutable_item());
  request.set_explain(question.explain);
  v1::CheckResponse response;
  const grpc::Status status = stubs_->permissions->Check(&context, request, &response);
  if (!status.ok()) return Outcome(status, server_);
  return Checked{AnswerFromWire(response.result()), response.checked_at().token(),
                 ToJson(response)};
}

absl::StatusOr<Client::Expanded> Client::Expand(const ExpandQuestion& question,
                                                const std::string& at_token) {
  grpc::ClientContext context;
  SetDeadline(&context, kDeadline);
  v1::ExpandRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(question, &request);
  v1::ExpandResponse response;
  const grpc::Status status = stubs_->permissions->Expand(&context, request, &response);
  if (!status.ok()) return Outcome(status, server_);
  return Expanded{NodesFromWire(response), response.expanded_at().token(), ToJson(response)};
}

namespace {

template <typename Response>
absl::Status ReadAll(grpc::ClientReader<Response>* reader, const std::string& server,
                     const Client::LookupVisitor& visit) {
  Response response;
  while (reader->Read(&response)) {
    Client::LookedUp looked_up{
        {}, response.cursor(), response.looked_up_at().token(), ToJson(response)};
    for (const auto& result : response.results()) looked_up.found.push_back(FoundFromWire(result));
    visit(looked_up);
  }
  return Outcome(reader->Finish(), server);
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

absl::Status Client::LookupResources(const ResourcesQuestion& question, const Page& page,
                                     const LookupVisitor& visit) {
  grpc::ClientContext context;
  const auto request = LookupRequest<v1::LookupResourcesRequest>(question, page);
  auto reader = stubs_->permissions->LookupResources(&context, request);
  return ReadAll(reader.get(), server_, visit);
}

absl::Status Client::LookupSubjects(const SubjectsQuestion& question, const Page& page,
                                    const LookupVisitor& visit) {
  grpc::ClientContext context;
  const auto request = LookupRequest<v1::LookupSubjectsRequest>(question, page);
  auto reader = stubs_->permissions->LookupSubjects(&context, request);
  return ReadAll(reader.get(), server_, visit);
}

}  // namespace mandate
