// decision_tally.h: how many questions were answered, and how.
//
// Threads     Safe to share.
#ifndef MANDATE_CHECK_DECISION_TALLY_H_
#define MANDATE_CHECK_DECISION_TALLY_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "check/answer.h"

namespace mandate {

struct DecisionTally {
  std::atomic<uint64_t> allowed = 0;
  std::atomic<uint64_t> denied = 0;
  std::atomic<uint64_t> conditional = 0;
  std::atomic<uint64_t> failed = 0;    // No answer: an error.
  std::atomic<uint64_t> recalled = 0;  // Of them, those that were kept from before.

  void Note(const absl::StatusOr<Answer>& answer) {
    std::atomic<uint64_t>* count = &failed;
    if (answer.ok()) {
      count = answer->decision == Decision::kAllowed  ? &allowed
              : answer->decision == Decision::kDenied ? &denied
                                                      : &conditional;
    }
    count->fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace mandate

#endif  // MANDATE_CHECK_DECISION_TALLY_H_
