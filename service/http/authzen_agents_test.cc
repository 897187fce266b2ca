// The three conventions by which a question of AuthZEN names an agent: each becomes the delegated question, and what it
// claims is compared with what is stored.
#include "service/http/test_http.h"

namespace mandate {
namespace {

constexpr char kAuthzenAgentsSchema[] = R"(
use delegation
use expiration

definition user { relation acts_on_behalf_of: assistant with expiration }
definition mailbox {
  relation owner: user
  permission send = owner
}
definition document {
  relation viewer: user
  permission view = viewer
}
agent assistant {
  relation acts_on_behalf_of: assistant with expiration
}
task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand
  relation scope: document:*#view | mailbox#send
  require approval for mailbox#send by send
}
session run {
  relation agent: assistant with expiration
  relation task: errand
})";

Json About(const std::string& user, const std::string& action, const std::string& type, const std::string& id,
           const Json& context = Json::object()) {
  return {{"subject", {{"type", "user"}, {"id", user}}},
          {"action", {{"name", action}}},
          {"resource", {{"type", type}, {"id", id}}},
          {"context", context}};
}

// alice lends to `boss` for errand:1, and boss to `bot` for errand:2; bob lends to `bot` for errand:3.
struct AuthzenAgents : testing::Test {
  AuthzenAgents() {
    server.WriteSchema(kAuthzenAgentsSchema);
    const std::string until = "[expiration:2027-01-01T00:00:00Z]";
    server.Touch({"document:plan#viewer@user:alice", "document:menu#viewer@user:bob", "mailbox:alice#owner@user:alice",
                  "user:alice#acts_on_behalf_of@assistant:boss" + until,
                  "assistant:boss#acts_on_behalf_of@assistant:bot" + until,
                  "user:bob#acts_on_behalf_of@assistant:bot" + until});
    server.Touch({"errand:1#delegator@user:alice", "errand:1#delegated_for_task@assistant:boss" + until,
                  "errand:1#scope@document:*#view", "errand:1#scope@mailbox:alice#send"});
    server.Touch({"errand:2#delegator@assistant:boss", "errand:2#delegated_for_task@assistant:bot" + until,
                  "errand:2#parent_task@errand:1", "errand:2#scope@document:*#view",
                  "errand:2#scope@mailbox:alice#send"});
    server.Touch({"errand:3#delegator@user:bob", "errand:3#delegated_for_task@assistant:bot" + until,
                  "errand:3#scope@document:*#view"});
    server.Touch({"run:7#agent@assistant:bot" + until, "run:7#task@errand:2"});
  }

  std::string View(const Json& context, const std::string& user = "alice", const std::string& document = "plan") {
    return server.Evaluate(About(user, "view", "document", document, context));
  }
  // With `subject.properties.act`.
  std::string Nested(const Json& act, const Json& context) {
    Json question = About("alice", "view", "document", "plan", context);
    question["subject"]["properties"] = {{"act", act}};
    return server.Evaluate(question);
  }

  HttpTestServer server;
  const Json mission = {{"id", "2"}};
};

TEST_F(AuthzenAgents, TheContextsAgentActsForTheSubjectOnTheMission) {
  for (const Json& agent : {Json("bot"), Json("assistant:bot"), Json({{"type", "assistant"}, {"id", "bot"}})}) {
    EXPECT_EQ(View({{"agent", agent}, {"mission", mission}}), "true") << agent;
  }
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"id", "errand:2"}}}}), "true");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", "2"}}), "true");
  EXPECT_EQ(View({{"agent", "bot"}}), "false NO_TASK");
}

TEST_F(AuthzenAgents, TheActorStatesTheChainFromTheRootDown) {
  const auto actor = [&](const Json& json) { return View({{"actor", json}, {"mission", mission}}); };
  EXPECT_EQ(actor({{"client_id", "bot"}, {"act", {"boss", "bot"}}}), "true");
  EXPECT_EQ(actor({{"act", {"assistant:boss", {{"sub", "bot"}}}}}), "true");
  EXPECT_EQ(actor({{"client_id", "bot"}}), "true");
  EXPECT_EQ(actor({{"client_id", "bot"}, {"act", {"bot", "boss"}}}), "false CLAIM_MISMATCH") << "the wrong way round";
  EXPECT_EQ(actor({{"act", {"bot"}}}), "false CLAIM_MISMATCH") << "the root is left out";
  EXPECT_EQ(actor({{"act", {"boss", "other", "bot"}}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(actor({{"client_id", "boss"}, {"act", {"boss", "bot"}}}), "false CLAIM_MISMATCH");
}

TEST_F(AuthzenAgents, TheNestedActStatesTheChainFromTheActingAgentUpward) {
  const Json boss = {{"sub", "boss"}};
  EXPECT_EQ(Nested({{"sub", "bot"}, {"act", boss}}, {{"mission", mission}}), "true");
  EXPECT_EQ(Nested({{"sub", "boss"}, {"act", {{"sub", "bot"}}}}, {{"mission", mission}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(Nested({{"sub", "bot"}}, {{"mission", mission}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(Nested({{"sub", "boss"}}, {{"mission", {{"id", "1"}}}}), "true");
}

TEST_F(AuthzenAgents, ConventionsThatContradictEachOtherAreANo) {
  EXPECT_EQ(View({{"agent", "bot"}, {"actor", {{"client_id", "boss"}}}, {"mission", mission}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(Nested({{"sub", "bot"}, {"act", {{"sub", "boss"}}}}, {{"agent", "boss"}, {"mission", mission}}),
            "false CLAIM_MISMATCH");
  EXPECT_EQ(Nested({{"sub", "bot"}, {"act", {{"sub", "boss"}}}},
                   {{"agent", "bot"}, {"actor", {{"act", {"boss", "bot"}}}}, {"mission", mission}}),
            "true");
}

TEST_F(AuthzenAgents, TheSubjectIsAClaimAboutThePrincipal) {
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"id", "3"}}}}, "bob", "menu"), "true");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"id", "3"}}}}, "alice", "menu"), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", mission}}, "bob", "plan"), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"id", "3"}}}}, "bob", "plan"), "false PRINCIPAL_LACKS_PERMISSION");
}

TEST_F(AuthzenAgents, ASessionActsAsItself) {
  EXPECT_EQ(View({{"agent", "run:7"}}), "true");
  EXPECT_EQ(View({{"agent", "run:7"}}, "bob"), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "run:7"}, {"mission", {{"id", "3"}}}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "run:7"}, {"actor", {{"client_id", "bot"}}}}), "true");
  EXPECT_EQ(View({{"agent", "run:7"}, {"actor", {{"client_id", "boss"}}}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "run:7"}, {"actor", {{"act", {"boss", "bot"}}}}}), "true");
  EXPECT_EQ(View({{"agent", "run:8"}}), "false SESSION_NOT_LIVE");
  Json question = About("x", "view", "document", "plan");
  question["subject"] = {{"type", "run"}, {"id", "7"}};
  EXPECT_EQ(server.Evaluate(question), "true");
  question["context"] = {{"agent", "boss"}};
  EXPECT_EQ(server.Evaluate(question), "false CLAIM_MISMATCH");
  question["subject"] = {{"type", "assistant"}, {"id", "bot"}};
  question["context"] = {{"mission", mission}};
  EXPECT_EQ(server.Evaluate(question), "true");
}

TEST_F(AuthzenAgents, AnAgentThatNobodyKnowsIsANoAndNeverTheSubjectAlone) {
  ASSERT_EQ(View(Json::object()), "true") << "alice herself may";
  EXPECT_EQ(View({{"agent", "stranger"}, {"mission", mission}}), "false NOT_DELEGATED");
  EXPECT_EQ(View({{"agent", "user:alice"}, {"mission", mission}}), "false UNKNOWN_AGENT");
  EXPECT_EQ(View({{"agent", "https://agents.example/x"}, {"mission", mission}}), "false NOT_DELEGATED");
  EXPECT_EQ(View({{"agent", {{"type", "robot"}, {"id", "x"}}}}), "false UNKNOWN_AGENT");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"type", "user"}, {"id", "alice"}}}}), "false UNKNOWN_TASK");
  EXPECT_EQ(View({{"agent", "bot"}, {"mission", {{"id", "nine"}}}}), "false CLAIM_MISMATCH");
  EXPECT_EQ(View({{"agent", "stranger"}, {"mission", {{"id", "3"}}}}, "bob", "menu"), "false NOT_DELEGATED");
  HttpTestServer without;
  without.Load("docs/authzen/certification");
  EXPECT_EQ(without.Evaluate(Question("alice", "read", "record-1", {{"context", {{"agent", "bot"}}}})),
            "false UNKNOWN_AGENT");
}

TEST_F(AuthzenAgents, ClaimsThatHaveNoFormAreRefused) {
  const std::vector<std::pair<Json, std::string>> rows = {
      {{{"agent", 1}}, "context.agent"},
      {{{"agent", ""}}, "context.agent"},
      {{{"agent", nullptr}}, "context.agent"},
      {{{"agent", Json::array()}}, "context.agent"},
      {{{"agent", Json::object()}}, "context.agent"},
      {{{"agent", {{"id", 1}}}}, "context.agent.id"},
      {{{"agent", {{"id", "a"}, {"sub", "b"}}}}, "context.agent"},
      {{{"agent", {{"id", "a"}, {"type", 1}}}}, "context.agent.type"},
      {{{"actor", "bot"}}, "context.actor"},
      {{{"actor", Json::object()}}, "context.actor"},
      {{{"actor", {{"act", "bot"}}}}, "context.actor.act"},
      {{{"actor", {{"act", Json::array()}}}}, "context.actor.act"},
      {{{"actor", {{"act", {"bot", 1}}}}}, "context.actor.act[1]"},
      {{{"actor", {{"client_id", 1}}}}, "context.actor.client_id"},
      {{{"agent", "bot"}, {"mission", 1}}, "context.mission"},
      {{{"mission", {{"id", "2"}}}}, "context.mission"},
      {{{"agent", "bot"}, {"audience", 1}}, "context.audience"},
      {{{"agent", "bot"}, {"audience", {1}}}, "context.audience[0]"},
      {{{"agent", "bot"}, {"parameter_digest", 1}}, "context.parameter_digest"},
      {{{"agent", "bot"}, {"parameter_digest", "a b"}}, "context.parameter_digest"},
      {{{"mandate", 1}}, "context.mandate"},
      {{{"mandate", {{"record", "yes"}}}}, "context.mandate.record"},
      {{{"mandate", {{"idempotency_key", "k"}}}}, "context.mandate.idempotency_key"},
  };
  for (const auto& [context, field] : rows) EXPECT_EQ(View(context), "400 MALFORMED_FIELD " + field) << context;
  EXPECT_EQ(View({{"actor", {{"act", std::vector<Json>(17, "bot")}}}}), "400 TOO_MANY context.actor.act");
  Json deep = {{"sub", "bot"}};
  for (int i = 0; i < 16; ++i) deep = {{"sub", "bot"}, {"act", deep}};
  EXPECT_EQ(Nested(deep, Json::object()), "400 TOO_MANY subject.properties.act");
  EXPECT_EQ(Nested("bot", Json::object()), "400 MALFORMED_FIELD subject.properties.act");
  EXPECT_EQ(Nested({{"sub", "bot"}, {"act", 1}}, Json::object()), "400 MALFORMED_FIELD subject.properties.act.act");
}

TEST_F(AuthzenAgents, ARefusalThatAnApprovalWouldTurnCarriesTheRequestForIt) {
  const Json context = {{"agent", "run:7"}, {"parameters", {{"to", "carol"}, {"text", "hello"}}}};
  const Json question = About("alice", "send", "mailbox", "alice", context);
  const Json refused = server.Ask("evaluation", question);
  EXPECT_EQ(refused["context"]["reason"], "APPROVAL_REQUIRED") << refused;
  const Json access = refused["context"]["access_request"];
  EXPECT_EQ(access["needs"], Json({"approver", "expiresAt"}));
  Json approve = access["request"];
  approve["approver"] = {{"type", "user"}, {"id", "alice"}};
  approve["expiresAt"] = "2026-06-01T00:00:00Z";
  const HttpAnswer approved = server.Post(access["endpoint"], approve.dump());
  EXPECT_EQ(approved.status, 200) << approved.body;
  EXPECT_EQ(server.Evaluate(question), "true");
  Json other = question;
  other["context"]["parameters"]["to"] = "mallory";
  EXPECT_EQ(server.Evaluate(other), "false APPROVAL_REQUIRED") << "for these parameters alone";
  other["context"].erase("parameters");
  EXPECT_EQ(server.Ask("evaluation", other)["context"]["access_request"]["needs"],
            Json({"approver", "expiresAt", "parameterDigest"}));
}

TEST_F(AuthzenAgents, RecordedIsDecidedOnceAndCounts) {
  Json context = {{"agent", "run:7"}, {"parameter_digest", "d1"}};
  const Json question = About("alice", "send", "mailbox", "alice", context);
  v1::ApproveRequest approve = Proto<v1::ApproveRequest>(R"(
    session { type: "run" id: "7" } resource { type: "mailbox" id: "alice" } permission: "send" parameter_digest: "d1"
    approver { type: "user" id: "alice" } expires_at { seconds: 1780272000 })");
  v1::ApproveResponse approved;
  ASSERT_TRUE(server.Call(*server.delegation, &v1::DelegationService::Stub::Approve, approve, &approved).ok());
  const Json asked = server.Ask("evaluation", question);
  EXPECT_EQ(asked["decision"], true);
  EXPECT_EQ(asked["context"]["obligations"][0]["id"], "urn:mandate:obligation:record") << "to whoever would just act";
  Json record = question;
  record["context"]["mandate"] = {{"record", true}, {"idempotency_key", "k1"}};
  const Json first = server.Ask("evaluation", record);
  EXPECT_EQ(first["decision"], true) << first;
  EXPECT_FALSE(first["context"].contains("obligations"));
  EXPECT_EQ(first["context"]["mandate"]["repeated"], false);
  const Json again = server.Ask("evaluation", record);
  EXPECT_EQ(again["context"]["mandate"]["ledger_sequence"], first["context"]["mandate"]["ledger_sequence"]);
  EXPECT_EQ(again["context"]["mandate"]["repeated"], true);
  record["context"]["mandate"]["idempotency_key"] = "k2";
  EXPECT_EQ(server.Evaluate(record), "false APPROVAL_REQUIRED") << "it was used";
  record["context"]["agent"] = "bot";
  record["context"]["mission"] = mission;
  EXPECT_EQ(server.Evaluate(record), "400 NOT_A_SESSION context.mandate.record") << "only a session acts";
}

TEST_F(AuthzenAgents, SearchesAnswerForTheAgent) {
  server.Touch({"document:menu#viewer@user:alice", "document:menu#viewer@user:carol"});
  Json request = About("alice", "view", "document", "x", {{"agent", "bot"}, {"mission", mission}});
  const auto ids = [](const Json& answer) {
    std::vector<std::string> all;
    for (const Json& one : answer["results"]) all.push_back(one.contains("id") ? one["id"] : one["name"]);
    return all;
  };
  EXPECT_EQ(ids(server.Ask("search/resource", request)), (std::vector<std::string>{"menu", "plan"}));
  request["subject"]["id"] = "bob";
  EXPECT_EQ(ids(server.Ask("search/resource", request)), std::vector<std::string>());
  Json actions = About("alice", "", "document", "plan", {{"agent", "run:7"}});
  EXPECT_EQ(ids(server.Ask("search/action", actions)), std::vector<std::string>{"view"});
  EXPECT_EQ(HttpTestServer::Verdict(server.Ask("search/subject", request)), "400 MALFORMED_FIELD context");
  Json agents = About("", "view", "document", "menu");
  agents["subject"] = {{"type", "assistant"}};
  const Json found = server.Ask("search/subject", agents);
  EXPECT_EQ(ids(found), (std::vector<std::string>{"boss", "bot", "bot"})) << found;
  EXPECT_EQ(found["results"][1]["properties"], Json({{"principal", "user:alice"}, {"task", "errand:2"}}));
  agents["subject"] = {{"type", "errand"}};
  EXPECT_EQ(server.Ask("search/subject", agents)["results"], Json::array()) << "a task may do nothing";
}

}  // namespace
}  // namespace mandate
