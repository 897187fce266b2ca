#include "check/budget.h"

#include <algorithm>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kStepsBetweenLooks = 64;
// Past this a time limit means "none": adding it to the clock must not overflow.
constexpr absl::Duration kTimeMax = absl::Hours(24 * 365);

}  // namespace

Budget::Budget(const BudgetLimits& limits) : limits_(limits) { Renew(); }

void Budget::Renew() {
  deadline_ = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(limits_.time_max, kTimeMax));
  steps_ = 0;
  next_look_ = kStepsBetweenLooks;
}

absl::Status Budget::Look() {
  if (steps_ > limits_.steps_max) {
    return WithReason(
        absl::ResourceExhaustedError(Cat("the question took more than its ", limits_.steps_max,
                                         " steps, so its answer is not known; raise the server's limit or ask "
                                         "something narrower")),
        "STEPS_EXHAUSTED");
  }
  if (bytes_ > limits_.memory_bytes_max) {
    return WithReason(
        absl::ResourceExhaustedError(Cat("the question took more than its ", limits_.memory_bytes_max,
                                         " bytes of memory, so its answer is not known; raise the server's limit "
                                         "or ask something narrower")),
        "MEMORY_EXHAUSTED");
  }
  next_look_ = steps_ + kStepsBetweenLooks;
  if (limits_.is_cancelled && limits_.is_cancelled()) {
    return CallerGone();
  }
  if (std::chrono::steady_clock::now() >= deadline_) {
    return absl::DeadlineExceededError(Cat("the question took longer than its ", absl::FormatDuration(limits_.time_max),
                                           ", so its answer is not known"));
  }
  return absl::OkStatus();
}

absl::Status CallerGone() { return absl::CancelledError("the caller went away"); }

}  // namespace mandate
