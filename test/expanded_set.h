// expanded_set.h: whom the tree of an Expand holds, by set algebra on the tree alone.
//
//   std::vector<ExpandNode> tree = ...;                         // with every subject set opened
//   ExpandedSet(tree).Holds({"user", "alice", ""});             // kNo, kUndefined or kYes
//
// It knows neither the schema nor what is stored. A node that is REPEATED stands for the first of its
// name.
//
// Threads     A test's own.
// Ownership   The tree outlives it.
#ifndef MANDATE_TEST_EXPANDED_SET_H_
#define MANDATE_TEST_EXPANDED_SET_H_

#include <vector>

#include "absl/types/span.h"
#include "check/expand.h"
#include "test/reference_evaluator.h"

namespace mandate {

class ExpandedSet {
 public:
  explicit ExpandedSet(absl::Span<const ExpandNode> tree);

  // REQUIRES: an object, no subject set.
  Truth Holds(const SubjectRef& subject) const;

 private:
  std::vector<bool> LeastFixedPoint(const SubjectRef& subject,
                                    const std::vector<bool>& assumed) const;
  bool HoldsAt(size_t node, const SubjectRef& subject, const std::vector<bool>& held,
               const std::vector<bool>& assumed) const;

  absl::Span<const ExpandNode> tree_;
  std::vector<std::vector<size_t>> children_;
  std::vector<size_t> shown_;  // Of a REPEATED node, the one that it stands for.
};

}  // namespace mandate

#endif  // MANDATE_TEST_EXPANDED_SET_H_
