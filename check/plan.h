// plan.h: a Schema made ready for questions on one database.
//
// It joins the Schema's ids to the database's NameIds, and knows for each kind of subject which expressions can reach
// it at all, so that a branch that cannot is never walked.
//
// Threads     Safe to share. Reach is computed at the first question for a kind of subject, then read without a lock.
// Ownership   shared_ptr<const Plan>; it keeps its Schema.
#ifndef MANDATE_CHECK_PLAN_H_
#define MANDATE_CHECK_PLAN_H_

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "check/subject_sets.h"
#include "schema/reach.h"
#include "schema/schema.h"
#include "storage/names.h"
#include "storage/revision.h"

namespace mandate {

class Plan {
 public:
  // REQUIRES: `names` holds every name of `schema` (the write that stored the schema saw to it).
  Plan(std::shared_ptr<const Schema> schema, const NameTable& names, Revision schema_revision);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const Schema& schema() const { return *schema_; }
  Revision schema_revision() const { return schema_revision_; }

  NameId name(TypeId type) const { return type_names_[static_cast<size_t>(type)]; }
  NameId name(MemberId member) const {
    return member == MemberId::kNone ? NameId::kNone : member_names_[static_cast<size_t>(member)];
  }
  // kNone for a name that is no type of this schema.
  TypeId TypeOf(NameId name) const {
    const auto index = static_cast<size_t>(name);
    return index < types_.size() ? types_[index] : TypeId::kNone;
  }
  MemberId MemberOf(TypeId type, NameId name) const;
  // Null for a name that is no caveat of this schema.
  const Caveat* FindCaveat(NameId name) const;

  const SetPlan& sets() const { return sets_; }

  // The expressions that can reach an object of `type` (relation kNone), or a subject set `type#relation`.
  const Reach& ReachOf(TypeId type, MemberId relation) const;

 private:
  std::shared_ptr<const Schema> schema_;
  Revision schema_revision_;
  std::vector<NameId> type_names_;
  std::vector<NameId> member_names_;
  std::vector<TypeId> types_;  // by NameId
  absl::flat_hash_map<uint64_t, MemberId> members_;
  absl::flat_hash_map<NameId, CaveatId> caveats_;
  Reachability reachability_;
  SetPlan sets_;
  // By TypeId, then behind those by MemberId.
  mutable std::vector<std::atomic<const Reach*>> reach_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_PLAN_H_
