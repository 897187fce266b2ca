#include "schema/rule_testing.h"
#include "schema/task_rules.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(TaskRules, NameWhatTheyAreAboutByMember) {
  const auto schema =
      MustCompile(WithRules("limit mail#send to 5 per session\n// Who reads secrets,\n// tells nobody.\n"
                            "after doc#view when secret forbid mail#send\n\n"
                            "require approval for doc#edit by owner other than principal"));
  const TypeId doc = *schema->FindType("doc");
  const MemberId send = *schema->FindMember(*schema->FindType("mail"), "send");
  const auto& rules = schema->definition(*schema->FindType("errand")).rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].kind, RuleKind::kLimit);
  EXPECT_EQ(rules[0].permission, send);
  EXPECT_EQ(rules[0].limit, 5u);
  EXPECT_EQ(rules[0].per, LimitPer::kSession);
  EXPECT_EQ(rules[0].governed, MemberId::kNone);
  EXPECT_EQ(rules[1].kind, RuleKind::kAfter);
  EXPECT_EQ(rules[1].permission, *schema->FindMember(doc, "view"));
  EXPECT_EQ(rules[1].when, *schema->FindMember(doc, "secret")) << "a relation may stand there";
  EXPECT_EQ(rules[1].governed, send);
  EXPECT_EQ(rules[1].doc, "Who reads secrets,\ntells nobody.");
  EXPECT_EQ(rules[2].kind, RuleKind::kApproval);
  EXPECT_EQ(rules[2].approver, *schema->FindMember(doc, "owner"));
  EXPECT_TRUE(rules[2].other_than_principal);
  EXPECT_EQ(rules[2].when, MemberId::kNone);
  EXPECT_THAT(schema->definition(*schema->FindType("errand")).members, ::testing::SizeIs(4)) << "rules are no members";
}

TEST(TaskRules, MayBeAboutRelations) {
  EXPECT_THAT(Errors(WithRules("limit doc#viewer to 5 per task\nafter doc#viewer forbid doc#owner")), IsEmpty());
}

TEST(TaskRules, AreRefusedWithWhatTheyNameWrongly) {
  const Refused rows[] = {
      {"", "limit mial#send to 5 per task", {"mial | definition `mial` does not exist; did you mean `mail`?"}},
      {"",
       "limit mail#sned to 5 per task",
       {"sned | relation or permission `sned` is not defined on `mail`; did you mean `send`?"}},
      {"", "limit nothing#send to 5 per task", {"nothing | definition `nothing` does not exist"}},
      {"both",
       "after doc#veiw forbid mail#sned",
       {"veiw | relation or permission `veiw` is not defined on `doc`; did you mean `view`?",
        "sned | relation or permission `sned` is not defined on `mail`; did you mean `send`?"}},
      {"on the type of what is watched",
       "contain doc#view when send at mail#send",
       {"send | relation or permission `send` is not defined on `doc`"}},
      {"",
       "after doc#view when secrt forbid mail#send",
       {"secrt | relation or permission `secrt` is not defined on `doc`; did you mean `secret`?"}},
      {"",
       "require approval for doc#edit by ownr",
       {"ownr | relation or permission `ownr` is not defined on `doc`; did you mean `owner`?"}},
      {"",
       "limit bot#acts_on_behalf_of to 5 per task",
       {"bot#acts_on_behalf_of | a rule is about permissions on ordinary definitions; `bot` is an "
        "agent"}},
      {"",
       "after errand#scope forbid run#task",
       {"errand#scope | a rule is about permissions on ordinary definitions; `errand` is a task",
        "run#task | a rule is about permissions on ordinary definitions; `run` is a session"}},
      {"",
       "limit user#acts_on_behalf_of to 5 per task",
       {"acts_on_behalf_of | `acts_on_behalf_of` of `user` is reserved for delegation and cannot "
        "be "
        "part of a rule"}},
      {"",
       "limit mail#send to 0 per task",
       {"0 | a limit is at least 1; what is never to be done stays out of `scope`"}},
      {"", "limit mail#send to 1000000001 per task", {"1000000001 | a limit is at most 1000000000"}},
      {"",
       "limit mail#send to 99999999999999999999999 per task",
       {"99999999999999999999999 | a limit is at most 1000000000"}},
      {"a highest limit", "limit mail#send to 1000000000 per task", {}},
  };
  for (const Refused& row : rows)
    EXPECT_THAT(Errors(WithRules(row.schema)), ElementsAreArray(row.errors)) << row.schema;
}

TEST(TaskRules, CannotAskForWhatPrincipalsReserve) {
  const std::string schema = WithRules(
      "limit user#manage to 5 per task\nafter user#manage when "
      "acts_on_behalf_of forbid doc#view");
  std::string text = schema;
  text.replace(text.find("definition user {"), 17, "definition user { relation boss: user; permission manage = boss;");
  EXPECT_THAT(Errors(text),
              ElementsAre("acts_on_behalf_of | `acts_on_behalf_of` of `user` is reserved for delegation and "
                          "cannot be part of a rule"));
}

TEST(TaskRules, AreSaidOnce) {
  EXPECT_THAT(Errors(WithRules("limit mail#send to 5 per task\nafter doc#view forbid doc#edit\n"
                               "limit  mail # send to 05 per task // again")),
              ElementsAre("limit  mail # send to 05 per task | this rule is stated twice in `errand`"));
  EXPECT_THAT(Errors(WithRules("limit mail#send to 5 per task",
                               "task other { relation delegator: user; relation delegated_for_task: bot with "
                               "expiration\n relation scope: mail#send\n limit mail#send to 5 per task }")),
              IsEmpty())
      << "of another task";
}

TEST(TaskRules, AreAtMostAHundredOfOneTask) {
  std::string rules;
  for (int i = 1; i <= 100; ++i) rules += Cat("limit mail#send to ", i, " per task\n");
  EXPECT_THAT(Errors(WithRules(rules)), IsEmpty());
  EXPECT_THAT(Errors(WithRules(Cat(rules, "limit mail#send to 101 per task\nlimit mail#send to 102 per task"))),
              ElementsAre("limit mail#send to 101 per task | a task has at most 100 rules: each is looked at in "
                          "every call"));
}

TEST(TaskRules, DrawAWarningWhenAnotherMakesThemVoid) {
  const auto is_void = [](std::string_view rule, std::string_view by) {
    return Cat(rule, " | this rule is void: `", by, "` refuses all that it would");
  };
  struct {
    std::string_view one;
    std::string_view two;
    bool one_is_void;
  } rows[] = {
      {"limit mail#send to 5 per task", "limit mail#send to 3 per task", true},
      {"limit mail#send to 5 per session", "limit mail#send to 3 per session", true},
      {"limit mail#send to 5 per session", "limit mail#send to 5 per task", true},
      {"limit mail#send to 3 per session", "limit mail#send to 5 per task", false},
      {"limit mail#send to 5 per task", "limit mail#send to 3 per session", false},
      {"limit doc#view to 5 per task", "limit doc#edit to 3 per task", false},
      {"after doc#view when secret forbid doc#edit", "after doc#view forbid doc#edit", true},
      {"after doc#view when secret forbid doc#edit", "after doc#view when draft forbid doc#edit", false},
      {"after doc#view when secret forbid doc#edit", "after doc#view forbid mail#send", false},
      {"contain doc#view when secret at mail#send", "contain doc#view at mail#send", true},
      {"contain doc#view when secret at mail#send", "after doc#view forbid mail#send", false},
      {"require approval for mail#send by send", "require approval for mail#send by send other than principal", true},
      {"require approval for mail#send by send", "require approval for mail#send by owner other than principal", false},
  };
  for (const auto& row : rows) {
    std::vector<std::string> warnings;
    if (row.one_is_void) warnings.push_back(is_void(row.one, row.two));
    std::string one_first = WithRules(Cat(row.one, "\n", row.two));
    std::string two_first = WithRules(Cat(row.two, "\n", row.one));
    for (std::string* text : {&one_first, &two_first})
      text->replace(text->find("relation draft: doc"), 19, "relation draft: user");
    EXPECT_THAT(Warnings(one_first), ElementsAreArray(warnings)) << row.one << " / " << row.two;
    EXPECT_THAT(Warnings(two_first), ElementsAreArray(warnings)) << row.two << " / " << row.one;
  }
}

TEST(TaskRules, RefuseAllOfThemselvesAndWhatIsWeaker) {
  const auto schema =
      MustCompile(WithRules("limit mail#send to 5 per task\nlimit mail#send to 9 per task\nafter doc#view "
                            "forbid doc#edit\n"
                            "after doc#view when secret forbid doc#edit\ncontain doc#view at mail#send\n"
                            "require approval for doc#edit by owner\nrequire approval for doc#edit by owner "
                            "other than principal"));
  const auto& rules = schema->definition(*schema->FindType("errand")).rules;
  const std::pair<size_t, size_t> stricter[] = {{0, 1}, {2, 3}, {6, 5}};
  for (size_t i = 0; i < rules.size(); ++i) {
    for (size_t j = 0; j < rules.size(); ++j) {
      const bool expected =
          i == j || std::find(std::begin(stricter), std::end(stricter), std::pair(i, j)) != std::end(stricter);
      EXPECT_EQ(RefusesAllOf(*schema, rules[i], *schema, rules[j]), expected)
          << rules[i].text << " / " << rules[j].text;
    }
  }
}

TEST(TaskRules, AreKeptSilentAboutWhereWhatTheyNameCouldNotBeRead) {
  EXPECT_THAT(Errors(WithRules("limit other#send to 5 per task\nafter doc#sendd when secret forbid other#send\n"
                               "limit third#send to 5 per task",
                               "definition other { rel send user\n}\ndefn third {}")),
              ElementsAre("sendd | relation or permission `sendd` is not defined on `doc`",
                          "rel | expected `relation`, `permission` or `}`, found `rel`",
                          "defn | expected `definition`, found `defn`"));
}

}  // namespace
}  // namespace mandate
