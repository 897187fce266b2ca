// authorizer_shared.h: what the parts of the Authorizer share.
#ifndef MANDATE_SERVICE_AUTHORIZER_SHARED_H_
#define MANDATE_SERVICE_AUTHORIZER_SHARED_H_

#include "absl/status/statusor.h"
#include "check/ledger_entry.h"
#include "schema/reason.h"
#include "storage/snapshot.h"

namespace mandate {

// How often something is decided anew because others wrote meanwhile.
inline constexpr int kAttemptsMax = 8;

// From a guard: nothing is in the way that another attempt would not mend.
inline absl::Status Retry(std::string_view why) { return WithReason(absl::AbortedError(std::string(why)), "RETRY"); }

// To the caller, after the last attempt.
inline absl::Status Contended() {
  return WithReason(absl::AbortedError("others wrote while this was decided, again and again; send it again"),
                    "CONTENDED");
}

// NOT_FOUND (ENTRY_NOT_FOUND), FAILED_PRECONDITION (LEDGER_RETIRED), DATA_LOSS.
absl::StatusOr<LedgerEntry> LoadEntry(const Snapshot& snapshot, uint64_t sequence);

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHORIZER_SHARED_H_
