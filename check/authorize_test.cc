// The rules over time: each alone, with what it refuses and what it leaves; what is recorded; what a replay finds.
#include "check/authorize.h"

#include "check/test_world.h"
#include "gmock/gmock.h"
#include "schema/reason.h"
#include "storage/ledger_check.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string SchemaWith(const std::string& rules, const std::string& sub_rules = "") {
  return Cat(R"(
use delegation
use expiration
caveat weekday(day string) { day != "sunday" }
definition user { relation acts_on_behalf_of: assistant with expiration }
definition document {
  relation owner: user
  relation viewer: user
  relation confidential: user:* | user:* with weekday
  permission edit = owner
  permission view = viewer + edit
}
definition mailbox {
  relation owner: user
  relation deputy: user
  permission send = owner
  permission approve = owner + deputy
}
agent assistant {
  relation acts_on_behalf_of: assistant with expiration
}
task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand | order
  relation scope: document:*#view | document:*#edit | mailbox:*#send
  )",
             sub_rules, R"(
}
task order {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document:*#view | document:*#edit | mailbox:*#send
  )",
             rules, R"(
}
session run {
  relation agent: assistant with expiration
  relation task: errand | order
}
)");
}

// alice asks bot for order:1; bot asks sub for errand:2 below it. Each has a session, bot two.
constexpr char kWorld[] = R"(
  document:plan#owner@user:alice
  document:memo#owner@user:alice
  document:memo#viewer@user:bob
  mailbox:m#owner@user:alice
  mailbox:m#deputy@user:bob
  user:alice#acts_on_behalf_of@assistant:bot[expiration:2030-01-01T00:00:00Z]
  assistant:bot#acts_on_behalf_of@assistant:sub[expiration:2030-01-01T00:00:00Z]
  order:1#delegator@user:alice
  order:1#delegated_for_task@assistant:bot[expiration:2030-01-01T00:00:00Z]
  order:1#scope@document:*#view
  order:1#scope@document:*#edit
  order:1#scope@mailbox:*#send
  errand:2#delegator@assistant:bot
  errand:2#parent_task@order:1
  errand:2#delegated_for_task@assistant:sub[expiration:2030-01-01T00:00:00Z]
  errand:2#scope@document:*#view
  errand:2#scope@document:*#edit
  errand:2#scope@mailbox:*#send
  run:a#agent@assistant:bot[expiration:2030-01-01T00:00:00Z]
  run:a#task@order:1
  run:b#agent@assistant:bot[expiration:2030-01-01T00:00:00Z]
  run:b#task@order:1
  run:s#agent@assistant:sub[expiration:2030-01-01T00:00:00Z]
  run:s#task@errand:2)";

class Ruled : public TestWorld {
 public:
  explicit Ruled(const std::string& rules, const std::string& sub_rules = "")
      : TestWorld(SchemaWith(rules, sub_rules), kWorld) {}
  struct Whole {
    std::string schema;
    std::string world;
  };
  explicit Ruled(const Whole& whole) : TestWorld(whole.schema, whole.world) {}

  static AuthorizeCall Call(const std::string& text, const std::vector<std::string>& audience = {},
                            const std::string& digest = "") {
    auto parsed = ParseQuestion(text);
    EXPECT_TRUE(parsed.ok()) << text;
    AuthorizeCall call{{.resource = parsed->resource, .permission = parsed->permission, .subject = parsed->subject},
                       ""};
    for (const std::string& member : audience) call.question.audience.push_back(*ParseSubject(member));
    call.question.parameter_digest = digest;
    return call;
  }

  // Decides at the newest state and records, as the service does.
  absl::StatusOr<std::vector<DecidedCall>> Try(std::vector<AuthorizeCall> calls) {
    absl::StatusOr<std::vector<DecidedCall>> decided = absl::AbortedError("");
    for (AuthorizeCall& call : calls) call.question.context = context;
    WriteRequest request{.guard = [&](PendingWrite& write) -> absl::Status {
                           decided = DecidePlan(*plan, write.before(), now, limits, calls);
                           if (!decided.ok()) return decided.status();
                           const bool all = decided->back().answer.decision == Decision::kAllowed;
                           for (const DecidedCall& one : *decided) {
                             if (!all && &one != &decided->back()) continue;
                             if (absl::Status status = Record(one.entry, write); !status.ok()) return status;
                           }
                           return absl::OkStatus();
                         },
                         .records_only = true};
    const absl::Status status = store->Write(request).status();
    if (!status.ok()) return status;
    return decided;
  }
  // The decision, or the reason of a denial; recorded.
  std::string Authorize(const std::string& text, const std::vector<std::string>& audience = {},
                        const std::string& digest = "") {
    auto decided = Try({Call(text, audience, digest)});
    return decided.ok() ? Say(decided->front().answer) : std::string(decided.status().message());
  }
  static std::string Say(const Answer& answer) {
    if (answer.reason != DenialReason::kNone) return std::string(ReasonName(answer.reason));
    std::string text(DecisionName(answer.decision));
    for (const std::string& name : answer.missing_context) text += Cat(" ", name);
    return text;
  }
  // What Check says to the same; records nothing.
  std::string Check(const std::string& text, const std::vector<std::string>& audience = {},
                    const std::string& digest = "", const std::string& task = "") {
    CheckQuestion question = Call(text, audience, digest).question;
    question.context = context;
    if (!task.empty()) question.task = *ParseObject(task);
    auto snapshot = store->Head();
    auto answer = Checker(*plan, *snapshot, now, limits).Check(question);
    return answer.ok() ? Say(*answer) : std::string(answer.status().message());
  }
  void Approve(const std::string& approver, const std::string& digest, const std::string& held,
               absl::Time expires_at = absl::InfiniteFuture(), const std::string& root = "order:1") {
    LedgerEntry entry{.kind = EntryKind::kApprove,
                      .at = now,
                      .revision = store->Head()->revision(),
                      .root = root,
                      .resource = {"mailbox", "m"},
                      .permission = "mailbox#send",
                      .parameter_digest = digest,
                      .approver = *ParseSubject(approver),
                      .held = {held},
                      .expires_at = expires_at};
    WriteRequest request{.guard = [&](PendingWrite& write) { return Record(entry, write); }, .records_only = true};
    ASSERT_TRUE(store->Write(request).ok());
  }
  std::vector<LedgerEntry> Entries() {
    std::vector<LedgerEntry> entries;
    auto snapshot = store->Head();
    auto cursor = snapshot->Ledger({}, 0);
    for (; cursor->Valid(); cursor->Next()) {
      auto entry = EntryFromJson(cursor->record().body);
      EXPECT_TRUE(entry.ok()) << entry.status();
      EXPECT_EQ(ToJson(*entry), cursor->record().body) << "an entry says what it said";
      entries.push_back(*std::move(entry));
    }
    return entries;
  }
};

TEST(Limit, AllowsSoManyAndNoMore) {
  Ruled world("limit mailbox#send to 2 per task");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "ALLOWED") << "a check counts nothing";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:b"), "ALLOWED") << "the other session of the task";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:b"), "LIMIT_REACHED");
  EXPECT_EQ(world.Check("mailbox:m#send@assistant:bot", {}, "", "order:1"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED") << "another permission";
}

TEST(Limit, OfATaskCountsWhatItsChildrenDid) {
  Ruled world("limit mailbox#send to 2 per task", "limit mailbox#send to 1 per task");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:s"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:s"), "LIMIT_REACHED") << "the child's own";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED") << "one was the child's";
}

TEST(Limit, PerSessionCountsEachSessionAndDoesNotApplyToPlanning) {
  Ruled world("limit mailbox#send to 1 per session");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:b"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@assistant:bot", {}, "", "order:1"), "ALLOWED");
}

TEST(Limit, CountsWhatWasDoneByWayOfAPermissionThatImpliesIt) {
  Ruled world("limit document#view to 1 per task");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:memo#view@run:a"), "LIMIT_REACHED") << "what was edited was read";
  EXPECT_EQ(world.Authorize("document:memo#edit@run:a"), "LIMIT_REACHED") << "to edit is to read";
}

TEST(Limit, DoesNotCountWhatWasRefusedOrConditional) {
  Ruled world("limit mailbox#send to 1 per task");
  EXPECT_EQ(world.Authorize("mailbox:other#send@run:a"), "PRINCIPAL_LACKS_PERMISSION");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
}

TEST(After, ForbidsOnceItWasDone) {
  Ruled world("after document#view forbid mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:b"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "whichever session read it";
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
  EXPECT_EQ(world.Check("mailbox:m#send@run:s"), "FORBIDDEN_AFTER") << "the sub-agent stands under the same root";
}

TEST(After, WhenHoldsThenOrNow) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "ALLOWED") << "nothing confidential was read";
  world.Touch("document:plan#confidential@user:*");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "it is confidential now";
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  WriteRequest clear;
  clear.changes = {{ChangeOp::kDelete, *ParseRelationship("document:plan#confidential@user:*")}};
  ASSERT_TRUE(world.store->Write(clear).ok());
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "clearing the mark opens nothing";
}

TEST(After, WhatHungOnContextWhenItWasDoneCountsAsDone) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  world.Touch("document:plan#confidential@user:*[weekday]");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Entries().back().marks["document#confidential"], Mark::kOpen);
  world.context = R"({"day": "sunday"})";
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
}

TEST(After, IsConditionalWhereItHangsOnContextNow) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  world.Touch("document:plan#confidential@user:*[weekday]");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "CONDITIONAL day");
  world.context = R"({"day": "monday"})";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
  world.context = R"({"day": "sunday"})";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
}

TEST(After, RemembersWhatItWasForThoughTheSchemaForgets) {
  Ruled world("after document#view forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  std::string text = SchemaWith("after document#view forbid mailbox#send");
  text.replace(text.find("permission view = viewer + edit"), 31, "permission view = viewer + owner");
  CompileResult compiled = CompileSchema(text);
  ASSERT_TRUE(compiled.ok());
  WriteRequest request{.schema_text = text};
  auto revision = world.store->Write(request);
  ASSERT_TRUE(revision.ok());
  world.plan = std::make_unique<Plan>(compiled.schema, world.store->Head()->names(), *revision);
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
}

TEST(Contain, AsksEachOfTheAudienceForWhatWasRead) {
  Ruled world("contain document#view at mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "NOT_CONTAINED") << "no audience is a no";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "ALLOWED") << "nothing was read";
  EXPECT_EQ(world.Authorize("document:memo#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob"}), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob", "user:mallory"}), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "ALLOWED") << "the sub-agent reads more";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob"}), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}), "ALLOWED");
}

TEST(Contain, WhenLimitsItToWhatIsMarked) {
  Ruled world("contain document#view when confidential at mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "ALLOWED");
  world.Touch("document:plan#confidential@user:*");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "NOT_CONTAINED");
}

TEST(Contain, TakesOrdinarySubjectsAlone) {
  Ruled world("contain document#view at mailbox#send");
  for (const char* member : {"assistant:bot", "user:*", "run:a", "document:plan#viewer"}) {
    const auto decided = world.Try({Ruled::Call("mailbox:m#send@run:a", {member})});
    EXPECT_EQ(ReasonOf(decided.status()), "AUDIENCE_INVALID") << member;
    EXPECT_EQ(FieldOf(decided.status()), "audience[0]") << member;
  }
}

TEST(Approval, IsForOneActionWithItsParametersAndUsedOnce) {
  Ruled world("require approval for mailbox#send by approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "APPROVAL_REQUIRED") << "without a digest nothing matches";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d2"), "APPROVAL_REQUIRED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
  EXPECT_EQ(world.Entries().back().approvals, std::vector<uint64_t>{2});
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it was used";
}

TEST(Approval, MustBeLiveAndItsGiverStillAllowed) {
  Ruled world("require approval for mailbox#send by approve");
  world.Approve("user:bob", "d1", "mailbox#approve", world.now + absl::Minutes(5));
  world.now += absl::Minutes(5);
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it has expired";
  world.Approve("user:bob", "d1", "mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it was given by another right";
  world.Approve("user:bob", "d1", "mailbox#approve", absl::InfiniteFuture(), "errand:2");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it is for another root task";
  world.Approve("user:bob", "d1", "mailbox#approve");
  WriteRequest demoted;
  demoted.changes = {{ChangeOp::kDelete, *ParseRelationship("mailbox:m#deputy@user:bob")}};
  ASSERT_TRUE(world.store->Write(demoted).ok());
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "bob may not approve any more";
}

TEST(Approval, OfFourEyesIsNotThePrincipals) {
  Ruled world("require approval for mailbox#send by approve other than principal");
  world.Approve("user:alice", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
}

TEST(Rules, ReportTheFirstReasonInTheirOrder) {
  Ruled world(R"(limit mailbox#send to 1 per task
  require approval for mailbox#send by approve
  contain document#view at mailbox#send
  after document#edit forbid mailbox#send)");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d1"), "ALLOWED");
  world.Approve("user:bob", "d2", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d2"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d2"), "FORBIDDEN_AFTER");
}

TEST(Rules, OfATaskDoNotReachAbove) {
  Ruled world("", "limit document#view to 1 per task");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED") << "the parent has no such rule";
}

TEST(Authorize, RecordsRefusalsTooAndUnderTheSessionWhereThereIsNoRoot) {
  Ruled world("limit mailbox#send to 1 per task");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:other#view@run:a"), "PRINCIPAL_LACKS_PERMISSION");
  EXPECT_EQ(world.Authorize("document:plan#view@run:nobody"), "SESSION_NOT_LIVE");
  const auto entries = world.Entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].root, "order:1");
  EXPECT_EQ(entries[0].lineage->principal->id, "alice");
  EXPECT_EQ(entries[0].lineage->edges.size(), 5u) << "the session's two, the chain's three";
  EXPECT_EQ(entries[1].reason, DenialReason::kPrincipalLacksPermission);
  EXPECT_EQ(entries[2].root, "run:nobody");
  LedgerReport report;
  ASSERT_TRUE(CheckLedger(*world.store->Head(), &report).ok());
  EXPECT_TRUE(report.faults.empty());
}

TEST(Authorize, IsForSessionsAlone) {
  Ruled world("");
  for (const char* subject : {"assistant:bot", "user:alice", "order:1"}) {
    const auto decided = world.Try({Ruled::Call(Cat("document:plan#view@", subject))});
    EXPECT_EQ(ReasonOf(decided.status()), "NOT_A_SESSION") << subject;
  }
}

TEST(Authorize, APlanIsAllowedWholeOrNotAtAll) {
  Ruled world(R"(after document#view forbid mailbox#send
  limit document#view to 2 per task)");
  const AuthorizeCall read = Ruled::Call("document:plan#view@run:a");
  const AuthorizeCall send = Ruled::Call("mailbox:m#send@run:a");
  auto decided = world.Try({read, send});
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->back().answer.reason, DenialReason::kForbiddenAfter) << "reading would come first";
  EXPECT_EQ(world.Entries().size(), 1u) << "the refusal alone is recorded";
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "ALLOWED") << "nothing was read";
  decided = world.Try({send, read, read});
  EXPECT_EQ(decided->back().answer.decision, Decision::kAllowed);
  EXPECT_EQ(world.Entries().size(), 4u);
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "LIMIT_REACHED");
  decided = world.Try({send, Ruled::Call("document:nowhere#view@run:a"), send});
  EXPECT_EQ(decided->size(), 1u) << "it ends at the first refusal";
}

TEST(Authorize, FactsAndEntriesSayTheSame) {
  Ruled world(R"(limit mailbox#send to 9 per task
  after document#view when confidential forbid document#edit)");
  world.Touch("document:plan#confidential@user:*");
  for (const char* call : {"mailbox:m#send@run:a", "mailbox:m#send@run:s", "document:plan#view@run:s"}) {
    EXPECT_EQ(world.Authorize(call), "ALLOWED");
  }
  world.Approve("user:bob", "d1", "mailbox#approve");
  TaskLedgerOverlay replayed(nullptr);
  for (const LedgerEntry& entry : world.Entries()) replayed.Add(entry);
  auto snapshot = world.store->Head();
  const StoredTaskLedger stored(*snapshot, "order:1");
  const auto describe = [](const TaskLedger& ledger) {
    std::vector<std::string> lines;
    for (const char* type : {"document", "mailbox"}) {
      EXPECT_TRUE(ledger
                      .EachDeed(type,
                                [&](const Deed& deed, const auto& marks) {
                                  std::string line = Cat(deed.type, ":", deed.id, "#", deed.permission);
                                  for (const auto& [name, mark] : marks)
                                    line += Cat(" ", name, "=", static_cast<int>(mark));
                                  lines.push_back(line);
                                  return absl::OkStatus();
                                })
                      .ok());
      for (const char* unit : {"session run:a", "session run:s", "task order:1", "task errand:2"}) {
        EXPECT_TRUE(ledger
                        .EachCount(unit, type,
                                   [&](const Deed& deed, uint64_t times) {
                                     lines.push_back(Cat(unit, " ", deed.id, "#", deed.permission, " ", times));
                                     return absl::OkStatus();
                                   })
                        .ok());
      }
    }
    const auto approvals = ledger.Approvals({"mailbox", "send", "m"}, "d1");
    for (const Approval& approval : *approvals) {
      lines.push_back(Cat("approval ", approval.sequence, " ", approval.used));
    }
    return lines;
  };
  EXPECT_EQ(describe(stored), describe(replayed));
  EXPECT_THAT(describe(stored), testing::Contains("task order:1 m#send 2"));
}

TEST(Explanation, ShowsEachRuleThatWasLookedAt) {
  Ruled world("limit mailbox#send to 2 per task");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  world.explain = true;
  auto answer = world.Ask("mailbox:m#send@run:a");
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(RenderExplanation(answer->explanation),
              HasSubstr("order:1, rule `limit mailbox#send to 2 per task`: 1 of 2 were used"));
  EXPECT_EQ(answer->lineage->root_task()->id, "1");
}

TEST(AQuestion, OfAPersonTakesNoAudienceAndNoDigest) {
  Ruled world("");
  EXPECT_THAT(world.Check("document:plan#view@user:alice", {"user:bob"}), HasSubstr("only for an agent or a session"));
  EXPECT_THAT(world.Check("document:plan#view@user:alice", {}, "d1"), HasSubstr("only for an agent or a session"));
}

// Whether `base` is for `win` has no answer on x: the rule must not end the question where nothing was done, and what was
// done there may have been for it.
TEST(Rules, ThatCannotTellAreNoErrorBeforeAnythingWasDoneAndRememberTheWorstAfterwards) {
  Ruled world(Ruled::Whole{R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition node {
  relation other: node
  relation base: user
  relation free: user
  permission win = base - other->win
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: node:*#base | node:*#free
  after node#win forbid node#free
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)",
                           R"(
node:x#other@node:x
node:x#base@user:ann
node:y#free@user:ann
user:ann#acts_on_behalf_of@bot:b[expiration:2030-01-01T00:00:00Z]
errand:1#delegator@user:ann
errand:1#delegated_for_task@bot:b[expiration:2030-01-01T00:00:00Z]
errand:1#scope@node:*#base
errand:1#scope@node:*#free
run:1#agent@bot:b[expiration:2030-01-01T00:00:00Z]
run:1#task@errand:1
)"});
  EXPECT_EQ(world.Authorize("node:y#free@run:1"), "ALLOWED");
  EXPECT_EQ(world.Authorize("node:x#base@run:1"), "ALLOWED");
  EXPECT_EQ(world.Authorize("node:y#free@run:1"), "FORBIDDEN_AFTER");
}

}  // namespace
}  // namespace mandate
