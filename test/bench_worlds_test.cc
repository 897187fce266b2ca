// The worlds of bench/ at a small size: the answers that they are known to have are those of the engine and of the
// reference.
#include "bench/world.h"
#include "bench/world_database.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {
namespace {

struct Size {
  const char* name;
  double scale;
  uint64_t by_reference;  // How many questions the reference is asked, which takes its time for each.
};

class BenchWorld : public testing::TestWithParam<Size> {};

TEST_P(BenchWorld, HasTheAnswersThatItIsKnownToHave) {
  const auto world = MakeWorld(GetParam().name, GetParam().scale);
  ASSERT_TRUE(world.ok()) << world.status();
  WorldDatabase placed(**world, WorldDatabase::Home::kMemory);
  const View view = *placed.database().Head();
  ReferenceWorld rows;
  rows.schema = CompileSchema((*world)->schema()).schema;
  ASSERT_NE(rows.schema, nullptr);
  rows.now = absl::Now();
  uint64_t count = 0;
  (*world)->Generate([&](const Relationship& relationship) {
    ++count;
    rows.relationships.push_back({relationship, Revision(2)});
  });
  EXPECT_EQ(count, placed.relationships()) << "no relationship is there twice";
  ReferenceEvaluator reference(std::move(rows), {});
  uint64_t allowed = 0;
  constexpr uint64_t kQuestions = 600;
  for (uint64_t n = 0; n < kQuestions; ++n) {
    const WorldQuestion asked = (*world)->Question(n);
    const std::string text = Cat(asked.question.resource.id, " ", asked.question.subject.id, " of ", n);
    const auto answer = placed.database().CheckerFor(view).Check(asked.question);
    ASSERT_TRUE(answer.ok()) << text << ": " << answer.status();
    ASSERT_EQ(answer->decision, asked.allowed ? Decision::kAllowed : Decision::kDenied) << text;
    allowed += asked.allowed;
    if (n >= GetParam().by_reference) continue;
    const ReferenceAnswer meant = reference.Check(asked.question);
    EXPECT_EQ(meant.verdict.truth, asked.allowed ? Truth::kYes : Truth::kNo) << text;
  }
  EXPECT_EQ(allowed, kQuestions / 2);
  // What a measurement writes changes the answer that it asks for, and none of the others.
  const CheckQuestion extra = (*world)->ExtraQuestion(3);
  for (const bool there : {false, true, false}) {
    if (there) {
      ASSERT_TRUE(placed.database().Write({{ChangeOp::kTouch, (*world)->Extra(3)}}, {}).ok());
    } else {
      ASSERT_TRUE(placed.database().Write({{ChangeOp::kDelete, (*world)->Extra(3)}}, {}).ok());
    }
    const View now = *placed.database().Head();
    const auto answer = placed.database().CheckerFor(now).Check(extra);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->decision, there ? Decision::kAllowed : Decision::kDenied);
    for (uint64_t n = 0; n < 40; ++n) {
      const WorldQuestion asked = (*world)->Question(n);
      EXPECT_EQ(placed.database().CheckerFor(now).Check(asked.question)->decision == Decision::kAllowed, asked.allowed)
          << n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, BenchWorld,
                         testing::Values(Size{"direct", 0.0005, 40}, Size{"rbac", 0.0004, 40}, Size{"drive", 0.001, 3},
                                         Size{"deep30", 0.005, 40}, Size{"deep1000", 0.002, 10}, Size{"wide", 0.002, 6},
                                         Size{"teams", 0.01, 40}, Size{"exclusion", 0.004, 40},
                                         Size{"agents", 0.001, 2}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(BenchWorlds, OfAnotherNameOrSizeAreRefused) {
  EXPECT_TRUE(absl::IsNotFound(MakeWorld("flat", 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeWorld("direct", 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeWorld("direct", 11).status()));
  for (const std::string& name : WorldNames()) EXPECT_TRUE(MakeWorld(name, 0.001).ok()) << name;
}

}  // namespace
}  // namespace mandate
