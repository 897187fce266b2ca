// expanded_set.h: whom the tree of an Expand holds, by set algebra on the tree alone.
//
//   std::vector<ExpandNode> tree = ...;                         // with every subject set opened
//   ExpandedSet(tree).Holds({"user", "alice", ""}).truth
//
// It knows neither the schema nor what is stored. A node that is REPEATED stands for the first of
// its name.
//
// Threads     Belongs to one thread.
// Ownership   The tree outlives it.
#ifndef MANDATE_TOOLS_REFERENCE_EXPANDED_SET_H_
#define MANDATE_TOOLS_REFERENCE_EXPANDED_SET_H_

#include <deque>
#include <set>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "check/expand.h"
#include "tools/reference/goal_graph.h"

namespace mandate {

class ExpandedSet {
 public:
  // The error of a verdict that hinges on a caveat that cannot be evaluated: a tree does not say
  // which.
  static constexpr std::string_view kBrokenCaveat = "CAVEAT";

  explicit ExpandedSet(absl::Span<const ExpandNode> tree);

  // Of an object. A subject set or a wildcard is looked for as it is stored, with nothing behind
  // it.
  Verdict Holds(const SubjectRef& subject) const;

  // Everything that stands in it as a subject, on whatever side, in order.
  std::vector<SubjectRef> Named() const;

  // The relations (`object#relation`) in which `subject` itself stands, where that matters: not
  // those that are taken away, nor those of a branch that does not hold.
  std::set<SubjectRef> PlacesOf(const SubjectRef& subject) const;

 private:
  // The tree as goals, solved for one subject: one for each node, behind the two that every graph
  // has.
  struct Solution {
    std::deque<OpenCondition> conditions;
    GoalGraph graph;
    Verdict Of(size_t node) const { return graph.Of(node + GoalGraph::kNever + 1); }
  };
  void Solve(const SubjectRef& subject, Solution* solution) const;
  static OpenCondition ConditionOf(const ExpandedSubject& subject);

  absl::Span<const ExpandNode> tree_;
  std::vector<std::vector<size_t>> children_;
  std::vector<size_t> shown_;  // Of a REPEATED node, the one that it stands for.
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_EXPANDED_SET_H_
