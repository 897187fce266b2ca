#include "service/server.h"

#include <thread>

#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/sync_stream.h"
#include "service/test_server.h"

namespace mandate {
namespace {

using testing::HasSubstr;

// The health and reflection services are gRPC's own; Debian ships no stubs for them, so these calls
// carry bytes.
grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

std::string Text(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(slice.begin(), slice.end());
  return text;
}

// HealthCheckResponse{status}
constexpr char kServing[] = "\x08\x01";
constexpr char kNotServing[] = "\x08\x02";

// A stream of answers to one request of bytes.
class ByteStream {
 public:
  ByteStream(TestServer& server, const char* path, const std::string& request)
      : reader_(grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(
            server.channel().get(), grpc::internal::RpcMethod(path, grpc::internal::RpcMethod::SERVER_STREAMING),
            &context_, Bytes(request))) {}
  // The next answer; `(end)` behind the last.
  std::string Next() {
    grpc::ByteBuffer response;
    return reader_->Read(&response) ? Text(response) : "(end)";
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader_;
};

// A thread that stops the server, patiently, and the health watch that shows when it has begun.
class Stopping {
 public:
  explicit Stopping(TestServer& server) : watch_(server, "/grpc.health.v1.Health/Watch", "") {
    EXPECT_EQ(watch_.Next(), kServing);
    thread_ = std::thread([&server] { server.server().Stop(absl::Minutes(5)); });
    EXPECT_EQ(watch_.Next(), kNotServing);
    watch_.Cancel();
    (void)watch_.Finish();
  }
  ~Stopping() { thread_.join(); }

 private:
  ByteStream watch_;
  std::thread thread_;
};

TEST(Server, SaysThatItServes) {
  TestServer server;
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  const grpc::internal::RpcMethod check("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC);
  ASSERT_TRUE((grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(server.channel().get(), check,
                                                                                     &context, Bytes(""), &response))
                  .ok());
  EXPECT_EQ(Text(response), kServing);
}

TEST(Server, SaysThatItStopsToServeAndLetsACallUnderWayFinish) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  server.Touch({"document:plan#viewer@user:alice"});
  server.clock.Hold();
  std::thread caller([&] { EXPECT_TRUE(server.Allowed("document:plan#view@user:alice")); });
  server.clock.WaitUntilSomebodyIsHeld();
  {
    Stopping stopping(server);  // Has begun to stop, and waits for the call.
    server.clock.Release();
    caller.join();
  }
  EXPECT_THAT(server.TryCheck("document:plan#view@user:alice"), HasSubstr("UNAVAILABLE"));
}

TEST(Server, CancelsWhatOutlastsItsGrace) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  grpc::ClientContext context;
  v1::ImportResponse response;
  auto writer = server.relationships->Import(&context, &response);
  v1::ImportRequest request;
  ToWire(*ParseRelationship("document:plan#viewer@user:alice"), request.add_relationships());
  ASSERT_TRUE(writer->Write(request));  // And never says that it is done.
  server.server().Stop(absl::ZeroDuration());
  EXPECT_FALSE(writer->Finish().ok());
  EXPECT_EQ(server.database().store().Head()->revision(), Revision(1)) << "half an import is none";
}

TEST(Server, CanBeStoppedTwice) {
  TestServer server;
  server.server().Stop(absl::ZeroDuration());
  server.server().Stop(absl::ZeroDuration());
}

TEST(Server, ListsItsServicesByReflection) {
  TestServer server;
  // ServerReflectionRequest{list_services: ""}; the request stream is ended behind it.
  ByteStream stream(server, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                    std::string("\x3a\x00", 2));
  const std::string services = stream.Next();
  for (const char* service :
       {"mandate.v1.PermissionService", "mandate.v1.RelationshipService", "mandate.v1.SchemaService"}) {
    EXPECT_THAT(services, HasSubstr(service));
  }
  EXPECT_EQ(stream.Next(), "(end)");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(Server, DoesNotShareItsPort) {
  TestServer server;
  auto second = Server::Start(&server.database(), {.listen = server.address()});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(Cat("cannot listen on `", server.address(), "`; is the port taken")));
}

TEST(Server, RefusesAnAddressThatIsNoHostAndPort) {
  TestServer server;
  for (const char* listen :
       {"", ":", "localhost", "127.0.0.1", ":50051", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:+80",
        "127.0.0.1: 80", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:4294967297", "::1:50051", "[::1]",
        "[::1:50051", "unix:/tmp/socket", "dns:///localhost:80", "localhost:80:80"}) {
    auto refused = Server::Start(&server.database(), {.listen = listen});
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << listen;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("is no address; write HOST:PORT")) << listen;
  }
}

TEST(Server, ListensOnLocalhostByName) {
  TestServer server;
  auto second = Server::Start(&server.database(), {.listen = "localhost:0"});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_GT((*second)->port(), 0);
  EXPECT_NE((*second)->port(), server.server().port());
}

TEST(Server, LetsGoOfOldVersionsByItself) {
  auto database = Database::Open({.store = {.retention = absl::ZeroDuration(), .in_memory = true}});
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)->WriteSchema(kDocumentSchema, {}, DryRun::kNo, nullptr).ok());
  for (int i = 0; i < 10; ++i) {
    const ChangeOp op = i % 2 == 0 ? ChangeOp::kTouch : ChangeOp::kDelete;
    ASSERT_TRUE((*database)->Write({{op, *ParseRelationship("document:plan#viewer@user:alice")}}, {}).ok());
  }
  auto server = Server::Start(database->get(), {.listen = "127.0.0.1:0", .collect_every = absl::Milliseconds(1)});
  ASSERT_TRUE(server.ok()) << server.status();
  // Ends when the collector has run; the test's time limit is the only clock.
  while ((*database)->store().Stats()->oldest != (*database)->store().Head()->revision()) std::this_thread::yield();
}

}  // namespace
}  // namespace mandate
