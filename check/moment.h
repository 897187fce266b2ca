// moment.h: when, and knowing what, a question is asked: what decides whether a stored edge counts.
#ifndef MANDATE_CHECK_MOMENT_H_
#define MANDATE_CHECK_MOMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/snapshot.h"

namespace mandate {

struct Moment {
  absl::Time now;  // The server's clock: an edge is gone from its expiry on.
};

enum class EdgeState : uint8_t { kGone, kConditional, kLive };

// Does `edge` count at `moment`? FAILED_PRECONDITION for an edge whose condition cannot be evaluated: not known.
absl::StatusOr<EdgeState> StateOf(const Edge& edge, const Moment& moment);

}  // namespace mandate

#endif  // MANDATE_CHECK_MOMENT_H_
