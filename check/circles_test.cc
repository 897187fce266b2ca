// Goals that exclude each other in circles.
#include "check/test_world.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// A position wins if some move from it leads to one that does not.
constexpr char kGame[] = R"(
caveat open(hour int) { hour > 8 }
definition user {}
definition position {
  relation player: user
  relation guest: user with open
  relation move: position
  permission wins = move->loses
  permission loses = player - wins
  permission plays = (player + guest) - move->plays
}
)";

std::string ReasonOfAsking(TestWorld& world, const std::string& text) {
  auto answer = world.Ask(text);
  return answer.ok() ? std::string(DecisionName(answer->decision)) : ReasonOf(answer.status());
}

TEST(Circles, APositionIsWonLostOrHasNoAnswer) {
  TestWorld world(kGame);
  // f is lost, so e wins, so d is lost. a and b can only move to each other. c can move to d, and wins all the same.
  for (const char* p : {"a", "b", "c", "d", "e", "f"}) {
    world.Touch(Cat("position:", p, "#player@user:ann\n"));
  }
  world.Touch(
      "position:a#move@position:b\nposition:b#move@position:a\n"
      "position:c#move@position:a\nposition:c#move@position:d\n"
      "position:d#move@position:e\nposition:e#move@position:f\nposition:e#move@position:d\n");
  EXPECT_EQ(ReasonOfAsking(world, "position:f#loses@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:e#wins@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:e#loses@user:ann"), "DENIED");
  EXPECT_EQ(ReasonOfAsking(world, "position:d#loses@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:c#wins@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:a#wins@user:ann"), "CYCLE_THROUGH_EXCLUSION");
  EXPECT_EQ(ReasonOfAsking(world, "position:b#loses@user:ann"), "CYCLE_THROUGH_EXCLUSION");
  EXPECT_EQ(ReasonOfAsking(world, "position:a#wins@user:eve"), "DENIED");
}

TEST(Circles, ManyThatExcludeEachOtherCostNoMoreThanTheirEdgesTimesTheirNumber) {
  TestWorld world(kGame);
  constexpr int kPositions = 60;
  std::string relationships;
  for (int i = 0; i < kPositions; ++i) {
    relationships += Cat("position:p", i, "#player@user:ann\n");
    for (int j = 0; j < kPositions; ++j) {
      if (i != j) relationships += Cat("position:p", i, "#move@position:p", j, "\n");
    }
  }
  world.Touch(relationships);
  world.limits.budget.steps_max = 100'000;
  EXPECT_EQ(ReasonOfAsking(world, "position:p0#wins@user:ann"), "CYCLE_THROUGH_EXCLUSION");
  // One that cannot move settles them all.
  world.Touch("position:end#player@user:ann\n");
  relationships.clear();
  for (int i = 0; i < kPositions; ++i) {
    relationships += Cat("position:p", i, "#move@position:end\n");
  }
  world.Touch(relationships);
  EXPECT_EQ(ReasonOfAsking(world, "position:p0#wins@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:p0#loses@user:ann"), "DENIED");
}

TEST(Circles, AConditionBesideACircleIsAConditionAndOnItIsNoAnswer) {
  TestWorld world(kGame);
  world.Touch(
      "position:a#move@position:b\nposition:b#move@position:a\n"
      "position:a#player@user:ann\nposition:b#guest@user:ann[open]\n");
  // b's condition decides: closed, b is out, and a plays; open, each plays if the other does not.
  EXPECT_EQ(ReasonOfAsking(world, "position:a#plays@user:ann"), "CYCLE_THROUGH_EXCLUSION");
  world.context = R"({"hour": 3})";
  EXPECT_EQ(ReasonOfAsking(world, "position:a#plays@user:ann"), "ALLOWED");
  EXPECT_EQ(ReasonOfAsking(world, "position:b#plays@user:ann"), "DENIED");
  world.context = "";
  // c moves into no circle: its condition is one.
  world.Touch(
      "position:c#guest@user:ann[open]\nposition:d#player@user:ann\n"
      "position:c#move@position:b\n");
  world.Touch("position:b#move@position:d\n");
  EXPECT_EQ(ReasonOfAsking(world, "position:b#plays@user:ann"), "DENIED");
  EXPECT_EQ(ReasonOfAsking(world, "position:c#plays@user:ann"), "CONDITIONAL");
}

TEST(Circles, AProofOfWhatHoldsBesideACircleNamesWhatDoesNotHold) {
  TestWorld world(kGame);
  world.explain = true;
  world.Touch(
      "position:a#move@position:b\nposition:b#move@position:a\nposition:a#player@user:ann\n"
      "position:b#player@user:ann\nposition:b#move@position:c\nposition:c#player@user:ann\n");
  auto answer = world.Ask("position:a#loses@user:ann");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->decision, Decision::kAllowed);
  const std::string text = RenderExplanation(answer->explanation);
  EXPECT_NE(text.find("position:a#player@user:ann"), std::string::npos) << text;
  EXPECT_NE(text.find("not position:a#wins"), std::string::npos) << text;
}

}  // namespace
}  // namespace mandate
