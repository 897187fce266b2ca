#include <thread>

#include "service/test_server.h"
#include "service/token.h"

namespace mandate {
namespace {

using testing::ElementsAre;

// A world that most tests start from. The tokens name the revision before and after alice lost her
// sight of the plan.
struct Documents : TestServer {
  explicit Documents(DatabaseOptions options = {}) : TestServer(std::move(options)) {
    WriteSchema(kDocumentSchema);
    seen = Touch({"document:plan#viewer@user:alice", "document:plan#owner@user:olga",
                  "document:plan#viewer@team:core#member", "team:core#member@user:bob",
                  "document:page#parent@document:plan", "document:plan#banned@user:mallory",
                  "document:plan#viewer@user:mallory"});
    unseen = Write({"delete document:plan#viewer@user:alice"});
  }
  std::string seen, unseen;
};

TEST(Check, AnswersWithATokenOfTheRevisionItAskedAt) {
  Documents server;
  EXPECT_TRUE(server.Allowed("document:plan#view@user:bob"));
  EXPECT_FALSE(server.Allowed("document:plan#view@user:alice"));
  EXPECT_FALSE(server.Allowed("document:plan#view@user:mallory"));
  EXPECT_TRUE(server.Allowed("document:page#view@user:olga"));
  EXPECT_TRUE(server.Allowed("document:plan#view@team:core#member"));
  EXPECT_EQ(server.Check("document:plan#view@user:bob").checked_at().token(), server.unseen);
}

TEST(Check, InEachConsistencyModeSeesTheRevisionItAskedFor) {
  Documents server;
  const std::string question = "document:plan#view@user:alice";
  EXPECT_TRUE(server.Allowed(question, Exactly(server.seen))) << "an exact snapshot sees the past";
  EXPECT_EQ(server.Check(question, Exactly(server.seen)).checked_at().token(), server.seen);
  EXPECT_FALSE(server.Allowed(question, Exactly(server.unseen)));
  EXPECT_FALSE(server.Allowed(question, AtLeast(server.seen))) << "no answer is stale";
  EXPECT_FALSE(server.Allowed(question, AtLeast(server.unseen)));
  EXPECT_FALSE(server.Allowed(question, Proto<v1::Consistency>("minimize_latency: true")));
  EXPECT_FALSE(server.Allowed(question, Proto<v1::Consistency>("fully_consistent: true")));
  EXPECT_FALSE(server.Allowed(question, v1::Consistency()));
}

TEST(Check, OfARevisionAheadOrOfAnotherDatabaseIsRefused) {
  Documents server;
  const std::string question = "document:plan#view@user:alice";
  const std::string ahead = EncodeToken(server.database().store().database_id(), Revision(1000));
  EXPECT_EQ(server.TryCheck(question, Exactly(ahead)),
            "OUT_OF_RANGE REVISION_UNKNOWN consistency.at_exact_snapshot.token");
  EXPECT_EQ(server.TryCheck(question, AtLeast(ahead)),
            "OUT_OF_RANGE REVISION_UNKNOWN consistency.at_least_as_fresh.token");
  Documents other;
  EXPECT_EQ(server.TryCheck(question, AtLeast(other.seen)),
            "INVALID_ARGUMENT TOKEN_OF_ANOTHER_DATABASE consistency.at_least_as_fresh.token");
}

TEST(Check, OfARevisionThatLeftTheRetentionWindowIsOutOfRange) {
  Documents server(DatabaseOptions{.store = {.retention = absl::Hours(1)}});
  server.clock.Advance(absl::Hours(2));
  ASSERT_TRUE(server.database().store().Collect().ok());
  EXPECT_EQ(server.TryCheck("document:plan#view@user:alice", Exactly(server.seen)),
            "OUT_OF_RANGE REVISION_COLLECTED consistency.at_exact_snapshot.token");
  EXPECT_FALSE(server.Allowed("document:plan#view@user:alice", AtLeast(server.seen))) << "a newer revision will do";
}

TEST(Check, BeforeTheFirstSchemaIsNotAnswered) {
  Documents server;
  const std::string before = EncodeToken(server.database().store().database_id(), Revision(0));
  EXPECT_EQ(server.TryCheck("document:plan#view@user:alice", Exactly(before)), "FAILED_PRECONDITION NO_SCHEMA");
}

TEST(Check, NamesTheFieldThatTheSchemaDoesNotKnow) {
  Documents server;
  EXPECT_EQ(server.TryCheck("documnt:plan#view@user:alice"), "INVALID_ARGUMENT UNKNOWN_DEFINITION item.resource.type");
  EXPECT_EQ(server.TryCheck("document:plan#vie@user:alice"), "INVALID_ARGUMENT UNKNOWN_PERMISSION item.permission");
  EXPECT_EQ(server.TryCheck("document:plan#view@usr:alice"), "INVALID_ARGUMENT UNKNOWN_DEFINITION item.subject.type");
  EXPECT_EQ(server.TryCheck("document:plan#view@team:core#members"),
            "INVALID_ARGUMENT UNKNOWN_PERMISSION item.subject.relation");
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:plan#view@user:alice");
  *request.mutable_item()->mutable_task() = Proto<v1::ObjectReference>("type: 'errand' id: '42'");
  v1::CheckResponse response;
  EXPECT_EQ(Fault(server.TryCheck(request, &response)), "INVALID_ARGUMENT TASK_NOT_ALLOWED item.task");
}

TEST(Check, ThatTookItsBudgetIsAnErrorAndNoAnswer) {
  DatabaseOptions options;
  options.check.budget.steps_max = 2;
  Documents server(options);
  EXPECT_EQ(server.TryCheck("document:page#view@user:zoe"), "RESOURCE_EXHAUSTED STEPS_EXHAUSTED");
}

TEST(Check, EndsWithTheExpiryByTheServersClock) {
  Documents server;
  server.Touch({"document:plan#viewer@user:guest[expiration:2026-01-01T01:00:00Z]"});
  const v1::CheckResponse response = server.Check("document:plan#view@user:guest");
  EXPECT_EQ(response.result().decision(), v1::DECISION_ALLOWED);
  EXPECT_EQ(FromWire(response.result().valid_until()),
            absl::FromCivil(absl::CivilHour(2026, 1, 1, 1), absl::UTCTimeZone()));
  server.clock.Advance(absl::Hours(1));
  EXPECT_FALSE(server.Allowed("document:plan#view@user:guest"));
}

TEST(Check, ExplainsOnlyWhenAsked) {
  Documents server;
  EXPECT_EQ(server.Check("document:plan#view@user:bob").result().explanation_size(), 0);
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:plan#view@user:bob");
  request.set_explain(true);
  v1::CheckResponse response;
  ASSERT_EQ(Fault(server.TryCheck(request, &response)), "OK");
  std::vector<std::string> proof;
  for (const auto& step : response.result().explanation()) {
    if (step.kind() == v1::ExplanationStep::KIND_RELATIONSHIP) proof.push_back(step.text());
  }
  EXPECT_THAT(proof, ElementsAre("document:plan#viewer@team:core#member", "team:core#member@user:bob"));
}

TEST(CheckBatch, AnswersInOrderAndOneErrorDoesNotFailTheOthers) {
  Documents server;
  v1::CheckBatchRequest request;
  *request.add_items() = Item("document:plan#view@user:bob");
  *request.add_items() = Item("document:plan#view@user:alice");
  request.add_items();
  *request.add_items() = Item("document:plan#vie@user:bob");
  *request.add_items() = Item("document:plan#edit@user:olga");
  v1::CheckBatchResponse response;
  ASSERT_EQ(Fault(server.Call(*server.permissions, &v1::PermissionService::Stub::CheckBatch, request, &response)),
            "OK");
  std::vector<std::string> results;
  for (const v1::CheckBatchResult& result : response.results()) {
    if (result.has_result()) {
      results.push_back(v1::Decision_Name(result.result().decision()));
      continue;
    }
    const google::rpc::Status& error = result.error();
    results.push_back(Fault(FromGrpc(
        grpc::Status(static_cast<grpc::StatusCode>(error.code()), error.message(), error.SerializeAsString()))));
  }
  EXPECT_THAT(results,
              ElementsAre("DECISION_ALLOWED", "DECISION_DENIED", "INVALID_ARGUMENT MISSING_FIELD items[2].resource",
                          "INVALID_ARGUMENT UNKNOWN_PERMISSION items[3].permission", "DECISION_ALLOWED"));
  EXPECT_EQ(response.checked_at().token(), server.unseen);
}

TEST(CheckBatch, AsksAtOneRevision) {
  Documents server;
  v1::CheckBatchRequest request;
  *request.mutable_consistency() = Exactly(server.seen);
  for (int i = 0; i < 100; ++i) *request.add_items() = Item("document:plan#view@user:alice");
  v1::CheckBatchResponse response;
  ASSERT_EQ(Fault(server.Call(*server.permissions, &v1::PermissionService::Stub::CheckBatch, request, &response)),
            "OK");
  ASSERT_EQ(response.results_size(), 100);
  for (const auto& result : response.results()) EXPECT_EQ(result.result().decision(), v1::DECISION_ALLOWED);
  EXPECT_EQ(response.checked_at().token(), server.seen);
}

TEST(CheckBatch, WithExplanationsThatNoResponseHoldsEnds) {
  TestServer server;
  server.WriteSchema(
      "caveat noted(note string) { note != '' }\ndefinition user {}\n"
      "definition document { relation viewer: user with noted }");
  server.Touch({Cat("document:d#viewer@user:u[noted:{\"note\":\"", std::string(30 << 10, 'n'), "\"}]")});
  v1::CheckBatchRequest request;
  for (int i = 0; i < 1500; ++i) *request.add_items() = Item("document:d#viewer@user:u");
  v1::CheckBatchResponse response;
  const auto ask = [&] {
    return Fault(server.Call(*server.permissions, &v1::PermissionService::Stub::CheckBatch, request, &response));
  };
  EXPECT_EQ(ask(), "OK");
  request.set_explain(true);
  EXPECT_EQ(ask(), "RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE");
  request.mutable_items()->DeleteSubrange(10, 1490);
  EXPECT_EQ(ask(), "OK");
  EXPECT_GT(response.ByteSizeLong(), 300'000u) << "the notes are in it";
}

TEST(Expand, ShowsWhoHasAPermission) {
  Documents server;
  v1::ExpandRequest request;
  *request.mutable_resource() = Proto<v1::ObjectReference>("type: 'document' id: 'plan'");
  request.set_permission("edit");
  v1::ExpandResponse response;
  ASSERT_EQ(Fault(server.Call(*server.permissions, &v1::PermissionService::Stub::Expand, request, &response)), "OK");
  ASSERT_EQ(response.nodes_size(), 2);
  EXPECT_EQ(response.nodes(1).kind(), v1::ExpandNode::KIND_SUBJECTS);
  EXPECT_EQ(response.nodes(1).relation(), "owner");
  ASSERT_EQ(response.nodes(1).subjects_size(), 1);
  EXPECT_EQ(response.nodes(1).subjects(0).subject().id(), "olga");
  EXPECT_EQ(response.expanded_at().token(), server.unseen);
}

TEST(Expand, NamesTheFieldThatTheSchemaDoesNotKnow) {
  Documents server;
  v1::ExpandResponse response;
  const auto fault = [&](const char* text) {
    return Fault(server.Call(*server.permissions, &v1::PermissionService::Stub::Expand, Proto<v1::ExpandRequest>(text),
                             &response));
  };
  EXPECT_EQ(fault("resource {type: 'documnt' id: 'plan'} permission: 'view'"),
            "INVALID_ARGUMENT UNKNOWN_DEFINITION resource.type");
  EXPECT_EQ(fault("resource {type: 'document' id: 'plan'} permission: 'vie'"),
            "INVALID_ARGUMENT UNKNOWN_PERMISSION permission");
}

TEST(Deadline, OfACallEndsItForTheCaller) {
  Documents server;
  server.clock.Hold();  // The server does not come to answer.
  grpc::ClientContext context;
  // The real clock: gRPC knows no other.
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:plan#view@user:bob");
  v1::CheckResponse response;
  EXPECT_EQ(server.permissions->Check(&context, request, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  server.clock.Release();
}

// Nobody waits for the rest of a batch whose caller is gone, so the server must not go on with it.
TEST(Deadline, OfABatchEndsItOnTheServerToo) {
  Documents server;
  // A chain of teams that every stranger is looked for in: ten thousand strangers would take a
  // minute or more.
  std::vector<std::string> nesting;
  for (int i = 0; i < 900; ++i) nesting.push_back(Cat("team:t", i, "#member@team:t", i + 1, "#member"));
  server.Touch(nesting);
  v1::CheckBatchRequest request;
  for (int i = 0; i < 10'000; ++i) *request.add_items() = Item(Cat("team:t0#member@user:u", i));
  v1::CheckBatchResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  EXPECT_EQ(server.permissions->CheckBatch(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // Stop waits for what is under way. The real clock, with much room: the batch as a whole is far
  // longer.
  const absl::Time before = absl::Now();
  server.server().Stop(absl::Minutes(5));
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
}

}  // namespace
}  // namespace mandate
