// expression_meaning.h: whether two expressions, of two schemas perhaps, mean the same.
//
//   Meanings meanings;
//   std::vector<MeaningId> of_before = meanings.Read(before), of_after = meanings.Read(after);
//   meanings.AreSame(of_before[...], of_after[...]);    // indexed by ExprId
//
// An expression is a boolean function of what it rests on: the relations and permissions it names,
// and its arrows. Order, parentheses, repetition, `nil`, `a.any(b)` for `a->b` make no difference,
// and as long as it rests on few things nor does any other way to write the function:
// `a - (b + c)`, `a - c - b` and `(a - b) & (a - c)` mean the same. The answer "different" may be
// wrong for expressions that rest on more; "same" never is.
//
// Threads     One thread at a time.
// Limits      kThingsMax things that two expressions rest on are tried in all combinations.
#ifndef MANDATE_SCHEMA_EXPRESSION_MEANING_H_
#define MANDATE_SCHEMA_EXPRESSION_MEANING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "schema/schema.h"

namespace mandate {

enum class MeaningId : uint32_t { kUnread = 0xFFFFFFFF };

class Meanings {
 public:
  // 4096 combinations, 64 words for each part of the expressions.
  static constexpr size_t kThingsMax = 12;
  static constexpr size_t kPartsMax = 20'000;

  // The meaning of every expression of the schema. A relation or permission is itself, by name.
  std::vector<MeaningId> Read(const Schema& schema);

  bool AreSame(MeaningId a, MeaningId b) const;

 private:
  enum class NodeKind : uint32_t { kNobody, kThing, kUnion, kIntersection, kExclusion };
  struct Node {
    NodeKind kind;
    std::vector<MeaningId> parts;
  };
  using Key = std::vector<uint32_t>;
  using Table = std::vector<uint64_t>;  // One bit for each combination.

  // A node once for each key, so that equal ones have equal ids. Parts have lower ids.
  MeaningId Intern(Key key, Node node);
  MeaningId Thing(std::string_view name, std::vector<MeaningId> of);
  MeaningId Combine(NodeKind kind, std::vector<MeaningId> parts);
  MeaningId Exclude(MeaningId from, std::vector<MeaningId> taken);

  MeaningId ReadOne(const Schema& schema, const Expression& e, const std::vector<MeaningId>& read);
  const Node& node(MeaningId id) const { return nodes_[static_cast<size_t>(id)]; }
  std::vector<MeaningId> PartsBelow(MeaningId a, MeaningId b) const;

  absl::flat_hash_map<std::string, uint32_t> names_;
  absl::flat_hash_map<Key, MeaningId> ids_;
  std::vector<Node> nodes_;
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_EXPRESSION_MEANING_H_
