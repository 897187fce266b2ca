// contextual.h: relationships that a question brings along, which count for it alone, as if they were stored.
//
//   auto layered = WithContextual(plan, snapshot, question.contextual);
//
// They never speak of delegation: an agent that could bring its own edges would have authority of its own.
//
// Threads     Free function; safe anywhere.
// Errors      INVALID_ARGUMENT with the path `contextual[i]...`: what the schema does not allow to be stored (as
//             compiler.h lists), CONTEXTUAL_NOT_ALLOWED for a relation that delegation reserves and for agents, tasks
//             and sessions, DUPLICATE_CONTEXTUAL for one that is there twice, TOO_MANY.
#ifndef MANDATE_CHECK_CONTEXTUAL_H_
#define MANDATE_CHECK_CONTEXTUAL_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "check/plan.h"
#include "schema/relationship.h"
#include "storage/snapshot.h"

namespace mandate {

// Each costs a key on both indexes while the question lasts.
inline constexpr size_t kContextualMax = 1000;

// The snapshot with them on top; without any, the snapshot itself, which then must outlive the result.
absl::StatusOr<std::shared_ptr<const Snapshot>> WithContextual(const Plan& plan, const Snapshot& snapshot,
                                                               const std::vector<Relationship>& relationships);

}  // namespace mandate

#endif  // MANDATE_CHECK_CONTEXTUAL_H_
