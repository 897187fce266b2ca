#include "service/bulk_client.h"

#include "google/protobuf/arena.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "service/connection.h"
#include "service/wire.h"

namespace mandate {
namespace {

// A stream of the largest import that a server takes, on a slow machine.
constexpr auto kImportDeadline = std::chrono::hours(2);

// Messages of this many amortise what a message costs. Contexts may be long: so many bytes of them are enough too, far
// below the limit of the server, for JSON grows on the wire.
constexpr size_t kImportBatch = 2000;
constexpr size_t kImportContextBytes = 4 << 20;

v1::RelationshipUpdate::Operation OperationToWire(ChangeOp op) {
  switch (op) {
    case ChangeOp::kCreate: return v1::RelationshipUpdate::OPERATION_CREATE;
    case ChangeOp::kTouch: return v1::RelationshipUpdate::OPERATION_TOUCH;
    case ChangeOp::kDelete: return v1::RelationshipUpdate::OPERATION_DELETE;
  }
  std::abort();
}

}  // namespace

struct BulkClient::Stub {
  explicit Stub(const Endpoint& server)
      : connection(server), relationships(v1::RelationshipService::NewStub(connection.channel())) {}
  const Connection connection;
  std::unique_ptr<v1::RelationshipService::Stub> relationships;
};

class BulkClient::Stream : public BulkClient::ImportStream {
 public:
  Stream(const Stub& stub, ChangeOp op) : connection_(stub.connection) {
    Connection::SetDeadline(&context_, kImportDeadline);
    writer_ = stub.relationships->Import(&context_, &response_);
    create_ = op == ChangeOp::kCreate;
  }
  ~Stream() override {
    if (finished_) return;
    context_.TryCancel();
    (void)writer_->Finish();
  }

  bool Send(const std::vector<Relationship>& relationships) override {
    for (size_t i = 0; i < relationships.size();) {
      // Some allocations for thousands of small messages, instead of several each.
      google::protobuf::Arena arena;
      auto* request = google::protobuf::Arena::CreateMessage<v1::ImportRequest>(&arena);
      request->set_create(create_ && first_);
      first_ = false;
      size_t bytes = 0;
      for (size_t count = 0; i < relationships.size() && count < kImportBatch && bytes < kImportContextBytes; ++count) {
        bytes += relationships[i].caveat_context.size();
        ToWire(relationships[i++], request->add_relationships());
      }
      if (!writer_->Write(*request)) return false;
    }
    return true;
  }

  absl::StatusOr<Imported> Finish() override {
    finished_ = true;
    v1::ImportRequest last;
    last.set_create(create_ && first_);
    last.set_complete(true);
    writer_->Write(last);
    writer_->WritesDone();
    const absl::Status status = connection_.Outcome(writer_->Finish());
    if (!status.ok()) return status;
    return Imported{response_.relationships_count(), response_.written_at().token()};
  }

 private:
  const Connection& connection_;
  grpc::ClientContext context_;
  v1::ImportResponse response_;
  std::unique_ptr<grpc::ClientWriter<v1::ImportRequest>> writer_;
  bool create_ = false;
  bool first_ = true;
  bool finished_ = false;
};

BulkClient::BulkClient(const Endpoint& server) : stub_(std::make_unique<Stub>(server)) {}

BulkClient::~BulkClient() = default;

std::unique_ptr<BulkClient::ImportStream> BulkClient::Import(ChangeOp op) {
  return std::make_unique<Stream>(*stub_, op);
}

absl::Status BulkClient::Export(const std::optional<TupleFilter>& filter, const std::string& at_token,
                                const std::string& cursor, const std::function<bool(Page&)>& visit) {
  grpc::ClientContext context;
  v1::ExportRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  if (filter) ToWire(*filter, request.mutable_filter());
  request.set_cursor(cursor);
  auto reader = stub_->relationships->Export(&context, request);
  absl::Status malformed;
  absl::Status status = stub_->connection.ReadAll(&context, reader.get(), [&](const v1::ExportResponse& response) {
    Page page{{}, response.cursor(), response.exported_at().token()};
    page.relationships.reserve(response.relationships_size());
    for (const v1::Relationship& wire : response.relationships()) {
      auto relationship = FromWire(wire, "relationship");
      malformed = relationship.status();
      if (!malformed.ok()) return false;
      page.relationships.push_back(*std::move(relationship));
    }
    return visit(page);
  });
  status.Update(malformed);
  return status;
}

absl::StatusOr<std::string> BulkClient::Write(const std::vector<TupleChange>& changes,
                                              const std::vector<Precondition>& preconditions,
                                              const std::string& metadata) {
  v1::WriteRequest request;
  for (const TupleChange& change : changes) {
    v1::RelationshipUpdate* update = request.add_updates();
    update->set_operation(OperationToWire(change.op));
    ToWire(change.relationship, update->mutable_relationship());
  }
  for (const Precondition& precondition : preconditions) {
    v1::Precondition* wire = request.add_preconditions();
    wire->set_operation(precondition.kind == Precondition::Kind::kMustMatch
                            ? v1::Precondition::OPERATION_MUST_MATCH
                            : v1::Precondition::OPERATION_MUST_NOT_MATCH);
    ToWire(precondition.filter, wire->mutable_filter());
  }
  ContextToWire(metadata, request.mutable_metadata());
  v1::WriteResponse response;
  const absl::Status status =
      stub_->connection.Call(*stub_->relationships, &v1::RelationshipService::Stub::Write, request, &response);
  if (!status.ok()) return status;
  return response.written_at().token();
}

}  // namespace mandate
