// lookup.h: a permission asked the other way round: on which objects does a subject have it, and who has it on an
// object.
//
//   absl::Status status = LookupResources(plan, snapshot, now, limits, question, [&](const Found& found) {
//     return Send(found);                       // false ends the lookup
//   });
//
// Exactly those are found on which Check says yes or conditional, each once, in the order of their ids, so that a
// lookup can go on behind any id. An id whose check has no answer (a circle through an exclusion, a caveat that cannot
// be evaluated) is found with that error: it is neither a yes nor silently left out.
//
// For an agent with its task, or a session, each candidate is decided as Check decides it, on a chain that is walked
// once. Agents and sessions are found through the scopes that cover the permission: whose task has no such item may do
// nothing.
//
// Threads     One lookup on one thread.
// Ownership   Plan and snapshot outlive the call.
// Errors      Those of checker.h for the names and the context, and of contextual.h; the budget's.
// Costs       What leads from the subject to the objects (its groups, their folders), or from the object to the
//             subjects, is kept in memory and charged to the budget; the answer is not, but for objects that lead to
//             others of their own type (folders in folders). Each result has the steps and the time of a whole
//             question.
#ifndef MANDATE_CHECK_LOOKUP_H_
#define MANDATE_CHECK_LOOKUP_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "check/checker.h"
#include "schema/text.h"

namespace mandate {

struct ResourcesQuestion {
  std::string resource_type;
  std::string permission;         // A permission or relation of the type, but no reserved one.
  SubjectRef subject;             // An object, a subject set, an agent or a session; never a wildcard.
  std::optional<ObjectRef> task;  // As in CheckQuestion, and so are these:
  Claims claims;
  std::vector<SubjectRef> audience;
  std::string parameter_digest;
  std::string context;                   // The values of caveats: a JSON object, or empty.
  std::vector<Relationship> contextual;  // Count for this question alone (contextual.h).
  std::string after;                     // Only what lies behind this position; empty: all.
};

struct SubjectsQuestion {
  ObjectRef resource;
  std::string permission;
  std::string subject_type;      // Of people, agents or sessions; never of tasks.
  std::string subject_relation;  // Empty: objects themselves; else subject sets of this relation.
  std::string context;
  std::vector<Relationship> contextual;
  std::vector<SubjectRef> audience;  // For agents and sessions: whom what they send will reach,
  std::string parameter_digest;      // and of what parameters (as in CheckQuestion).
  std::string after;
};

struct Found {
  std::string id;                            // `*`: everybody of the type who is not found by name.
  Decision decision = Decision::kAllowed;    // kDenied only behind a `*`: for this one it does not hold.
  std::vector<std::string> missing_context;  // kConditional: what would decide it, sorted.
  absl::Status error;                        // Not OK: there is no decision, for this reason.
  // Of an agent or a session that was found: for whom it acts, and on what task. An agent is found once for each task.
  std::optional<ObjectRef> principal;
  std::optional<ObjectRef> task;
  // What to go on behind: the id, and for an agent its task as well.
  std::string position() const { return task ? Cat(id, std::string_view("\0", 1), ToText(*task)) : id; }
};

// Returns whether to go on.
using FoundSink = std::function<bool(const Found&)>;

absl::Status LookupResources(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits,
                             const ResourcesQuestion& question, const FoundSink& sink);

// With a `*` among the subjects it is found first, and behind it everybody whom a relationship names that matters, each
// with a decision of its own.
absl::Status LookupSubjects(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits,
                            const SubjectsQuestion& question, const FoundSink& sink);

}  // namespace mandate

#endif  // MANDATE_CHECK_LOOKUP_H_
