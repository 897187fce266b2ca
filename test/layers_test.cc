// The rules of the tree, read from the source: rooms include only downward, and proto/ is seen by service/, client/ and
// bench/ alone.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "gtest/gtest.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

// What a room may include besides itself. bench/ measures the wire, so it sees it.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"schema", {}},
    {"storage", {"schema"}},
    {"check", {"schema", "storage"}},
    {"service", {"schema", "storage", "check", "mandate", "authzed", "google"}},
    {"client", {"mandate"}},
    {"tools", {"schema", "storage", "check", "service"}},
    {"bench", {"schema", "storage", "check", "service", "mandate", "authzed"}},
    {"test", {"schema", "storage", "check", "service", "tools", "bench"}},
};

const std::set<std::string> kOurs = {"schema", "storage", "check",   "service", "tools", "client",
                                     "bench",  "test",    "mandate", "authzed", "google"};

std::vector<fs::path> SourcesOf(const std::string& room) {
  std::vector<fs::path> sources;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MANDATE_SOURCE_DIR) / room)) {
    const auto extension = entry.path().extension();
    if (extension == ".h" || extension == ".cc") sources.push_back(entry.path());
  }
  return sources;
}

TEST(Layers, RoomsIncludeOnlyDownward) {
  const std::regex include("^#include \"([a-z0-9_]+)/[^\"]*\"");
  for (const auto& [room, allowed] : kMayInclude) {
    size_t files = 0;
    for (const fs::path& path : SourcesOf(room)) {
      ++files;
      std::ifstream file(path);
      int number = 0;
      for (std::string line; std::getline(file, line);) {
        ++number;
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        const std::string included = match[1];
        if (included == room || !kOurs.contains(included)) continue;
        // Libraries' own headers may begin with these words too.
        if (included == "google" && line.find("google/rpc/") == std::string::npos) continue;
        EXPECT_TRUE(allowed.contains(included))
            << path.string() << ":" << number << ": `" << room << "` may not include `" << included << "`: " << line;
      }
    }
    EXPECT_GT(files, 0u) << room;
  }
}

// Storage and service once both had a `View`; the linker would have kept one destructor for both.
TEST(Layers, NoTwoHeadersDefineATypeOfOneName) {
  const std::regex definition("^(?:class|struct|enum class) ([A-Z][A-Za-z0-9]*)[^;]*\\{");
  std::map<std::string, std::string> defined;
  for (const auto& [room, allowed] : kMayInclude) {
    if (room == "test" || room == "bench") continue;
    for (const fs::path& path : SourcesOf(room)) {
      if (path.extension() != ".h" || path.filename().string().starts_with("test_")) continue;
      std::ifstream file(path);
      std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      // A namespace of its own, as `mandate::syntax`, keeps names apart.
      if (text.find("\nnamespace mandate {\n") == std::string::npos) continue;
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, definition)) continue;
        const auto [it, is_new] = defined.emplace(match[1], path.string());
        EXPECT_TRUE(is_new) << "`" << match[1] << "` in " << path << " and in " << it->second;
      }
    }
  }
  EXPECT_GT(defined.size(), 50u);
}

TEST(Layers, EveryRoomHasAReadmeOfOneScreen) {
  for (const auto& [room, allowed] : kMayInclude) {
    std::ifstream file(fs::path(MANDATE_SOURCE_DIR) / room / "README.md");
    ASSERT_TRUE(file.good()) << room;
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 25) << room;
    for (const char* heading : {"Holds:", "Promises:", "Knows not:", "Start at:"}) {
      EXPECT_NE(text.find(heading), std::string::npos) << room << " lacks " << heading;
    }
  }
}

}  // namespace
}  // namespace mandate
