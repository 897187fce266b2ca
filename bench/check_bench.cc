// Checks in process, of every world: what the engine and the storage cost, without the wire. MANDATE_BENCH_SCALE sizes
// the worlds.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/strings/numbers.h"
#include "bench/drive_world.h"
#include "bench/world_database.h"
#include "benchmark/benchmark.h"
#include "check/lookup.h"
#include "schema/text.h"

namespace mandate {
namespace {

double Scale() {
  double scale = 0.1;
  const char* given = std::getenv("MANDATE_BENCH_SCALE");
  if (given != nullptr && !absl::SimpleAtod(given, &scale))
    std::cerr << "MANDATE_BENCH_SCALE is no number; 0.1 it is\n";
  return scale;
}

struct Placed {
  std::unique_ptr<World> world;
  std::unique_ptr<WorldDatabase> database;
};

// The world that is kept, one at a time. Main lets go of it: at exit, what RocksDB needs to close may be gone already.
std::pair<std::string, Placed>& Kept() {
  static std::pair<std::string, Placed> kept;
  return kept;
}

// The world of that name, on disk.
Placed& Place(const std::string& name) {
  auto& [kept_name, placed] = Kept();
  if (kept_name == name) return placed;
  placed = {};
  kept_name = name;
  placed.world = *MakeWorld(name, Scale());
  placed.database = std::make_unique<WorldDatabase>(*placed.world);
  std::cerr << name << ": " << placed.database->relationships() << " relationships\n";
  return placed;
}

// Of `different` questions, drawn at random, so that caches see what a server sees. Warm: all were asked before.
void Check(benchmark::State& state, const std::string& name, uint64_t different, bool warm) {
  Placed& place = Place(name);
  if (!warm) place.database->Reopen();
  Database& database = place.database->database();
  const View view = *database.Head();
  std::vector<WorldQuestion> questions;
  for (uint64_t n = 0; n < different; ++n) questions.push_back(place.world->Question(n));
  const auto ask = [&](const WorldQuestion& asked) {
    Checker checker = database.CheckerFor(view);
    auto answer = checker.Check(asked.question);
    const bool right = answer.ok() && (answer->decision == Decision::kAllowed) == asked.allowed;
    if (!right)
      state.SkipWithError(Cat(asked.question.resource.id, "#view@", asked.question.subject.id,
                              " is not answered as expected: ", answer.status().ToString())
                              .c_str());
    return right;
  };
  if (warm) {
    for (const WorldQuestion& asked : questions) {
      if (!ask(asked)) return;
    }
  }
  std::vector<float> took;
  uint64_t next = 0;
  for (auto _ : state) {
    const WorldQuestion& asked = questions[Scatter(next++) % questions.size()];
    const auto start = std::chrono::steady_clock::now();
    if (!ask(asked)) return;
    took.push_back(std::chrono::duration<float, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  if (took.empty()) return;
  state.counters["p50_us"] = took[took.size() / 2];
  state.counters["p99_us"] = took[took.size() * 99 / 100];
}

// The principal's own question, and the agent's.
void Delegated(benchmark::State& state, CheckQuestion (AgentsWorld::*draw)(uint64_t) const) {
  Placed& place = Place("agents");
  const auto& world = dynamic_cast<const AgentsWorld&>(*place.world);
  Database& database = place.database->database();
  const View view = *database.Head();
  uint64_t n = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const CheckQuestion question = (world.*draw)(n++ % 100'000);
    state.ResumeTiming();
    auto answer = database.CheckerFor(view).Check(question);
    if (!answer.ok() || answer->decision != Decision::kAllowed) {
      state.SkipWithError("the answer is not the expected one");
      return;
    }
  }
}

// Subjects found a second: who may view a document that a million may.
void LookupSubjects(benchmark::State& state) {
  Placed& place = Place("wide");
  Database& database = place.database->database();
  const View view = *database.Head();
  uint64_t found = 0;
  for (auto _ : state) {
    SubjectsQuestion question;
    question.resource = {"document", "open"};
    question.permission = "view";
    question.subject_type = "user";
    const absl::Status status = database.LookupSubjectsAt(view, question, database.options().check, [&](const Found&) {
      ++found;
      return true;
    });
    if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  }
  state.SetItemsProcessed(static_cast<int64_t>(found));
}

}  // namespace

// One of each: a question of a few asked again and again, and one never asked before.
void RegisterChecks() {
  for (const std::string& name : WorldNames()) {
    benchmark::RegisterBenchmark(Cat("check/", name, "/warm").c_str(),
                                 [name](benchmark::State& s) { Check(s, name, 1000, true); });
    benchmark::RegisterBenchmark(Cat("check/", name, "/new").c_str(),
                                 [name](benchmark::State& s) { Check(s, name, 200'000, false); });
    if (name == "wide") benchmark::RegisterBenchmark("lookup/subjects/wide", LookupSubjects);
    if (name != "agents") continue;
    benchmark::RegisterBenchmark("check/agents/principal", Delegated, &AgentsWorld::ThroughFolders);
    benchmark::RegisterBenchmark("check/agents/session", Delegated, &AgentsWorld::BySession);
    benchmark::RegisterBenchmark("check/agents/sub-agent", Delegated, &AgentsWorld::BySubAgent);
  }
}

int Main(int argc, char** argv) {
  RegisterChecks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  Kept() = {};
  return 0;
}

}  // namespace mandate

int main(int argc, char** argv) { return mandate::Main(argc, argv); }
