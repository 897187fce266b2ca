#include "bench/load_api.h"

#include <atomic>
#include <thread>

#include "authzed/api/v1/permission_service.grpc.pb.h"
#include "authzed/api/v1/schema_service.grpc.pb.h"
#include "authzed/api/v1/watch_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/schema_service.grpc.pb.h"
#include "mandate/v1/watch_service.grpc.pb.h"
#include "schema/text.h"
#include "service/authzed_wire.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr size_t kRowsInMessage = 5'000;

std::shared_ptr<grpc::Channel> Connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  // A connection of its own for each client.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void Authorize(const std::string& token, grpc::ClientContext* context) {
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
}

struct Call {
  explicit Call(const std::string& token) { Authorize(token, &context); }
  grpc::ClientContext context;
};

class MandateLoadApi final : public LoadApi {
 public:
  MandateLoadApi(const std::string& server, const std::string& token)
      : token_(token),
        channel_(Connect(server)),
        permissions_(v1::PermissionService::NewStub(channel_)),
        relationships_(v1::RelationshipService::NewStub(channel_)) {}

  absl::Status WriteSchema(const std::string& schema) override {
    Call call(token_);
    v1::WriteSchemaRequest request;
    request.set_schema(schema);
    v1::WriteSchemaResponse response;
    return ToStatus(v1::SchemaService::NewStub(channel_)->WriteSchema(&call.context, request, &response));
  }

  absl::StatusOr<uint64_t> Import(const World& world, const std::function<void(uint64_t)>& progress) override {
    Call call(token_);
    v1::ImportResponse response;
    auto stream = relationships_->Import(&call.context, &response);
    v1::ImportRequest request;
    uint64_t sent = 0;
    bool open = true;
    world.Generate([&](const Relationship& relationship) {
      ToWire(relationship, request.add_relationships());
      if (static_cast<size_t>(request.relationships_size()) < kRowsInMessage) return;
      sent += static_cast<uint64_t>(request.relationships_size());
      open = open && stream->Write(request);
      request.Clear();
      progress(sent);
    });
    request.set_complete(true);
    if (open && stream->Write(request)) stream->WritesDone();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return ToStatus(status);
    return response.relationships_count();
  }

  absl::StatusOr<std::string> Write(const std::vector<Relationship>& rows, bool remove) override {
    Call call(token_);
    google::protobuf::Arena arena;
    auto* const request = google::protobuf::Arena::CreateMessage<v1::WriteRequest>(&arena);
    for (const Relationship& row : rows) {
      v1::RelationshipUpdate* const update = request->add_updates();
      update->set_operation(remove ? v1::RelationshipUpdate::OPERATION_DELETE
                                   : v1::RelationshipUpdate::OPERATION_TOUCH);
      ToWire(row, update->mutable_relationship());
    }
    v1::WriteResponse response;
    const grpc::Status status = relationships_->Write(&call.context, *request, &response);
    if (!status.ok()) return ToStatus(status);
    return response.written_at().token();
  }

  absl::StatusOr<std::vector<bool>> Check(const std::vector<const CheckQuestion*>& questions,
                                          const std::string& token) override {
    Call call(token_);
    std::vector<bool> answers;
    const auto fresh = [&](v1::Consistency* consistency) {
      if (!token.empty()) consistency->mutable_at_least_as_fresh()->set_token(token);
    };
    if (questions.size() == 1) {
      v1::CheckRequest request;
      if (!token.empty()) fresh(request.mutable_consistency());
      ToWire(*questions[0], request.mutable_item());
      v1::CheckResponse response;
      const grpc::Status status = permissions_->Check(&call.context, request, &response);
      if (!status.ok()) return ToStatus(status);
      answers.push_back(response.result().decision() == v1::DECISION_ALLOWED);
      return answers;
    }
    google::protobuf::ArenaOptions kept;
    kept.initial_block = block_.data();
    kept.initial_block_size = block_.size();
    google::protobuf::Arena arena(kept);
    auto* const request = google::protobuf::Arena::CreateMessage<v1::CheckBatchRequest>(&arena);
    auto* const response = google::protobuf::Arena::CreateMessage<v1::CheckBatchResponse>(&arena);
    if (!token.empty()) fresh(request->mutable_consistency());
    for (const CheckQuestion* question : questions) ToWire(*question, request->add_items());
    const grpc::Status status = permissions_->CheckBatch(&call.context, *request, response);
    if (!status.ok()) return ToStatus(status);
    for (const v1::CheckBatchResult& each : response->results()) {
      if (each.has_error()) return absl::InternalError(each.error().message());
      answers.push_back(each.result().decision() == v1::DECISION_ALLOWED);
    }
    if (answers.size() != questions.size()) return absl::InternalError("a batch has not as many answers as questions");
    return answers;
  }

  absl::Status LookupResources(const CheckQuestion& question, const std::function<void()>& found) override {
    Call call(token_);
    ResourcesQuestion asked;
    asked.resource_type = question.resource.type;
    asked.permission = question.permission;
    asked.subject = question.subject;
    v1::LookupResourcesRequest request;
    ToWire(asked, &request);
    auto stream = permissions_->LookupResources(&call.context, request);
    v1::LookupResourcesResponse response;
    while (stream->Read(&response)) {
      for (int i = 0; i < response.results_size(); ++i) found();
    }
    return ToStatus(stream->Finish());
  }

 private:
  const std::string token_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::PermissionService::Stub> permissions_;
  const std::unique_ptr<v1::RelationshipService::Stub> relationships_;
  // Where the messages of a batch lie, one after the other: as a client would have them that sends hundreds a second.
  std::vector<char> block_ = std::vector<char>(1 << 20);
};

class AuthzedLoadApi final : public LoadApi {
 public:
  AuthzedLoadApi(const std::string& server, const std::string& token)
      : token_(token), channel_(Connect(server)), permissions_(az::PermissionsService::NewStub(channel_)) {}

  absl::Status WriteSchema(const std::string& schema) override {
    Call call(token_);
    az::WriteSchemaRequest request;
    request.set_schema(schema);
    az::WriteSchemaResponse response;
    return ToStatus(az::SchemaService::NewStub(channel_)->WriteSchema(&call.context, request, &response));
  }

  absl::StatusOr<uint64_t> Import(const World& world, const std::function<void(uint64_t)>& progress) override {
    Call call(token_);
    az::ImportBulkRelationshipsResponse response;
    auto stream = permissions_->ImportBulkRelationships(&call.context, &response);
    az::ImportBulkRelationshipsRequest request;
    uint64_t sent = 0;
    bool open = true;
    const auto flush = [&] {
      sent += static_cast<uint64_t>(request.relationships_size());
      open = open && stream->Write(request);
      request.Clear();
      progress(sent);
    };
    world.Generate([&](const Relationship& relationship) {
      ToWire(relationship, request.add_relationships());
      if (static_cast<size_t>(request.relationships_size()) >= kRowsInMessage) flush();
    });
    if (request.relationships_size() > 0) flush();
    if (open) stream->WritesDone();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return ToStatus(status);
    return response.num_loaded();
  }

  absl::StatusOr<std::string> Write(const std::vector<Relationship>& rows, bool remove) override {
    Call call(token_);
    az::WriteRelationshipsRequest request;
    for (const Relationship& row : rows) {
      az::RelationshipUpdate* const update = request.add_updates();
      update->set_operation(remove ? az::RelationshipUpdate::OPERATION_DELETE
                                   : az::RelationshipUpdate::OPERATION_TOUCH);
      ToWire(row, update->mutable_relationship());
    }
    az::WriteRelationshipsResponse response;
    const grpc::Status status = permissions_->WriteRelationships(&call.context, request, &response);
    if (!status.ok()) return ToStatus(status);
    return response.written_at().token();
  }

  absl::StatusOr<std::vector<bool>> Check(const std::vector<const CheckQuestion*>& questions,
                                          const std::string& token) override {
    Call call(token_);
    std::vector<bool> answers;
    const auto ask = [&](const CheckQuestion& question, auto* wire) {
      ToWire(question.resource, wire->mutable_resource());
      wire->set_permission(question.permission);
      ToWire(question.subject, wire->mutable_subject());
    };
    const auto demand = [&](az::Consistency* consistency) {
      if (token.empty()) {
        consistency->set_minimize_latency(true);
      } else {
        consistency->mutable_at_least_as_fresh()->set_token(token);
      }
    };
    constexpr auto kHas = az::CheckPermissionResponse::PERMISSIONSHIP_HAS_PERMISSION;
    if (questions.size() == 1) {
      az::CheckPermissionRequest request;
      demand(request.mutable_consistency());
      ask(*questions[0], &request);
      az::CheckPermissionResponse response;
      const grpc::Status status = permissions_->CheckPermission(&call.context, request, &response);
      if (!status.ok()) return ToStatus(status);
      answers.push_back(response.permissionship() == kHas);
      return answers;
    }
    az::CheckBulkPermissionsRequest request;
    demand(request.mutable_consistency());
    for (const CheckQuestion* question : questions) ask(*question, request.add_items());
    az::CheckBulkPermissionsResponse response;
    const grpc::Status status = permissions_->CheckBulkPermissions(&call.context, request, &response);
    if (!status.ok()) return ToStatus(status);
    for (const az::CheckBulkPermissionsPair& each : response.pairs()) {
      if (each.has_error()) return absl::InternalError(each.error().message());
      answers.push_back(each.item().permissionship() == kHas);
    }
    if (answers.size() != questions.size()) return absl::InternalError("a batch has not as many answers as questions");
    return answers;
  }

  absl::Status LookupResources(const CheckQuestion& question, const std::function<void()>& found) override {
    Call call(token_);
    az::LookupResourcesRequest request;
    request.mutable_consistency()->set_minimize_latency(true);
    request.set_resource_object_type(question.resource.type);
    request.set_permission(question.permission);
    ToWire(question.subject, request.mutable_subject());
    auto stream = permissions_->LookupResources(&call.context, request);
    az::LookupResourcesResponse response;
    while (stream->Read(&response)) found();
    return ToStatus(stream->Finish());
  }

 private:
  const std::string token_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<az::PermissionsService::Stub> permissions_;
};

template <typename Service, typename Request, typename Response>
class LoadWatchOf final : public LoadWatch {
 public:
  LoadWatchOf(const std::string& server, const std::string& token, uint64_t (*count)(const Response&))
      : stub_(Service::NewStub(Connect(server))) {
    Authorize(token, &context_);
    reader_ = stub_->Watch(&context_, Request());
    thread_ = std::thread([this, count] {
      Response response;
      while (reader_->Read(&response)) changes_ += count(response);
    });
  }
  ~LoadWatchOf() override {
    context_.TryCancel();
    thread_.join();
    reader_->Finish();
  }
  uint64_t changes() const override { return changes_; }

 private:
  std::unique_ptr<typename Service::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
  std::atomic<uint64_t> changes_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<LoadApi> ConnectLoadApi(const std::string& api, const std::string& server, const std::string& token) {
  if (api == "authzed") return std::make_unique<AuthzedLoadApi>(server, token);
  return std::make_unique<MandateLoadApi>(server, token);
}

std::unique_ptr<LoadWatch> WatchAll(const std::string& api, const std::string& server, const std::string& token) {
  if (api == "authzed") {
    return std::make_unique<LoadWatchOf<az::WatchService, az::WatchRequest, az::WatchResponse>>(
        server, token,
        [](const az::WatchResponse& response) { return static_cast<uint64_t>(response.updates_size()); });
  }
  return std::make_unique<LoadWatchOf<v1::WatchService, v1::WatchRequest, v1::WatchResponse>>(
      server, token, [](const v1::WatchResponse& response) { return static_cast<uint64_t>(response.changes_size()); });
}

}  // namespace mandate
