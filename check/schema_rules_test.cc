#include "check/schema_rules.h"

#include "check/test_world.h"
#include "gmock/gmock.h"
#include "schema/reason.h"

namespace mandate {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AdmitWidening, NamesWhatIsDroppedWithoutBeingAskedFor) {
  SchemaChange change;
  EXPECT_TRUE(AdmitWidening(change, {}).ok());
  change.widened = {"assistant#boundary", "errand: limit mailbox#send to 5 per task",
                    "errand: after document#view forbid document#edit"};
  const absl::Status status =
      AdmitWidening(change, {"assistant#boundary", "errand: limit mailbox#send to 5 per session", "errand"});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "WIDENS_AUTHORITY");
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("--drop 'errand: limit mailbox#send to 5 per task'"));
  EXPECT_THAT(message, HasSubstr("\n  errand: limit mailbox#send to 5 per task\n  errand: after document#view "
                                 "forbid document#edit"));
  EXPECT_THAT(message, Not(HasSubstr("boundary")));
  EXPECT_TRUE(AdmitWidening(change, change.widened).ok());
}

constexpr char kSchemaRulesSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: assistant with expiration }
definition document { relation viewer: user }
agent assistant {}
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document#viewer
  limit document#viewer to 5 per task
}
)";

TEST(AdmitSchema, ATypeOfTasksGoesWithItsRulesOnceNothingOfItIsStored) {
  TestWorld world(kSchemaRulesSchema);
  CompileResult after = CompileSchema("definition user {}\ndefinition document { relation viewer: user }");
  const SchemaChange change = CompareForStorage(world.plan->schema(), *after.schema);
  EXPECT_TRUE(AdmitWidening(change, {}).ok());
  EXPECT_TRUE(AdmitSchema(*after.schema, change, *world.store->Head()).ok());
  world.Touch("errand:42#delegator@user:alice");
  EXPECT_EQ(ReasonOf(AdmitSchema(*after.schema, change, *world.store->Head())), "ORPHANS_RELATIONSHIPS");
}

// The relationships of a task may all be allowed by an ordinary definition; there nothing would hold them to the rules of
// writing, and back as a task it would have lost its own.
TEST(AdmitSchema, ATypeBecomesAnotherKindOnceNothingNamesIt) {
  TestWorld world(kSchemaRulesSchema);
  CompileResult after = CompileSchema(
      "use expiration\ndefinition user { relation acts_on_behalf_of: assistant with expiration }\n"
      "definition document { relation viewer: user }\ndefinition assistant {}\n"
      "definition errand {\n relation delegator: user\n"
      " relation delegated_for_task: assistant with expiration\n relation scope: document#viewer\n}");
  ASSERT_TRUE(after.ok());
  const SchemaChange change = CompareForStorage(world.plan->schema(), *after.schema);
  EXPECT_TRUE(AdmitSchema(*after.schema, change, *world.store->Head()).ok());
  EXPECT_EQ(ReasonOf(AdmitWidening(change, {})), "WIDENS_AUTHORITY");
  for (const std::string named : {"errand:42#delegator@user:alice",
                                  "user:alice#acts_on_behalf_of@assistant:bot[expiration:2030-01-01T00:00:00Z]"}) {
    world.Touch(named);
    const absl::Status refused = AdmitSchema(*after.schema, change, *world.store->Head());
    EXPECT_EQ(ReasonOf(refused), "CHANGES_KIND") << named;
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(named));
    WriteRequest gone{.changes = {{ChangeOp::kDelete, *ParseRelationship(named)}}};
    ASSERT_TRUE(world.store->Write(gone).ok());
  }
  EXPECT_TRUE(AdmitWidening(change, {"errand: limit document#viewer to 5 per task"}).ok());
}

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

TEST(AdmitSchema, OrphansAreCountedByTheirFormWithExamples) {
  EXPECT_EQ(Verdict("doc:a#viewer@user:u\ndoc:b#viewer@user:u\ndoc:c#viewer@user:u\ndoc:d#viewer@user:u\n"
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

TEST(AdmitSchema, OneOrphanIsSaidInTheSingular) {
  EXPECT_EQ(Verdict("doc:a#owner@user:u", "definition user {}"),
            "the new schema does not allow 1 relationship that is stored; delete it first, or keep "
            "what allows it:\n  1 of doc#owner@user: doc:a#owner@user:u");
  EXPECT_EQ(Verdict("", "definition user {}"), "");
}

TEST(AdmitSchema, LongIdsAreCut) {
  const std::string id(1000, 'x');
  EXPECT_THAT(Verdict("doc:" + id + "#owner@user:u", "definition user {}"),
              HasSubstr("1 of doc#owner@user: doc:" + id.substr(0, 116) + "..."));
}

}  // namespace
}  // namespace mandate
