#include "storage/sorted_spill.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "gmock/gmock.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs ReadSpill(SortedSpill* spill) {
  Pairs pairs;
  auto rows = spill->Read();
  EXPECT_TRUE(rows.ok()) << rows.status();
  for (; (*rows)->Valid(); (*rows)->Next()) pairs.emplace_back((*rows)->key(), (*rows)->value());
  EXPECT_TRUE((*rows)->status().ok()) << (*rows)->status();
  return pairs;
}

TEST(SortedSpill, OrdersWhatSortDoesHoweverLittleMemoryItHas) {
  std::mt19937 random(7);
  for (const size_t buffer : {1, 100, 3000, 1 << 20}) {
    for (const int count : {0, 1, 2, 500}) {
      ScratchDirectory scratch;
      SortedSpill spill(rocksdb::Env::Default(), scratch.path() + "/run", buffer);
      Pairs wanted;
      for (int i = 0; i < count; ++i) {
        // Many begin alike, some are prefixes of others, some end in zeros, some come twice.
        std::string key(random() % 12, "\0\1a"[random() % 3]);
        for (size_t n = random() % 20; n > 0; --n) key += "\0ab\xff"[random() % 4];
        wanted.emplace_back(key, std::to_string(i));
        ASSERT_TRUE(spill.Add(key, wanted.back().second).ok());
      }
      std::sort(wanted.begin(), wanted.end());
      for (int twice = 0; twice < 2; ++twice) {
        Pairs got = ReadSpill(&spill);
        EXPECT_TRUE(std::is_sorted(got.begin(), got.end(), [](auto& a, auto& b) { return a.first < b.first; }));
        std::sort(got.begin(), got.end());  // Of one key, in any order.
        EXPECT_EQ(got, wanted) << buffer << " " << count;
      }
    }
  }
}

TEST(SortedSpill, EntriesMayBeLongerThanItsBlocks) {
  ScratchDirectory scratch;
  SortedSpill spill(rocksdb::Env::Default(), scratch.path() + "/run", 1 << 20);
  const std::string large(700'000, 'x');
  for (const char* key : {"c", "a", "b"}) ASSERT_TRUE(spill.Add(key, large + key).ok());
  EXPECT_EQ(ReadSpill(&spill), (Pairs{{"a", large + "a"}, {"b", large + "b"}, {"c", large + "c"}}));
}

TEST(SortedSpill, LeavesNoFilesBehindAndTellsWhenOneWasChanged) {
  ScratchDirectory scratch;
  {
    SortedSpill spill(rocksdb::Env::Default(), scratch.path() + "/run", 1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(spill.Add(std::to_string(i), "value").ok());
    ASSERT_TRUE(spill.Read().ok());
    std::fstream file(scratch.path() + "/run-0", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('!');
    file.close();
    auto rows = spill.Read();
    ASSERT_TRUE(rows.ok()) << rows.status();
    while ((*rows)->Valid()) (*rows)->Next();
    EXPECT_EQ((*rows)->status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string((*rows)->status().message()), HasSubstr("does not read as it was written"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

}  // namespace
}  // namespace mandate
