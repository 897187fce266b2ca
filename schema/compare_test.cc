#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

std::vector<std::string> Narrowed(std::string_view before, std::string_view after) {
  std::vector<std::string> out;
  const SchemaChange change = CompareForStorage(*MustCompile(before), *MustCompile(after));
  for (const SchemaChange::Narrowed& n : change.narrowed)
    out.push_back(Cat(n.type, "#", n.relation));
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
      {"only the wildcard stays",
       "relation rrr: user | user:*",
       "relation rrr: user:*",
       {"doc#rrr"}},
      {"another subject set", "relation rrr: team#member", "relation rrr: team#lead", {"doc#rrr"}},
      {"a caveat becomes a duty", "relation rrr: user", "relation rrr: user with cav", {"doc#rrr"}},
      {"a caveat becomes possible", "relation rrr: user", "relation rrr: user | user with cav", {}},
      {"another caveat", "relation rrr: user with cav", "relation rrr: user with dov", {"doc#rrr"}},
      {"an expiry becomes a duty",
       "relation rrr: user",
       "relation rrr: user with expiration",
       {"doc#rrr"}},
      {"an expiry is no longer allowed",
       "relation rrr: user with expiration",
       "relation rrr: user",
       {"doc#rrr"}},
      {"the relation is gone",
       "relation rrr: user\nrelation sss: user",
       "relation sss: user",
       {"doc#rrr"}},
      {"the relation is a permission now",
       "relation rrr: user",
       "permission rrr = nil",
       {"doc#rrr"}},
      {"a permission changes",
       "relation rrr: user\npermission ppp = rrr",
       "relation rrr: user\npermission ppp = nil",
       {}},
      {"a permission is gone",
       "relation rrr: user\npermission ppp = rrr",
       "relation rrr: user",
       {}},
  };
  for (const auto& row : rows) {
    const auto schema = [&](const char* body) {
      return Cat(head, "definition doc {\n", body, "\n}");
    };
    EXPECT_THAT(Narrowed(schema(row.before), schema(row.after)), ElementsAreArray(row.narrowed))
        << row.name;
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
  EXPECT_THAT(
      Narrowed("definition bot { relation operator: bot }",
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
  EXPECT_THAT(Widened(kBefore, "definition user {}"), IsEmpty())
      << "an agent that is gone may do nothing";
}

}  // namespace
}  // namespace mandate
