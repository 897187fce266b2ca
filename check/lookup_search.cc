#include "check/lookup_search.h"

namespace mandate {

absl::StatusOr<Found> ToFound(std::string id, const absl::StatusOr<Evaluator::Verdict>& verdict) {
  Found found{.id = std::move(id)};
  if (verdict.ok()) {
    found.decision = verdict->decision;
    found.missing_context = verdict->missing;
    return found;
  }
  if (!HasNoAnswer(verdict.status())) return verdict.status();
  found.error = verdict.status();
  return found;
}

}  // namespace mandate
