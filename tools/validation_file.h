// validation_file.h: a world in the YAML form that relationship-based systems share, with what ours adds.
//
//   schema: |                      or schemaFile: a path beside this file
//   relationships: |               one a line, // starts a comment
//   assertions:
//     assertTrue:                  - document:plan#view@user:alice
//     assertFalse:                 - document:plan#view@assistant:bot task errand:1 reason OUT_OF_SCOPE
//     assertCaveated:              - document:plan#view@user:bob
//     assertError:                 - document:plan#view@user:bob reason CYCLE_THROUGH_EXCLUSION      (ours)
//   validation:                    document#view: expected subjects, as other tools write them
//   steps:                         further writes, each with assertions of its own                    (ours)
//     - write: |                   relationships, touched
//       delete: |                  relationships
//       schema: |                  a new schema
//       drops: [assistant#boundary]
//       refused: CYCLE             the reason for which all of this step is refused
//       clock: 2h                  how much later than the step before
//       assertions: ...
//
// A question may end in `with {json}`, `task T`, `principal P`, `agent A`, and `reason R`, in this order.
//
// Threads     Values; safe anywhere.
// Errors      INVALID_ARGUMENT naming the file, the line and what is allowed.
#ifndef MANDATE_TOOLS_VALIDATION_FILE_H_
#define MANDATE_TOOLS_VALIDATION_FILE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "check/question.h"
#include "schema/relationship.h"

namespace mandate {

struct Assertion {
  enum class Expected : uint8_t { kTrue, kFalse, kCaveated, kError };
  Expected expected = Expected::kTrue;
  CheckQuestion question;
  std::string reason;   // Empty: any.
  std::string text;     // As it was written.
  int line = 0;
};

struct WorldStep {
  std::vector<Relationship> writes;
  std::vector<Relationship> deletes;
  std::optional<std::string> schema;
  std::vector<std::string> drops;
  std::string refused;
  absl::Duration clock;
  std::vector<Assertion> assertions;
  int line = 0;
};

struct ValidationFile {
  std::string path;
  std::vector<WorldStep> steps;  // The first holds `schema`, `relationships` and `assertions`.
};

absl::StatusOr<ValidationFile> LoadValidationFile(const std::string& path);

// `path` names the text in errors, and is where a schemaFile is looked for.
absl::StatusOr<ValidationFile> ParseValidationFile(const std::string& path, const std::string& text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_FILE_H_
