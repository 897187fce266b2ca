// That what disagrees is found, by each way of asking: a reference is told less than what is
// stored.
#include "tools/reference/agreement.h"

#include "check/test_world.h"
#include "gmock/gmock.h"
#include "tools/reference/world_agreement.h"

namespace mandate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kAgreementSchema[] = R"(
use delegation
use expiration
caveat late(hour int) { hour > 18 }
definition user { relation acts_on_behalf_of: bot with expiration }
definition document { relation viewer: user | user with late
  permission view = viewer }
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: document#view
}
)";

constexpr char kRelationships[] = R"(
document:plan#viewer@user:ann
document:plan#viewer@user:bob[late]
user:ann#acts_on_behalf_of@bot:b[expiration:2030-01-01T00:00:00Z]
errand:1#delegator@user:ann
errand:1#delegated_for_task@bot:b[expiration:2030-01-01T00:00:00Z]
errand:1#scope@document:plan#view
)";

class AgreementTest : public testing::Test {
 protected:
  AgreementTest() : world_(kAgreementSchema, kRelationships), snapshot_(world_.store->Head()) {}

  EngineView Engine() { return {world_.plan.get(), snapshot_.get(), world_.now, world_.limits}; }

  // What is stored, but for the relationship that begins with `without`.
  ReferenceWorld Known(const std::string& without = "") {
    const std::shared_ptr<const Schema> schema(std::shared_ptr<const Schema>(), &world_.plan->schema());
    ReferenceWorld known = *ReadReferenceWorld(schema, *snapshot_, world_.now, 4, 100);
    if (!without.empty()) {
      EXPECT_EQ(std::erase_if(
                    known.relationships,
                    [&](const StoredRelationship& stored) { return ToText(stored.relationship).starts_with(without); }),
                1u);
    }
    return known;
  }

  TestWorld world_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(AgreementTest, OfAWorldAsItIsStoredIsComplete) {
  const WorldAgreement agreement = AgreeOnWorld(Engine(), Known(), {"", R"({"hour":20})"}, {});
  EXPECT_THAT(agreement.disagreements, IsEmpty());
  EXPECT_TRUE(agreement.complete());
  EXPECT_GT(agreement.pairs, 20u);
  EXPECT_GT(agreement.listings, 20u);
}

TEST_F(AgreementTest, IsMissedByEachWayOfAskingAboutPeople) {
  const std::vector<ObjectRef> objects = {
      {"user", "ann"}, {"user", "bob"}, {"document", "plan"}, {"bot", "b"}, {"errand", "1"}};
  ReferenceEvaluator reference(Known("document:plan#viewer@user:bob"), objects);
  Agreement agreement(Engine(), &reference, objects);
  const CheckQuestion of_ann{{"document", "plan"}, "view", {"user", "ann", ""}};
  CheckQuestion of_bob = of_ann;
  of_bob.subject.id = "bob";
  EXPECT_EQ(agreement.OfCheck(of_ann), std::nullopt);
  EXPECT_EQ(agreement.OfCheck(of_bob), "document:plan#view@user:bob\n  check: CONDITIONAL hour\n  reference: NO");
  const auto batch = agreement.OfBatch({of_ann, of_bob});
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->question, 1u);
  EXPECT_THAT(agreement.OfExpand({.resource = {"document", "plan"}, .permission = "view"}, objects).value_or(""),
              HasSubstr("user:bob\n  tree: CONDITIONAL hour\n  reference: NO"));
  EXPECT_THAT(agreement
                  .OfResources({.resource_type = "document", .permission = "view", .subject = {"user", "bob", ""}},
                               Paging::kOneByOne)
                  .value_or(""),
              HasSubstr("on plan\n  lookup: CONDITIONAL hour\n  reference: NO"));
  EXPECT_THAT(agreement
                  .OfSubjects({.resource = {"document", "plan"}, .permission = "view", .subject_type = "user"},
                              Paging::kFromTheMiddle)
                  .value_or(""),
              HasSubstr("for bob\n  lookup: CONDITIONAL hour\n  reference: NO"));
  EXPECT_THAT(agreement.counts(), testing::Contains(testing::Pair("check CONDITIONAL", 2)));
}

TEST_F(AgreementTest, IsMissedByEachWayOfAskingAboutAgents) {
  const std::vector<ObjectRef> objects = {{"user", "ann"}, {"document", "plan"}, {"bot", "b"}, {"errand", "1"}};
  ReferenceEvaluator reference(Known("errand:1#scope"), objects);
  Agreement agreement(Engine(), &reference, objects);
  EXPECT_THAT(agreement
                  .OfCheck({.resource = {"document", "plan"},
                            .permission = "view",
                            .subject = {"bot", "b", ""},
                            .task = ObjectRef{"errand", "1"}})
                  .value_or(""),
              HasSubstr("check: YES\n  reference: NO OUT_OF_SCOPE at errand:1"));
  EXPECT_THAT(agreement
                  .OfResources({.resource_type = "document",
                                .permission = "view",
                                .subject = {"bot", "b", ""},
                                .task = ObjectRef{"errand", "1"}},
                               Paging::kOneByOne)
                  .value_or(""),
              HasSubstr("on plan\n  lookup: YES\n  reference: NO"));
  EXPECT_THAT(agreement
                  .OfSubjects({.resource = {"document", "plan"}, .permission = "view", .subject_type = "bot"},
                              Paging::kOneByOne)
                  .value_or(""),
              ::testing::AllOf(HasSubstr("lookup: YES for user:ann"), HasSubstr("reference:")));
}

TEST_F(AgreementTest, DoesNotCountABudgetThatRanOutAsADisagreement) {
  EngineView engine = Engine();
  engine.limits.budget.steps_max = 1;
  const WorldAgreement agreement = AgreeOnWorld(engine, Known(), {""}, {});
  EXPECT_THAT(agreement.disagreements, IsEmpty());
}

TEST_F(AgreementTest, OfAWorldThatIsTooLargeIsASampleAndSaysSo) {
  const WorldAgreement agreement = AgreeOnWorld(Engine(), Known(), {""}, {.pairs_max = 6, .listings_max = 2});
  EXPECT_FALSE(agreement.complete());
  EXPECT_EQ(agreement.pairs, 6u);
  EXPECT_LT(agreement.listings, agreement.listings_of_world);
  EXPECT_EQ(ReadReferenceWorld(nullptr, *snapshot_, world_.now, 4, 3).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace mandate
