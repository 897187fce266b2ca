// The fuzzers' properties on a fixed sequence of inputs, so that every build runs them.
#include "gtest/gtest.h"
#include "schema/cel/random_expression.h"

namespace mandate::cel {
namespace {

TEST(CelPartialEvaluation, NeverContradictsTheFullOne) {
  constexpr uint64_t kExpressions = 5'000;
  for (uint64_t seed = 0; seed < kExpressions; ++seed) {
    RandomChoices choices(seed);
    const std::string text = ExpressionMaker(choices).Make();
    ASSERT_EQ(CheckPartialEvaluation(text, choices), "") << "seed " << seed;
  }
}

TEST(CelPartialEvaluation, IsTestedOnExpressionsOfWhichMostCompile) {
  constexpr uint64_t kExpressions = 2'000;
  uint64_t compiled = 0;
  uint64_t undecided = 0;
  for (uint64_t seed = 0; seed < kExpressions; ++seed) {
    RandomChoices choices(seed);
    CompileResult result = Compile(ExpressionMaker(choices).Make(), TestVariables());
    if (!result.ok()) continue;
    ++compiled;
    absl::StatusOr<Evaluation> answer = result.program->Evaluate(Activation());
    undecided += answer.ok() && answer->outcome == Outcome::kMissing;
  }
  EXPECT_GT(compiled, kExpressions * 3 / 4);
  EXPECT_GT(undecided, compiled / 3);
}

TEST(CelCompile, SurvivesDamagedExpressions) {
  constexpr uint64_t kExpressions = 5'000;
  constexpr std::string_view kNoise = "()[]{}.,?:'\"\\!&|<>=+-*/% \n0x9ueE_`";
  for (uint64_t seed = 0; seed < kExpressions; ++seed) {
    RandomChoices choices(seed);
    std::string text = ExpressionMaker(choices).Make();
    for (int edits = 0; edits < 3; ++edits) {
      text[choices.Below(static_cast<uint32_t>(text.size()))] = kNoise[choices.Below(kNoise.size())];
    }
    CompileResult result = Compile(text, TestVariables());
    for (const Diagnostic& diagnostic : result.diagnostics) {
      ASSERT_LE(diagnostic.offset + diagnostic.length, text.size()) << text;
    }
    if (result.ok()) (void)result.program->Evaluate(Activation(), {.cost_limit = 10'000});
  }
}

}  // namespace
}  // namespace mandate::cel
