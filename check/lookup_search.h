// lookup_search.h: what both directions of a lookup share.
//
// Threads     One lookup on one thread.
// Errors      As lookup.h.
#ifndef MANDATE_CHECK_LOOKUP_SEARCH_H_
#define MANDATE_CHECK_LOOKUP_SEARCH_H_

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

// The type of a subject that a lookup may be about.
absl::StatusOr<TypeId> ResolveLookupSubject(const Schema& schema, std::string_view type,
                                            std::string_view field);

// What was found out about `id`. The status is that of a question that could not be asked to the end.
absl::StatusOr<Found> ToFound(std::string id, const absl::StatusOr<Evaluator::Verdict>& verdict);

}  // namespace mandate

#endif  // MANDATE_CHECK_LOOKUP_SEARCH_H_
