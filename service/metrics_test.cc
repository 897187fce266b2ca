#include "service/metrics.h"

#include "httplib.h"
#include "service/http/native_call.h"
#include "service/test_server.h"

namespace mandate {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Measured : TestServer {
  Measured() : TestServer({}, "127.0.0.1:0") {
    WriteSchema(kDocumentSchema);
    Touch({"document:plan#viewer@user:alice"});
  }
  std::string Metrics() { return httplib::Client("127.0.0.1", server().http_port()).Get("/metrics")->body; }
};

TEST(Metrics, CountCallsByMethodAndCodeAndAnswersByDecision) {
  Measured server;
  EXPECT_TRUE(server.Allowed("document:plan#view@user:alice"));
  EXPECT_TRUE(server.Allowed("document:plan#view@user:alice"));
  EXPECT_FALSE(server.Allowed("document:plan#view@user:bob"));
  EXPECT_EQ(server.TryCheck("document:plan#fly@user:bob"), "INVALID_ARGUMENT UNKNOWN_PERMISSION item.permission");
  const std::string text = server.Metrics();
  for (const char* line :
       {"mandate_calls_total{code=\"OK\",method=\"mandate.v1.PermissionService/Check\"} 3\n",
        "mandate_calls_total{code=\"INVALID_ARGUMENT\",method=\"mandate.v1.PermissionService/Check\"} 1\n",
        "mandate_call_seconds_count{method=\"mandate.v1.PermissionService/Check\"} 4\n",
        "mandate_decisions_total{decision=\"allowed\"} 2\n", "mandate_decisions_total{decision=\"denied\"} 1\n",
        "mandate_decisions_total{decision=\"failed\"} 1\n", "mandate_decisions_total{decision=\"recalled\"} 1\n",
        "mandate_store{of=\"revision\"} 2\n", "# TYPE mandate_call_seconds histogram\n",
        "process_resident_memory_bytes "}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(server.Metrics(), HasSubstr("mandate_http_requests_total{route=\"/metrics\",status=\"200\"} 1\n"));
}

TEST(Metrics, AWatchIsUnderWay) {
  Measured server;
  NativeCall watch(server.channel(), "/mandate.v1.WatchService/Watch", {});
  ASSERT_TRUE(watch.Write("") && watch.CloseWrites());
  std::string bytes;
  EXPECT_EQ(watch.Read(&bytes, std::chrono::milliseconds(200)), NativeCall::Got::kNothingYet);
  EXPECT_THAT(server.Metrics(), HasSubstr("mandate_calls_in_flight{method=\"mandate.v1.WatchService/Watch\"} 1\n"));
  watch.Cancel();
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text = server.Metrics();
    if (text.find("mandate_calls_in_flight{method=\"mandate.v1.WatchService/Watch\"} 0\n") != text.npos) break;
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_THAT(text, HasSubstr("mandate_calls_in_flight{method=\"mandate.v1.WatchService/Watch\"} 0\n"));
}

TEST(Metrics, NothingThatACallerSentIsALabel) {
  Measured server;
  const std::string before = server.Metrics();
  const auto lines = static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  httplib::Client client("127.0.0.1", server.server().http_port());
  for (int i = 0; i < 20; ++i) {
    NativeCall call(server.channel(), Cat("/evil", i, ".Service/Method"), {});
    if (call.Write("")) call.CloseWrites();
    EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(client.Get(Cat("/evil", i))->status, 404);
    EXPECT_NE(server.TryCheck(Cat("evil:x#view@user:u", i)), "OK");
  }
  const std::string text = server.Metrics();
  EXPECT_THAT(text, Not(HasSubstr("evil")));
  EXPECT_LT(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), lines + 80);
}

}  // namespace
}  // namespace mandate
