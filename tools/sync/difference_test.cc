// The difference of two sets of relationships, against sets in memory; in memory and spilled.
#include "tools/sync/difference.h"

#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "tools/sync/relationship_record.h"

namespace mandate {
namespace {

using testing::ElementsAre;

struct Sides {
  explicit Sides(size_t memory_bytes = 1 << 20) : source(memory_bytes), stored(memory_bytes) {}
  absl::Status Compute() {
    EXPECT_TRUE(source.Sort().ok() && stored.Sort().ok());
    return difference.Compute(&source, &stored, &refusals);
  }
  RecordSorter source, stored;
  Refusals refusals;
  StoredDifference difference;
};

void AddAll(const std::vector<std::string>& texts, RecordSorter* sorter) {
  for (const std::string& text : texts) ASSERT_TRUE(sorter->Add(RecordOf(*ParseRelationship(text))).ok());
}

std::vector<std::string> Lines(StoredDifference& difference) {
  std::vector<std::string> lines;
  EXPECT_TRUE(difference
                  .ForEach([&](StoredDifferenceKind kind, const Relationship& r) {
                    lines.push_back(Cat(static_cast<char>(kind), ToText(r)));
                    return absl::OkStatus();
                  })
                  .ok());
  return lines;
}

TEST(RecordSorter, GivesEachRecordOnceInOrderWhateverFitsInMemory) {
  std::mt19937 random(7);
  for (size_t memory : {size_t{1} << 20, size_t{4000}, size_t{300}}) {
    RecordSorter sorter(memory);
    std::set<std::string> expected;
    for (int i = 0; i < 3000; ++i) {
      const std::string record = Cat(random() % 1000, std::string(random() % 20, 'x'));
      expected.insert(record);
      ASSERT_TRUE(sorter.Add(record).ok());
    }
    ASSERT_TRUE(sorter.Sort().ok());
    std::vector<std::string> got;
    while (*sorter.Next()) got.emplace_back(sorter.record());
    EXPECT_EQ(got, std::vector<std::string>(expected.begin(), expected.end())) << memory;
  }
}

TEST(RecordFile, GivesBackWhatWasPutAwayAsOftenAsWanted) {
  RecordFile file;
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) all.push_back(Cat(i, std::string(static_cast<size_t>(i) * 20, 'y')));
  for (const std::string& each : all) ASSERT_TRUE(file.Append(each).ok());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(file.Rewind().ok());
    std::vector<std::string> got;
    std::string_view record;
    while (*file.Next(&record)) {
      got.emplace_back(record);
      if (round == 0 && got.size() == 100) break;  // Rewound in the middle.
    }
    if (round == 1) {
      EXPECT_EQ(got, all);
    }
  }
}

TEST(Difference, AddsBeforeItRemovesWithinAnObjectAndKeepsObjectsTogether) {
  Sides sides;
  AddAll({"doc:a#viewer@user:x", "doc:b#viewer@user:new", "doc:b#viewer@user:same",
          "doc:c#viewer@user:x[expiration:2040-01-01T00:00:00Z]"},
         &sides.source);
  AddAll({"doc:a#viewer@user:old", "doc:a#owner@user:old", "doc:b#viewer@user:same", "doc:c#viewer@user:x",
          "doc:d#viewer@user:x"},
         &sides.stored);
  ASSERT_TRUE(sides.Compute().ok());
  EXPECT_THAT(
      Lines(sides.difference),
      ElementsAre("+doc:a#viewer@user:x", "-doc:a#owner@user:old", "-doc:a#viewer@user:old", "+doc:b#viewer@user:new",
                  "~doc:c#viewer@user:x[expiration:2040-01-01T00:00:00Z]", "-doc:d#viewer@user:x"));
  const DifferenceCounts& counts = sides.difference.counts();
  EXPECT_EQ(Cat(counts.added, " ", counts.changed, " ", counts.removed, " ", counts.unchanged, " ", counts.stored),
            "2 1 3 1 5");
  std::vector<size_t> sizes;
  ASSERT_TRUE(sides.difference
                  .ForEachBatch(4,
                                [&](const DifferenceBatch& batch) {
                                  sizes.push_back(batch.changes.size());
                                  EXPECT_EQ(batch.preconditions.size(), batch.changes.size());
                                  return absl::OkStatus();
                                })
                  .ok());
  EXPECT_THAT(sizes, ElementsAre(4, 2));
  sizes.clear();
  ASSERT_TRUE(sides.difference
                  .ForEachBatch(3,
                                [&](const DifferenceBatch& batch) {
                                  sizes.push_back(batch.changes.size());
                                  return absl::OkStatus();
                                })
                  .ok());
  EXPECT_THAT(sizes, ElementsAre(3, 3)) << "an object that fits is not torn apart";
}

TEST(Difference, LeavesAloneWhatTheSourceContradictsItselfIn) {
  Sides sides;
  AddAll({"doc:a#viewer@user:x", "doc:a#viewer@user:x[expiration:2040-01-01T00:00:00Z]"}, &sides.source);
  AddAll({"doc:a#viewer@user:x"}, &sides.stored);
  ASSERT_TRUE(sides.Compute().ok());
  EXPECT_THAT(Lines(sides.difference), ElementsAre());
  EXPECT_EQ(sides.refusals.count(), 1u);
}

TEST(Difference, AppliedMakesTheStoredSideTheSource) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    Sides sides(round % 2 == 0 ? 1 << 20 : 400);
    std::set<std::string> wanted, present;
    for (int i = 0; i < 60; ++i) {
      const std::string text = Cat("doc:d", random() % 4, "#viewer@user:u", random() % 20);
      (random() % 2 == 0 ? wanted : present).insert(text);
    }
    AddAll({wanted.begin(), wanted.end()}, &sides.source);
    AddAll({present.begin(), present.end()}, &sides.stored);
    ASSERT_TRUE(sides.Compute().ok());
    ASSERT_TRUE(sides.difference
                    .ForEachBatch(1 + random() % 7,
                                  [&](const DifferenceBatch& batch) {
                                    for (const TupleChange& change : batch.changes) {
                                      const std::string text = ToText(change.relationship);
                                      if (change.op == ChangeOp::kDelete) {
                                        EXPECT_EQ(present.erase(text), 1u);
                                      } else {
                                        EXPECT_TRUE(present.insert(text).second);
                                      }
                                    }
                                    return absl::OkStatus();
                                  })
                    .ok());
    EXPECT_EQ(present, wanted);
  }
}

}  // namespace
}  // namespace mandate
