#include "schema/rule_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

std::vector<std::string> Narrowed(std::string_view before, std::string_view after) {
  std::vector<std::string> out;
  const SchemaChange change = CompareForStorage(*MustCompile(before), *MustCompile(after));
  for (const SchemaChange::Narrowed& n : change.narrowed) out.push_back(Cat(n.type, "#", n.relation));
  return out;
}

std::vector<std::string> Widened(std::string_view before, std::string_view after) {
  return CompareForStorage(*MustCompile(before), *MustCompile(after)).widened;
}

TEST(Compare, ASchemaNarrowsNothingOfItself) {
  const std::string text = InDoc("permission ppp = viewer");
  EXPECT_THAT(Narrowed(text, text), IsEmpty());
  EXPECT_THAT(Widened(text, text), IsEmpty());
}

TEST(Compare, ARelationIsNarrowedWhenSomeFormThatItAllowedIsGone) {
  const std::string head =
      "use expiration\ncaveat cav(aaa int) { aaa == 1 }\ncaveat dov(aaa int) { aaa == 1 }\n"
      "definition user {}\ndefinition team { relation member: user; relation lead: user }\n";
  struct {
    const char* name;
    const char* before;
    const char* after;
    std::vector<std::string> narrowed;
  } rows[] = {
      {"a type is gone", "relation rrr: user | team", "relation rrr: user", {"doc#rrr"}},
      {"a type is new", "relation rrr: user", "relation rrr: user | team", {}},
      {"another order", "relation rrr: user | team", "relation rrr: team | user", {}},
      {"the wildcard is gone", "relation rrr: user | user:*", "relation rrr: user", {"doc#rrr"}},
      {"only the wildcard stays", "relation rrr: user | user:*", "relation rrr: user:*", {"doc#rrr"}},
      {"another subject set", "relation rrr: team#member", "relation rrr: team#lead", {"doc#rrr"}},
      {"a caveat becomes a duty", "relation rrr: user", "relation rrr: user with cav", {"doc#rrr"}},
      {"a caveat becomes possible", "relation rrr: user", "relation rrr: user | user with cav", {}},
      {"another caveat", "relation rrr: user with cav", "relation rrr: user with dov", {"doc#rrr"}},
      {"an expiry becomes a duty", "relation rrr: user", "relation rrr: user with expiration", {"doc#rrr"}},
      {"an expiry is no longer allowed", "relation rrr: user with expiration", "relation rrr: user", {"doc#rrr"}},
      {"the relation is gone", "relation rrr: user\nrelation sss: user", "relation sss: user", {"doc#rrr"}},
      {"the relation is a permission now", "relation rrr: user", "permission rrr = nil", {"doc#rrr"}},
      {"a permission changes",
       "relation rrr: user\npermission ppp = rrr",
       "relation rrr: user\npermission ppp = nil",
       {}},
      {"a permission is gone", "relation rrr: user\npermission ppp = rrr", "relation rrr: user", {}},
  };
  for (const auto& row : rows) {
    const auto schema = [&](const char* body) { return Cat(head, "definition doc {\n", body, "\n}"); };
    EXPECT_THAT(Narrowed(schema(row.before), schema(row.after)), ElementsAreArray(row.narrowed)) << row.name;
  }
}

TEST(Compare, ATypeThatIsGoneTakesItsRelationsAndTheFormsThatNameIt) {
  EXPECT_THAT(Narrowed("definition user {}\ndefinition team { relation member: user }\ndefinition "
                       "doc { relation rrr: team#member }",
                       "definition user {}\ndefinition doc { relation rrr: user }"),
              ElementsAre("team#member", "doc#rrr"));
}

constexpr std::string_view kBefore = R"(use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition doc { relation rrr: user; permission view = rrr }
agent bot { relation boundary: doc:*#view; relation operator: user }
)";

TEST(Compare, AKindThatChangesNarrowsEveryRelationOfTheType) {
  EXPECT_THAT(Narrowed("definition bot { relation operator: bot }",
                       "use delegation\nagent bot { relation other: nobody }\ndefinition nobody {}"),
              ElementsAre("bot#operator"));
}

TEST(Compare, ARelationThatBecomesReservedIsNarrowed) {
  EXPECT_THAT(Narrowed("use expiration\ndefinition bot {}\ndefinition user { relation "
                       "acts_on_behalf_of: bot with expiration }",
                       "use expiration use delegation\nagent bot {}\ndefinition user { relation "
                       "acts_on_behalf_of: bot with expiration }"),
              ElementsAre("user#acts_on_behalf_of"));
}

TEST(Compare, ABoundaryThatIsGoneWidensAuthority) {
  std::string after(kBefore);
  after.replace(after.find("relation boundary: doc:*#view; "), 31, "");
  EXPECT_THAT(Widened(kBefore, after), ElementsAre("bot#boundary"));
  EXPECT_THAT(Widened(after, kBefore), IsEmpty());
  EXPECT_THAT(Widened(kBefore, "definition user {}"), IsEmpty()) << "an agent that is gone may do nothing";
}

TEST(Compare, AnAgentThatBecomesAnotherKindWidensAuthority) {
  std::string after(kBefore);
  after.replace(after.find("agent bot { relation boundary: doc:*#view; "), 42, "definition bot { ");
  after.replace(after.find("use delegation\n"), 15, "");
  EXPECT_THAT(Widened(kBefore, after), ElementsAre("bot#boundary"))
      << "with the stored relationships allowed still, it could come back without one";
}

TEST(Compare, ARuleThatIsGoneOrWeakerWidensAuthority) {
  struct {
    const char* name;
    const char* before;
    const char* after;
    bool widened;
  } rows[] = {
      {"kept", "limit mail#send to 5 per task", "limit mail#send to 5 per task", false},
      {"gone", "limit mail#send to 5 per task", "", true},
      {"a lower limit", "limit mail#send to 5 per task", "limit mail#send to 4 per task", false},
      {"a higher limit", "limit mail#send to 5 per task", "limit mail#send to 6 per task", true},
      {"per session no more", "limit mail#send to 5 per session", "limit mail#send to 5 per task", false},
      {"per session no more, and higher", "limit mail#send to 5 per session", "limit mail#send to 6 per task", true},
      {"per session only", "limit mail#send to 5 per task", "limit mail#send to 5 per session", true},
      {"of another permission", "limit doc#view to 5 per task", "limit doc#edit to 5 per task", true},
      {"whenever", "after doc#view when secret forbid doc#edit", "after doc#view forbid doc#edit", false},
      {"only when", "after doc#view forbid doc#edit", "after doc#view when secret forbid doc#edit", true},
      {"when something else", "after doc#view when secret forbid doc#edit", "after doc#view when owner forbid doc#edit",
       true},
      {"something else forbidden", "after doc#view forbid doc#edit", "after doc#view forbid mail#send", true},
      {"contained instead", "after doc#view forbid mail#send", "contain doc#view at mail#send", true},
      {"contained whenever", "contain doc#view when secret at mail#send", "contain doc#view at mail#send", false},
      {"contained only when", "contain doc#view at mail#send", "contain doc#view when secret at mail#send", true},
      {"four eyes", "require approval for doc#edit by owner",
       "require approval for doc#edit by owner other than principal", false},
      {"two eyes", "require approval for doc#edit by owner other than principal",
       "require approval for doc#edit by owner", true},
      {"another approver", "require approval for doc#edit by owner", "require approval for doc#edit by viewer", true},
      {"one of two", "limit mail#send to 5 per task\nafter doc#view forbid doc#edit", "limit mail#send to 5 per task",
       true},
  };
  for (const auto& row : rows) {
    std::vector<std::string> widened;
    const std::string_view before = row.before;
    if (row.widened) widened.push_back(Cat("errand: ", before.substr(before.find('\n') + 1)));
    EXPECT_THAT(Widened(WithRules(row.before), WithRules(row.after)), ElementsAreArray(widened)) << row.name;
  }
}

TEST(Compare, ARuleIsTheSameWhereverItStandsAndHoweverItIsSpelled) {
  EXPECT_THAT(Widened(WithRules("limit mail#send to 5 per task\nafter doc#view forbid doc#edit"),
                      WithRules("/** New. */ after doc # view forbid doc#edit; limit mail#send to 05 per task")),
              IsEmpty());
  EXPECT_THAT(
      Widened(WithRules("limit mail#send to 5 per task"), Cat("use delegation use expiration\ndefinition fresh {}\n",
                                                              WithRules("limit mail#send to 5 per task").substr(30))),
      IsEmpty())
      << "whatever its number";
}

TEST(Compare, ARuleThatGoesTogetherWithWhatItIsAboutIsNamedAllTheSame) {
  std::string after = WithRules("");
  after.replace(after.find("definition mail {"), 17, "definition post {");
  after.replace(after.find("mail#send"), 9, "post#send");
  EXPECT_THAT(Widened(WithRules("after mail#send forbid doc#edit"), after),
              ElementsAre("errand: after mail#send forbid doc#edit"))
      << "what was sent is still in the ledger";
}

TEST(Compare, WhatAPermissionOfARuleMeansIsNotJudged) {
  std::string after = WithRules("after doc#view when secret forbid doc#edit");
  after.replace(after.find("permission view = viewer + edit"), 31, "permission view = viewer");
  EXPECT_THAT(Widened(WithRules("after doc#view when secret forbid doc#edit"), after), IsEmpty());
}

TEST(Compare, ATaskThatBecomesAnotherKindWidensAuthorityAndOneThatIsGoneDoesNot) {
  const std::string before = WithRules("limit mail#send to 5 per task");
  std::string after = before;
  after.replace(after.find("use delegation\n"), 15, "");
  for (const auto& [kind, name] :
       {std::pair("agent", "bot"), std::pair("task", "errand"), std::pair("session", "run")}) {
    const std::string head = Cat("\n", kind, " ", name);
    after.replace(after.find(head), head.size(), Cat("\ndefinition ", name));
  }
  after.replace(after.find("limit mail#send to 5 per task"), 29, "");
  EXPECT_THAT(Widened(before, after), ElementsAre("errand: limit mail#send to 5 per task"))
      << "it could come back without the rule";
  EXPECT_THAT(Widened(before, "definition user {}"), IsEmpty());
}

}  // namespace
}  // namespace mandate
