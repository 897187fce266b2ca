// kill -9 at random moments. A child writes to a real directory with several threads and tells
// through a pipe, before each write, what it is about to write, and, behind it, the revision that
// it was told. The parent kills it after a random number of such lines, opens the directory and
// looks:
//
//   - every acknowledged write is there, wholly: each of its relationships, in both indexes, and in
//     the changelog;
//   - no half write is there: a write is kSpread relationships that share a mark, at every revision
//     looked at;
//   - the newest revision is never before an acknowledged one, nor before that of the round before;
//   - the changelog, replayed, gives exactly the relationships that are stored.
//
// The child is this test program, run again with a filter. The seed is printed and can be given
// (MANDATE_SEED).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "storage/ledger_check.h"
#include "storage/store_check.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

// A thousand where the code is optimised; some of them each on a database of their own, whose history is read whole.
constexpr int kRounds = MANDATE_CAMPAIGN_FACTOR >= 100 ? 1000 : 14;
constexpr int kRoundsOfADatabase = 20;
constexpr int kLinesMax = 200;  // A round ends after fewer lines than this.
constexpr int kCreationRounds = 10;
constexpr int kSpread = 4;  // Relationships in a write.
constexpr int kSlots = 40;  // Writes overwrite one another's relationships.
constexpr int kCrashWriters = 4;

constexpr char kDirectoryVariable[] = "MANDATE_CRASH_DIRECTORY";
constexpr char kPipeVariable[] = "MANDATE_CRASH_PIPE";
constexpr char kStartVariable[] = "MANDATE_CRASH_START";

// Write number `mark` gives the relationships of one slot its mark; every fifth deletes them.
WriteRequest CrashWrite(int mark) {
  WriteRequest request;
  const std::string slot = std::to_string(mark % kSlots);
  for (int i = 0; i < kSpread; ++i) {
    const std::string rel = "doc:d" + std::to_string(i) + "#viewer@user:s" + slot;
    request.changes.push_back(mark % 5 == 0 ? Change("delete " + rel)
                                            : Change("touch " + rel + "[mark:{\"m\":" + std::to_string(mark) + "}]"));
  }
  return request;
}

template <typename Changes>
std::vector<std::string> Describe(const Changes& changes) {
  std::vector<std::string> lines;
  for (const TupleChange& change : changes) {
    lines.push_back((change.op == ChangeOp::kDelete ? "-" : "+") + ToText(change.relationship));
  }
  return lines;
}

OpenSeams SmallTables() { return {.write_buffer_bytes = 64 << 10}; }

void Say(int pipe, const std::string& line) { ASSERT_GT(write(pipe, line.data(), line.size()), 0); }

// --- The child ---

TEST(CrashChild, WritesUntilItIsKilled) {
  const char* directory = getenv(kDirectoryVariable);
  if (directory == nullptr) GTEST_SKIP() << "runs only below CrashTest";
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int pipe = atoi(getenv(kPipeVariable));
  int next = atoi(getenv(kStartVariable));
  auto store = OpenRocksStoreWith(directory, {}, SmallTables());
  ASSERT_TRUE(store.ok()) << store.status();
  std::mutex mutex;
  std::vector<std::thread> writers;
  for (int w = 0; w < kCrashWriters; ++w) {
    writers.emplace_back([&] {
      for (;;) {
        int mark = 0;
        {
          std::lock_guard lock(mutex);
          mark = next++;
        }
        Say(pipe, "try " + std::to_string(mark) + "\n");
        WriteRequest request = CrashWrite(mark);
        request.guard = [](PendingWrite& write) {  // One record for each revision.
          write.AppendToLedger({std::to_string(write.revision().value()), {"crash"}});
          return absl::OkStatus();
        };
        const auto revision = (*store)->Write(request);
        ASSERT_TRUE(revision.ok()) << revision.status();
        Say(pipe, "ack " + std::to_string(mark) + " " + std::to_string(revision->value()) + "\n");
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
}

TEST(CrashChild, CreatesUntilItIsKilled) {
  const char* directory = getenv(kDirectoryVariable);
  if (directory == nullptr) GTEST_SKIP() << "runs only below CrashTest";
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int pipe = atoi(getenv(kPipeVariable));
  for (int i = 0;; ++i) {
    Say(pipe, "try " + std::to_string(i) + "\n");
    auto store = OpenRocksStore(std::string(directory) + "/" + std::to_string(i), {});
    ASSERT_TRUE(store.ok()) << store.status();
  }
}

// --- The parent ---

class CrashTest : public testing::Test {
 protected:
  CrashTest() { printf("seed %llu\n", static_cast<unsigned long long>(seed_)); }

  static uint64_t Seed() {
    const char* given = getenv("MANDATE_SEED");
    return given != nullptr ? strtoull(given, nullptr, 10) : std::random_device()();
  }

  // Runs a child until it has said `lines` lines, kills it, and returns all that it said.
  std::vector<std::string> RunAndKill(const std::string& child, int start, int lines) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const std::string filter = "--gtest_filter=CrashChild." + child;
    std::vector<std::string> variables = {kDirectoryVariable + ("=" + directory_),
                                          kPipeVariable + ("=" + std::to_string(ends[1])),
                                          kStartVariable + ("=" + std::to_string(start))};
    char program[] = "/proc/self/exe";
    std::vector<char*> arguments = {program, const_cast<char*>(filter.c_str()), nullptr};
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(nowhere, STDOUT_FILENO);
      execve(program, arguments.data(), environment.data());
      _exit(127);
    }
    close(ends[1]);
    std::string said = ReadLines(ends[0], lines);
    kill(pid, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    said += ReadLines(ends[0], 1 << 30);  // What it said before it died.
    close(ends[0]);
    return absl::StrSplit(said, '\n', absl::SkipEmpty());
  }

  static std::string ReadLines(int pipe, int lines) {
    std::string text;
    char buffer[4096];
    while (std::count(text.begin(), text.end(), '\n') < lines) {
      const ssize_t size = read(pipe, buffer, sizeof(buffer));
      if (size <= 0) break;
      text.append(buffer, size);
    }
    return text;
  }

  // Takes in what the children said: what was acknowledged, and the highest mark ever tried.
  void Listen(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      int mark = 0;
      uint64_t revision = 0;
      if (words.size() < 2 || !absl::SimpleAtoi(words[1], &mark)) continue;
      next_mark_ = std::max(next_mark_, mark + 1);
      if (words[0] == "ack" && words.size() == 3 && absl::SimpleAtoi(words[2], &revision)) {
        acknowledged_[Revision(revision)] = mark;
      }
    }
  }

  void Verify(const TupleStore& store) {
    const auto head = store.Head();
    EXPECT_GE(head->revision(), head_) << "the newest revision went back";
    head_ = head->revision();
    if (acknowledged_.empty()) return;
    EXPECT_GE(head_, acknowledged_.rbegin()->first);

    const auto records = store.Changes(Revision(0), ~size_t{0});
    ASSERT_TRUE(records.ok()) << records.status();
    ASSERT_EQ(records->size(), head_.value()) << "one commit for each revision";
    std::map<std::string, std::string> replayed;
    for (const ChangeRecord& record : *records) {
      VerifyWhole(record);
      for (const TupleChange& change : record.changes) {
        Relationship identity = change.relationship;
        identity.caveat.clear();
        identity.caveat_context.clear();
        if (change.op == ChangeOp::kDelete) {
          replayed.erase(ToText(identity));
        } else {
          replayed[ToText(identity)] = ToText(change.relationship);
        }
      }
    }
    std::vector<std::string> wanted;
    for (const auto& [identity, text] : replayed) wanted.push_back(text);
    EXPECT_THAT(ReadAll(*head), testing::UnorderedElementsAreArray(wanted));
    VerifySnapshot(*head);
    LedgerReport ledger;
    ASSERT_TRUE(CheckLedger(*head, &ledger, [](const LedgerRecord& record) {
                  EXPECT_EQ(record.body, std::to_string(record.sequence));
                }).ok());
    EXPECT_EQ(ledger.records, head_.value()) << "a record went without its write, or stayed without it";
    EXPECT_TRUE(ledger.faults.empty()) << ledger.faults.front().what;
    for (int i = 0; i < 3; ++i) {
      const auto past = store.At(Revision(random_() % (head_.value() + 1)));
      ASSERT_TRUE(past.ok()) << past.status();
      VerifySnapshot(**past);
    }
  }

  // The record of an acknowledged write says what that write did, and any record does a whole write
  // or (a delete of what was not there) nothing.
  void VerifyWhole(const ChangeRecord& record) {
    EXPECT_TRUE(record.changes.empty() || record.changes.size() == kSpread);
    const auto known = acknowledged_.find(record.revision);
    if (known == acknowledged_.end() || record.changes.empty()) return;
    EXPECT_EQ(Describe(record.changes), Describe(CrashWrite(known->second).changes));
  }

  // Every slot shows one write on all its relationships, forward and reverse.
  void VerifySnapshot(const Snapshot& snapshot) {
    std::map<std::string, std::vector<std::string>> marks;
    const std::vector<std::string> forward = ReadAll(snapshot);
    for (auto cursor = snapshot.Read({}, std::nullopt); cursor->Valid(); cursor->Next()) {
      marks[std::string(cursor->row().subject.id)].push_back(cursor->row().edge.caveat_context);
    }
    for (const auto& [slot, seen] : marks) {
      EXPECT_EQ(seen, std::vector<std::string>(kSpread, seen[0])) << slot << " at " << snapshot.revision().value();
    }
    EXPECT_THAT(ReadAll(snapshot, {.subject_type = "user"}), testing::UnorderedElementsAreArray(forward));
  }

  void BeginAnew() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
    directory_ = scratch_.path() + "/" + std::to_string(++databases_);
    acknowledged_.clear();
    next_mark_ = 1;
    head_ = Revision();
  }

  const uint64_t seed_ = Seed();
  std::mt19937_64 random_{seed_};
  ScratchDirectory scratch_;
  std::string directory_ = scratch_.path();
  int databases_ = 0;
  size_t acknowledged_all_ = 0;
  std::map<Revision, int> acknowledged_;
  int next_mark_ = 1;
  Revision head_;
};

TEST_F(CrashTest, NoAcknowledgedWriteIsLostAndNoHalfWriteIsThere) {
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << seed_ << ", round " << round);
    if (round % kRoundsOfADatabase == 0) BeginAnew();
    Listen(RunAndKill("WritesUntilItIsKilled", next_mark_, 1 + random_() % kLinesMax));
    {
      const auto store = OpenRocksStoreWith(directory_, {}, SmallTables());
      ASSERT_TRUE(store.ok()) << store.status();
      if (acknowledged_.empty() && (*store)->Head()->revision() == Revision()) continue;
      Verify(**store);
    }
    StoreReport report;
    ASSERT_TRUE(CheckStore(directory_, &report).ok());
    EXPECT_TRUE(report.faults.empty()) << report.faults.front();
    acknowledged_all_ += acknowledged_.size();
  }
  EXPECT_GT(acknowledged_all_, size_t{kRounds}) << "the children hardly wrote anything";
}

TEST_F(CrashTest, ACreationThatWasInterruptedBeginsAgain) {
  for (int round = 0; round < kCreationRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << seed_ << ", round " << round);
    const auto said = RunAndKill("CreatesUntilItIsKilled", 0, 1 + random_() % 3);
    for (size_t i = 0; i < said.size(); ++i) {
      const auto store = OpenRocksStore(scratch_.path() + "/" + std::to_string(i), {});
      ASSERT_TRUE(store.ok()) << store.status();
      EXPECT_TRUE((*store)->Write(Request({"touch doc:a#viewer@user:alice"})).ok());
    }
    for (size_t i = 0; i < said.size(); ++i) {
      std::filesystem::remove_all(scratch_.path() + "/" + std::to_string(i));
    }
  }
}

}  // namespace
}  // namespace mandate
