#include "tools/proof/step_tree.h"

#include "schema/text.h"

namespace mandate {

StepTree::StepTree(const std::vector<ExplanationStep>& steps)
    : steps_(steps), children_(steps.size()), parent_(steps.size(), kNone), end_(steps.size(), steps.size()) {
  std::vector<size_t> path;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].depth > path.size()) {
      misplaced_ = i;
      return;
    }
    for (; path.size() > steps[i].depth; path.pop_back()) end_[path.back()] = i;
    (path.empty() ? roots_ : children_[path.back()]).push_back(i);
    if (!path.empty()) parent_[i] = path.back();
    path.push_back(i);
  }
}

std::string StepTree::At(size_t step, std::string_view what) const {
  return Cat("step ", step + 1, ", ", Quote(steps_[step].text), ": ", what);
}

}  // namespace mandate
