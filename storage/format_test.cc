// The first format, byte by byte: testdata/format_1.txt is a dump of every family of a small
// database. Today's code must write exactly that, and must open a database with those bytes. A
// later format adds a file and keeps this one.
//
// MANDATE_WRITE_GOLDEN=1 writes the file anew; that is right only while a format is not released.
#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "rocksdb/db.h"
#include "storage/rocks_options.h"
#include "storage/state_view.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;

std::string SourceFile(const std::string& name) { return std::filesystem::path(__FILE__).parent_path() / name; }

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

// A RocksDB with our families, opened past the store.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& directory) {
    const RocksOptions options = MakeRocksOptions({}, rocksdb::Env::Default());
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options.database, directory, options.families, &handles_, &db);
    EXPECT_TRUE(status.ok()) << status.ToString();
    db_.reset(db);
  }
  ~RawDatabase() {
    for (auto* handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
  }

  // `family key value`, in hex; an empty value is `-`.
  std::vector<std::string> Dump() {
    std::vector<std::string> lines;
    for (auto* handle : handles_) {
      std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, handle));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        const std::string value = it->value().ToString(true);
        lines.push_back(handle->GetName() + " " + it->key().ToString(true) + " " + (value.empty() ? "-" : value));
      }
    }
    for (std::string& line : lines) {
      std::transform(line.begin(), line.end(), line.begin(), [](char c) { return std::tolower(c); });
    }
    return lines;
  }

  void Load(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::vector<std::string> parts = absl::StrSplit(line, ' ');
      for (auto* handle : handles_) {
        if (handle->GetName() != parts.at(0)) continue;
        const std::string value = parts.at(2) == "-" ? "" : absl::HexStringToBytes(parts[2]);
        EXPECT_TRUE(db_->Put({}, handle, absl::HexStringToBytes(parts.at(1)), value).ok());
      }
    }
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// The database of the golden file. FORMAT.md tells the same story.
void WriteGoldenWorld(World& world) {
  world.now = absl::FromUnixSeconds(1'800'000'000);
  WriteRequest first =
      Request({"create document:plan#viewer@user:alice", "create document:plan#viewer@team:core#member"});
  first.schema_text = "definition user {}";
  first.schema_names = {"document", "user", "viewer", "team", "member", "office"};
  first.guard = [](PendingWrite& write) {
    write.SetFact("used/42", "1");
    write.AppendToLedger({"{}", {"run 7"}});
    return absl::OkStatus();
  };
  world.Write(first);
  world.now += absl::Seconds(1);
  world.Write({"touch document:plan#viewer@user:alice[expiration:2030-01-01T00:00:00Z]",
               "touch document:plan#viewer@user:*[office:{\"tz\":\"UTC\"}]"});
  WriteRequest third = Request({"delete document:plan#viewer@team:core#member"});
  third.at = Revision(300);
  world.now += absl::Seconds(1);
  world.Write(third);
}

void ExpectGoldenWorld(World& world) {
  EXPECT_EQ(world.store().database_id(), absl::BytesToHexString("0123456789abcdef"));
  EXPECT_EQ(world.Head()->revision(), Revision(300));
  EXPECT_THAT(ReadAll(*world.Head()), ElementsAre("document:plan#viewer@user:*[office:{\"tz\":\"UTC\"}]",
                                                  "document:plan#viewer@user:alice[expiration:2030-01-01T00:00:00Z]"));
  EXPECT_EQ(World::Find(*world.Head(), "document:plan#viewer@user:alice")->born, Revision(1));
  EXPECT_THAT(ReadAll(*world.At(Revision(1))),
              ElementsAre("document:plan#viewer@user:alice", "document:plan#viewer@team:core#member"));
  EXPECT_EQ(world.Head()->Schema()->text, "definition user {}");
  EXPECT_EQ(world.store().Changes(Revision(0), 9)->size(), 3u);
  WriteRequest ask;
  ask.guard = [](PendingWrite& write) {
    EXPECT_EQ(**write.after().Fact("used/42"), "1");
    return absl::OkStatus();
  };
  EXPECT_EQ(world.Write(ask), Revision(301));
}

const OpenSeams kGoldenSeams = {.database_id = "0123456789abcdef"};
constexpr char kGoldenFile[] = "testdata/format_1.txt";

TEST(Format, TodaysBytesAreThoseOfTheFirstFormat) {
  ScratchDirectory scratch;
  World world(Home::kDisk, {}, kGoldenSeams);
  WriteGoldenWorld(world);
  world.Close();
  const std::vector<std::string> dump = RawDatabase(world.directory()).Dump();
  if (getenv("MANDATE_WRITE_GOLDEN") != nullptr) {
    std::ofstream file(SourceFile(kGoldenFile));
    file << "# Every key and value of the database that format_test.cc writes: family, key, value "
            "in hex.\n";
    for (const std::string& line : dump) file << line << "\n";
  }
  EXPECT_EQ(dump, Lines(SourceFile(kGoldenFile)));
}

TEST(Format, ADatabaseOfTheFirstFormatOpens) {
  World world(Home::kDisk);
  world.Close();
  std::filesystem::remove_all(world.directory());
  RawDatabase(world.directory()).Load(Lines(SourceFile(kGoldenFile)));
  world.Reopen();
  world.now = absl::FromUnixSeconds(1'800'000'003);
  ExpectGoldenWorld(world);
}

TEST(Format, TheDocumentsExamplesAreTheGoldenBytes) {
  const std::vector<std::string> golden = Lines(SourceFile(kGoldenFile));
  const std::set<std::string> stored(golden.begin(), golden.end());
  std::set<std::string> shown;
  for (const std::string& line : Lines(SourceFile("FORMAT.md"))) {
    for (size_t i = 0; i < kFamilies; ++i) {
      const std::string family(FamilyName(static_cast<Family>(i)));
      if (!line.starts_with("    " + family + " ") || line.find("->") == line.npos) continue;
      // The document spaces the bytes out by field.
      std::istringstream words(line);
      std::string name, word, sides[2];
      words >> name;
      for (int side = 0; words >> word;) {
        if (word == "->") {
          side = 1;
        } else {
          sides[side] += word;
        }
      }
      shown.insert(name + " " + sides[0] + " " + sides[1]);
    }
  }
  EXPECT_EQ(shown, stored) << "FORMAT.md shows every key and value of the example";
}

// Any change of one stored byte is refused by name or gives another valid state, and never brings
// the store down.
TEST(Format, AStoredValueThatDoesNotDecodeIsNamed) {
  const std::vector<std::string> golden = Lines(SourceFile(kGoldenFile));
  for (size_t i = 0; i < golden.size(); ++i) {
    SCOPED_TRACE(golden[i]);
    std::vector<std::string> lines = golden;
    std::vector<std::string> parts = absl::StrSplit(lines[i], ' ');
    parts[2] = "ff";  // not a value of any kind but a name, a schema or a fact
    lines[i] = parts[0] + " " + parts[1] + " " + parts[2];
    ScratchDirectory scratch;
    std::filesystem::remove_all(scratch.path());
    RawDatabase(scratch.path()).Load(lines);
    const auto store = OpenRocksStore(scratch.path(), {});
    absl::Status status = store.status();
    if (store.ok()) {
      auto cursor = (*store)->Head()->Read({}, std::nullopt);
      while (cursor->Valid()) cursor->Next();
      status = cursor->status();
      const auto past = (*store)->At(Revision(1));
      if (status.ok() && past.ok()) {
        cursor = (*past)->Read({}, std::nullopt);
        while (cursor->Valid()) cursor->Next();
        status = cursor->status();
      }
      if (status.ok()) status = (*store)->Changes(Revision(0), 9).status();
      if (status.ok()) {
        cursor = (*store)->Head()->Read({.subject_type = "user"}, std::nullopt);
        while (cursor->Valid()) cursor->Next();
        status = cursor->status();
      }
      auto ledger = (*store)->Head()->Ledger({}, 0);
      while (ledger->Valid()) ledger->Next();
      if (status.ok()) status = ledger->status();
    }
    const std::string first = absl::HexStringToBytes(parts[1].substr(0, 2));
    const bool free_text = (parts[0] == "default" && (first == "N" || first == "S" || first == "X" || first == "T")) ||
                           (parts[0] == "ledger" && first == "I");
    if (free_text || (parts[0] == "history" && first == "R")) continue;
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("key " + parts[1]));
  }
}

}  // namespace
}  // namespace mandate
