// Every world of test/worlds, and of the conformance worlds beside the project where they are: as
// `mandate test` runs them, with listings asked for one by one, and with the database closed and
// opened again between the writes and the questions.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tools/validation_run.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> WorldsIn(const fs::path& folder) {
  std::vector<fs::path> worlds;
  if (!fs::exists(folder)) return worlds;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") worlds.push_back(entry.path());
  }
  std::sort(worlds.begin(), worlds.end());
  return worlds;
}

const fs::path kOurs = MANDATE_SOURCE_DIR "/test/worlds";

// `assertions_min`: ours assert something themselves; some of the conformance worlds are only there
// to be loaded.
void RunWorld(const fs::path& path, const ValidationOptions& options, size_t assertions_min, uint64_t* pairs) {
  SCOPED_TRACE(path.filename().string());
  auto file = LoadValidationFile(path.string());
  ASSERT_TRUE(file.ok()) << file.status();
  const ValidationReport report = RunValidation(*file, options);
  *pairs += report.pairs;
  EXPECT_GE(report.assertions, assertions_min) << "a world that asserts nothing";
  EXPECT_EQ(report.pairs, options.agreement ? report.pairs_of_world : 0);
  for (const Failure& failure : report.Failures()) ADD_FAILURE() << ToText(path.string(), failure);
}

TEST(Worlds, AreManyAndEachSaysWhatItShows) {
  const auto worlds = WorldsIn(kOurs);
  EXPECT_GE(worlds.size(), 60u);
  for (const fs::path& world : worlds) {
    std::ifstream file(world);
    std::string sentence;
    for (std::string line; std::getline(file, line) && line.starts_with("# ");) {
      sentence += line.substr(1);
    }
    EXPECT_TRUE(sentence.size() > 20 && sentence.ends_with("."))
        << world << " opens with `" << sentence << "`, and not with a sentence that says what it shows";
  }
}

// Every reason that a delegated answer can carry is expected somewhere; so nothing that the engine says goes untested.
TEST(Worlds, ShowEveryReasonOfADenialAndEveryAttack) {
  std::set<std::string> reasons;
  size_t attacks = 0;
  for (const fs::path& path : WorldsIn(kOurs)) {
    const auto world = LoadValidationFile(path.string());
    ASSERT_TRUE(world.ok()) << world.status();
    for (const WorldStep& step : world->steps) {
      for (const Assertion& assertion : step.assertions) reasons.insert(assertion.reason);
      for (const RecordedStep& call : step.calls) reasons.insert(call.call.reason);
    }
    std::string first;
    std::ifstream file(path);
    std::getline(file, first);
    const bool is_attack = path.filename().string().starts_with("attack_");
    EXPECT_EQ(is_attack, first.starts_with("# Attack: ")) << path;
    attacks += is_attack;
  }
  for (int reason = 1; reason <= static_cast<int>(kLastReason); ++reason) {
    const std::string name(ReasonName(static_cast<DenialReason>(reason)));
    EXPECT_TRUE(reasons.contains(name)) << "no world expects " << name;
  }
  EXPECT_GE(attacks, 13u);
}

TEST(Worlds, HoldAndEveryWayOfAskingAgrees) {
  uint64_t pairs = 0;
  for (const fs::path& world : WorldsIn(kOurs)) RunWorld(world, {}, 1, &pairs);
  std::cout << pairs << " pairs, each asked in every way\n";
}

TEST(Worlds, HoldHoweverSubjectSetsAreSearched) {
  for (const SetSearch search : {SetSearch::kUp, SetSearch::kDown}) {
    uint64_t pairs = 0;
    for (const fs::path& world : WorldsIn(kOurs))
      RunWorld(world, {.agreement = false, .set_search = search}, 1, &pairs);
  }
}

TEST(Worlds, HoldWithNothingKeptInMemory) {
  uint64_t pairs = 0;
  for (const fs::path& world : WorldsIn(kOurs)) RunWorld(world, {.agreement = false, .caches = false}, 1, &pairs);
}

TEST(Worlds, HoldWithTheDatabaseReopenedInBetween) {
  uint64_t pairs = 0;
  for (const fs::path& world : WorldsIn(kOurs)) {
    std::string directory = (fs::temp_directory_path() / "mandate-world-XXXXXX").string();
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    RunWorld(world, {.reopen = true, .directory = directory, .agreement = false}, 1, &pairs);
    fs::remove_all(directory);
  }
}

TEST(Worlds, OfTheConformanceSuiteHoldAndEveryWayOfAskingAgrees) {
  const auto worlds = WorldsIn(MANDATE_SOURCE_DIR "/../shared/conformance/validation");
  if (worlds.empty()) {
    std::cout << "NOT RUN: the conformance worlds are not beside this checkout\n";
    return;
  }
  EXPECT_GE(worlds.size(), 22u);
  uint64_t pairs = 0;
  for (const fs::path& world : worlds) RunWorld(world, {}, 0, &pairs);
  std::cout << worlds.size() << " worlds, " << pairs << " pairs, each asked in every way\n";
}

}  // namespace
}  // namespace mandate
