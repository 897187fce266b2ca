#include "service/request_log.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "schema/text.h"
#include "service/access/key_ring.h"
#include "service/http/test_http.h"
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

// What is told of a slow question, of a server of its own: one tells one a second.
std::string SlowQuestion(const std::string& question, const std::string& relationship, const std::string& name,
                         const std::string& value) {
  Written written;
  {
    TestServer server({}, "", {.log = {.which = LoggedCalls::kNone, .slow = absl::ZeroDuration()}});
    server.WriteSchema(R"(
      caveat parses(word string, least int) { int(word) > least }
      definition user {}
      definition document {
        relation viewer: user with parses
        relation editor: user
        permission view = viewer
        permission both = viewer & editor
      })");
    server.Touch({relationship});
    v1::CheckRequest request;
    *request.mutable_item() = Item(question);
    auto& context = *request.mutable_item()->mutable_context()->mutable_fields();
    context["least"].set_number_value(1);
    context[name].set_string_value(value);
    v1::CheckResponse response;
    (void)server.TryCheck(request, &response);
  }
  return written.text();
}

TEST(RequestLog, TellsNothingThatAnErrorOfACaveatQuotes) {
  const std::string stored = "document:plan#viewer@user:ann[parses:{\"word\":\"swordfish\"}]";
  const std::string open = "document:plan#viewer@user:ann[parses]";
  const std::string failed = "code=\"INVALID_ARGUMENT\"";
  const std::string why = "explanation=\"CAVEAT_EVALUATION_ERROR of caveat `parses`\"";
  const struct {
    std::string question, relationship, name, value;
    std::vector<std::string> told;
  } kSlow[] = {
      {"document:plan#view@user:ann", stored, "more", "hunter2", {failed, why}},
      {"document:plan#view@user:ann", open, "word", "hunter2", {failed, why}},
      {"document:plan#view@user:ann", open, "least", "hunter2", {failed, "\"CAVEAT_PARAMETER_TYPE_ERROR of caveat"}},
      {"document:plan#both@user:ann", stored, "more", "hunter2", {"code=\"OK\"", Cat("\"text\":\"", open, "\"")}},
      {"document:plan#both@user:ann", open, "word", "hunter2", {"code=\"OK\"", Cat("\"text\":\"", open, "\"")}},
  };
  for (const auto& row : kSlow) {
    const std::string text = SlowQuestion(row.question, row.relationship, row.name, row.value);
    for (const std::string& part : row.told) EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(text, Not(HasSubstr("swordfish")));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  }
}

// By gRPC where what it ended with is the answer, else by HTTP.
TEST(RequestLog, TellsARequestOverHttpOnceByTheCodeOfItsAnswer) {
  const NewKey reader = *MakeKey("reader");
  const NewKey admin = *MakeKey("admin");
  const std::string file = Cat(testing::TempDir(), "/mandate_request_log_", getpid(), ".json");
  std::ofstream(file) << R"({"keys": [{"id": "reader", "role": "reader", "sha256": ")" << reader.sha256
                      << R"("}, {"id": "admin", "role": "admin", "sha256": ")" << admin.sha256 << "\"}]}";
  Written written;
  {
    HttpTestServer server({.key_file = file, .log = {.which = LoggedCalls::kAll}});
    const httplib::Headers known = {{"Authorization", "Bearer " + reader.key}};
    const httplib::Headers all = {{"Authorization", "Bearer " + admin.key}};
    const std::string check = "/v1/permission/check";
    const std::string write = "/v1/schema/write-schema";
    EXPECT_EQ(server.Post(write, Json{{"schema", kDocumentSchema}}.dump(), all).status, 200);
    EXPECT_EQ(server.Post(check, "{}").status, 401);
    EXPECT_EQ(server.Post(write, "{}", known).status, 403);
    EXPECT_EQ(server.Post(check, "{}", known, "text/plain").status, 415);
    EXPECT_EQ(server.Post(check, R"({"nope": 1})", known).status, 400);
    EXPECT_EQ(server.Post(check, std::string(33 << 20, ' '), known).status, 413);
    EXPECT_EQ(server.Post(check, "{}", known).status, 400);
    EXPECT_EQ(server.Post("/v1/permission/lookup-resources", "{}", known).status, 400);
    EXPECT_EQ(server.Post("/v1/relationship/export", "{}", known).status, 200);
    EXPECT_EQ(server.Post("/v1/relationship/import", "nope", all, "application/x-ndjson").status, 400);
    EXPECT_EQ(server.Post("/access/v1/evaluation", "{}").status, 401);
    EXPECT_EQ(server.Post("/access/v1/evaluation", "{}", known).status, 400);
    EXPECT_EQ(server.Get("/access/v1/evaluation").status, 405);
    EXPECT_EQ(server.Get("/healthz").status, 200);
    EXPECT_EQ(server.Get("/nothing").status, 404);
  }
  unlink(file.c_str());
  std::vector<std::string> calls;
  const std::string text = written.text();
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    // That call is broken off: what it ended with is not what its caller is told.
    const bool is_call = line.find("call method=") != line.npos && line.find("RelationshipService/Import") == line.npos;
    if (is_call) calls.emplace_back(line.substr(0, line.find(" ms=")));
  }
  const auto told = [](const std::string& method, const std::string& code) {
    return Cat("info call method=\"", method, "\" code=\"", code, "\"");
  };
  EXPECT_THAT(
      calls,
      testing::ElementsAre(
          told("mandate.v1.SchemaService/WriteSchema", "OK"), told("/v1/permission/check", "UNAUTHENTICATED"),
          told("/v1/schema/write-schema", "PERMISSION_DENIED"), told("/v1/permission/check", "INVALID_ARGUMENT"),
          told("/v1/permission/check", "INVALID_ARGUMENT"), told("/v1/permission/check", "OUT_OF_RANGE"),
          told("mandate.v1.PermissionService/Check", "INVALID_ARGUMENT"),
          told("mandate.v1.PermissionService/LookupResources", "INVALID_ARGUMENT"),
          told("mandate.v1.RelationshipService/Export", "OK"), told("/v1/relationship/import", "INVALID_ARGUMENT"),
          told("/access/v1/evaluation", "UNAUTHENTICATED"), told("/access/v1/evaluation", "INVALID_ARGUMENT"),
          told("/access/v1/evaluation", "UNIMPLEMENTED"), told("/healthz", "OK"), told("other", "NOT_FOUND")))
      << text;
}

}  // namespace
}  // namespace mandate
