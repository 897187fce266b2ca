#include "tools/validation/input.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "absl/strings/ascii.h"
#include "schema/text.h"

namespace mandate {

std::string_view Strip(std::string_view text) { return StdView(absl::StripAsciiWhitespace(AbslView(text))); }

absl::Status About(std::string_view text, const absl::Status& status, std::string_view hint) {
  const std::string quoted = Quote(text);
  const std::string_view message = StdView(status.message());
  return absl::Status(status.code(), AbslView(Cat(message.starts_with(quoted) ? "" : Cat(quoted, ": "), message,
                                                  hint.empty() ? "" : "; ", hint)));
}

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  if (file == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return absl::InvalidArgumentError(Cat(Quote(file), " is a directory; name a file"));
  }
  // Through the stream, which turns what fails into a state; its buffer alone would throw.
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream.is_open() && stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  if (!stream.is_open() || stream.bad()) {
    return absl::NotFoundError(Cat("cannot read ", Quote(file), "; is the name right?"));
  }
  return std::move(text).str();
}

}  // namespace mandate
