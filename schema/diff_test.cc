#include "schema/diff.h"

#include "schema/rule_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// `KIND name#member: before -> after`
std::vector<std::string> Diff(std::string_view before, std::string_view after) {
  std::vector<std::string> out;
  for (const Difference& d : DiffSchemas(*MustCompile(before), *MustCompile(after))) {
    out.push_back(Cat(DifferenceName(d.kind), " ", d.name, d.member.empty() ? "" : "#", d.member, ": ", d.before,
                      " -> ", d.after));
  }
  return out;
}

TEST(Diff, ASchemaDoesNotDifferFromItselfHoweverItIsWritten) {
  const std::string text = InDoc("permission ppp = viewer + wild");
  EXPECT_THAT(Diff(text, text), IsEmpty());
  EXPECT_THAT(Diff("definition user {}\ndefinition doc {\n relation aaa: user | doc#aaa\n "
                   "permission ppp = aaa - (bbb + nil)\n relation bbb: user }",
                   "// header\n\ndefinition doc { relation bbb: user; relation aaa: doc#aaa | user\n"
                   "permission ppp = aaa - bbb }\ndefinition user {}"),
              IsEmpty());
  EXPECT_THAT(Diff("use partial\npartial base { relation aaa: doc }\ndefinition doc { ...base }",
                   "definition doc { relation aaa: doc }"),
              IsEmpty());
  EXPECT_THAT(Diff("caveat cav(a int, b int) { a == b /* same */ }", "caveat cav(b int, a int) {\n  a==b\n}"),
              IsEmpty());
}

TEST(Diff, NamesEverySingleDifference) {
  const std::string head =
      "use expiration\nuse delegation\ncaveat cav(aaa int) { aaa == 1 }\ndefinition user {}\n"
      "definition team { relation member: user }\n";
  struct {
    const char* before;
    const char* after;
    std::vector<std::string> differences;
  } rows[] = {
      {"", "definition doc {}", {"DEFINITION_ADDED doc:  -> definition"}},
      {"agent bot {}", "", {"DEFINITION_REMOVED bot: agent -> "}},
      {"definition doc {}", "agent doc {}", {"DEFINITION_KIND_CHANGED doc: definition -> agent"}},
      {"definition doc {}",
       "definition doc { relation rrr: user | team#member with cav }",
       {"RELATION_ADDED doc#rrr:  -> user | team#member with cav"}},
      {"definition doc { relation rrr: user:* }", "definition doc {}", {"RELATION_REMOVED doc#rrr: user:* -> "}},
      {"definition doc { relation rrr: user | team }",
       "definition doc { relation rrr: team#member | user with expiration }",
       {"SUBJECT_TYPE_REMOVED doc#rrr: user -> ", "SUBJECT_TYPE_REMOVED doc#rrr: team -> ",
        "SUBJECT_TYPE_ADDED doc#rrr:  -> team#member", "SUBJECT_TYPE_ADDED doc#rrr:  -> user with expiration"}},
      {"definition doc { relation rrr: user }",
       "definition doc { permission rrr = nil }",
       {"RELATION_REMOVED doc#rrr: user -> ", "PERMISSION_ADDED doc#rrr:  -> nil"}},
      {"definition doc { relation rrr: user; permission ppp = rrr }",
       "definition doc { relation rrr: user; permission ppp = rrr - (rrr - rrr); permission qqq = "
       "ppp }",
       {"PERMISSION_ADDED doc#qqq:  -> ppp"}},
      {"definition doc { relation rrr: user; permission ppp = rrr }",
       "definition doc { relation rrr: user; permission ppp = rrr.any(member) & nil + rrr }",
       {"PERMISSION_EXPRESSION_CHANGED doc#ppp: rrr -> rrr.any(member) & (nil + rrr)"}},
      {"definition doc { permission ppp = nil }", "definition doc {}", {"PERMISSION_REMOVED doc#ppp: nil -> "}},
      {"", "caveat new(bbb int) { bbb == 2 }", {"CAVEAT_ADDED new:  -> bbb == 2"}},
      {"caveat old(bbb int) { bbb == 2 }", "", {"CAVEAT_REMOVED old: bbb == 2 -> "}},
      {"caveat dov(aaa int, bbb int) { aaa == bbb }",
       "caveat dov(aaa string, ccc string) { aaa == ccc }",
       {"PARAMETER_TYPE_CHANGED dov#aaa: int -> string", "PARAMETER_REMOVED dov#bbb: int -> ",
        "PARAMETER_ADDED dov#ccc:  -> string", "CAVEAT_EXPRESSION_CHANGED dov: aaa == bbb -> aaa == ccc"}},
      {"// One.\ndefinition doc {\n // Two.\n relation rrr: user\n // Three.\n permission ppp = "
       "nil "
       "}\n// Four.\ncaveat dov(aaa int) { aaa == 1 }",
       "definition doc {\n // 2.\n relation rrr: user\n permission ppp = nil }\ncaveat dov(aaa "
       "int) { aaa == 1 }",
       {"DEFINITION_DOC_CHANGED doc: One. -> ", "RELATION_DOC_CHANGED doc#rrr: Two. -> 2.",
        "PERMISSION_DOC_CHANGED doc#ppp: Three. -> ", "CAVEAT_DOC_CHANGED dov: Four. -> "}},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Diff(head + row.before, head + row.after), ElementsAreArray(row.differences)) << row.before << "\n"
                                                                                              << row.after;
  }
}

TEST(Diff, APermissionIsNotChangedByWhatItRestsOn) {
  EXPECT_THAT(Diff("definition user {}\ndefinition team { permission see = nil }\n"
                   "definition doc { relation rrr: team; permission ppp = rrr->see }",
                   "definition user { permission see = nil }\ndefinition team { permission see = "
                   "nil }\ndefinition doc { relation rrr: team | user; permission ppp = rrr->see }"),
              ElementsAre("PERMISSION_ADDED user#see:  -> nil", "SUBJECT_TYPE_ADDED doc#rrr:  -> user"));
}

TEST(Diff, TheOtherWayRoundIsAsLong) {
  const std::string one = InDoc("permission ppp = viewer");
  const std::string other = "definition user {}\ndefinition doc { permission ppp = nil }";
  EXPECT_THAT(Diff(one, other), SizeIs(Diff(other, one).size()));
}

TEST(Diff, RulesAreAddedAndRemovedByTheirText) {
  EXPECT_THAT(
      Diff(WithRules("// Old.\n limit doc#view to 5 per task\n limit doc#edit to 1 per task"),
           WithRules("// New.\n limit doc#view  to 5 per task\n limit doc#edit to 2 per task")),
      ElementsAre("RULE_DOC_CHANGED errand: Old. -> New.", "RULE_REMOVED errand: limit doc#edit to 1 per task -> ",
                  "RULE_ADDED errand:  -> limit doc#edit to 2 per task"));
}

TEST(Diff, NamesSayWhichKindsAreOfDocumentation) {
  int documentation = 0;
  for (int i = 0; i <= static_cast<int>(DifferenceKind::kParameterTypeChanged); ++i) {
    const auto kind = static_cast<DifferenceKind>(i);
    EXPECT_EQ(IsOfDocumentation(kind), DifferenceName(kind).ends_with("_DOC_CHANGED"));
    documentation += IsOfDocumentation(kind);
  }
  EXPECT_EQ(documentation, 5);
}

}  // namespace
}  // namespace mandate
