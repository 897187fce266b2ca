// budget.h: how much work one question may cost.
//
// Threads     A Budget belongs to one question on one thread.
// Errors      RESOURCE_EXHAUSTED (STEPS_EXHAUSTED, MEMORY_EXHAUSTED) and DEADLINE_EXCEEDED: the answer is then not
//             known, which is never a "no". CANCELLED.
#ifndef MANDATE_CHECK_BUDGET_H_
#define MANDATE_CHECK_BUDGET_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace mandate {

// How subject sets are searched: from the object down, from the subject up, or as it seems cheaper. The answers are the
// same (subject_sets.h).
enum class SetSearch : uint8_t { kCheaper, kDown, kUp };

struct BudgetLimits {
  // A step is a row read or a goal visited: about 5 us from disk, under 1 us from memory.
  uint64_t steps_max = 5'000'000;
  absl::Duration time_max = absl::Seconds(10);
  uint64_t memory_bytes_max = 1ull << 30;
  SetSearch set_search = SetSearch::kCheaper;
  std::function<bool()> is_cancelled;  // Nobody waits any more. Empty: never.
};

class Budget {
 public:
  explicit Budget(const BudgetLimits& limits);

  // Charges `steps` and `bytes`; fails once anything is used up. The clock is read every 64 steps, and whether the
  // caller has gone is asked.
  absl::Status Charge(uint64_t steps, uint64_t bytes) {
    steps_ += steps;
    bytes_ += bytes;
    if (steps_ > limits_.steps_max || bytes_ > limits_.memory_bytes_max || steps_ >= next_look_) {
      return Look();
    }
    return absl::OkStatus();
  }
  // For a stream: each result has the steps and the time of a whole question. Memory is not given back by it.
  void Renew();
  // Memory that was charged since it stood at `bytes` is free again.
  void ReleaseTo(uint64_t bytes) { bytes_ = bytes; }

  SetSearch set_search() const { return limits_.set_search; }
  uint64_t steps() const { return steps_; }
  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status Look();

  BudgetLimits limits_;
  std::chrono::steady_clock::time_point deadline_;
  uint64_t steps_ = 0;
  uint64_t bytes_ = 0;
  uint64_t next_look_ = 64;
};

// The error of work whose caller no longer waits.
absl::Status CallerGone();

}  // namespace mandate

#endif  // MANDATE_CHECK_BUDGET_H_
