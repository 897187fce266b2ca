#include "check/expand.h"

#include "check/test_world.h"
#include "schema/reason.h"

namespace mandate {
namespace {

constexpr char kExpandSchema[] = R"(
use expiration
definition user {}
definition team { relation member: user | team#member }
definition folder {
  relation parent: folder
  relation viewer: user
  permission view = viewer + parent->view
}
definition document {
  relation parent: folder
  relation viewer: user with expiration | team#member
  relation banned: user
  permission view = (viewer & parent->view) - banned
}
)";

// `depth KIND object#relation subject...`, a node a line.
std::string Tree(const std::vector<ExpandNode>& nodes) {
  std::string text;
  for (const ExpandNode& node : nodes) {
    text +=
        Cat(node.depth, " ", ExpandKindName(node.kind), " ", node.object.type, ":", node.object.id, "#", node.relation);
    for (const auto& subject : node.subjects) text += Cat(" ", ToText(subject.subject));
    text += "\n";
  }
  return text;
}

TEST(Expand, FollowsTheExpressionAndLeavesSubjectSetsShut) {
  TestWorld world(kExpandSchema, R"(
    document:plan#viewer@team:core#member
    document:plan#viewer@user:gone[expiration:2025-01-01T00:00:00Z]
    document:plan#viewer@user:ann[expiration:2027-01-01T00:00:00Z]
    document:plan#banned@user:eve
    document:plan#parent@folder:work
    folder:work#viewer@user:ann)");
  EXPECT_EQ(Tree(*world.ExpandGoal("document:plan", "view", 0)),
            "0 UNION document:plan#view\n"
            "1 EXCLUSION document:plan#view\n"
            "2 INTERSECTION document:plan#view\n"
            "3 SUBJECTS document:plan#viewer user:ann team:core#member\n"
            "3 UNION document:plan#view\n"
            "4 UNION folder:work#view\n"
            "5 SUBJECTS folder:work#viewer user:ann\n"
            "5 UNION folder:work#view\n"
            "2 SUBJECTS document:plan#banned user:eve\n");
}

TEST(Expand, OpensSubjectSetsToTheDepthAskedForAndEndsOnCycles) {
  TestWorld world(kExpandSchema, R"(
    team:a#member@team:b#member
    team:b#member@team:a#member
    team:b#member@user:ann)");
  EXPECT_EQ(Tree(*world.ExpandGoal("team:a", "member", 0)), "0 SUBJECTS team:a#member team:b#member\n");
  EXPECT_EQ(Tree(*world.ExpandGoal("team:a", "member", 9)),
            "0 SUBJECTS team:a#member team:b#member\n"
            "1 SUBJECTS team:b#member user:ann team:a#member\n"
            "2 REPEATED team:a#member\n");
}

TEST(Expand, RefusesWhatIsUnknownAndKeepsToItsBudget) {
  TestWorld world(kExpandSchema);
  EXPECT_EQ(FieldOf(world.ExpandGoal("document:plan", "views", 0).status()), "permission");
  EXPECT_EQ(FieldOf(world.ExpandGoal("doc:plan", "view", 0).status()), "resource.type");
  std::string relationships;
  for (int i = 0; i < 1000; ++i) relationships += Cat("team:a#member@user:u", i, "\n");
  world.Touch(relationships);
  world.limits.budget.steps_max = 100;
  EXPECT_TRUE(absl::IsResourceExhausted(world.ExpandGoal("team:a", "member", 0).status()));
}

}  // namespace
}  // namespace mandate
