// Keys come, go and are used up while the server runs.
#include "httplib.h"
#include "service/access/test_keyed_server.h"

namespace mandate {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(Access, KeysComeAndGoWithTheFile) {
  KeyedServer server;
  server.WriteWorld();
  const std::string question = "document:eu-plan#view@user:ann";
  EXPECT_EQ(server.TryCheck("reader", question), "OK");
  server.WriteKeys("reader");
  EXPECT_TRUE(Soon([&] { return server.TryCheck("reader", question) == "UNAUTHENTICATED KEY_NOT_VALID"; }));
  // Half a file, or none, takes nobody's key away, and gives nobody one.
  server.WriteFile("{\"keys\": [");
  // Longer than until the file is looked at again: what is shown is that nothing happens.
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_EQ(server.TryCheck("writer", question), "OK");
  EXPECT_EQ(server.TryCheck("reader", question), "UNAUTHENTICATED KEY_NOT_VALID");
  std::filesystem::remove(server.key_file());
  // As above.
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_EQ(server.TryCheck("writer", question), "OK");
  EXPECT_EQ(server.TryCheck("", question), "UNAUTHENTICATED NO_KEY");
  server.WriteKeys();
  EXPECT_TRUE(Soon([&] { return server.TryCheck("reader", question) == "OK"; }));
}

TEST(Access, AWatchEndsWithItsKey) {
  KeyedServer server;
  server.WriteWorld();
  const auto channel = grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
  for (const char* method : {"/mandate.v1.WatchService/Watch", "/authzed.api.v1.WatchService/Watch",
                             "/mandate.v1.DelegationService/WatchLedger"}) {
    NativeCall watch(channel, method, KeyedServer::WithKey(server.Header("reader")));
    ASSERT_TRUE(watch.Write("") && watch.CloseWrites());
    std::string bytes;
    EXPECT_EQ(watch.Read(&bytes, milliseconds(1500)), NativeCall::Got::kNothingYet) << method;
    server.WriteKeys("reader");
    NativeCall::Got got = NativeCall::Got::kNothingYet;
    for (int i = 0; i < 200 && got == NativeCall::Got::kNothingYet; ++i) got = watch.Read(&bytes, milliseconds(100));
    EXPECT_EQ(got, NativeCall::Got::kEnd) << method;
    EXPECT_EQ(Fault(FromGrpc(watch.Finish())), "UNAUTHENTICATED KEY_NOT_VALID") << method;
    server.WriteKeys();
    EXPECT_TRUE(Soon([&] { return server.TryCheck("reader", "document:eu-plan#view@user:ann") == "OK"; }));
  }
}

TEST(Access, AKeyHasItsCallsAtOneTimeAndNoMore) {
  KeyedServer server;
  server.WriteWorld();
  const std::string question = "document:eu-plan#view@user:ann";
  EXPECT_EQ(server.TryCheck("single", question), "OK");
  {
    const auto channel = grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
    NativeCall watch(channel, "/mandate.v1.WatchService/Watch", KeyedServer::WithKey(server.Header("single")));
    ASSERT_TRUE(watch.Write("") && watch.CloseWrites());
    EXPECT_TRUE(Soon([&] { return server.TryCheck("single", question) == "RESOURCE_EXHAUSTED TOO_MANY_CALLS"; }));
    EXPECT_EQ(RetryAfterSeconds(FromGrpc(server.Call("/mandate.v1.PermissionService/Check", server.Header("single")))),
              1);
    EXPECT_EQ(server.TryCheck("reader", question), "OK") << "others have their own";
    watch.Cancel();
  }
  EXPECT_TRUE(Soon([&] { return server.TryCheck("single", question) == "OK"; })) << "it is given back";
}

TEST(Access, MetricsTellHowMuchEachKeyIsUsed) {
  KeyedServer server;
  server.WriteWorld();
  const auto metrics = [&] {
    return httplib::Client("127.0.0.1", server.http_port())
        .Get("/metrics", {{"Authorization", server.Header("reader")}})
        ->body;
  };
  EXPECT_EQ(server.TryCheck("reader", "document:eu-plan#view@user:ann"), "OK");
  EXPECT_EQ(server.Call("/mandate.v1.SchemaService/ReadSchema", server.Header("gateway")).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(server.Call("/mandate.v1.SchemaService/ReadSchema", "Bearer mandate_evil_secret").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  std::string text = metrics();
  EXPECT_THAT(text, HasSubstr("mandate_key_calls_total{key=\"gateway\",outcome=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mandate_key_calls_total{key=\"writer\",outcome=\"admitted\"} 1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("evil")));
  EXPECT_THAT(text, testing::Not(HasSubstr("key=\"limited\""))) << "it was not used";
  server.WriteKeys("writer");  // The count goes on where it was.
  EXPECT_TRUE(Soon([&] { return server.TryCheck("writer", "document:eu-plan#view@user:ann") != "OK"; }));
  server.WriteKeys();
  EXPECT_TRUE(Soon([&] { return server.TryCheck("writer", "document:eu-plan#view@user:ann") == "OK"; }));
  text = metrics();
  const size_t at = text.find("mandate_key_calls_total{key=\"writer\",outcome=\"admitted\"} ");
  ASSERT_NE(at, text.npos);
  EXPECT_GE(std::stoi(text.substr(text.find(' ', at))), 2);
}

TEST(Access, AServerWithoutAGoodFileDoesNotStart) {
  DatabaseOptions options;
  options.store.in_memory = true;
  auto database = *Database::Open(options);
  auto server = Server::Start(database.get(), {.listen = "127.0.0.1:0", .key_file = "/nowhere/keys.json"});
  EXPECT_TRUE(absl::IsNotFound(server.status())) << server.status();
  const std::string file = testing::TempDir() + "/bad_keys.json";
  std::ofstream(file) << "{\"keys\": [{\"id\": \"app\"}]}";
  server = Server::Start(database.get(), {.listen = "127.0.0.1:0", .key_file = file});
  EXPECT_THAT(server.status().message(), HasSubstr("`keys[0]` has no `role`"));
}

}  // namespace
}  // namespace mandate
