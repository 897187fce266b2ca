#include "storage/read_cache.h"

#include "gmock/gmock.h"
#include "storage/cached_snapshot.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What a cursor stands on from here to its end.
std::vector<std::string> Rest(const Snapshot& snapshot, std::unique_ptr<TupleCursor> cursor) {
  std::vector<std::string> rows;
  for (; cursor->Valid(); cursor->Next()) rows.push_back(ToText(ToRelationship(cursor->row(), snapshot.names())));
  EXPECT_TRUE(cursor->status().ok());
  return rows;
}

class ReadCacheTest : public testing::Test {
 protected:
  NameId Id(const char* name) { return IdOf(*world_.Head(), name); }
  ObjectKey Plan() { return {Id("document"), "plan"}; }
  SubjectKey User(std::string_view id) { return {Id("user"), id, NameId::kNone}; }
  void Touch(const std::vector<std::string>& relationships) {
    WriteRequest request;
    for (const std::string& text : relationships)
      request.changes.push_back({ChangeOp::kTouch, *ParseRelationship(text)});
    ASSERT_TRUE(world_.store().Write(request).ok());
  }
  void Delete(const std::string& relationship) {
    WriteRequest request;
    request.changes.push_back({ChangeOp::kDelete, *ParseRelationship(relationship)});
    ASSERT_TRUE(world_.store().Write(request).ok());
  }

  World world_{Home::kMemory};
};

TEST_F(ReadCacheTest, ReadsEveryWayAsTheSnapshotDoes) {
  Touch({"document:plan#viewer@user:alice", "document:plan#viewer@user:bob", "document:plan#viewer@bot:alice",
         "document:plan#viewer@team:core#member", "document:plan#viewer@team:core#owner", "document:plan#viewer@user:*",
         "document:other#viewer@user:alice", "document:third#viewer@user:alice"});
  const auto base = world_.Head();
  ReadCache cache(1 << 20, Revision());
  const CachedSnapshot cached(*base, &cache);
  const NameId viewer = Id("viewer");
  for (int pass = 0; pass < 3; ++pass) {  // The second pass keeps, the third reads what is kept.
    for (const SubjectsOf which : {SubjectsOf::kDirect, SubjectsOf::kSubjectSets, SubjectsOf::kAll}) {
      EXPECT_EQ(Rest(*base, cached.Subjects(Plan(), viewer, which)),
                Rest(*base, base->Subjects(Plan(), viewer, which)));
    }
    for (const char* type : {"user", "bot", "team"}) {
      for (const NameId relation : {NameId::kNone, Id("member"), Id("owner")}) {
        for (const char* after : {"", "*", "alice", "b", "core", "zoe"}) {
          EXPECT_EQ(Rest(*base, cached.SubjectsOfType(Plan(), viewer, Id(type), relation, after)),
                    Rest(*base, base->SubjectsOfType(Plan(), viewer, Id(type), relation, after)))
              << type << " after " << after;
        }
        for (const char* id : {"alice", "bob", "core", "*", "zoe"}) {
          const auto one = cached.Find(Plan(), viewer, {Id(type), id, relation});
          const auto other = base->Find(Plan(), viewer, {Id(type), id, relation});
          ASSERT_TRUE(one.ok() && other.ok());
          EXPECT_EQ(one->has_value(), other->has_value()) << type << ":" << id;
        }
      }
    }
    for (const char* after : {"", "other", "p", "third"}) {
      EXPECT_EQ(Rest(*base, cached.Resources(User("alice"), Id("document"), viewer, after)),
                Rest(*base, base->Resources(User("alice"), Id("document"), viewer, after)));
    }
  }
  EXPECT_GT(cache.bytes(), 0u);
}

TEST_F(ReadCacheTest, KeepsNoListThatIsLong) {
  std::vector<std::string> many;
  for (size_t i = 0; i <= RowList::kRowsMax; ++i) many.push_back("document:plan#viewer@user:u" + std::to_string(i));
  Touch(many);
  const auto base = world_.Head();
  ReadCache cache(1 << 20, Revision());
  for (int pass = 0; pass < 3; ++pass) {
    const auto list = cache.Subjects(*base, Plan(), Id("viewer"));
    ASSERT_TRUE(list.ok());
    EXPECT_FALSE(*list);
  }
  const CachedSnapshot cached(*base, &cache);
  EXPECT_EQ(Rest(*base, cached.Subjects(Plan(), Id("viewer"), SubjectsOf::kDirect)).size(), many.size());
}

TEST_F(ReadCacheTest, TheStoresOwnEndsAtTheWrite) {
  Touch({"document:plan#viewer@user:alice"});
  const auto before = world_.Head();
  const auto read = [&](const Snapshot& snapshot) {
    const CachedSnapshot cached(snapshot, snapshot.read_cache().get());
    return Rest(snapshot, cached.Subjects(Plan(), Id("viewer"), SubjectsOf::kAll));
  };
  for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(read(*before).size(), 1u);
  Touch({"document:plan#viewer@user:bob"});
  EXPECT_EQ(read(*world_.Head()).size(), 2u);
  EXPECT_EQ(read(*before).size(), 1u) << "of its own revision";
  Delete("document:plan#viewer@user:alice");
  EXPECT_THAT(read(*world_.Head()), ElementsAre("document:plan#viewer@user:bob"));
}

// Nothing that runs has seen the writes of the process before.
TEST(ReadCache, OfAnEarlierRevisionDoesNotHoldAcrossAStart) {
  World world(Home::kDisk);
  world.Write({"touch document:plan#viewer@user:alice"});
  world.Write({"delete document:plan#viewer@user:alice"});
  world.Write({"touch document:other#viewer@user:bob"});
  world.Reopen();
  const auto viewers = [](const Snapshot& snapshot) {
    const CachedSnapshot cached(snapshot, snapshot.read_cache().get());
    const ObjectKey plan{IdOf(snapshot, "document"), "plan"};
    return Rest(snapshot, cached.Subjects(plan, IdOf(snapshot, "viewer"), SubjectsOf::kAll));
  };
  const auto before = world.At(Revision(1));
  for (int pass = 0; pass < 3; ++pass) {
    EXPECT_THAT(viewers(*before), ElementsAre("document:plan#viewer@user:alice"));
  }
  for (int pass = 0; pass < 3; ++pass) EXPECT_THAT(viewers(*world.Head()), IsEmpty());
}

TEST_F(ReadCacheTest, NotesWhatAnAnswerRestsOn) {
  Touch({"document:plan#viewer@user:alice[expiration:2099-01-01T00:00:00Z]", "document:plan#viewer@user:bob"});
  const auto base = world_.Head();
  ReadCache& cache = *base->read_cache();
  CachedSnapshot cached(*base, &cache);
  Reads reads(world_.now);
  cached.set_reads(&reads);
  ASSERT_TRUE(cached.Find(Plan(), Id("viewer"), User("bob")).ok());
  EXPECT_EQ(reads.steady_until(), absl::InfiniteFuture());
  ASSERT_TRUE(cached.Find(Plan(), Id("viewer"), User("alice")).ok());
  EXPECT_EQ(absl::FormatTime(reads.steady_until(), absl::UTCTimeZone()), "2099-01-01T00:00:00+00:00");
  const Revision then = base->revision();
  const auto hold = [&] {
    return std::all_of(reads.slots().begin(), reads.slots().end(), [&](ChangeMarks::Slot slot) {
      return cache.marks().Holds(slot, then, world_.Head()->revision());
    });
  };
  Touch({"document:plan#viewer@user:carol", "document:other#viewer@user:bob"});
  EXPECT_TRUE(hold()) << "neither of the two was written";
  Delete("document:plan#viewer@user:bob");
  EXPECT_FALSE(hold());
  EXPECT_TRUE(reads.complete());
  ASSERT_TRUE(cached.Fact("a fact").ok());
  EXPECT_FALSE(reads.complete()) << "facts have no marks";
}

}  // namespace
}  // namespace mandate
