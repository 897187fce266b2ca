// delegation_writes.h: the writes that make and unmake authority, out of what a caller means by them. They are ordinary
// relationships with the right preconditions: whoever writes the same by hand gets the same result.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT for kinds that the schema does not have or that do not fit (WRONG_KIND), with the
//             field's path; FAILED_PRECONDITION (NO_DELEGATION) for a schema without delegation.
#ifndef MANDATE_SERVICE_DELEGATION_WRITES_H_
#define MANDATE_SERVICE_DELEGATION_WRITES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "check/plan.h"
#include "service/database/database.h"
#include "service/delegation_calls.h"
#include "storage/tuple_store.h"

namespace mandate {

// The changes and preconditions, and the object that is made.
struct DelegationWrite {
  ObjectRef made;
  std::vector<TupleChange> changes;
  std::vector<Precondition> preconditions;
};

absl::StatusOr<DelegationWrite> ToWrite(const Plan& plan, const DelegateCall& call);
absl::StatusOr<DelegationWrite> ToWrite(const Plan& plan, const OpenSessionCall& call);

// Of an agent as delegator: the items that its own chain, on the parent task, does not cover, and why.
std::vector<std::pair<SubjectRef, std::string>> UncoveredItems(const Database& database, const DelegateCall& call,
                                                               const CheckLimits& limits);

// What is to be deleted.
absl::StatusOr<std::vector<TupleFilter>> ToFilters(const Plan& plan, const RevokeCall& call);

// 22 characters that nobody can guess (128 random bits, base64url), for a task or session.
std::string MakeId();

}  // namespace mandate

#endif  // MANDATE_SERVICE_DELEGATION_WRITES_H_
