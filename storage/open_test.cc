// Directories that cannot be opened: each refused with a message that says what to do, and left as
// it was; and damage, of every file at many places: found, or without effect, never a silent loss.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "rocksdb/db.h"
#include "storage/directory.h"
#include "storage/test_world.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::map<std::string, std::string> Files(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

void WriteFile(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

absl::Status Open(const std::string& directory) { return OpenRocksStore(directory, {}).status(); }

#define EXPECT_SAYS(status_expression, wanted_code, text)          \
  do {                                                             \
    const absl::Status said = (status_expression);                 \
    EXPECT_EQ(said.code(), absl::StatusCode::wanted_code) << said; \
    EXPECT_THAT(std::string(said.message()), HasSubstr(text));     \
  } while (false)

TEST(Open, MakesADirectoryThatIsMissingOrEmpty) {
  ScratchDirectory scratch;
  EXPECT_TRUE(Open(scratch.path()).ok());
  EXPECT_TRUE(Open(scratch.path() + "/deep/er").ok());
  fs::create_directories(scratch.path() + "/mount/lost+found");
  EXPECT_TRUE(Open(scratch.path() + "/mount").ok());
}

TEST(Open, RefusesAFileInPlaceOfTheDirectory) {
  ScratchDirectory scratch;
  WriteFile(scratch.path() + "/data", "text");
  EXPECT_SAYS(Open(scratch.path() + "/data"), kFailedPrecondition, "it is a file");
}

TEST(Open, RefusesADirectoryThatHoldsSomethingElse) {
  ScratchDirectory scratch;
  WriteFile(scratch.path() + "/notes.txt", "text");
  EXPECT_SAYS(Open(scratch.path()), kFailedPrecondition, "it holds `notes.txt`");
  EXPECT_EQ(Files(scratch.path()).size(), 1u);
}

TEST(Open, RefusesAnotherRocksDbDatabase) {
  ScratchDirectory scratch;
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, scratch.path(), &db).ok());
  ASSERT_TRUE(db->Put({}, "somebody's", "data").ok());
  delete db;
  const auto before = Files(scratch.path());
  EXPECT_SAYS(Open(scratch.path()), kFailedPrecondition, "another RocksDB database");
  EXPECT_EQ(Files(scratch.path()), before);
}

TEST(Open, RefusesANewerFormat) {
  ScratchDirectory scratch;
  ASSERT_TRUE(Open(scratch.path()).ok());
  const RocksOptions options = MakeRocksOptions({}, rocksdb::Env::Default());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options.database, scratch.path(), options.families, &handles, &db).ok());
  ASSERT_TRUE(db->Put({}, DatabaseKey(), EncodeDatabase({2, std::string(16, 'x')})).ok());
  for (auto* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  delete db;
  fs::remove(scratch.path() + "/WITNESS");
  const auto before = Files(scratch.path());
  EXPECT_SAYS(Open(scratch.path()), kFailedPrecondition, "has format 2");
  EXPECT_EQ(Files(scratch.path()), before);
}

TEST(Open, RefusesWhatAnotherProcessHolds) {
  ScratchDirectory scratch;
  const auto holder = OpenRocksStore(scratch.path(), {});
  ASSERT_TRUE(holder.ok());
  EXPECT_SAYS(Open(scratch.path()), kUnavailable, "held by another process");
  EXPECT_TRUE((*holder)->Write(Request({"touch doc:a#viewer@user:alice"})).ok());
}

TEST(Open, RefusesADirectoryItMayNotWriteTo) {
  ScratchDirectory scratch;
  ASSERT_TRUE(Open(scratch.path()).ok());
  fs::permissions(scratch.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    _exit(absl::IsPermissionDenied(Open(scratch.path())) ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  fs::permissions(scratch.path(), fs::perms::owner_all);
}

TEST(Open, RefusesOptionsThatMakeNoSense) {
  StoreOptions options;
  options.in_memory = true;
  options.retention = -absl::Hours(1);
  EXPECT_EQ(OpenRocksStore("", options).status().code(), absl::StatusCode::kInvalidArgument);
}

// --- Damage ---

// Everything a store can tell. On any damage it notices: the first error instead.
absl::StatusOr<std::vector<std::string>> TellAll(const TupleStore& store) {
  std::vector<std::string> all;
  const auto head = store.Head();
  const auto mid = store.At(Revision(head->revision().value() / 2));
  if (!mid.ok()) return mid.status();
  for (const auto& snapshot : {head, *mid}) {
    for (const char* subject_type : {"", "user"}) {
      auto cursor = snapshot->Read({.subject_type = subject_type}, std::nullopt);
      for (; cursor->Valid(); cursor->Next()) {
        all.push_back(ToText(ToRelationship(cursor->row(), snapshot->names())));
      }
      if (!cursor->status().ok()) return cursor->status();
    }
    const auto schema = snapshot->Schema();
    if (!schema.ok()) return schema.status();
    all.push_back(schema->text);
  }
  const auto records = store.Changes(Revision(0), 1000);
  if (!records.ok()) return records.status();
  for (const ChangeRecord& record : *records) {
    for (const TupleChange& change : record.changes) all.push_back(ToText(change.relationship));
  }
  return all;
}

class Damage : public testing::Test {
 protected:
  // A database with several tables, a history and a log.
  Damage() {
    World world(Home::kDisk, {}, {.write_buffer_bytes = 16 << 10});
    WriteRequest schema;
    schema.schema_text = "definition doc {}";
    world.Write(schema);
    for (int round = 0; round < 12; ++round) {
      WriteRequest request;
      for (int i = 0; i < 40; ++i) {
        const std::string op = (i + round) % 7 == 0 ? "delete" : "touch";
        request.changes.push_back(Change(op + " doc:d" + std::to_string(i) + "#viewer@user:u" +
                                         std::to_string(round % 3) + "[mark:{\"m\":" + std::to_string(round) + "}]"));
      }
      world.Write(request);
      if (round == 8) world.Reopen();
    }
    whole_ = *TellAll(world.store());
    world.Close();
    files_ = Files(world.directory());
  }

  // Opens `files` in a directory of their own and says what came of it.
  void ExpectNoSilentLoss(const std::map<std::string, std::string>& files, const std::string& what) {
    SCOPED_TRACE(what);
    ScratchDirectory scratch;
    for (const auto& [name, bytes] : files) WriteFile(scratch.path() + "/" + name, bytes);
    absl::Status status;
    {
      const auto store = OpenRocksStore(scratch.path(), {});
      status = store.status();
      if (store.ok()) {
        const auto told = TellAll(**store);
        status = told.status();
        EXPECT_TRUE(!told.ok() || *told == whole_) << "silently lost";
      } else {
        EXPECT_THAT(std::string(status.message()), HasSubstr(scratch.path()));
      }
    }
    if (status.ok()) return;
    ++noticed_;
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << status;
  }

  std::vector<std::string> whole_;
  std::map<std::string, std::string> files_;
  int noticed_ = 0;
};

// Places in a file: its ends, and some in between.
std::vector<size_t> Places(size_t size) {
  std::vector<size_t> places;
  for (size_t at = 0; at < size; at += 1 + size / 8) places.push_back(at);
  for (size_t back = 1; back <= 3 && back <= size; ++back) places.push_back(size - back);
  return places;
}

TEST_F(Damage, NothingDamagedOpensWhole) {
  ExpectNoSilentLoss(files_, "nothing");
  EXPECT_EQ(noticed_, 0);
}

TEST_F(Damage, AMissingFileIsNoticed) {
  int tables = 0;
  for (const auto& [name, bytes] : files_) {
    auto files = files_;
    files.erase(name);
    const int before = noticed_;
    ExpectNoSilentLoss(files, "without " + name);
    if (name.ends_with(".sst")) {  // one that a compaction replaced may still lie there, unneeded
      tables += noticed_ - before;
      continue;
    }
    const bool needed = name == "CURRENT" || name.starts_with("MANIFEST") || (name.ends_with(".log") && !bytes.empty());
    EXPECT_EQ(noticed_ > before, needed) << name;
  }
  EXPECT_GT(tables, 0);
}

TEST_F(Damage, AFileThatWasCutLosesNothingSilently) {
  for (const auto& [name, bytes] : files_) {
    for (const size_t size : Places(bytes.size())) {
      auto files = files_;
      files[name].resize(size);
      ExpectNoSilentLoss(files, name + " cut to " + std::to_string(size));
    }
  }
  EXPECT_GT(noticed_, 20);
}

TEST_F(Damage, AFlippedByteLosesNothingSilently) {
  for (const auto& [name, bytes] : files_) {
    for (const size_t at : Places(bytes.size())) {
      auto files = files_;
      files[name][at] = static_cast<char>(files[name][at] ^ 0x55);
      ExpectNoSilentLoss(files, name + " flipped at " + std::to_string(at));
    }
  }
  EXPECT_GT(noticed_, 20);
}

TEST_F(Damage, AnOpenThatRefusesChangesNothing) {
  for (const auto& [name, bytes] : files_) {
    if (name == "WITNESS" || bytes.size() < 2) continue;
    ScratchDirectory scratch;
    auto files = files_;
    files[name].resize(bytes.size() - 1);
    for (const auto& [file, content] : files) WriteFile(scratch.path() + "/" + file, content);
    const absl::Status status = Open(scratch.path());
    EXPECT_TRUE(status.ok() || Files(scratch.path()) == files) << name << ": " << status;
  }
}

}  // namespace
}  // namespace mandate
