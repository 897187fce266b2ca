// Runs of validation files: a world that does not hold fails readably.
#include "tools/validation_run.h"

#include "gmock/gmock.h"
#include "tools/junit.h"
#include "tools/test_directory.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// 14 lines.
constexpr char kWorldOfDocuments[] = R"(schema: |
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

ValidationReport RunText(const std::string& text, const ValidationOptions& options = {}) {
  auto file = ParseValidationFile("world.yaml", text);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? RunValidation(*file, options) : ValidationReport{};
}

std::vector<std::string> FailuresOf(const std::string& text) {
  std::vector<std::string> texts;
  for (const Failure& each : RunText(text).Failures()) texts.push_back(ToText("world.yaml", each));
  return texts;
}

TEST(ValidationRun, OfAWorldThatHoldsReportsNoFailure) {
  const ValidationReport report = RunText(std::string(kWorldOfDocuments) + R"(assertions:
  assertTrue:
    - document:plan#view@user:alice
    - document:plan#view@user:bob given document:plan#viewer@user:bob
  assertFalse:
    - document:plan#view@user:mallory
  assertError:
    - document:plan#see@user:alice reason UNKNOWN_PERMISSION
validation:
  document:plan#view:
    - "[user:alice] is <document:plan#viewer>"
  document:plan#banned:
    - "[user:mallory]"
steps:
  - delete: document:plan#banned@user:mallory
    assertions:
      assertTrue:
        - document:plan#view@user:mallory
  - write: document:plan#viewer@team:core
    refused: UNKNOWN_DEFINITION
    says: team
)");
  EXPECT_THAT(report.Failures(), IsEmpty());
  EXPECT_EQ(report.assertions, 8u);
  EXPECT_EQ(report.pairs, report.pairs_of_world);
  EXPECT_GT(report.pairs, 50u);
  EXPECT_THAT(report.notes, IsEmpty());
}

TEST(ValidationRun, ShowsTheLineTheAnswerAndWhyOfAnAssertionThatDoesNotHold) {
  EXPECT_THAT(FailuresOf(std::string(kWorldOfDocuments) +
                         "assertions:\n  assertTrue:\n    - document:plan#view@user:mallory\n"),
              ElementsAre(AllOf(StartsWith("world.yaml:17: document:plan#view@user:mallory\n"
                                           "    expected: allowed\n"
                                           "    got:      denied\n"
                                           "    because:  ✗ document:plan#view\n"),
                                HasSubstr("✓ document:plan#banned@user:mallory"))));
}

TEST(ValidationRun, TellsAnErrorFromADenial) {
  EXPECT_THAT(
      FailuresOf(std::string(kWorldOfDocuments) + "assertions:\n  assertFalse:\n    - document:plan#see@user:alice\n"),
      ElementsAre(HasSubstr("expected: denied\n"
                            "    got:      an error, UNKNOWN_PERMISSION: ")));
  EXPECT_THAT(
      FailuresOf(std::string(kWorldOfDocuments) + "assertions:\n  assertError:\n    - document:plan#view@user:alice\n"),
      ElementsAre(HasSubstr("expected: an error\n    got:      allowed")));
}

TEST(ValidationRun, HoldsAConditionalAnswerToWhatItNeeds) {
  constexpr char kCaveat[] = R"(schema: |
  definition user {}
  caveat late(hour int, from int) { hour > from }
  definition document { relation viewer: user with late }
relationships: |
  document:plan#viewer@user:alice[late]
assertions:
  assertCaveated:
    - document:plan#viewer@user:alice needs from, hour
    - 'document:plan#viewer@user:alice with {"from": 20} needs from, hour'
)";
  EXPECT_THAT(FailuresOf(kCaveat),
              ElementsAre(AllOf(StartsWith("world.yaml:10: "), HasSubstr("expected: conditional, needs from, hour\n"
                                                                         "    got:      conditional, needs hour"))));
}

TEST(ValidationRun, HoldsAnExpectedSetToWhoIsFoundAndWhere) {
  const std::string world = R"(schema: |
  definition user {}
  definition team { relation member: user }
  caveat late(hour int) { hour > 18 }
  definition document {
    relation viewer: user | user:* | team#member | user with late
    relation banned: user | user with late
    permission view = viewer - banned
  }
relationships: |
  document:plan#viewer@user:alice
  document:plan#viewer@user:bob[late]
  document:plan#viewer@team:core#member
  team:core#member@user:alice
  document:all#viewer@user:*
  document:all#banned@user:eve
  document:all#banned@user:mallory[late]
)";
  EXPECT_THAT(FailuresOf(world + R"(validation:
  document:plan#view:
    - "[user:alice] is <document:plan#viewer>/<team:core#member>"
    - "[user:bob[...]] is <document:plan#viewer>"
    - "[team:core#member]"
  document:all#view:
    - "[user:* - {user:eve, user:mallory[...]}] is <document:all#viewer>"
)"),
              IsEmpty());
  EXPECT_THAT(
      FailuresOf(world + R"(validation:
  document:plan#view:
    - "[user:alice] is <document:plan#viewer>"
    - "[user:bob]"
    - "[user:carl]"
  document:all#view:
    - "[user:* - {user:eve[...]}]"
)"),
      ElementsAre(AllOf(StartsWith("world.yaml:20: document:plan#view: [user:alice]"),
                        HasSubstr("expected: <document:plan#viewer>\n"
                                  "    got:      <document:plan#viewer>/<team:core#member>")),
                  AllOf(StartsWith("world.yaml:21: "), HasSubstr("expected: allowed\n    got:      conditional")),
                  AllOf(StartsWith("world.yaml:22: "), HasSubstr("got:      not found")),
                  AllOf(StartsWith("world.yaml:19: document:plan#view: [team:core#member]"),
                        HasSubstr("expected: nobody else\n    got:      allowed, stands in "
                                  "<document:plan#viewer>")),
                  AllOf(StartsWith("world.yaml:24: "), HasSubstr("expected: taken out: eve[...]\n"
                                                                 "    got:      taken out: eve, mallory[...]"))));
}

TEST(ValidationRun, ShowsAWriteThatWasToBeRefusedAndWasNotAndTheOtherWayRound) {
  EXPECT_THAT(FailuresOf(std::string(kWorldOfDocuments) +
                         "steps:\n  - write: document:plan#viewer@user:bob\n    refused: CYCLE\n"),
              ElementsAre("world.yaml:16: the write\n    expected: refused with CYCLE\n"
                          "    got:      accepted"));
  EXPECT_THAT(FailuresOf(std::string(kWorldOfDocuments) +
                         "steps:\n  - write: document:plan#view@user:bob\n    refused: CYCLE\n"),
              ElementsAre(HasSubstr("got:      refused, NOT_A_RELATION: ")));
  EXPECT_THAT(FailuresOf(std::string(kWorldOfDocuments) + "steps:\n  - write: document:plan#view@user:bob\n"
                                                          "    refused: NOT_A_RELATION\n    says: nonsense\n"),
              ElementsAre(HasSubstr("expected: refused with NOT_A_RELATION, saying: nonsense\n")));
  EXPECT_THAT(FailuresOf(std::string(kWorldOfDocuments) + "steps:\n  - write: document:plan#view@user:bob\n"),
              ElementsAre(AllOf(StartsWith("world.yaml:16: document:plan#view@user:bob\n"),
                                HasSubstr("expected: accepted\n"
                                          "    got:      refused, NOT_A_RELATION: "))));
}

TEST(ValidationRun, ShowsASchemaThatIsWrongWhereItStands) {
  EXPECT_THAT(FailuresOf("schema: definition user {\n"),
              ElementsAre(AllOf(HasSubstr("refused, SCHEMA_INVALID: schema:1:"), HasSubstr("^"))));
  TempDirectory directory;
  directory.File("broken.zed", "definition user {");
  const auto file = LoadValidationFile(directory.File("world.yaml", "schemaFile: broken.zed\n"));
  const auto failures = RunValidation(*file, {}).Failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_THAT(failures[0].got, HasSubstr(directory.File("broken.zed:1:")));
}

TEST(ValidationRun, HoldsAlsoWithTheDatabaseReopenedInBetween) {
  TempDirectory directory;
  const ValidationReport report =
      RunText(std::string(kWorldOfDocuments) + "assertions:\n  assertTrue:\n    - document:plan#view@user:alice\n",
              {.reopen = true, .directory = directory.File("db")});
  EXPECT_THAT(report.Failures(), IsEmpty());
}

TEST(ValidationRun, ShowsACallThatWasDecidedOtherwiseAndGoesOn) {
  const std::string world = R"(schema: |
  use delegation
  use expiration
  definition user { relation acts_on_behalf_of: bot with expiration }
  definition mailbox { relation owner: user }
  agent bot {}
  task errand {
    relation delegator: user
    relation delegated_for_task: bot with expiration
    relation scope: mailbox:*#owner
    limit mailbox#owner to 1 per task
  }
  session run {
    relation agent: bot with expiration
    relation task: errand
  }
relationships: |
  mailbox:m#owner@user:ann
  user:ann#acts_on_behalf_of@bot:b[expiration:2030-01-01T00:00:00Z]
  errand:1#delegator@user:ann
  errand:1#delegated_for_task@bot:b[expiration:2030-01-01T00:00:00Z]
  errand:1#scope@mailbox:*#owner
  run:1#agent@bot:b[expiration:2030-01-01T00:00:00Z]
  run:1#task@errand:1
steps:
  - calls:
)";
  EXPECT_THAT(FailuresOf(world + "      - denied: mailbox:m#owner@run:1 reason LIMIT_REACHED\n"
                                 "      - allowed: mailbox:m#owner@run:1 key k\n"
                                 "      - allowed: mailbox:m#owner@run:1 repeated\n"),
              ElementsAre(AllOf(HasSubstr(":27: mailbox:m#owner@run:1 reason LIMIT_REACHED\n"),
                                HasSubstr("expected: denied, LIMIT_REACHED\n    got:      allowed")),
                          HasSubstr("got:      denied, LIMIT_REACHED at errand:1, rule `limit mailbox#owner"),
                          HasSubstr("got:      denied, LIMIT_REACHED")));
  EXPECT_THAT(FailuresOf(world + "      - allowed: mailbox:m#owner@run:1 key k\n"
                                 "      - allowed: mailbox:m#owner@run:1 key k\n"),
              ElementsAre(AllOf(HasSubstr("expected: an answer of its own"),
                                HasSubstr("got:      the answer of an earlier call"))));
  EXPECT_THAT(FailuresOf(world + "      - approved: mailbox:m#owner@user:ann task errand:1 digest d\n"),
              ElementsAre(HasSubstr("got:      refused, NO_APPROVAL_NEEDED")));
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

TEST(ValidationRun, SaysSoWhenAWorldIsTooLargeToAskEverything) {
  ValidationOptions options;
  options.bounds.pairs_max = 10;
  ValidationReport report = RunText(kWorldOfDocuments, options);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("agreement was asked for a sample: 10 of ")));
  EXPECT_LT(report.pairs, report.pairs_of_world);
  options.agreement_relationships_max = 2;
  EXPECT_THAT(RunText(kWorldOfDocuments, options).notes,
              ElementsAre(HasSubstr("agreement was not asked for: it holds more than 2")));
  options.agreement = false;
  EXPECT_THAT(RunText(kWorldOfDocuments, options).notes, IsEmpty());
}

TEST(JUnit, HasASuiteForEachFileAndACaseForEachExpectation) {
  TestedWorld holds{.path = "good.yaml"};
  holds.report =
      RunText(std::string(kWorldOfDocuments) + "assertions:\n  assertTrue:\n    - document:plan#view@user:alice\n");
  TestedWorld fails{.path = "a&b.yaml", .took = absl::Milliseconds(1500)};
  fails.report =
      RunText(std::string(kWorldOfDocuments) + "assertions:\n  assertTrue:\n    - document:plan#view@user:mallory\n");
  const TestedWorld broken{.path = "broken.yaml", .loaded = absl::InvalidArgumentError("unknown key `\x01<\xff`")};
  const std::string xml = ToJUnit({holds, fails, broken});
  EXPECT_THAT(xml, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "
                              "name=\"mandate test\" tests=\"5\" failures=\"1\" errors=\"1\" "
                              "skipped=\"0\" time=\"1.500\">\n"));
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"a&amp;b.yaml\" tests=\"2\" failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"17: document:plan#view@user:alice\" "
                             "classname=\"good.yaml\" file=\"good.yaml\" line=\"17\" time=\"0\"/>"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"expected allowed, got denied\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"unknown key `?&lt;?`\""));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace mandate
