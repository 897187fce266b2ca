// What is legal and surely a mistake: what is said, where, under which name, and how a comment
// silences it.
#include "schema/lint.h"

#include "schema/rule_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A row of a table of statements that draw these warnings.
struct Warned {
  std::string name;
  std::string statements;
  std::vector<std::string> warnings;
};

void ExpectWarnings(const std::vector<Warned>& rows, std::string_view lint, std::string_view head = "") {
  for (const Warned& row : rows) {
    const std::string text = InDoc(row.statements, head);
    EXPECT_TRUE(CompileSchema(text).ok()) << row.name;
    EXPECT_THAT(Warnings(text), ElementsAreArray(row.warnings)) << row.name;
    for (const std::string& found : Lints(text)) EXPECT_THAT(found, HasSubstr(lint)) << row.name;
  }
}

TEST(Lint, MixedOperatorsWithoutParenthesesAreShownAsTheyAreRead) {
  const std::string rule = ", since `+` binds tighter than `&`, and `&` tighter than `-`; add parentheses";
  ExpectWarnings({{"two kinds",
                   "permission ppp = viewer - wild + parent->view",
                   {Cat("viewer - wild + parent->view | this is read as `viewer - (wild + parent->view)`", rule)}},
                  {"within parentheses",
                   "permission ppp = viewer & (wild - parent->view + viewer)",
                   {Cat("(wild - parent->view + viewer) | this is read as `wild - (parent->view + viewer)`", rule)}},
                  {"told once for the whole",
                   "permission ppp = viewer - wild + parent->view & viewer",
                   {Cat("viewer - wild + parent->view & viewer | this is read as `viewer - ((wild + "
                        "parent->view) & viewer)`",
                        rule)}},
                  {"told for the whole and for parentheses in it",
                   "permission ppp = viewer - wild + (parent->view - wild & viewer)",
                   {Cat("viewer - wild + (parent->view - wild & viewer) | this is read as `viewer - (wild + "
                        "(parent->view - (wild & viewer)))`",
                        rule),
                    Cat("(parent->view - wild & viewer) | this is read as `parent->view - (wild & viewer)`", rule)}},
                  {"nothing, with parentheses", "permission ppp = viewer - (wild + parent->view)", {}},
                  {"nothing, of one kind", "permission ppp = viewer + wild + parent->view", {}}},
                 "mixed-operators-without-parentheses");
}

TEST(Lint, AnOperandThatStandsTwiceIsPointedAt) {
  ExpectWarnings({{"in a union",
                   "permission ppp = viewer + parent->view + viewer",
                   {"viewer | `viewer` stands twice in this union"}},
                  {"in an intersection, an arrow",
                   "permission ppp = (parent->view & viewer & parent -> view) + wild",
                   {"parent -> view | `parent->view` stands twice in this intersection"}},
                  {"nothing, in different parts", "permission ppp = (viewer & wild) + viewer", {}},
                  {"nothing, walked another way", "permission ppp = parent.any(view) + parent.all(view)", {}}},
                 "operand-twice");
}

TEST(Lint, WhatCanNeverHoldIsSaid) {
  ExpectWarnings({{"itself in an intersection, told once",
                   "permission ppp = viewer & ppp\npermission qqq = ppp",
                   {"ppp | permission `ppp` can never hold: every way to it comes back to itself"}},
                  {"two in a circle",
                   "permission ppp = viewer & qqq\npermission qqq = viewer & ppp",
                   {"ppp | permission `ppp` can never hold: every way to it comes back to itself through "
                    "`qqq`",
                    "qqq | permission `qqq` can never hold: every way to it comes back to itself through "
                    "`ppp`"}},
                  {"itself through an arrow",
                   "relation up_one: doc\npermission ppp = up_one->ppp",
                   {"ppp | permission `ppp` can never hold: every way to it comes back to itself"}},
                  {"types that never meet",
                   "relation bots: bot\npermission ppp = (viewer & bots) + viewer",
                   {"(viewer & bots) | this can never hold: no type of subject can hold all of its parts"}},
                  {"types that never meet, through groups, arrows and permissions",
                   "relation bots: gang#member\npermission aaa = viewer + parent->view\npermission ppp = aaa "
                   "& bots",
                   {"aaa & bots | this can never hold: no type of subject can hold all of its parts"}},
                  {"told once, not of what rests on it",
                   "relation bots: bot\npermission ppp = viewer & bots\npermission qqq = ppp & viewer",
                   {"viewer & bots | this can never hold: no type of subject can hold all of its parts"}},
                  {"what is taken away again",
                   "permission ppp = viewer - (wild + viewer)",
                   {"viewer - (wild + viewer) | this can never hold: `viewer` is taken away again"}},
                  {"one part of what is taken away",
                   "permission ppp = (viewer & wild) - wild",
                   {"(viewer & wild) - wild | this can never hold: `wild` is taken away again"}},
                  {"nothing, for nil means what it says", "permission ppp = nil\npermission qqq = ppp & viewer", {}},
                  {"nothing, for a type is in both",
                   "relation bots: bot | group#member\npermission ppp = viewer & bots & wild",
                   {}},
                  {"nothing, for subject sets meet",
                   "relation first: nest#inner\nrelation second: nest#inner\npermission ppp = first & second",
                   {}},
                  {"nothing, for more than it is taken away from", "permission ppp = (viewer + wild) - viewer", {}}},
                 "never-holds",
                 "definition bot {}\ndefinition gang { relation member: bot }\n"
                 "definition nest { relation inner: nest#inner }\n");
}

TEST(Lint, APermissionThatComesBackToItselfOnOneObjectAddsNobody) {
  ExpectWarnings({{"itself",
                   "permission ppp = viewer + ppp + parent->view",
                   {"ppp | permission `ppp` comes back to itself on the same object, which adds nobody"}},
                  {"through others",
                   "permission ppp = qqq + viewer\npermission qqq = ppp + wild",
                   {"ppp | permission `ppp` comes back to itself on the same object through `qqq`, which adds "
                    "nobody",
                    "qqq | permission `qqq` comes back to itself on the same object through `ppp`, which adds "
                    "nobody"}},
                  {"nothing, on other objects", "relation up_one: doc\npermission ppp = viewer + up_one->ppp", {}}},
                 "permission-references-itself");
}

TEST(Lint, WhatSubtractsItselfOnOtherObjectsMayHaveNoAnswer) {
  ExpectWarnings({{"through an arrow",
                   "relation up_one: doc\npermission ppp = viewer - up_one->ppp",
                   {"viewer - up_one->ppp | this subtracts itself on other objects: where such objects form a "
                    "circle it has no answer"}}},
                 "subtracts-itself");
}

TEST(Lint, AnArrowThatLeadsNowhereIsSaid) {
  ExpectWarnings({{"no such name",
                   "permission ppp = parent->veiw",
                   {"veiw | this arrow never holds: no type that `parent` can hold (`folder`) has a relation "
                    "or permission `veiw`; did you mean `view`?"}},
                  {"halfway",
                   "permission ppp = parent->parent->owner->view",
                   {"owner | this arrow never holds: no type that `parent` can hold (`folder`) has a relation "
                    "or permission `owner`"}},
                  {"nothing, for one type has it", "relation place: folder | user\npermission ppp = place->view", {}}},
                 "arrow-references-unreachable-relation");
}

TEST(Lint, AnArrowOverASubjectSetGoesToTheObject) {
  ExpectWarnings({{"the object has the target",
                   "relation place: group#member\npermission ppp = place->member",
                   {"place | an arrow goes to objects: of `group#member` in `place` it takes the `group` "
                    "itself, and `member` is ignored"}},
                  {"in the middle",
                   "relation owner: doc\nrelation place: user | group#member\npermission ppp = "
                   "owner->place->member",
                   {"place | an arrow goes to objects: of `group#member` in `place` it takes the `group` "
                    "itself, and `member` is ignored"}},
                  {"nothing, for objects", "relation place: group\npermission ppp = place->member", {}}},
                 "arrow-walks-subject-relation");
}

TEST(Lint, ANameOfATypeThatItDoesNotHoldMisleads) {
  ExpectWarnings(
      {{"a relation",
        "relation folder: user",
        {"folder | relation `folder` has the name of a definition, which it cannot "
         "hold"}},
       {"a permission", "permission folder = viewer", {"folder | permission `folder` has the name of a definition"}},
       {"nothing, for it holds it", "relation folder: folder#view | user\nrelation group: user | group", {}}},
      "name-shadows-type");
}

TEST(Lint, AnAnnotationOfWhatIsNoTypeIsSaid) {
  ExpectWarnings({{"a slip",
                   "permission ppp: usr | group = viewer",
                   {"usr | definition `usr` does not exist; did you mean `user`?"}}},
                 "annotation-of-unknown-type");
}

TEST(Lint, ATaskThatAnAgentCanNeverDelegateIsSaid) {
  EXPECT_THAT(Lints("use delegation\nuse expiration\ndefinition doc { permission see = nil }\n"
                    "agent bot {}\ntask job { relation delegator: bot; relation "
                    "delegated_for_task: bot with expiration; relation scope: doc#see }"),
              ElementsAre("bot | delegator-without-parent-task"));
}

TEST(Lint, RulesThatDoNothingAreSaid) {
  const std::string rules =
      "limit doc#view to 5 per task\n limit doc#view to 6 per task\n after doc#draft forbid "
      "doc#edit";
  EXPECT_THAT(Lints(WithRules(rules)),
              ElementsAre("limit doc#view to 6 per task | rule-is-void", "doc#draft | rule-outside-scope"));
  EXPECT_THAT(Lints(WithRules("// mandate-ignore-warning: rule-outside-scope\n after doc#draft "
                              "forbid doc#edit")),
              IsEmpty());
}

TEST(Lint, ACommentSilencesTheLintThatItNames) {
  const std::string mixed = "permission ppp = viewer - wild + parent->view";
  const std::string ours = "// mandate-ignore-warning: mixed-operators-without-parentheses";
  const std::string rows[] = {
      Cat(ours, "\n", mixed),
      Cat("// spicedb-ignore-warning: mixed-operators-without-parentheses\n", mixed),
      Cat("/** Docs.\n * mandate-ignore-warning: mixed-operators-without-parentheses */\n", mixed),
      Cat(ours, "\n\n// Docs.\n", mixed),
      Cat(mixed, " ", ours),
      Cat("permission ppp = ", ours, "\n viewer - wild + parent->view"),
      Cat("// mandate-ignore-warning: never-holds, mixed-operators-without-parentheses\n", mixed),
  };
  for (const std::string& row : rows) EXPECT_THAT(Lints(InDoc(row)), IsEmpty()) << row;
}

TEST(Lint, ACommentSilencesNoOtherLintAndNoOtherStatement) {
  const std::string mixed = "permission ppp = viewer - wild + parent->view\n";
  EXPECT_THAT(Lints(InDoc(Cat("// mandate-ignore-warning: never-holds\n", mixed))), SizeIs(1));
  EXPECT_THAT(Lints(InDoc(Cat("// mandate-ignore-warning: mixed-operators-without-parentheses\n", mixed,
                              "permission qqq = viewer - wild & parent->view"))),
              ElementsAre("viewer - wild & parent->view | mixed-operators-without-parentheses"));
}

TEST(Lint, ACommentBeforeADefinitionSilencesAllOfIt) {
  EXPECT_THAT(Lints("definition user {}\n// mandate-ignore-warning: permission-references-itself\n"
                    "definition doc { relation rrr: user; permission aaa = aaa + rrr; permission bbb = bbb "
                    "+ rrr }\ndefinition file { relation rrr: user; permission aaa = aaa + rrr }"),
              ElementsAre("aaa | permission-references-itself"));
}

TEST(Lint, ACommentInAPartialSilencesWhereItIsPutIn) {
  const std::string_view text =
      "use partial\ndefinition user {}\npartial base { relation rrr: user\n"
      "// mandate-ignore-warning: permission-references-itself\npermission aaa = aaa + rrr }\n"
      "definition doc { ...base }";
  EXPECT_THAT(Lints(text), IsEmpty());
}

// Repetitions once counted toward the thousand that are kept, and pushed out other warnings.
TEST(Lint, AWarningInAPartialIsSaidAndCountedOnce) {
  std::string text = "use partial\npartial base { relation rrr: user; permission ppp = rrr->nothing }\n";
  for (int i = 0; i < 1500; ++i) text += Cat("definition doc", i, " { ...base }\n");
  EXPECT_THAT(Lints(text + "definition user { relation doc1: user }"),
              ElementsAre("nothing | arrow-references-unreachable-relation", "doc1 | name-shadows-type"));
}

TEST(Lint, ASilencingCommentIsNoDocumentation) {
  const auto schema = MustCompile("// First.\n// mandate-ignore-warning: never-holds\n// Second.\ndefinition user {}");
  EXPECT_EQ(schema->definition(TypeId{0}).doc, "First.\nSecond.");
}

TEST(Lint, AMistypedNameInAnOwnCommentIsSaid) {
  EXPECT_THAT(Warnings(InDoc("// mandate-ignore-warning: never-hold\npermission ppp = viewer")),
              ElementsAre("ppp | there is no warning `never-hold` to ignore; did you mean "
                          "`never-holds`?"));
  EXPECT_THAT(Lints(InDoc("// mandate-ignore-warning: something-else\npermission ppp = viewer")),
              ElementsAre("ppp | unknown-warning-name"));
  EXPECT_THAT(Lints(InDoc("// spicedb-ignore-warning: arrow-references-relation\npermission ppp = viewer")), IsEmpty())
      << "existing tools have lints that are none here";
}

// Once the text was read no further after a thousand warnings, and the rest of the schema was lost
// without a word.
TEST(Lint, ThousandsOfWarningsDoNotEndTheSchema) {
  std::string text = "definition user {}\n";
  for (int i = 0; i < 1500; ++i) {
    text += Cat("definition doc", i, " { relation aaa: user; relation bbb: user; permission ppp = aaa - nil + bbb }\n");
  }
  const CompileResult result = CompileSchema(text + "definition last {}");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.schema->FindType("last").has_value());
  ASSERT_THAT(result.diagnostics, SizeIs(1001));
  EXPECT_EQ(result.diagnostics.back().severity, Severity::kWarning);
  EXPECT_EQ(result.diagnostics.back().message, "too many warnings; 500 more are not shown");
  EXPECT_THAT(Errors(text + "definition last { relation rrr: nobody }"), SizeIs(1)) << "warnings push out no error";
}

}  // namespace
}  // namespace mandate
