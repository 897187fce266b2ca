// DelegationService over the wire: what each call makes, refuses and records.
#include <thread>

#include "check/ledger_entry.h"
#include "service/access/test_keyed_server.h"
#include "service/authorizer.h"
#include "service/test_server.h"

namespace mandate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Stub = v1::DelegationService::Stub;

constexpr char kMailSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: assistant with expiration }
definition document {
  relation owner: user
  permission view = owner
}
definition mailbox {
  relation owner: user
  relation deputy: user
  permission send = owner
  permission approve = owner + deputy
}
agent assistant { relation acts_on_behalf_of: assistant with expiration }
task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand
  relation scope: document#view | document:*#view | mailbox:*#send
  limit mailbox#send to 2 per task
  require approval for document#view by owner
}
session run {
  relation agent: assistant with expiration
  relation task: errand
}
)";

// alice lends to bot, bot to sub; the test's clock stands on 2026-01-01.
struct Delegated : TestServer {
  explicit Delegated(DatabaseOptions options = {}) : TestServer(std::move(options)) {
    WriteSchema(kMailSchema);
    Touch({"document:plan#owner@user:alice", "mailbox:m#owner@user:alice", "mailbox:m#deputy@user:bob",
           "user:alice#acts_on_behalf_of@assistant:bot[expiration:2030-01-01T00:00:00Z]",
           "assistant:bot#acts_on_behalf_of@assistant:sub[expiration:2030-01-01T00:00:00Z]"});
  }

  template <typename Request, typename Response>
  std::string Try(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const std::string& text, Response* response = nullptr) {
    Response ignored;
    return Fault(Call(*delegation, method, Proto<Request>(text), response == nullptr ? &ignored : response));
  }

  v1::DelegateResponse MakeErrand(const std::string& more = "") {
    v1::DelegateResponse response;
    EXPECT_EQ(Try(&Stub::Delegate,
                  Cat("task_type: 'errand' delegator {type: 'user' id: 'alice'} delegate {type: 'assistant' id: 'bot'} "
                      "scope {type: 'mailbox' id: '*' relation: 'send'} scope {type: 'document' id: 'plan' relation: "
                      "'view'} expires_at {seconds: 1800000000} ",
                      more),
                  &response),
              "OK");
    return response;
  }
  std::string OpenRun(const std::string& id, const std::string& task, const std::string& agent = "bot") {
    return Try(&Stub::OpenSession,
               Cat("session_type: 'run' session_id: '", id, "' agent {type: 'assistant' id: '", agent,
                   "'} task {type: 'errand' id: '", task, "'} expires_at {seconds: 1800000000}"));
  }
  void Start() {
    MakeErrand("task_id: 'e'");
    EXPECT_EQ(OpenRun("r", "e"), "OK");
  }
  static std::string SendAs(const std::string& session, const std::string& more = "") {
    return Cat("session {type: 'run' id: '", session,
               "'} action {resource {type: 'mailbox' id: 'm'} permission: 'send' ", more, "} ");
  }
  v1::AuthorizeResponse Authorize(const std::string& text) {
    v1::AuthorizeResponse response;
    EXPECT_EQ(Try(&Stub::Authorize, text, &response), "OK");
    return response;
  }
  static std::string Said(const v1::CheckResult& result) {
    return result.reason() == v1::DENIAL_REASON_UNSPECIFIED ? v1::Decision_Name(result.decision())
                                                            : v1::DenialReason_Name(result.reason());
  }
  std::vector<LedgerEntry> Entries(const std::string& filter = "") {
    grpc::ClientContext context;
    auto reader = delegation->ReadLedger(&context, Proto<v1::ReadLedgerRequest>(filter));
    v1::ReadLedgerResponse response;
    std::vector<LedgerEntry> entries;
    while (reader->Read(&response)) {
      for (const auto& entry : response.entries()) {
        if (entry.retired()) continue;
        auto parsed = EntryFromJson(entry.body());
        EXPECT_TRUE(parsed.ok()) << parsed.status();
        entries.push_back(*std::move(parsed));
      }
    }
    EXPECT_TRUE(reader->Finish().ok());
    return entries;
  }
};

TEST(Delegate, WritesWhatAHandWouldWrite) {
  Delegated server;
  const auto response = server.MakeErrand("task_id: 'e'");
  EXPECT_EQ(response.task().id(), "e");
  EXPECT_THAT(server.Read("errand"),
              ElementsAre("errand:e#delegator@user:alice",
                          "errand:e#delegated_for_task@assistant:bot[expiration:2027-01-15T08:00:00Z]",
                          "errand:e#scope@document:plan#view", "errand:e#scope@mailbox:*#send"));
  EXPECT_TRUE(response.warnings().empty());
  const auto made = server.MakeErrand();
  EXPECT_EQ(made.task().id().size(), 22u) << "an id is made where none is given";
}

TEST(Delegate, RefusesWhatDelegationDoesNotAllow) {
  Delegated server;
  server.MakeErrand("task_id: 'e'");
  const std::string rest = "delegate {type: 'assistant' id: 'bot'} expires_at {seconds: 1800000000}";
  EXPECT_EQ(
      server.Try(&Stub::Delegate, Cat("task_type: 'errand' task_id: 'e' delegator {type: 'user' id: 'alice'}", rest)),
      "ALREADY_EXISTS ALREADY_EXISTS changes[0].relationship");
  EXPECT_EQ(server.Try(&Stub::Delegate, Cat("task_type: 'errand' delegator {type: 'user' id: 'mallory'}", rest)),
            "FAILED_PRECONDITION PRECONDITION_FAILED preconditions[0]");
  EXPECT_EQ(server.Try(&Stub::Delegate, Cat("task_type: 'document' delegator {type: 'user' id: 'alice'}", rest)),
            "INVALID_ARGUMENT WRONG_KIND task_type");
  EXPECT_EQ(server.Try(&Stub::Delegate, Cat("delegator {type: 'user' id: 'alice'}", rest)),
            "INVALID_ARGUMENT MISSING_FIELD task_type");
  EXPECT_EQ(
      server.Try(&Stub::Delegate,
                 "task_type: 'errand' delegator {type: 'user' id: 'alice'} delegate {type: 'assistant' id: 'bot'} "
                 "expires_at {seconds: 5}"),
      "INVALID_ARGUMENT ALREADY_EXPIRED expires_at");
  EXPECT_EQ(server.Try(&Stub::Delegate,
                       "task_type: 'errand' delegator {type: 'assistant' id: 'bot'} delegate {type: 'assistant' id: "
                       "'sub'} expires_at {seconds: 1800000000}"),
            "FAILED_PRECONDITION DELEGATOR_NOT_DELEGATE")
      << "an agent needs a parent task";
}

TEST(Delegate, WarnsOfItemsThatTheDelegatorsOwnChainDoesNotCover) {
  Delegated server;
  server.MakeErrand("task_id: 'e'");
  v1::DelegateResponse response;
  ASSERT_EQ(
      server.Try(&Stub::Delegate,
                 "task_type: 'errand' delegator {type: 'assistant' id: 'bot'} delegate {type: 'assistant' id: 'sub'} "
                 "parent_task {type: 'errand' id: 'e'} scope {type: 'mailbox' id: '*' relation: 'send'} scope {type: "
                 "'document' id: '*' relation: 'view'} scope {type: 'document' id: 'other' relation: 'view'} "
                 "expires_at {seconds: 1800000000}",
                 &response),
      "OK");
  ASSERT_EQ(response.warnings_size(), 2);
  EXPECT_THAT(response.warnings(0).message(), HasSubstr("OUT_OF_SCOPE"));
  EXPECT_EQ(response.warnings(0).item().id(), "*");
  EXPECT_EQ(response.warnings(1).item().id(), "other");
}

TEST(Session, IsOpenedOnceAndClosedForGood) {
  Delegated server;
  server.MakeErrand("task_id: 'e'");
  EXPECT_EQ(server.OpenRun("r", "e", "sub"), "FAILED_PRECONDITION PRECONDITION_FAILED preconditions[0]")
      << "the task was not delegated to it";
  EXPECT_EQ(server.OpenRun("r", "e"), "OK");
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DECISION_ALLOWED");
  EXPECT_EQ(server.Try(&Stub::CloseSession, "session {type: 'run' id: 'r'}"), "OK");
  EXPECT_EQ(server.Try(&Stub::CloseSession, "session {type: 'run' id: 'r'}"), "NOT_FOUND SESSION_NOT_OPEN session");
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DENIAL_REASON_SESSION_NOT_LIVE");
  EXPECT_EQ(server.OpenRun("r", "e"), "ALREADY_EXISTS ALREADY_EXISTS changes[1].relationship") << "its task stays";
  server.Write({"delete run:r#task@errand:e"});
  EXPECT_EQ(server.OpenRun("r", "e"), "FAILED_PRECONDITION IMMUTABLE") << "its id is never used again";
}

TEST(Authorize, RecordsWhatItDecidesAndKeepsToTheLimit) {
  Delegated server;
  server.Start();
  const auto first = server.Authorize(Delegated::SendAs("r"));
  EXPECT_EQ(first.ledger_sequence(), 1u);
  EXPECT_EQ(first.result().lineage().principal().id(), "alice");
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DECISION_ALLOWED");
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DENIAL_REASON_LIMIT_REACHED");
  const auto entries = server.Entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[2].reason, DenialReason::kLimitReached);
  EXPECT_EQ(entries[0].at, server.clock.Now());
}

// The edges are relationships of others.
TEST(Authorize, DoesNotTellALimitedKeyThroughWhom) {
  KeyedServer server;
  server.WriteWorld();
  const auto call = [&](const std::string& method, const std::string& role, const auto& request, auto* response) {
    std::string bytes;
    const grpc::Status status = server.Call(Cat("/mandate.v1.DelegationService/", method), server.Header(role),
                                            request.SerializeAsString(), &bytes);
    EXPECT_TRUE(status.ok() && response->ParseFromString(bytes)) << role << ": " << status.error_message();
  };
  const std::string action = "{resource {type: 'document' id: 'eu-plan'} permission: 'view'}";
  const std::map<std::string, bool> kTold = {
      {"gateway", true}, {"writer", true}, {"limited-gateway", false}, {"limited-writer", false}};
  for (const auto& [role, told] : kTold) {
    v1::AuthorizeResponse one;
    call("Authorize", role, Proto<v1::AuthorizeRequest>(Cat("session {type: 'run' id: '1'} action ", action)), &one);
    EXPECT_EQ(one.result().decision(), v1::DECISION_ALLOWED) << role;
    EXPECT_EQ(one.result().lineage().edges_size() > 0, told) << role;
    EXPECT_EQ(one.result().has_lineage(), told) << role;
    v1::AuthorizeBatchResponse plan;
    call("AuthorizeBatch", role,
         Proto<v1::AuthorizeBatchRequest>(Cat("session {type: 'run' id: '1'} actions ", action)), &plan);
    ASSERT_EQ(plan.results_size(), 1) << role;
    EXPECT_EQ(plan.results(0).has_lineage(), told) << role;
  }
}

TEST(Authorize, WithAKeyCountsOnceAndAnswersTheSame) {
  Delegated server;
  server.Start();
  const std::string call = Delegated::SendAs("r") + "idempotency_key: 'k1'";
  const auto first = server.Authorize(call);
  const auto again = server.Authorize(call);
  EXPECT_FALSE(first.repeated());
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.ledger_sequence(), first.ledger_sequence());
  EXPECT_EQ(Delegated::Said(again.result()), "DECISION_ALLOWED");
  EXPECT_EQ(server.Entries().size(), 1u);
  EXPECT_EQ(server.Try(&Stub::Authorize, Delegated::SendAs("r", "parameter_digest: 'd'") + "idempotency_key: 'k1'"),
            "INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED idempotency_key");
  server.Write({"delete user:alice#acts_on_behalf_of@assistant:bot"});
  const auto late = server.Authorize(call);
  EXPECT_TRUE(late.repeated());
  EXPECT_EQ(Delegated::Said(late.result()), "DENIAL_REASON_NOT_ACTING_FOR") << "allowed only while the chain is live";
}

TEST(Authorize, OfAPlanIsAllOrNothing) {
  Delegated server;
  server.Start();
  const std::string send = "actions {resource {type: 'mailbox' id: 'm'} permission: 'send'} ";
  v1::AuthorizeBatchResponse response;
  EXPECT_EQ(server.Try(&Stub::AuthorizeBatch, Cat("session {type: 'run' id: 'r'} ", send, send, send), &response),
            "OK");
  EXPECT_FALSE(response.allowed());
  EXPECT_EQ(response.results_size(), 3);
  EXPECT_EQ(Delegated::Said(response.results(2)), "DENIAL_REASON_LIMIT_REACHED");
  EXPECT_EQ(response.ledger_sequences_size(), 1);
  const std::string two = Cat("session {type: 'run' id: 'r'} ", send, send, " idempotency_key: 'p'");
  EXPECT_EQ(server.Try(&Stub::AuthorizeBatch, two, &response), "OK");
  EXPECT_TRUE(response.allowed());
  EXPECT_EQ(response.ledger_sequences_size(), 2);
  EXPECT_EQ(server.Try(&Stub::AuthorizeBatch, two, &response), "OK");
  EXPECT_TRUE(response.repeated());
  EXPECT_EQ(response.results_size(), 2);
  EXPECT_EQ(server.Entries().size(), 3u);
  EXPECT_EQ(server.Try(&Stub::AuthorizeBatch, "session {type: 'run' id: 'r'}"),
            "INVALID_ARGUMENT MISSING_FIELD actions");
}

TEST(Authorize, NamesTheFieldAtFault) {
  Delegated server;
  server.Start();
  EXPECT_EQ(server.Try(&Stub::Authorize, "session {type: 'run' id: 'r'}"), "INVALID_ARGUMENT MISSING_FIELD action");
  EXPECT_EQ(server.Try(&Stub::Authorize, "action {resource {type: 'mailbox' id: 'm'} permission: 'send'}"),
            "INVALID_ARGUMENT MISSING_FIELD session");
  EXPECT_EQ(server.Try(&Stub::Authorize,
                       "session {type: 'assistant' id: 'bot'} action {resource {type: 'mailbox' id: 'm'} "
                       "permission: 'send'}"),
            "INVALID_ARGUMENT NOT_A_SESSION session");
  EXPECT_EQ(server.Try(&Stub::Authorize, Delegated::SendAs("r", "audience {type: 'assistant' id: 'bot'}")),
            "INVALID_ARGUMENT AUDIENCE_INVALID audience[0]");
  EXPECT_EQ(server.Try(&Stub::Authorize, Delegated::SendAs("r") + "idempotency_key: 'a b'"),
            "INVALID_ARGUMENT MALFORMED_FIELD idempotency_key");
}

TEST(Approve, LetsTheActionPassOnce) {
  Delegated server;
  server.Start();
  const std::string view =
      "session {type: 'run' id: 'r'} action {resource {type: 'document' id: 'plan'} permission: 'view' "
      "parameter_digest: 'd'}";
  EXPECT_EQ(Delegated::Said(server.Authorize(view).result()), "DENIAL_REASON_APPROVAL_REQUIRED");
  const std::string approve =
      "resource {type: 'document' id: 'plan'} permission: 'view' parameter_digest: 'd' expires_at {seconds: "
      "1800000000} ";
  const std::string session = "session {type: 'run' id: 'r'} ";
  EXPECT_EQ(server.Try(&Stub::Approve, approve + session + "approver {type: 'user' id: 'bob'}"),
            "FAILED_PRECONDITION APPROVER_LACKS_PERMISSION");
  EXPECT_EQ(server.Try(&Stub::Approve, approve + session + "approver {type: 'assistant' id: 'bot'}"),
            "INVALID_ARGUMENT NOT_AN_APPROVER approver");
  EXPECT_EQ(
      server.Try(&Stub::Approve,
                 "resource {type: 'mailbox' id: 'm'} permission: 'send' parameter_digest: 'd' expires_at {seconds: "
                 "1800000000} approver {type: 'user' id: 'alice'} " +
                     session),
      "FAILED_PRECONDITION NO_APPROVAL_NEEDED");
  v1::ApproveResponse approved;
  EXPECT_EQ(server.Try(&Stub::Approve, approve + "task {type: 'errand' id: 'e'} approver {type: 'user' id: 'alice'}",
                       &approved),
            "OK");
  EXPECT_EQ(approved.root_task().id(), "e");
  const auto allowed = server.Authorize(view);
  EXPECT_EQ(Delegated::Said(allowed.result()), "DECISION_ALLOWED");
  EXPECT_EQ(allowed.result().approvals(0), approved.ledger_sequence());
  EXPECT_EQ(Delegated::Said(server.Authorize(view).result()), "DENIAL_REASON_APPROVAL_REQUIRED");
}

TEST(Revoke, TakesEveryEdgeThatNamesTheAgentInOneWrite) {
  Delegated server;
  server.Start();
  v1::RevokeResponse response;
  EXPECT_EQ(server.Try(&Stub::Revoke, "agent {type: 'assistant' id: 'bot'}", &response), "OK");
  EXPECT_EQ(response.removed(), 4u) << "to act, for the task, of the session, and what it lent itself";
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DENIAL_REASON_SESSION_NOT_LIVE");
  EXPECT_EQ(server.Try(&Stub::Revoke, "agent {type: 'assistant' id: 'bot'}", &response), "OK");
  EXPECT_EQ(response.removed(), 0u);
  EXPECT_EQ(server.Try(&Stub::Revoke, "agent {type: 'user' id: 'alice'}"), "INVALID_ARGUMENT WRONG_KIND agent.type");
  EXPECT_EQ(server.Try(&Stub::Revoke, ""), "INVALID_ARGUMENT MISSING_FIELD what");
}

TEST(Revoke, TakesATaskOrWhatOnePrincipalLent) {
  Delegated server;
  server.Start();
  v1::RevokeResponse response;
  EXPECT_EQ(server.Try(&Stub::Revoke, "lender {type: 'user' id: 'alice'}", &response), "OK");
  EXPECT_EQ(response.removed(), 1u);
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DENIAL_REASON_NOT_ACTING_FOR");
  EXPECT_EQ(server.Try(&Stub::Revoke, "task {type: 'errand' id: 'e'}", &response), "OK");
  EXPECT_EQ(response.removed(), 1u);
  EXPECT_EQ(Delegated::Said(server.Authorize(Delegated::SendAs("r")).result()), "DENIAL_REASON_NOT_DELEGATED");
}

TEST(DescribeAuthority, ShowsTheChainItsItemsAndWhatIsLeft) {
  Delegated server;
  server.Start();
  server.Authorize(Delegated::SendAs("r"));
  v1::DescribeAuthorityResponse response;
  ASSERT_EQ(server.Try(&Stub::DescribeAuthority, "session {type: 'run' id: 'r'}", &response), "OK");
  EXPECT_EQ(response.reason(), v1::DENIAL_REASON_UNSPECIFIED);
  EXPECT_EQ(response.principal().id(), "alice");
  ASSERT_EQ(response.chain_size(), 1);
  EXPECT_EQ(response.chain(0).scope_size(), 2);
  EXPECT_FALSE(response.chain(0).has_boundary());
  ASSERT_EQ(response.rules_size(), 2);
  EXPECT_EQ(response.rules(0).left(), 1u);
  EXPECT_EQ(response.valid_until().seconds(), 1800000000);
  server.Write({"delete user:alice#acts_on_behalf_of@assistant:bot"});
  ASSERT_EQ(server.Try(&Stub::DescribeAuthority, "agent {type: 'assistant' id: 'bot'} task {type: 'errand' id: 'e'}",
                       &response),
            "OK");
  EXPECT_EQ(response.reason(), v1::DENIAL_REASON_NOT_ACTING_FOR);
  EXPECT_EQ(server.Try(&Stub::DescribeAuthority, "agent {type: 'user' id: 'x'} task {type: 'errand' id: 'e'}"),
            "INVALID_ARGUMENT NOT_DELEGATED_KIND subject");
}

TEST(Ledger, IsReadByWhatItsEntriesAreAbout) {
  Delegated server;
  server.Start();
  server.Authorize(Delegated::SendAs("r"));
  server.Authorize(Delegated::SendAs("nobody"));
  EXPECT_EQ(server.Entries("session {type: 'run' id: 'r'}").size(), 1u);
  EXPECT_EQ(server.Entries("resource {type: 'mailbox' id: 'm'}").size(), 2u);
  EXPECT_EQ(server.Entries("principal {type: 'user' id: 'alice'}").size(), 1u);
  EXPECT_EQ(server.Entries("decision: DECISION_DENIED").size(), 1u);
  EXPECT_EQ(server.Entries("after_sequence: 1").size(), 1u);
  EXPECT_EQ(server.Entries("limit: 1").size(), 1u);
  EXPECT_EQ(server.Entries("since {seconds: 1900000000}").size(), 0u);
  EXPECT_EQ(server.Entries("until {seconds: 1900000000}").size(), 2u);
  v1::DescribeLedgerResponse head;
  EXPECT_EQ(server.Try(&Stub::DescribeLedger, "", &head), "OK");
  EXPECT_EQ(head.sequence(), 2u);
  EXPECT_EQ(head.hash().size(), 32u);
}

TEST(Ledger, IsWatchedAsItGrows) {
  Delegated server;
  server.Start();
  server.Authorize(Delegated::SendAs("r"));
  grpc::ClientContext context;
  auto reader = server.delegation->WatchLedger(&context, Proto<v1::ReadLedgerRequest>("session {type: 'run' id: 'r'}"));
  v1::ReadLedgerResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.entries(0).sequence(), 1u);
  server.Authorize(Delegated::SendAs("other"));
  server.Authorize(Delegated::SendAs("r"));
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.entries(0).sequence(), 3u);
  context.TryCancel();
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(Ledger, ReplaysEachCallToTheSameAnswer) {
  Delegated server;
  server.Start();
  for (int i = 0; i < 3; ++i) server.Authorize(Delegated::SendAs("r"));
  server.clock.Advance(absl::Hours(1));
  server.Write({"delete user:alice#acts_on_behalf_of@assistant:bot"});
  server.Authorize(Delegated::SendAs("r"));
  for (int sequence = 1; sequence <= 4; ++sequence) {
    v1::ReplayLedgerResponse response;
    EXPECT_EQ(server.Try(&Stub::ReplayLedger, Cat("sequence: ", sequence), &response), "OK");
    EXPECT_TRUE(response.same()) << response.ShortDebugString();
  }
  EXPECT_EQ(server.Try(&Stub::ReplayLedger, "sequence: 9"), "NOT_FOUND ENTRY_NOT_FOUND");
}

TEST(Ledger, LetsGoOfDeadTasksAloneAndRefusesThemAfterwards) {
  Delegated server;
  server.Start();
  server.MakeErrand("task_id: 'f'");
  EXPECT_EQ(server.OpenRun("s", "f"), "OK");
  server.Authorize(Delegated::SendAs("r"));
  server.Authorize(Delegated::SendAs("s"));
  server.Authorize(Delegated::SendAs("r"));
  server.Write({"delete errand:e#delegated_for_task@assistant:bot"});
  server.clock.Advance(absl::Hours(1));
  Authorizer authorizer(&server.database());
  EXPECT_EQ(*authorizer.RetireBefore(server.clock.Now() - absl::Hours(2)), 0u) << "nothing is that old";
  EXPECT_EQ(*authorizer.RetireBefore(server.clock.Now()), 2u) << "errand:f is alive";
  EXPECT_EQ(*authorizer.RetireBefore(server.clock.Now()), 0u);
  const auto kept = server.Entries();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].root, "errand:f");
  EXPECT_THAT(kept[1].retired, ElementsAre(1u, 3u));
  server.Touch({"errand:e#delegated_for_task@assistant:bot[expiration:2030-01-01T00:00:00Z]"});
  EXPECT_EQ(server.OpenRun("t", "e"), "OK");
  EXPECT_EQ(server.Try(&Stub::Authorize, Delegated::SendAs("t")), "FAILED_PRECONDITION LEDGER_RETIRED")
      << "what it did before is not known any more";
}

TEST(Lookup, FindsForAndAmongAgentsAndSessions) {
  Delegated server;
  server.Start();
  server.Touch({"mailbox:n#owner@user:alice", "mailbox:z#owner@user:zoe"});
  const auto resources = [&](const std::string& subject) {
    grpc::ClientContext context;
    auto reader = server.permissions->LookupResources(
        &context, Proto<v1::LookupResourcesRequest>(Cat("resource_type: 'mailbox' permission: 'send' ", subject)));
    std::vector<std::string> ids;
    v1::LookupResourcesResponse response;
    while (reader->Read(&response)) {
      for (const auto& result : response.results()) ids.push_back(result.id());
    }
    const auto status = FromGrpc(reader->Finish());
    return status.ok() ? ids : std::vector<std::string>{Fault(status)};
  };
  EXPECT_THAT(resources("subject {type: 'run' id: 'r'}"), ElementsAre("m", "n"));
  EXPECT_THAT(resources("subject {type: 'assistant' id: 'bot'} task {type: 'errand' id: 'e'}"), ElementsAre("m", "n"));
  EXPECT_THAT(resources("subject {type: 'assistant' id: 'bot'}"), IsEmpty()) << "an agent without a task";
  EXPECT_THAT(resources("subject {type: 'user' id: 'alice'} task {type: 'errand' id: 'e'}"),
              ElementsAre("INVALID_ARGUMENT TASK_NOT_ALLOWED task"));
  const auto subjects = [&](const std::string& type) {
    grpc::ClientContext context;
    auto reader = server.permissions->LookupSubjects(
        &context, Proto<v1::LookupSubjectsRequest>(Cat("resource {type: 'mailbox' id: 'm'} permission: 'send' "
                                                       "subject_type: '",
                                                       type, "'")));
    std::vector<std::string> ids;
    v1::LookupSubjectsResponse response;
    while (reader->Read(&response)) {
      for (const auto& result : response.results()) {
        ids.push_back(Cat(result.id(), " for ", result.principal().id(), " on ", result.task().id()));
      }
    }
    const auto status = FromGrpc(reader->Finish());
    return status.ok() ? ids : std::vector<std::string>{Fault(status)};
  };
  EXPECT_THAT(subjects("assistant"), ElementsAre("bot for alice on e"));
  EXPECT_THAT(subjects("run"), ElementsAre("r for alice on e"));
  EXPECT_THAT(subjects("errand"), ElementsAre("INVALID_ARGUMENT NOT_A_SUBJECT subject_type"));
  for (int i = 0; i < 2; ++i) server.Authorize(Delegated::SendAs("r"));
  EXPECT_THAT(resources("subject {type: 'run' id: 'r'}"), IsEmpty()) << "lookups answer what Authorize would";
}

}  // namespace
}  // namespace mandate
