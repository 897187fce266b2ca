// world_files.h: the validation files that a command line means.
//
//   absl::StatusOr<std::vector<std::string>> files = FindWorldFiles({"worlds", "more/*.yaml",
//   "one.yaml"});
//
// A file is itself; a folder is every .yaml and .yml in and below it, in the order of their names;
// a pattern (`*`, `?`,
// `[...]`) is what it matches, for shells that did not expand it. Each file comes once.
//
// Threads     Free function; safe anywhere.
// Errors      NOT_FOUND for an argument that means no file at all.
#ifndef MANDATE_TOOLS_WORLD_FILES_H_
#define MANDATE_TOOLS_WORLD_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mandate {

absl::StatusOr<std::vector<std::string>> FindWorldFiles(const std::vector<std::string>& arguments);

}  // namespace mandate

#endif  // MANDATE_TOOLS_WORLD_FILES_H_
