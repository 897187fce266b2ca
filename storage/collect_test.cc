// The retention window: what goes, what stays, and that nobody who reads notices.
#include <gmock/gmock.h>

#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Collect : public testing::TestWithParam<Home> {
 protected:
  uint64_t CollectAll() {
    uint64_t versions = 0;
    for (bool more = true; more;) {
      const auto collected = world.store().Collect();
      EXPECT_TRUE(collected.ok()) << collected.status();
      versions += collected.ok() ? collected->versions : 0;
      more = collected.ok() && collected->more;
    }
    return versions;
  }
  Revision Oldest() { return world.store().Stats()->oldest; }
  Revision WriteSchema(std::string text) {
    WriteRequest request;
    request.schema_text = std::move(text);
    return world.Write(request);
  }

  World world{GetParam(), {.retention = absl::Hours(24)}};
};
INSTANTIATE_TEST_SUITE_P(Homes, Collect, testing::Values(Home::kMemory, Home::kDisk, Home::kReopened), HomeName);

TEST_P(Collect, KeepsEverythingInsideTheWindow) {
  world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"delete doc:a#viewer@user:alice"});
  world.now += absl::Hours(23);
  EXPECT_EQ(CollectAll(), 0u);
  EXPECT_EQ(Oldest(), Revision(0));
  EXPECT_THAT(ReadAll(*world.At(Revision(1))), ElementsAre("doc:a#viewer@user:alice"));
}

TEST_P(Collect, LetsGoOfWhatNoRevisionInTheWindowShows) {
  world.Write({"touch doc:a#viewer@user:alice"});   // 1
  world.Write({"delete doc:a#viewer@user:alice"});  // 2
  world.now += absl::Hours(20);
  world.Write({"touch doc:a#viewer@user:bob"});  // 3
  world.now += absl::Hours(5);
  EXPECT_EQ(CollectAll(), 1u);
  EXPECT_EQ(Oldest(), Revision(2)) << "it was the newest when the window began";
  EXPECT_REFUSED(world.store().At(Revision(1)).status(), kOutOfRange, "REVISION_COLLECTED");
  EXPECT_THAT(ReadAll(*world.At(Revision(2))), IsEmpty());
  EXPECT_THAT(ReadAll(*world.At(Revision(3))), ElementsAre("doc:a#viewer@user:bob"));
  EXPECT_EQ(CollectAll(), 0u);
}

// However long nobody collected, one call takes a part: commits that ended nothing are counted as well.
TEST(CollectCall, IsBounded) {
  World world(Home::kMemory, {.retention = absl::Hours(24)});
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  for (int i = 0; i < 20'100; ++i) ASSERT_TRUE(world.store().Write(request).ok());
  world.now += absl::Hours(25);
  const auto first = world.store().Collect();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->more);
  EXPECT_LT(world.store().Stats()->oldest, world.store().Stats()->head);
  EXPECT_FALSE(world.store().Collect()->more);
  EXPECT_EQ(world.store().Stats()->oldest, world.store().Stats()->head);
}

TEST_P(Collect, TheNewestRevisionNeverGoes) {
  world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"touch doc:a#viewer@user:alice[office]"});
  world.now += absl::Hours(1000);
  EXPECT_EQ(CollectAll(), 1u);
  EXPECT_EQ(Oldest(), Revision(2));
  EXPECT_THAT(ReadAll(*world.Head()), ElementsAre("doc:a#viewer@user:alice[office]"));
  EXPECT_THAT(ReadAll(*world.At(Revision(2))), ElementsAre("doc:a#viewer@user:alice[office]"));
  EXPECT_EQ(world.Write({"delete doc:a#viewer@user:alice"}), Revision(3));
  EXPECT_THAT(ReadAll(*world.At(Revision(2))), ElementsAre("doc:a#viewer@user:alice[office]"));
}

TEST_P(Collect, KeepsTheSchemaInForceAtTheOldestRevision) {
  WriteSchema("one");
  WriteSchema("two");
  world.Write({"touch doc:a#viewer@user:alice"});  // 3
  world.now += absl::Hours(25);
  WriteSchema("four");
  CollectAll();
  EXPECT_EQ(Oldest(), Revision(3));
  EXPECT_EQ(world.At(Revision(3))->Schema()->text, "two");
  EXPECT_EQ(world.Head()->Schema()->text, "four");
}

TEST_P(Collect, TheChangelogBeginsBehindTheOldestRevision) {
  world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"touch doc:b#viewer@user:alice"});
  world.now += absl::Hours(25);
  world.Write({"touch doc:c#viewer@user:alice"});
  CollectAll();
  EXPECT_REFUSED(world.store().Changes(Revision(1), 9).status(), kOutOfRange, "REVISION_COLLECTED");
  const auto records = world.store().Changes(Revision(2), 9);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).revision, Revision(3));
}

TEST_P(Collect, FactsOutliveTheWindow) {
  WriteRequest request;
  request.guard = [](PendingWrite& write) {
    write.SetFact("used/42", "yes");
    return absl::OkStatus();
  };
  world.Write(request);
  world.now += absl::Hours(1000);
  world.Write({"touch doc:a#viewer@user:alice"});
  CollectAll();
  request.guard = [](PendingWrite& write) {
    EXPECT_TRUE(write.after().Fact("used/42")->has_value());
    return absl::OkStatus();
  };
  world.Write(request);
}

TEST_P(Collect, OneCallDoesABoundedAmountOfWork) {
  constexpr int kObjects = 4'000;
  for (int round = 0; round < 4; ++round) {
    WriteRequest request;
    for (int i = 0; i < kObjects; ++i) {
      request.changes.push_back(Change("touch doc:a#viewer@user:alice"));
      request.changes.back().relationship.resource.id = std::to_string(i);
      request.changes.back().relationship.caveat = round % 2 == 0 ? "even" : "odd";
    }
    world.Write(request);
  }
  world.now += absl::Hours(25);
  EXPECT_EQ(CollectAll(), 12'000u) << "the first commit that reaches 10,000 is the last of a call";
  world.Write({"touch doc:z#viewer@user:alice"});
  EXPECT_EQ(CollectAll(), 0u);
}

TEST(CollectReaders, AHeldSnapshotOfThePastKeepsItsVersions) {
  World world(Home::kDisk, {.retention = absl::Hours(1)});
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob"});
  world.Write({"delete doc:a#viewer@user:alice", "delete doc:a#viewer@user:bob"});
  const auto held = world.At(Revision(1));
  const auto cursor = held->Read({}, std::nullopt);
  ASSERT_TRUE(cursor->Valid());
  world.now += absl::Hours(2);
  world.Write({"touch doc:b#viewer@user:alice"});
  EXPECT_EQ(world.store().Collect()->versions, 2u);
  cursor->Next();
  ASSERT_TRUE(cursor->Valid());
  EXPECT_EQ(cursor->row().subject.id, "bob");
  EXPECT_THAT(ReadAll(*held), ElementsAre("doc:a#viewer@user:alice", "doc:a#viewer@user:bob"));
}

}  // namespace
}  // namespace mandate
