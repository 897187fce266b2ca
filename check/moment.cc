#include "check/moment.h"

namespace mandate {

absl::StatusOr<EdgeState> StateOf(const Edge& edge, const Moment& moment) {
  if (!edge.LiveAt(moment.now)) return EdgeState::kGone;
  if (edge.caveat != NameId::kNone) {
    return absl::FailedPreconditionError(
        "a stored relationship carries a caveat, and caveats are not yet supported");
  }
  return EdgeState::kLive;
}

}  // namespace mandate
