#include "check/schema_rules.h"

#include "check/test_world.h"
#include "gmock/gmock.h"
#include "schema/reason.h"

namespace mandate {
namespace {

using testing::HasSubstr;

constexpr char kBefore[] = R"(
use expiration
caveat cav(hour int) { hour == 1 }
definition user {}
definition team { relation member: user }
definition doc {
  relation viewer: user | user:* | team#member | user with cav and expiration
  relation owner: user
})";

// What the schema `after` is told about the relationships.
std::string Verdict(const std::string& relationships, const std::string& after) {
  const TestWorld world(kBefore, relationships);
  const CompileResult compiled = CompileSchema(after);
  EXPECT_TRUE(compiled.ok());
  const SchemaChange change = CompareForStorage(world.plan->schema(), *compiled.schema);
  const absl::Status status = AdmitSchema(*compiled.schema, change, *world.store->Head());
  EXPECT_EQ(ReasonOf(status), status.ok() ? "" : "ORPHANS_RELATIONSHIPS");
  return std::string(status.message());
}

TEST(SchemaRules, OrphansAreCountedByTheirFormWithExamples) {
  EXPECT_EQ(
      Verdict("doc:a#viewer@user:u\ndoc:b#viewer@user:u\ndoc:c#viewer@user:u\ndoc:d#viewer@user:u\n"
              "doc:a#viewer@user:*\ndoc:a#viewer@team:t#member\n"
              "doc:a#viewer@user:v[cav:{\"hour\":1}][expiration:2099-01-01T00:00:00Z]\n"
              "doc:a#owner@user:u",
              "definition user {}\ndefinition doc { relation owner: user }"),
      "the new schema does not allow 7 relationships that are stored; delete them first, or keep "
      "what allows them:\n"
      "  1 of doc#viewer@team#member: doc:a#viewer@team:t#member\n"
      "  4 of doc#viewer@user: doc:a#viewer@user:u, doc:b#viewer@user:u, doc:c#viewer@user:u, ...\n"
      "  1 of doc#viewer@user with cav and expiration: doc:a#viewer@user:v\n"
      "  1 of doc#viewer@user:*: doc:a#viewer@user:*");
}

TEST(SchemaRules, OneOrphanIsSaidInTheSingular) {
  EXPECT_EQ(Verdict("doc:a#owner@user:u", "definition user {}"),
            "the new schema does not allow 1 relationship that is stored; delete it first, or keep "
            "what allows it:\n  1 of doc#owner@user: doc:a#owner@user:u");
  EXPECT_EQ(Verdict("", "definition user {}"), "");
}

TEST(SchemaRules, LongIdsAreCut) {
  const std::string id(1000, 'x');
  EXPECT_THAT(Verdict("doc:" + id + "#owner@user:u", "definition user {}"),
              HasSubstr("1 of doc#owner@user: doc:" + id.substr(0, 116) + "..."));
}

}  // namespace
}  // namespace mandate
