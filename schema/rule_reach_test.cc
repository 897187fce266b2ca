#include "schema/reach.h"
#include "schema/rule_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(Reachability, OfASubjectContainsWhatMayHoldForIt) {
  const auto schema =
      MustCompile(InDoc("relation team: group#member\npermission any_of = viewer + "
                        "team\npermission both = viewer & parent->view\n"
                        "permission twice = viewer & viewer\npermission never = team & "
                        "parent\npermission but = viewer - parent\n"
                        "permission not_user = parent - viewer\npermission above = "
                        "parent->view\npermission nobody = nil"));
  const TypeId doc = *schema->FindType("doc");
  const Reachability reachability(*schema);
  const auto reached = [&](const Reach& reach) {
    std::vector<std::string> names;
    for (MemberId id : schema->definition(doc).members) {
      if (reach.Contains(schema->member(id).root)) names.push_back(schema->member(id).name);
    }
    return names;
  };
  const TypeId group = *schema->FindType("group");
  const TypeId folder = *schema->FindType("folder");
  EXPECT_THAT(reached(reachability.Of(*schema->FindType("user"), MemberId::kNone)),
              ElementsAre("viewer", "wild", "team", "any_of", "both", "twice", "but", "above"));
  EXPECT_THAT(reached(reachability.Of(group, *schema->FindMember(group, "member"))), ElementsAre("team", "any_of"));
  EXPECT_THAT(reached(reachability.Of(folder, MemberId::kNone)), ElementsAre("parent", "not_user"));
  EXPECT_THAT(reached(reachability.Of(folder, *schema->FindMember(folder, "view"))), ElementsAre("above"));
  EXPECT_THAT(reached(reachability.Of(group, MemberId::kNone)), IsEmpty());
}

std::string NeverHolds(std::string_view principal, std::string_view task, std::string_view name) {
  return Cat(name, " | `", principal, "` can be the principal of `", task, "` and could never hold `doc#", name,
             "`, so for it this rule would never apply; let `", name, "` hold it too, or leave out `when ", name, "`");
}

TEST(RuleReach, AWhenIsForEveryPrincipalOfTheTask) {
  EXPECT_THAT(Errors(WithRules("after doc#view when draft forbid doc#edit\ncontain doc#view when draft at mail#send\n"
                               "contain doc#view when secret at mail#send")),
              ElementsAre(NeverHolds("user", "errand", "draft"), NeverHolds("user", "errand", "draft")));
}

// Users ask for orders, services for jobs, and both may end in an errand of a sub-agent.
std::string Chains(std::string_view order_agent, std::string_view errand_parents, std::string_view rules) {
  return Cat(
      "use delegation\nuse expiration\n"
      "definition user { relation acts_on_behalf_of: bot with expiration }\n"
      "definition service { relation acts_on_behalf_of: bot with expiration }\n"
      "definition robot { relation acts_on_behalf_of: arm with expiration }\n"
      "definition doc {\n relation mine: user\n relation theirs: service\n relation both: user | "
      "service\n"
      " permission view = both\n}\n"
      "agent bot { relation acts_on_behalf_of: hand with expiration }\nagent hand {}\nagent arm "
      "{}\n"
      "task order {\n relation delegator: user\n relation delegated_for_task: ",
      order_agent,
      " with expiration\n relation scope: doc#view\n}\n"
      "task job {\n relation delegator: service | robot\n relation delegated_for_task: bot with "
      "expiration\n"
      " relation scope: doc#view\n}\n"
      "task errand {\n relation delegator: bot\n relation delegated_for_task: hand with "
      "expiration\n"
      " relation parent_task: ",
      errand_parents, "\n relation scope: doc#view\n", rules, "\n}\n");
}

TEST(RuleReach, ThePrincipalsOfATaskAreThoseAtTheEndsOfItsChains) {
  const std::string rules =
      "after doc#view when mine forbid doc#both\nafter doc#view when theirs forbid doc#both\n"
      "after doc#view when both forbid doc#both";
  const std::string user_lacks = NeverHolds("user", "errand", "theirs");
  const std::string service_lacks = NeverHolds("service", "errand", "mine");
  struct {
    const char* what;
    const char* order_agent;
    const char* errand_parents;
    std::vector<std::string> errors;
  } rows[] = {
      {"both ends", "bot", "order | job", {service_lacks, user_lacks}},
      {"one parent only", "bot", "order", {user_lacks}},
      {"the other", "bot", "job", {service_lacks}},
      {"a parent that is never delegated to the delegator", "hand", "order | job", {service_lacks}},
      {"no chain at all", "hand", "order", {}},
      {"a circle on the way", "bot", "order | errand", {user_lacks}},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Errors(Chains(row.order_agent, row.errand_parents, rules)), ElementsAreArray(row.errors)) << row.what;
  }
}

TEST(RuleReach, APrincipalThatLendsToNoAgentOfTheTaskIsNotAsked) {
  std::string text = Chains("bot", "order", "");
  text.insert(text.find("task errand") - 2, " after doc#view when theirs forbid doc#both\n");
  EXPECT_THAT(Errors(text), IsEmpty()) << "a robot lends to arms, and jobs go to bots";
}

TEST(RuleReach, AnApprovalNeedsSomebodyWhoCouldGiveIt) {
  const std::string nobody = ", so nothing could be approved; name a relation or permission that people hold";
  EXPECT_THAT(Errors(WithRules("require approval for doc#view by edit\nrequire approval for doc#edit by nothing\n"
                               "require approval for mail#send by owner other than principal\n"
                               "require approval for doc#view by secret",
                               "")),
              ElementsAre("nothing | relation or permission `nothing` is not defined on `doc`"));
  std::string text = WithRules(
      "require approval for doc#view by edit\nrequire approval for doc#edit by nobody\n"
      "require approval for doc#view by draft");
  text.replace(text.find("permission edit"), 15, "permission nobody = nil\n permission edit");
  EXPECT_THAT(Errors(text), ElementsAre(Cat("nobody | nobody could ever hold `doc#nobody`", nobody)))
      << "any ordinary type counts, a document too";
}

TEST(RuleReach, IsNotJudgedByWhatCouldNotBeRead) {
  std::string text = WithRules("after doc#view when draft forbid doc#edit\nrequire approval for doc#edit by ppp");
  text.replace(text.find("relation draft: doc"), 19, "relation draft: usr\n permission ppp = nobody");
  EXPECT_THAT(Errors(text), ElementsAre("usr | definition `usr` does not exist; did you mean `user`?",
                                        "nobody | relation or permission `nobody` is not defined on `doc`"));
}

TEST(RuleReach, IsJudgedBesideOtherErrors) {
  EXPECT_THAT(Errors(WithRules("after doc#view when draft forbid doc#edit", "definition other { relation rrr: usr }")),
              ElementsAre(NeverHolds("user", "errand", "draft"),
                          "usr | definition `usr` does not exist; did you mean `user`?"));
}

TEST(RuleReach, ARuleAboutWhatTheScopeCannotCoverDrawsAWarning) {
  const auto warning = [](std::string_view name) {
    return Cat(name, " | this rule never matters: nothing that `scope` of `errand` can hold covers `", name, "`");
  };
  const std::string more =
      "definition page { relation site: doc; permission read = site->view\n"
      " permission erase = site->owner }\n";
  EXPECT_THAT(Warnings(WithRules("limit page#read to 5 per task\nlimit doc#viewer to 3 per session\n"
                                 "after page#erase forbid doc#edit\nafter doc#view forbid page#erase\n"
                                 "require approval for page#erase by site",
                                 more)),
              ElementsAre(warning("doc#viewer"), warning("page#erase"), warning("page#erase"), warning("page#erase")));
}

}  // namespace
}  // namespace mandate
