// delegation_rules.h: what delegation refuses to have written (delegation.md, section 2).
//
// Judged inside the commit, on what would be stored after the write, expired or not:
//
//   INCOMPLETE              a task without its delegator (and parent), a session without its agent and task, in the
//                           first write that names it
//   IMMUTABLE               one of those relations written again, or an id of a task or session used twice
//   CYCLE                   acts_on_behalf_of or parent_task closing on itself
//   DELEGATOR_NOT_DELEGATE  a parent task that was not delegated to the task's delegator; a parent without an agent as
//                           delegator, or the other way round
//   SCOPE_SEALED            a scope item added or lengthened on a task that had a session or a child before
//
// Threads     Inside the commit, alone.
// Errors      FAILED_PRECONDITION with one of the reasons above; errors of storage.
#ifndef MANDATE_CHECK_DELEGATION_RULES_H_
#define MANDATE_CHECK_DELEGATION_RULES_H_

#include "absl/status/status.h"
#include "check/plan.h"
#include "storage/tuple_store.h"

namespace mandate {

// True for a relationship that the rules look at. The others may be written without AdmitDelegation seeing them.
bool ConcernsDelegation(const Schema& schema, const Relationship& relationship);

// Refuses the write, or admits it and notes births and seals among the database's facts.
absl::Status AdmitDelegation(const Plan& plan, PendingWrite& write);

}  // namespace mandate

#endif  // MANDATE_CHECK_DELEGATION_RULES_H_
