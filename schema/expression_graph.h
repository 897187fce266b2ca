// expression_graph.h: which expressions of a schema rest on which, and where that goes in circles.
//
// Threads     Immutable; safe to share.
// Ownership   The schema outlives it.
// Units       Nodes are ExprIds as plain numbers.
#ifndef MANDATE_SCHEMA_EXPRESSION_GRAPH_H_
#define MANDATE_SCHEMA_EXPRESSION_GRAPH_H_

#include <cstdint>
#include <vector>

#include "schema/schema.h"

namespace mandate {

using Graph = std::vector<std::vector<uint32_t>>;

inline uint32_t Index(ExprId id) { return static_cast<uint32_t>(id); }

// For each node the number of its strongly connected part. What a part leads to has lower numbers.
std::vector<uint32_t> FindParts(const Graph& graph);

struct ExpressionGraph {
  explicit ExpressionGraph(const Schema& schema);

  Graph same_object;  // Operands.
  Graph everywhere;   // And through arrows and subject sets.
  std::vector<uint32_t> same_object_parts;
  std::vector<uint32_t> parts;  // Of `everywhere`.
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_EXPRESSION_GRAPH_H_
