#include "schema/dependencies.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kDependenciesSchema[] = R"(
definition user {}
definition team {
  relation member: user | team#member
}
definition folder {
  relation parent: folder
  relation owner: team#member
  relation reader: user
  permission view = reader + owner + parent->view
}
definition document {
  relation folder: folder
  relation shared: team#member
  relation banned: user
  permission see = (folder->view + shared) - banned
  permission alone = banned
}
)";

std::shared_ptr<const Schema> Compiled() {
  const CompileResult compiled = CompileSchema(kDependenciesSchema);
  EXPECT_TRUE(compiled.ok());
  return compiled.schema;
}

MemberId Find(const Schema& schema, const char* type, const char* name) {
  return *schema.FindMember(*schema.FindType(type), name);
}

std::vector<std::string> Names(const Schema& schema, const std::vector<MemberId>& members) {
  std::vector<std::string> names;
  for (MemberId id : members) {
    names.push_back(Cat(schema.definition(schema.member(id).type).name, "#", schema.member(id).name));
  }
  return names;
}

TEST(Dependencies, GoThroughArrowsAndSubjectSetsToTheEnd) {
  const auto schema = Compiled();
  EXPECT_THAT(Names(*schema, DependenciesOf(*schema, Find(*schema, "document", "see"))),
              UnorderedElementsAre("team#member", "folder#parent", "folder#owner", "folder#reader", "folder#view",
                                   "document#folder", "document#shared", "document#banned"));
  EXPECT_THAT(Names(*schema, DependenciesOf(*schema, Find(*schema, "document", "folder"))), IsEmpty());
}

TEST(Dependencies, OfWhatRestsOnItselfLeaveItOut) {
  const auto schema = Compiled();
  EXPECT_THAT(Names(*schema, DependenciesOf(*schema, Find(*schema, "team", "member"))), IsEmpty());
  EXPECT_THAT(Names(*schema, DependentsOf(*schema, Find(*schema, "folder", "view"))), ElementsAre("document#see"));
}

TEST(Dependents, AreThoseThatDependOnIt) {
  const auto schema = Compiled();
  for (size_t i = 0; i < schema->members().size(); ++i) {
    std::vector<MemberId> wanted;
    for (size_t j = 0; j < schema->members().size(); ++j) {
      const auto below = DependenciesOf(*schema, static_cast<MemberId>(j));
      if (std::find(below.begin(), below.end(), static_cast<MemberId>(i)) != below.end()) {
        wanted.push_back(static_cast<MemberId>(j));
      }
    }
    EXPECT_EQ(DependentsOf(*schema, static_cast<MemberId>(i)), wanted) << schema->members()[i].name;
  }
}

TEST(NamedBy, IsOneStep) {
  const auto schema = Compiled();
  EXPECT_THAT(Names(*schema, NamedBy(*schema, Find(*schema, "document", "see"))),
              UnorderedElementsAre("document#folder", "folder#view", "document#shared", "document#banned"));
  EXPECT_THAT(Names(*schema, NamedBy(*schema, Find(*schema, "folder", "owner"))), ElementsAre("team#member"));
  EXPECT_THAT(Names(*schema, NamedBy(*schema, Find(*schema, "document", "alone"))), ElementsAre("document#banned"));
}

}  // namespace
}  // namespace mandate
