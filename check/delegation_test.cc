// What worlds as data cannot show: grants planted past the schema, explanations, claims.
#include "check/delegation.h"

#include "check/lookup.h"
#include "check/test_world.h"
#include "gmock/gmock.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr char kDelegationSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: assistant with expiration }
definition team { relation member: user | user:* }
definition document {
  relation owner: user
  relation viewer: user | user:* | team#member
  permission view = viewer + owner
}
agent assistant {
  relation acts_on_behalf_of: assistant with expiration
  relation boundary: document:*#view
}
task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand
  relation scope: document#view | document:*#view
}
session run {
  relation agent: assistant with expiration
  relation task: errand
}
)";

constexpr char kDelegated[] = R"(
  document:plan#owner@user:alice
  assistant:bot#boundary@document:*#view
  user:alice#acts_on_behalf_of@assistant:bot[expiration:2026-01-01T06:00:00Z]
  errand:42#delegator@user:alice
  errand:42#delegated_for_task@assistant:bot[expiration:2026-01-01T04:00:00Z]
  errand:42#scope@document:plan#view
  run:1#agent@assistant:bot[expiration:2026-01-01T05:00:00Z]
  run:1#task@errand:42)";

absl::Time Hour(int hour) { return absl::FromCivil(absl::CivilHour(2026, 1, 1, hour), absl::UTCTimeZone()); }

TEST(DelegatedCheck, IgnoresADirectGrantToAnAgent) {
  // The schema refuses all of these; they are planted.
  TestWorld world(kDelegationSchema, R"(
    document:plan#viewer@assistant:bot
    document:plan#viewer@run:1
    document:plan#viewer@errand:42
    team:core#member@assistant:bot
    document:shared#viewer@team:core#member)");
  EXPECT_EQ(world.Decide("document:plan#view@assistant:bot"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:plan#view@run:1"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:plan#view@errand:42"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:shared#view@assistant:bot", "errand:42"), Decision::kDenied);
}

TEST(DelegatedCheck, IsNeverMatchedByAPublicGrant) {
  TestWorld world(kDelegationSchema, "document:plan#viewer@user:*");
  EXPECT_EQ(world.Decide("document:plan#view@user:anybody"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("document:plan#view@assistant:bot"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:plan#view@run:1"), Decision::kDenied);
}

TEST(DelegatedCheck, IsValidUntilTheFirstEdgeExpires) {
  TestWorld world(kDelegationSchema, kDelegated);
  EXPECT_EQ(world.Ask("document:plan#view@run:1")->valid_until, Hour(4));
  world.now = Hour(4) - absl::Microseconds(1);
  EXPECT_EQ(world.Decide("document:plan#view@run:1"), Decision::kAllowed);
  world.now = Hour(4);
  auto answer = world.Ask("document:plan#view@run:1");
  EXPECT_EQ(answer->reason, DenialReason::kNotDelegated);
  EXPECT_EQ(answer->reason_at, "errand:42#delegated_for_task@assistant:bot, which has expired");
}

TEST(DelegatedCheck, ASurplusDelegatorBreaksTheChain) {
  // Refused by the rules of writing; planted past them.
  TestWorld world(kDelegationSchema, std::string(kDelegated) + "\nerrand:42#delegator@user:bob");
  auto answer = world.Ask("document:plan#view@run:1");
  EXPECT_EQ(answer->decision, Decision::kDenied);
  EXPECT_EQ(answer->reason, DenialReason::kChainBroken);
}

TEST(DelegatedCheck, AnAgentTwiceBreaksTheChain) {
  TestWorld world(kDelegationSchema, R"(
    document:plan#owner@user:alice
    assistant:bot#boundary@document:*#view
    assistant:bot#acts_on_behalf_of@assistant:bot[expiration:2030-01-01T00:00:00Z]
    errand:1#delegator@assistant:bot
    errand:1#parent_task@errand:1
    errand:1#delegated_for_task@assistant:bot[expiration:2030-01-01T00:00:00Z]
    errand:1#scope@document:*#view)");
  auto answer = world.Ask("document:plan#view@assistant:bot", "errand:1");
  EXPECT_EQ(answer->reason, DenialReason::kChainBroken);
}

TEST(DelegatedCheck, ExplainsAnAllowedAnswerByEveryRelationshipItRestsOn) {
  TestWorld world(kDelegationSchema, kDelegated);
  world.explain = true;
  auto answer = world.Ask("document:plan#view@run:1");
  ASSERT_TRUE(answer.ok());
  const std::string text = RenderExplanation(answer->explanation);
  for (const char* needed :
       {"run:1#agent@assistant:bot", "run:1#task@errand:42", "errand:42#delegated_for_task@assistant:bot",
        "user:alice#acts_on_behalf_of@assistant:bot", "errand:42#scope@document:plan#view",
        "assistant:bot#boundary@document:*#view", "document:plan#owner@user:alice"}) {
    EXPECT_NE(text.find(needed), std::string::npos) << needed << "\n" << text;
  }
}

TEST(DelegatedCheck, AClaimOfAnotherChainIsANo) {
  TestWorld world(kDelegationSchema, kDelegated);
  auto snapshot = world.store->Head();
  Checker checker(*world.plan, *snapshot, world.now, {});
  CheckQuestion question{.resource = {"document", "plan"},
                         .permission = "view",
                         .subject = {"run", "1", ""},
                         .claims = {.chain = {{"assistant", "bot"}}}};
  EXPECT_EQ(checker.Check(question)->decision, Decision::kAllowed);
  question.claims.chain.push_back({"assistant", "lead"});
  EXPECT_EQ(checker.Check(question)->reason, DenialReason::kClaimMismatch);
  question.claims.chain = {{"assistant", "lead"}};
  EXPECT_EQ(checker.Check(question)->reason, DenialReason::kClaimMismatch);
}

TEST(DelegatedCheck, ARuleLeavesANoAsItIs) {
  std::string schema = kDelegationSchema;
  schema.insert(schema.find("task errand {") + 13, "\n  limit document#view to 1 per task");
  TestWorld world(schema, kDelegated);
  EXPECT_EQ(world.Ask("document:other#view@run:1")->reason, DenialReason::kOutOfScope);
  EXPECT_EQ(world.Ask("document:plan#view@run:2")->reason, DenialReason::kSessionNotLive);
  EXPECT_EQ(world.Ask("document:plan#view@assistant:bot")->reason, DenialReason::kNoTask);
  world.now = Hour(4);
  EXPECT_EQ(world.Ask("document:plan#view@run:1")->reason, DenialReason::kNotDelegated);
}

// A task type whose name goes on where another's ends sorts before it as a position and behind it as a name.
TEST(LookupSubjects, GoesOnBehindEachTaskOfAnAgent) {
  std::string schema = kDelegationSchema;
  const size_t task = schema.find("task errand {");
  std::string other = schema.substr(task, schema.find("session run") - task);
  other.replace(0, 11, "task errand2");
  other.erase(other.find("  relation parent_task: errand\n"), 31);
  schema.insert(task, other);
  TestWorld world(schema, kDelegated);
  world.Touch(R"(
    errand2:42#delegator@user:alice
    errand2:42#delegated_for_task@assistant:bot[expiration:2026-01-01T04:00:00Z]
    errand2:42#scope@document:plan#view)");
  auto snapshot = world.store->Head();
  std::string after;
  std::vector<std::string> found;
  for (int page = 0; page < 3; ++page) {
    const absl::Status status = LookupSubjects(
        *world.plan, *snapshot, world.now, {},
        {.resource = {"document", "plan"}, .permission = "view", .subject_type = "assistant", .after = after},
        [&](const Found& one) {
          found.push_back(ToText(*one.task));
          after = one.position();
          return false;
        });
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_THAT(found, testing::UnorderedElementsAre("errand:42", "errand2:42"));
}

}  // namespace
}  // namespace mandate
