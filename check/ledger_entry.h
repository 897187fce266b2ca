// ledger_entry.h: what one record of the ledger says, as JSON, so that it can be read, and its hash be reckoned, with
// anything that knows JSON and SHA-256.
//
//   LedgerEntry entry = ...;
//   write.AppendToLedger({ToJson(entry), TermsOf(entry)});
//   absl::StatusOr<LedgerEntry> again = EntryFromJson(record.body);
//
// Form        One line, keys sorted, absent values left out. Objects and relationships are in their text form
//             (schema/relationship.h), times in RFC 3339, permissions as `type#permission`. Of a plan that was refused
//             the one entry, that of the refusal, says in `before` what stood in front of it: an array of objects with
//             `resource`, `permission`, and where there are any `parameter_digest`, `context`, `audience`,
//             `valid_until`, `marks`, `approvals`, and `chain`, `principal`, `edges` where they are not the entry's
//             own. An older server's entry has neither `before` nor `valid_until`.
// Threads     Values; safe anywhere.
// Errors      EntryFromJson: DATA_LOSS, naming the key at fault.
#ifndef MANDATE_CHECK_LEDGER_ENTRY_H_
#define MANDATE_CHECK_LEDGER_ENTRY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "check/answer.h"
#include "check/question.h"
#include "storage/revision.h"

namespace mandate {

enum class EntryKind : uint8_t {
  kAuthorize,  // A call of Authorize and what was decided.
  kApprove,    // An approval that a person gave.
  kRetire,     // Entries of a root task that is dead went, by retention.
};
std::string_view EntryKindName(EntryKind kind);  // `authorize`

// Whether a permission was held when something was recorded.
enum class Mark : uint8_t { kNo, kOpen, kYes };  // kOpen: it hung on context that was not there; counts as yes.

struct LedgerEntry {
  uint64_t sequence = 0;
  EntryKind kind = EntryKind::kAuthorize;
  absl::Time at;
  Revision revision;  // At which it was decided.
  std::string root;   // The root task; of a refused call that has none, the session.

  // kAuthorize and kApprove: what it is about.
  ObjectRef resource;
  std::string permission;
  std::string parameter_digest;

  // kAuthorize: the call.
  std::optional<ObjectRef> session;
  std::optional<ObjectRef> task_claim;
  Claims claims;
  std::string context;
  std::vector<SubjectRef> audience;
  std::string idempotency_key;
  uint32_t batch_index = 0;  // Of a plan of several actions: which of them,
  uint32_t batch_size = 1;   // of how many.

  // kAuthorize: what was decided.
  Decision decision = Decision::kDenied;
  DenialReason reason = DenialReason::kNone;
  std::string reason_at;
  std::vector<std::string> missing_context;
  std::optional<Lineage> lineage;                   // As far as the chain went.
  absl::Time valid_until = absl::InfiniteFuture();  // Allowed: as it was answered.
  std::map<std::string, Mark> marks;  // Permissions of the root principal on the resource, `document#confidential`.
  std::vector<uint64_t> approvals;    // The entries of the approvals that it used.
  // Not allowed: the actions before it in its plan, as many as batch_index says (a plan has at most 100). Each is what
  // its entry would be had the whole plan been allowed, sequence and root apart. They were not done and count for
  // nothing.
  std::vector<LedgerEntry> before;

  // kApprove
  std::optional<SubjectRef> approver;
  std::vector<std::string> held;  // What made it one that may approve, as `mailbox#send`.
  absl::Time expires_at = absl::InfiniteFuture();

  // kRetire: the numbers of the entries.
  std::vector<uint64_t> retired;
};

std::string ToJson(const LedgerEntry& entry);
absl::StatusOr<LedgerEntry> EntryFromJson(std::string_view json);

// What the entry can be found by: `root errand:42`, `session run:1`, `task errand:42`, `agent assistant:bot` (each of
// the chain), `principal user:alice`, `resource mailbox:m`, `decision ALLOWED`, `kind authorize`.
std::vector<std::string> TermsOf(const LedgerEntry& entry);

}  // namespace mandate

#endif  // MANDATE_CHECK_LEDGER_ENTRY_H_
