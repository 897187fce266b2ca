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

// ann's bot has a session `run:1`; her mailbox is hers for a while.
class PlannedErrand {
 public:
  PlannedErrand() {
    database = *Database::Open({.store = {.in_memory = true}});
    EXPECT_TRUE(database
                    ->WriteSchema(R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition document {
  relation owner: user
  relation secret: user:*
  permission view = owner
  permission edit = owner
}
definition mailbox {
  relation owner: user with expiration
  permission send = owner
  permission wipe = owner
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: mailbox:*#send | mailbox:*#wipe | document:*#view | document:*#edit
  limit mailbox#send to 2 per task
  after document#view when secret forbid document#edit
  require approval for mailbox#wipe by owner
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)",
                                  {}, DryRun::kNo, nullptr)
                    .ok());
    Touch({"mailbox:m#owner@user:ann[expiration:2097-01-01T00:00:00Z]", "document:d#owner@user:ann",
           "document:d#secret@user:*", Cat("user:ann#acts_on_behalf_of@bot:b", kForever), "errand:1#delegator@user:ann",
           Cat("errand:1#delegated_for_task@bot:b", kForever), "errand:1#scope@mailbox:*#send",
           "errand:1#scope@mailbox:*#wipe", "errand:1#scope@document:*#view", "errand:1#scope@document:*#edit"});
    Touch({Cat("run:1#agent@bot:b", kForever), "run:1#task@errand:1"});
  }

  void Touch(const std::vector<std::string>& texts) {
    std::vector<TupleChange> changes;
    for (const std::string& text : texts) changes.push_back({ChangeOp::kTouch, *ParseRelationship(text)});
    const auto revision = database->Write(changes, {});
    ASSERT_TRUE(revision.ok()) << revision.status();
  }

  // `send`, `view`, .. of the one object that has it.
  absl::StatusOr<Authorizer::Outcome> Do(const std::vector<std::string>& permissions, const std::string& key) {
    std::vector<AuthorizeCall> calls;
    for (const std::string& permission : permissions) {
      const bool is_mail = permission == "send" || permission == "wipe";
      calls.push_back({{.resource = is_mail ? ObjectRef{"mailbox", "m"} : ObjectRef{"document", "d"},
                        .permission = permission,
                        .subject = {"run", "1", ""},
                        .parameter_digest = "digest"},
                       key});
    }
    return Authorizer(database.get()).Authorize(calls, database->options().check);
  }

  // Records the entry once more, as an older server wrote it, as what answered `key`. Returns its number.
  uint64_t RecordAsOfOld(uint64_t sequence, const std::string& key) {
    const auto head = database->store().Head();
    auto entry = EntryFromJson(head->Ledger({}, sequence - 1)->record().body);
    const auto call = FindCall(*head, "run:1", key);
    EXPECT_TRUE(entry.ok() && call.ok() && call->has_value());
    entry->before.clear();
    entry->valid_until = absl::InfiniteFuture();
    RememberedCall remembered = **call;
    WriteRequest request{.guard =
                             [&](PendingWrite& write) {
                               remembered.sequence = write.NextSequence();
                               RememberCall("run:1", key, remembered, write);
                               return Record(*entry, write);
                             },
                         .records_only = true};
    EXPECT_TRUE(database->store().Write(request).ok());
    return remembered.sequence;
  }

  std::unique_ptr<Database> database;
};

// What the caller of Authorize is told, an answer a line.
std::string ToldText(const Authorizer::Outcome& outcome) {
  std::string text;
  for (const Answer& answer : outcome.answers) {
    text += Cat(DecisionName(answer.decision), " ", ReasonName(answer.reason), " ", answer.reason_at, " until ",
                absl::FormatTime(answer.valid_until, absl::UTCTimeZone()));
    for (const uint64_t approval : answer.approvals) text += Cat(" approval ", approval);
    for (const Lineage::StoredEdge& edge : answer.lineage->edges) text += Cat(" ", ToText(edge.relationship));
    text += "\n";
  }
  return text;
}

TEST(DatabaseAuthorize, RepeatsAndReplaysARefusedPlanAsItWasAnswered) {
  PlannedErrand errand;
  Authorizer authorizer(errand.database.get());
  const CheckLimits& limits = errand.database->options().check;
  const auto approved = authorizer.Approve({.session = ObjectRef{"run", "1"},
                                            .resource = {"mailbox", "m"},
                                            .permission = "wipe",
                                            .parameter_digest = "digest",
                                            .approver = {"user", "ann"},
                                            .expires_at = absl::InfiniteFuture()},
                                           limits);
  ASSERT_TRUE(approved.ok()) << approved.status();
  const std::pair<std::vector<std::string>, DenialReason> kPlans[] = {
      {{"send", "send", "send"}, DenialReason::kLimitReached},
      {{"send", "view", "edit"}, DenialReason::kForbiddenAfter},
      {{"wipe", "send", "wipe"}, DenialReason::kApprovalRequired}};
  for (const auto& [plan, reason] : kPlans) {
    const std::string key(ReasonName(reason));
    const auto first = errand.Do(plan, key);
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_EQ(first->answers.size(), 3u) << "what the plans before this one would have done counts for nothing";
    EXPECT_EQ(first->answers.back().reason, reason);
    const auto again = errand.Do(plan, key);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(ToldText(*again), ToldText(*first));
    EXPECT_EQ(again->sequences, first->sequences);
    const auto replayed = authorizer.Replay(first->sequences.front(), limits);
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(replayed->differences, std::vector<std::string>()) << key;
  }
  const auto done = errand.Do({"wipe", "send", "send"}, "");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->allowed());
}

TEST(DatabaseAuthorize, OfARefusedPlanOfAnOlderServerSaysWhatItKnows) {
  PlannedErrand errand;
  Authorizer authorizer(errand.database.get());
  const CheckLimits& limits = errand.database->options().check;
  const auto first = errand.Do({"send", "send", "send"}, "k");
  ASSERT_TRUE(first.ok()) << first.status();
  const uint64_t old = errand.RecordAsOfOld(first->sequences.front(), "k");
  EXPECT_EQ(ReasonOf(authorizer.Replay(old, limits).status()), "PLAN_NOT_RECORDED") << "an error, not `different`";
  const auto again = errand.Do({"send", "send", "send"}, "k");
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->answers.size(), 3u);
  EXPECT_EQ(again->answers[1].decision, Decision::kAllowed);
  EXPECT_EQ(again->answers[2].reason, DenialReason::kLimitReached) << "of the action that it was said of";
  const auto lacking = errand.Do({"view", "send", "wipe"}, "l");
  ASSERT_TRUE(lacking.ok()) << lacking.status();
  EXPECT_EQ(lacking->answers.back().reason, DenialReason::kApprovalRequired);
  const auto replayed = authorizer.Replay(errand.RecordAsOfOld(lacking->sequences.front(), "l"), limits);
  ASSERT_TRUE(replayed.ok()) << "whatever came before it: " << replayed.status();
  EXPECT_EQ(replayed->differences, std::vector<std::string>());
}

TEST(DatabaseAuthorize, ARepeatHoldsAsLongAsTheFirstAnswerAndNoLongerThanItsChain) {
  PlannedErrand errand;
  const auto year = [](int year) { return absl::FromCivil(absl::CivilYear(year), absl::UTCTimeZone()); };
  const auto until = [&](const std::string& key) {
    const auto outcome = errand.Do({"send"}, key);
    EXPECT_TRUE(outcome.ok() && outcome->allowed()) << outcome.status();
    return outcome.ok() ? outcome->answers.front().valid_until : absl::InfinitePast();
  };
  EXPECT_EQ(until("k"), year(2097)) << "the mailbox is ann's so long";
  EXPECT_EQ(until("k"), year(2097));
  const auto replayed = Authorizer(errand.database.get()).Replay(1, errand.database->options().check);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->differences, std::vector<std::string>());
  EXPECT_EQ(replayed->recorded.valid_until, year(2097));
  errand.Touch({"user:ann#acts_on_behalf_of@bot:b[expiration:2096-01-01T00:00:00Z]"});
  EXPECT_EQ(until("k"), year(2096));
  const uint64_t old = errand.RecordAsOfOld(1, "k");
  EXPECT_EQ(until("k"), year(2096)) << "of an older server's entry the chain is all that is known";
  EXPECT_TRUE(Authorizer(errand.database.get()).Replay(old, errand.database->options().check)->differences.empty());
}

}  // namespace
}  // namespace mandate
