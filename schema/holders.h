// holders.h: which kinds of subject an expression can hold, as far as types tell: `viewer & bot`
// holds nobody if viewers are people and bots are bots.
//
// Threads     Immutable; safe to share.
// Ownership   Schema and graph outlive it.
// Limits      kPairsMax kinds in all expressions together. Past it nothing is known.
#ifndef MANDATE_SCHEMA_HOLDERS_H_
#define MANDATE_SCHEMA_HOLDERS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/expression_graph.h"
#include "schema/schema.h"

namespace mandate {

// A second of work, and a hundred times what any schema of today needs.
inline constexpr size_t kPairsMax = 5'000'000;

class Holders {
 public:
  // Works out those of `roots` and of all that these rest on.
  Holders(const Schema& schema, const ExpressionGraph& graph, const std::vector<uint32_t>& roots);

  bool complete() const { return pairs_left_ > 0; }

  // REQUIRES: complete(), and `node` is one of the roots or below.
  bool HoldsNobody(uint32_t node) const { return kinds_[node].empty(); }
  std::vector<TypeId> TypesOf(uint32_t node) const;

 private:
  // A type, a subject set (kSetBit and its member), or kByIntent: `nil` is nobody on purpose, and
  // whatever rests on it is as well.
  using SubjectKind = uint32_t;
  static constexpr SubjectKind kSetBit = 1u << 31;
  static constexpr SubjectKind kByIntent = kSetBit - 1;

  void Add(uint32_t node, SubjectKind kind);
  void AddWhatItHoldsItself(uint32_t node);
  void Pass(uint32_t node, SubjectKind kind);

  const Schema& schema_;
  Graph users_;
  std::vector<absl::flat_hash_set<SubjectKind>> kinds_;
  absl::flat_hash_map<uint64_t, uint32_t> counts_;  // Operands, by intersection and kind.
  std::vector<std::pair<uint32_t, SubjectKind>> work_;
  size_t pairs_left_ = kPairsMax;
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_HOLDERS_H_
