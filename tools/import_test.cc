// `mandate import` and `mandate export` as a user runs them: every format there and back, what is wrong, and being
// killed.
#include <zlib.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <thread>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "service/client.h"
#include "tools/exit_code.h"
#include "tools/progress.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAreArray;

constexpr char kImportSchema[] = R"(
use expiration
caveat office_hours(opens int, note string) { opens > 8 && note != "" }
definition user {}
definition team { relation member: user | team#member }
definition document {
  relation viewer: user | user:* | team#member | user with office_hours | user with expiration |
                   user with office_hours and expiration
}
)";

// In the store's order, which follows the first use of names.
const std::vector<std::string> kRelationships = {
    "document:a#viewer@user:*",
    "document:a#viewer@user:ann",
    "document:a#viewer@user:bob[office_hours:{\"note\":\"a \\\"b\\\", c\\nd \xc3\xa4\",\"opens\":9}]",
    "document:a#viewer@user:cid[expiration:2040-01-01T00:00:00Z]",
    "document:a#viewer@user:dan[office_hours:{\"opens\":9}][expiration:2040-01-01T00:00:00.5Z]",
    "document:a#viewer@team:x/y|z-=+_#member",
};

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

class Import : public testing::Test {
 protected:
  Import() : server_(std::make_unique<ServingProcess>(directory_.File("db"))) {
    EXPECT_TRUE(Client(server_->address()).WriteSchema(kImportSchema, {}, false, nullptr).ok());
  }

  Finished Run(std::vector<std::string> arguments, const std::string& input = "") {
    return RunMandate(arguments, input, {"MANDATE_SERVER=" + server_->address()});
  }
  std::vector<std::string> Stored() {
    std::vector<std::string> stored;
    const absl::Status status =
        BulkClient(server_->address()).Export(std::nullopt, "", "", [&](BulkClient::Page& page) {
          for (const Relationship& r : page.relationships) stored.push_back(ToText(r));
          return true;
        });
    EXPECT_TRUE(status.ok()) << status;
    return stored;
  }
  void DeleteAll() {
    for (const char* type : {"document", "team"}) {
      std::vector<std::string> arguments{"relationship", "delete"};
      for (const std::string& text : Stored()) {
        if (text.starts_with(type)) arguments.push_back(text);
      }
      if (arguments.size() > 2) {
        EXPECT_EQ(Run(arguments).code, kExitOk);
      }
    }
  }
  // What a refused import says; and it wrote nothing.
  std::string Refusal(std::vector<std::string> arguments, const std::string& input = "") {
    const std::vector<std::string> before = Stored();
    arguments.insert(arguments.begin(), "import");
    const Finished finished = Run(arguments, input);
    EXPECT_EQ(finished.code, kExitError) << finished.out;
    EXPECT_EQ(Stored(), before);
    return finished.err;
  }

  TempDirectory directory_;
  std::unique_ptr<ServingProcess> server_;
};

TEST_F(Import, ReadsWhatExportWritesInEveryFormatPackedOrNot) {
  const std::string first = directory_.File("first.tuples", Lines(kRelationships));
  ASSERT_EQ(Run({"import", first}).code, kExitOk);
  EXPECT_EQ(Run({"export"}).out, Lines(kRelationships));
  for (const char* ending : {"tuples", "csv", "ndjson"}) {
    for (const char* packed : {"", ".gz", ".zst"}) {
      const std::string file = directory_.File(Cat("all.", ending, packed));
      const Finished exported = Run({"export", "--output", file});
      EXPECT_THAT(exported.out, StartsWith("6 relationships exported in ")) << exported.err;
      DeleteAll();
      ASSERT_THAT(Stored(), ElementsAre());
      const Finished imported = Run({"import", file});
      EXPECT_THAT(imported.out, StartsWith("6 relationships imported in ")) << file << imported.err;
      EXPECT_EQ(Stored(), kRelationships) << file;
    }
  }
}

TEST_F(Import, ReadsStandardInputInAFormatThatIsNamed) {
  const std::string csv =
      "\xef\xbb\xbfsubject_id,resource_type,resource_id,relation,subject_type\r\nann,document,\"a\",viewer,user\r\n";
  EXPECT_EQ(Run({"import", "-", "--format", "csv"}, Gzip(csv)).code, kExitOk);
  EXPECT_THAT(Stored(), ElementsAre("document:a#viewer@user:ann"));
}

TEST_F(Import, ExportGoesOnBehindItsCursorAndAtItsRevision) {
  ASSERT_EQ(Run({"import", "-"}, Lines(kRelationships)).code, kExitOk);
  std::string at, cursor;
  ASSERT_TRUE(BulkClient(server_->address())
                  .Export(std::nullopt, "", "",
                          [&](BulkClient::Page& page) {
                            at = page.token;
                            cursor = page.cursor;
                            return true;
                          })
                  .ok());
  ASSERT_EQ(Run({"import", "-"}, "document:b#viewer@user:ann\n").code, kExitOk);
  EXPECT_EQ(Run({"export", "--at", at, "--cursor", cursor}).out, "") << "the last page was the last";
  EXPECT_EQ(Run({"export", "--at", at}).out, Lines(kRelationships)) << "what came later is not in it";
  EXPECT_EQ(Run({"export", "document:b"}).out, "document:b#viewer@user:ann\n");
  EXPECT_THAT(Run({"export", "--cursor", cursor}).err, HasSubstr("name it with --at"));
}

// What is gathered when the disk is full is not in the file: to go on behind it would leave a gap.
TEST_F(Import, ExportThatCouldNotBeWrittenIsNotGoneOnWith) {
  const std::string padding(200, 'x');
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += Cat("document:", padding, i, "#viewer@user:ann\n");
  ASSERT_EQ(Run({"import", "-"}, lines).code, kExitOk);
  for (const char* format : {"tuples", "csv"}) {
    const Finished exported =
        RunMandate({"export", "--format", format, "--server", server_->address()}, "", {}, FullDisk());
    EXPECT_EQ(exported.code, kExitError);
    EXPECT_THAT(exported.err, AllOf(HasSubstr("writing standard output: "), Not(HasSubstr("--cursor"))));
  }
}

TEST_F(Import, ShowsWrongLinesOfEveryFormatByFileAndLine) {
  const std::string tuples =
      directory_.File("a.tuples", "document:a#viewer@user:ann\nbogus\n// c\ndocument:a#edit@user:ann\n");
  const std::string csv = directory_.File("a.csv",
                                          "resource_type,resource_id,relation,subject_type,subject_id,caveat_context\n"
                                          "document,a,viewer,user,ann,\n"
                                          "document,a,viewer,user\n"
                                          "document,a,viewer,user,\"b\nb\",\n"
                                          "document,,viewer,user,ann,\n");
  const std::string ndjson =
      directory_.File("a.ndjson",
                      "{\"resource_type\":\"document\"}\n[]\n{\"who\":1}\n"
                      "{\"resource_type\":\"document\",\"resource_type\":\"document\"}\n{\"relation\":7}\n");
  EXPECT_EQ(
      Refusal({tuples, csv, ndjson}),
      Cat(tuples, ":2: error: `bogus` has no `@`; it is written `type:id#relation@type:id`\n",  //
          tuples, ":4: error: relation `edit` is not defined on `document`\n",                  //
          csv, ":3: error: the line has 4 fields, the first one 6\n",                           //
          csv,
          ":4: error: subject id `b\\x0ab` contains `\\x0a`: an id is 1 to 1024 bytes of letters, digits and "
          "`/_|-=+`\n",
          csv, ":6: error: `resource_id` is missing\n",         //
          ndjson, ":1: error: `resource_id` is missing\n",      //
          ndjson, ":2: error: a line holds one JSON object\n",  //
          ndjson,
          ":3: error: unknown name `who`; allowed: resource_type, resource_id, relation, subject_type, "
          "subject_id, subject_relation, caveat, caveat_context, expires_at\n",  //
          ndjson, ":4: error: `resource_type` comes twice\n",                    //
          ndjson, ":5: error: `relation` takes text\n", "error: 10 lines are no relationship; nothing was written\n"));
  EXPECT_THAT(Refusal({tuples, csv, ndjson, "--errors-max", "1"}), HasSubstr("and 9 more\n"));
}

TEST_F(Import, SetsWrongLinesAsideAsTheyWereWritten) {
  const std::string csv = directory_.File("a.csv",
                                          "resource_type,resource_id,relation,subject_type,subject_id\n"
                                          "document,a,viewer,user,ann\ndocument,a,viewer,user,b b\n");
  const std::string aside = directory_.File("aside.csv");
  const Finished finished = Run({"import", csv, "--skip-invalid", aside, "--json"});
  EXPECT_EQ(finished.code, kExitOk) << finished.err;
  const auto report = nlohmann::json::parse(finished.out);
  EXPECT_EQ(report["relationships_count"], 1);
  EXPECT_EQ(report["skipped_count"], 1);
  EXPECT_THAT(Stored(), ElementsAre("document:a#viewer@user:ann"));
  std::ifstream file(aside);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}),
            "resource_type,resource_id,relation,subject_type,subject_id\ndocument,a,viewer,user,b b\n");
}

TEST_F(Import, DoesNotSetAsideIntoWhatItReads) {
  const std::string file = directory_.File("a.tuples", "document:a#viewer@user:ann\nbogus\n");
  EXPECT_THAT(Refusal({file, "--skip-invalid", file}), HasSubstr("would replace what is imported"));
}

TEST_F(Import, CreatesOnlyWhatIsNotStoredWhenItIsToldTo) {
  const std::string file = directory_.File("a.tuples", "document:b#viewer@user:ann\ndocument:a#viewer@user:ann\n");
  EXPECT_EQ(Run({"import", "-", "--create"}, "document:a#viewer@user:ann\n").code, kExitOk);
  EXPECT_THAT(Refusal({file, "--create"}), AllOf(StartsWith(Cat(file, ":2: refused by the server\n")),
                                                 HasSubstr("is stored already"), HasSubstr("nothing was written")));
  EXPECT_EQ(Run({"import", file, "--touch"}).code, kExitOk);
  EXPECT_EQ(Run({"import", file, "--touch", "--create"}).code, kExitUsage);
}

TEST_F(Import, TellsWhichBatchesAreWrittenWhenTheServerRefusesALaterOne) {
  const std::string file = directory_.File(
      "a.tuples",
      "document:a#viewer@user:a\ndocument:a#viewer@user:b\ndocument:a#viewer@user:c\ndocument:a#viewer@user:c\n");
  const Finished finished = Run({"import", file, "--batch", "2"});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_THAT(finished.err, AllOf(StartsWith(Cat(file, ":4: refused by the server\n")),
                                  HasSubstr("the first 2 relationships are written, in 1 revisions")));
  EXPECT_THAT(Stored(), ElementsAre("document:a#viewer@user:a", "document:a#viewer@user:b"));
}

TEST_F(Import, OfDamagedFilesWritesNothingAndSaysWhatIsWrong) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += Cat("document:d", i, "#viewer@user:ann\n");
  const std::string packed = Gzip(lines);
  const std::string cut = directory_.File("cut.tuples.gz", packed.substr(0, packed.size() - 9));
  EXPECT_THAT(Refusal({cut}), HasSubstr("ends in the middle of its gzip data; it was cut off"));
  std::string flipped = packed;
  flipped[flipped.size() / 2] ^= 0x55;
  EXPECT_THAT(Refusal({directory_.File("flipped.tuples.gz", flipped)}), HasSubstr("gzip data that are damaged"));
  EXPECT_THAT(Refusal({directory_.File("tail.tuples.gz", packed + "tail")}), HasSubstr("gzip data that are damaged"));
  EXPECT_THAT(Refusal({directory_.File("no.tuples.gz", lines)}), HasSubstr("holds no gzip data"));
  EXPECT_THAT(Refusal({directory_.File("no.tuples.zst", "")}), HasSubstr("holds no zstd data; it is empty"));
  EXPECT_THAT(Refusal({directory_.File("open.csv",
                                       "resource_type,resource_id,relation,subject_type,subject_id\n"
                                       "document,\"a,viewer,user,ann\ndocument,b,viewer,user,ann\n")}),
              HasSubstr(":2: a quoted field is not closed, so nothing behind it can be read"));
  EXPECT_THAT(Refusal({directory_.File("utf8.tuples", "document:\xff\xfe#viewer@user:ann\n")}),
              HasSubstr(":1: error: "));
  EXPECT_THAT(Refusal({directory_.File("utf8.ndjson", "{\"resource_type\":\"\xff\"}\n")}), HasSubstr("is no JSON"));
  EXPECT_THAT(Refusal({directory_.File("what.dat", lines)}), HasSubstr("--format"));
  EXPECT_THAT(Refusal({directory_.File("people.ldif", lines)}), HasSubstr("`mandate sync` reads it"));
  EXPECT_EQ(Run({"import", directory_.File("two.tuples.gz", packed + Gzip("document:z#viewer@user:ann\n"))}).code,
            kExitOk)
      << "members one after the other are one file";
  EXPECT_EQ(Stored().size(), 5001u);
}

TEST_F(Import, PassesOverALineOf100Megabytes) {
  std::string text = "document:a#viewer@user:ann\n";
  text.append(100 << 20, 'x');
  text += "\ndocument:b#viewer@user:ann\n";
  const std::string file = directory_.File("long.tuples", text);
  text.clear();
  EXPECT_THAT(Refusal({file}), StartsWith(Cat(file, ":2: error: the line has more than 262144 bytes")));
  EXPECT_EQ(Run({"import", file, "--skip-invalid", directory_.File("aside.tuples")}).code, kExitOk);
  EXPECT_EQ(Stored().size(), 2u);
}

TEST_F(Import, KilledAnywhereAndStartedAgainEndsAsIfItHadNotBeen) {
  const char* given = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  constexpr size_t kAll = 6'000;
  std::vector<std::string> all;
  for (size_t i = 0; i < kAll; ++i) all.push_back(Cat("document:d", i, "#viewer@user:u", i % 97));
  const std::string file = directory_.File("all.tuples", Lines(all));
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  size_t before = 0;
  for (int round = 0; round < 6; ++round) {
    const pid_t pid =
        StartMandate({"import", file, "--batch", "500", "--server", server_->address()}, {null, null, null});
    // At once, or when some more batches are there.
    const size_t enough = round == 0 ? 0 : std::min(before + random() % 2000, kAll);
    while (Stored().size() < enough && waitpid(pid, nullptr, WNOHANG) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const bool kill_server = round % 2 == 1;
    if (kill_server) {
      EXPECT_EQ(server_->Stop(SIGKILL), 128 + SIGKILL);
      server_ = std::make_unique<ServingProcess>(directory_.File("db"));
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, nullptr, 0);
    before = Stored().size();
    EXPECT_EQ(before % 500, 0u) << "a batch was torn apart";
  }
  close(null);
  EXPECT_EQ(Run({"import", file}).code, kExitOk);
  EXPECT_THAT(Stored(), UnorderedElementsAreArray(all));
}

TEST(ProgressText, SaysHowFarHowFastAndHowLong) {
  const ProgressState half{.done = 1000, .part = 50, .whole = 100};
  EXPECT_EQ(ProgressText("importing", half, absl::Seconds(2), false),
            "importing  50 %  1000 relationships, 500/s, 2s left");
  EXPECT_EQ(ProgressText("importing", half, absl::Seconds(2), true),
            "importing  [###############               ]  50 %  1000 relationships, 500/s, 2s left");
  EXPECT_EQ(ProgressText("exporting", {.done = 3}, absl::ZeroDuration(), true), "exporting  3 relationships");
}

}  // namespace
}  // namespace mandate
