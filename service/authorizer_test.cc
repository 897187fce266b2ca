// Authorizer under many callers at once, on the database itself, so that the thread sanitizer sees all of it.
#include "service/authorizer.h"

#include <atomic>
#include <barrier>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr char kAuthorizerSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition mailbox {
  relation owner: user
  permission send = owner
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: mailbox:*#send
  limit mailbox#send to 2 per task
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)";
// MANDATE_TEST_ROUNDS=n plays more of them.
constexpr int kRoundsInATestRun = 150;
constexpr uint64_t kLimit = 2;
constexpr char kForever[] = "[expiration:2099-01-01T00:00:00Z]";

// One task after the other, whose last units all threads are after, while some of them take its authority back, close
// its session or open another.
class Round {
 public:
  Round(Database* database, int number) : database_(*database), task_(Cat("e", number)) {
    Touch({Cat("errand:", task_, "#delegator@user:ann"), Cat("errand:", task_, "#delegated_for_task@bot:b", kForever),
           Cat("errand:", task_, "#scope@mailbox:*#send")});
    Open(0);
  }

  void Act(int thread, std::mt19937_64& random) {
    const int what = static_cast<int>(random() % 1000);
    if (what < 4) {
      TakeAway("errand", task_, "delegated_for_task");
    } else if (what < 12) {
      TakeAway("run", Session(random() % 3), "agent");
    } else if (what < 30) {
      Open(1 + static_cast<int>(random() % 2));
    } else {
      Authorize(thread, Session(random() % 3), what % 4 == 0 ? Cat("key", random() % 4) : "");
    }
  }

  // What the ledger holds of it, after all have acted.
  void Judge() {
    const auto head = database_.store().Head();
    uint64_t recorded = 0;
    std::map<std::string, int> keys;
    for (auto cursor = head->Ledger({Cat("root errand:", task_)}, 0); cursor->Valid(); cursor->Next()) {
      const auto entry = EntryFromJson(cursor->record().body);
      ASSERT_TRUE(entry.ok()) << entry.status();
      const std::string session = entry->session->id;
      if (!entry->idempotency_key.empty()) {
        EXPECT_EQ(++keys[Cat(session, " ", entry->idempotency_key)], 1) << "a key was counted twice";
      }
      if (entry->decision != Decision::kAllowed) continue;
      ++recorded;
      for (const std::string& edge : {Cat("errand:", task_), Cat("run:", session)}) {
        const auto gone = gone_.find(edge);
        if (gone == gone_.end()) continue;
        EXPECT_LT(entry->revision, gone->second) << "allowed after " << edge << " went";
      }
    }
    EXPECT_LE(recorded, kLimit);
    EXPECT_EQ(recorded, allowed_.load()) << "told and recorded are not the same";
    if (!gone_.empty() || calls_ < kLimit) return;
    EXPECT_EQ(recorded, kLimit) << "the limit was not used up";
  }

  uint64_t allowed() const { return allowed_; }
  bool disturbed() const { return !gone_.empty(); }

 private:
  std::string Session(uint64_t number) const { return Cat(task_, "-", number); }

  void Touch(const std::vector<std::string>& texts) {
    std::vector<TupleChange> changes;
    for (const std::string& text : texts) changes.push_back({ChangeOp::kTouch, *ParseRelationship(text)});
    const auto revision = database_.Write(changes, {});
    // A session is opened once; whoever comes second is refused.
    EXPECT_TRUE(revision.ok() || ReasonOf(revision.status()) == "IMMUTABLE") << revision.status();
  }

  void Open(int number) {
    const std::string session = Session(number);
    Touch({Cat("run:", session, "#agent@bot:b", kForever), Cat("run:", session, "#task@errand:", task_)});
  }

  void TakeAway(const std::string& type, const std::string& id, const std::string& relation) {
    const auto deleted =
        database_.Delete({.filters = {{.resource_type = type, .resource_id = id, .relation = relation}}});
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    if (deleted->count == 0) return;
    std::lock_guard lock(mutex_);
    gone_[Cat(type, ":", id)] = deleted->revision;
  }

  void Authorize(int thread, const std::string& session, const std::string& key) {
    const AuthorizeCall call{{.resource = {"mailbox", "m"}, .permission = "send", .subject = {"run", session, ""}},
                             key};
    const auto outcome = Authorizer(&database_).Authorize({call}, database_.options().check);
    ASSERT_TRUE(outcome.ok()) << thread << ": " << outcome.status();
    if (session == Session(0)) ++calls_;
    if (outcome->allowed() && !outcome->repeated) ++allowed_;
  }

  Database& database_;
  const std::string task_;
  std::atomic<uint64_t> allowed_ = 0;
  std::atomic<uint64_t> calls_ = 0;  // Of the session that is open from the start.
  std::mutex mutex_;
  std::map<std::string, Revision> gone_;  // What was taken away, and at which revision.
};

void ExpectWholeChain(const Snapshot& head, uint64_t records_min) {
  std::string before;
  uint64_t sequence = 0;
  for (auto cursor = head.Ledger({}, 0); cursor->Valid(); cursor->Next()) {
    const LedgerRecord& record = cursor->record();
    ASSERT_EQ(record.sequence, ++sequence);
    EXPECT_EQ(record.digest, Sha256(record.body));
    EXPECT_TRUE(sequence == 1 || record.hash == ChainHash(before, record.digest)) << sequence;
    before = record.hash;
  }
  EXPECT_EQ(head.ledger_head().hash, before);
  EXPECT_GT(sequence, records_min);
}

TEST(DatabaseAuthorize, OfTheLastUnitLetsOnePassAndNothingPassesItsRevocation) {
  constexpr int kThreads = 64;
  const char* rounds = getenv("MANDATE_TEST_ROUNDS");
  const int count = rounds != nullptr ? std::stoi(rounds) : kRoundsInATestRun;
  const char* given = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  auto database = Database::Open({.store = {.in_memory = true}});
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)->WriteSchema(kAuthorizerSchema, {}, DryRun::kNo, nullptr).ok());
  ASSERT_TRUE((*database)
                  ->Write({{ChangeOp::kTouch, *ParseRelationship("mailbox:m#owner@user:ann")},
                           {ChangeOp::kTouch, *ParseRelationship(Cat("user:ann#acts_on_behalf_of@bot:b", kForever))}},
                          {})
                  .ok());
  std::unique_ptr<Round> round;
  int number = 0, disturbed = 0;
  uint64_t allowed = 0;
  // Between two rounds one thread judges the last and begins the next.
  const auto next = [&]() noexcept {
    if (round != nullptr) {
      round->Judge();
      allowed += round->allowed();
      disturbed += round->disturbed();
    }
    round = number < count && !testing::Test::HasFailure() ? std::make_unique<Round>(database->get(), number) : nullptr;
    ++number;
  };
  std::barrier barrier(kThreads, next);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(seed * kThreads + thread);
      for (;;) {
        barrier.arrive_and_wait();
        if (round == nullptr) return;
        round->Act(thread, random);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::cout << number - 1 << " rounds, " << disturbed << " of them with a revocation, " << allowed
            << " calls allowed\n";
  EXPECT_GT(disturbed, count / 4);
  EXPECT_GT(allowed, static_cast<uint64_t>(count));
  ExpectWholeChain(*(*database)->store().Head(), allowed);
}

}  // namespace
}  // namespace mandate
