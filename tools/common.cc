#include <fstream>
#include <iostream>
#include <iterator>

#include "schema/reason.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "tools/exit_code.h"

namespace mandate {

int Fail(const absl::Status& status) {
  std::cerr << "error: " << std::string(status.message());
  const std::string reason = ReasonOf(status);
  const std::string field = FieldOf(status);
  if (!reason.empty() || !field.empty()) {
    std::cerr << " [" << reason << (reason.empty() || field.empty() ? "" : ", ") << field << "]";
  }
  std::cerr << "\n";
  return kExitError;
}

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  if (file == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.good() && !stream.eof()) {
    return absl::NotFoundError(Cat("cannot read ", Quote(file), "; is the name right?"));
  }
  return text;
}

}  // namespace mandate
