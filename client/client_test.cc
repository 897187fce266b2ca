#include "client/client.h"

#include <atomic>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mandate::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Answers from a script: so many UNAVAILABLE first, then what a database would say; keeps what it was asked.
class ScriptedServer : public v1::PermissionService::Service {
 public:
  ScriptedServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<v1::PermissionService::Service*>(this));
    builder.RegisterService(&relationships_);
    builder.RegisterService(&watch_);
    server_ = builder.BuildAndStart();
  }

  Options ForClient() const {
    return {.server = "127.0.0.1:" + std::to_string(port_), .retry_delay = std::chrono::milliseconds(1)};
  }

  grpc::Status Check(grpc::ServerContext* context, const v1::CheckRequest* request,
                     v1::CheckResponse* response) override {
    ++calls;
    seen = *request;
    const auto header = context->client_metadata().find("authorization");
    if (header != context->client_metadata().end()) {
      authorization = std::string(header->second.data(), header->second.size());
    }
    if (unavailable-- > 0) return grpc::Status(grpc::UNAVAILABLE, "restarting");
    response->mutable_result()->set_decision(decision);
    return grpc::Status::OK;
  }

  std::atomic<int> calls = 0;
  std::atomic<int> unavailable = 0;
  v1::Decision decision = v1::DECISION_ALLOWED;
  v1::CheckRequest seen;
  std::string authorization;

  // A watch that breaks off in the middle of a commit, and one that goes on behind a token.
  struct Watches : v1::WatchService::Service {
    grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest* request,
                       grpc::ServerWriter<v1::WatchResponse>* writer) override {
      const int after = std::stoi(request->after().token());
      starts.push_back(after);
      for (int at = after + 1; at <= 4; ++at) {
        v1::WatchResponse part;
        part.mutable_at()->set_token(std::to_string(at - 1));
        part.set_continues(true);
        writer->Write(part);
        if (at == 3 && starts.size() == 1) return grpc::Status(grpc::UNAVAILABLE, "the server stops");
        part.mutable_at()->set_token(std::to_string(at));
        part.set_continues(false);
        writer->Write(part);
      }
      return grpc::Status(grpc::OUT_OF_RANGE, "the end of the script");
    }
    std::vector<int> starts;
  };
  struct Relationships : v1::RelationshipService::Service {
    grpc::Status Write(grpc::ServerContext*, const v1::WriteRequest*, v1::WriteResponse* response) override {
      ++calls;
      if (unavailable-- > 0) return grpc::Status(grpc::UNAVAILABLE, "restarting");
      response->mutable_written_at()->set_token("written");
      return grpc::Status::OK;
    }
    std::atomic<int> calls = 0;
    std::atomic<int> unavailable = 0;
  };
  Relationships relationships_;
  Watches watch_;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

v1::WriteRequest Creating(const std::string& relationship) {
  v1::WriteRequest request;
  request.add_updates()->set_operation(v1::RelationshipUpdate::OPERATION_CREATE);
  *request.mutable_updates(0)->mutable_relationship() = ParseRelationship(relationship);
  return request;
}

TEST(Client, RetriesAReadUntilTheServerIsBack) {
  ScriptedServer server;
  server.unavailable = 3;
  Client client(server.ForClient());
  const auto allowed = client.IsAllowed("document:plan", "view", "user:alice");
  ASSERT_TRUE(allowed.ok()) << allowed.status().error_message();
  EXPECT_TRUE(*allowed);
  EXPECT_EQ(server.calls, 4);
}

TEST(Client, GivesUpAfterItsAttemptsAndSaysUnavailable) {
  ScriptedServer server;
  server.unavailable = 100;
  Client client(server.ForClient());
  const auto allowed = client.IsAllowed("document:plan", "view", "user:alice");
  EXPECT_EQ(allowed.status().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(server.calls, 4);
}

TEST(Client, TakesAConditionForNoPermission) {
  ScriptedServer server;
  server.decision = v1::DECISION_CONDITIONAL;
  Client client(server.ForClient());
  const auto allowed = client.IsAllowed("document:plan", "view", "user:alice");
  ASSERT_TRUE(allowed.ok());
  EXPECT_FALSE(*allowed);
}

TEST(Client, RepeatsAWriteOnlyIfItComesToTheSame) {
  ScriptedServer server;
  Client client(server.ForClient());
  server.relationships_.unavailable = 1;
  EXPECT_TRUE(client.Touch({"document:plan#viewer@user:alice"}).ok());
  EXPECT_EQ(server.relationships_.calls, 2);
  server.relationships_.unavailable = 1;
  EXPECT_EQ(client.Write(Creating("document:plan#viewer@user:bob")).status().error_code(), grpc::UNAVAILABLE)
      << "whether it was created is not known";
  EXPECT_EQ(server.relationships_.calls, 3);
}

TEST(Client, ReadsWhatItWrote) {
  ScriptedServer server;
  Client client(server.ForClient());
  client.IsAllowed("document:plan", "view", "user:alice");
  EXPECT_FALSE(server.seen.has_consistency());
  ASSERT_TRUE(client.Touch({"document:plan#viewer@user:alice"}).ok());
  client.IsAllowed("document:plan", "view", "user:alice");
  EXPECT_EQ(server.seen.consistency().at_least_as_fresh().token(), "written");
  v1::CheckRequest own;
  own.mutable_consistency()->set_fully_consistent(true);
  client.Check(own);
  EXPECT_TRUE(server.seen.consistency().fully_consistent()) << "what the caller asks for stays";
  Client other(server.ForClient());
  other.set_token(client.token());
  other.IsAllowed("document:plan", "view", "user:alice");
  EXPECT_EQ(server.seen.consistency().at_least_as_fresh().token(), "written");
}

TEST(Client, SendsItsCredentials) {
  ScriptedServer server;
  Options options = server.ForClient();
  options.bearer_token = "a secret";
  Client(options).IsAllowed("document:plan", "view", "user:alice");
  EXPECT_EQ(server.authorization, "Bearer a secret");
}

TEST(Client, EndsACallAtItsDeadline) {
  Options options{.server = "127.0.0.1:1", .timeout = std::chrono::milliseconds(50), .attempts_max = 1000};
  const auto allowed = Client(options).IsAllowed("document:plan", "view", "user:alice");
  EXPECT_FALSE(allowed.ok());
}

TEST(Client, WatchesEachCommitOnceWhateverBreaksOff) {
  ScriptedServer server;
  Client client(server.ForClient());
  v1::WatchRequest request;
  request.mutable_after()->set_token("0");
  std::vector<std::string> commits;
  const grpc::Status end = client.Watch(request, [&](const std::vector<v1::WatchResponse>& commit) {
    EXPECT_EQ(commit.size(), 2u);
    commits.push_back(commit.back().at().token());
    return true;
  });
  EXPECT_EQ(end.error_code(), grpc::OUT_OF_RANGE);
  EXPECT_THAT(commits, ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(server.watch_.starts, ElementsAre(0, 2));
}

TEST(Forms, ComeFromText) {
  const v1::Relationship relationship = ParseRelationship("document:plan#viewer@team:core#member");
  EXPECT_EQ(relationship.ShortDebugString(), R"(resource { type: "document" id: "plan" } relation: "viewer" )"
                                             R"(subject { type: "team" id: "core" relation: "member" })");
  EXPECT_THAT(ParseRelationship("nothing of it").relation(), IsEmpty());
}

}  // namespace
}  // namespace mandate::client
