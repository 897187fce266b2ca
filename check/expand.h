// expand.h: who has a permission, as the expression of the schema filled with what is stored.
//
// Unions, intersections, exclusions, computed permissions and arrows are followed; a subject set that is a direct
// subject is opened only to the depth asked for. A goal that was shown before is shown once and then referred to, so
// cyclic data ends.
//
// Threads     Free function; safe anywhere.
// Errors      Those of checker.h for the names, of contextual.h, and of the budget.
#ifndef MANDATE_CHECK_EXPAND_H_
#define MANDATE_CHECK_EXPAND_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/budget.h"
#include "check/conditions.h"
#include "check/explanation.h"
#include "check/plan.h"
#include "schema/relationship.h"
#include "storage/snapshot.h"

namespace mandate {

struct ExpandQuestion {
  ObjectRef resource;
  std::string permission;
  uint32_t subject_set_depth = 0;        // How many levels of subject sets to open.
  std::string context;                   // The values of caveats: a JSON object, or empty.
  std::vector<Relationship> contextual;  // Count for this question alone (contextual.h).
};

enum class ExpandKind : uint8_t {
  kSubjects,      // the stored subjects of `object#relation`
  kUnion,         // any of the next level
  kIntersection,  // all of the next level
  kExclusion,     // the first of the next level without the second
  kSelf,          // the object itself
  kNil,           // nobody
  kRepeated,      // shown before
};
std::string_view ExpandKindName(ExpandKind kind);  // `UNION`

// A stored relationship that counts, or counts if its caveat holds: those whose caveat does not are left out.
struct ExpandedSubject {
  SubjectRef subject;
  absl::Time expires_at = absl::InfiniteFuture();
  Revision written;
  std::string caveat;          // Empty: none.
  std::string caveat_context;  // As stored: a JSON object, or empty.
  // Whether the caveat holds. kConditional: `missing` would decide it; without `missing` it cannot be evaluated.
  Decision decision = Decision::kAllowed;
  std::vector<std::string> missing;
};

// In reading order, each with its depth: the tree may be as deep as the data.
struct ExpandNode {
  uint32_t depth = 0;
  ExpandKind kind = ExpandKind::kSubjects;
  ObjectRef object;
  // The relation or permission; for an operator inside a permission, that permission; empty for the further steps of
  // an arrow of several.
  std::string relation;
  std::vector<ExpandedSubject> subjects;  // kSubjects and kSelf: direct subjects first, then subject sets.
  // Below an arrow or a subject set: the relationship that leads here.
  std::optional<ExpandedSubject> over;
};

absl::StatusOr<std::vector<ExpandNode>> Expand(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                               Budget* budget, const ExpandQuestion& question);

}  // namespace mandate

#endif  // MANDATE_CHECK_EXPAND_H_
