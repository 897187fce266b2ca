// validation_file.h: a world in the YAML form that relationship-based systems share, with what ours adds.
//
//   schema: |                      or schemaFile: a path beside this file
//   relationships: |               one a line, // starts a comment
//   assertions:
//     assertTrue:                  - document:plan#view@user:alice with {"hour": 12}
//     assertFalse:                 - document:plan#view@assistant:bot task errand:1 reason OUT_OF_SCOPE    (ours)
//     assertCaveated:              - document:plan#view@user:bob needs hour                                (ours)
//     assertError:                 - document:plan#view@user:bob reason CYCLE_THROUGH_EXCLUSION            (ours)
//   validation:
//     document:plan#view:          - "[user:alice] is <document:plan#viewer>"
//   steps:                         further writes, each with expectations of its own                      (ours)
//     - write: |                   relationships, touched
//       delete: |                  relationships
//       schema: |                  a new schema
//       drops: [assistant#boundary]
//       refused: CYCLE             the reason for which all of this step is refused
//       says: a circle             a part of that error
//       clock: 2h                  how much later than the step before
//       calls:                     what sessions do then, in order, decided and recorded in the ledger
//         - allowed: document:plan#view@run:1
//         - denied: mailbox:m#send@run:1 audience user:eve reason NOT_CONTAINED
//         - conditional: mailbox:m#send@run:1 needs hour
//         - approved: mailbox:m#send@user:bob task errand:1 digest d1
//         - refused: mailbox:m#send@user:eve task errand:1 digest d1 reason APPROVER_LACKS_PERMISSION
//       assertions: ...
//       validation: ...
//
// assertion.h says what may stand in an assertion and in an expected subject.
//
// Threads     Values; safe anywhere.
// Errors      INVALID_ARGUMENT naming the file, the line and what is allowed: for everything that is not of this form.
#ifndef MANDATE_TOOLS_VALIDATION_VALIDATION_FILE_H_
#define MANDATE_TOOLS_VALIDATION_VALIDATION_FILE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/validation/assertion.h"

namespace mandate {

// A relationship and where it stands.
struct WrittenRelationship {
  Relationship relationship;
  int line = 0;
};

// A call of Authorize, or of Approve.
struct RecordedStep {
  bool is_approval = false;
  Assertion call;  // `kError` of an approval that is refused, and of a call that is no question.
};

struct WorldStep {
  std::vector<WrittenRelationship> writes;
  std::vector<WrittenRelationship> deletes;
  std::optional<std::string> schema;
  std::string schema_file;  // Where the schema was read from; empty: it stands in the world itself.
  std::vector<std::string> drops;
  std::optional<std::string> refused;
  std::optional<std::string> says;
  absl::Duration clock;
  std::vector<RecordedStep> calls;
  std::vector<Assertion> assertions;
  std::vector<ExpectedSet> validation;
  int line = 0;
};

struct ValidationFile {
  std::string path;
  std::vector<WorldStep> steps;  // The first holds what stands at the top of the file.
};

absl::StatusOr<ValidationFile> LoadValidationFile(const std::string& path);

// `path` names the text in errors, and is where a schemaFile is looked for.
absl::StatusOr<ValidationFile> ParseValidationFile(const std::string& path, const std::string& text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_VALIDATION_FILE_H_
