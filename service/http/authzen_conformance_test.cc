// The scenario that AuthZEN 1.0 is certified by, at every level, over HTTP, on the world of docs/authzen.
#include "service/http/test_http.h"

namespace mandate {
namespace {

using testing::IsSupersetOf;

struct Conformance : testing::Test {
  Conformance() { server.Load("docs/authzen/certification"); }

  std::vector<std::string> Found(const std::string& what, const Json& request, const char* name = "id") {
    const Json answer = server.Ask("search/" + what, request);
    std::vector<std::string> found;
    for (const Json& one : answer["results"]) found.push_back(one[name]);
    return found;
  }

  HttpTestServer server;
};

TEST_F(Conformance, Core) {
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "record-1")), "true");
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-1")), "true");
  EXPECT_EQ(server.Evaluate(Question("bob", "read", "record-1")), "true");
  EXPECT_EQ(server.Evaluate(Question("bob", "write", "record-1")), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-2")), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "read", "record-2")), "true");
}

TEST_F(Conformance, Properties) {
  const Json archived = {{"resource", {{"properties", {{"status", "archived"}}}}}};
  const Json active = {{"resource", {{"properties", {{"status", "active"}}}}}};
  const Json admin = {{"subject", {{"properties", {{"role", "admin"}}}}}};
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-1", archived)), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-1", active)), "true");
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-1", admin)), "true");
  Json both = archived;
  both.merge_patch(admin);
  EXPECT_EQ(server.Evaluate(Question("alice", "write", "record-1", both)), "true");
  const auto soft = [](const Json& value) { return Json{{"action", {{"properties", {{"soft", value}}}}}}; };
  EXPECT_EQ(server.Evaluate(Question("alice", "delete", "record-1", soft(true))), "true");
  EXPECT_EQ(server.Evaluate(Question("alice", "delete", "record-1", soft(false))), "false NO_PERMISSION");
  EXPECT_EQ(server.Evaluate(Question("bob", "delete", "record-1", soft(true))), "false NO_PERMISSION");
}

TEST_F(Conformance, WhatHangsOnContextThatIsMissingIsANoThatNamesIt) {
  const Json answer = server.Ask("evaluation", Question("alice", "delete", "record-1"));
  EXPECT_EQ(answer["decision"], false);
  EXPECT_EQ(answer["context"]["reason"], "MISSING_CONTEXT");
  EXPECT_EQ(answer["context"]["missing_context"], Json({"action_soft"}));
}

TEST_F(Conformance, TheRequestsOwnContextWinsOverProperties) {
  Json question = Question("alice", "delete", "record-1", {{"action", {{"properties", {{"soft", false}}}}}});
  question["context"] = {{"action_soft", true}};
  EXPECT_EQ(server.Evaluate(question), "true");
}

TEST_F(Conformance, BatchCore) {
  const Json request = {{"subject", {{"type", "user"}, {"id", "bob"}}},
                        {"resource", {{"type", "record"}, {"id", "record-1"}}},
                        {"evaluations", {{{"action", {{"name", "read"}}}}, {{"action", {{"name", "write"}}}}}}};
  const Json answers = server.Ask("evaluations", request)["evaluations"];
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]["decision"], true);
  EXPECT_EQ(answers[1]["decision"], false);
}

TEST_F(Conformance, BatchProperties) {
  const Json soft = {{"name", "delete"}, {"properties", {{"soft", true}}}};
  Json request = Question("alice", "delete", "record-1", {{"action", {{"properties", {{"soft", false}}}}}});
  request["evaluations"] = {
      {{"action", soft}},
      Json::object(),
      // Replaced as a whole: `soft` is not merged in.
      {{"action", {{"name", "delete"}}}},
      {{"action", {{"name", "write"}}},
       {"resource", {{"type", "record"}, {"id", "record-1"}, {"properties", {{"status", "archived"}}}}}}};
  const Json answers = server.Ask("evaluations", request)["evaluations"];
  std::vector<std::string> verdicts;
  for (const Json& answer : answers) verdicts.push_back(HttpTestServer::Verdict(answer));
  EXPECT_EQ(verdicts,
            (std::vector<std::string>{"true", "false NO_PERMISSION", "false MISSING_CONTEXT", "false NO_PERMISSION"}));
}

TEST_F(Conformance, SearchCore) {
  Json subjects = Question("", "read", "record-1");
  subjects["subject"].erase("id");
  EXPECT_EQ(Found("subject", subjects), (std::vector<std::string>{"alice", "bob"}));
  Json resources = Question("alice", "read", "");
  resources["resource"].erase("id");
  EXPECT_THAT(Found("resource", resources), IsSupersetOf({"record-1"}));
  Json actions = Question("alice", "", "record-1");
  actions.erase("action");
  EXPECT_THAT(Found("action", actions, "name"), IsSupersetOf({"read", "write"}));
}

TEST_F(Conformance, SearchProperties) {
  const Json archived = {{"resource", {{"properties", {{"status", "archived"}}}}}};
  Json subjects = Question("ignored", "write", "record-1", archived);
  EXPECT_EQ(Found("subject", subjects), std::vector<std::string>());
  subjects["resource"]["properties"]["status"] = "active";
  EXPECT_EQ(Found("subject", subjects), std::vector<std::string>({"alice"}));
  Json resources = Question("alice", "delete", "ignored", {{"action", {{"properties", {{"soft", true}}}}}});
  EXPECT_EQ(Found("resource", resources), std::vector<std::string>({"record-1"}));
  resources["action"]["properties"]["soft"] = false;
  EXPECT_EQ(Found("resource", resources), std::vector<std::string>());
  EXPECT_EQ(Found("action", Question("alice", "ignored", "record-1", archived), "name"),
            std::vector<std::string>({"read"}));
}

TEST_F(Conformance, Discovery) {
  const HttpAnswer answer = server.Get("/.well-known/authzen-configuration");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const Json metadata = answer.json();
  const std::string url = Cat("http://127.0.0.1:", server.port());
  EXPECT_EQ(metadata["policy_decision_point"], url);
  for (const auto& [name, path] : std::map<std::string, std::string>{{"access_evaluation_endpoint", "evaluation"},
                                                                     {"access_evaluations_endpoint", "evaluations"},
                                                                     {"search_subject_endpoint", "search/subject"},
                                                                     {"search_resource_endpoint", "search/resource"},
                                                                     {"search_action_endpoint", "search/action"}}) {
    EXPECT_EQ(metadata[name], Cat(url, "/access/v1/", path));
    EXPECT_EQ(server.Post(Cat("/access/v1/", path), Question("alice", "read", "record-1").dump()).status, 200) << name;
  }
}

}  // namespace
}  // namespace mandate
