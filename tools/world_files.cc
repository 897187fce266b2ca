#include "tools/world_files.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "absl/container/flat_hash_set.h"
#include "schema/text.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string extension = at->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") files.push_back(at->path().string());
  }
  if (error) return absl::NotFoundError(Cat("cannot read ", Quote(folder), ": ", error.message()));
  if (files.empty()) {
    return absl::NotFoundError(Cat(Quote(folder), " holds no .yaml and no .yml file"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> Matches(const std::string& pattern) {
  std::vector<std::string> found;
  glob_t matched = {};
  if (glob(pattern.c_str(), 0, nullptr, &matched) == 0) {
    found.assign(matched.gl_pathv, matched.gl_pathv + matched.gl_pathc);
  }
  globfree(&matched);
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindWorldFiles(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  absl::flat_hash_set<std::string> seen;
  const auto add = [&](const std::string& file) {
    if (seen.insert(fs::path(file).lexically_normal().string()).second) files.push_back(file);
  };
  for (const std::string& argument : arguments) {
    std::error_code error;
    std::vector<std::string> meant = {argument};
    if (!fs::exists(argument, error)) meant = Matches(argument);
    if (meant.empty()) {
      return absl::NotFoundError(Cat(Quote(argument), " is no file, no folder and no pattern that matches one"));
    }
    for (const std::string& each : meant) {
      if (!fs::is_directory(each, error)) {
        add(each);
        continue;
      }
      auto below = FilesBelow(each);
      if (!below.ok()) return below.status();
      for (const std::string& file : *below) add(file);
    }
  }
  return files;
}

}  // namespace mandate
