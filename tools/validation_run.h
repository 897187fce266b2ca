// validation_run.h: a validation file, run in process on a temporary store.
//
// Each assertion is asked in several ways that must agree: alone, explained, and together with all
// others of its step. Behind every step, whatever the world gives rise to is asked in every way
// there is, and must be answered as the reference evaluator does (reference/world_agreement.h).
//
// Threads     Each run has a database of its own; runs may go on at the same time.
// Errors      A world that cannot be set up is a failure like an assertion that does not hold.
#ifndef MANDATE_TOOLS_VALIDATION_RUN_H_
#define MANDATE_TOOLS_VALIDATION_RUN_H_

#include <string>
#include <vector>

#include "tools/reference/world_agreement.h"
#include "tools/validation/validation_file.h"

namespace mandate {

struct ValidationOptions {
  // Close the database and open it again before each step's questions. Needs a directory.
  bool reopen = false;
  std::string directory;  // Empty: in memory.
  bool agreement = true;
  SetSearch set_search = SetSearch::kCheaper;
  bool caches = true;  // Keep lists and answers in memory, as a server does.
  AgreementBounds bounds;
  // Of a world with more, agreement is not asked for: reading them all takes too long.
  size_t agreement_relationships_max = 20'000;
};

struct Failure {
  int line = 0;
  std::string asked;  // The assertion, or what was to happen.
  std::string expected;
  std::string got;
  std::string because;  // The engine's explanation, or empty. May have several lines.
};

// One thing that was expected: an assertion, an expected set, a write that is accepted or refused,
// agreement.
struct ValidationCase {
  int line = 0;
  std::string name;
  std::vector<Failure> failures;
};

struct ValidationReport {
  std::string path;
  std::vector<ValidationCase> cases;
  size_t assertions = 0;  // Of which there are assertions, expected subjects and refusals.
  uint64_t pairs = 0;     // Over all steps, as in WorldAgreement.
  uint64_t pairs_of_world = 0;
  std::vector<std::string> notes;  // What was left out, and why.
  std::vector<Failure> Failures() const;
};

ValidationReport RunValidation(const ValidationFile& file, const ValidationOptions& options);

// `FILE:LINE: ASKED`, and below it what was expected, what came, and why.
std::string ToText(const std::string& path, const Failure& failure);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_RUN_H_
