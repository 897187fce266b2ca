// unify.h: what the type variables of one compilation stand for.
//
//   Unifier unifier(budget);
//   Type element = unifier.Fresh();                     // the type of `[]` is list<element>
//   unifier.Assign(Type::List(element), list_of_int);   // now element is int
//
// Threads     One compilation, one thread.
// Errors      Assign answers false and changes nothing where the types cannot agree.
// Limits      kWorkMax steps in all, each charged to the budget; beyond, everything agrees and exhausted() is
//             true. Types that mention a variable twice can double with every use, so an expression of
//             ordinary size could otherwise take for ever.
#ifndef MANDATE_SCHEMA_CEL_UNIFY_H_
#define MANDATE_SCHEMA_CEL_UNIFY_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "schema/cel/cost.h"
#include "schema/cel/type.h"

namespace mandate::cel {

class Unifier {
 public:
  static constexpr int64_t kWorkMax = 5'000'000;  // under a second; real expressions take hundreds

  explicit Unifier(Cost& budget) : budget_(budget) {}

  Type Fresh();

  // May a value of type `from` stand where `to` is expected, variables chosen to fit? `any` fits
  // everywhere; null fits where CEL's nullable types are: duration, timestamp, optional, ipaddress.
  bool Assign(const Type& from, const Type& to);
  bool AssignAll(absl::Span<const Type> from, absl::Span<const Type> to);

  // The more general of two types that agree.
  const Type& MostGeneral(const Type& a, const Type& b);

  // With variables replaced by what they stand for; those that stand for nothing yet stay, or
  // become `any`.
  enum class Open { kStay, kBecomeAny };
  Type Resolve(const Type& type, Open open);

  // Just the outermost: not itself a variable unless that is still open.
  const Type& Shallow(const Type& type) const;

  bool exhausted() const { return work_ > kWorkMax; }

 private:
  enum class Substitution { kAgrees, kConflicts, kImpossible };
  // False once there have been too many.
  bool Step() { return ++work_ <= kWorkMax && budget_.Charge(1); }
  bool Agree(const Type& a, const Type& b);
  bool IsAtLeastAsGeneral(const Type& a, const Type& b);
  bool AgreeAll(absl::Span<const Type> a, absl::Span<const Type> b);
  Substitution Substitute(const Type& type, const Type& variable);
  bool Mentions(const Type& type, int variable);
  void Bind(int variable, const Type& type);

  std::vector<Type> bindings_;               // by variable; itself: open
  std::vector<std::pair<int, Type>> trail_;  // earlier bindings, for undoing
  Cost& budget_;
  int64_t work_ = 0;
};

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_UNIFY_H_
