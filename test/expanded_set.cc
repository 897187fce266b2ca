#include "test/expanded_set.h"

#include <algorithm>
#include <map>

namespace mandate {

ExpandedSet::ExpandedSet(absl::Span<const ExpandNode> tree)
    : tree_(tree), children_(tree.size()), shown_(tree.size()) {
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

Truth ExpandedSet::Holds(const SubjectRef& subject) const {
  std::vector<bool> certain(tree_.size(), false);
  for (;;) {
    const std::vector<bool> possible = LeastFixedPoint(subject, certain);
    const std::vector<bool> more_certain = LeastFixedPoint(subject, possible);
    if (more_certain == certain) {
      return certain[0] ? Truth::kYes : possible[0] ? Truth::kUndefined : Truth::kNo;
    }
    certain = more_certain;
  }
}

std::vector<bool> ExpandedSet::LeastFixedPoint(const SubjectRef& subject,
                                               const std::vector<bool>& assumed) const {
  std::vector<bool> held(tree_.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t node = 0; node < tree_.size(); ++node) {
      if (held[node] || !HoldsAt(node, subject, held, assumed)) continue;
      held[node] = changed = true;
    }
  }
  return held;
}

bool ExpandedSet::HoldsAt(size_t node, const SubjectRef& subject, const std::vector<bool>& held,
                          const std::vector<bool>& assumed) const {
  const std::vector<size_t>& children = children_[node];
  const auto holds = [&](size_t child) { return held[child]; };
  switch (tree_[node].kind) {
    case ExpandKind::kSubjects:
    case ExpandKind::kSelf:
      for (const ExpandedSubject& each : tree_[node].subjects) {
        const SubjectRef& s = each.subject;
        if (s == subject || (s.IsWildcard() && s.type == subject.type && s.relation.empty()))
          return true;
      }
      return std::any_of(children.begin(), children.end(), holds);
    case ExpandKind::kUnion:
      return std::any_of(children.begin(), children.end(), holds);
    case ExpandKind::kIntersection:
      return !children.empty() && std::all_of(children.begin(), children.end(), holds);
    case ExpandKind::kExclusion:
      return held[children.at(0)] && !assumed[children.at(1)];
    case ExpandKind::kNil:
      return false;
    case ExpandKind::kRepeated:
      return held[shown_[node]];
  }
  return false;
}

}  // namespace mandate
