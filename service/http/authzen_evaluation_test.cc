// Evaluations of AuthZEN over HTTP: every field, the defaults and semantics of a batch, what is refused and how.
#include <set>

#include "service/http/authzen_server.h"
#include "service/http/test_http.h"

namespace mandate {
namespace {

using nlohmann::literals::operator""_json_pointer;

struct AuthzenEvaluation : testing::Test {
  AuthzenEvaluation() { server.Load("docs/authzen/certification"); }

  std::vector<std::string> Batch(const Json& request) {
    std::vector<std::string> verdicts;
    const Json answers = server.Ask("evaluations", request)["evaluations"];
    for (const Json& answer : answers) {
      verdicts.push_back(HttpTestServer::Verdict(answer));
    }
    return verdicts;
  }

  HttpTestServer server;
};

using Verdicts = std::vector<std::string>;

TEST_F(AuthzenEvaluation, RefusesARequestThatLacksAFieldOrHasOneOfTheWrongType) {
  const Json good = Question("alice", "read", "record-1");
  ASSERT_EQ(server.Evaluate(good), "true");
  const auto with = [&](const char* pointer, const Json& value) {
    Json question = good;
    question[Json::json_pointer(pointer)] = value;
    return server.Evaluate(question);
  };
  for (const char* name : {"subject", "action", "resource"}) {
    Json without = good;
    without.erase(name);
    EXPECT_EQ(server.Evaluate(without), Cat("400 MISSING_FIELD ", name));
    for (const Json& wrong : {Json(1), Json("x"), Json(nullptr), Json::array(), Json(true)}) {
      EXPECT_EQ(with(Cat("/", name).c_str(), wrong), Cat("400 MALFORMED_FIELD ", name)) << wrong;
    }
  }
  for (const char* field : {"subject.type", "subject.id", "resource.type", "resource.id", "action.name"}) {
    std::string pointer = Cat("/", field);
    pointer[pointer.find('.')] = '/';
    for (const Json& wrong : {Json(1), Json(nullptr), Json::object(), Json("")}) {
      EXPECT_EQ(with(pointer.c_str(), wrong), Cat("400 MALFORMED_FIELD ", field)) << wrong;
    }
    Json without = good;
    const Json::json_pointer whole(pointer);
    without[whole.parent_pointer()].erase(whole.back());
    EXPECT_EQ(server.Evaluate(without), Cat("400 MISSING_FIELD ", field));
  }
  for (const char* field : {"subject/properties", "resource/properties", "action/properties", "context"}) {
    for (const Json& wrong : {Json(1), Json("x"), Json(nullptr), Json::array()}) {
      std::string name = field;
      if (name.find('/') != name.npos) name[name.find('/')] = '.';
      EXPECT_EQ(with(Cat("/", field).c_str(), wrong), Cat("400 MALFORMED_FIELD ", name)) << wrong;
    }
  }
}

TEST_F(AuthzenEvaluation, IgnoresFieldsThatItDoesNotKnow) {
  Json question = Question("alice", "read", "record-1");
  question["more"] = {1, 2};
  question["subject"]["more"] = "x";
  question["context"] = {{"anything", {{"deep", true}}}};
  EXPECT_EQ(server.Evaluate(question), "true");
}

TEST_F(AuthzenEvaluation, WhatTheSchemaDoesNotKnowIsANoWithAReason) {
  EXPECT_EQ(server.Evaluate(Question("alice", "fly", "record-1")), "false UNKNOWN_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", std::string(100, 'a'), "record-1")), "false UNKNOWN_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "record-1", {{"resource", {{"type", "Ship!"}}}})),
            "false UNKNOWN_DEFINITION");
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "record-1", {{"subject", {{"type", "alien"}}}})),
            "false UNKNOWN_DEFINITION");
  EXPECT_EQ(server.Evaluate(Question("nobody", "read", "record-1")), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "no such record")), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "read", std::string(2000, 'r'))), "false UNKNOWN_ID");
  const Json refused = server.Ask("evaluation", Question("alice", "tools/call", "record-1"));
  EXPECT_THAT(refused["context"]["reason_admin"]["en"].get<std::string>(), testing::HasSubstr("tools__call"));
}

TEST_F(AuthzenEvaluation, BeforeTheFirstSchemaNothingIsAllowed) {
  HttpTestServer empty;
  EXPECT_EQ(empty.Evaluate(Question("alice", "read", "record-1")), "false NO_SCHEMA");
  Json batch = Question("alice", "read", "record-1");
  batch["evaluations"] = {Json::object(), Json::object()};
  EXPECT_EQ(empty.Ask("evaluations", batch)["evaluations"].size(), 2u);
  EXPECT_EQ(empty.Ask("search/action", Question("alice", "read", "record-1"))["results"], Json::array());
}

TEST(AuthzenNamesOverHttp, EveryNameCanBeAskedAbout) {
  HttpTestServer server;
  server.WriteSchema(
      "definition user {}\ndefinition tool {\n relation caller: user\n permission tools__call = caller\n}\n");
  server.Touch({"tool:https=3A//a=2Eb/c=3Fd#caller@user:a=40example=2Ecom"});
  Json question = {{"subject", {{"type", "user"}, {"id", "a@example.com"}}},
                   {"action", {{"name", "tools/call"}}},
                   {"resource", {{"type", "tool"}, {"id", "https://a.b/c?d"}}}};
  EXPECT_EQ(server.Evaluate(question), "true");
  const Json subjects = server.Ask("search/subject", question);
  EXPECT_EQ(subjects["results"], Json::array({{{"type", "user"}, {"id", "a@example.com"}}}));
  EXPECT_EQ(server.Ask("search/resource", question)["results"],
            Json::array({{{"type", "tool"}, {"id", "https://a.b/c?d"}}}));
  EXPECT_EQ(server.Ask("search/action", question)["results"], Json::array({{{"name", "tools/call"}}}));
  question["subject"]["id"] = "*";
  EXPECT_EQ(server.Evaluate(question), "false NO_PERMISSION");
}

TEST(AuthzenErrors, AnAnswerThatIsNotKnownIsAnErrorAndNeverANo) {
  HttpTestServer server;
  server.WriteSchema(R"(
    caveat broken(n int) { 1 / n > 0 }
    definition user {}
    definition record {
      relation reader: user | user with broken
      relation banned: record#open
      permission read = reader
      permission open = reader - banned
    })");
  server.Touch(
      {"record:r#reader@user:alice[broken:{\"n\":0}]", "record:c#reader@user:alice", "record:c#banned@record:c#open"});
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "r")), "400 CAVEAT_EVALUATION_ERROR");
  EXPECT_EQ(server.Evaluate(Question("alice", "open", "c")), "500 CYCLE_THROUGH_EXCLUSION");
  Json batch = Question("alice", "read", "r");
  batch["evaluations"] = {Json::object(), Question("alice", "open", "c")};
  const Json answers = server.Ask("evaluations", batch)["evaluations"];
  EXPECT_EQ(HttpTestServer::Verdict(answers[0]), "false error 400 CAVEAT_EVALUATION_ERROR");
  EXPECT_EQ(HttpTestServer::Verdict(answers[1]), "false error 500 CYCLE_THROUGH_EXCLUSION");
  EXPECT_EQ(server.Ask("search/subject", Question("alice", "read", "r"))["context"]["unanswered"][0]["id"], "alice");
  // However many there are, each is told on some page.
  for (int i = 0; i < 25; ++i) server.Touch({Cat("record:many#reader@user:u", i, "[broken:{\"n\":0}]")});
  Json search = Question("alice", "read", "many");
  std::set<std::string> unanswered;
  for (int page = 0; page < 3; ++page) {
    const Json found = server.Ask("search/subject", search);
    for (const Json& entity : found["context"]["unanswered"]) unanswered.insert(entity["id"].get<std::string>());
    search["page"] = {{"token", found["page"]["next_token"]}};
  }
  EXPECT_EQ(search["page"]["token"], "");
  EXPECT_EQ(unanswered.size(), 25u);
}

TEST_F(AuthzenEvaluation, ABatchWithoutEvaluationsIsASingleOne) {
  for (const bool empty : {true, false}) {
    Json request = Question("alice", "read", "record-1");
    if (empty) request["evaluations"] = Json::array();
    EXPECT_EQ(server.Ask("evaluations", request), Json({{"decision", true}}));
  }
}

TEST_F(AuthzenEvaluation, AnItemReplacesADefaultAsAWhole) {
  Json request = Question("alice", "write", "record-1", {{"resource", {{"properties", {{"status", "archived"}}}}}});
  request["context"] = {{"action_soft", true}};
  request["evaluations"] = {
      Json::object(),
      {{"resource", {{"type", "record"}, {"id", "record-1"}}}},
      {{"resource", {{"id", "record-1"}}}},
      {{"action", {{"name", "delete"}}}},
      {{"action", {{"name", "delete"}}}, {"context", Json::object()}},
  };
  EXPECT_EQ(Batch(request),
            (Verdicts{"false NO_PERMISSION", "true", "false error 400 MISSING_FIELD evaluations[2].resource.type",
                      "true", "false MISSING_CONTEXT"}));
}

TEST_F(AuthzenEvaluation, AFailedItemFailsAlone) {
  Json request = Question("alice", "read", "record-1");
  request.erase("resource");
  const Json record = {{"type", "record"}, {"id", "record-1"}};
  request["evaluations"] = {{{"resource", record}}, Json::object(), 7, {{"resource", "x"}}, {{"resource", record}}};
  EXPECT_EQ(Batch(request), (Verdicts{"true", "false error 400 MISSING_FIELD evaluations[1].resource",
                                      "false error 400 MALFORMED_FIELD evaluations[2]",
                                      "false error 400 MALFORMED_FIELD evaluations[3].resource", "true"}));
}

TEST_F(AuthzenEvaluation, TheSemanticsOfABatchEndItWhereTheySay) {
  Json request = Question("alice", "read", "record-1");
  const Json yes = Json::object();
  const Json no = {{"action", {{"name", "fly"}}}};
  request["evaluations"] = {yes, no, yes, no};
  const auto count = [&](const Json& semantic) {
    request["options"] = {{"evaluations_semantic", semantic}};
    return Batch(request).size();
  };
  EXPECT_EQ(Batch(request).size(), 4u);
  EXPECT_EQ(count("execute_all"), 4u);
  EXPECT_EQ(count("deny_on_first_deny"), 2u);
  EXPECT_EQ(count("permit_on_first_permit"), 1u);
  request["evaluations"] = {no, no, yes, no};
  EXPECT_EQ(count("permit_on_first_permit"), 3u);
  EXPECT_EQ(count("deny_on_first_deny"), 1u);
  request["evaluations"] = {yes, 7, yes};
  EXPECT_EQ(count("deny_on_first_deny"), 2u) << "a failed item is no yes";
}

// 2 MiB of context and 10,000 items fit into one body; a copy for each item would be 20 GB.
TEST(AuthzenBatch, KeepsADefaultOnceHoweverManyItemsTakeIt) {
  Json request = Question("alice", "read", "record-1", {{"subject", {{"properties", {{"role", "x"}}}}}});
  request["context"] = {{"long", std::string(2 << 20, 'x')}};
  std::vector<Json> items(10'000, Json::object());
  items.back()["context"]["own"] = true;
  request["evaluations"] = items;
  const Json& sent = request;
  const auto batch = ReadBatch(sent);
  ASSERT_TRUE(batch.ok() && *batch) << batch.status();
  ASSERT_EQ((*batch)->size(), 10'000u);
  for (const size_t i : {size_t{0}, size_t{9'998}}) {
    const auto item = (*batch)->Item(i);
    ASSERT_TRUE(item.ok()) << item.status();
    EXPECT_EQ(item->context, &sent["context"]);
    EXPECT_EQ(item->subject.properties, &sent["subject"]["properties"]);
  }
  const auto last = (*batch)->Item(9'999);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->context, &sent["evaluations"][9'999]["context"]);
}

TEST_F(AuthzenEvaluation, ALongDefaultIsNotRepeatedInEachAnswer) {
  Json request = Question("alice", "read", "record-1", {{"subject", {{"type", std::string(100'000, 'x')}}}});
  request["evaluations"] = std::vector<Json>(100, Json::object());
  const HttpAnswer answer = server.Post("/access/v1/evaluations", request.dump());
  EXPECT_EQ(HttpTestServer::Verdict(answer.json()["evaluations"][99]), "false UNKNOWN_DEFINITION");
  EXPECT_LT(answer.body.size(), 1u << 20);
}

TEST_F(AuthzenEvaluation, ABatchWhoseCallerWentAwayStopsBetweenItsItems) {
  Authorizer authorizer(&server.database());
  AuthzenServer authzen(&server.database(), &authorizer, "");
  auto gate = Gate::Open("");
  ASSERT_TRUE(gate.ok()) << gate.status();
  const Admission admission = (*gate)->Admit(Credentials(), Need::kCheck);
  ASSERT_TRUE(admission.ok()) << admission.status();
  Json request = Question("alice", "read", "record-1");
  request["evaluations"] = std::vector<Json>(1'000, Json::object());
  EXPECT_EQ(authzen.Evaluations(admission, request.dump(), [] { return false; }).status, 200);
  int looks = 0;
  EXPECT_EQ(authzen.Evaluations(admission, request.dump(), [&] { return ++looks > 1; }).status, 499);
  EXPECT_EQ(looks, 2) << "it was there at first, and nothing was asked once it was not";
  request["evaluations"] = std::vector<Json>(kItemsBetweenLooks, Json::object());
  EXPECT_EQ(authzen.Evaluations(admission, request.dump(), [] { return true; }).status, 200)
      << "few are answered: it may still listen";
}

TEST_F(AuthzenEvaluation, RefusesABatchWhoseFrameIsWrong) {
  const auto verdict = [&](const char* pointer, const Json& value) {
    Json request = Question("alice", "read", "record-1");
    request["evaluations"] = Json::array({Json::object()});
    request[Json::json_pointer(pointer)] = value;
    return HttpTestServer::Verdict(server.Ask("evaluations", request));
  };
  EXPECT_EQ(verdict("/evaluations", "x"), "400 MALFORMED_FIELD evaluations");
  EXPECT_EQ(verdict("/evaluations", nullptr), "400 MALFORMED_FIELD evaluations");
  EXPECT_EQ(verdict("/evaluations", Json(std::vector<Json>(10'001, Json::object()))), "400 TOO_MANY evaluations");
  EXPECT_EQ(verdict("/options", 1), "400 MALFORMED_FIELD options");
  EXPECT_EQ(verdict("/options", {{"evaluations_semantic", "perhaps"}}),
            "400 MALFORMED_FIELD options.evaluations_semantic");
  EXPECT_EQ(verdict("/options", {{"evaluations_semantic", 1}}), "400 MALFORMED_FIELD options.evaluations_semantic");
  EXPECT_EQ(verdict("/subject", "alice"), "400 MALFORMED_FIELD subject");
  EXPECT_EQ(verdict("/context", Json::array()), "400 MALFORMED_FIELD context");
}

TEST_F(AuthzenEvaluation, RefusesBodiesThatAreNoJsonObjectAsItShouldBe) {
  const auto fault = [&](const std::string& body, const std::string& type = "application/json") {
    const HttpAnswer answer = server.Post("/access/v1/evaluation", body, {}, type);
    return Cat(answer.status, " ", answer.json().value("/error/reason"_json_pointer, ""));
  };
  const std::string good = Question("alice", "read", "record-1").dump();
  EXPECT_EQ(fault(good), "200 ");
  EXPECT_EQ(fault(good, "application/json; charset=utf-8"), "200 ");
  EXPECT_EQ(fault(good, "APPLICATION/JSON"), "200 ");
  for (const char* type : {"text/plain", "application/xml", "application/jsonx", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x"}) {
    EXPECT_EQ(fault(good, type), "400 CONTENT_TYPE_INVALID") << type;
  }
  for (const std::string& body :
       {std::string(), std::string("{"), good + "}", std::string("[]"), std::string("1"), std::string("null"),
        std::string("nope"), good.substr(0, good.size() - 1), std::string("{\"subject\":\"\xff\xfe\"}"),
        std::string("{\"a\":1,\"a\":2}"), std::string(100'000, '['), std::string(100'000, '{'),
        "{\"context\":" + std::string(41, '[') + std::string(41, ']') + "}"}) {
    EXPECT_EQ(fault(body), "400 JSON_MALFORMED") << body.substr(0, 60);
  }
}

TEST_F(AuthzenEvaluation, AContextThatIsTooLargeForACaveatIsRefusedAndAnyOtherIgnored) {
  Json question = Question("alice", "delete", "record-1");
  question["context"] = {{"unused", std::string(100'000, 'x')}, {"action_soft", true}};
  EXPECT_EQ(server.Evaluate(question), "true");
  question["context"] = {{"resource_properties", {{"status", std::string(100'000, 'x')}}}};
  EXPECT_EQ(server.Evaluate(question), "400 CONTEXT_INVALID context");
}

TEST_F(AuthzenEvaluation, EchoesTheRequestIdAsItWasSent) {
  const std::string body = Question("alice", "read", "record-1").dump();
  for (const char* id : {"bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "a%20b%0d%0ac", "x y"}) {
    for (const std::string& sent : {body, std::string("{")}) {
      const std::string answer =
          SendRaw(server.port(),
                  Cat("POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: application/json\r\nx-request-ID:  ", id,
                      "\r\nConnection: close\r\nContent-Length: ", sent.size(), "\r\n\r\n", sent));
      EXPECT_THAT(answer, testing::HasSubstr(Cat("\r\nX-Request-ID: ", id, "\r\n")));
    }
  }
  EXPECT_FALSE(server.Post("/access/v1/evaluation", body).headers.contains("X-Request-ID"));
}

TEST_F(AuthzenEvaluation, AnswersWhatWasWrittenAMomentAgo) {
  EXPECT_EQ(server.Evaluate(Question("carol", "read", "record-1")), "false NO_PERMISSION");
  server.Touch({"record:record-1#reader@user:carol"});
  EXPECT_EQ(server.Evaluate(Question("carol", "read", "record-1")), "true");
}

}  // namespace
}  // namespace mandate
