// Validation files: what is wrong with one is said with its line.
#include "tools/validation/validation_file.h"

#include "gmock/gmock.h"
#include "schema/text.h"
#include "tools/test_directory.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

ValidationFile Parse(const std::string& text) {
  auto file = ParseValidationFile("world.yaml", text);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : ValidationFile{{}, {{}}};
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
      {"schema: ''\nshcema: ''\n", "2: unknown key `shcema`; allowed: schema, schemaFile, relationships, assertions"},
      {"schema: ''\n[a]: b\n", "2: a key is a word"},
      {"schema: ''\nschema: ''\n", "2: `schema` comes twice"},
      {"schema: [a]\n", "1: `schema` takes text"},
      {"schemaFile: nowhere.zed\n", "1: cannot read `./nowhere.zed`; is the name right?"},
      {"schemaFile: /etc/passwd\n", "1: a schemaFile is a path from this file's folder"},
      {"schema: ''\nschemaFile: a.zed\n", "2: a world has a `schema` or a `schemaFile`, not both"},
      {"schema: ''\nrelationships: [a]\n", "2: `relationships` takes text"},
      {"schema: ''\nrelationships: |\n  team:core#member@user:a\n\n  // c\n  bogus\n",
       "6: `bogus` has no `@`; it is written `type:id#relation@type:id`"},
      {"schema: ''\nrelationships: >-\n  team:core#member@user:a\n\n  team:core#member@user:b\n\n\n"
       "  bogus\n",
       "8: `bogus` has no `@`"},
      {"schema: ''\nrelationships: bogus\n", "2: `bogus` has no `@`"},
      {"schema: ''\nrelationships: \"bogus\"\n", "2: `bogus` has no `@`"},
      {"schema: ''\nassertions: [a]\n", "2: `assertions` takes a map"},
      {"schema: ''\nassertions:\n  assertTrue: document:plan#view@user:alice\n", "3: `assertTrue` takes a list"},
      {"schema: ''\nassertions:\n  assertMaybe:\n    - a\n",
       "3: unknown key `assertMaybe`; allowed: assertTrue, assertFalse, assertCaveated, "
       "assertError"},
      {"schema: ''\nassertions:\n  assertTrue: []\n  assertTrue: []\n", "4: `assertTrue` comes twice"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - team:core#member@user:a\n    - "
       "document:plan\n",
       "5: `document:plan` has no `@`"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - [a]\n", "4: an assertion is one line of text"},
      {"schema: ''\nassertions:\n  assertFalse:\n    - team:core#member@user:a task errand\n",
       "4: `task`: `errand` has no `:`"},
      {"schema: ''\nassertions:\n  assertFalse:\n    - team:core#member@user:a unless b\n",
       "4: `unless` is not expected here; behind a question may stand: with, given, task"},
      {"schema: ''\nassertions:\n  assertFalse:\n    - team:core#member@user:a with {\"a\":1\n",
       "4: the JSON behind `with` is missing or not closed"},
      {"schema: ''\nassertions:\n  assertFalse:\n    - team:core#member@user:a with {} with {}\n",
       "4: `with` comes twice"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - team:core#member@user:a reason CYCLE\n",
       "4: `reason` is that of a denial or an error"},
      {"schema: ''\nassertions:\n  assertTrue:\n    - team:core#member@user:a needs hour\n",
       "4: `needs` names what a conditional answer misses"},
      {"schema: ''\nvalidation: [a]\n", "2: `validation` takes a map"},
      {"schema: ''\nvalidation:\n  document:plan: []\n", "3: `document:plan` is not `type:id#permission`"},
      {"schema: ''\nvalidation:\n  document:plan#view: all\n", "3: `document:plan#view` takes a list"},
      {"schema: ''\nvalidation:\n  document:plan#view:\n    - user:a\n",
       "4: `user:a` is not `[subject] is <object#relation>`"},
      {"schema: ''\nvalidation:\n  document:plan#view:\n    - '[user:a] has "
       "<document:plan#view>'\n",
       "4: `has <document:plan#view>` is not `is <object#relation>`"},
      {"schema: ''\nvalidation:\n  document:plan#view:\n    - '[user:a] is document:plan#view'\n",
       "4: `document:plan#view` is not `<object#relation>/<object#relation>`"},
      {"schema: ''\nvalidation:\n  document:plan#view:\n    - '[user:a - {user:b}]'\n",
       "4: `[user:a - {user:b}]` takes somebody out of what is no wildcard"},
      {"schema: ''\nvalidation:\n  document:plan#view:\n    - '[user:* - {team:b}]'\n",
       "4: `team:b` cannot be taken out of `user:*`"},
      {"schema: ''\nsteps: none\n", "2: `steps` takes a list"},
      {"schema: ''\nsteps:\n  - write\n", "3: a step is a map"},
      {"schema: ''\nsteps:\n  - write: |\n      team:core#member@user:a\n      bogus\n", "5: `bogus` has no `@`"},
      {"schema: ''\nsteps:\n  - wriet: x\n", "3: unknown key `wriet`; allowed: write, delete, schema"},
      {"schema: ''\nsteps:\n  - says: x\n", "3: `says` is what the error of a step says"},
      {"schema: ''\nsteps:\n  - clock: soon\n", "3: a clock is a duration, as 90s or 2h"},
      {"schema: ''\nsteps:\n  - clock: -2h\n", "3: a clock is a duration, as 90s or 2h"},
      {"schema: ''\nsteps:\n  - drops: bot#boundary\n", "3: `drops` takes a list"},
      {"schema: ''\nsteps:\n  - drops: [[a]]\n", "3: `drops` takes a list of words"},
      {"schema: ''\nsteps:\n  - calls: [a]\n", "3: a call is one of what is expected and a question"},
      {"schema: ''\nsteps:\n  - calls:\n      - allow: a\n",
       "4: unknown key `allow`; allowed: allowed, denied, conditional, invalid, approved, refused"},
      {"schema: ''\nsteps:\n  - calls:\n      - approved: mailbox:1#send@user:a digest d\n",
       "4: an approval is for a task; write `task errand:1` behind it"},
      {"schema: ''\nsteps:\n  - refused: CYCLE\n    calls:\n      - allowed: mailbox:1#send@run:a\n",
       "3: a step that is `refused` goes no further"},
  };
  for (const Row& row : rows) {
    const absl::Status status = ParseValidationFile("world.yaml", row.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.text;
    EXPECT_THAT(std::string(status.message()), StartsWith(Cat("world.yaml:", row.error))) << row.text;
  }
}

TEST(ValidationFile, ReadsAnAssertionWithAllThatItMayEndIn) {
  const ValidationFile file = Parse(
      "schema: ''\nassertions:\n  assertFalse:\n"
      "    - 'document:plan#view@assistant:bot with { \"a\": [1, {}] } task errand:1 principal "
      "user:alice agent assistant:bot chain assistant:bot, assistant:lead reason OUT_OF_SCOPE'\n"
      "  assertCaveated:\n"
      "    - 'document:plan#view@user:bob needs hour, day given "
      "document:plan#viewer@user:bob[late:{\"a\": 1}]'\n");
  ASSERT_EQ(file.steps.size(), 1u);
  const Assertion& assertion = file.steps[0].assertions.at(0);
  EXPECT_EQ(assertion.expected, Assertion::Expected::kFalse);
  EXPECT_EQ(assertion.line, 4);
  EXPECT_EQ(assertion.question.context, "{\"a\":[1,{}]}");
  EXPECT_EQ(assertion.question.task, (ObjectRef{"errand", "1"}));
  EXPECT_EQ(assertion.question.claims.principal, (ObjectRef{"user", "alice"}));
  EXPECT_EQ(assertion.question.claims.agent, (ObjectRef{"assistant", "bot"}));
  EXPECT_THAT(assertion.question.claims.chain,
              ElementsAre(ObjectRef{"assistant", "bot"}, ObjectRef{"assistant", "lead"}));
  EXPECT_EQ(assertion.reason, "OUT_OF_SCOPE");
  const Assertion& other = file.steps[0].assertions.at(1);
  EXPECT_THAT(other.needs, ElementsAre("day", "hour"));
  ASSERT_EQ(other.question.contextual.size(), 1u);
  EXPECT_EQ(other.question.contextual[0].caveat, "late");
}

TEST(ValidationFile, ReadsCallsInTheirOrder) {
  const ValidationFile file = Parse(R"(schema: ''
steps:
  - calls:
      - allowed: mailbox:m#send@run:1 audience user:a, user:b digest d1 key k1 repeated
      - refused: mailbox:m#send@user:eve task errand:1 digest d1 for 90s reason APPROVER_LACKS_PERMISSION
)");
  const std::vector<RecordedStep>& calls = file.steps.at(1).calls;
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_FALSE(calls[0].is_approval);
  EXPECT_EQ(calls[0].call.question.audience.size(), 2u);
  EXPECT_EQ(calls[0].call.question.parameter_digest, "d1");
  EXPECT_EQ(calls[0].call.key, "k1");
  EXPECT_TRUE(calls[0].call.repeated);
  EXPECT_TRUE(calls[1].is_approval);
  EXPECT_EQ(calls[1].call.lasts, absl::Seconds(90));
  EXPECT_EQ(calls[1].call.line, 5);
}

TEST(ValidationFile, ReadsExpectedSubjects) {
  const ValidationFile file = Parse(R"(schema: ''
validation:
  document:plan#view:
    - "[user:alice] is <document:plan#viewer>/<team:core#member>"
    - "[user:bob[...]]"
    - "[user:* - {user:eve, user:x/y[...]}] is <document:plan#viewer>"
    - "[team:core#member] is <document:plan#viewer>"
  document:empty#view:
)");
  const std::vector<ExpectedSet>& sets = file.steps[0].validation;
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].line, 3);
  EXPECT_THAT(sets[1].subjects, IsEmpty());
  const std::vector<ExpectedSubject>& subjects = sets[0].subjects;
  ASSERT_EQ(subjects.size(), 4u);
  EXPECT_EQ(subjects[0].subject, (SubjectRef{"user", "alice", ""}));
  EXPECT_THAT(subjects[0].found_in,
              ElementsAre(SubjectRef{"document", "plan", "viewer"}, SubjectRef{"team", "core", "member"}));
  EXPECT_TRUE(subjects[1].is_conditional);
  EXPECT_EQ(subjects[1].line, 5);
  EXPECT_TRUE(subjects[2].subject.IsWildcard());
  ASSERT_EQ(subjects[2].excluded.size(), 2u);
  EXPECT_EQ(subjects[2].excluded[0].id, "eve");
  EXPECT_FALSE(subjects[2].excluded[0].is_conditional);
  EXPECT_EQ(subjects[2].excluded[1].id, "x/y");
  EXPECT_TRUE(subjects[2].excluded[1].is_conditional);
  EXPECT_EQ(subjects[3].subject, (SubjectRef{"team", "core", "member"}));
}

TEST(ValidationFile, FindsASchemaFileBesideIt) {
  TempDirectory directory;
  directory.File("schema.zed", "definition user {}");
  auto file = LoadValidationFile(directory.File("world.yaml", "schemaFile: schema.zed\nrelationships:\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->steps[0].schema, "definition user {}");
  EXPECT_EQ(file->steps[0].schema_file, directory.File("schema.zed"));
  EXPECT_THAT(std::string(LoadValidationFile(directory.File("missing.yaml")).status().message()),
              HasSubstr("missing.yaml"));
}

}  // namespace
}  // namespace mandate
