// test_keyed_server.h: a server that knows one key of each kind, over a real connection, for tests.
//
//   KeyedServer server;
//   server.WriteWorld();
//   EXPECT_EQ(server.TryCheck("reader", "document:eu-plan#view@user:ann"), "OK");
//
// Threads     A test's own.
// Ownership   Its file of keys goes with it.
#ifndef MANDATE_SERVICE_ACCESS_TEST_KEYED_SERVER_H_
#define MANDATE_SERVICE_ACCESS_TEST_KEYED_SERVER_H_

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "service/access/key_ring.h"
#include "service/http/native_call.h"
#include "service/test_server.h"
#include "storage/scratch_directory.h"

namespace mandate {

inline constexpr char kAgentSchema[] = R"(
use delegation
use expiration

definition user {
  relation acts_on_behalf_of: assistant with expiration
}

definition team {
  relation member: user
}

definition document {
  relation viewer: user | team#member
  permission view = viewer
}

agent assistant {
  relation acts_on_behalf_of: assistant with expiration
}

task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand
  relation scope: document:*#view
}

session run {
  relation agent: assistant with expiration
  relation task: errand
}
)";

// A server that knows one key of each kind.
class KeyedServer {
 public:
  KeyedServer() {
    WriteKeys();
    DatabaseOptions options;
    options.store.in_memory = true;
    database_ = *Database::Open(options);
    auto server = Server::Start(
        database_.get(),
        {.listen = "127.0.0.1:0", .http = "127.0.0.1:0", .key_file = key_file(), .collect_every = absl::Hours(1)});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  }

  std::string key_file() const { return folder_.path() + "/keys.json"; }
  std::string address() const { return Cat("127.0.0.1:", server_->port()); }
  int http_port() const { return server_->http_port(); }
  Database& database() { return *database_; }

  // `role`: of `reader`, `writer`, `admin`, `gateway`, `limited` (a reader of documents that begin with `eu-`, and of
  // teams), `limited-writer` (the same), `single` (one call at a time); empty: no key.
  std::string Key(const std::string& role) const { return role.empty() ? "" : keys_.at(role).key; }
  std::string Header(const std::string& role) const { return role.empty() ? "" : "Bearer " + Key(role); }

  void WriteKeys(const std::string& without = "") {
    std::string text;
    const std::string only = ", \"only\": [\"document:eu-\", \"team\"]";
    for (const auto& [id, more] :
         std::map<std::string, std::string>{{"reader", "\"role\": \"reader\""},
                                            {"writer", "\"role\": \"writer\""},
                                            {"admin", "\"role\": \"admin\""},
                                            {"gateway", "\"role\": \"gateway\""},
                                            {"limited", "\"role\": \"reader\"" + only},
                                            {"limited-writer", "\"role\": \"writer\"" + only},
                                            {"limited-gateway", "\"role\": \"gateway\"" + only},
                                            {"single", "\"role\": \"reader\", \"concurrency\": 1"}}) {
      if (!keys_.contains(id)) keys_[id] = *MakeKey(id);
      if (id == without) continue;
      text +=
          Cat(text.empty() ? "" : ",", "{\"id\": \"", id, "\", \"sha256\": \"", keys_[id].sha256, "\", ", more, "}");
    }
    WriteFile(Cat("{\"keys\": [", text, "]}"));
  }
  void WriteFile(const std::string& text) {
    std::ofstream(key_file() + ".next") << text;
    std::filesystem::rename(key_file() + ".next", key_file());
  }

  static NativeCall::Metadata WithKey(const std::string& header) {
    return header.empty() ? NativeCall::Metadata() : NativeCall::Metadata{{"authorization", header}};
  }

  // One call of any method with one request; its status. A call that stays open is ended by us: OK.
  grpc::Status Call(const std::string& method, const std::string& authorization, const std::string& request = "",
                    std::string* response = nullptr) {
    NativeCall call(channel_, method, WithKey(authorization));
    if (call.Write(request)) call.CloseWrites();
    std::string bytes;
    NativeCall::Got got = NativeCall::Got::kNothingYet;
    for (int i = 0; i < 20 && got == NativeCall::Got::kNothingYet; ++i)
      got = call.Read(&bytes, std::chrono::milliseconds(50));
    if (got == NativeCall::Got::kMessage && response != nullptr) *response = bytes;
    if (got != NativeCall::Got::kEnd) call.Cancel();
    const grpc::Status status = call.Finish();
    const bool ended_by_us = got != NativeCall::Got::kEnd && status.error_code() == grpc::StatusCode::CANCELLED;
    return ended_by_us ? grpc::Status::OK : status;
  }
  template <typename Request>
  std::string Try(const std::string& method, const std::string& role, const Request& request) {
    return Fault(FromGrpc(Call(method, Header(role), request.SerializeAsString())));
  }
  std::string TryCheck(const std::string& role, const std::string& question) {
    v1::CheckRequest request;
    *request.mutable_item() = Item(question);
    return Try("/mandate.v1.PermissionService/Check", role, request);
  }
  bool Allowed(const std::string& role, const v1::CheckRequest& request) {
    v1::CheckResponse response;
    std::string bytes;
    const grpc::Status status =
        Call("/mandate.v1.PermissionService/Check", Header(role), request.SerializeAsString(), &bytes);
    EXPECT_TRUE(status.ok() && response.ParseFromString(bytes)) << status.error_message();
    return response.result().decision() == v1::DECISION_ALLOWED;
  }

  // Sees documents as ann and her assistant do.
  void WriteWorld() {
    v1::WriteSchemaRequest schema;
    schema.set_schema(kAgentSchema);
    EXPECT_EQ(Try("/mandate.v1.SchemaService/WriteSchema", "admin", schema), "OK");
    EXPECT_EQ(
        Try("/mandate.v1.RelationshipService/Write", "writer",
            Updates({"touch document:eu-plan#viewer@user:ann", "touch document:us-plan#viewer@user:ann",
                     "touch team:core#member@user:ann",
                     "touch user:ann#acts_on_behalf_of@assistant:bot[expiration:2100-01-01T00:00:00Z]",
                     "touch errand:1#delegator@user:ann", "touch errand:1#scope@document:*#view",
                     "touch errand:1#delegated_for_task@assistant:bot[expiration:2100-01-01T00:00:00Z]",
                     "touch run:1#agent@assistant:bot[expiration:2100-01-01T00:00:00Z]", "touch run:1#task@errand:1"})),
        "OK");
  }

 private:
  const ScratchDirectory folder_;  // Outlives what reads it.
  std::map<std::string, NewKey> keys_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Until it is so, but not for ever.
template <typename Condition>
bool Soon(const Condition& condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_TEST_KEYED_SERVER_H_
