// answer.h: what a question is answered with.
#ifndef MANDATE_CHECK_ANSWER_H_
#define MANDATE_CHECK_ANSWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "check/explanation.h"

namespace mandate {

// Why a delegated question was denied: the first condition that failed, in this order (delegation.md, section 4).
enum class DenialReason : uint8_t {
  kNone,  // allowed, conditional, or not a delegated question
  kNoTask,
  kSessionNotLive,
  kClaimMismatch,
  kNotDelegated,
  kNotActingFor,
  kStaleDelegation,
  kChainBroken,
  kChainTooDeep,
  kOutOfScope,
  kOutsideBoundary,
  kPrincipalLacksPermission,
  kForbiddenAfter,
  kNotContained,
  kApprovalRequired,
  kLimitReached,
};
inline constexpr DenialReason kLastReason = DenialReason::kLimitReached;

// `OUT_OF_SCOPE`; empty for kNone.
std::string_view ReasonName(DenialReason reason);

// Through whom a delegated answer was derived: the chain, as far as it went.
struct Lineage {
  struct Hop {
    ObjectRef agent;
    ObjectRef task;
    std::optional<ObjectRef> delegator;
    friend bool operator==(const Hop&, const Hop&) = default;
  };
  struct StoredEdge {
    Relationship relationship;
    Revision written;
    Revision born;  // Its age (storage/snapshot.h).
    friend bool operator==(const StoredEdge&, const StoredEdge&) = default;
  };
  std::vector<Hop> hops;               // From the acting agent upward.
  std::optional<ObjectRef> principal;  // Where it ends; absent where it breaks off.
  std::vector<StoredEdge> edges;       // Of the session and of the chain, those that are stored.

  // The task at the top, under which order and counts are kept. Absent where the chain breaks off.
  std::optional<ObjectRef> root_task() const { return principal ? std::optional(hops.back().task) : std::nullopt; }
  friend bool operator==(const Lineage&, const Lineage&) = default;
};

struct Answer {
  Decision decision = Decision::kDenied;
  std::vector<std::string> missing_context;         // Conditional: the names that would decide it, sorted.
  absl::Time valid_until = absl::InfiniteFuture();  // Allowed: the earliest expiry that the proof rests on.
  DenialReason reason = DenialReason::kNone;
  std::string reason_at;            // The edge, task or agent that `reason` failed at.
  Explanation explanation;          // Empty unless asked for.
  std::optional<Lineage> lineage;   // Of a delegated question that asks for it or for an explanation.
  std::vector<uint64_t> approvals;  // Allowed: the ledger entries of the approvals that it would use.
  uint64_t steps = 0;               // Rows read and goals visited.
  absl::Duration duration;          // What it took.
};

}  // namespace mandate

#endif  // MANDATE_CHECK_ANSWER_H_
