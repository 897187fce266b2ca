// lookup_search.h: what both directions of a lookup share.
//
// Threads     One lookup on one thread.
// Errors      As lookup.h.
#ifndef MANDATE_CHECK_LOOKUP_SEARCH_H_
#define MANDATE_CHECK_LOOKUP_SEARCH_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check/evaluator.h"
#include "check/lookup.h"

namespace mandate {

// Things to visit: those that are sure first, so that nothing visited as doubtful turns out sure later.
template <typename Item>
class SureFirst {
 public:
  void Push(Item item, bool sure) { (sure ? sure_ : doubtful_).push_back(std::move(item)); }
  // False at the end.
  bool Pop(Item* item, bool* sure) {
    std::vector<Item>& from = sure_.empty() ? doubtful_ : sure_;
    if (from.empty()) return false;
    *sure = &from == &sure_;
    *item = std::move(from.back());
    from.pop_back();
    return true;
  }

 private:
  std::vector<Item> sure_;
  std::vector<Item> doubtful_;
};

// Every object of the permission's type on which one of `subjects` may have it, by id, behind `after`; and some on
// which none has, unless they are sure. `visit` returns whether to go on. REQUIRES: no subject is an item on every
// object.
using CandidateVisitor = std::function<absl::StatusOr<bool>(const std::string& id, bool sure)>;
absl::Status VisitCandidates(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
                             MemberId permission, std::vector<SubjectTerm> subjects, const std::string& after,
                             const CandidateVisitor& visit);

// The lookups of delegation (lookup_delegated_*.cc). REQUIRES: the subject, or the subject type, is one of its kinds.
absl::Status LookupResourcesDelegated(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                      const CheckLimits& limits, MemberId permission, const ResourcesQuestion& question,
                                      const FoundSink& sink);
absl::Status LookupSubjectsDelegated(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                     const CheckLimits& limits, MemberId permission, TypeId subject_type,
                                     const SubjectsQuestion& question, const FoundSink& sink);

// What was found out about `id`. The status is that of a question that could not be asked to the end.
absl::StatusOr<Found> ToFound(std::string id, const absl::StatusOr<Evaluator::Verdict>& verdict);

}  // namespace mandate

#endif  // MANDATE_CHECK_LOOKUP_SEARCH_H_
