// revert.h: what is stored, made what it was at an older revision, as further writes: for `mandate restore --at`.
//
//   absl::StatusOr<Reverted> reverted = RevertTo(store.get(), Revision(41), /*drops=*/{});
//
// The past is not rewritten: revisions go on, and the changelog tells it. What delegates is not brought back: a session
// that was closed, an agent that was let go of since, stay gone (check/delegation_rules.h says which relationships
// these are), because nobody may be given by a restore what was taken from them for cause. The ledger and facts stay.
//
// Threads     One thread; nobody else writes meanwhile.
// Errors      OUT_OF_RANGE for a revision that cannot be asked; those of Write. FAILED_PRECONDITION where the schema of then
//             drops what holds agents back and `drops` does not name it (WIDENS_AUTHORITY), or does not allow what stays
//             stored (ORPHANS_RELATIONSHIPS, CHANGES_KIND), as when a schema is written.
#ifndef MANDATE_TOOLS_REVERT_H_
#define MANDATE_TOOLS_REVERT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/tuple_store.h"

namespace mandate {

struct Reverted {
  Revision revision;  // The newest one afterwards.
  uint64_t written = 0;
  uint64_t deleted = 0;
  uint64_t not_revived = 0;  // Relationships of delegation that were there and stay gone.
  bool schema = false;       // The schema was set back, too.
};

absl::StatusOr<Reverted> RevertTo(TupleStore* store, Revision revision, const std::vector<std::string>& drops);

}  // namespace mandate

#endif  // MANDATE_TOOLS_REVERT_H_
