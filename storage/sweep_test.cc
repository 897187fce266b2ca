// Relationships that expire: they are gone at their expiry, and the changelog says so once they are swept.
#include <gmock/gmock.h>

#include "schema/text.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

class Sweep : public testing::TestWithParam<Home> {
 protected:
  // What the last commits did, as `revision -relationship`; an expiry as `revision !relationship`.
  std::vector<std::string> Changes(uint64_t after) {
    auto records = world.store().Changes(Revision(after), 100);
    EXPECT_TRUE(records.ok()) << records.status();
    std::vector<std::string> lines;
    for (const ChangeRecord& record : *records) {
      for (const CommittedChange& change : record.changes) {
        lines.push_back(Cat(record.revision.value(),
                            change.expired                   ? " !"
                            : change.op == ChangeOp::kDelete ? " -"
                                                             : " +",
                            ToText(change.relationship)));
      }
    }
    return lines;
  }
  World world{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Homes, Sweep, testing::Values(Home::kMemory, Home::kReopened), HomeName);

TEST_P(Sweep, DeletesWhatHasExpiredAndSaysSo) {
  world.now = absl::FromUnixSeconds(1'900'000'000);
  world.Write({"touch doc:a#viewer@user:alice[expiration:2031-01-01T00:00:00Z]",
               "touch doc:b#viewer@user:alice[expiration:2032-01-01T00:00:00Z]", "touch doc:c#viewer@user:alice",
               "touch doc:d#viewer@user:alice[expiration:1960-01-01T00:00:00Z]"});
  EXPECT_EQ(*world.store().NextExpiry(), At("1960-01-01T00:00:00Z")) << "before 1970 sorts first";
  EXPECT_EQ(*world.store().SweepExpired(100), 1u);
  EXPECT_EQ(*world.store().NextExpiry(), At("2031-01-01T00:00:00Z"));
  world.now = At("2031-01-01T00:00:00Z");
  EXPECT_EQ(*world.store().SweepExpired(100), 1u) << "gone from that very moment on";
  EXPECT_EQ(*world.store().SweepExpired(100), 0u);
  EXPECT_EQ(world.Head()->revision(), Revision(3)) << "a sweep without anything to do takes no revision";
  EXPECT_THAT(Changes(1), ElementsAre("2 !doc:d#viewer@user:alice", "3 !doc:a#viewer@user:alice"));
  EXPECT_FALSE(world.Find("doc:a#viewer@user:alice"));
  EXPECT_TRUE(world.Find("doc:b#viewer@user:alice"));
}

TEST_P(Sweep, FollowsAnExpiryThatIsMovedOrTakenAway) {
  world.now = absl::FromUnixSeconds(1'900'000'000);
  world.Write({"touch doc:a#viewer@user:alice[expiration:2031-01-01T00:00:00Z]",
               "touch doc:b#viewer@user:alice[expiration:2031-01-01T00:00:00Z]",
               "touch doc:c#viewer@user:alice[expiration:2031-01-01T00:00:00Z]"});
  world.Write({"touch doc:a#viewer@user:alice[expiration:2033-01-01T00:00:00Z]", "touch doc:b#viewer@user:alice",
               "delete doc:c#viewer@user:alice"});
  EXPECT_EQ(*world.store().NextExpiry(), At("2033-01-01T00:00:00Z"));
  world.now = At("2032-01-01T00:00:00Z");
  EXPECT_EQ(*world.store().SweepExpired(100), 0u);
  EXPECT_TRUE(world.Find("doc:b#viewer@user:alice"));
}

TEST_P(Sweep, TakesTheOldestFirstAndNoMoreThanAsked) {
  world.now = absl::FromUnixSeconds(1'800'000'000);
  world.Write({"touch doc:a#viewer@user:alice[expiration:2029-01-01T00:00:00Z]",
               "touch doc:b#viewer@user:alice[expiration:2028-01-01T00:00:00Z]",
               "touch doc:c#viewer@user:alice[expiration:2030-01-01T00:00:00Z]"});
  world.now = At("2040-01-01T00:00:00Z");
  EXPECT_EQ(*world.store().SweepExpired(2), 2u);
  EXPECT_THAT(Changes(1), ElementsAre("2 !doc:b#viewer@user:alice", "2 !doc:a#viewer@user:alice"));
  EXPECT_EQ(*world.store().SweepExpired(2), 1u);
}

TEST_P(Sweep, LeavesThePastAsItWas) {
  world.now = absl::FromUnixSeconds(1'900'000'000);
  const Revision before = world.Write({"touch doc:a#viewer@user:alice[expiration:2031-01-01T00:00:00Z]"});
  world.now = At("2031-01-01T00:00:01Z");
  EXPECT_EQ(*world.store().SweepExpired(10), 1u);
  const auto past = world.store().At(before);
  ASSERT_TRUE(past.ok()) << past.status();
  auto cursor = (*past)->Read({.resource_type = "doc"}, std::nullopt);
  EXPECT_TRUE(cursor->Valid());
}

TEST_P(Sweep, MetadataComeOutOfTheChangelog) {
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.metadata = R"({"by":"sync"})";
  ASSERT_TRUE(world.store().Write(request).ok());
  world.Write({"touch doc:b#viewer@user:alice"});
  const auto records = world.store().Changes(Revision(0), 10);
  EXPECT_EQ(records->at(0).metadata, R"({"by":"sync"})");
  EXPECT_EQ(records->at(1).metadata, "");
  request.metadata.assign((64 << 10) + 1, 'x');
  EXPECT_EQ(FieldOf(world.store().Write(request).status()), "metadata");
}

TEST_P(Sweep, DeletesWhatMatchesUpToALimit) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob", "touch doc:b#viewer@user:alice",
               "touch doc:b#owner@user:alice"});
  WriteRequest request;
  request.delete_matching = {{.resource_type = "doc", .relation = "viewer"},
                             {.subject_type = "user", .subject_id = "alice"}};
  request.delete_at_most = 3;
  bool more = false;
  size_t count = 0;
  request.guard = [&](PendingWrite& write) {
    more = write.more_match();
    count = write.changes().size();
    return absl::OkStatus();
  };
  ASSERT_TRUE(world.store().Write(request).ok());
  EXPECT_TRUE(more);
  EXPECT_EQ(count, 3u);
  ASSERT_TRUE(world.store().Write(request).ok());
  EXPECT_FALSE(more);
  EXPECT_EQ(count, 1u) << "each once, though two filters match it";
  request.changes = Request({"touch doc:z#viewer@user:bob"}).changes;
  EXPECT_EQ(world.store().Write(request).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace mandate
