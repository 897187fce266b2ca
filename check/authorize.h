// authorize.h: what a session's call of Authorize is answered with, and the entry that records it.
//
//   LedgerSource source = StoredLedgers(snapshot);
//   absl::StatusOr<DecidedCall> decided = DecideCall(plan, snapshot, now, limits, call, source);
//   Record(decided->entry, write);                 // in the commit, if the snapshot is still the newest
//
// It decides and changes nothing; who calls it sees to it that what it decided on is still so when the entry is written
// (service/authorizer.h).
//
// Threads     Free functions; one call on one thread.
// Ownership   Plan, snapshot and source outlive the call.
// Errors      Those of checker.h; INVALID_ARGUMENT (NOT_A_SESSION); FAILED_PRECONDITION (LEDGER_RETIRED).
#ifndef MANDATE_CHECK_AUTHORIZE_H_
#define MANDATE_CHECK_AUTHORIZE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/checker.h"
#include "check/delegation.h"
#include "check/task_ledger.h"

namespace mandate {

// What was done under a root task (`errand:42`). The reference lives as long as the source.
using LedgerSource = DelegatedCheck::LedgerSource;

// One action of a session, as a question: `subject` is the session, `task` a claim.
struct AuthorizeCall {
  CheckQuestion question;
  std::string idempotency_key;
};

struct DecidedCall {
  Answer answer;
  LedgerEntry entry;  // All but the sequence.
};

absl::StatusOr<DecidedCall> DecideCall(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                       const CheckLimits& limits, const AuthorizeCall& call,
                                       const LedgerSource& source);

// Is the session's chain live, whatever it may do? The answer has no other reasons than those of the chain.
absl::StatusOr<Answer> DecideChain(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                   const CheckLimits& limits, const CheckQuestion& question);

// Several calls of one session, in order, each as if those before it were done. Ends behind the first that is not
// allowed, whose entry then holds those before it.
absl::StatusOr<std::vector<DecidedCall>> DecidePlan(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                                    const CheckLimits& limits, const std::vector<AuthorizeCall>& calls);

// The answer that an entry records.
Answer RecordedAnswer(const LedgerEntry& entry);

// The call that an entry records.
AuthorizeCall RecordedCall(const LedgerEntry& entry);

}  // namespace mandate

#endif  // MANDATE_CHECK_AUTHORIZE_H_
