// Checks in process: what the engine and the storage cost, without the wire.
#include <iostream>
#include <random>

#include "bench/drive_world.h"
#include "benchmark/benchmark.h"

namespace mandate {
namespace {

DriveWorld& World() {
  static DriveWorld* world = [] {
    auto* made = new DriveWorld({});
    std::cerr << "world: " << made->relationships() << " relationships\n";
    // Removed with its directory when the program ends.
    std::atexit([] { World().~DriveWorld(); });
    return made;
  }();
  return *world;
}

using Draw = CheckQuestion (DriveWorld::*)(uint64_t) const;

// Questions are drawn at random among `different`, so that caches see what a server sees.
void Run(benchmark::State& state, Draw draw, Decision expected, uint64_t different) {
  DriveWorld& world = World();
  auto view = *world.database().Head();
  std::mt19937_64 random(42);
  uint64_t steps = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const CheckQuestion question = (world.*draw)(random() % different);
    state.ResumeTiming();
    Checker checker = world.database().CheckerFor(view);
    auto answer = checker.Check(question);
    if (!answer.ok() || answer->decision != expected) {
      state.SkipWithError("the answer is not the expected one");
      return;
    }
    steps += answer->steps;
  }
  state.counters["steps"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kAvgIterations);
}

void DirectHot(benchmark::State& s) { Run(s, &DriveWorld::DirectlyShared, Decision::kAllowed, 1000); }
void DirectWide(benchmark::State& s) { Run(s, &DriveWorld::DirectlyShared, Decision::kAllowed, 1 << 20); }
void DriveAllowedHot(benchmark::State& s) { Run(s, &DriveWorld::ThroughFolders, Decision::kAllowed, 1000); }
void DriveAllowedWide(benchmark::State& s) { Run(s, &DriveWorld::ThroughFolders, Decision::kAllowed, 1 << 20); }
void DriveDenied(benchmark::State& s) { Run(s, &DriveWorld::OtherDepartment, Decision::kDenied, 1 << 20); }
void Delegated(benchmark::State& s) { Run(s, &DriveWorld::BySession, Decision::kAllowed, 1000); }

BENCHMARK(DirectHot);
BENCHMARK(DirectWide);
BENCHMARK(DriveAllowedHot);
BENCHMARK(DriveAllowedWide);
BENCHMARK(DriveDenied);
BENCHMARK(Delegated);

}  // namespace
}  // namespace mandate
