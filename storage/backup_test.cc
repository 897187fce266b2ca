#include "storage/backup.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "storage/file_lock.h"
#include "storage/store_check.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

std::vector<std::string> FaultsIn(const std::string& directory) {
  StoreReport report;
  const absl::Status status = CheckStore(directory, &report);
  EXPECT_TRUE(status.ok()) << status;
  return report.faults;
}

class BackupTest : public testing::Test {
 protected:
  std::string To(const std::string& name) const { return scratch_.path() + "/" + name; }
  std::unique_ptr<TupleStore> OpenStore(const std::string& directory) {
    auto store = OpenRocksStore(directory, {});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  World world{Home::kDisk};
  ScratchDirectory scratch_;
};

TEST_F(BackupTest, EachIsOfItsMomentAndSharesWhatDidNotChange) {
  world.Write({"touch doc:a#viewer@user:alice"});
  const auto first = world.store().Backup(To("backups"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->id, 1u);
  EXPECT_EQ(first->head, Revision(1));
  EXPECT_EQ(first->database_id, world.store().database_id());
  world.Write({"touch doc:b#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  world.Write({"delete doc:a#viewer@user:alice"});
  const auto backups = ListBackups(To("backups"));
  ASSERT_TRUE(backups.ok()) << backups.status();
  ASSERT_EQ(backups->size(), 2u);
  EXPECT_TRUE(VerifyBackup(To("backups"), 0).ok());

  ASSERT_TRUE(RestoreBackup(To("backups"), 1, To("one")).ok());
  ASSERT_TRUE(RestoreBackup(To("backups"), 0, To("two")).ok());
  EXPECT_THAT(FaultsIn(To("one")), IsEmpty());
  EXPECT_THAT(FaultsIn(To("two")), IsEmpty());
  EXPECT_THAT(ReadAll(*OpenStore(To("one"))->Head()), ElementsAre("doc:a#viewer@user:alice"));
  EXPECT_THAT(ReadAll(*OpenStore(To("two"))->Head()),
              ElementsAre("doc:a#viewer@user:alice", "doc:b#viewer@user:alice"));

  EXPECT_EQ(*DeleteOldBackups(To("backups"), 1), 1u);
  EXPECT_EQ(ListBackups(To("backups"))->front().id, 2u);
  ASSERT_TRUE(RestoreBackup(To("backups"), 0, To("three")).ok()) << "what it shared with the first is still there";
  EXPECT_EQ(ReadAll(*OpenStore(To("three"))->Head()).size(), 2u);
}

TEST_F(BackupTest, WhatWasLostIsRefusedAndNeverTakenForWhatCameAfter) {
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  const Revision lost = world.Write({"delete doc:a#viewer@user:alice"});
  const auto head = RestoreBackup(To("backups"), 0, To("restored"));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_GE(head->value(), 1 + kRevisionsSkippedMin);
  auto store = OpenStore(To("restored"));
  EXPECT_EQ(store->database_id(), world.store().database_id());
  const auto later = store->Write(Request({"touch doc:b#viewer@user:alice"}));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_GT(*later, *head);
  for (const Revision gone : {lost, Revision(1000), Revision(head->value() - 1)}) {
    EXPECT_REFUSED(store->CheckNotLost(gone), kOutOfRange, "REVISION_LOST");
    EXPECT_REFUSED(store->At(gone).status(), kOutOfRange, "REVISION_LOST");
    EXPECT_REFUSED(store->Changes(gone, 1).status(), kOutOfRange, "REVISION_LOST");
  }
  EXPECT_THAT(ReadAll(**store->At(Revision(1))), ElementsAre("doc:a#viewer@user:alice"));
  const auto changes = store->Changes(Revision(1), 9);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->size(), 2u) << "where it goes on, and the write";
  EXPECT_THAT(changes->front().changes, IsEmpty());
  store.reset();
  EXPECT_THAT(FaultsIn(To("restored")), IsEmpty());
  EXPECT_TRUE(OpenStore(To("restored"))->Write(Request({"touch doc:c#viewer@user:alice"})).ok());
}

TEST_F(BackupTest, RestoredTwiceGoesOnTwoWays) {
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  const auto one = RestoreBackup(To("backups"), 0, To("one"));
  const auto two = RestoreBackup(To("backups"), 0, To("two"));
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_LT(one->value() + 1000, two->value()) << "some thousand writes a second may come in between";
  EXPECT_REFUSED(OpenStore(To("two"))->CheckNotLost(Revision(one->value() + 1)), kOutOfRange, "REVISION_LOST");
}

TEST_F(BackupTest, IsWholeWhileOthersWrite) {
  std::atomic<bool> done = false;
  // A load's tables are in no log; what is written behind it is.
  world.Write({"touch load:0#viewer@user:alice", "touch behind:0#viewer@user:alice"});
  std::thread loader([&] {
    for (int i = 1; !done; ++i) {
      auto load = world.store().NewLoad(ChangeOp::kTouch);
      ASSERT_TRUE(load.ok()) << load.status();
      ASSERT_TRUE((*load)->Add(Rel("load:" + std::to_string(i) + "#viewer@user:alice"), 0).ok());
      WriteRequest request;
      request.load = load->get();
      EXPECT_TRUE(world.store().Write(request).ok());
      EXPECT_TRUE(world.store().Write(Request({"touch behind:" + std::to_string(i) + "#viewer@user:alice"})).ok());
    }
  });
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string slot = std::to_string(i % 50);
      WriteRequest request;
      for (int part = 0; part < 4; ++part) {
        request.changes.push_back(Change("touch doc:d" + std::to_string(part) + "#viewer@user:s" + slot +
                                         "[mark:{\"m\":" + std::to_string(i) + "}]"));
      }
      EXPECT_TRUE(world.store().Write(request).ok());
    }
  });
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  done = true;
  writer.join();
  loader.join();
  for (uint32_t id = 1; id <= 4; ++id) {
    const std::string to = To("restored" + std::to_string(id));
    ASSERT_TRUE(RestoreBackup(To("backups"), id, to).ok());
    EXPECT_THAT(FaultsIn(to), IsEmpty());
    const auto restored = OpenStore(to)->Head();
    EXPECT_EQ(ReadAll(*restored, {.resource_type = "doc"}).size() % 4, 0u) << "a write is there whole or not at all";
    const size_t loads = ReadAll(*restored, {.resource_type = "load"}).size();
    EXPECT_THAT(ReadAll(*restored, {.resource_type = "behind"}).size(), AnyOf(loads, loads - 1));
  }
}

// A second process that deleted while the server made a backup would take files from under it.
TEST_F(BackupTest, OneAtATimeMakesOrDeletesWhileAllMayRead) {
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  {
    const auto other = FileLock::TryTake(To("backups") + "/LOCK", "");
    ASSERT_TRUE(other.ok()) << other.status() << ": who is done lets go";
    for (const absl::Status& refused :
         {world.store().Backup(To("backups")).status(), DeleteOldBackups(To("backups"), 1).status()}) {
      EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(std::string(refused.message()), HasSubstr("another backup or deletion is at work in `"));
    }
    EXPECT_EQ(ListBackups(To("backups"))->size(), 2u);
    EXPECT_TRUE(VerifyBackup(To("backups"), 1).ok());
    EXPECT_TRUE(RestoreBackup(To("backups"), 0, To("restored")).ok());
  }
  EXPECT_EQ(*DeleteOldBackups(To("backups"), 1), 1u);
  EXPECT_EQ(fs::status(To("backups") + "/LOCK").permissions(), fs::perms::owner_read | fs::perms::owner_write)
      << "it is no left-over to RocksDB";
  EXPECT_TRUE(world.store().Backup(To("backups")).ok());
}

TEST_F(BackupTest, ARestoreTakesNoDirectoryThatSomebodyElseFilledMeanwhile) {
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  std::vector<std::thread> restores;
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i) {
    restores.emplace_back([&] { done += RestoreBackup(To("backups"), 0, To("restored")).ok(); });
  }
  for (std::thread& restore : restores) restore.join();
  EXPECT_LE(done, 1);
  if (done == 1) EXPECT_THAT(FaultsIn(To("restored")), IsEmpty());
}

TEST_F(BackupTest, ARestoreIsWholeOrNone) {
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  fs::create_directory(To("restored"));
  fs::permissions(To("restored"), fs::perms::owner_all);
  const auto fail = [&](const std::string& unfinished) {
    EXPECT_TRUE(fs::exists(unfinished + "/CURRENT"));
    // What a crash would leave here.
    EXPECT_EQ(OpenRocksStore(To("restored"), {}).status().code(), absl::StatusCode::kFailedPrecondition);
    const absl::Status again = RestoreBackup(To("backups"), 0, To("restored")).status();
    EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(again.message()), HasSubstr("one was cut short: remove what it left"));
    return absl::DataLossError("it did not work out");
  };
  EXPECT_EQ(RestoreBackup(To("backups"), 0, To("restored"), fail).status().message(), "it did not work out");
  EXPECT_TRUE(fs::is_empty(To("restored"))) << "as it was found";
  EXPECT_FALSE(
      RestoreBackup(To("backups"), 0, To("new"), [](const std::string&) { return absl::CancelledError(); }).ok());
  EXPECT_FALSE(fs::exists(To("new")));

  const auto head = RestoreBackup(To("backups"), 0, To("restored"), [&](const std::string& unfinished) {
    EXPECT_TRUE(OpenStore(unfinished)->Write(Request({"touch doc:b#viewer@user:alice"})).ok());
    return absl::OkStatus();
  });
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(fs::status(To("restored")).permissions(), fs::perms::owner_all);
  EXPECT_FALSE(fs::exists(To("restored") + "/restoring"));
  EXPECT_THAT(FaultsIn(To("restored")), IsEmpty());
  EXPECT_EQ(ReadAll(*OpenStore(To("restored"))->Head()).size(), 2u);
  fs::rename(To("restored") + "/CURRENT", To("restored") + "/restoring");
  EXPECT_FALSE(OpenRocksStore(To("restored"), {}).ok()) << "what a crash would leave that comes before the last file";
}

TEST_F(BackupTest, SaysWhatIsWrong) {
  EXPECT_EQ(ListBackups(To("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DeleteOldBackups(To("none"), 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(To("none"))) << "looking makes nothing";
  world.Write({"touch doc:a#viewer@user:alice"});
  ASSERT_TRUE(world.store().Backup(To("backups")).ok());
  EXPECT_EQ(VerifyBackup(To("backups"), 7).status().code(), absl::StatusCode::kNotFound);
  World other(Home::kDisk);
  other.Write({"touch doc:a#viewer@user:alice"});
  const absl::Status mixed = other.store().Backup(To("backups")).status();
  EXPECT_EQ(mixed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(mixed.message()), HasSubstr("use a directory for each"));
  fs::create_directory(To("full"));
  std::ofstream(To("full") + "/file") << "x";
  EXPECT_EQ(RestoreBackup(To("backups"), 0, To("full")).status().code(), absl::StatusCode::kFailedPrecondition);
  World memory(Home::kMemory);
  EXPECT_EQ(memory.store().Backup(To("memory")).status().code(), absl::StatusCode::kFailedPrecondition);
  // Some byte of some file of it.
  for (const auto& entry : fs::recursive_directory_iterator(To("backups"))) {
    if (!entry.is_regular_file() || entry.path().string().find(".log") == std::string::npos) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\xee');
  }
  EXPECT_EQ(VerifyBackup(To("backups"), 0).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RestoreBackup(To("backups"), 0, To("damaged")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(fs::exists(To("damaged"))) << "nothing is written of a backup that is damaged";
}

}  // namespace
}  // namespace mandate
