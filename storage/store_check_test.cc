// A database in which everything is: nothing is wrong with it; and each thing that can be wrong is told.
#include "storage/store_check.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "rocksdb/db.h"
#include "storage/key_codec.h"
#include "storage/rocks_options.h"
#include "storage/state_view.h"
#include "storage/test_world.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteRequest names;
    names.schema_names = {"doc", "user", "viewer", "office"};
    names.schema_text = "definition user {}";
    world.Write(names);
    world.Write({"touch doc:a#viewer@user:alice", "touch doc:b#viewer@user:bob[expiration:2040-01-01T00:00:00Z]"});
    WriteRequest ledger = Request({"touch doc:a#viewer@user:alice[office]"});
    ledger.guard = [](PendingWrite& write) {
      write.SetFact("born", "yes");
      write.AppendToLedger({"{\"n\":1}", {"run 7"}});
      write.AppendToLedger({"{\"n\":2}", {"run 8"}});
      return absl::OkStatus();
    };
    world.Write(ledger);
    auto load = world.store().NewLoad(ChangeOp::kTouch);
    for (int i = 0; i < 1200; ++i) {
      ASSERT_TRUE((*load)->Add(Rel("doc:l" + std::to_string(i) + "#viewer@user:carl"), i).ok());
    }
    ASSERT_TRUE((*load)->Add(Rel("doc:b#viewer@user:bob"), 1200).ok());
    WriteRequest write;
    write.load = load->get();
    world.Write(write);
    world.Write({"delete doc:l7#viewer@user:carl"});
  }

  StoreReport Check() {
    world.Close();
    StoreReport report;
    const absl::Status status = CheckStore(world.directory(), &report);
    EXPECT_TRUE(status.ok()) << status;
    return report;
  }

  // Changes stored bytes behind the store's back.
  void Damage(
      const std::function<void(rocksdb::DB* db, const std::function<rocksdb::ColumnFamilyHandle*(Family)>&)>& change) {
    world.Close();
    const RocksOptions rocks = MakeRocksOptions({}, rocksdb::Env::Default());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocks.database, world.directory(), rocks.families, &handles, &db).ok());
    change(db, [&](Family family) { return handles[static_cast<size_t>(family)]; });
    for (rocksdb::ColumnFamilyHandle* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);
    ASSERT_TRUE(db->Close().ok());
    delete db;
    std::filesystem::remove(world.directory() + "/WITNESS");
  }
  // Stores again what ended at `revision`, as if that had not come to be, with its past or without.
  static void BringBack(rocksdb::DB* db, const std::function<rocksdb::ColumnFamilyHandle*(Family)>& of,
                        Revision revision, bool with_past) {
    int brought = 0;
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), of(Family::kHistory)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::string key = it->key().ToString();
      std::string_view index_key;
      Revision ended;
      ASSERT_TRUE(DecodeHistoryKey(key, &index_key, &ended));
      if (ended != revision) continue;
      ASSERT_TRUE(db->Put({}, of(Family::kLive), std::string(index_key), it->value()).ok());
      if (!with_past) ASSERT_TRUE(db->Delete({}, of(Family::kHistory), key).ok());
      ++brought;
    }
    EXPECT_EQ(brought, 2) << "forward and reverse";
  }

  // The first key of a family that begins so, and its value.
  static std::pair<std::string, std::string> First(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                                   const std::string& prefix) {
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), family));
    it->Seek(prefix);
    EXPECT_TRUE(it->Valid());
    return {it->key().ToString(), it->value().ToString()};
  }

  World world{Home::kDisk};
};

TEST_F(StoreCheckTest, FindsNothingWhereNothingIsWrong) {
  const StoreReport report = Check();
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_EQ(report.head, Revision(5));
  EXPECT_EQ(report.relationships, 1201u);
  EXPECT_EQ(report.versions, 3u);
  EXPECT_EQ(report.commits, 5u);
  EXPECT_EQ(report.schemas, 1u);
  EXPECT_EQ(report.facts, 1u);
  EXPECT_EQ(report.ledger_records, 2u);
  world.Reopen();
  world.now += absl::Hours(25);
  world.Write({"touch doc:a#viewer@user:dora"});
  ASSERT_TRUE(world.store().Collect().ok());
  const StoreReport later = Check();
  EXPECT_THAT(later.faults, IsEmpty());
  EXPECT_EQ(later.versions, 0u);
  EXPECT_EQ(later.oldest, Revision(5));
}

TEST_F(StoreCheckTest, FindsNothingInWhatCameAndWentAgain) {
  const auto pass = [&](absl::Duration time) {
    world.now += time;
    EXPECT_TRUE(world.store().Collect().ok());
    EXPECT_THAT(Check().faults, IsEmpty());
    world.Reopen();
  };
  world.Write({"touch doc:l7#viewer@user:carl"});
  world.Write({"touch doc:l7#viewer@user:carl[office]", "delete doc:l8#viewer@user:carl"});
  world.Write({"delete doc:l7#viewer@user:carl", "delete doc:none#viewer@user:carl"});
  world.Write({"create doc:l7#viewer@user:carl[expiration:2027-01-16T00:00:00Z]"});
  pass(absl::Hours(20));
  EXPECT_EQ(*world.store().SweepExpired(9), 1u);
  world.Write({"create doc:l7#viewer@user:carl", "touch doc:b#viewer@user:bob[office]"});
  auto load = world.store().NewLoad(ChangeOp::kTouch);
  for (const char* again : {"doc:l7#viewer@user:carl[office]", "doc:l8#viewer@user:carl", "doc:b#viewer@user:bob"}) {
    ASSERT_TRUE((*load)->Add(Rel(again), 0).ok());
  }
  WriteRequest write;
  write.load = load->get();
  world.Write(write);
  load->reset();
  world.Write({"delete doc:l7#viewer@user:carl"});
  pass(absl::Hours(5));  // What came before the sweep has left the window.
  EXPECT_EQ(world.store().Stats()->oldest, Revision(9));
  pass(absl::Hours(20));
  EXPECT_EQ(world.store().Stats()->oldest, world.Head()->revision());
  world.Write({"touch doc:l7#viewer@user:carl"});
  pass(absl::ZeroDuration());
}

TEST_F(StoreCheckTest, TellsEachThingThatIsWrong) {
  using Handles = std::function<rocksdb::ColumnFamilyHandle*(Family)>;
  struct {
    const char* what;
    std::function<void(rocksdb::DB*, const Handles&)> damage;
    const char* told;
  } damages[] = {
      {"a reverse key is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* live = of(Family::kLive);
         ASSERT_TRUE(db->Delete({}, live, First(db, live, "R").first).ok());
       },
       "stands under its resource and is missing under its subject"},
      {"a forward key is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* live = of(Family::kLive);
         ASSERT_TRUE(db->Delete({}, live, First(db, live, "F").first).ok());
       },
       "stands under its subject and is missing under its resource"},
      {"an edge differs",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* live = of(Family::kLive);
         std::string edge;
         AppendEdge(Edge{.written = Revision(1), .born = Revision(1)}, &edge);
         ASSERT_TRUE(db->Put({}, live, First(db, live, "R").first, edge).ok());
       },
       "differs under its subject"},
      {"an edge is no edge",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* live = of(Family::kLive);
         ASSERT_TRUE(db->Put({}, live, First(db, live, "F").first, "?").ok());
       },
       "is not what may stand there"},
      {"a key that nobody knows",
       [&](rocksdb::DB* db, const Handles& of) { ASSERT_TRUE(db->Put({}, of(Family::kLive), "Z", "").ok()); },
       "in `live` the key 5a"},
      {"a version of the past is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* history = of(Family::kHistory);
         ASSERT_TRUE(db->Delete({}, history, First(db, history, "F").first).ok());
       },
       "the version"},
      {"a relationship that was revoked is back",
       [&](rocksdb::DB* db, const Handles& of) { BringBack(db, of, Revision(5), /*with_past=*/true); },
       "`doc:l7#viewer@user:carl` is stored as of revision 4, and the past says that it ended at revision 5"},
      {"a relationship that was revoked is back, and has no past",
       [&](rocksdb::DB* db, const Handles& of) { BringBack(db, of, Revision(5), /*with_past=*/false); },
       "revision 5 deleted `doc:l7#viewer@user:carl`, which is stored as of revision 4"},
      {"a relationship that was changed is as before",
       [&](rocksdb::DB* db, const Handles& of) { BringBack(db, of, Revision(3), /*with_past=*/true); },
       "`doc:a#viewer@user:alice` is stored as of revision 2, and the past says that it ended at revision 3"},
      {"a relationship that nobody wrote",
       [&](rocksdb::DB* db, const Handles& of) {
         const ObjectKey resource{static_cast<NameId>(1), "z"};
         const SubjectKey subject{static_cast<NameId>(2), "eve", NameId::kNone};
         std::string edge;
         AppendEdge(Edge{.written = Revision(3), .born = Revision(3)}, &edge);
         for (const std::string& key : {ForwardKey(resource, static_cast<NameId>(3), subject),
                                        ReverseKey(resource, static_cast<NameId>(3), subject)}) {
           ASSERT_TRUE(db->Put({}, of(Family::kLive), key, edge).ok());
         }
       },
       "the changelog says that 1204 relationships were written, and the 1205 that are stored or in the past are not"},
      {"a revision is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         ASSERT_TRUE(db->Delete({}, of(Family::kChangelog), CommitKey(Revision(1))).ok());
       },
       "the changelog goes on with revision 2 where 1 should be"},
      {"more revisions are gone than were lost",
       [&](rocksdb::DB* db, const Handles& of) {
         for (const uint64_t gone : {1, 2}) {
           ASSERT_TRUE(db->Delete({}, of(Family::kChangelog), CommitKey(Revision(gone))).ok());
         }
         ASSERT_TRUE(db->Put({}, of(Family::kMeta), LostKey(Revision(1)), EncodeRevision(Revision(1))).ok());
       },
       "the changelog goes on with revision 3 where 2 should be"},
      {"an expiry that is none",
       [&](rocksdb::DB* db, const Handles& of) {
         ASSERT_TRUE(db->Put({}, of(Family::kMeta), ExpiryKey(absl::FromUnixSeconds(2), "Fx"), "").ok());
       },
       "the list of expiries has 1 entries that are not those of the 0"},
      {"a part of a load is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         ASSERT_TRUE(db->Delete({}, of(Family::kChangelog), CommitKey(Revision(4), 2)).ok());
       },
       "in `changelog` the key"},
      {"the end of the changelog is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         ASSERT_TRUE(db->Delete({}, of(Family::kChangelog), CommitKey(Revision(5))).ok());
       },
       "the changelog ends at revision 4, and the newest is 5"},
      {"the schema is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         ASSERT_TRUE(db->Delete({}, of(Family::kMeta), SchemaKey(Revision(1))).ok());
       },
       "the schema of revision 1, the newest, is missing"},
      {"a record of the ledger is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* ledger = of(Family::kLedger);
         ASSERT_TRUE(db->Delete({}, ledger, First(db, ledger, "E").first).ok());
       },
       "ledger record 1"},
      {"a term of the ledger is gone",
       [&](rocksdb::DB* db, const Handles& of) {
         auto* ledger = of(Family::kLedger);
         ASSERT_TRUE(db->Delete({}, ledger, First(db, ledger, "I").first).ok());
       },
       "the terms by which the ledger is searched"},
  };
  for (const auto& damage : damages) {
    SCOPED_TRACE(damage.what);
    // Of a copy: the next one begins with a whole database again.
    world.Close();
    ScratchDirectory kept;
    std::filesystem::copy(world.directory(), kept.path(), std::filesystem::copy_options::recursive);
    Damage(damage.damage);
    const StoreReport report = Check();
    EXPECT_GT(report.faults_count, 0u);
    EXPECT_THAT(report.faults, Contains(HasSubstr(damage.told)));
    std::filesystem::remove_all(world.directory());
    std::filesystem::copy(kept.path(), world.directory(), std::filesystem::copy_options::recursive);
  }
}

TEST_F(StoreCheckTest, TellsABitThatFlippedInATable) {
  world.Close();
  bool flipped = false;
  for (const auto& entry : std::filesystem::directory_iterator(world.directory())) {
    if (entry.path().extension() != ".sst" || flipped) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(30);
    const char byte = static_cast<char>(file.get());
    file.seekp(30);
    file.put(static_cast<char>(byte ^ 4));
    flipped = true;
  }
  ASSERT_TRUE(flipped) << "a load leaves tables";
  StoreReport report;
  const absl::Status status = CheckStore(world.directory(), &report);
  EXPECT_TRUE(absl::IsDataLoss(status) || report.faults_count > 0) << status;
}

TEST_F(StoreCheckTest, OfWhatIsNoDatabaseOrInUseSaysSo) {
  StoreReport report;
  EXPECT_EQ(CheckStore("/nowhere", &report).code(), absl::StatusCode::kNotFound);
  ScratchDirectory empty;
  EXPECT_EQ(CheckStore(empty.path(), &report).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckStore(world.directory(), &report).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mandate
