// The sets of a subject, and that a check which uses them does less and says the same.
#include "check/subject_sets.h"

#include "check/test_world.h"
#include "gmock/gmock.h"

namespace mandate {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kSubjectSetsSchema[] = R"(
use expiration
caveat open(on bool) { on }
definition user {}
definition team {
  relation member: user | user:* | team#member | user with open | team#member with open | user with expiration
  relation banned: user
  permission active = member - banned
}
definition club { relation member: user | team#active }
definition document {
  relation viewer: user | team#member | club#member
  permission view = viewer
}
)";

class Sets : public testing::Test {
 protected:
  SubjectSets Find(const SubjectTerm& subject, size_t rows_max = 1000) {
    Budget budget({});
    auto sets = FindSubjectSets(*world.plan, *world.store->Head(), world.now, subject, &budget, rows_max);
    EXPECT_TRUE(sets.ok()) << sets.status();
    return sets.ok() ? *std::move(sets) : SubjectSets();
  }
  SubjectTerm User(const std::string& id) const { return {.type = *world.plan->schema().FindType("user"), .id = id}; }
  MemberId Member(const char* type, const char* name) const {
    const Schema& schema = world.plan->schema();
    return *schema.FindMember(*schema.FindType(type), name);
  }
  TestWorld world{kSubjectSetsSchema};
};

TEST_F(Sets, AreFoundUpwardThroughCirclesAndSayWhatHangsOnACaveat) {
  world.Touch(R"(team:a#member@user:ann
    team:b#member@team:a#member
    team:a#member@team:b#member
    team:c#member@team:b#member[open]
    team:d#member@team:c#member
    team:e#member@user:bob)");
  const SubjectSets sets = Find(User("ann"));
  ASSERT_TRUE(sets.complete);
  const MemberId member = Member("team", "member");
  EXPECT_THAT(sets.Of(member), UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_TRUE(sets.Find(member, "a")->certain);
  EXPECT_TRUE(sets.Find(member, "b")->certain);
  EXPECT_FALSE(sets.Find(member, "c")->certain);
  EXPECT_FALSE(sets.Find(member, "d")->certain);
  EXPECT_EQ(sets.Find(member, "e"), nullptr);
}

TEST_F(Sets, ThatAreCertainByAnotherWayAreCertainAndSoIsWhatHoldsThem) {
  world.Touch(R"(team:a#member@user:ann[open]
    team:b#member@team:a#member
    team:z#member@user:ann
    team:a#member@team:z#member)");
  const SubjectSets sets = Find(User("ann"));
  EXPECT_TRUE(sets.Find(Member("team", "member"), "a")->certain);
  EXPECT_TRUE(sets.Find(Member("team", "member"), "b")->certain);
}

TEST_F(Sets, EndWithTheRowsThatLedToThem) {
  world.Touch(R"(team:a#member@user:ann[expiration:2026-01-01T01:00:00Z]
    team:old#member@user:ann[expiration:2025-12-31T00:00:00Z]
    team:b#member@team:a#member)");
  const SubjectSets sets = Find(User("ann"));
  const MemberId member = Member("team", "member");
  EXPECT_THAT(sets.Of(member), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(sets.Find(member, "b")->until, world.now + absl::Hours(1));
}

TEST_F(Sets, OfEverybodyAreThoseOfEachAndASetStandsInItself) {
  world.Touch("team:all#member@user:*\nteam:top#member@team:all#member");
  const MemberId member = Member("team", "member");
  EXPECT_THAT(Find(User("ann")).Of(member), UnorderedElementsAre("all", "top"));
  const SubjectTerm set{.type = *world.plan->schema().FindType("team"), .id = "all", .relation = member};
  EXPECT_THAT(Find(set).Of(member), UnorderedElementsAre("all", "top"));
}

TEST_F(Sets, WhereAPermissionDecidesAreNotPlain) {
  EXPECT_TRUE(world.plan->sets().IsPlainSet(Member("team", "member")));
  EXPECT_FALSE(world.plan->sets().IsPlainSet(Member("team", "active")));
  EXPECT_FALSE(world.plan->sets().IsPlainSet(Member("club", "member")));
  EXPECT_FALSE(world.plan->sets().IsPlainSet(Member("team", "banned"))) << "nothing uses it as a set";
  world.Touch("club:c#member@user:ann");
  EXPECT_THAT(Find(User("ann")).Of(Member("club", "member")), IsEmpty());
}

TEST_F(Sets, TooManyOfThemAreNotAllOfThem) {
  for (int i = 0; i < 20; ++i) world.Touch(Cat("team:t", i, "#member@user:ann"));
  EXPECT_FALSE(Find(User("ann"), 19).complete);
  EXPECT_TRUE(Find(User("ann"), 20).complete);
}

// A department of 400 groups: going down reads them all, going up two.
TEST_F(Sets, MakeACheckCheapAndChangeNoAnswer) {
  std::string rows = "document:plan#viewer@team:root#member\n";
  for (int i = 0; i < 400; ++i)
    rows += Cat("team:root#member@team:g", i, "#member\nteam:g", i, "#member@user:u", i, "\n");
  world.Touch(rows);
  for (const char* user : {"u399", "nobody"}) {
    world.limits.budget.set_search = SetSearch::kDown;
    const auto down = world.Ask(Cat("document:plan#view@user:", user));
    world.limits.budget.set_search = SetSearch::kCheaper;
    const auto cheaper = world.Ask(Cat("document:plan#view@user:", user));
    ASSERT_TRUE(down.ok() && cheaper.ok());
    EXPECT_EQ(down->decision, cheaper->decision);
    EXPECT_LT(cheaper->steps * 10, down->steps);
  }
}

}  // namespace
}  // namespace mandate
