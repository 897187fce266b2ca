// junit.h: the outcome of validation files as JUnit XML, which CI systems read.
//
// One testsuite for each file, one testcase for each thing that was expected. A file that is not of
// the form is an error, an expectation that does not hold a failure.
//
// Threads     Free function; safe anywhere.
#ifndef MANDATE_TOOLS_JUNIT_H_
#define MANDATE_TOOLS_JUNIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/validation_run.h"

namespace mandate {

// A validation file and what came of it.
struct TestedWorld {
  std::string path;
  absl::Status loaded;  // Not OK: it is not of the form, and was not run.
  ValidationReport report;
  absl::Duration took;
};

std::string ToJUnit(const std::vector<TestedWorld>& worlds);

}  // namespace mandate

#endif  // MANDATE_TOOLS_JUNIT_H_
