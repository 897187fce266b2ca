#include "tools/reference/goal_graph.h"

#include <algorithm>

namespace mandate {
namespace {

Verdict Worst(const std::vector<Verdict>& verdicts, Truth decisive, Truth otherwise) {
  Verdict all{otherwise, {}, {}};
  for (const Verdict& each : verdicts) {
    if (each.truth == decisive) return {decisive, {}, {}};
    all.missing.insert(each.missing.begin(), each.missing.end());
    all.errors.insert(each.errors.begin(), each.errors.end());
    if (each.truth == Truth::kUnknown) all.truth = Truth::kUnknown;
    if (each.truth == Truth::kConditional && all.truth == otherwise) {
      all.truth = Truth::kConditional;
    }
  }
  if (all.truth == Truth::kUnknown) all.missing.clear();
  return all;
}

}  // namespace

Verdict AllOf(const std::vector<Verdict>& verdicts) { return Worst(verdicts, Truth::kNo, Truth::kYes); }

Verdict AnyOf(const std::vector<Verdict>& verdicts) { return Worst(verdicts, Truth::kYes, Truth::kNo); }

Verdict OpenCondition::AsVerdict() const {
  if (error.empty()) return {Truth::kConditional, missing, {}};
  return {Truth::kUnknown, {}, {error}};
}

GoalGraph::Id GoalGraph::Add(Rule rule) {
  goals_.push_back({rule, {}});
  return goals_.size() - 1;
}

void GoalGraph::AddStep(Id from, Id to, const OpenCondition* open) { goals_[from].steps.push_back({to, open}); }

void GoalGraph::Solve() {
  certain_.assign(goals_.size(), false);
  certain_[kAlways] = true;
  // What can at most hold: every difference gets its way. What must then at least hold: none does
  // that might not. Each narrows the other until neither moves.
  for (;;) {
    possible_ = LeastFixedPoint(true, certain_);
    Bits certain = LeastFixedPoint(false, possible_);
    if (certain == certain_) return;
    certain_ = std::move(certain);
  }
}

GoalGraph::Bits GoalGraph::LeastFixedPoint(bool open_counts, const Bits& assumed) const {
  Bits held(goals_.size(), false);
  held[kAlways] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (Id goal = 0; goal < goals_.size(); ++goal) {
      if (held[goal] || !Holds(goals_[goal], open_counts, held, assumed)) continue;
      held[goal] = changed = true;
    }
  }
  return held;
}

bool GoalGraph::Holds(const Goal& goal, bool open_counts, const Bits& held, const Bits& assumed) {
  switch (goal.rule) {
    case Rule::kAny:
      return std::any_of(goal.steps.begin(), goal.steps.end(),
                         [&](const Step& step) { return held[step.to] && (step.open == nullptr || open_counts); });
    case Rule::kAll: {
      // An open condition may take its step out, where that helps; it cannot be the one step that
      // there must be.
      bool one_counts = false;
      for (const Step& step : goal.steps) {
        if (held[step.to]) {
          one_counts |= step.open == nullptr || open_counts;
        } else if (step.open == nullptr || !open_counts) {
          return false;
        }
      }
      return one_counts;
    }
    case Rule::kWithout: return held[goal.steps[0].to] && !assumed[goal.steps[1].to];
  }
  return false;
}

std::vector<GoalGraph::Id> GoalGraph::UndecidedFrom(Id goal) const {
  std::vector<Id> found;
  Bits seen(goals_.size(), false);
  const auto visit = [&](Id each) {
    if (!IsUndecided(each) || seen[each]) return;
    seen[each] = true;
    found.push_back(each);
  };
  visit(goal);
  for (size_t i = 0; i < found.size(); ++i) {
    for (const Step& step : goals_[found[i]].steps) visit(step.to);
  }
  return found;
}

// Does it come back to itself through what it takes away?
bool GoalGraph::IsOnCircle(Id difference) const {
  const std::vector<Id> below = UndecidedFrom(goals_[difference].steps[1].to);
  return std::find(below.begin(), below.end(), difference) != below.end();
}

Verdict GoalGraph::Of(Id goal) const {
  if (certain_[goal]) return {Truth::kYes, {}, {}};
  if (!possible_[goal]) return {Truth::kNo, {}, {}};
  const std::vector<Id> undecided = UndecidedFrom(goal);
  for (Id each : undecided) {
    if (goals_[each].rule == Rule::kWithout && IsOnCircle(each)) {
      return {Truth::kUnknown, {}, {std::string(kCycleThroughExclusion)}};
    }
  }
  // Open are the conditions by which it may hold, and those that may take something out of what all
  // must have.
  std::vector<Verdict> open = {{Truth::kConditional, {}, {}}};
  for (Id each : undecided) {
    for (const Step& step : goals_[each].steps) {
      if (step.open == nullptr) continue;
      if (possible_[step.to] || goals_[each].rule == Rule::kAll) {
        open.push_back(step.open->AsVerdict());
      }
    }
  }
  return AllOf(open);
}

}  // namespace mandate
