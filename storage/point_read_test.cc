// A membership question costs one get, however large the set is.
#include <gmock/gmock.h>

#include "rocksdb/perf_context.h"
#include "rocksdb/perf_level.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

TEST(PointRead, AMemberOf200000IsFoundWithoutIterating) {
  constexpr int kMembers = 200'000;
  constexpr int kBatch = 20'000;
  World world(Home::kMemory);
  for (int first = 0; first < kMembers; first += kBatch) {
    WriteRequest request;
    request.changes.resize(kBatch, Change("touch team:all#member@user:x"));
    for (int i = 0; i < kBatch; ++i) {
      request.changes[i].relationship.subject.id = "u" + std::to_string(first + i);
    }
    world.Write(request);
  }
  const auto head = world.Head();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
  rocksdb::PerfContext& work = *rocksdb::get_perf_context();
  work.Reset();
  const bool member = World::Find(*head, "team:all#member@user:u123456").has_value();
  const bool stranger = World::Find(*head, "team:all#member@user:nobody").has_value();
  const uint64_t iterated = work.seek_on_memtable_count + work.seek_child_seek_count + work.next_on_memtable_count +
                            work.iter_read_bytes + work.internal_key_skipped_count;
  const uint64_t compared = work.user_key_comparison_count;
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  EXPECT_TRUE(member);
  EXPECT_FALSE(stranger);
  EXPECT_EQ(iterated, 0u);
  EXPECT_LT(compared, 300u) << "binary searches, not a walk";
}

}  // namespace
}  // namespace mandate
