// What it costs to govern agents: recorded calls, what a session may see, and taking everything back. On disk, durable.
#include <filesystem>
#include <iostream>

#include "benchmark/benchmark.h"
#include "check/lookup.h"
#include "schema/text.h"
#include "service/authorizer.h"
#include "service/delegation_writes.h"

namespace mandate {
namespace {

constexpr char kSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition folder {
  relation viewer: user
  permission view = viewer
}
definition document {
  relation parent: folder
  permission view = parent->view
}
definition mailbox {
  relation owner: user
  permission send = owner
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: folder#view | document:*#view | mailbox:*#send
  limit mailbox#send to 1000000 per task
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)";
constexpr int kDocuments = 100'000;
constexpr int kTasks = 100'000;
constexpr int kSessions = 64;

class AgentWorld {
 public:
  AgentWorld() : directory_((std::filesystem::temp_directory_path() / "mandate-bench-XXXXXX").string()) {
    if (mkdtemp(directory_.data()) == nullptr) std::abort();
    database_ = *Database::Open({.directory = directory_});
    if (!database_->WriteSchema(kSchema, {}, DryRun::kNo, nullptr).ok()) std::abort();
    Add("folder:f#viewer@user:ann");
    Add("mailbox:m#owner@user:ann");
    Add("user:ann#acts_on_behalf_of@bot:b", true);
    for (int i = 0; i < kDocuments; ++i) Add(Cat("document:d", i, "#parent@folder:f"));
    for (int i = 0; i < kSessions; ++i) AddTask(Cat("s", i), "bot:b", Cat("s", i));
    Flush();
  }
  ~AgentWorld() {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  void AddTask(const std::string& task, const std::string& agent, const std::string& session) {
    Add(Cat("errand:", task, "#delegator@user:ann"));
    Add(Cat("errand:", task, "#delegated_for_task@", agent), true);
    Add(Cat("errand:", task, "#scope@folder:f#view"));
    Add(Cat("errand:", task, "#scope@mailbox:*#send"));
    if (session.empty()) return;
    Add(Cat("run:", session, "#agent@", agent), true);
    Add(Cat("run:", session, "#task@errand:", task));
  }

  // What comes together at birth stays together: never between the relationships of one task.
  void Add(const std::string& text, bool ends = false) {
    Relationship relationship = *ParseRelationship(text);
    if (ends) relationship.expires_at = absl::Now() + absl::Hours(24);
    changes_.push_back({ChangeOp::kTouch, relationship});
    if (changes_.size() >= 600 && relationship.relation != "delegator" && relationship.resource.type == "document")
      Flush();
  }

  void Flush() {
    if (changes_.empty()) return;
    const auto written = database_->Write(std::exchange(changes_, {}), {});
    if (!written.ok()) {
      std::cerr << written.status() << "\n";
      std::abort();
    }
  }

  Database& database() { return *database_; }

 private:
  std::string directory_;
  std::unique_ptr<Database> database_;
  std::vector<TupleChange> changes_;
};

AgentWorld& World() {
  static AgentWorld* world = [] {
    auto* made = new AgentWorld();
    std::atexit([] { World().~AgentWorld(); });
    return made;
  }();
  return *world;
}

// Each caller is a session of a task of its own, as gateways are.
void Authorize(benchmark::State& state) {
  Database& database = World().database();
  Authorizer authorizer(&database);
  const AuthorizeCall call{
      {.resource = {"mailbox", "m"}, .permission = "send", .subject = {"run", Cat("s", state.thread_index()), ""}}, ""};
  for (auto _ : state) {
    const auto outcome = authorizer.Authorize({call}, database.options().check);
    if (!outcome.ok() || !outcome->allowed()) state.SkipWithError("not allowed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Authorize)->Threads(1)->Threads(64)->UseRealTime();

void Ask(benchmark::State& state, const SubjectRef& subject) {
  Database& database = World().database();
  const auto view = *database.Head();
  uint64_t n = 0;
  for (auto _ : state) {
    const auto answer = database.CheckerFor(view).Check(
        {.resource = {"document", Cat("d", n++ * 7919 % kDocuments)}, .permission = "view", .subject = subject});
    if (!answer.ok() || answer->decision != Decision::kAllowed) state.SkipWithError("not allowed");
  }
}
void PrincipalAlone(benchmark::State& state) { Ask(state, {"user", "ann", ""}); }
void PrincipalsSession(benchmark::State& state) { Ask(state, {"run", "s0", ""}); }
BENCHMARK(PrincipalAlone);
BENCHMARK(PrincipalsSession);

void ResourcesOfASession(benchmark::State& state) {
  Database& database = World().database();
  const auto view = *database.Head();
  for (auto _ : state) {
    int found = 0;
    const absl::Status status =
        LookupResources(*view.plan, *view.snapshot, absl::Now(), database.options().check,
                        {.resource_type = "document", .permission = "view", .subject = {"run", "s0", ""}},
                        [&](const Found&) { return ++found > 0; });
    if (!status.ok() || found != kDocuments) state.SkipWithError("not all were found");
  }
  state.SetItemsProcessed(state.iterations() * kDocuments);
}
BENCHMARK(ResourcesOfASession)->Unit(benchmark::kMillisecond);

// Of an agent with 100,000 tasks: as `mandate revoke` does it, in one write.
void RevokeAnAgent(benchmark::State& state) {
  AgentWorld& world = World();
  int made = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::string agent = Cat("bot:many", made++);
    world.Add(Cat("user:ann#acts_on_behalf_of@", agent), true);
    for (int i = 0; i < kTasks; ++i) {
      world.AddTask(Cat("t", made, "-", i), agent, "");
      if (i % 200 == 199) world.Flush();
    }
    const auto view = *world.database().Head();
    state.ResumeTiming();
    const auto filters = ToFilters(*view.plan, {RevokeCall::What::kAgent, *ParseObject(agent)});
    const auto deleted = world.database().Delete({.filters = *filters});
    if (!deleted.ok() || deleted->count != kTasks + 1 || !deleted->complete) {
      state.SkipWithError("not everything was taken back");
      std::cerr << deleted.status() << "\n";
    }
  }
  state.SetItemsProcessed(state.iterations() * (kTasks + 1));
}
BENCHMARK(RevokeAnAgent)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace mandate
