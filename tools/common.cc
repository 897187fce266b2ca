#include <iostream>

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

std::string FileName(const std::string& file) { return file == "-" ? "standard input" : file; }

}  // namespace mandate
