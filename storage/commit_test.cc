// Requests that share a commit: each is judged on what those before it leave behind, though nothing
// is on disk yet, and a refused one leaves nothing.
#include "storage/commit.h"

#include <gmock/gmock.h>

#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Group : public testing::Test {
 protected:
  Group() {
    world.Write({"touch doc:a#viewer@user:alice"});  // revision 1
    head = world.Head();
    group.emplace(static_cast<const TupleSnapshot&>(*head));
  }

  absl::Status Join(const WriteRequest& request) {
    PendingCommit pending(&*group, request, world.now);
    absl::Status status = pending.Run();
    if (status.ok()) pending.Accept();
    return status;
  }
  absl::Status Join(std::initializer_list<std::string_view> changes) { return Join(Request(changes)); }

  // What the next request of the group would find.
  std::vector<std::string> Stored() {
    WriteRequest look;
    std::vector<std::string> stored;
    look.guard = [&](PendingWrite& write) {
      stored = ReadAll(write.before());
      EXPECT_EQ(ReadAll(write.after()), stored);
      return absl::AbortedError("only looking");
    };
    EXPECT_TRUE(absl::IsAborted(Join(look)));
    return stored;
  }

  World world{Home::kMemory};
  std::shared_ptr<const Snapshot> head;
  std::optional<CommitGroup> group;
};

TEST_F(Group, ARequestSeesTheOnesBeforeIt) {
  EXPECT_TRUE(Join({"create doc:b#viewer@user:bob", "delete doc:a#viewer@user:alice"}).ok());
  EXPECT_THAT(Stored(), ElementsAre("doc:b#viewer@user:bob"));
  EXPECT_EQ(ReasonOf(Join({"create doc:b#viewer@user:bob"})), "ALREADY_EXISTS");
  EXPECT_TRUE(Join({"create doc:a#viewer@user:alice"}).ok());
  EXPECT_THAT(Stored(), ElementsAre("doc:a#viewer@user:alice", "doc:b#viewer@user:bob"));
  EXPECT_EQ(group->head, Revision(3));
  EXPECT_THAT(ReadAll(*head), ElementsAre("doc:a#viewer@user:alice")) << "nothing is stored yet";
}

TEST_F(Group, APreconditionIsJudgedBehindTheRequestsBefore) {
  WriteRequest once = Request({"touch doc:lock#holder@user:bob"});
  once.preconditions.push_back({Precondition::Kind::kMustNotMatch, {.resource_id = "lock"}});
  EXPECT_TRUE(Join(once).ok());
  once = Request({"touch doc:lock#holder@user:carol"});
  once.preconditions.push_back({Precondition::Kind::kMustNotMatch, {.resource_id = "lock"}});
  EXPECT_EQ(ReasonOf(Join(once)), "PRECONDITION_FAILED");
}

TEST_F(Group, ASchemaChangeAbortsTheWritesBehindItThatWereMadeForTheOldOne) {
  WriteRequest schema;
  schema.schema_text = "definition doc {}";
  EXPECT_TRUE(Join(schema).ok());
  WriteRequest stale = Request({"touch doc:b#viewer@user:bob"});
  stale.expected_schema = Revision(0);
  EXPECT_EQ(ReasonOf(Join(stale)), "SCHEMA_CHANGED");
}

TEST_F(Group, ARefusedRequestLeavesNothingToTheNext) {
  WriteRequest refused = Request({"delete doc:a#viewer@user:alice", "touch page:b#owner@user:x"});
  refused.guard = [](PendingWrite& write) {
    write.SetFact("fact", "refused");
    return absl::PermissionDeniedError("no");
  };
  EXPECT_FALSE(Join(refused).ok());
  EXPECT_THAT(Stored(), ElementsAre("doc:a#viewer@user:alice"));
  EXPECT_EQ(group->head, Revision(1));
  EXPECT_FALSE(group->names->Find("page"));
  for (Family family : {Family::kMeta, Family::kLive, Family::kHistory, Family::kChangelog}) {
    EXPECT_THAT(group->overlay.entries(family), IsEmpty());
  }
}

TEST_F(Group, VersionsOfOneRelationshipFromOneGroupAllGoToHistory) {
  EXPECT_TRUE(Join({"touch doc:a#viewer@user:alice[one]"}).ok());
  EXPECT_TRUE(Join({"touch doc:a#viewer@user:alice[two]"}).ok());
  EXPECT_TRUE(Join({"delete doc:a#viewer@user:alice"}).ok());
  EXPECT_EQ(group->overlay.entries(Family::kHistory).size(), 6u) << "three, in two indexes";
  EXPECT_THAT(Stored(), IsEmpty());
}

}  // namespace
}  // namespace mandate
