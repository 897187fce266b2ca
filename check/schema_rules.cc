#include "check/schema_rules.h"

#include <algorithm>

#include "schema/text.h"
#include "absl/strings/str_join.h"
#include "schema/reason.h"

namespace mandate {
namespace {

// Enough to see what kind of relationships they are.
constexpr size_t kNamedMax = 10;

}  // namespace

absl::Status AdmitWidening(const SchemaChange& change, const std::vector<std::string>& drops) {
  std::vector<std::string> unnamed;
  for (const std::string& restriction : change.widened) {
    if (std::find(drops.begin(), drops.end(), restriction) == drops.end()) {
      unnamed.push_back(restriction);
    }
  }
  if (unnamed.empty()) return absl::OkStatus();
  return WithReason(
      absl::FailedPreconditionError(
          Cat("the new schema drops or weakens what holds agents back; keep it, or name in `drops` what you mean to "
              "drop (mandate schema write --drop '",
              unnamed.front(), "'):\n  ", absl::StrJoin(unnamed, "\n  "))),
      "WIDENS_AUTHORITY");
}

absl::Status AdmitSchema(const Schema& after, const SchemaChange& change, const Snapshot& stored) {
  std::vector<std::string> orphans;
  size_t count = 0;
  for (const SchemaChange::Narrowed& narrowed : change.narrowed) {
    TupleFilter filter{.resource_type = narrowed.type, .relation = narrowed.relation};
    auto cursor = stored.Read(filter, std::nullopt);
    for (; cursor->Valid(); cursor->Next()) {
      const Relationship relationship = ToRelationship(cursor->row(), stored.names());
      if (ValidateRelationship(after, relationship, Intent::kStore).ok()) continue;
      if (++count <= kNamedMax) orphans.push_back(ToText(relationship));
    }
    if (!cursor->status().ok()) return cursor->status();
  }
  if (count == 0) return absl::OkStatus();
  std::string text = absl::StrJoin(orphans, "\n  ");
  if (count > kNamedMax) text += Cat("\n  and ", count - kNamedMax, " more");
  return WithReason(
      absl::FailedPreconditionError(Cat(
          "the new schema does not allow ", count, count == 1 ? " relationship" : " relationships",
          " that ", count == 1 ? "is" : "are", " stored; delete ", count == 1 ? "it" : "them",
          " first, or keep what allows ", count == 1 ? "it" : "them", ":\n  ", text)),
      "ORPHANS_RELATIONSHIPS");
}

}  // namespace mandate
