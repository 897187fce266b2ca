// The ledger: what is appended is there, in order, found by its terms; whatever is done to it behind the store's back
// is found and named.
#include <gmock/gmock.h>

#include <thread>

#include "rocksdb/db.h"
#include "schema/text.h"
#include "storage/ledger_check.h"
#include "storage/ledger_codec.h"
#include "storage/rocks_options.h"
#include "storage/state_view.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Bodies(const Snapshot& snapshot, const std::vector<std::string>& terms, uint64_t after = 0) {
  std::vector<std::string> bodies;
  auto cursor = snapshot.Ledger(terms, after);
  for (; cursor->Valid(); cursor->Next()) {
    const LedgerRecord& record = cursor->record();
    bodies.push_back(Cat(record.sequence, " ", record.retired ? "retired" : record.body));
  }
  EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  return bodies;
}

std::vector<std::string> Faults(const Snapshot& snapshot) {
  LedgerReport report;
  const absl::Status status = CheckLedger(snapshot, &report);
  EXPECT_TRUE(status.ok()) << status;
  std::vector<std::string> faults;
  for (const LedgerFault& fault : report.faults) faults.push_back(fault.what);
  return faults;
}

class Ledger : public testing::TestWithParam<Home> {
 protected:
  absl::StatusOr<Revision> Append(std::vector<LedgerAppend> records) {
    WriteRequest request;
    request.records_only = true;
    request.guard = [&](PendingWrite& write) {
      for (const LedgerAppend& record : records) write.AppendToLedger(record);
      return absl::OkStatus();
    };
    return world.store().Write(request);
  }
  absl::Status Retire(uint64_t sequence) {
    WriteRequest request;
    request.records_only = true;
    request.guard = [&](PendingWrite& write) { return write.RetireFromLedger(sequence); };
    return world.store().Write(request).status();
  }
  World world{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Homes, Ledger, testing::Values(Home::kMemory, Home::kDisk, Home::kReopened), HomeName);

TEST_P(Ledger, KeepsRecordsInOrderAndFindsThemByTheirTerms) {
  ASSERT_TRUE(Append({{"one", {"run 1", "bot a"}}, {"two", {"run 2", "bot a"}}}).ok());
  ASSERT_TRUE(Append({{"three", {"run 1", "bot b"}}, {"four", {"run 1", "bot a"}}}).ok());
  const auto head = world.Head();
  EXPECT_EQ(head->ledger_head().sequence, 4u);
  EXPECT_THAT(Bodies(*head, {}), ElementsAre("1 one", "2 two", "3 three", "4 four"));
  EXPECT_THAT(Bodies(*head, {}, 2), ElementsAre("3 three", "4 four"));
  EXPECT_THAT(Bodies(*head, {"run 1"}), ElementsAre("1 one", "3 three", "4 four"));
  EXPECT_THAT(Bodies(*head, {"run 1", "bot a"}), ElementsAre("1 one", "4 four"));
  EXPECT_THAT(Bodies(*head, {"bot a", "run 1"}, 1), ElementsAre("4 four"));
  EXPECT_THAT(Bodies(*head, {"run 2", "bot b"}), IsEmpty());
  EXPECT_THAT(Bodies(*head, {"run"}), IsEmpty()) << "a term is not a prefix";
  EXPECT_THAT(Faults(*head), IsEmpty());
}

TEST_P(Ledger, TakesNoRevisionOfItsOwn) {
  const Revision before = world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_EQ(*Append({{"one", {"run 1"}}}), before);
  EXPECT_EQ(world.Head()->revision(), before);
  const auto changes = world.store().Changes(Revision(), 10);
  EXPECT_EQ(changes->size(), 1u);
}

TEST_P(Ledger, IsAsOfNowWhateverTheRevision) {
  const Revision past = world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"touch doc:b#viewer@user:alice"});
  ASSERT_TRUE(Append({{"one", {"run 1"}}}).ok());
  const auto then = world.store().At(past);
  ASSERT_TRUE(then.ok()) << then.status();
  EXPECT_THAT(Bodies(**then, {"run 1"}), ElementsAre("1 one"));
}

TEST_P(Ledger, CommitsWithTheWriteOrNotAtAll) {
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.guard = [](PendingWrite& write) {
    EXPECT_EQ(write.NextSequence(), 1u);
    write.AppendToLedger({"one", {"run 1"}});
    EXPECT_EQ(write.NextSequence(), 2u);
    write.SetFact("seen run 1", "1");
    return absl::AbortedError("not today");
  };
  EXPECT_FALSE(world.store().Write(request).ok());
  EXPECT_EQ(world.Head()->ledger_head().sequence, 0u);
  EXPECT_THAT(Bodies(*world.Head(), {}), IsEmpty());
  ASSERT_TRUE(Append({{"first", {"run 1"}}}).ok());
  EXPECT_THAT(Bodies(*world.Head(), {}), ElementsAre("1 first"));
}

TEST_P(Ledger, RefusesTermsThatItCannotKeep) {
  EXPECT_EQ(Append({{"one", {""}}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Append({{"one", {std::string("a\0b", 3)}}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Append({{"one", {std::string(2049, 'a')}}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Append({{"one", {std::string(2048, 'a')}}}).ok());
}

TEST_P(Ledger, RefusesRecordsAloneThatBringRelationships) {
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.records_only = true;
  request.guard = [](PendingWrite&) { return absl::OkStatus(); };
  EXPECT_EQ(world.store().Write(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(Ledger, KeepsTheChainOfWhatIsRetired) {
  ASSERT_TRUE(Append({{"one", {"run 1"}}, {"two", {"run 2"}}, {"three", {"run 1"}}}).ok());
  ASSERT_TRUE(Retire(2).ok());
  EXPECT_THAT(Bodies(*world.Head(), {}), ElementsAre("1 one", "2 retired", "3 three"));
  EXPECT_THAT(Bodies(*world.Head(), {"run 2"}), IsEmpty());
  EXPECT_THAT(Faults(*world.Head()), IsEmpty());
  ASSERT_TRUE(Retire(1).ok());
  EXPECT_THAT(Bodies(*world.Head(), {}), ElementsAre("3 three")) << "the old end goes altogether";
  EXPECT_EQ(world.Head()->ledger_head().base, 2u);
  EXPECT_THAT(Faults(*world.Head()), IsEmpty());
  ASSERT_TRUE(Append({{"four", {}}}).ok());
  EXPECT_THAT(Faults(*world.Head()), IsEmpty());
}

TEST_P(Ledger, FactsAreListedByPrefixAndDeleted) {
  WriteRequest request;
  request.records_only = true;
  request.guard = [](PendingWrite& write) {
    for (const char* key : {"a 1", "a 2", "b 1"}) write.SetFact(key, "x");
    write.DeleteFact("a 1");
    return absl::OkStatus();
  };
  ASSERT_TRUE(world.store().Write(request).ok());
  std::vector<std::string> keys;
  const auto head = world.Head();
  auto cursor = head->Facts("a ");
  for (; cursor->Valid(); cursor->Next()) keys.emplace_back(cursor->key());
  EXPECT_THAT(keys, ElementsAre("a 2"));
}

TEST(LedgerInMemory, WakesThoseWhoWaitWithTheCommit) {
  World world(Home::kMemory);
  world.Write({"touch doc:a#viewer@user:alice"});
  const Revision revision = world.Head()->revision();
  std::thread waiter([&] { world.store().WaitBeyond(revision, 0, absl::InfiniteDuration()); });
  WriteRequest request;
  request.records_only = true;
  request.guard = [](PendingWrite& write) {
    write.AppendToLedger({"one", {}});
    return absl::OkStatus();
  };
  ASSERT_TRUE(world.store().Write(request).ok());
  waiter.join();
  std::thread next([&] { world.store().WaitBeyond(revision, 1, absl::InfiniteDuration()); });
  world.Write({"touch doc:b#viewer@user:alice"});
  next.join();
  world.store().WaitBeyond(world.Head()->revision(), 1, absl::ZeroDuration());
}

// A ledger of five records on disk, of which something is changed past the store.
class Tampered : public testing::Test {
 protected:
  Tampered() {
    auto store = OpenRocksStore(directory_.path(), {});
    EXPECT_TRUE(store.ok()) << store.status();
    for (int i = 1; i <= 5; ++i) {
      WriteRequest request;
      request.records_only = true;
      request.guard = [&](PendingWrite& write) {
        write.AppendToLedger({Cat("body ", i), {"run 1"}});
        return absl::OkStatus();
      };
      EXPECT_TRUE((*store)->Write(request).ok());
    }
  }

  // `change` gets the database and the families of ledger and meta.
  std::vector<std::string> FaultsAfter(const std::function<void(rocksdb::DB*, rocksdb::ColumnFamilyHandle* ledger,
                                                                rocksdb::ColumnFamilyHandle* meta)>& change) {
    const RocksOptions options = MakeRocksOptions({}, rocksdb::Env::Default());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options.database, directory_.path(), options.families, &handles, &db).ok());
    change(db, handles[static_cast<size_t>(Family::kLedger)], handles[static_cast<size_t>(Family::kMeta)]);
    for (auto* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);
    delete db;
    // What the process remembers beside the database is another test's subject.
    std::filesystem::remove(directory_.path() + "/WITNESS");
    auto store = OpenRocksStore(directory_.path(), {});
    EXPECT_TRUE(store.ok()) << store.status();
    return Faults(*(*store)->Head());
  }

  static LedgerRecord Load(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* ledger, uint64_t sequence) {
    std::string value;
    EXPECT_TRUE(db->Get({}, ledger, RecordKey(sequence), &value).ok());
    LedgerRecord record{.sequence = sequence};
    EXPECT_TRUE(DecodeRecord(value, &record));
    return record;
  }
  static void Save(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* ledger, const LedgerRecord& record) {
    EXPECT_TRUE(db->Put({}, ledger, RecordKey(record.sequence), EncodeRecord(record)).ok());
  }

  ScratchDirectory directory_;
};

TEST_F(Tampered, AChangedBodyIsNamed) {
  const auto faults = FaultsAfter([](auto* db, auto* ledger, auto*) {
    LedgerRecord record = Load(db, ledger, 3);
    record.body = "body 3, but nicer";
    Save(db, ledger, record);
  });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("ledger record 3 was changed")));
}

TEST_F(Tampered, AReplacedRecordThatHashesRightIsFoundAtTheNextOne) {
  const auto faults = FaultsAfter([](auto* db, auto* ledger, auto*) {
    LedgerRecord record = Load(db, ledger, 3);
    record.body = "body 3, but nicer";
    record.hash = ChainHash(Load(db, ledger, 2).hash, Sha256(record.body));
    Save(db, ledger, record);
  });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("ledger record 4 was changed, replaced or moved")));
}

TEST_F(Tampered, ARemovedRecordIsNamed) {
  const auto faults =
      FaultsAfter([](auto* db, auto* ledger, auto*) { EXPECT_TRUE(db->Delete({}, ledger, RecordKey(3)).ok()); });
  EXPECT_THAT(faults, ElementsAre("ledger record 3 was removed"));
}

TEST_F(Tampered, SwappedRecordsAreNamed) {
  const auto faults = FaultsAfter([](auto* db, auto* ledger, auto*) {
    LedgerRecord third = Load(db, ledger, 3);
    LedgerRecord fourth = Load(db, ledger, 4);
    std::swap(third.sequence, fourth.sequence);
    Save(db, ledger, third);
    Save(db, ledger, fourth);
  });
  EXPECT_THAT(faults, testing::Contains(HasSubstr("ledger record 3 was changed, replaced or moved")));
}

TEST_F(Tampered, ACutEndIsNamed) {
  const auto faults = FaultsAfter([](auto* db, auto* ledger, auto*) {
    EXPECT_TRUE(db->Delete({}, ledger, RecordKey(4)).ok());
    EXPECT_TRUE(db->Delete({}, ledger, RecordKey(5)).ok());
  });
  EXPECT_THAT(faults, ElementsAre("ledger record 4 and those behind it, up to 5, were removed"));
}

TEST_F(Tampered, AHeadThatNamesAnotherRecordIsNamed) {
  const auto faults = FaultsAfter([](auto* db, auto* ledger, auto* meta) {
    LedgerHead head = EmptyLedger("00");
    head.sequence = 5;
    head.base_hash = ChainHash(Load(db, ledger, 1).hash, "x");
    EXPECT_TRUE(db->Put({}, meta, LedgerHeadKey(), EncodeLedgerHead(head)).ok());
  });
  EXPECT_THAT(faults,
              ElementsAre(HasSubstr("ledger record 1 was changed"), HasSubstr("ledger record 5 is not the one")));
}

TEST_F(Tampered, AnUnreadableRecordIsNamed) {
  const auto faults = FaultsAfter(
      [](auto* db, auto* ledger, auto*) { EXPECT_TRUE(db->Put({}, ledger, RecordKey(3), "\x07garbage").ok()); });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("ledger record 3 cannot be read")));
}

TEST_F(Tampered, ALedgerThatLostItsEndIsNotOpened) {
  const RocksOptions options = MakeRocksOptions({}, rocksdb::Env::Default());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options.database, directory_.path(), options.families, &handles, &db).ok());
  LedgerHead head = EmptyLedger("00");
  EXPECT_TRUE(db->Put({}, handles[0], LedgerHeadKey(), EncodeLedgerHead(head)).ok());
  for (auto* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);
  delete db;
  const auto store = OpenRocksStore(directory_.path(), {});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss) << store.status();
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("ledger record 5 was acknowledged"));
}

}  // namespace
}  // namespace mandate
