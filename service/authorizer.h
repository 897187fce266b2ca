// authorizer.h: decisions that are recorded as they are made: Authorize and Approve (delegation.md, section 5), and
// what reads back what was recorded.
//
//   Authorizer authorizer(&database);
//   auto outcome = authorizer.Authorize({call}, database.options().check);
//   if (outcome.ok() && outcome->allowed()) Act();
//
// Threads     Safe to share.
// Ownership   The database outlives it.
// Errors      Those of authorize.h; INVALID_ARGUMENT (IDEMPOTENCY_KEY_REUSED); ABORTED (CONTENDED) when others wrote
//             meanwhile, again and again; those of the store. An error records nothing, or (of the disk) is not known
//             to have recorded anything: it allows nothing.
#ifndef MANDATE_SERVICE_AUTHORIZER_H_
#define MANDATE_SERVICE_AUTHORIZER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/authorize.h"
#include "service/database/database.h"
#include "service/delegation_calls.h"

namespace mandate {

class Authorizer {
 public:
  explicit Authorizer(Database* database) : database_(*database) {}

  struct Outcome {
    std::vector<Answer> answers;      // One a call, up to the first that is not allowed.
    std::vector<uint64_t> sequences;  // Of the entries: one a call if all are allowed, else that of the refusal.
    bool repeated = false;
    Revision revision;
    bool allowed() const { return answers.back().decision == Decision::kAllowed; }
  };
  // All calls are of one session, and carry one idempotency key or none: all are allowed and recorded, or none is.
  // REQUIRES: there is one.
  absl::StatusOr<Outcome> Authorize(const std::vector<AuthorizeCall>& calls, const CheckLimits& limits);

  struct Approved {
    uint64_t sequence = 0;
    ObjectRef root_task;
  };
  absl::StatusOr<Approved> Approve(const ApproveCall& call, const CheckLimits& limits);

  // A recorded call, decided again at its revision and moment, on the entries before it, and on the actions before it
  // if its plan was refused. Until when it holds is not compared: another proof of the same may last for another time.
  // FAILED_PRECONDITION (PLAN_NOT_RECORDED): it hangs on those actions, and an older server did not record them.
  struct Replayed {
    Answer recorded;
    Answer replayed;
    std::vector<std::string> differences;
  };
  absl::StatusOr<Replayed> Replay(uint64_t sequence, const CheckLimits& limits) const;

  // Takes the bodies of entries recorded before `before` of root tasks that are dead, and notes that it did. Bounded
  // work a call; returns how many entries went.
  absl::StatusOr<uint64_t> RetireBefore(absl::Time before);

 private:
  absl::StatusOr<Outcome> TryAuthorize(const std::vector<AuthorizeCall>& calls, const CheckLimits& limits);
  absl::StatusOr<Outcome> Repeat(const View& view, const std::vector<AuthorizeCall>& calls,
                                 const RememberedCall& remembered, const CheckLimits& limits);

  Database& database_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHORIZER_H_
