// subject_sets.h: the groups that a subject stands in, found from its own end.
//
//   absl::StatusOr<SubjectSets> sets = FindSubjectSets(plan, snapshot, now, {user, "alice"}, budget, 256);
//   if (sets->complete) sets->Find(member, "core");       // is alice in team:core#member?
//
// Group after group downward from a folder is a search among everybody's groups; upward from a person there are few.
// Only sets that are made of relations alone are found (SetPlan): where a permission decides who belongs, nothing is
// said.
//
// Threads     One question on one thread; a SetPlan is immutable.
// Ownership   Values.
// Errors      The budget's; those of storage.
// Costs       One short scan of the reverse index for each set and each relation that could hold it.
#ifndef MANDATE_CHECK_SUBJECT_SETS_H_
#define MANDATE_CHECK_SUBJECT_SETS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "check/budget.h"
#include "schema/schema.h"
#include "storage/snapshot.h"

namespace mandate {

class Plan;
struct SubjectTerm;

// Which relations are plain, that is, hold objects, wildcards and sets that are plain themselves; and which of those
// that are used as subject sets can hold what.
class SetPlan {
 public:
  explicit SetPlan(const Schema& schema);

  // A relation that is used as a subject set and is plain.
  bool IsPlainSet(MemberId relation) const { return plain_sets_[static_cast<size_t>(relation)]; }

  // The plain sets that can hold an object of the type, everybody of it, or the set.
  const std::vector<MemberId>& Holding(TypeId type) const { return of_object_[static_cast<size_t>(type)]; }
  const std::vector<MemberId>& HoldingEverybody(TypeId type) const { return of_everybody_[static_cast<size_t>(type)]; }
  const std::vector<MemberId>& Holding(MemberId set) const { return of_set_[static_cast<size_t>(set)]; }

 private:
  std::vector<bool> plain_sets_;                     // by MemberId
  std::vector<std::vector<MemberId>> of_object_;     // by TypeId
  std::vector<std::vector<MemberId>> of_everybody_;  // by TypeId
  std::vector<std::vector<MemberId>> of_set_;        // by MemberId
};

class SubjectSets {
 public:
  struct Membership {
    bool certain = false;                       // Else by way of a caveat: it may be.
    absl::Time until = absl::InfiniteFuture();  // Of a certain one: the earliest expiry on the way.
  };

  // Null: the subject is not in `type:id#set`, if `complete`. REQUIRES: the plan says that `set` is plain.
  const Membership* Find(MemberId set, std::string_view id) const;
  // The ids of all objects whose `set` holds the subject, or may.
  const std::vector<std::string>& Of(MemberId set) const;

  // False: there are too many; nothing is said of what was not found.
  bool complete = false;

 private:
  friend class SubjectSetsFinder;
  struct Sets {
    std::vector<std::string> ids;
    absl::flat_hash_map<std::string, Membership> memberships;
  };
  absl::flat_hash_map<MemberId, Sets> sets_;
};

// REQUIRES: the subject is no item on every object of a type. `rows_max`: how many rows to read before giving up.
absl::StatusOr<SubjectSets> FindSubjectSets(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                            const SubjectTerm& subject, Budget* budget, size_t rows_max);

}  // namespace mandate

#endif  // MANDATE_CHECK_SUBJECT_SETS_H_
