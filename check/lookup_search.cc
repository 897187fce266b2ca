#include "check/lookup_search.h"

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

absl::StatusOr<TypeId> ResolveLookupSubject(const Schema& schema, std::string_view type,
                                            std::string_view field) {
  auto found = ResolveType(schema, type, field);
  if (!found.ok()) return found.status();
  if (schema.definition(*found).kind == Kind::kDefinition) return *found;
  return WithField(WithReason(absl::UnimplementedError(
                                  Cat("lookups for agents, tasks and sessions, and `", type,
                                      "` is one of them, are not built yet; ask by check")),
                              "NOT_BUILT_YET"),
                   field);
}

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
