// Kinds go up from the relations that name them, with a work list, each once to each expression.
#include "schema/holders.h"

namespace mandate {

Holders::Holders(const Schema& schema, const ExpressionGraph& graph, const std::vector<uint32_t>& roots)
    : schema_(schema), users_(graph.everywhere.size()), kinds_(graph.everywhere.size()) {
  std::vector<bool> needed(graph.everywhere.size(), false);
  std::vector<uint32_t> open = roots;
  std::vector<uint32_t> nodes;
  while (!open.empty()) {
    const uint32_t node = open.back();
    open.pop_back();
    if (needed[node]) continue;
    needed[node] = true;
    nodes.push_back(node);
    for (uint32_t below : graph.everywhere[node]) users_[below].push_back(node);
    open.insert(open.end(), graph.everywhere[node].begin(), graph.everywhere[node].end());
  }
  for (uint32_t node : nodes) AddWhatItHoldsItself(node);
  while (!work_.empty() && complete()) {
    const auto [node, kind] = work_.back();
    work_.pop_back();
    for (uint32_t user : users_[node]) {
      // The right side of an exclusion takes away, and adds nobody.
      const Expression& expression = schema_.expressions()[user];
      if (expression.op == Op::kExclusion && Index(expression.children[0]) != node) continue;
      Pass(user, kind);
    }
  }
}

void Holders::Add(uint32_t node, SubjectKind kind) {
  if (!complete() || !kinds_[node].insert(kind).second) return;
  --pairs_left_;
  work_.emplace_back(node, kind);
}

void Holders::AddWhatItHoldsItself(uint32_t node) {
  const Expression& expression = schema_.expressions()[node];
  if (expression.op == Op::kSelf) Add(node, static_cast<SubjectKind>(expression.type));
  if (expression.op == Op::kNil) Add(node, kByIntent);
  const bool is_arrow = expression.op == Op::kArrowAny || expression.op == Op::kArrowAll;
  if (is_arrow && expression.targets.empty()) Add(node, kByIntent);  // It has a warning of its own.
  if (expression.op != Op::kRelation) return;
  for (const SubjectType& subject : schema_.member(expression.member).subject_types) {
    const bool is_set = subject.relation != MemberId::kNone;
    Add(node, is_set ? kSetBit | static_cast<SubjectKind>(subject.relation) : static_cast<SubjectKind>(subject.type));
  }
}

// An operand that stands twice is listed twice among its users, so it is counted twice.
void Holders::Pass(uint32_t node, SubjectKind kind) {
  const Expression& expression = schema_.expressions()[node];
  if (expression.op == Op::kIntersection && kind != kByIntent) {
    if (pairs_left_ > 0) --pairs_left_;
    const uint64_t key = uint64_t{node} << 32 | kind;
    if (++counts_[key] < expression.children.size()) return;
  }
  Add(node, kind);
}

std::vector<TypeId> Holders::TypesOf(uint32_t node) const {
  std::vector<TypeId> types;
  for (SubjectKind kind : kinds_[node]) {
    if (kind < kByIntent) types.push_back(static_cast<TypeId>(kind));
  }
  return types;
}

}  // namespace mandate
