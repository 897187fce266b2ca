#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "absl/time/clock.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/junit.h"
#include "tools/validation_run.h"
#include "tools/world_files.h"

namespace mandate {
namespace {

TestedWorld TestOne(const std::string& path, const TestOptions& options) {
  const absl::Time began = absl::Now();
  TestedWorld world{.path = path};
  const auto file = LoadValidationFile(path);
  world.loaded = file.status();
  if (file.ok()) world.report = RunValidation(*file, {.agreement = !options.no_agreement});
  world.took = absl::Now() - began;
  return world;
}

// In parallel; the results in the order of the files.
std::vector<TestedWorld> TestAll(const std::vector<std::string>& files, const TestOptions& options) {
  std::vector<TestedWorld> worlds(files.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) worlds[i] = TestOne(files[i], options);
  };
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t jobs = std::min(options.jobs == 0 ? cores : options.jobs, files.size());
  std::vector<std::thread> others;
  for (size_t i = 1; i < jobs; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return worlds;
}

std::string Counted(size_t count, std::string_view one, std::string_view more) {
  return Cat(count, " ", count == 1 ? one : more);
}

void Print(const TestedWorld& world) {
  if (!world.loaded.ok()) {
    std::cerr << "error: " << world.loaded.message() << "\n";
    return;
  }
  const ValidationReport& report = world.report;
  const std::vector<Failure> failures = report.Failures();
  std::cout << (failures.empty() ? "ok    " : "FAIL  ") << world.path << ": "
            << Counted(report.assertions, "assertion", "assertions");
  if (report.pairs > 0) {
    std::cout << ", " << Counted(report.pairs, "pair", "pairs") << " asked in every way";
  }
  std::cout << "\n";
  for (const std::string& note : report.notes) std::cout << "  note: " << note << "\n";
  for (const Failure& failure : failures) {
    std::cout << "  " << ToText(world.path, failure) << "\n";
  }
}

}  // namespace

int TestWorlds(const TestOptions& options) {
  const auto files = FindWorldFiles(options.files);
  if (!files.ok()) return Fail(files.status());
  const std::vector<TestedWorld> worlds = TestAll(*files, options);
  size_t failed = 0;
  size_t wrong = 0;
  size_t assertions = 0;
  for (const TestedWorld& world : worlds) {
    Print(world);
    wrong += !world.loaded.ok();
    failed += !world.report.Failures().empty();
    assertions += world.report.assertions;
  }
  std::cout << Counted(worlds.size(), "world", "worlds") << ": " << worlds.size() - failed - wrong << " passed, "
            << failed << " failed, " << wrong << " not readable; " << Counted(assertions, "assertion", "assertions")
            << "\n";
  if (!options.junit.empty()) {
    std::ofstream file(options.junit, std::ios::binary | std::ios::trunc);
    file << ToJUnit(worlds);
    if (!file.flush()) {
      return Fail(absl::NotFoundError(Cat("cannot write ", Quote(options.junit))));
    }
  }
  return wrong > 0 ? kExitError : failed > 0 ? kExitFailed : kExitOk;
}

}  // namespace mandate
