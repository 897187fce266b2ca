#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr std::string_view kHead = "use delegation\nuse expiration\ncaveat cav(aaa int) { aaa == 1 }\n";
constexpr std::string_view kPeople =
    "definition user { relation acts_on_behalf_of: bot with expiration }\n"
    "definition team { relation member: user }\n"
    "definition doc { relation viewer: user; permission view = viewer }\n";
constexpr std::string_view kBot = "agent bot { relation boundary: doc:*#view }\n";
constexpr std::string_view kErrand =
    "task errand {\n relation delegator: user | bot\n relation delegated_for_task: bot with "
    "expiration\n"
    " relation parent_task: errand\n relation scope: doc#view | doc:*#view\n}\n";
constexpr std::string_view kRun = "session run { relation agent: bot with expiration; relation task: errand }\n";

std::string World(std::string_view more = "") { return Cat(kHead, kPeople, kBot, kErrand, kRun, more); }

// The world with one piece replaced.
std::string Without(std::string_view piece, std::string_view instead) {
  std::string text = World();
  return text.replace(text.find(piece), piece.size(), instead);
}

TEST(DelegationRules, FindReservedRelationsByTheTable) {
  const auto schema = MustCompile(World("definition plain { relation scope: user; relation agent: user }\n"));
  EXPECT_TRUE(schema->has_delegation());
  const auto name_of = [&](std::string_view type, Reserved which) {
    const MemberId id = schema->definition(*schema->FindType(type)).reserved(which);
    return id == MemberId::kNone ? std::string("none") : schema->member(id).name;
  };
  EXPECT_EQ(name_of("user", Reserved::kActsOnBehalfOf), "acts_on_behalf_of");
  EXPECT_EQ(name_of("bot", Reserved::kBoundary), "boundary");
  EXPECT_EQ(name_of("bot", Reserved::kActsOnBehalfOf), "none");
  EXPECT_EQ(name_of("errand", Reserved::kDelegator), "delegator");
  EXPECT_EQ(name_of("errand", Reserved::kDelegatedForTask), "delegated_for_task");
  EXPECT_EQ(name_of("errand", Reserved::kParentTask), "parent_task");
  EXPECT_EQ(name_of("errand", Reserved::kScope), "scope");
  EXPECT_EQ(name_of("run", Reserved::kAgent), "agent");
  EXPECT_EQ(name_of("run", Reserved::kTask), "task");
  EXPECT_EQ(name_of("plain", Reserved::kScope), "none") << "an ordinary relation there";
  EXPECT_TRUE(schema->definition(*schema->FindType("user")).IsPrincipal());
  EXPECT_FALSE(schema->definition(*schema->FindType("team")).IsPrincipal());
  EXPECT_FALSE(schema->definition(*schema->FindType("bot")).IsPrincipal());
  EXPECT_EQ(schema->definition(*schema->FindType("errand")).kind, Kind::kTask);
}

TEST(DelegationRules, ItemsAreSubjectSetsOfOneObjectOrOfAll) {
  const auto schema = MustCompile(World());
  const TypeId doc = *schema->FindType("doc");
  const MemberId view = *schema->FindMember(doc, "view");
  const MemberId scope = schema->definition(*schema->FindType("errand")).reserved(Reserved::kScope);
  EXPECT_THAT(schema->member(scope).subject_types,
              ElementsAre(SubjectType{doc, view}, SubjectType{doc, view, /*wildcard=*/true}));
}

TEST(DelegationRules, AcceptWhatTheKindsMayHoldBesides) {
  const std::pair<const char*, std::string> rows[] = {
      {"ordinary relations and permissions",
       World("agent other {\n relation operator: user | team#member | user:*\n relation home: team\n"
             " permission manage = operator + home->member\n}\n")},
      {"caveats on edges and items",
       Without("relation delegated_for_task: bot with expiration\n",
               "relation delegated_for_task: bot with expiration | bot with cav and expiration\n "
               "relation watcher: user\n")},
      {"an expiry on items",
       Without("doc#view |", "doc#view | doc#view with expiration | doc:*#view with cav and expiration |")},
      {"an agent that lends to a sub-agent", World("agent boss { relation acts_on_behalf_of: bot with expiration }\n")},
      {"the names elsewhere", World("definition other {\n relation scope: user\n relation boundary: user\n relation "
                                    "delegator: user\n relation task: user\n"
                                    " permission parent_task = scope + boundary + delegator + task\n}\n")},
      {"no kinds at all", "use delegation\ndefinition user {}"},
      {"a type of that name without the use", "definition task {}\ndefinition doc { relation agent: task }"},
  };
  for (const auto& [name, schema] : rows) EXPECT_THAT(Errors(schema), IsEmpty()) << name;
}

TEST(DelegationRules, KeepTheKindsOutOfEveryOtherRelation) {
  const std::string agent =
      "`bot` is an agent and has no authority of its own, so `rrr` cannot hold it; a principal "
      "lends "
      "it authority with `acts_on_behalf_of`";
  const std::string task = "`errand` is a task and is never a subject, so `rrr` cannot hold it";
  const std::string session =
      "`run` is a session and acts only for its principal, so `rrr` cannot hold it; give the "
      "principal what it needs";
  const Refused rows[] = {
      {"", "relation rrr: user | bot", {Cat("bot | ", agent)}},
      {"", "relation rrr: bot:*", {Cat("bot:* | ", agent)}},
      {"", "relation rrr: bot with expiration", {Cat("bot | ", agent)}},
      {"", "relation rrr: bot#boundary", {Cat("bot#boundary | ", agent)}},
      {"", "relation rrr: errand", {Cat("errand | ", task)}},
      {"", "relation rrr: errand#delegated_for_task", {Cat("errand#delegated_for_task | ", task)}},
      {"", "relation rrr: run | run#agent", {Cat("run | ", session), Cat("run#agent | ", session)}},
      {"",
       "relation rrr: user#acts_on_behalf_of",
       {"user#acts_on_behalf_of | `acts_on_behalf_of` of `user` is reserved for delegation and "
        "cannot be used as a subject "
        "set"}},
      {"",
       "relation rrr: doc:*#view",
       {"doc:*#view | a wildcard has no relation: write `doc:*` or `doc#view`; both together stand "
        "only in a task's `scope` "
        "and an agent's `boundary`"}},
  };
  for (const Refused& row : rows) {
    for (const char* kind : {"definition other", "agent other"}) {
      EXPECT_THAT(Errors(World(Cat(kind, " { ", row.schema, " }"))), ElementsAreArray(row.errors)) << row.schema;
    }
  }
}

TEST(DelegationRules, WantWhatTheTableRequires) {
  EXPECT_THAT(Errors(World("task other {}\nsession more {}\n")),
              ElementsAre("other | a task needs a relation `delegator`; add `relation delegator: PRINCIPAL`",
                          "other | a task needs a relation `delegated_for_task`; add `relation delegated_for_task: "
                          "AGENT with "
                          "expiration`",
                          "other | a task needs a relation `scope`; add `relation scope: TYPE#PERMISSION`",
                          "more | a session needs a relation `agent`; add `relation agent: AGENT with expiration`",
                          "more | a session needs a relation `task`; add `relation task: TASK`"));
}

TEST(DelegationRules, WantTypesThatFitTheTable) {
  const Refused rows[] = {
      {"acts_on_behalf_of: bot with expiration }\ndefinition team",
       "acts_on_behalf_of: team with expiration }\ndefinition team",
       {"team | `acts_on_behalf_of` holds agents; `team` is an ordinary definition"}},
      {"delegated_for_task: bot",
       "delegated_for_task: user",
       {"user | `delegated_for_task` holds agents; `user` is an ordinary definition"}},
      {"delegator: user",
       "delegator: team",
       {"team | `delegator` holds principals or agents; `team` is no principal, since it has no "
        "relation `acts_on_behalf_of`"}},
      {"delegator: user", "delegator: run", {"run | `delegator` holds principals or agents; `run` is a session"}},
      {"parent_task: errand", "parent_task: doc", {"doc | `parent_task` holds tasks; `doc` is an ordinary definition"}},
      {"agent: bot", "agent: errand", {"errand | `agent` holds agents; `errand` is a task"}},
      {"task: errand }", "task: bot }", {"bot | `task` holds tasks; `bot` is an agent"}},
      {"scope: doc#view",
       "scope: doc",
       {"doc | an item of `scope` names a permission: write `doc#PERMISSION` for one object or "
        "`doc:*#PERMISSION` for all"}},
      {"scope: doc#view",
       "scope: doc:*",
       {"doc:* | an item of `scope` names a permission: write `doc#PERMISSION` for one object or "
        "`doc:*#PERMISSION` for all"}},
      {"scope: doc#view",
       "scope: doc#veiw",
       {"veiw | relation or permission `veiw` is not defined on `doc`; did you mean `view`?"}},
      {"scope: doc#view",
       "scope: run#agent",
       {"run#agent | an item of `scope` is a permission on an ordinary definition; `run` is a "
        "session"}},
      {"scope: doc#view",
       "scope: user#acts_on_behalf_of",
       {"user#acts_on_behalf_of | `acts_on_behalf_of` of `user` is reserved for delegation and "
        "cannot be used as a subject set"}},
      {"boundary: doc:*#view",
       "boundary: bot:*#boundary",
       {"bot:*#boundary | an item of `boundary` is a permission on an ordinary definition; `bot` "
        "is an agent"}},
  };
  for (const Refused& row : rows) {
    EXPECT_THAT(Errors(Without(row.name, row.schema)), ElementsAreArray(row.errors)) << row.schema;
  }
}

TEST(DelegationRules, NameTheSubjectsOfAnEdgeOneByOne) {
  const Refused rows[] = {
      {"delegated_for_task: bot with",
       "delegated_for_task: bot:* with",
       {"bot:* | `delegated_for_task` is reserved for delegation and takes no wildcard; its "
        "subjects are named one by one"}},
      {"delegated_for_task: bot with",
       "delegated_for_task: bot#boundary with",
       {"bot#boundary | `delegated_for_task` is reserved for delegation and takes no subject set; "
        "write `bot`"}},
      {"delegator: user",
       "delegator: team#member",
       {"team#member | `delegator` is reserved for delegation and takes no subject set; write "
        "`team`"}},
      {"delegator: user",
       "delegator: user:*",
       {"user:* | `delegator` is reserved for delegation and takes no wildcard; its subjects are "
        "named one by one"}},
  };
  for (const Refused& row : rows)
    EXPECT_THAT(Errors(Without(row.name, row.schema)), ElementsAreArray(row.errors)) << row.schema;
}

TEST(DelegationRules, WantDelegationsToEndAndBirthsToStay) {
  const Refused rows[] = {
      {"acts_on_behalf_of: bot with expiration",
       "acts_on_behalf_of: bot",
       {"bot | a delegation must end: write `bot with expiration`"}},
      {"delegated_for_task: bot with expiration",
       "delegated_for_task: bot with cav",
       {"bot with cav | a delegation must end: write `bot with cav and expiration`"}},
      {"agent: bot with expiration", "agent: bot", {"bot | a delegation must end: write `bot with expiration`"}},
      {"delegator: user",
       "delegator: user with expiration",
       {"user with expiration | `delegator` takes neither caveat nor expiration: write `user`"}},
      {"parent_task: errand",
       "parent_task: errand with cav",
       {"errand with cav | `parent_task` takes neither caveat nor expiration: write `errand`"}},
      {"task: errand }",
       "task: errand with cav and expiration }",
       {"errand with cav and expiration | `task` takes neither caveat nor expiration: write "
        "`errand`"}},
  };
  for (const Refused& row : rows)
    EXPECT_THAT(Errors(Without(row.name, row.schema)), ElementsAreArray(row.errors)) << row.schema;
  EXPECT_THAT(Errors("use delegation\nagent bot { relation acts_on_behalf_of: bot }"),
              ElementsAre("bot | a delegation must end: write `bot with expiration`, and `use "
                          "expiration` at the top of the schema"));
}

TEST(DelegationRules, KeepReservedRelationsOutOfPermissions) {
  const std::string rule = "is reserved for delegation and cannot be part of a permission";
  const Refused rows[] = {
      {"",
       "definition other { relation boss: user; permission ppp = boss->acts_on_behalf_of }",
       {Cat("acts_on_behalf_of | `acts_on_behalf_of` of `user` ", rule)}},
      {"",
       "definition other { relation boss: user; permission ppp = boss->acts_on_behalf_of->view }",
       {Cat("acts_on_behalf_of | `acts_on_behalf_of` of `user` ", rule)}},
      {"",
       "definition other { relation acts_on_behalf_of: bot with expiration; permission ppp = "
       "acts_on_behalf_of }",
       {Cat("acts_on_behalf_of | `acts_on_behalf_of` of `other` ", rule)}},
      {"",
       "agent other { relation boundary: doc#view; permission ppp = boundary->view + "
       "boundary.all(viewer) }",
       {Cat("boundary | `boundary` of `other` ", rule), Cat("boundary | `boundary` of `other` ", rule)}},
      {"",
       "session other { relation agent: bot with expiration; relation task: errand; permission ppp "
       "= task->scope }",
       {Cat("task | `task` of `other` ", rule)}},
      {"",
       "agent other { permission boundary = nil }",
       {"boundary | `boundary` is reserved on an agent: it must be a relation"}},
  };
  for (const Refused& row : rows) EXPECT_THAT(Errors(World(row.schema)), ElementsAreArray(row.errors)) << row.schema;
}

TEST(DelegationRules, WarnOfADelegatorThatCouldNeverDelegate) {
  EXPECT_THAT(Warnings(Without(" relation parent_task: errand\n", "")),
              ElementsAre("bot | no task can have `bot` as its delegator, since a task that an "
                          "agent delegates needs a "
                          "`parent_task`"));
}

TEST(DelegationRules, AcceptTheExampleOfTheSpecification) {
  const auto schema = MustCompile(R"(
use delegation
use expiration

definition user {
    relation acts_on_behalf_of: assistant with expiration
}
definition team { relation member: user | team#member }

definition folder {
    relation parent: folder
    relation viewer: user | team#member
    permission view = viewer + parent->view
}
definition document {
    relation parent: folder
    relation owner: user
    relation viewer: user | team#member
    relation confidential: user:*
    permission edit = owner
    permission view = viewer + edit + parent->view
}
definition mailbox {
    relation owner: user
    permission send = owner
}

/** A deployed agent: one identity, many runs. It may in turn lend to a sub-agent. */
agent assistant {
    relation acts_on_behalf_of: assistant with expiration
    relation boundary: document:*#view | document:*#edit | mailbox:*#send
    relation operator: user
    permission manage = operator
}

/** What somebody asked an agent to do, and no more than that. */
task errand {
    relation delegator: user | assistant
    relation delegated_for_task: assistant with expiration
    relation parent_task: errand
    relation scope: document#view | document#edit | folder#view | document:*#view | mailbox#send

    limit mailbox#send to 5 per task
    after document#view when confidential forbid document#edit
    contain document#view when confidential at mailbox#send
    require approval for mailbox#send by send
}

/** One run of one agent on one task. */
session run {
    relation agent: assistant with expiration
    relation task: errand
}
)");
  EXPECT_EQ(schema->definitions().size(), 8u);
  EXPECT_EQ(schema->definition(*schema->FindType("errand")).rules.size(), 4u);
}

}  // namespace
}  // namespace mandate
