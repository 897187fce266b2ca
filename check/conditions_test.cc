// Relationships with caveats.
#include "check/conditions.h"

#include "check/test_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kConditionsSchema[] = R"(
use expiration
caveat hours(now int, open int, close int) { now >= open && now < close }
caveat network(ip ipaddress, allowed string) { ip.in_cidr(allowed) }
caveat ratio(total int, part int) { total / part > 2 }
definition user {}
definition team { relation member: user | user with hours | team#member with hours }
definition folder { relation viewer: user | user with hours
  permission view = viewer }
definition document {
  relation parent: folder | folder with network
  relation viewer: user | user with hours | user:* with network | team#member | team#member with network | user with ratio
  relation editor: user | user with hours
  relation banned: user | user with network
  permission view = viewer + editor + parent->view
  permission safe_view = view - banned
  permission both = viewer & editor
  permission everywhere = parent.all(view)
}
)";

TestWorld World(const std::string& relationships) { return TestWorld(kConditionsSchema, relationships); }

std::vector<std::string> Missing(TestWorld& world, const std::string& text) {
  auto answer = world.Ask(text);
  EXPECT_TRUE(answer.ok()) << answer.status();
  if (!answer.ok()) return {"error"};
  EXPECT_EQ(answer->decision, Decision::kConditional) << text;
  return answer->missing_context;
}

TEST(Conditions, AQuestionWithoutTheirValuesIsConditionalAndNamesThem) {
  TestWorld world = World(
      "document:d#viewer@user:ann[hours]\n"
      "document:e#viewer@user:ann[hours:{\"open\":9,\"close\":17}]");
  EXPECT_THAT(Missing(world, "document:d#view@user:ann"), ElementsAre("close", "now", "open"));
  EXPECT_THAT(Missing(world, "document:e#view@user:ann"), ElementsAre("now"));
  world.context = R"({"now": 12, "open": 20, "unknown": true})";
  EXPECT_EQ(world.Decide("document:e#view@user:ann"), Decision::kAllowed) << "what is stored wins over the question";
  world.context = R"({"now": 18})";
  EXPECT_EQ(world.Decide("document:e#view@user:ann"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:d#view@user:ann"), Decision::kConditional);
  world.context = R"({"now": 12, "open": 20})";
  EXPECT_EQ(world.Decide("document:d#view@user:ann"), Decision::kDenied) << "false whatever the rest is";
}

TEST(Conditions, CombineThroughUnionsIntersectionsExclusionsAndArrows) {
  TestWorld world = World(
      "document:d#viewer@user:ann[hours:{\"open\":9,\"close\":17}]\n"
      "document:d#editor@user:ann\n"
      "document:e#viewer@user:ann\n"
      "document:e#banned@user:ann[network:{\"allowed\":\"10.0.0.0/8\"}]\n"
      "document:f#parent@folder:x[network:{\"allowed\":\"10.0.0.0/8\"}]\n"
      "folder:x#viewer@user:ann[hours:{\"open\":9,\"close\":17}]\n"
      "document:g#viewer@team:t#member[network:{\"allowed\":\"10.0.0.0/8\"}]\nteam:t#member@user:ann\n"
      "document:h#viewer@user:*[network:{\"allowed\":\"10.0.0.0/8\"}]\n");
  EXPECT_EQ(world.Decide("document:d#view@user:ann"), Decision::kAllowed) << "an editor anyway";
  EXPECT_THAT(Missing(world, "document:d#both@user:ann"), ElementsAre("now"));
  EXPECT_THAT(Missing(world, "document:e#safe_view@user:ann"), ElementsAre("ip"));
  EXPECT_THAT(Missing(world, "document:f#view@user:ann"), ElementsAre("ip", "now"));
  EXPECT_THAT(Missing(world, "document:g#view@user:ann"), ElementsAre("ip"));
  EXPECT_THAT(Missing(world, "document:h#view@user:bob"), ElementsAre("ip"));
  world.context = R"({"ip": "10.1.2.3"})";
  EXPECT_EQ(world.Decide("document:e#safe_view@user:ann"), Decision::kDenied);
  EXPECT_THAT(Missing(world, "document:f#view@user:ann"), ElementsAre("now"));
  EXPECT_EQ(world.Decide("document:g#view@user:ann"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("document:h#view@user:bob"), Decision::kAllowed);
  world.context = R"({"ip": "11.1.2.3"})";
  EXPECT_EQ(world.Decide("document:e#safe_view@user:ann"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("document:f#view@user:ann"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:g#view@user:ann"), Decision::kDenied);
}

TEST(Conditions, OfEveryObjectTakeTheirObjectOutWhenTheyFail) {
  TestWorld world = World(
      "document:d#parent@folder:x\nfolder:x#viewer@user:ann\n"
      "document:d#parent@folder:y[network:{\"allowed\":\"10.0.0.0/8\"}]\n"
      "document:e#parent@folder:x[network:{\"allowed\":\"10.0.0.0/8\"}]\n");
  EXPECT_THAT(Missing(world, "document:d#everywhere@user:ann"), ElementsAre("ip"));
  EXPECT_THAT(Missing(world, "document:e#everywhere@user:ann"), ElementsAre("ip"));
  world.context = R"({"ip": "10.1.1.1"})";
  EXPECT_EQ(world.Decide("document:d#everywhere@user:ann"), Decision::kDenied);
  EXPECT_EQ(world.Decide("document:e#everywhere@user:ann"), Decision::kAllowed);
  world.context = R"({"ip": "1.1.1.1"})";
  EXPECT_EQ(world.Decide("document:d#everywhere@user:ann"), Decision::kAllowed);
  EXPECT_EQ(world.Decide("document:e#everywhere@user:ann"), Decision::kDenied);
}

TEST(Conditions, ThatCannotBeEvaluatedAreAnErrorOnlyWhereTheAnswerHingesOnThem) {
  TestWorld world = World(
      "document:d#viewer@user:ann[ratio:{\"part\":0}]\n"
      "document:e#viewer@user:ann[ratio:{\"part\":0}]\ndocument:e#editor@user:ann\n"
      "document:f#viewer@user:ann\ndocument:f#banned@user:ann[network:{\"allowed\":\"nonsense\"}]\n");
  world.context = R"({"total": 5, "ip": "1.1.1.1"})";
  EXPECT_EQ(ReasonOf(world.Ask("document:d#view@user:ann").status()), "CAVEAT_EVALUATION_ERROR");
  EXPECT_EQ(world.Decide("document:e#view@user:ann"), Decision::kAllowed);
  EXPECT_EQ(ReasonOf(world.Ask("document:f#safe_view@user:ann").status()), "CAVEAT_EVALUATION_ERROR")
      << "an error on the right side of an exclusion is never a grant";
  world.context = R"({"total": "many", "ip": 7})";
  EXPECT_EQ(ReasonOf(world.Ask("document:d#view@user:ann").status()), "CAVEAT_PARAMETER_TYPE_ERROR");
  EXPECT_EQ(ReasonOf(world.Ask("document:f#safe_view@user:ann").status()), "CAVEAT_PARAMETER_TYPE_ERROR");
  world.context = "[1]";
  EXPECT_EQ(ReasonOf(world.Ask("document:d#view@user:ann").status()), "CONTEXT_INVALID");
  EXPECT_EQ(FieldOf(world.Ask("document:d#view@user:ann").status()), "context");
}

TEST(Conditions, AnExplanationShowsThemAndWhatTheyNeed) {
  TestWorld world = World("document:d#viewer@user:ann[hours:{\"close\":17,\"open\":9}]\n");
  world.explain = true;
  auto answer = world.Ask("document:d#view@user:ann");
  const std::string text = RenderExplanation(answer->explanation);
  EXPECT_NE(text.find("document:d#viewer@user:ann[hours:{\"close\":17,\"open\":9}] (needs `now`)"), std::string::npos)
      << text;
  world.context = R"({"now": 10})";
  answer = world.Ask("document:d#view@user:ann");
  ASSERT_EQ(answer->decision, Decision::kAllowed);
  EXPECT_NE(RenderExplanation(answer->explanation).find("[hours:"), std::string::npos);
}

TEST(Conditions, AnExpandedTreeShowsThemAndLeavesOutWhatFails) {
  TestWorld world = World(
      "document:d#viewer@user:ann[hours:{\"close\":17,\"open\":9}]\n"
      "document:d#viewer@user:bob\n"
      "document:d#parent@folder:x[network:{\"allowed\":\"10.0.0.0/8\"}]\n"
      "folder:x#viewer@user:cat");
  auto tree = world.ExpandGoal("document:d", "view", 0);
  ASSERT_TRUE(tree.ok()) << tree.status();
  size_t conditional = 0;
  for (const ExpandNode& node : *tree) {
    if (node.over.has_value()) {
      EXPECT_EQ(node.over->caveat, "network");
      EXPECT_THAT(node.over->missing, ElementsAre("ip"));
    }
    for (const ExpandedSubject& subject : node.subjects) {
      if (subject.decision != Decision::kConditional) continue;
      ++conditional;
      EXPECT_EQ(subject.subject.id, "ann");
      EXPECT_EQ(subject.caveat, "hours");
      EXPECT_EQ(subject.caveat_context, "{\"close\":17,\"open\":9}");
      EXPECT_THAT(subject.missing, ElementsAre("now"));
    }
  }
  EXPECT_EQ(conditional, 1u);
  world.context = R"({"now": 20, "ip": "1.1.1.1"})";
  tree = world.ExpandGoal("document:d", "view", 0);
  ASSERT_TRUE(tree.ok()) << tree.status();
  for (const ExpandNode& node : *tree) {
    EXPECT_FALSE(node.over.has_value());
    for (const ExpandedSubject& subject : node.subjects) EXPECT_EQ(subject.subject.id, "bob");
  }
}

TEST(Conditions, OfOneBatchAreAnsweredEachWithItsOwnContext) {
  TestWorld world = World("document:d#viewer@user:ann[hours:{\"close\":17,\"open\":9}]\n");
  auto snapshot = world.store->Head();
  Checker checker(*world.plan, *snapshot, world.now, {});
  CheckQuestion question{.resource = {"document", "d"}, .permission = "view", .subject = {"user", "ann", ""}};
  for (int i = 0; i < 2; ++i) {
    question.context = R"({"now": 10})";
    EXPECT_EQ(checker.Check(question)->decision, Decision::kAllowed);
    question.context = R"({"now": 20})";
    EXPECT_EQ(checker.Check(question)->decision, Decision::kDenied);
    question.context = "";
    EXPECT_EQ(checker.Check(question)->decision, Decision::kConditional);
  }
}

}  // namespace
}  // namespace mandate
