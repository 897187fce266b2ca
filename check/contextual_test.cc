#include "check/contextual.h"

#include "check/lookup.h"
#include "check/test_world.h"
#include "gmock/gmock.h"
#include "schema/reason.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kContextualSchema[] = R"(
use delegation
use expiration

definition user {
  relation acts_on_behalf_of: assistant with expiration
}
definition group {
  relation member: user | group#member | user with expiration
}
definition document {
  relation viewer: user | group#member
  relation banned: user
  permission view = viewer - banned
}
agent assistant {
  relation operator: user
}
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document#view
}
session run {
  relation agent: assistant with expiration
  relation task: errand
}
)";

// A question about document:plan with relationships of its own.
struct Asked {
  explicit Asked(const std::string& stored = "") : world(kContextualSchema, stored) {}
  absl::StatusOr<Answer> Check(const std::string& subject, const std::vector<std::string>& contextual) {
    CheckQuestion question{
        .resource = {"document", "plan"}, .permission = "view", .subject = *ParseSubject(subject), .explain = true};
    for (const std::string& text : contextual) {
      question.contextual.push_back(*ParseRelationship(text));
    }
    auto snapshot = world.store->Head();
    return Checker(*world.plan, *snapshot, world.now, world.limits).Check(question);
  }
  // `REASON field` of a refusal.
  std::string Refusal(const std::vector<std::string>& contextual, const std::string& subject = "user:ann") {
    const auto answer = Check(subject, contextual);
    if (answer.ok()) return "answered";
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
    return Cat(ReasonOf(answer.status()), " ", FieldOf(answer.status()));
  }
  TestWorld world;
};

TEST(Contextual, RelationshipsCountForTheirQuestionAlone) {
  Asked asked("group:core#member@user:bob\n");
  EXPECT_EQ(asked.Check("user:ann", {"document:plan#viewer@user:ann"})->decision, Decision::kAllowed);
  EXPECT_EQ(asked.Check("user:ann", {})->decision, Decision::kDenied);
  // Together with what is stored, in both directions.
  EXPECT_EQ(asked.Check("user:bob", {"document:plan#viewer@group:core#member"})->decision, Decision::kAllowed);
  EXPECT_EQ(asked
                .Check("user:ann", {"document:plan#viewer@group:core#member", "group:core#member@group:all#member",
                                    "group:all#member@user:ann"})
                ->decision,
            Decision::kAllowed);
}

TEST(Contextual, RelationshipsTakeAwayWhereTheSchemaSubtracts) {
  Asked asked("document:plan#viewer@user:ann\n");
  EXPECT_EQ(asked.Check("user:ann", {"document:plan#banned@user:ann"})->decision, Decision::kDenied);
}

TEST(Contextual, ARelationshipTakesThePlaceOfAStoredOneWithItsIdentity) {
  Asked asked("group:core#member@user:ann\ndocument:plan#viewer@group:core#member\n");
  EXPECT_EQ(asked.Check("user:ann", {"group:core#member@user:ann[expiration:2020-01-01T00:00:00Z]"})->decision,
            Decision::kDenied)
      << "the one brought along has expired";
}

TEST(Contextual, RelationshipsAreToldApartFromStoredOnesInAProof) {
  Asked asked;
  const auto answer = asked.Check("user:ann", {"document:plan#viewer@user:ann"});
  EXPECT_THAT(RenderExplanation(answer->explanation), HasSubstr("document:plan#viewer@user:ann  [brought along]"));
}

TEST(Contextual, RelationshipsMustBeOnesThatTheSchemaWouldStore) {
  Asked asked;
  EXPECT_EQ(asked.Refusal({"document:plan#viewer@user:ann", "document:plan#view@user:ann"}),
            "NOT_A_RELATION contextual[1].relation");
  EXPECT_EQ(asked.Refusal({"document:plan#viewer@user:*"}), "SUBJECT_TYPE_NOT_ALLOWED contextual[0].subject");
  EXPECT_EQ(asked.Refusal({"folder:plan#viewer@user:ann"}), "UNKNOWN_DEFINITION contextual[0].resource.type");
  EXPECT_EQ(asked.Refusal({"document:plan#viewer@user:ann", "document:plan#viewer@user:ann"}),
            "DUPLICATE_CONTEXTUAL contextual[1]");
}

TEST(Contextual, RelationshipsNeverSpeakOfDelegation) {
  Asked asked;
  const std::string edge = "user:ann#acts_on_behalf_of@assistant:bot[expiration:2099-01-01T00:00:00Z]";
  EXPECT_EQ(asked.Refusal({edge}), "CONTEXTUAL_NOT_ALLOWED contextual[0]");
  EXPECT_EQ(asked.Refusal({"errand:e#scope@document:plan#view"}), "CONTEXTUAL_NOT_ALLOWED contextual[0]");
  EXPECT_EQ(asked.Refusal({"errand:e#delegator@user:ann"}), "CONTEXTUAL_NOT_ALLOWED contextual[0]");
  EXPECT_EQ(asked.Refusal({"assistant:bot#operator@user:ann"}), "CONTEXTUAL_NOT_ALLOWED contextual[0]")
      << "an ordinary relation of an agent is one of the kinds";
  for (const char* subject : {"assistant:bot", "errand:e", "run:r"}) {
    EXPECT_EQ(asked.Refusal({"document:plan#viewer@user:ann"}, subject), "CONTEXTUAL_NOT_ALLOWED contextual")
        << subject;
  }
}

TEST(Contextual, AQuestionBringsAtMostAThousandRelationships) {
  Asked asked;
  std::vector<std::string> many;
  for (size_t i = 0; i < kContextualMax; ++i) {
    many.push_back(Cat("document:d", i, "#viewer@user:ann"));
  }
  EXPECT_EQ(asked.Refusal(many), "answered");
  many.push_back("document:plan#viewer@user:ann");
  EXPECT_EQ(asked.Refusal(many), "TOO_MANY contextual");
}

TEST(Contextual, RelationshipsOfOneBatchDoNotLeakIntoItsOtherItems) {
  Asked asked;
  auto snapshot = asked.world.store->Head();
  Checker checker(*asked.world.plan, *snapshot, asked.world.now, {});
  CheckQuestion plain{.resource = {"document", "plan"}, .permission = "view", .subject = {"user", "ann", ""}};
  CheckQuestion rich = plain;
  rich.contextual = {*ParseRelationship("document:plan#viewer@user:ann")};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(checker.Check(plain)->decision, Decision::kDenied);
    EXPECT_EQ(checker.Check(rich)->decision, Decision::kAllowed);
  }
}

TEST(Contextual, RelationshipsCountInLookupsAndExpansion) {
  TestWorld world(kContextualSchema, "document:b#viewer@group:core#member\n");
  auto snapshot = world.store->Head();
  std::vector<std::string> found;
  const auto sink = [&](const Found& one) {
    found.push_back(one.id);
    return true;
  };
  const std::vector<Relationship> contextual = {*ParseRelationship("document:a#viewer@user:ann"),
                                                *ParseRelationship("group:core#member@user:ann")};
  ASSERT_TRUE(
      LookupResources(
          *world.plan, *snapshot, world.now, {},
          {.resource_type = "document", .permission = "view", .subject = {"user", "ann", ""}, .contextual = contextual},
          sink)
          .ok());
  EXPECT_THAT(found, ElementsAre("a", "b"));
  found.clear();
  ASSERT_TRUE(
      LookupSubjects(
          *world.plan, *snapshot, world.now, {},
          {.resource = {"document", "b"}, .permission = "view", .subject_type = "user", .contextual = contextual}, sink)
          .ok());
  EXPECT_THAT(found, ElementsAre("ann"));
  Budget budget({});
  const auto tree =
      Expand(*world.plan, *snapshot, world.now, &budget, {{"document", "a"}, "viewer", 0, "", contextual});
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->at(0).subjects.at(0).subject.id, "ann");
}

}  // namespace
}  // namespace mandate
