#include "check/contextual.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

absl::Status Refused(const std::string& message, std::string_view reason, const std::string& field) {
  return WithField(WithReason(InvalidArgument(message), reason), field);
}

// REQUIRES: the schema allows it to be stored.
bool SpeaksOfDelegation(const Schema& schema, const Relationship& relationship) {
  const TypeId type = *schema.FindType(relationship.resource.type);
  const TypeId subject = *schema.FindType(relationship.subject.type);
  const MemberId relation = *schema.FindMember(type, relationship.relation);
  return schema.definition(type).kind != Kind::kDefinition || schema.definition(subject).kind != Kind::kDefinition ||
         schema.member(relation).reserved != Reserved::kNone;
}

absl::Status Admit(const Plan& plan, const std::vector<Relationship>& relationships) {
  if (relationships.size() > kContextualMax) {
    return Refused(Cat("a question brings at most ", kContextualMax, " relationships, this one ", relationships.size(),
                       "; store them instead"),
                   "TOO_MANY", "contextual");
  }
  absl::flat_hash_set<std::string> seen;
  for (size_t i = 0; i < relationships.size(); ++i) {
    const Relationship& relationship = relationships[i];
    const std::string path = Cat("contextual[", i, "]");
    absl::Status status = ValidateRelationship(plan.schema(), relationship, Intent::kStore);
    if (!status.ok()) return WithField(status, Cat(path, ".", FieldOf(status)));
    const Relationship identity{relationship.resource, relationship.relation, relationship.subject};
    if (SpeaksOfDelegation(plan.schema(), relationship)) {
      return Refused(
          Cat("`", ToText(identity), "` speaks of delegation, which a question cannot bring along; write it"),
          "CONTEXTUAL_NOT_ALLOWED", path);
    }
    if (!seen.insert(ToText(identity)).second) {
      return Refused(Cat("`", ToText(identity), "` is there twice"), "DUPLICATE_CONTEXTUAL", path);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Snapshot>> WithContextual(const Plan& plan, const Snapshot& snapshot,
                                                               const std::vector<Relationship>& relationships) {
  if (relationships.empty()) {
    return std::shared_ptr<const Snapshot>(std::shared_ptr<const Snapshot>(), &snapshot);
  }
  if (absl::Status status = Admit(plan, relationships); !status.ok()) return status;
  return snapshot.With(relationships);
}

}  // namespace mandate
