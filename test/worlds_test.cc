// Every world of test/worlds, and of the conformance worlds beside the project where they are, in memory and with the
// database closed and opened again between the writes and the questions.
#include <filesystem>
#include <iostream>

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

// `assertions_min`: ours assert something themselves; some of the conformance worlds are only there to be loaded.
void RunWorld(const fs::path& path, const ValidationOptions& options, size_t assertions_min = 1) {
  SCOPED_TRACE(path.filename().string());
  auto file = LoadValidationFile(path.string());
  ASSERT_TRUE(file.ok()) << file.status();
  const ValidationReport report = RunValidation(*file, options);
  EXPECT_GE(report.assertions, assertions_min) << "a world that asserts nothing";
  for (const std::string& failure : report.failures) ADD_FAILURE() << failure;
}

TEST(Worlds, HoldInMemory) {
  const auto worlds = WorldsIn(MANDATE_SOURCE_DIR "/test/worlds");
  ASSERT_GE(worlds.size(), 20u);
  for (const fs::path& world : worlds) RunWorld(world, {});
}

TEST(Worlds, HoldWithTheDatabaseReopenedInBetween) {
  for (const fs::path& world : WorldsIn(MANDATE_SOURCE_DIR "/test/worlds")) {
    std::string directory = (fs::temp_directory_path() / "mandate-world-XXXXXX").string();
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    RunWorld(world, {.reopen = true, .directory = directory});
    fs::remove_all(directory);
  }
}

TEST(Worlds, OfTheConformanceSuiteHold) {
  const auto worlds = WorldsIn(MANDATE_SOURCE_DIR "/../shared/conformance/validation");
  if (worlds.empty()) {
    std::cout << "NOT RUN: the conformance worlds are not beside this checkout\n";
    return;
  }
  EXPECT_GE(worlds.size(), 22u);
  for (const fs::path& world : worlds) RunWorld(world, {}, 0);
}

}  // namespace
}  // namespace mandate
