// reference_ledger.h: what was done and approved, as plain lists; no counts, no index, nothing to be out of step.
//
//   ReferenceLedger ledger;
//   ledger.calls.push_back(*reference.Check(call).call);        // allowed, and done
//   ledger.Use(...);                                            // the approvals that it took
//
// Threads     Values.
#ifndef MANDATE_TOOLS_REFERENCE_REFERENCE_LEDGER_H_
#define MANDATE_TOOLS_REFERENCE_REFERENCE_LEDGER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "schema/relationship.h"

namespace mandate {

// An allowed call.
struct ReferenceCall {
  ObjectRef root;                // The root task,
  std::vector<ObjectRef> tasks;  // among all of its chain,
  std::optional<ObjectRef> session;
  ObjectRef resource;
  std::string permission;
  // What may have been so when it was done: `is document#view`, the permissions that it was one for, and
  // `document#secret`, what the principal held on the resource, as far as a rule of the schema asks.
  std::set<std::string> marks;
  std::vector<size_t> approvals;  // Those it used, by their places in the ledger.
};

struct ReferenceApproval {
  ObjectRef root;
  ObjectRef resource;
  std::string permission;
  std::string digest;
  SubjectRef approver;
  std::set<std::string> held;  // `mailbox#send`: what made the approver one.
  absl::Time expires_at = absl::InfiniteFuture();
  bool used = false;
};

struct ReferenceLedger {
  std::vector<ReferenceCall> calls;
  std::vector<ReferenceApproval> approvals;

  void Record(const ReferenceCall& call) {
    for (const size_t approval : call.approvals) approvals[approval].used = true;
    calls.push_back(call);
  }
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_REFERENCE_LEDGER_H_
