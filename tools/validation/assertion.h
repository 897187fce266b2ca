// assertion.h: what a world is expected to answer, one line each.
//
//   document:plan#view@user:alice with {"hour": 12}
//   document:plan#view@assistant:bot task errand:1 principal user:alice reason OUT_OF_SCOPE
//   [user:alice] is <document:plan#viewer>/<team:core#member>
//   [user:* - {user:eve, user:bob[...]}] is <document:plan#viewer>
//
// Behind a question may stand, in any order: `with {JSON}`, the values of caveats; `given
// RELATIONSHIP`, which counts as if it were stored, as often as wanted; `task T`, `principal P`,
// `agent A`, `chain A1, A2`, `audience S1, S2`, `digest D`, what a delegated question names; `needs N1, N2`, the
// context that a conditional answer must miss, no more and no less; `reason R` of a denial or an error.
//
// Of a call (validation_file.h) also `key K`, its idempotency key, and `repeated`: the answer is that of an earlier
// one. An approval is written as the question whether the approver may do what is approved: `mailbox:m#send@user:bob
// task errand:1 digest d1 for 2h`, with the root task or any below it.
//
// Threads     Values; safe anywhere.
// Errors      INVALID_ARGUMENT, naming the part and what is allowed.
#ifndef MANDATE_TOOLS_VALIDATION_ASSERTION_H_
#define MANDATE_TOOLS_VALIDATION_ASSERTION_H_

#include <string>
#include <string_view>
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
  std::vector<std::string> needs;         // Sorted. Empty: any.
  std::string reason;                     // Empty: any.
  std::string key;                        // Of a call.
  bool repeated = false;                  // Of a call.
  absl::Duration lasts = absl::Hours(1);  // Of an approval: how long it holds.
  std::string text;                       // As it was written.
  int line = 0;
};

absl::StatusOr<Assertion> ParseAssertion(Assertion::Expected expected, std::string_view text);

// One of those who have a permission, as other tools write them.
struct ExpectedSubject {
  // Somebody who is taken out of a wildcard, for good or on a condition.
  struct Excluded {
    std::string id;
    bool is_conditional = false;
  };
  SubjectRef subject;
  bool is_conditional = false;
  std::vector<Excluded> excluded;    // Of a wildcard.
  std::vector<SubjectRef> found_in;  // The relations that it stands in, `object#relation`. Empty: not said.
  std::string text;
  int line = 0;
};

absl::StatusOr<ExpectedSubject> ParseExpectedSubject(std::string_view text);

// All who have `permission` on `resource`, and nobody else.
struct ExpectedSet {
  ObjectRef resource;
  std::string permission;
  std::vector<ExpectedSubject> subjects;
  int line = 0;
};

// `document:plan#view`
absl::StatusOr<ExpectedSet> ParseExpectedSet(std::string_view text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_ASSERTION_H_
