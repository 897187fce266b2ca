// question.h: what may be asked, as values in the words of the schema.
#ifndef MANDATE_CHECK_QUESTION_H_
#define MANDATE_CHECK_QUESTION_H_

#include <optional>
#include <string>
#include <vector>

#include "schema/relationship.h"

namespace mandate {

// What the caller of a delegated question believes. Each that is set must be so, or the answer is a no
// (CLAIM_MISMATCH).
struct Claims {
  std::optional<ObjectRef> principal;
  std::optional<ObjectRef> agent;
  std::vector<ObjectRef> chain;  // The agents, from the acting one upward. Empty: not stated.
  bool empty() const { return !principal && !agent && chain.empty(); }
};

// May `subject` do `permission` to `resource`?
struct CheckQuestion {
  ObjectRef resource;
  std::string permission;         // A permission or a relation, but no reserved one.
  SubjectRef subject;             // An object, a subject set, an agent or a session; never a wildcard.
  std::optional<ObjectRef> task;  // For an agent: the task it asks for. For a session: a claim.
  Claims claims;
  std::string context;  // The values of caveats: a JSON object, or empty.
  std::vector<Relationship>
      contextual;                    // Count for this question alone (contextual.h); none for an agent or a session.
  std::vector<SubjectRef> audience;  // For an agent or a session: whom what is sent will reach; objects, no sets.
  std::string parameter_digest;      // For an agent or a session: of the action's parameters, as approvals name it.
  bool explain = false;
  bool lineage = false;  // Of a delegated question: say through whom.
};

}  // namespace mandate

#endif  // MANDATE_CHECK_QUESTION_H_
