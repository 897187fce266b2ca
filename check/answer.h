// answer.h: what a question is answered with.
#ifndef MANDATE_CHECK_ANSWER_H_
#define MANDATE_CHECK_ANSWER_H_

#include <cstdint>
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
};

// `OUT_OF_SCOPE`; empty for kNone.
std::string_view ReasonName(DenialReason reason);

struct Answer {
  Decision decision = Decision::kDenied;
  std::vector<std::string> missing_context;         // Conditional: the names that would decide it, sorted.
  absl::Time valid_until = absl::InfiniteFuture();  // Allowed: the earliest expiry that the proof rests on.
  DenialReason reason = DenialReason::kNone;
  std::string reason_at;                            // The edge, task or agent that `reason` failed at.
  Explanation explanation;                          // Empty unless asked for.
  uint64_t steps = 0;                               // Rows read and goals visited.
  absl::Duration duration;                          // What it took.
};

}  // namespace mandate

#endif  // MANDATE_CHECK_ANSWER_H_
