// `mandate serve`, killed while sessions act: what it told them stands in the ledger, once.
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "gtest/gtest.h"
#include "schema/text.h"
#include "service/client.h"
#include "service/delegation_client.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

constexpr uint64_t kLimit = 150;

constexpr char kServeLedgerSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition mailbox { relation owner: user; permission send = owner; permission draft = owner }
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: mailbox:*#send | mailbox:*#draft
  limit mailbox#send to 150 per task
}
session run { relation agent: bot with expiration; relation task: errand }
)";

// What one caller was told of each of its calls; of the last one perhaps nothing.
struct ToldWrites {
  std::mutex mutex;
  std::map<std::string, DelegationClient::Authorized> answers;  // By key.
  std::set<std::string> open;                                   // Never answered.
  std::atomic<int> count = 0;
};

// Every second one sends. The key says which.
AuthorizeCall Call(const std::string& key) {
  const bool is_send = (key.back() - '0') % 2 == 0;
  return {{.resource = {"mailbox", "m"}, .permission = is_send ? "send" : "draft", .subject = {"run", "r", ""}}, key};
}

void ActUntilItFails(const std::string& address, const std::string& prefix, ToldWrites* told) {
  DelegationClient client(address);
  for (int i = 0;; ++i) {
    const std::string key = Cat(prefix, i);
    {
      std::lock_guard lock(told->mutex);
      told->open.insert(key);
    }
    auto answer = client.Authorize(Call(key));
    if (!answer.ok()) return;
    EXPECT_FALSE(answer->repeated);
    std::lock_guard lock(told->mutex);
    told->open.erase(key);
    told->answers[key] = *std::move(answer);
    ++told->count;
  }
}

void ExpectWhatWasTold(const std::string& address, ToldWrites& told) {
  DelegationClient client(address);
  for (const std::string& key : std::exchange(told.open, {})) {
    auto answer = client.Authorize(Call(key));
    ASSERT_TRUE(answer.ok()) << answer.status();
    told.answers[key] = *std::move(answer);  // Recorded before, or now.
  }
  for (const auto& [key, before] : told.answers) {
    const auto again = client.Authorize(Call(key));
    ASSERT_TRUE(again.ok()) << key << " " << again.status();
    EXPECT_TRUE(again->repeated) << key << " was forgotten";
    EXPECT_EQ(again->allowed, before.allowed) << key;
    EXPECT_EQ(again->sequences, before.sequences) << key;
  }
  std::map<std::string, int> entries;
  uint64_t sent = 0;
  const absl::Status read = client.ReadLedger({}, [&](const DelegationClient::LedgerPage& page) {
    for (const LedgerRecord& record : page.records) {
      const auto entry = EntryFromJson(record.body);
      EXPECT_TRUE(entry.ok()) << entry.status();
      ++entries[entry->idempotency_key];
      sent += entry->decision == Decision::kAllowed && entry->permission == "mailbox#send";
    }
    return true;
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(entries.size(), told.answers.size());
  for (const auto& [key, count] : entries) EXPECT_EQ(count, 1) << key;
  EXPECT_LE(sent, kLimit);
  const Finished verified = RunMandate({"ledger", "verify", "--server", address});
  EXPECT_EQ(verified.code, kExitOk) << verified.out << verified.err;
  if (told.answers.empty()) return;  // `read` has nothing to print.
  for (const char* command : {"read", "export"}) {
    EXPECT_EQ(RunMandate({"ledger", command, "--server", address}, "", {}, FullDisk()).code, kExitError)
        << "what could not be printed is not done";
  }
}

TEST(Serve, KilledWhileSessionsActKeepsEachAcknowledgedEntryAndCountsItOnce) {
  constexpr int kRounds = 4;
  constexpr int kCallers = 6;
  const char* given = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  TempDirectory directory;
  ToldWrites told;
  const absl::Time end = absl::Now() + absl::Hours(24);
  for (int round = 0; round < kRounds; ++round) {
    ServingProcess server(directory.File("db"));
    if (round == 0) {
      ASSERT_TRUE(Client(server.address()).WriteSchema(kServeLedgerSchema, {}, false, nullptr).ok());
      Relationship acts = *ParseRelationship("user:ann#acts_on_behalf_of@bot:b");
      acts.expires_at = end;
      ASSERT_TRUE(
          Client(server.address())
              .Write({{ChangeOp::kTouch, acts}, {ChangeOp::kTouch, *ParseRelationship("mailbox:m#owner@user:ann")}})
              .ok());
      DelegationClient client(server.address());
      const auto delegated = client.Delegate({.task_type = "errand",
                                              .task_id = "e",
                                              .delegator = {"user", "ann"},
                                              .delegate = {"bot", "b"},
                                              .scope = {{"mailbox", "*", "send"}, {"mailbox", "*", "draft"}},
                                              .expires_at = end});
      ASSERT_TRUE(delegated.ok()) << delegated.status();
      const auto opened = client.OpenSession({.session_type = "run",
                                              .session_id = "r",
                                              .agent = {"bot", "b"},
                                              .task = {"errand", "e"},
                                              .expires_at = end});
      ASSERT_TRUE(opened.ok()) << opened.status();
    }
    ExpectWhatWasTold(server.address(), told);
    const int enough = told.count + 20 + static_cast<int>(random() % 100);
    std::vector<std::thread> callers;
    for (int c = 0; c < kCallers; ++c) {
      callers.emplace_back(ActUntilItFails, server.address(), Cat("r", round, "c", c, "k"), &told);
    }
    while (told.count < enough) std::this_thread::yield();
    EXPECT_EQ(server.Stop(SIGKILL), 128 + SIGKILL);
    for (std::thread& caller : callers) caller.join();
  }
  ServingProcess server(directory.File("db"));
  ExpectWhatWasTold(server.address(), told);
  EXPECT_EQ(server.Stop(SIGTERM), kExitOk);
}

}  // namespace
}  // namespace mandate
