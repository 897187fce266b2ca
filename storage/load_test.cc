// A load is a write: whatever is stored, it leaves what the same changes leave that come as an ordinary write, now, in
// the past, in the changelog and after opening again. And the ways in which it does not come to be.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "schema/text.h"
#include "storage/fault_disk.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

WriteRequest LoadNames() {
  WriteRequest request;
  request.schema_names = {"doc", "team", "user", "viewer", "member", "office"};
  return request;
}

// Writes `changes`, TOUCH or CREATE all of them, as a load; those that `ordinary` picks come beside it.
absl::StatusOr<Revision> WriteLoad(TupleStore& store, ChangeOp op, const std::vector<TupleChange>& changes,
                                   const std::function<bool(size_t)>& ordinary = {}, WriteRequest request = {}) {
  auto load = store.NewLoad(op);
  if (!load.ok()) return load.status();
  for (size_t i = 0; i < changes.size(); ++i) {
    if (ordinary && ordinary(i)) {
      request.changes.push_back(changes[i]);
      request.positions.push_back(i);
    } else if (absl::Status status = (*load)->Add(changes[i].relationship, i); !status.ok()) {
      return status;
    }
  }
  request.load = load->get();
  return store.Write(request);
}

std::vector<TupleChange> Touches(std::initializer_list<std::string_view> texts) {
  std::vector<TupleChange> changes;
  for (std::string_view text : texts) changes.push_back({ChangeOp::kTouch, Rel(text)});
  return changes;
}

std::vector<std::string> EdgesOf(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  auto cursor = snapshot.Read({}, std::nullopt);
  for (; cursor->Valid(); cursor->Next()) {
    const Edge& edge = cursor->row().edge;
    lines.push_back(Cat(ToText(ToRelationship(cursor->row(), snapshot.names())), " ", edge.written.value(), " ",
                        edge.born.value()));
  }
  EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  return lines;
}

// What stands under the reverse keys, found from each subject.
std::vector<std::string> FromSubjects(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  for (const char* relation : {"viewer", "member"}) {
    for (const char* type : {"doc", "team"}) {
      for (int i = 0; i < 12; ++i) {
        const std::string id = Cat("s", i);
        auto cursor = snapshot.Resources({IdOf(snapshot, "user"), id, NameId::kNone}, IdOf(snapshot, type),
                                         IdOf(snapshot, relation), "");
        for (; cursor->Valid(); cursor->Next()) {
          lines.push_back(
              Cat(ToText(ToRelationship(cursor->row(), snapshot.names())), " ", cursor->row().edge.written.value()));
        }
        EXPECT_TRUE(cursor->status().ok()) << cursor->status();
      }
    }
  }
  return lines;
}

// The changelog from revision 1 on, each revision's changes in order of text, asked one record at a time as well.
std::vector<std::string> LogOf(const TupleStore& store) {
  std::vector<std::string> lines;
  size_t begin = 0;
  ChangePlace place(Revision(1));
  for (;;) {
    auto records = store.Changes(place, 1);
    EXPECT_TRUE(records.ok()) << records.status();
    if (!records.ok() || records->empty()) break;
    const ChangeRecord& record = records->front();
    place = record.continues ? ChangePlace(record.revision, record.part) : ChangePlace(record.revision);
    for (const CommittedChange& change : record.changes) {
      lines.push_back(Cat(record.revision.value(), change.op == ChangeOp::kDelete ? " -" : " +",
                          ToText(change.relationship), " ", absl::ToUnixMicros(record.committed_at)));
    }
    if (record.continues) continue;
    std::sort(lines.begin() + begin, lines.end());
    begin = lines.size();
  }
  return lines;
}

class LoadTest : public testing::TestWithParam<Home> {
 protected:
  World world{GetParam()};
};

TEST_P(LoadTest, IsThereAtOneRevision) {
  world.Write(LoadNames());
  const auto written = WriteLoad(world.store(), ChangeOp::kTouch,
                                 Touches({"doc:a#viewer@user:s1", "doc:b#viewer@team:t#member",
                                          "team:t#member@user:s2[expiration:2030-01-01T00:00:00Z]"}));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(*written, Revision(2));
  EXPECT_THAT(EdgesOf(*world.Head()), ElementsAre("doc:a#viewer@user:s1 2 2", "doc:b#viewer@team:t#member 2 2",
                                                  "team:t#member@user:s2[expiration:2030-01-01T00:00:00Z] 2 2"));
  EXPECT_THAT(world.Subjects("doc:b#viewer"), ElementsAre("team:t#member"));
  EXPECT_THAT(FromSubjects(*world.Head()),
              ElementsAre("doc:a#viewer@user:s1 2", "team:t#member@user:s2[expiration:2030-01-01T00:00:00Z] 2"));
  EXPECT_THAT(EdgesOf(*world.At(Revision(1))), IsEmpty());
  EXPECT_EQ(*world.store().NextExpiry(), Rel("doc:a#viewer@user:a[expiration:2030-01-01T00:00:00Z]").expires_at);
  EXPECT_EQ(world.Write({"touch doc:c#viewer@user:s1"}), Revision(3));
  EXPECT_EQ(WriteLoad(world.store(), ChangeOp::kTouch, {}).value(), Revision(4)) << "an empty one is a write as well";
  EXPECT_THAT(LogOf(world.store()).size(), 4u);
}

TEST_P(LoadTest, EqualsAnOrdinaryWrite) {
  const char* seed_text = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = seed_text != nullptr ? strtoull(seed_text, nullptr, 10) : std::random_device()();
  SCOPED_TRACE(Cat("MANDATE_TEST_SEED=", seed));
  std::mt19937_64 random(seed);
  World other(Home::kMemory);
  world.Write(LoadNames());
  other.Write(LoadNames());
  const auto below = [&](uint64_t n) { return random() % n; };
  for (int round = 0; round < 25; ++round) {
    world.now += absl::Seconds(below(3));
    other.now = world.now;
    const ChangeOp op = below(4) == 0 ? ChangeOp::kCreate : ChangeOp::kTouch;
    std::vector<TupleChange> changes;
    for (uint64_t n = below(40) + 1; n > 0; --n) {
      std::string text =
          Cat(below(2) ? "doc:d" : "team:d", below(6), below(2) ? "#viewer" : "#member", "@user:s", below(12));
      if (below(3) == 0) text += Cat("[office:{\"a\":", below(2), "}]");
      TupleChange change{op, Rel(text)};
      if (below(3) == 0) change.relationship.expires_at = world.now + absl::Seconds(below(5)) - absl::Seconds(1);
      changes.push_back(std::move(change));
    }
    if (below(4) > 0) {  // Mostly nothing comes twice.
      std::sort(changes.begin(), changes.end(), [](const TupleChange& a, const TupleChange& b) {
        return ToText(a.relationship) < ToText(b.relationship);
      });
      const auto same = [](const TupleChange& a, const TupleChange& b) {
        return a.relationship.resource == b.relationship.resource &&
               a.relationship.relation == b.relationship.relation && a.relationship.subject == b.relationship.subject;
      };
      changes.erase(std::unique(changes.begin(), changes.end(), same), changes.end());
      std::shuffle(changes.begin(), changes.end(), random);
    }
    WriteRequest request;
    request.changes = changes;
    request.metadata = below(2) ? R"({"by":"sync"})" : "";
    const auto wanted = other.store().Write(request);
    WriteRequest metadata;
    metadata.metadata = request.metadata;
    const bool apart = below(2);  // By identity, as a caller has to part them.
    const auto got = WriteLoad(
        world.store(), op, changes, [&](size_t i) { return apart && changes[i].relationship.resource.type == "team"; },
        metadata);
    ASSERT_EQ(got.ok(), wanted.ok()) << got.status() << wanted.status();
    if (!wanted.ok()) {
      // Where both are so, either may be told.
      const bool both = op == ChangeOp::kCreate && ReasonOf(wanted.status()) == "DUPLICATE_UPDATE";
      EXPECT_TRUE(ReasonOf(got.status()) == ReasonOf(wanted.status()) ||
                  (both && ReasonOf(got.status()) == "ALREADY_EXISTS"))
          << got.status() << wanted.status();
      EXPECT_THAT(FieldOf(got.status()), HasSubstr("changes["));
    }
    if (below(3) == 0) {  // In between, something goes.
      WriteRequest deletion;
      deletion.changes = {{ChangeOp::kDelete, changes[0].relationship}};
      other.Write(deletion);
      world.Write(deletion);
    }
  }
  const Revision head = other.Head()->revision();
  ASSERT_EQ(world.Head()->revision(), head);
  for (uint64_t revision = 1; revision <= head.value(); ++revision) {
    SCOPED_TRACE(revision);
    ASSERT_EQ(EdgesOf(*world.At(Revision(revision))), EdgesOf(*other.At(Revision(revision))));
    ASSERT_EQ(FromSubjects(*world.At(Revision(revision))), FromSubjects(*other.At(Revision(revision))));
  }
  EXPECT_EQ(LogOf(world.store()), LogOf(other.store()));
  EXPECT_EQ(*world.store().NextExpiry(), *other.store().NextExpiry());
  // What the past needs goes with it.
  world.now += absl::Hours(48);
  other.now = world.now;
  while (*world.store().SweepExpired(1000) > 0) {
  }
  while (*other.store().SweepExpired(1000) > 0) {
  }
  EXPECT_EQ(EdgesOf(*world.Head()), EdgesOf(*other.Head()));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(world.store().Collect().ok());
    ASSERT_TRUE(other.store().Collect().ok());
  }
  EXPECT_EQ(world.store().Stats()->oldest, other.store().Stats()->oldest);
  EXPECT_EQ(EdgesOf(*world.Head()), EdgesOf(*other.Head()));
}

TEST_P(LoadTest, ItsChangesComeInPartsAndGoWithTheWindow) {
  world.Write(LoadNames());
  constexpr int kMany = 1700;
  std::vector<TupleChange> changes;
  for (int i = 0; i < kMany; ++i)
    changes.push_back({ChangeOp::kTouch, Rel(Cat("doc:d", 10'000 + i, "#viewer@user:s1"))});
  ASSERT_TRUE(WriteLoad(world.store(), ChangeOp::kTouch, changes).ok());
  world.Write({"touch doc:z#viewer@user:s1"});
  const auto records = world.store().Changes(Revision(1), 100);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 6u) << "the head of the load, four parts, and the write behind it";
  size_t changed = 0;
  for (size_t i = 0; i < 5; ++i) {
    const ChangeRecord& record = records->at(i);
    EXPECT_EQ(record.revision, Revision(2));
    EXPECT_EQ(record.part, i);
    EXPECT_EQ(record.continues, i < 4);
    EXPECT_EQ(record.committed_at, world.now);
    EXPECT_LE(record.changes.size(), 500u);
    changed += record.changes.size();
  }
  EXPECT_EQ(changed, size_t{kMany});
  const auto rest = world.store().Changes({Revision(2), 3}, 100);
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->size(), 2u);
  EXPECT_EQ(rest->front().part, 4u);
  EXPECT_EQ(rest->back().revision, Revision(3));

  world.now += absl::Hours(25);
  ASSERT_TRUE(world.store().Collect().ok());
  EXPECT_REFUSED(world.store().Changes({Revision(2), 3}, 1).status(), kOutOfRange, "REVISION_COLLECTED");
  EXPECT_TRUE(world.store().Changes(Revision(3), 1)->empty());
  EXPECT_EQ(ReadAll(*world.Head()).size(), size_t{kMany} + 1);
}

TEST_P(LoadTest, RefusesWhatIsWrongAndSaysWhere) {
  world.Write(LoadNames());
  world.Write({"touch doc:b#viewer@user:s1"});
  const auto create = [&](std::initializer_list<std::string_view> texts) {
    return WriteLoad(world.store(), ChangeOp::kCreate, Touches(texts)).status();
  };
  const absl::Status stored = create({"doc:a#viewer@user:s1", "doc:b#viewer@user:s1"});
  EXPECT_REFUSED(stored, kAlreadyExists, "ALREADY_EXISTS");
  EXPECT_EQ(FieldOf(stored), "changes[1].relationship");
  const absl::Status twice = create({"doc:c#viewer@user:s1", "doc:a#viewer@user:s1", "doc:c#viewer@user:s1[office]"});
  EXPECT_REFUSED(twice, kInvalidArgument, "DUPLICATE_UPDATE");
  EXPECT_THAT(std::string(twice.message()), HasSubstr("by changes[0] and changes[2]"));
  EXPECT_THAT(std::string(create({"doc:a#viewer@robot:r"}).message()), HasSubstr("has a name that nothing stored has"));
  EXPECT_THAT(std::string(create({"doc:a#viewer@user:s1[weekend]"}).message()),
              HasSubstr("has a name that nothing stored has"));
  EXPECT_EQ(world.store().NewLoad(ChangeOp::kDelete).status().code(), absl::StatusCode::kInvalidArgument);
  WriteRequest expecting;
  expecting.expected_schema = Revision(9);
  EXPECT_REFUSED(WriteLoad(world.store(), ChangeOp::kTouch, Touches({"doc:a#viewer@user:s1"}), {}, expecting).status(),
                 kAborted, "SCHEMA_CHANGED");
  EXPECT_THAT(EdgesOf(*world.Head()), ElementsAre("doc:b#viewer@user:s1 2 2"));
  EXPECT_EQ(world.Write({"touch doc:c#viewer@user:s1"}), Revision(3)) << "a refused load takes no revision";
}

TEST_P(LoadTest, AGuardSeesWhatComesBesideItAndSetsFacts) {
  world.Write(LoadNames());
  WriteRequest request;
  request.guard = [](PendingWrite& write) -> absl::Status {
    if (write.changes().size() != 1) return absl::InternalError("one change comes beside the load");
    write.SetFact("born", Cat(write.revision().value()));
    return absl::OkStatus();
  };
  const auto changes = Touches({"doc:a#viewer@user:s1", "team:t#member@user:s1", "doc:c#viewer@user:s1"});
  ASSERT_TRUE(WriteLoad(
                  world.store(), ChangeOp::kTouch, changes, [](size_t i) { return i == 1; }, request)
                  .ok());
  EXPECT_EQ(*world.Head()->Fact("born"), "2");
  EXPECT_THAT(EdgesOf(*world.Head()),
              ElementsAre("doc:a#viewer@user:s1 2 2", "doc:c#viewer@user:s1 2 2", "team:t#member@user:s1 2 2"));
  request.guard = [](PendingWrite&) { return absl::PermissionDeniedError("no"); };
  EXPECT_EQ(WriteLoad(world.store(), ChangeOp::kTouch, Touches({"doc:x#viewer@user:s1"}), {}, request).status().code(),
            absl::StatusCode::kPermissionDenied);
  request.guard = [](PendingWrite& write) {
    write.AppendToLedger({"{}", {"term"}});
    return absl::OkStatus();
  };
  EXPECT_EQ(WriteLoad(world.store(), ChangeOp::kTouch, Touches({"doc:x#viewer@user:s1"}), {}, request).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(world.Head()->revision(), Revision(2));
}

INSTANTIATE_TEST_SUITE_P(Homes, LoadTest, testing::Values(Home::kMemory, Home::kDisk, Home::kReopened), HomeName);

TEST(LoadBesideWriters, IsBuiltAgainWhenSomebodyWroteMeanwhile) {
  World world(Home::kDisk);
  world.Write(LoadNames());
  TupleStore& store = world.store();
  int judged = 0;
  WriteRequest request;
  request.guard = [&](PendingWrite& write) {
    // While the tables are built for the first time the relationship comes that the load creates: that must be seen.
    if (++judged == 1) {
      std::thread([&] { EXPECT_TRUE(store.Write(Request({"touch doc:b#viewer@user:s1"})).ok()); }).join();
    }
    EXPECT_EQ(write.revision(), Revision(judged + 1));
    return absl::OkStatus();
  };
  const auto changes = Touches({"doc:a#viewer@user:s1", "doc:b#viewer@user:s1"});
  EXPECT_REFUSED(WriteLoad(store, ChangeOp::kCreate, changes, {}, request).status(), kAlreadyExists, "ALREADY_EXISTS");
  EXPECT_EQ(judged, 2);
  EXPECT_THAT(EdgesOf(*store.Head()), ElementsAre("doc:b#viewer@user:s1 2 2"));
  judged = 0;
  request.guard = [&](PendingWrite&) {
    if (++judged == 1) {
      std::thread([&] { EXPECT_TRUE(store.Write(Request({"delete doc:b#viewer@user:s1"})).ok()); }).join();
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(WriteLoad(store, ChangeOp::kTouch, changes, {}, request).value(), Revision(4));
  EXPECT_THAT(EdgesOf(*store.Head()), ElementsAre("doc:a#viewer@user:s1 4 4", "doc:b#viewer@user:s1 4 4"));
  EXPECT_EQ(LogOf(store).size(), 4u);
}

// Records of the ledger take no revision, so they do not make a load be built again, and it keeps what they say.
TEST(LoadBesideWriters, KeepsTheLedgerThatGrewMeanwhile) {
  World world(Home::kReopened);
  world.Write(LoadNames());
  TupleStore& store = world.store();
  int judged = 0;
  WriteRequest request;
  request.guard = [&](PendingWrite&) {
    if (++judged == 1) {
      WriteRequest record;
      record.records_only = true;
      record.guard = [](PendingWrite& write) {
        write.AppendToLedger({"{}", {"term"}});
        return absl::OkStatus();
      };
      std::thread([&] { EXPECT_TRUE(store.Write(record).ok()); }).join();
    }
    return absl::OkStatus();
  };
  EXPECT_TRUE(WriteLoad(store, ChangeOp::kTouch, Touches({"doc:a#viewer@user:s1"}), {}, request).ok());
  EXPECT_EQ(judged, 1);
  EXPECT_EQ(world.Head()->ledger_head().sequence, 1u);
  EXPECT_TRUE(world.Head()->Ledger({}, 0)->Valid());
  EXPECT_THAT(EdgesOf(*world.Head()), ElementsAre("doc:a#viewer@user:s1 2 2"));
}

TEST(LoadOnDisk, LeavesNothingBehindWhenItIsLetGoOrItsProcessDied) {
  World world(Home::kDisk);
  world.Write(LoadNames());
  const auto loads = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(world.directory())) {
      count += entry.path().filename().string().starts_with("load-");
    }
    return count;
  };
  {
    auto load = world.store().NewLoad(ChangeOp::kTouch);
    ASSERT_TRUE((*load)->Add(Rel("doc:a#viewer@user:s1"), 0).ok());
    EXPECT_EQ(loads(), 1);
  }
  EXPECT_EQ(loads(), 0);
  ASSERT_TRUE(WriteLoad(world.store(), ChangeOp::kTouch, Touches({"doc:a#viewer@user:s1"})).ok());
  EXPECT_EQ(loads(), 0);
  world.Close();
  std::filesystem::create_directory(world.directory() + "/load-7");
  std::filesystem::copy(world.directory() + "/CURRENT", world.directory() + "/load-7/live-F-0.sst");
  world.Reopen();
  EXPECT_EQ(loads(), 0);
  EXPECT_THAT(EdgesOf(*world.Head()), ElementsAre("doc:a#viewer@user:s1 2 2"));
}

TEST(LoadOnDisk, ThereAreOnlySoManyAtATime) {
  World world(Home::kDisk);
  std::vector<std::unique_ptr<BulkLoad>> loads;
  for (int i = 0; i < 8; ++i) loads.push_back(*world.store().NewLoad(ChangeOp::kTouch));
  EXPECT_REFUSED(world.store().NewLoad(ChangeOp::kTouch).status(), kResourceExhausted, "TOO_MANY_LOADS");
  loads.pop_back();
  EXPECT_TRUE(world.store().NewLoad(ChangeOp::kTouch).ok());
}

TEST(LoadOnDisk, AFullDiskRefusesItAndTheStoreGoesOn) {
  FaultDisk disk;
  World world(Home::kDisk, {}, {.env = disk.env()});
  world.Write(LoadNames());
  std::vector<TupleChange> changes;
  for (int i = 0; i < 2000; ++i) changes.push_back({ChangeOp::kTouch, Rel(Cat("doc:d", i, "#viewer@user:s1"))});
  auto load = world.store().NewLoad(ChangeOp::kTouch);
  for (size_t i = 0; i < changes.size(); ++i) ASSERT_TRUE((*load)->Add(changes[i].relationship, i).ok());
  WriteRequest request;
  request.load = load->get();
  disk.Fail(FaultDisk::Fault::kNoSpace);
  EXPECT_REFUSED(world.Try(request), kResourceExhausted, "DISK_FULL");
  disk.Fail(FaultDisk::Fault::kNone);
  EXPECT_THAT(ReadAll(*world.Head()), IsEmpty());
  EXPECT_EQ(world.Write({"touch doc:a#viewer@user:s1"}), Revision(2)) << "nothing of it was written, so writes go on";
  EXPECT_EQ(world.Write(request), Revision(3)) << "the same load, once there is room";
  EXPECT_EQ(ReadAll(*world.Head()).size(), 2001u);
}

// Building takes a while, and what the load goes on from may expire meanwhile.
TEST(LoadAge, IsOfTheMomentOfTheCommit) {
  World world(Home::kMemory);
  Relationship alice = Rel("doc:a#viewer@user:alice");
  alice.expires_at = world.now + absl::Minutes(5);
  WriteRequest first = LoadNames();
  first.changes = {{ChangeOp::kTouch, alice}};
  world.Write(first);
  WriteRequest request;
  request.guard = [&, once = std::make_shared<bool>(false)](PendingWrite&) {
    if (!std::exchange(*once, true)) world.now += absl::Minutes(10);
    return absl::OkStatus();
  };
  alice.expires_at = world.now + absl::Hours(1);
  const auto revision = WriteLoad(world.store(), ChangeOp::kTouch, {{ChangeOp::kTouch, alice}}, {}, request);
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ((*FindEdge(*world.Head(), alice))->born, *revision) << "it had expired, so it is a new one";
}

}  // namespace
}  // namespace mandate
