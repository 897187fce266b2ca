// step_tree.h: the flat steps of an explanation as the tree that their depths make.
//
// Threads     Values; safe anywhere.
#ifndef MANDATE_TOOLS_PROOF_STEP_TREE_H_
#define MANDATE_TOOLS_PROOF_STEP_TREE_H_

#include <string>
#include <string_view>
#include <vector>

#include "check/explanation.h"

namespace mandate {

class StepTree {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  // REQUIRES: the steps outlive the tree.
  explicit StepTree(const std::vector<ExplanationStep>& steps);

  // The first step that has no place in a tree, because it is more than one level below the one before; kNone: all fit.
  size_t misplaced() const { return misplaced_; }

  const ExplanationStep& operator[](size_t step) const { return steps_[step]; }
  size_t size() const { return steps_.size(); }
  const std::vector<size_t>& roots() const { return roots_; }
  const std::vector<size_t>& below(size_t step) const { return children_[step]; }
  size_t parent(size_t step) const { return parent_[step]; }
  size_t end(size_t step) const { return end_[step]; }  // Behind all that is below the step.

  // `step 5, `document:plan#view`: WHAT`
  std::string At(size_t step, std::string_view what) const;

 private:
  const std::vector<ExplanationStep>& steps_;
  size_t misplaced_ = kNone;
  std::vector<size_t> roots_;
  std::vector<std::vector<size_t>> children_;
  std::vector<size_t> parent_;
  std::vector<size_t> end_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_STEP_TREE_H_
