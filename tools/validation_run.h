// validation_run.h: a validation file, run in process on a temporary store.
//
// Each assertion is asked in several ways that must agree: alone, explained, and together with all others of its step.
//
// Threads     Each run has a database of its own.
// Errors      A world that cannot be set up is a failure like an assertion that does not hold.
#ifndef MANDATE_TOOLS_VALIDATION_RUN_H_
#define MANDATE_TOOLS_VALIDATION_RUN_H_

#include <string>
#include <vector>

#include "tools/validation_file.h"

namespace mandate {

struct ValidationOptions {
  // Close the database and open it again before each step's questions. Needs a directory.
  bool reopen = false;
  std::string directory;  // Empty: in memory.
};

struct ValidationReport {
  size_t assertions = 0;
  std::vector<std::string> failures;  // `FILE:LINE: what was expected and what was found`, with the explanation.
};

ValidationReport RunValidation(const ValidationFile& file, const ValidationOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_RUN_H_
