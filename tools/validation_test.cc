// Validation files and their runs: what is wrong with a file is said with its line, and a world
// that does not hold fails readably.
#include "gmock/gmock.h"
#include "tools/test_process.h"
#include "tools/validation_run.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kSchema[] = R"(schema: |
  definition user {}
  definition document {
    relation viewer: user
    relation banned: user
    permission view = viewer - banned
  }
relationships: |
  // who sees what
  document:plan#viewer@user:alice

  document:plan#viewer@user:mallory
  document:plan#banned@user:mallory
)";

ValidationFile Parse(const std::string& text) {
  auto file = ParseValidationFile("world.yaml", text);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : ValidationFile{};
}

std::vector<std::string> FailuresOf(const std::string& text) {
  return RunValidation(Parse(text), {}).failures;
}

TEST(ValidationFile, SaysWhatIsWrongAndOnWhichLine) {
  struct Row {
    const char* text;
    const char* error;  // Behind `world.yaml:`.
  };
  const std::vector<Row> rows = {
      {"", "1: a validation file is a map with `schema` and `relationships`"},
      {"- a\n- b\n", "1: a validation file is a map with `schema` and `relationships`"},
      {"schema: |\n  definition user {}\nother: [\n", "4: this is not YAML: "},
      {"schema: x\n\trelationships: y\n", "2: this is not YAML: "},
      {"relationships: ''\n", "1: a world needs a `schema` or a `schemaFile`"},
      {"schema: ''\nshcema: ''\n",
       "2: unknown key `shcema`; allowed: schema, schemaFile, relationships, assertions"},
      {"schema: ''\nschema: ''\n", "2: `schema` comes twice"},
      {"schema: [a]\n", "1: `schema` takes text"},
      {"schemaFile: nowhere.zed\n", "1: cannot read `nowhere.zed`; is the name right?"},
      {"schema: ''\nrelationships: [a]\n", "2: `relationships` takes text"},
      {"schema: ''\nrelationships: |\n  team:core#member@user:a\n\n  // c\n  bogus\n",
       "6: `bogus` has no `@`; it is written `type:id#relation@type:id`"},
      {"schema: ''\nrelationships: bogus\n", "2: `bogus` has no `@`"},
      {"schema: ''\nrelationships: \"bogus\"\n", "2: `bogus` has no `@`"},
      {"schema: ''\nassertions: [a]\n", "2: `assertions` takes a map"},
      {"schema: ''\nassertions:\n  assertTrue: document:plan#view@user:alice\n",
       "3: `assertTrue` takes a list"},
      {"schema: ''\nassertions:\n  assertMaybe:\n    - a\n",
       "3: unknown assertion `assertMaybe`; allowed: assertTrue, assertFalse, assertCaveated, "
       "assertError"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - team:core#member@user:a\n    - "
       "document:plan\n",
       "5: `document:plan` has no `@`"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - [a]\n",
       "4: an assertion is one line of text"},
      {"schema: ''\nassertions:\n  assertFalse:\n    - team:core#member@user:a task errand\n",
       "4: `errand` has no `:`"},
      {"schema: ''\nsteps: none\n", "2: `steps` takes a list"},
      {"schema: ''\nsteps:\n  - write\n", "3: a step is a map"},
      {"schema: ''\nsteps:\n  - write: |\n      team:core#member@user:a\n      bogus\n",
       "5: `bogus` has no `@`"},
      {"schema: ''\nsteps:\n  - wriet: x\n",
       "3: unknown key `wriet`; allowed: write, delete, schema"},
      {"schema: ''\nsteps:\n  - clock: soon\n", "3: a clock is a duration, as 90s or 2h"},
      {"schema: ''\nsteps:\n  - drops: bot#boundary\n", "3: `drops` takes a list"},
  };
  for (const Row& row : rows) {
    const absl::Status status = ParseValidationFile("world.yaml", row.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.text;
    EXPECT_THAT(std::string(status.message()), StartsWith(Cat("world.yaml:", row.error)))
        << row.text;
  }
}

TEST(ValidationFile, ReadsAnAssertionWithAllThatItMayEndIn) {
  const ValidationFile file = Parse(
      "schema: ''\nassertions:\n  assertFalse:\n"
      "    - document:plan#view@assistant:bot with {\"a\":1} task errand:1 principal user:alice "
      "agent assistant:bot "
      "reason OUT_OF_SCOPE\n");
  ASSERT_EQ(file.steps.size(), 1u);
  const Assertion& assertion = file.steps[0].assertions.at(0);
  EXPECT_EQ(assertion.expected, Assertion::Expected::kFalse);
  EXPECT_EQ(assertion.line, 4);
  EXPECT_EQ(assertion.question.context, "{\"a\":1}");
  EXPECT_EQ(assertion.question.task, (ObjectRef{"errand", "1"}));
  EXPECT_EQ(assertion.question.claims.principal, (ObjectRef{"user", "alice"}));
  EXPECT_EQ(assertion.question.claims.agent, (ObjectRef{"assistant", "bot"}));
  EXPECT_EQ(assertion.reason, "OUT_OF_SCOPE");
}

TEST(ValidationFile, FindsASchemaFileBesideIt) {
  TempDirectory directory;
  directory.File("schema.zed", "definition user {}");
  auto file =
      LoadValidationFile(directory.File("world.yaml", "schemaFile: schema.zed\nrelationships:\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->steps[0].schema, "definition user {}");
  EXPECT_FALSE(LoadValidationFile(directory.File("missing.yaml")).ok());
}

TEST(ValidationRun, OfAWorldThatHoldsReportsNoFailure) {
  const ValidationReport report = RunValidation(Parse(std::string(kSchema) + R"(assertions:
  assertTrue:
    - document:plan#view@user:alice
  assertFalse:
    - document:plan#view@user:mallory
  assertError:
    - document:plan#see@user:alice reason UNKNOWN_PERMISSION
steps:
  - delete: document:plan#banned@user:mallory
    assertions:
      assertTrue:
        - document:plan#view@user:mallory
  - write: document:plan#viewer@team:core
    refused: UNKNOWN_DEFINITION
)"),
                                                {});
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(report.assertions, 5u);
}

TEST(ValidationRun, ShowsTheLineTheAnswerAndWhyOfAnAssertionThatDoesNotHold) {
  const auto failures = FailuresOf(
      std::string(kSchema) + "assertions:\n  assertTrue:\n    - document:plan#view@user:mallory\n");
  ASSERT_FALSE(failures.empty());
  EXPECT_THAT(
      failures[0],
      StartsWith("world.yaml:16: `document:plan#view@user:mallory` (with the others) was to be "
                 "allowed, and is denied"));
  EXPECT_THAT(failures.back(), HasSubstr("✓ document:plan#banned@user:mallory"));
}

TEST(ValidationRun, TellsAnErrorFromADenial) {
  EXPECT_THAT(FailuresOf(std::string(kSchema) +
                         "assertions:\n  assertFalse:\n    - document:plan#see@user:alice\n"),
              testing::Each(AllOf(StartsWith("world.yaml:16: "),
                                  HasSubstr("was to be denied, and is an error: "
                                            "UNKNOWN_PERMISSION "))));
  EXPECT_THAT(FailuresOf(std::string(kSchema) +
                         "assertions:\n  assertError:\n    - document:plan#view@user:alice\n"),
              testing::Each(HasSubstr("was to be an error, and is allowed")));
}

TEST(ValidationRun, ShowsAWriteThatWasToBeRefusedAndWasNotAndTheOtherWayRound) {
  EXPECT_THAT(
      FailuresOf(std::string(kSchema) +
                 "steps:\n  - write: document:plan#viewer@user:bob\n    refused: CYCLE\n"),
      ElementsAre("world.yaml:15: the write was to be refused with CYCLE, and was accepted"));
  EXPECT_THAT(
      FailuresOf(std::string(kSchema) +
                 "steps:\n  - write: document:plan#view@user:bob\n    refused: CYCLE\n"),
      ElementsAre(StartsWith(
          "world.yaml:15: the write was to be refused with CYCLE, not with NOT_A_RELATION: ")));
  EXPECT_THAT(FailuresOf(std::string(kSchema) + "steps:\n  - write: document:plan#view@user:bob\n"),
              ElementsAre(StartsWith("world.yaml:15: the write was refused: NOT_A_RELATION ")));
}

TEST(ValidationRun, ShowsASchemaThatIsWrong) {
  EXPECT_THAT(FailuresOf("schema: definition user {\n"),
              ElementsAre(AllOf(StartsWith("world.yaml:1: the write was refused: SCHEMA_INVALID "),
                                HasSubstr("^"))));
}

TEST(ValidationRun, HoldsAlsoWithTheDatabaseReopenedInBetween) {
  TempDirectory directory;
  const ValidationReport report =
      RunValidation(Parse(std::string(kSchema) +
                          "assertions:\n  assertTrue:\n    - document:plan#view@user:alice\n"),
                    {.reopen = true, .directory = directory.File("db")});
  EXPECT_THAT(report.failures, IsEmpty());
}

TEST(ValidationRun, MovesTheClockByItsSteps) {
  EXPECT_THAT(FailuresOf(R"(schema: |
  use expiration
  definition user {}
  definition document {
    relation viewer: user with expiration
  }
relationships: document:plan#viewer@user:alice[expiration:2026-01-01T01:00:00Z]
assertions:
  assertTrue:
    - document:plan#viewer@user:alice
steps:
  - clock: 1h
    assertions:
      assertFalse:
        - document:plan#viewer@user:alice
)"),
              IsEmpty());
}

}  // namespace
}  // namespace mandate
