// input.h: the text of a file, and errors about a piece of it.
//
// Threads     Free functions; safe anywhere.
// Errors      NOT_FOUND for what cannot be read, INVALID_ARGUMENT for a directory, each naming it.
#ifndef MANDATE_TOOLS_VALIDATION_INPUT_H_
#define MANDATE_TOOLS_VALIDATION_INPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mandate {

// The file's text, or standard input for `-`.
absl::StatusOr<std::string> ReadFile(const std::string& file);

// Without blanks at its ends.
std::string_view Strip(std::string_view text);

// The same error, naming the text that it is about, and with a hint where one helps.
absl::Status About(std::string_view text, const absl::Status& status, std::string_view hint = "");

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_INPUT_H_
