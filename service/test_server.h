// test_server.h: a database behind a real gRPC server on a port that the system chooses, for tests;
// and the words in which those tests are written.
//
//   TestServer server;
//   server.WriteSchema(kDocumentSchema);
//   std::string token = server.Touch({"document:plan#viewer@user:alice"});
//   EXPECT_EQ(server.Check("document:plan#view@user:alice").result().decision(),
//   v1::DECISION_ALLOWED);
//
// Threads     Safe to share, but for the calls that say otherwise.
// Errors      What a call with a value for a result (Touch, Check) meets is a test failure; those
// that give a status
//             (TryCheck) hand it over as a client sees it.
#ifndef MANDATE_SERVICE_TEST_SERVER_H_
#define MANDATE_SERVICE_TEST_SERVER_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/database/database.h"
#include "service/database/test_words.h"
#include "service/error_mapping.h"
#include "service/server.h"
#include "service/services.h"
#include "service/wire.h"

namespace mandate {

// The clock of a database: it stands still unless it is moved, and can hold whoever reads it.
class TestClock {
 public:
  absl::Time Now() {
    std::unique_lock lock(mutex_);
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !holding_; });
    --held_;
    return now_;
  }
  void Advance(absl::Duration duration) {
    std::lock_guard lock(mutex_);
    now_ += duration;
  }
  // From here on, whoever reads the clock waits, in the middle of its call, until Release().
  void Hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void WaitUntilSomebodyIsHeld() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return holding_ && held_ > 0; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    holding_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  absl::Time now_ = absl::FromCivil(absl::CivilSecond(2026, 1, 1, 0, 0, 0), absl::UTCTimeZone());
  bool holding_ = false;
  int held_ = 0;
};

// A message from its text form.
template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline v1::Consistency Exactly(const std::string& token) {
  v1::Consistency consistency;
  consistency.mutable_at_exact_snapshot()->set_token(token);
  return consistency;
}

inline v1::Consistency AtLeast(const std::string& token) {
  v1::Consistency consistency;
  consistency.mutable_at_least_as_fresh()->set_token(token);
  return consistency;
}

inline v1::CheckItem Item(const std::string& question) {
  auto parsed = ParseQuestion(question);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  v1::CheckItem item;
  ToWire(CheckQuestion{.resource = parsed->resource, .permission = parsed->permission, .subject = parsed->subject},
         &item);
  return item;
}

// `create document:plan#viewer@user:alice`, `touch ...`, `delete ...`.
inline v1::RelationshipUpdate Update(const std::string& text) {
  const size_t space = text.find(' ');
  const std::string op = text.substr(0, space);
  auto relationship = ParseRelationship(text.substr(space + 1));
  EXPECT_TRUE(relationship.ok()) << relationship.status();
  v1::RelationshipUpdate update;
  update.set_operation(op == "create"  ? v1::RelationshipUpdate::OPERATION_CREATE
                       : op == "touch" ? v1::RelationshipUpdate::OPERATION_TOUCH
                                       : v1::RelationshipUpdate::OPERATION_DELETE);
  ToWire(*relationship, update.mutable_relationship());
  return update;
}

inline v1::WriteRequest Updates(const std::vector<std::string>& texts) {
  v1::WriteRequest request;
  for (const std::string& text : texts) *request.add_updates() = Update(text);
  return request;
}

class TestServer {
 public:
  // In memory unless options name a directory.
  // `http`: where HTTP listens, if anywhere. Of `serving` what is not about places.
  explicit TestServer(DatabaseOptions options = {}, const std::string& http = "", ServerOptions serving = {}) {
    options.store.in_memory = options.directory.empty();
    options.store.clock = [this] { return clock.Now(); };
    auto database = Database::Open(options);
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    // No collection while a test runs: it calls Collect itself.
    serving.listen = "127.0.0.1:0";
    serving.http = http;
    serving.collect_every = absl::Hours(1);
    auto server = Server::Start(database_.get(), serving);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxSendMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
    permissions = v1::PermissionService::NewStub(channel_);
    relationships = v1::RelationshipService::NewStub(channel_);
    schemas = v1::SchemaService::NewStub(channel_);
    delegation = v1::DelegationService::NewStub(channel_);
  }

  Database& database() { return *database_; }
  Server& server() { return *server_; }
  std::string address() const { return Cat("127.0.0.1:", server_->port()); }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // One unary call; its status as a client sees it.
  template <typename Stub, typename Request, typename Response>
  absl::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return FromGrpc((stub.*method)(&context, request, response));
  }

  absl::Status TryWriteSchema(const v1::WriteSchemaRequest& request, v1::WriteSchemaResponse* response) {
    return Call(*schemas, &v1::SchemaService::Stub::WriteSchema, request, response);
  }
  std::string WriteSchema(const std::string& text) {
    v1::WriteSchemaRequest request;
    request.set_schema(text);
    v1::WriteSchemaResponse response;
    const absl::Status status = TryWriteSchema(request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response.written_at().token();
  }

  absl::Status TryWrite(const v1::WriteRequest& request, v1::WriteResponse* response) {
    return Call(*relationships, &v1::RelationshipService::Stub::Write, request, response);
  }
  std::string TryWrite(const v1::WriteRequest& request) {
    v1::WriteResponse response;
    return Fault(TryWrite(request, &response));
  }
  std::string Write(const std::vector<std::string>& updates) {
    v1::WriteResponse response;
    const absl::Status status = TryWrite(Updates(updates), &response);
    EXPECT_TRUE(status.ok()) << status;
    return response.written_at().token();
  }
  std::string Touch(std::vector<std::string> relationships) {
    for (std::string& text : relationships) text = "touch " + text;
    return Write(relationships);
  }

  absl::Status TryCheck(const v1::CheckRequest& request, v1::CheckResponse* response) {
    return Call(*permissions, &v1::PermissionService::Stub::Check, request, response);
  }
  std::string TryCheck(const std::string& question, const v1::Consistency& consistency = {}) {
    v1::CheckRequest request;
    *request.mutable_item() = Item(question);
    *request.mutable_consistency() = consistency;
    v1::CheckResponse response;
    return Fault(TryCheck(request, &response));
  }
  v1::CheckResponse Check(const std::string& question, const v1::Consistency& consistency = {}) {
    v1::CheckRequest request;
    *request.mutable_item() = Item(question);
    *request.mutable_consistency() = consistency;
    v1::CheckResponse response;
    const absl::Status status = TryCheck(request, &response);
    EXPECT_TRUE(status.ok()) << question << ": " << status;
    return response;
  }
  bool Allowed(const std::string& question, const v1::Consistency& consistency = {}) {
    return Check(question, consistency).result().decision() == v1::DECISION_ALLOWED;
  }

  absl::Status TryRead(const v1::ReadRequest& request, std::vector<v1::ReadResponse>* responses) {
    grpc::ClientContext context;
    auto reader = relationships->Read(&context, request);
    v1::ReadResponse response;
    while (reader->Read(&response)) responses->push_back(response);
    return FromGrpc(reader->Finish());
  }
  // The relationships of a type, as text.
  std::vector<std::string> Read(const std::string& type, const v1::Consistency& consistency = {}) {
    v1::ReadRequest request;
    request.mutable_filter()->set_resource_type(type);
    *request.mutable_consistency() = consistency;
    std::vector<v1::ReadResponse> responses;
    const absl::Status status = TryRead(request, &responses);
    EXPECT_TRUE(status.ok()) << status;
    return Texts(responses);
  }
  static std::vector<std::string> Texts(const std::vector<v1::ReadResponse>& responses) {
    std::vector<std::string> texts;
    for (const auto& response : responses) {
      auto relationship = FromWire(response.relationship(), "relationship");
      EXPECT_TRUE(relationship.ok()) << relationship.status();
      texts.push_back(ToText(*relationship));
    }
    return texts;
  }

  // The last request is made the one that completes the import.
  absl::Status TryImport(std::vector<v1::ImportRequest> requests, v1::ImportResponse* response) {
    if (requests.empty()) requests.emplace_back();
    requests.back().set_complete(true);
    grpc::ClientContext context;
    auto writer = relationships->Import(&context, response);
    for (const v1::ImportRequest& request : requests) {
      if (!writer->Write(request)) break;  // Finish says why.
    }
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  }

  TestClock clock;  // Of the database.

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;

 public:
  std::unique_ptr<v1::PermissionService::Stub> permissions;
  std::unique_ptr<v1::RelationshipService::Stub> relationships;
  std::unique_ptr<v1::SchemaService::Stub> schemas;
  std::unique_ptr<v1::DelegationService::Stub> delegation;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_TEST_SERVER_H_
