// reach.h: which expressions can hold for some subject of one kind at all, whatever is stored.
//
//   Reachability reachability(schema);
//   Reach reach = reachability.Of(user, MemberId::kNone);
//   if (!reach.Contains(schema.member(view).root)) ...          // no user can ever have `view`
//
// Threads     Immutable once made; safe to share.
// Ownership   The Schema outlives the Reachability; a Reach stands alone.
// Costs       Making it walks the schema once; a Reach costs what it contains, and a bit for each
//             expression.
#ifndef MANDATE_SCHEMA_REACH_H_
#define MANDATE_SCHEMA_REACH_H_

#include <vector>

#include "absl/types/span.h"
#include "schema/schema.h"

namespace mandate {

// A set of expressions: one bit for each ExprId.
class Reach {
 public:
  explicit Reach(size_t expressions) : bits_(expressions, false) {}
  bool Contains(ExprId id) const { return bits_[static_cast<size_t>(id)]; }
  void Add(ExprId id) {
    if (!Contains(id)) ++size_;
    bits_[static_cast<size_t>(id)] = true;
  }
  size_t size() const { return size_; }

 private:
  std::vector<bool> bits_;
  size_t size_ = 0;
};

class Reachability {
 public:
  explicit Reachability(const Schema& schema);

  // For an object of `type`, or with `relation`, for a subject set `type#relation`. What `also`
  // names counts as reached from the start.
  Reach Of(TypeId type, MemberId relation, absl::Span<const ExprId> also = {}) const;

 private:
  const Schema* schema_;
  std::vector<std::vector<ExprId>> users_;   // by ExprId: the expressions that it makes hold
  std::vector<std::vector<ExprId>> leaves_;  // by TypeId: those that name objects of the type
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_REACH_H_
