#include "service/request_log.h"

#include <cstdio>
#include <sstream>

#include "gmock/gmock.h"
#include "schema/text.h"
#include "service/log.h"
#include "service/test_server.h"
#include "spdlog/sinks/ostream_sink.h"

namespace mandate {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(RequestNames, TakesWhatIsWellFormedAndNothingElse) {
  const RequestNames names = NamesOfRequest("req-1/2:3", kTrace);
  EXPECT_EQ(names.request_id, "req-1/2:3");
  EXPECT_EQ(names.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(names.span_id, "00f067aa0ba902b7");
  EXPECT_EQ(NamesOfRequest(std::string(129, 'x'), "").request_id, "");
  EXPECT_EQ(NamesOfRequest("two words", "").request_id, "");
  EXPECT_EQ(NamesOfRequest("line\nbreak", "").request_id, "");
  for (const char* wrong : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
    EXPECT_EQ(NamesOfRequest("", wrong).trace_id, "") << wrong;
  }
  EXPECT_NE(NamesOfRequest("", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").trace_id, "");
}

TEST(EventText, IsOneLineWhateverCallersSend) {
  const nlohmann::ordered_json fields{{"who", "a\n2026-01-01T00:00:00Z error \"forged\" \xff"}, {"ms", 1.5}};
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string text = EventText(format, "call", fields);
    EXPECT_THAT(text, Not(HasSubstr("\n")));
    EXPECT_THAT(text, HasSubstr("\\n2026"));
  }
  EXPECT_EQ(EventText(LogFormat::kText, "call", {{"code", "OK"}, {"ms", 1.5}}), "call code=\"OK\" ms=1.5");
}

TEST(RequestLog, TellsWhatItIsToldTo) {
  using std::chrono::milliseconds;
  const RequestLog failed({.which = LoggedCalls::kFailed, .slow = absl::Milliseconds(100)});
  EXPECT_FALSE(failed.Wants(grpc::OK, milliseconds(99), false));
  EXPECT_TRUE(failed.Wants(grpc::OK, milliseconds(100), false));
  EXPECT_FALSE(failed.Wants(grpc::CANCELLED, milliseconds(100'000), true)) << "a watch lasts";
  EXPECT_FALSE(failed.Wants(grpc::UNAVAILABLE, milliseconds(0), true)) << "a watch ends with its server";
  EXPECT_TRUE(failed.Wants(grpc::INTERNAL, milliseconds(0), false));
  EXPECT_FALSE(failed.Wants(grpc::INVALID_ARGUMENT, milliseconds(0), false)) << "the caller's fault";
  EXPECT_TRUE(RequestLog({.which = LoggedCalls::kAll}).Wants(grpc::OK, milliseconds(0), false));
  EXPECT_FALSE(RequestLog({.which = LoggedCalls::kNone}).Wants(grpc::INTERNAL, milliseconds(99'999), false));
}

// What the server writes while this lives.
class Written {
 public:
  Written() : before_(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_, true));
    log->set_pattern("%l %v");
    spdlog::set_default_logger(std::move(log));
  }
  ~Written() { spdlog::set_default_logger(before_); }
  std::string text() const { return text_.str(); }

 private:
  const std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

TEST(RequestLog, NamesACallAsItsCallerDoesAndTellsSlowQuestionsWithTheirExplanation) {
  Written written;
  {
    TestServer server({}, "", {.log = {.which = LoggedCalls::kAll, .slow = absl::ZeroDuration()}});
    server.WriteSchema(R"(
      caveat secret(word string, password string) { word != password }
      definition user {}
      definition document {
        relation viewer: user with secret
        permission view = viewer
      })");
    server.Touch({"document:plan#viewer@user:alice[secret:{\"word\":\"swordfish\"}]"});
    grpc::ClientContext context;
    context.AddMetadata("x-request-id", "mine-7");
    context.AddMetadata("traceparent", kTrace);
    v1::CheckRequest request;
    *request.mutable_item() = Item("document:plan#view@user:alice");
    (*request.mutable_item()->mutable_context()->mutable_fields())["password"].set_string_value("hunter2");
    v1::CheckResponse response;
    ASSERT_TRUE(server.permissions->Check(&context, request, &response).ok());
    EXPECT_EQ(context.GetServerTrailingMetadata().count("x-request-id"), 0u) << "the caller knows it";
    grpc::ClientContext unnamed;
    ASSERT_TRUE(server.permissions->Check(&unnamed, request, &response).ok());
    EXPECT_EQ(unnamed.GetServerTrailingMetadata().count("x-request-id"), 1u);
  }
  const std::string text = written.text();
  EXPECT_THAT(text, HasSubstr("info call method=\"mandate.v1.PermissionService/Check\" code=\"OK\""));
  EXPECT_THAT(
      text,
      HasSubstr("request_id=\"mine-7\" trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\" span_id=\"00f067aa0ba902b7\""));
  EXPECT_THAT(text, HasSubstr("warning slow question question=\"document:plan#view@user:alice\""));
  EXPECT_THAT(text, HasSubstr("explanation={"));
  EXPECT_THAT(text, HasSubstr("document:plan#viewer@user:alice[secret]"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2"))) << "context stays out of the log";
  EXPECT_THAT(text, Not(HasSubstr("swordfish"))) << "that of a relationship as well";
}

}  // namespace
}  // namespace mandate
