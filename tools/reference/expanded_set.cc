#include "tools/reference/expanded_set.h"

#include <map>
#include <set>

namespace mandate {
namespace {

GoalGraph::Rule RuleOf(ExpandKind kind) {
  if (kind == ExpandKind::kIntersection) return GoalGraph::Rule::kAll;
  if (kind == ExpandKind::kExclusion) return GoalGraph::Rule::kWithout;
  return GoalGraph::Rule::kAny;
}

bool Covers(const SubjectRef& stored, const SubjectRef& asked) {
  return stored == asked || (stored.IsWildcard() && stored.type == asked.type && stored.relation.empty());
}

}  // namespace

ExpandedSet::ExpandedSet(absl::Span<const ExpandNode> tree) : tree_(tree), children_(tree.size()), shown_(tree.size()) {
  std::vector<size_t> path;
  std::map<std::pair<ObjectRef, std::string>, size_t> first;
  for (size_t i = 0; i < tree.size(); ++i) {
    path.resize(tree[i].depth);
    if (!path.empty()) children_[path.back()].push_back(i);
    path.push_back(i);
    shown_[i] = i;
    const std::pair<ObjectRef, std::string> name = {tree[i].object, tree[i].relation};
    if (tree[i].kind == ExpandKind::kRepeated) {
      shown_[i] = first.at(name);
    } else if (!tree[i].relation.empty()) {
      first.emplace(name, i);
    }
  }
}

OpenCondition ExpandedSet::ConditionOf(const ExpandedSubject& subject) {
  if (subject.missing.empty()) return {{}, std::string(kBrokenCaveat)};
  return {{subject.missing.begin(), subject.missing.end()}, ""};
}

Verdict ExpandedSet::Holds(const SubjectRef& subject) const {
  Solution solution;
  Solve(subject, &solution);
  return solution.Of(0);
}

std::vector<SubjectRef> ExpandedSet::Named() const {
  std::set<SubjectRef> named;
  for (const ExpandNode& node : tree_) {
    for (const ExpandedSubject& each : node.subjects) named.insert(each.subject);
  }
  return {named.begin(), named.end()};
}

std::set<SubjectRef> ExpandedSet::PlacesOf(const SubjectRef& subject) const {
  Solution solution;
  Solve(subject, &solution);
  std::set<SubjectRef> places;
  std::set<size_t> seen = {0};
  std::vector<size_t> work = {0};
  while (!work.empty()) {
    const size_t node = work.back();
    work.pop_back();
    if (solution.Of(node).truth == Truth::kNo) continue;
    for (const ExpandedSubject& each : tree_[node].subjects) {
      if (each.subject != subject) continue;
      places.insert({tree_[node].object.type, tree_[node].object.id, tree_[node].relation});
    }
    std::vector<size_t> below = children_[node];
    if (tree_[node].kind == ExpandKind::kExclusion) below.resize(1);
    if (shown_[node] != node) below.push_back(shown_[node]);
    for (size_t each : below) {
      if (seen.insert(each).second) work.push_back(each);
    }
  }
  return places;
}

void ExpandedSet::Solve(const SubjectRef& subject, Solution* solution) const {
  GoalGraph& graph = solution->graph;
  const auto open = [&](const ExpandedSubject& over) -> const OpenCondition* {
    if (over.decision == Decision::kAllowed) return nullptr;
    return &solution->conditions.emplace_back(ConditionOf(over));
  };
  std::vector<GoalGraph::Id> goals;
  for (const ExpandNode& node : tree_) goals.push_back(graph.Add(RuleOf(node.kind)));
  for (size_t i = 0; i < tree_.size(); ++i) {
    for (const ExpandedSubject& each : tree_[i].subjects) {
      if (Covers(each.subject, subject)) {
        graph.AddStep(goals[i], GoalGraph::kAlways, open(each));
      }
    }
    for (size_t child : children_[i]) {
      const std::optional<ExpandedSubject>& over = tree_[child].over;
      graph.AddStep(goals[i], goals[child], over ? open(*over) : nullptr);
    }
    if (shown_[i] != i) graph.AddStep(goals[i], goals[shown_[i]]);
  }
  graph.Solve();
}

}  // namespace mandate
