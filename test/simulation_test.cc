// A store on a simulated disk, with a simulated clock, under one seed: it writes, changes its schema, loads, records,
// lets expired relationships and old versions go, and is opened again; then, in as many runs as this takes operations
// of the disk, the power is lost at each of them in turn. After each loss the store opens, and
//
//   - every write that was acknowledged is there, and the one under way is there whole or not at all;
//   - both indexes, the past, the changelog, expiries, facts and the ledger's chain agree (storage/store_check.h);
//   - the engine's answers are those that what is stored stands for;
//   - it takes the next write, and closes and opens once more as it is (tried in a quarter of the runs).
//
// A failure prints the seed of its history and the operation; MANDATE_TEST_SEED and MANDATE_TEST_CRASH_AT run it again.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "check/checker.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "storage/ledger_check.h"
#include "storage/sim_disk.h"
#include "storage/store_check.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

constexpr char kSimSchema[] = R"(
use expiration
definition user {}
definition team { relation member: user | user with expiration }
definition doc {
  relation viewer: user | team#member | user with expiration
  permission view = viewer
}
)";

constexpr int kDocs = 4, kTeams = 3, kUsers = 4;
constexpr int kSteps = 9;

// Runs in all: ten thousand where the code is optimised.
constexpr uint64_t kRuns = MANDATE_CAMPAIGN_FACTOR >= 100 ? 10'000 : 150;

// What one step does; made before it is done, so that it can be done to a model as well.
struct Step {
  enum class Kind { kWrite, kLoad, kSchema, kRecord, kSweep, kCollect, kReopen };
  Kind kind = Kind::kWrite;
  std::vector<TupleChange> changes;
  absl::Duration later;  // The clock moves on, before it.
};

Step RandomStep(std::mt19937_64* random, absl::Time now) {
  const auto below = [&](uint64_t n) { return (*random)() % n; };
  Step step;
  step.later = absl::Seconds(below(2) == 0 ? 0 : below(4000));
  const uint64_t kind = below(20);
  using Kind = Step::Kind;
  step.kind = kind < 7    ? Kind::kWrite
              : kind < 11 ? Kind::kLoad
              : kind < 12 ? Kind::kSchema
              : kind < 14 ? Kind::kRecord
              : kind < 16 ? Kind::kSweep
              : kind < 18 ? Kind::kCollect
                          : Kind::kReopen;
  if (step.kind != Kind::kWrite && step.kind != Kind::kLoad) return step;
  std::set<std::string> seen;
  for (uint64_t n = step.kind == Kind::kLoad ? 12 : 1 + below(3); n > 0; --n) {
    const std::string user = Cat("@user:u", below(kUsers));
    std::string text = below(3) == 0   ? Cat("team:t", below(kTeams), "#member", user)
                       : below(3) == 0 ? Cat("doc:d", below(kDocs), "#viewer@team:t", below(kTeams), "#member")
                                       : Cat("doc:d", below(kDocs), "#viewer", user);
    if (!seen.insert(text).second) continue;
    TupleChange change{step.kind == Kind::kWrite && below(3) == 0 ? ChangeOp::kDelete : ChangeOp::kTouch, Rel(text)};
    const bool may_expire = text.find("#viewer@team") == text.npos;
    if (change.op == ChangeOp::kTouch && may_expire && below(3) == 0) {
      change.relationship.expires_at = now + absl::Seconds(1 + below(4000));
    }
    step.changes.push_back(std::move(change));
  }
  return step;
}

// What should be stored.
struct Model {
  std::map<std::string, Relationship> rows;  // By identity.
  uint64_t revision = 0;
  uint64_t records = 0;
  uint64_t schema = 0;  // The revision of the newest.

  void Do(const Step& step, absl::Time now) {
    switch (step.kind) {
      case Step::Kind::kWrite: ++records; [[fallthrough]];
      case Step::Kind::kLoad:
        for (const TupleChange& change : step.changes) {
          if (change.op == ChangeOp::kDelete) {
            rows.erase(IdentityOf(change.relationship));
          } else {
            rows[IdentityOf(change.relationship)] = change.relationship;
          }
        }
        ++revision;
        break;
      case Step::Kind::kSchema: schema = ++revision; break;
      case Step::Kind::kRecord: ++records; break;
      case Step::Kind::kSweep:
        if (std::erase_if(rows, [&](const auto& row) { return row.second.expires_at <= now; }) > 0) ++revision;
        break;
      case Step::Kind::kCollect:
      case Step::Kind::kReopen: break;
    }
  }

  static std::string IdentityOf(const Relationship& relationship) {
    return ToText(Relationship{relationship.resource, relationship.relation, relationship.subject});
  }

  std::string Text() const {
    std::vector<std::string> lines;
    for (const auto& [identity, row] : rows) lines.push_back(ToText(row));
    return TextOf(lines, revision, records, schema);
  }
  static std::string TextOf(std::vector<std::string> lines, uint64_t revision, uint64_t records, uint64_t schema) {
    std::sort(lines.begin(), lines.end());
    std::string text = Cat("revision ", revision, ", ", records, " records, schema of ", schema, "\n");
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed), disk_(seed + 1) {
    options_.in_memory = true;
    options_.block_cache_bytes = 1 << 20;
    options_.read_cache_bytes = 1 << 16;
    options_.retention = absl::Hours(1);
    options_.clock = [this] { return now_; };
  }

  // The whole history without a loss: how many operations of the disk it takes.
  uint64_t Count() {
    EXPECT_TRUE(Open().ok());
    EXPECT_TRUE(Begin().ok());
    const uint64_t before = disk_.operations();
    for (int i = 0; i < kSteps; ++i) EXPECT_TRUE(DoNext().ok());
    const uint64_t took = disk_.operations() - before;
    Close();
    return took;
  }

  // The history up to the loss at `operation`, and what is there then. Empty: all is well.
  std::string Run(uint64_t operation) {
    if (!Open().ok() || !Begin().ok()) return "the store does not begin";
    disk_.CrashAt(operation);
    bool failed = false;
    for (int i = 0; i < kSteps && !failed; ++i) failed = !DoNext().ok();
    Close();
    disk_.LosePower();
    if (absl::Status status = Open(); !status.ok()) return Cat("it does not open: ", status.ToString());
    const std::string stored = Stored();
    if (stored == next_.Text()) {
      model_ = next_;
    } else if (stored != model_.Text()) {
      return Cat("stored is\n", stored, "and acknowledged was\n", model_.Text(), "or, with what was under way,\n",
                 next_.Text());
    }
    if (std::string wrong = Answers(); !wrong.empty()) return wrong;
    if (std::string wrong = Check(); !wrong.empty()) return wrong;
    // It goes on. Not in every run: opening is most of what one costs.
    if (operation % 4 != 0) return "";
    next_ = model_;
    if (absl::Status status = Open(); !status.ok()) return Cat("it does not open again: ", status.ToString());
    Step write{.changes = {{ChangeOp::kTouch, Rel("doc:d0#viewer@user:u0")}}};
    if (absl::Status status = Do(write); !status.ok()) return Cat("it takes no write: ", status.ToString());
    model_.Do(write, now_);
    Close();
    if (absl::Status status = Open(); !status.ok()) return Cat("it does not open a third time: ", status.ToString());
    std::string after = Stored();
    Close();
    return after == model_.Text() ? "" : Cat("after one more write stored is\n", after, "and not\n", model_.Text());
  }

 private:
  absl::Status Open() {
    store_.reset();
    auto store = OpenRocksStoreWith("", options_, {.env = disk_.env(), .database_in_env = true});
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  void Close() { store_.reset(); }

  absl::Status Begin() {
    const Step schema{.kind = Step::Kind::kSchema};
    absl::Status status = Do(schema);
    model_.Do(schema, now_);
    next_ = model_;
    return status;
  }

  // `next_` is what is stored if it succeeds, `model_` what is if it does not.
  absl::Status DoNext() {
    const Step step = RandomStep(&random_, now_);
    now_ += step.later;
    next_ = model_;
    next_.Do(step, now_);
    absl::Status status = Do(step);
    if (status.ok()) model_ = next_;
    return status;
  }

  absl::Status Do(const Step& step) {
    WriteRequest request;
    request.changes = step.changes;
    std::unique_ptr<BulkLoad> load;
    switch (step.kind) {
      case Step::Kind::kSchema:
        request.schema_text = kSimSchema;
        request.schema_names = {"user", "team", "member", "doc", "viewer", "view"};
        break;
      case Step::Kind::kWrite:
        request.guard = [](PendingWrite& write) {
          write.SetFact(Cat("written ", write.revision().value()), "yes");
          write.AppendToLedger({Cat("write ", write.NextSequence()), {"write"}});
          return absl::OkStatus();
        };
        break;
      case Step::Kind::kRecord:
        request.records_only = true;
        request.guard = [](PendingWrite& write) {
          write.AppendToLedger({Cat("call ", write.NextSequence()), {"call"}});
          return absl::OkStatus();
        };
        break;
      case Step::Kind::kLoad: {
        auto begun = store_->NewLoad(ChangeOp::kTouch);
        if (!begun.ok()) return begun.status();
        load = *std::move(begun);
        request.load = load.get();
        request.changes.clear();
        for (size_t i = 0; i < step.changes.size(); ++i) {
          if (i % 5 == 4) {
            request.changes.push_back(step.changes[i]);
          } else if (absl::Status status = load->Add(step.changes[i].relationship, i); !status.ok()) {
            return status;
          }
        }
        break;
      }
      case Step::Kind::kSweep: return store_->SweepExpired(1000).status();
      case Step::Kind::kCollect: return store_->Collect().status();
      case Step::Kind::kReopen: return Open();
    }
    return store_->Write(request).status();
  }

  std::string Stored() const {
    const auto head = store_->Head();
    std::vector<std::string> lines = ReadAll(*head);
    LedgerReport ledger;
    EXPECT_TRUE(CheckLedger(*head, &ledger).ok());
    return Model::TextOf(std::move(lines), head->revision().value(), ledger.records, head->SchemaRevision().value());
  }

  // Every question, by the engine and by what the rows say.
  std::string Answers() const {
    const auto head = store_->Head();
    const auto schema = CompileSchema(head->Schema()->text).schema;
    const Plan plan(schema, head->names(), head->SchemaRevision());
    const auto stands = [&](const std::string& identity) {
      const auto row = model_.rows.find(identity);
      return row != model_.rows.end() && row->second.expires_at > now_;
    };
    for (int doc = 0; doc < kDocs; ++doc) {
      for (int user = 0; user < kUsers; ++user) {
        bool expected = stands(Cat("doc:d", doc, "#viewer@user:u", user));
        for (int team = 0; team < kTeams; ++team) {
          expected = expected || (stands(Cat("doc:d", doc, "#viewer@team:t", team, "#member")) &&
                                  stands(Cat("team:t", team, "#member@user:u", user)));
        }
        const CheckQuestion question{
            .resource = {"doc", Cat("d", doc)}, .permission = "view", .subject = {"user", Cat("u", user)}};
        auto answer = Checker(plan, *head, now_, {}, nullptr, nullptr).Check(question);
        if (!answer.ok()) return Cat("a question has no answer: ", answer.status().ToString());
        if ((answer->decision == Decision::kAllowed) != expected) {
          return Cat("doc:d", doc, "#view@user:u", user, " is answered ", expected ? "no" : "yes");
        }
      }
    }
    return "";
  }

  std::string Check() {
    Close();
    StoreReport report;
    const absl::Status status = CheckStoreWith("", {.env = disk_.env(), .database_in_env = true}, &report);
    if (!status.ok()) return Cat("it cannot be checked: ", status.ToString());
    return report.faults.empty() ? "" : Cat("the check finds: ", report.faults.front());
  }

  std::mt19937_64 random_;
  SimDisk disk_;
  StoreOptions options_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  std::unique_ptr<TupleStore> store_;
  Model model_, next_;
};

TEST(Simulation, PowerIsLostAtEveryOperationOfManyHistories) {
  const char* given_seed = getenv("MANDATE_TEST_SEED");
  const char* given_operation = getenv("MANDATE_TEST_CRASH_AT");
  uint64_t seed =
      given_seed != nullptr && *given_seed != '\0' ? strtoull(given_seed, nullptr, 10) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  if (given_operation != nullptr) {
    EXPECT_EQ(Simulation(seed).Run(strtoull(given_operation, nullptr, 10)), "");
    return;
  }
  uint64_t runs = 0, histories = 0;
  for (; runs < kRuns && !testing::Test::HasFailure(); ++seed, ++histories) {
    const uint64_t operations = Simulation(seed).Count();
    for (uint64_t operation = 1; operation <= operations + 1 && runs < kRuns; ++operation, ++runs) {
      const std::string wrong = Simulation(seed).Run(operation);
      EXPECT_EQ(wrong, "") << "MANDATE_TEST_SEED=" << seed << " MANDATE_TEST_CRASH_AT=" << operation;
      if (!wrong.empty()) break;
    }
  }
  std::cout << runs << " losses of power in " << histories << " histories\n";
}

}  // namespace
}  // namespace mandate
