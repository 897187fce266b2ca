// mandate.v1 as JSON: every method once, streams, errors.
#include "service/http/native_api.h"

#include <set>
#include <thread>

#include "service/http/native_call.h"
#include "service/http/test_http.h"

namespace mandate {
namespace {

std::set<std::string>& Called() {
  static auto* const kCalled = new std::set<std::string>();
  return *kCalled;
}

struct NativeJson : testing::Test {
  NativeJson() { server.WriteSchema(HttpTestServer::File("docs/gateway/office.zed")); }

  HttpAnswer Call(const std::string& path, const Json& request) {
    Called().insert("/v1/" + path);
    return server.Post("/v1/" + path, request.dump());
  }
  Json Ok(const std::string& path, const Json& request) {
    const HttpAnswer answer = Call(path, request);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    return answer.json();
  }
  // `404 NOT_FOUND REASON`
  std::string Fault(const std::string& path, const Json& request) {
    const HttpAnswer answer = Call(path, request);
    const Json error = answer.json();
    std::string text =
        Cat(answer.status, " ", absl::StatusCodeToString(static_cast<absl::StatusCode>(error.value("code", 0))));
    for (const Json& detail : error.value("details", Json::array())) {
      if (detail.contains("reason")) text += " " + detail["reason"].get<std::string>();
    }
    return text;
  }
  static std::vector<Json> Lines(const std::string& body) {
    std::vector<Json> lines;
    std::istringstream stream(body);
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line, nullptr, false));
    return lines;
  }
  std::vector<Json> Stream(const std::string& path, const Json& request) {
    const HttpAnswer answer = Call(path, request);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/x-ndjson");
    return Lines(answer.body);
  }

  static Json Object(const std::string& text) {
    const size_t colon = text.find(':');
    return {{"type", text.substr(0, colon)}, {"id", text.substr(colon + 1)}};
  }
  static Json Row(const std::string& resource, const std::string& relation, const std::string& subject) {
    return {{"resource", Object(resource)}, {"relation", relation}, {"subject", Object(subject)}};
  }
  static Json Touch(Json row) { return {{"operation", "OPERATION_TOUCH"}, {"relationship", std::move(row)}}; }
  // alice, who lends to the clerk, a task of hers, and a session of it.
  void Prepare() {
    Json lends = Row("user:alice", "acts_on_behalf_of", "assistant:clerk");
    lends["expiresAt"] = "2026-12-01T00:00:00Z";
    Ok("relationship/write", {{"updates",
                               {Touch(Row("document:plan", "owner", "user:alice")),
                                Touch(Row("mailbox:alice", "owner", "user:alice")), Touch(lends)}}});
    server.Touch({"assistant:clerk#boundary@document:*#view"});
  }

  HttpTestServer server;
};

TEST_F(NativeJson, RelationshipsAreWrittenReadDeletedImportedAndExported) {
  const Json written =
      Ok("relationship/write",
         {{"updates",
           {Touch(Row("document:plan", "viewer", "user:bob")), Touch(Row("document:menu", "viewer", "user:bob"))}}});
  EXPECT_NE(written["writtenAt"]["token"], "");
  const auto read = Stream("relationship/read", {{"filter", {{"resourceType", "document"}}}});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0]["result"]["relationship"], Row("document:menu", "viewer", "user:bob"));
  EXPECT_EQ(Ok("relationship/delete", {{"filter", {{"resourceId", "menu"}, {"resourceType", "document"}}}})["deleted"],
            "1");
  EXPECT_EQ(Stream("relationship/export", Json::object())[0]["result"]["relationships"].size(), 1u);
  EXPECT_EQ(Stream("relationship/read", {{"filter", {{"resourceType", "mailbox"}}}}).size(), 0u);
  Called().insert("/v1/relationship/import");
  const std::string lines =
      Json{{"relationships", {Row("document:a", "viewer", "user:ann")}}}.dump() + "\n\n" +
      Json{{"relationships", {Row("document:b", "viewer", "user:ann")}}, {"complete", true}}.dump();
  const HttpAnswer imported = server.Post("/v1/relationship/import", lines, {}, "application/x-ndjson");
  EXPECT_EQ(imported.status, 200) << imported.body;
  EXPECT_EQ(imported.json()["relationshipsCount"], "2");
  EXPECT_TRUE(server.Allowed("document:b#view@user:ann"));
}

TEST_F(NativeJson, AnImportThatIsBrokenOffOrMalformedWritesNothing) {
  const std::string row = Json{{"relationships", {Row("document:a", "viewer", "user:ann")}}}.dump();
  for (const std::string& body : {row, row + "\nnope", row + "\n{\"relations\":1}", std::string()}) {
    EXPECT_EQ(server.Post("/v1/relationship/import", body, {}, "application/x-ndjson").status, 400) << body;
  }
  EXPECT_FALSE(server.Allowed("document:a#view@user:ann"));
}

TEST_F(NativeJson, OfAStreamOfRequestsTheLongestLineCountsAsKept) {
  NativeApi api(server.channel());
  const auto row = [](const std::string& document) {
    return Json{{"relationships", {Row(document, "viewer", "user:ann")}}}.dump();
  };
  const std::string longest = std::string(1000, ' ') + row("document:b");
  const std::string body =
      row("document:a") + "\n" + longest + "\n" + row("document:c") + "\n" + R"({"complete":true})";
  const auto import = [&](size_t bytes_max, size_t* kept) {
    HttpRequest request{.method = "POST", .path = "/v1/relationship/import", .content_type = "application/x-ndjson"};
    request.gone = [] { return false; };
    request.may_keep = [=](size_t bytes) { return (*kept += bytes) <= bytes_max; };
    request.read_body = [&](const HttpRequest::Take& take) {
      absl::Status status;
      for (size_t at = 0; status.ok() && at < body.size(); at += 7) status = take(std::string_view(body).substr(at, 7));
      return status;
    };
    return api.Handle(*api.Find(request.path), request, std::nullopt);
  };
  size_t kept = 0;
  EXPECT_EQ(import(longest.size(), &kept).status, 200);
  EXPECT_EQ(kept, longest.size());
  kept = 0;
  const HttpReply refused = import(longest.size() - 1, &kept);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, testing::HasSubstr("BODIES_EXHAUSTED"));
}

TEST_F(NativeJson, OperatorsAskForBackupsNumbersAndCompaction) {
  Prepare();
  Called().insert("/v1/admin/backup");
  const HttpAnswer backup = server.Post("/v1/admin/backup", "{}");
  EXPECT_EQ(backup.status, 400) << backup.body;
  EXPECT_THAT(backup.body, testing::HasSubstr("NO_BACKUP_DIRECTORY"));
  const Json stats = Ok("admin/read-stats", Json::object());
  EXPECT_EQ(stats["databaseId"], server.database().store().database_id());
  EXPECT_GE(stats["relationshipsEstimate"], "3");
  EXPECT_NE(stats["startedAt"], "");
  EXPECT_TRUE(Ok("admin/compact", Json::object()).is_object());
}

TEST_F(NativeJson, QuestionsAreAnswered) {
  Prepare();
  const Json item = {{"resource", Object("document:plan")}, {"permission", "view"}, {"subject", Object("user:alice")}};
  EXPECT_EQ(Ok("permission/check", {{"item", item}})["result"]["decision"], "DECISION_ALLOWED");
  Json other = item;
  other["subject"] = Object("user:bob");
  const Json batch = Ok("permission/check-batch", {{"items", {item, other}}});
  EXPECT_EQ(batch["results"][1]["result"]["decision"], "DECISION_DENIED");
  Json every = item;
  every.erase("permission");
  EXPECT_EQ(Ok("permission/list-permissions", {{"item", every}})["permissions"].size(), 2u);
  EXPECT_GT(Ok("permission/expand", {{"resource", Object("document:plan")}, {"permission", "view"}})["nodes"].size(),
            1u);
  const auto resources =
      Stream("permission/lookup-resources",
             {{"resourceType", "document"}, {"permission", "view"}, {"subject", Object("user:alice")}});
  EXPECT_EQ(resources.at(0)["result"]["results"][0]["id"], "plan");
  const auto subjects =
      Stream("permission/lookup-subjects",
             {{"resource", Object("document:plan")}, {"permission", "view"}, {"subjectType", "user"}});
  EXPECT_EQ(subjects.at(0)["result"]["results"][0]["id"], "alice");
}

TEST_F(NativeJson, SchemasAreReadAndWritten) {
  const std::string schema = Ok("schema/read-schema", Json::object())["schema"];
  EXPECT_EQ(schema, HttpTestServer::File("docs/gateway/office.zed"));
  EXPECT_TRUE(Ok("schema/write-schema", {{"schema", schema + "\ndefinition room {}\n"}}).contains("writtenAt"));
  const HttpAnswer refused = Call("schema/write-schema", {{"schema", "definition user {"}});
  EXPECT_EQ(refused.status, 400);
  bool placed = false;
  const Json details = refused.json()["details"];
  for (const Json& detail : details)
    placed = placed || detail["@type"] == "type.googleapis.com/mandate.v1.SchemaErrors";
  EXPECT_TRUE(placed) << "every detail comes along: " << refused.body;
}

TEST_F(NativeJson, SchemasAreReflectedAndCompared) {
  const Json reflected = Ok("schema/reflect-schema", {{"definitions", {"document"}}});
  EXPECT_EQ(reflected["definitions"][0]["name"], "document");
  const Json member = Ok("schema/reflect-member", {{"member", {{"definition", "document"}, {"name", "view"}}}});
  EXPECT_FALSE(member["dependsOn"].empty());
  const std::string schema = Ok("schema/read-schema", Json::object())["schema"];
  const Json same = Ok("schema/diff-schema", {{"schema", schema}});
  EXPECT_FALSE(same.contains("differences"));
  const Json more = Ok("schema/diff-schema", {{"schema", schema + "\ndefinition room {}\n"}});
  EXPECT_EQ(more["differences"][0]["kind"], "KIND_DEFINITION_ADDED");
}

TEST_F(NativeJson, AgentsAreDelegatedToAndTheirLedgerRead) {
  Prepare();
  const std::string until = "2026-06-01T00:00:00Z";
  Json view = Object("document:*");
  view["relation"] = "view";
  EXPECT_EQ(Ok("delegation/delegate", {{"taskType", "errand"},
                                       {"taskId", "7"},
                                       {"delegator", Object("user:alice")},
                                       {"delegate", Object("assistant:clerk")},
                                       {"scope", {view}},
                                       {"expiresAt", until}})["task"],
            Object("errand:7"));
  EXPECT_EQ(Ok("delegation/open-session", {{"sessionType", "run"},
                                           {"sessionId", "9"},
                                           {"agent", Object("assistant:clerk")},
                                           {"task", Object("errand:7")},
                                           {"expiresAt", until}})["session"],
            Object("run:9"));
  const Json action = {{"resource", Object("document:plan")}, {"permission", "view"}};
  const Json authorized = Ok("delegation/authorize", {{"session", Object("run:9")}, {"action", action}});
  EXPECT_EQ(authorized["result"]["decision"], "DECISION_ALLOWED");
  EXPECT_EQ(authorized["ledgerSequence"], "1");
  EXPECT_EQ(Ok("delegation/authorize-batch", {{"session", Object("run:9")}, {"actions", {action, action}}})["allowed"],
            true);
  EXPECT_EQ(Fault("delegation/approve", {{"session", Object("run:9")},
                                         {"resource", Object("document:plan")},
                                         {"permission", "view"},
                                         {"parameterDigest", "d"},
                                         {"approver", Object("user:alice")},
                                         {"expiresAt", until}}),
            "400 FAILED_PRECONDITION NO_APPROVAL_NEEDED");
  EXPECT_EQ(Ok("delegation/describe-authority", {{"session", Object("run:9")}})["principal"], Object("user:alice"));
  EXPECT_EQ(Ok("delegation/describe-ledger", Json::object())["sequence"], "3");
  EXPECT_EQ(Stream("delegation/read-ledger", {{"limit", 2}}).at(0)["result"]["entries"].size(), 2u);
  EXPECT_EQ(Ok("delegation/replay-ledger", {{"sequence", "1"}})["same"], true);
  EXPECT_TRUE(Ok("delegation/close-session", {{"session", Object("run:9")}}).contains("writtenAt"));
  EXPECT_EQ(Fault("delegation/close-session", {{"session", Object("run:9")}}), "404 NOT_FOUND SESSION_NOT_OPEN");
  EXPECT_EQ(Ok("delegation/revoke", {{"agent", Object("assistant:clerk")}})["removed"], "2");
}

// Reads lines of a stream that does not end, until there are `count`.
std::vector<Json> Follow(HttpTestServer& server, const std::string& path, const Json& request, size_t count,
                         const std::function<void()>& once_open) {
  Called().insert(path);
  std::vector<Json> lines;
  std::string text;
  httplib::Client client("127.0.0.1", server.port());
  httplib::Request call;
  call.method = "POST";
  call.path = path;
  call.body = request.dump();
  call.set_header("Content-Type", "application/json");
  call.response_handler = [&](const httplib::Response& response) {
    EXPECT_EQ(response.status, 200);
    once_open();
    return true;
  };
  call.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    text.append(data, size);
    for (size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      lines.push_back(Json::parse(text.substr(0, end), nullptr, false));
    }
    return lines.size() < count;  // Then the client goes away.
  };
  httplib::Response response;
  httplib::Error error{};
  client.send(call, response, error);
  return lines;
}

TEST_F(NativeJson, AWatchTellsEachChangeAsItIsWritten) {
  const auto lines = Follow(server, "/v1/watch/watch", Json::object(), 2, [&] {
    server.Touch({"document:plan#viewer@user:bob"});
    server.Touch({"document:plan#viewer@user:carol"});
  });
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["result"]["changes"][0]["relationship"], Row("document:plan", "viewer", "user:carol"));
  EXPECT_EQ(Fault("watch/watch", {{"after", {{"token", "x"}}}}), "400 INVALID_ARGUMENT TOKEN_MALFORMED");
}

TEST_F(NativeJson, AWatchOfTheLedgerTellsEachEntry) {
  Prepare();
  const auto lines = Follow(server, "/v1/delegation/watch-ledger", Json::object(), 1, [&] {
    server.Post(
        "/v1/delegation/authorize",
        Json{{"session", Object("run:1")}, {"action", {{"resource", Object("document:plan")}, {"permission", "view"}}}}
            .dump());
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["result"]["entries"][0]["sequence"], "1");
}

TEST_F(NativeJson, TheStopOfTheServerEndsAWatchWithAWord) {
  std::thread stopping;
  const auto lines = Follow(server, "/v1/watch/watch", Json::object(), 5,
                            [&] { stopping = std::thread([&] { server.server().Stop(absl::Seconds(20)); }); });
  stopping.join();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["error"]["code"], 14);
}

// Without a last line it would pass for whole.
TEST_F(NativeJson, AStreamWhoseCallerEndsItsSideEndsWithAWord) {
  const std::string answer = SendRaw(server.port(),
                                     "POST /v1/watch/watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                     "application/json\r\nContent-Length: 2\r\n\r\n{}",
                                     {}, Ending::kHalfClose);
  EXPECT_THAT(answer, testing::HasSubstr("{\"error\":{\"code\":1,")) << answer;
}

TEST_F(NativeJson, ErrorsHaveTheCodeOfHttpThatGoesWithTheirs) {
  const Json row = Touch(Row("document:plan", "viewer", "user:bob"));
  Json create = row;
  create["operation"] = "OPERATION_CREATE";
  EXPECT_EQ(Call("relationship/write", {{"updates", {create}}}).status, 200);
  EXPECT_EQ(Fault("relationship/write", {{"updates", {create}}}).substr(0, 18), "409 ALREADY_EXISTS");
  EXPECT_EQ(Fault("permission/check", Json::object()), "400 INVALID_ARGUMENT MISSING_FIELD");
  EXPECT_EQ(Fault("permission/lookup-resources", Json::object()), "400 INVALID_ARGUMENT MISSING_FIELD")
      << "also where a stream would follow";
  EXPECT_EQ(
      Fault("relationship/delete",
            {{"filter", {{"resourceType", "document"}}},
             {"preconditions", {{{"operation", "OPERATION_MUST_MATCH"}, {"filter", {{"resourceType", "mailbox"}}}}}}}),
      "400 FAILED_PRECONDITION PRECONDITION_FAILED");
}

// One list is under way, and one is what there may be.
TEST(HttpUnderLoad, AnswersWith429AndWhenToTryAgain) {
  HttpTestServer server({.load = {.lists_max = 1}});
  server.WriteSchema(kDocumentSchema);
  NativeCall import(server.channel(), "/mandate.v1.RelationshipService/Import", {});
  ASSERT_TRUE(import.Write(""));
  // The stream has its place before anybody else asks for it: it would be refused in their stead.
  const auto has_place = [&] {
    return server.Get("/metrics").body.find("of=\"under_way\",work=\"list\"} 1") != std::string::npos;
  };
  for (int i = 0; i < 1'000 && !has_place(); ++i) absl::SleepFor(absl::Milliseconds(10));
  ASSERT_TRUE(has_place());
  const std::string evaluations = R"({"subject":{"type":"user","id":"ann"},"action":{"name":"view"},
                                      "evaluations":[{"resource":{"type":"document","id":"plan"}}]})";
  HttpAnswer answer = server.Post("/access/v1/evaluations", evaluations);
  EXPECT_EQ(answer.status, 429) << answer.body;
  EXPECT_EQ(answer.header("Retry-After"), "1");
  const HttpAnswer native = server.Post("/v1/permission/check-batch", R"({"items":[{}]})");
  EXPECT_EQ(native.status, 429) << native.body;
  EXPECT_EQ(native.header("Retry-After"), "1");
  EXPECT_THAT(native.body, testing::HasSubstr("OVERLOADED"));
  EXPECT_EQ(server.Get("/metrics").status, 200) << "metrics are for just then";
  import.Cancel();
  EXPECT_EQ(import.Finish().error_code(), grpc::StatusCode::CANCELLED);
  for (int i = 0; i < 200 && answer.status != 200; ++i) {
    answer = server.Post("/access/v1/evaluations", evaluations);
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(answer.status, 200) << "the place is given back";
}

TEST_F(NativeJson, ABodyThatIsNoSuchMessageIsRefused) {
  const auto status = [&](const std::string& body, const std::string& type = "application/json") {
    return server.Post("/v1/permission/check", body, {}, type).status;
  };
  EXPECT_EQ(status("{}", "text/plain"), 415);
  EXPECT_EQ(status("{}", "application/x-ndjson"), 415) << "for streams of requests alone";
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("nope"), std::string("{\"itm\":{}}"),
        std::string("{\"item\":1}"), std::string("{\"explain\":\"perhaps\"}"),
        std::string("{\"item\":{\"permission\":\"\xff\"}}"), std::string(100'000, '['),
        "{\"item\":{\"context\":{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}}}"}) {
    EXPECT_EQ(status(body), 400) << body.substr(0, 60);
  }
  EXPECT_EQ(server.Get("/v1/permission/check").status, 405);
  EXPECT_EQ(server.Get("/v1/permission/check").header("Allow"), "POST");
  EXPECT_EQ(server.Post("/v1/permission/chek", "{}").status, 404);
}

TEST(NativeMethods, HaveAPathEach) {
  std::set<std::string> paths;
  for (const NativeMethod& method : NativeMethods()) EXPECT_TRUE(paths.insert(method.path).second) << method.path;
  EXPECT_TRUE(paths.contains("/v1/permission/check-batch"));
  EXPECT_EQ(paths.size(), 32u) << "a new method is called by the tests above, and counted here";
}

// Runs last of this file's tests that call; meant for a whole run.
TEST(NativeMethodsCalled, AreAllOfThem) {
  if (Called().size() < 15) GTEST_SKIP() << "a part of the tests was run";
  for (const NativeMethod& method : NativeMethods()) EXPECT_TRUE(Called().contains(method.path)) << method.path;
}

}  // namespace
}  // namespace mandate
