// A disk that is full or breaks: nothing unsynced is acknowledged, readers go on, and a restart
// finds all that was.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "storage/fault_disk.h"
#include "storage/rocks_database.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DiskFault : public testing::Test {
 protected:
  FaultDisk disk;
  World world{Home::kDisk, {}, {.env = disk.env()}};
};

TEST(FromRocks, IsNothingThatCouldBeTakenForAnAnswer) {
  for (const auto& status :
       {rocksdb::Status::IOError("Read-only file system"), rocksdb::Status::IOError("Permission denied"),
        rocksdb::Status::NotFound(), rocksdb::Status::PathNotFound()}) {
    const absl::Status ours = FromRocks(status, "reading");
    EXPECT_FALSE(absl::IsPermissionDenied(ours) || absl::IsNotFound(ours)) << ours;
  }
}

TEST_F(DiskFault, AFullDiskIsNamedAndReadersGoOn) {
  world.Write({"touch doc:a#viewer@user:alice"});
  disk.Fail(FaultDisk::Fault::kNoSpace);
  const absl::Status full = world.Try({"touch doc:b#viewer@user:alice"});
  EXPECT_REFUSED(full, kResourceExhausted, "DISK_FULL");
  EXPECT_THAT(std::string(full.message()), HasSubstr("the disk is full"));
  EXPECT_EQ(world.Head()->revision(), Revision(1));
  EXPECT_THAT(ReadAll(*world.Head()), ElementsAre("doc:a#viewer@user:alice"));
  EXPECT_TRUE(world.store().At(Revision(0)).ok());
  EXPECT_TRUE(world.store().Changes(Revision(0), 1).ok());
}

TEST_F(DiskFault, AfterAFailedWriteNoMoreAreTakenUntilTheStoreIsOpenedAgain) {
  for (FaultDisk::Fault fault :
       {FaultDisk::Fault::kNoSpace, FaultDisk::Fault::kBrokenAppend, FaultDisk::Fault::kBrokenSync}) {
    world.Write({"touch doc:a#viewer@user:alice"});
    const Revision head = world.Head()->revision();
    disk.Fail(fault);
    EXPECT_FALSE(world.Try({"touch doc:b#viewer@user:x", "touch doc:c#viewer@user:x"}).ok());
    disk.Fail(FaultDisk::Fault::kNone);
    const absl::Status later = world.Try({"touch doc:d#viewer@user:x"});
    EXPECT_THAT(std::string(later.message()), HasSubstr("takes no more writes"));
    EXPECT_EQ(world.Head()->revision(), head);
    world.Reopen();
    EXPECT_GE(world.Head()->revision(), head);
    EXPECT_TRUE(world.Find("doc:a#viewer@user:alice"));
    EXPECT_EQ(world.Find("doc:b#viewer@user:x").has_value(), world.Find("doc:c#viewer@user:x").has_value())
        << "a write that was not acknowledged is there whole or not at all";
    EXPECT_FALSE(world.Find("doc:d#viewer@user:x"));
    world.Write({"delete doc:b#viewer@user:x", "delete doc:c#viewer@user:x"});
  }
}

TEST_F(DiskFault, NothingIsVisibleBeforeItIsSynced) {
  world.Write({"touch doc:a#viewer@user:alice"});
  TupleStore& store = world.store();
  int syncs = 0;
  disk.before_log_sync = [&] {
    ++syncs;
    EXPECT_EQ(store.Head()->revision(), Revision(1));
    EXPECT_THAT(ReadAll(*store.Head()), ElementsAre("doc:a#viewer@user:alice"));
  };
  EXPECT_TRUE(store.Write(Request({"touch doc:b#viewer@user:alice"})).ok());
  disk.before_log_sync = nullptr;
  EXPECT_EQ(syncs, 1) << "one write, one sync";
  EXPECT_EQ(store.Head()->revision(), Revision(2));
}

TEST(DiskFaultAtCreation, AFullDiskIsNamed) {
  FaultDisk disk;
  disk.Fail(FaultDisk::Fault::kNoSpace);
  ScratchDirectory scratch;
  const auto store = OpenRocksStoreWith(scratch.path(), {}, {.env = disk.env()});
  EXPECT_REFUSED(store.status(), kResourceExhausted, "DISK_FULL");
  disk.Fail(FaultDisk::Fault::kNone);
  const auto again = OpenRocksStoreWith(scratch.path(), {}, {.env = disk.env()});
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(DiskFault, ADiskThatGoesAwayIsAnErrorAndComesBackWithAllThatWasAcknowledged) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:b#viewer@user:bob"});
  world.Reopen();  // Into tables.
  disk.Fail(FaultDisk::Fault::kLost);
  EXPECT_FALSE(world.Try({"touch doc:c#viewer@user:x"}).ok());
  EXPECT_FALSE(world.Try({"touch doc:d#viewer@user:x"}).ok());
  disk.Fail(FaultDisk::Fault::kNone);
  world.Reopen();
  EXPECT_TRUE(world.Find("doc:a#viewer@user:alice"));
  EXPECT_TRUE(world.Find("doc:b#viewer@user:bob"));
  EXPECT_FALSE(world.Find("doc:d#viewer@user:x"));
}

// The log is still open and can be written and synced; its name is gone, and with it what it holds.
TEST(LostDirectory, NothingIsAcknowledgedAnyMore) {
  for (const char* lost : {"deleted", "moved", "replaced"}) {
    ScratchDirectory scratch;
    const std::string directory = scratch.path() + "/db";
    const auto store = OpenRocksStore(directory, {});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Write(Request({"touch doc:a#viewer@user:alice"})).ok());
    EXPECT_TRUE((*store)->Health().ok());
    EXPECT_TRUE((*store)->SweepExpired(1).ok());
    SCOPED_TRACE(lost);
    if (lost != std::string("deleted")) {
      std::filesystem::rename(directory, scratch.path() + "/elsewhere");
    } else {
      std::filesystem::remove_all(directory);
    }
    if (lost == std::string("replaced")) {
      std::filesystem::create_directory(directory);
      std::ofstream(directory + "/WITNESS") << "another";
    }
    EXPECT_REFUSED((*store)->Write(Request({"touch doc:b#viewer@user:alice"})).status(), kDataLoss, "DIRECTORY_LOST");
    EXPECT_REFUSED((*store)->Health(), kDataLoss, "DIRECTORY_LOST");
    EXPECT_REFUSED((*store)->SweepExpired(1).status(), kDataLoss, "DIRECTORY_LOST");
    EXPECT_FALSE((*store)->Write(Request({"touch doc:c#viewer@user:alice"})).ok());
  }
}

TEST(LostDirectory, IsNoticedWithoutAWrite) {
  ScratchDirectory scratch;
  const auto store = OpenRocksStore(scratch.path() + "/db", {});
  ASSERT_TRUE(store.ok()) << store.status();
  std::filesystem::remove_all(scratch.path() + "/db");
  EXPECT_FALSE((*store)->SweepExpired(1).ok());
  EXPECT_REFUSED((*store)->Health(), kDataLoss, "DIRECTORY_LOST");
}

}  // namespace
}  // namespace mandate
