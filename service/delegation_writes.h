// delegation_writes.h: the writes that make and unmake authority, out of what a caller means by them. They are ordinary
// relationships with the right preconditions: whoever writes the same by hand gets the same result.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT for kinds that the schema does not have or that do not fit (WRONG_KIND), with the field's
//             path; FAILED_PRECONDITION (NO_DELEGATION) for a schema without delegation.
#ifndef MANDATE_SERVICE_DELEGATION_WRITES_H_
#define MANDATE_SERVICE_DELEGATION_WRITES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "check/plan.h"
#include "service/database.h"
#include "storage/tuple_store.h"

namespace mandate {

struct DelegateCall {
  std::string task_type;
  std::string task_id;  // Empty: one is made.
  ObjectRef delegator;
  ObjectRef delegate;
  std::vector<SubjectRef> scope;
  absl::Time expires_at;
  std::optional<ObjectRef> parent_task;
  std::string caveat;
  std::string caveat_context;
};

struct OpenSessionCall {
  std::string session_type;
  std::string session_id;  // Empty: one is made.
  ObjectRef agent;
  ObjectRef task;
  absl::Time expires_at;
  std::string caveat;
  std::string caveat_context;
};

struct RevokeCall {
  enum class What { kAgent, kTask, kSession, kLender };
  What what = What::kAgent;
  ObjectRef object;
};

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
