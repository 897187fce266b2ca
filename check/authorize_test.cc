// What is recorded of a call, and what a replay finds.
#include "check/authorize.h"

#include "check/ruled_world.h"
#include "gmock/gmock.h"
#include "storage/ledger_check.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
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

TEST(Authorize, OfARefusedPlanTheEntrySaysWhatCameBeforeItAndThatCountsForNothing) {
  Ruled world(R"(after document#view when confidential forbid document#edit
  require approval for mailbox#send by approve)");
  world.Touch("document:plan#confidential@user:*");
  world.Approve("user:bob", "d1", "mailbox#approve");
  const AuthorizeCall send = Ruled::Call("mailbox:m#send@run:a", {"user:bob"}, "d1");
  const auto decided = world.Try({Ruled::Call("document:plan#view@run:a"), send, send});
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->back().answer.reason, DenialReason::kApprovalRequired) << "the first one would use it up";
  ASSERT_EQ(world.Entries().size(), 2u);
  const LedgerEntry refused = world.Entries()[1];
  ASSERT_EQ(refused.before.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ToJson(refused.before[i]), ToJson((*decided)[i].entry)) << "as it would have been recorded";
  }
  EXPECT_EQ(refused.before[0].marks.at("document#confidential"), Mark::kYes);
  EXPECT_THAT(refused.before[1].approvals, ElementsAre(1u));
  EXPECT_EQ(world.Check("mailbox:m#send@run:a", {}, "d1"), "ALLOWED") << "the approval was not used";
  EXPECT_EQ(world.Check("document:plan#edit@run:a"), "ALLOWED") << "nothing was read";

  LedgerEntry chainless = refused;  // Such as a session whose caveat does not hold for the last action's context.
  chainless.lineage = Lineage{};
  auto read = EntryFromJson(ToJson(chainless));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->lineage, Lineage{});
  EXPECT_EQ(read->before[1].lineage, refused.lineage);
  LedgerEntry other = refused;
  other.before.clear();
  read = EntryFromJson(ToJson(other));
  ASSERT_TRUE(read.ok()) << "an older server's has none: " << read.status();
  EXPECT_TRUE(read->before.empty());
  EXPECT_EQ(read->batch_index, 2u);
  other.before.push_back(refused.before[0]);
  EXPECT_TRUE(absl::IsDataLoss(EntryFromJson(ToJson(other)).status())) << "one of two";
}

TEST(Authorize, RecordsUntilWhenWhatIsAllowedHolds) {
  Ruled world("");
  world.Touch(R"(document:loan#owner@user:bob
  document:loan#viewer@user:alice[expiration:2029-01-01T00:00:00Z])");
  const auto decided = world.Try({Ruled::Call("document:loan#view@run:a")});
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(world.Authorize("document:loan#edit@run:a"), "PRINCIPAL_LACKS_PERMISSION");
  const auto entries = world.Entries();
  EXPECT_EQ(entries[0].valid_until, absl::FromCivil(absl::CivilYear(2029), absl::UTCTimeZone()));
  EXPECT_EQ(RecordedAnswer(entries[0]).valid_until, decided->front().answer.valid_until);
  EXPECT_THAT(ToJson(entries[1]), testing::Not(HasSubstr("valid_until")));
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

// Whether `base` is for `win` has no answer on x: the rule must not end the question where nothing was done, and what
// was done there may have been for it.
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
