// Many writers, readers and the collector at once. Meant for the thread sanitizer as much as for
// its own claims.
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "storage/test_world.h"

namespace mandate {
namespace {

constexpr int kWriters = 8;
constexpr int kWritesEach = 40;
constexpr int kReaders = 3;
constexpr int kSubjects = 5;

// Every write gives one subject's two relationships the same mark, so any snapshot that shows a
// half of a write shows two different ones.
WriteRequest MarkedWrite(int subject, int mark) {
  WriteRequest request;
  const std::string user = "@user:u" + std::to_string(subject);
  const std::string caveat = "[mark:{\"m\":" + std::to_string(mark) + "}]";
  request.changes.push_back(Change("touch doc:a#viewer" + user + caveat));
  request.changes.push_back(Change("touch page:b#viewer" + user + caveat));
  return request;
}

// The mark of each subject on `object`, read forward or from the reverse index.
std::vector<std::string> Marks(const Snapshot& snapshot, const std::string& type, bool reverse) {
  std::vector<std::string> marks;
  TupleFilter filter;
  if (reverse) {
    filter.subject_type = "user";
  } else {
    filter.resource_type = type;
  }
  auto cursor = snapshot.Read(filter, std::nullopt);
  for (; cursor->Valid(); cursor->Next()) {
    const Relationship row = ToRelationship(cursor->row(), snapshot.names());
    if (row.resource.type != type) continue;
    marks.push_back(row.subject.id + row.caveat_context);
  }
  EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  std::sort(marks.begin(), marks.end());
  return marks;
}

void ExpectWhole(const Snapshot& snapshot) {
  const std::vector<std::string> marks = Marks(snapshot, "doc", false);
  ASSERT_EQ(marks, Marks(snapshot, "page", false)) << "at " << snapshot.revision().value();
  ASSERT_EQ(marks, Marks(snapshot, "doc", true)) << "at " << snapshot.revision().value();
  ASSERT_EQ(marks, Marks(snapshot, "page", true)) << "at " << snapshot.revision().value();
}

class Concurrency : public testing::TestWithParam<Home> {};
INSTANTIATE_TEST_SUITE_P(Homes, Concurrency, testing::Values(Home::kMemory, Home::kDisk), HomeName);

TEST_P(Concurrency, SnapshotsShowWholeWritesAndWritersOneOrder) {
  World world(GetParam(), {.retention = absl::ZeroDuration()}, {.write_buffer_bytes = 256 << 10});
  TupleStore& store = world.store();
  std::atomic<bool> writing = true;
  std::mutex mutex;
  std::set<Revision> acknowledged;

  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      Revision last;
      for (int i = 0; i < kWritesEach; ++i) {
        WriteRequest request = MarkedWrite((w + i) % kSubjects, w * kWritesEach + i);
        // Counts the writes: right only if each sees the one before it.
        request.guard = [](PendingWrite& write) {
          const auto count = write.after().Fact("count");
          if (!count.ok()) return count.status();
          write.SetFact("count", std::to_string(*count ? std::stoi(**count) + 1 : 1));
          return absl::OkStatus();
        };
        const absl::StatusOr<Revision> revision = store.Write(request);
        ASSERT_TRUE(revision.ok()) << revision.status();
        EXPECT_GT(*revision, last);
        EXPECT_GE(store.Head()->revision(), *revision) << "a writer sees its own write";
        last = *revision;
        std::lock_guard lock(mutex);
        EXPECT_TRUE(acknowledged.insert(*revision).second) << "two writes of one revision";
      }
    });
  }
  std::vector<std::thread> readers;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&, r] {
      Revision last;
      while (writing) {
        const auto head = store.Head();
        EXPECT_GE(head->revision(), last);
        last = head->revision();
        ExpectWhole(*head);
        const uint64_t back = std::min<uint64_t>(last.value(), r + 1);
        const auto past = store.At(Revision(last.value() - back));
        if (past.ok()) {
          ExpectWhole(**past);
          ExpectWhole(*head);
        } else {
          EXPECT_EQ(ReasonOf(past.status()), "REVISION_COLLECTED") << past.status();
        }
      }
    });
  }
  std::thread collector([&] {
    while (writing) EXPECT_TRUE(store.Collect().ok());
  });

  for (std::thread& writer : writers) writer.join();
  writing = false;
  for (std::thread& reader : readers) reader.join();
  collector.join();

  EXPECT_EQ(acknowledged.size(), size_t{kWriters * kWritesEach});
  EXPECT_EQ(store.Head()->revision(), Revision(kWriters * kWritesEach));
  WriteRequest count;
  count.guard = [](PendingWrite& write) {
    EXPECT_EQ(**write.after().Fact("count"), std::to_string(kWriters * kWritesEach));
    return absl::OkStatus();
  };
  world.Write(count);
  ExpectWhole(*world.Head());
}

TEST_P(Concurrency, OfManyCreatorsOfOneRelationshipExactlyOneWins) {
  World world(GetParam());
  TupleStore& store = world.store();
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> won = 0, lost = 0;
    const std::string text = "create doc:" + std::to_string(round) + "#owner@user:x";
    const WriteRequest request = Request({std::string_view(text)});
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&] {
        const absl::Status status = store.Write(request).status();
        if (status.ok()) ++won;
        if (ReasonOf(status) == "ALREADY_EXISTS") ++lost;
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, kWriters - 1);
  }
}

}  // namespace
}  // namespace mandate
