#include "check/evaluator.h"

#include "check/test_world.h"
#include "schema/reason.h"

namespace mandate {
namespace {

constexpr char kDrive[] = R"(
use expiration
definition user {}
definition team { relation member: user | team#member }
definition folder {
  relation parent: folder
  relation viewer: user | team#member
  permission view = viewer + parent->view
}
definition document {
  relation parent: folder
  relation owner: user
  relation viewer: user | user with expiration | user:* | team#member
  relation banned: user | user with expiration
  relation pardoned: user with expiration
  permission view = (viewer + owner + parent->view) - (banned - pardoned)
}
)";

absl::Time HourOf(int hour) { return absl::FromCivil(absl::CivilHour(2026, 1, 1, hour), absl::UTCTimeZone()); }

TEST(Evaluator, FindsADirectMemberOfAnEnormousSetInAFewSteps) {
  TestWorld world(kDrive);
  std::string relationships;
  for (int i = 0; i < 20'000; ++i) relationships += Cat("team:all#member@user:u", i, "\n");
  world.Touch(relationships);
  auto answer = world.Ask("team:all#member@user:u12345");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->decision, Decision::kAllowed);
  EXPECT_LE(answer->steps, 3u);
  auto denied = world.Ask("team:all#member@user:nobody");
  EXPECT_EQ(denied->decision, Decision::kDenied);
  EXPECT_LE(denied->steps, 5u);
}

TEST(Evaluator, AnswersThroughAChainOfFoldersFarDeeperThanAnyStack) {
  TestWorld world(kDrive);
  constexpr int kDeep = 20'000;
  std::string relationships = Cat("folder:f", kDeep, "#viewer@user:ann\n");
  for (int i = 0; i < kDeep; ++i) relationships += Cat("folder:f", i, "#parent@folder:f", i + 1, "\n");
  world.Touch(relationships);
  EXPECT_EQ(world.Decide("folder:f0#view@user:ann"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("folder:f0#view@user:eve"), Decision::kDenied);
}

TEST(Evaluator, AnswersInACycleOfGroups) {
  TestWorld world(kDrive);
  constexpr int kGroups = 3'000;
  std::string relationships = "team:t7#member@user:ann\n";
  for (int i = 0; i < kGroups; ++i) {
    relationships += Cat("team:t", i, "#member@team:t", (i + 1) % kGroups, "#member\n");
  }
  world.Touch(relationships);
  EXPECT_EQ(world.Decide("team:t8#member@user:ann"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("team:t8#member@user:eve"), Decision::kDenied);
}

TEST(Evaluator, NestsExclusionsAsDeepAsTheDataAre) {
  TestWorld world(R"(
    definition user {}
    definition node {
      relation next: node
      relation base: user
      permission odd = base - next->odd
    })");
  constexpr int kDeep = 2'000;
  std::string relationships;
  for (int i = 0; i <= kDeep; ++i) relationships += Cat("node:n", i, "#base@user:ann\n");
  for (int i = 0; i < kDeep; ++i) relationships += Cat("node:n", i, "#next@node:n", i + 1, "\n");
  world.Touch(relationships);
  EXPECT_EQ(world.Decide(Cat("node:n", kDeep, "#odd@user:ann")), Decision::kAllowed);
  EXPECT_EQ(world.Decide("node:n1#odd@user:ann"), Decision::kDenied);
  EXPECT_EQ(world.Decide("node:n0#odd@user:ann"), Decision::kAllowed);
}

TEST(Evaluator, ABudgetUsedUpIsAnErrorAndNeverANo) {
  TestWorld world(kDrive);
  std::string relationships;
  for (int i = 0; i < 500; ++i) relationships += Cat("folder:f", i, "#parent@folder:f", i + 1, "\n");
  world.Touch(relationships);
  world.limits.budget.steps_max = 100;
  auto answer = world.Ask("folder:f0#view@user:ann");
  EXPECT_TRUE(absl::IsResourceExhausted(answer.status())) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "STEPS_EXHAUSTED");
  world.limits.budget = {.memory_bytes_max = 10'000};
  EXPECT_EQ(ReasonOf(world.Ask("folder:f0#view@user:ann").status()), "MEMORY_EXHAUSTED");
  world.limits.budget = {.time_max = absl::ZeroDuration()};
  EXPECT_TRUE(absl::IsDeadlineExceeded(world.Ask("folder:f0#view@user:ann").status()));
}

TEST(Evaluator, ValidUntilIsTheEarliestExpiryOfTheProof) {
  TestWorld world(kDrive, "document:plan#viewer@user:ann[expiration:2026-01-01T05:00:00Z]");
  EXPECT_EQ(world.Ask("document:plan#view@user:ann")->valid_until, HourOf(5));
  world.Touch("document:plan#owner@user:bob");
  EXPECT_EQ(world.Ask("document:plan#view@user:bob")->valid_until, absl::InfiniteFuture());
}

TEST(Evaluator, ValidUntilMindsThatAnAbsenceMayEnd) {
  // Banned but pardoned until five: from then on the ban counts.
  TestWorld world(kDrive, R"(
    document:plan#owner@user:ann
    document:plan#banned@user:ann
    document:plan#pardoned@user:ann[expiration:2026-01-01T05:00:00Z])");
  EXPECT_EQ(world.Ask("document:plan#view@user:ann")->valid_until, HourOf(5));
  world.now = HourOf(5) - absl::Microseconds(1);
  EXPECT_EQ(world.Decide("document:plan#view@user:ann"), Decision::kAllowed);
  world.now = HourOf(5);
  EXPECT_EQ(world.Decide("document:plan#view@user:ann"), Decision::kDenied);
}

TEST(Evaluator, KeepsNoHalfKnownAnswerAfterAnError) {
  TestWorld world(kDrive, "folder:a#parent@folder:b\nfolder:b#viewer@user:ann");
  auto snapshot = world.store->Head();
  const Schema& schema = world.plan->schema();
  const TypeId folder = *schema.FindType("folder");
  const MemberId view = *schema.FindMember(folder, "view");
  Budget tight({.steps_max = 3});
  Conditions conditions(*world.plan, {.now = world.now});
  Evaluator evaluator(*world.plan, *snapshot, &conditions, &tight, {.type = *schema.FindType("user"), .id = "ann"},
                      Trace::kOff);
  EXPECT_FALSE(evaluator.Ask(view, "a").ok());
  Budget wide({});
  evaluator.set_budget(&wide);
  auto verdict = evaluator.Ask(view, "a");
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(verdict->decision, Decision::kAllowed);
}

TEST(Checker, KeepsWhatItFoundOutForTheNextQuestionUnlessThatIsMuch) {
  TestWorld world(kDrive);
  std::string folders = "document:plan#parent@folder:0";
  for (int i = 0; i < 100; ++i) folders += Cat("\nfolder:", i, "#parent@folder:", i + 1);
  world.Touch(folders);
  auto snapshot = world.store->Head();
  const auto steps_of_the_second = [&](uint64_t memory_bytes_max) {
    world.limits.budget.memory_bytes_max = memory_bytes_max;
    Checker checker(*world.plan, *snapshot, world.now, world.limits);
    uint64_t steps = 0;
    for (int i = 0; i < 2; ++i) {
      auto answer =
          checker.Check({.resource = {"document", "plan"}, .permission = "view", .subject = {"user", "ann", ""}});
      EXPECT_TRUE(answer.ok() && answer->decision == Decision::kDenied) << answer.status();
      steps = answer->steps;
    }
    return steps;
  };
  EXPECT_LT(steps_of_the_second(1 << 30), 10u);
  EXPECT_GT(steps_of_the_second(256 << 10), 100u) << "a hundred folders take more than 16 KiB";
}

TEST(Plan, ReachLeavesOutWhatCannotHoldTheSubject) {
  TestWorld world(kDrive);
  const Schema& schema = world.plan->schema();
  const TypeId document = *schema.FindType("document");
  const TypeId folder = *schema.FindType("folder");
  auto root = [&](TypeId type, const char* name) { return schema.member(*schema.FindMember(type, name)).root; };
  const Reach& people = world.plan->ReachOf(*schema.FindType("user"), MemberId::kNone);
  EXPECT_TRUE(people.Contains(root(document, "view")));
  EXPECT_TRUE(people.Contains(root(folder, "viewer")));
  EXPECT_FALSE(people.Contains(root(document, "parent")));
  const Reach& folders = world.plan->ReachOf(folder, MemberId::kNone);
  EXPECT_TRUE(folders.Contains(root(document, "parent")));
  EXPECT_FALSE(folders.Contains(root(document, "view")));
}

}  // namespace
}  // namespace mandate
