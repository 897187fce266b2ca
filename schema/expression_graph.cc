#include "schema/expression_graph.h"

#include <algorithm>
#include <limits>

namespace mandate {

// Tarjan, with a work list in place of recursion.
std::vector<uint32_t> FindParts(const Graph& graph) {
  constexpr uint32_t kUnseen = std::numeric_limits<uint32_t>::max();
  const size_t count = graph.size();
  std::vector<uint32_t> order(count, kUnseen), low(count, 0), part(count, kUnseen);
  std::vector<uint32_t> open;
  std::vector<std::pair<uint32_t, size_t>> work;  // A node, and the next of its edges.
  uint32_t next_order = 0, next_part = 0;
  for (uint32_t root = 0; root < count; ++root) {
    if (order[root] != kUnseen) continue;
    work.emplace_back(root, 0);
    while (!work.empty()) {
      auto& [node, edge] = work.back();
      if (edge == 0 && order[node] == kUnseen) {
        order[node] = low[node] = next_order++;
        open.push_back(node);
      }
      if (edge < graph[node].size()) {
        const uint32_t to = graph[node][edge++];
        if (order[to] == kUnseen) {
          work.emplace_back(to, 0);
        } else if (part[to] == kUnseen) {
          low[node] = std::min(low[node], order[to]);
        }
        continue;
      }
      const uint32_t done = node;
      work.pop_back();
      if (!work.empty()) low[work.back().first] = std::min(low[work.back().first], low[done]);
      if (low[done] != order[done]) continue;
      uint32_t member;
      do {
        member = open.back();
        open.pop_back();
        part[member] = next_part;
      } while (member != done);
      ++next_part;
    }
  }
  return part;
}

ExpressionGraph::ExpressionGraph(const Schema& schema)
    : same_object(schema.expressions().size()), everywhere(schema.expressions().size()) {
  for (size_t i = 0; i < same_object.size(); ++i) {
    const Expression& expression = schema.expressions()[i];
    for (ExprId child : expression.children) same_object[i].push_back(Index(child));
    everywhere[i] = same_object[i];
    for (const ArrowTarget& target : expression.targets) everywhere[i].push_back(Index(target.expr));
    if (expression.op != Op::kRelation) continue;
    for (const SubjectType& subject : schema.member(expression.member).subject_types) {
      if (subject.relation != MemberId::kNone) everywhere[i].push_back(Index(schema.member(subject.relation).root));
    }
  }
  same_object_parts = FindParts(same_object);
  parts = FindParts(everywhere);
}

}  // namespace mandate
