// A disk that gives back other bits than were written, and one that goes away, under an engine that asks: each answer
// is the right one or an error, never another. Exclusions are in it, since there what is not found allows.
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "check/checker.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "storage/fault_disk.h"
#include "storage/open.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

constexpr char kRotSchema[] = R"(
definition user {}
definition team { relation member: user }
definition doc {
  relation viewer: user | team#member
  relation banned: user | team#member
  permission view = viewer - banned
}
)";
constexpr int kDocs = 40, kTeams = 10, kUsers = 12;

class Rotten {
 public:
  explicit Rotten(uint64_t seed) : random_(seed) {
    options_.block_cache_bytes = 0;  // Each question reads.
    options_.read_cache_bytes = 0;
    Open();
    WriteRequest schema{.schema_text = kRotSchema};
    schema.schema_names = {"user", "team", "member", "doc", "viewer", "banned", "view"};
    EXPECT_TRUE(store_->Write(schema).ok());
    for (int i = 0; i < 60; ++i) {
      std::vector<TupleChange> changes;
      std::set<std::string> seen;
      for (int j = 0; j < 8; ++j) {
        const std::string text = RandomRow();
        if (!seen.insert(text).second) continue;
        const bool gone = Below(4) == 0;
        changes.push_back({gone ? ChangeOp::kDelete : ChangeOp::kTouch, Rel(text)});
        if (gone) {
          rows_.erase(text);
        } else {
          rows_.insert(text);
        }
      }
      EXPECT_TRUE(store_->Write({.changes = changes}).ok());
    }
    store_.reset();
    Open();  // What the log has goes into tables.
    EXPECT_TRUE(store_->Compact().ok());
    head_ = store_->Head();
    plan_ = std::make_unique<Plan>(CompileSchema(kRotSchema).schema, head_->names(), head_->SchemaRevision());
  }

  struct Tally {
    int right = 0, refused = 0, wrong = 0;
  };
  // Every question once.
  void AskAll(Tally* tally) {
    for (int doc = 0; doc < kDocs; ++doc) {
      for (int user = 0; user < kUsers; ++user) {
        const std::string d = Cat("doc:d", doc), u = Cat("user:u", user);
        const CheckQuestion question{
            .resource = {"doc", Cat("d", doc)}, .permission = "view", .subject = {"user", Cat("u", user)}};
        const auto answer = Checker(*plan_, *head_, absl::Now(), {}, nullptr, nullptr).Check(question);
        if (!answer.ok()) {
          EXPECT_TRUE(absl::IsDataLoss(answer.status()) || absl::IsUnavailable(answer.status())) << answer.status();
          ++tally->refused;
        } else if ((answer->decision == Decision::kAllowed) == (Holds(d, "viewer", u) && !Holds(d, "banned", u))) {
          ++tally->right;
        } else {
          ++tally->wrong;
        }
      }
    }
  }
  bool reads_all() const {
    const auto cursor_rows = ReadAll(*head_);
    return std::set<std::string>(cursor_rows.begin(), cursor_rows.end()) == rows_;
  }

  FaultDisk disk;

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  std::string RandomRow() {
    if (Below(3) == 0) return Cat("team:t", Below(kTeams), "#member@user:u", Below(kUsers));
    const std::string head = Cat("doc:d", Below(kDocs), Below(3) == 0 ? "#banned@" : "#viewer@");
    return Below(2) == 0 ? Cat(head, "user:u", Below(kUsers)) : Cat(head, "team:t", Below(kTeams), "#member");
  }
  bool Holds(const std::string& doc, const std::string& relation, const std::string& user) const {
    if (rows_.contains(Cat(doc, "#", relation, "@", user))) return true;
    for (int team = 0; team < kTeams; ++team) {
      if (rows_.contains(Cat(doc, "#", relation, "@team:t", team, "#member")) &&
          rows_.contains(Cat("team:t", team, "#member@", user))) {
        return true;
      }
    }
    return false;
  }
  void Open() {
    auto store = OpenRocksStoreWith(scratch_.path() + "/db", options_, {.env = disk.env()});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  std::mt19937_64 random_;
  ScratchDirectory scratch_;
  StoreOptions options_;
  std::set<std::string> rows_;
  std::unique_ptr<TupleStore> store_;
  std::shared_ptr<const Snapshot> head_;
  std::unique_ptr<Plan> plan_;
};

TEST(RottenDisk, AnswersAreRightOrErrors) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  Rotten world(seed);
  Rotten::Tally before, rotten, after;
  world.AskAll(&before);
  EXPECT_EQ(before.right, kDocs * kUsers);
  world.disk.Fail(FaultDisk::Fault::kRottenTables);
  for (int i = 0; i < 5; ++i) world.AskAll(&rotten);
  world.disk.Fail(FaultDisk::Fault::kNone);
  EXPECT_EQ(rotten.wrong, 0);
  EXPECT_GT(rotten.refused, 0) << "of " << world.disk.rotten_reads() << " rotten reads";
  EXPECT_GT(rotten.right, 0);
  std::cout << world.disk.rotten_reads() << " rotten reads: " << rotten.refused << " questions refused, "
            << rotten.right << " right\n";
  world.AskAll(&after);
  EXPECT_EQ(after.right, kDocs * kUsers) << "what was read wrong is not kept";
  EXPECT_TRUE(world.reads_all());
}

TEST(LostDisk, AnswersAreErrorsUntilItIsBack) {
  Rotten world(7);
  Rotten::Tally lost, after;
  world.disk.Fail(FaultDisk::Fault::kLost);
  world.AskAll(&lost);
  world.disk.Fail(FaultDisk::Fault::kNone);
  EXPECT_EQ(lost.wrong, 0);
  EXPECT_GT(lost.refused, kDocs * kUsers / 2) << "the rest is known from filters in memory: nothing is stored there";
  world.AskAll(&after);
  EXPECT_EQ(after.right, kDocs * kUsers);
}

}  // namespace
}  // namespace mandate
