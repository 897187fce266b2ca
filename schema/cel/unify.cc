// The rules are cel-go's, whose deductions cel-spec's tests expect: assignability works in both
// directions, and a variable that has met two types that agree stands for the more general of them.
//
//   [1, dyn("a")]   int agrees with any, so the element is any
//   [[], [1]]       list<A> agrees with list<int>, so A is int
#include "schema/cel/unify.h"

namespace mandate::cel {
namespace {

bool IsVariable(const Type& type) { return type.kind() == TypeKind::kVariable; }
bool IsAny(const Type& type) { return type.kind() == TypeKind::kAny || type.kind() == TypeKind::kError; }

bool IsNullable(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kDuration:
    case TypeKind::kTimestamp:
    case TypeKind::kOptional:
    case TypeKind::kIpAddress: return true;
    default: return false;
  }
}

}  // namespace

Type Unifier::Fresh() {
  Type variable = Type::Variable(static_cast<int>(bindings_.size()));
  bindings_.push_back(variable);
  return variable;
}

const Type& Unifier::Shallow(const Type& type) const {
  const Type* current = &type;
  while (IsVariable(*current)) {
    const Type& next = bindings_[current->variable()];
    if (next == *current) break;
    current = &next;
  }
  return *current;
}

Type Unifier::Resolve(const Type& type, Open open) {
  if (!Step()) return Type();
  const Type& outer = Shallow(type);
  if (IsVariable(outer) && open == Open::kBecomeAny) return Type();
  if (outer.parameters().empty()) return outer;
  std::vector<Type> parameters;
  for (const Type& parameter : outer.parameters()) parameters.push_back(Resolve(parameter, open));
  return Type::WithParameters(outer.kind(), std::move(parameters));
}

// Also on the way: a bound variable leads to others, and must not come to lead to itself.
bool Unifier::Mentions(const Type& type, int variable) {
  const Type* current = &type;
  while (IsVariable(*current)) {
    if (!Step() || current->variable() == variable) return true;
    const Type& next = bindings_[current->variable()];
    if (next == *current) return false;
    current = &next;
  }
  for (const Type& parameter : current->parameters()) {
    if (!Step() || Mentions(parameter, variable)) return true;
  }
  return false;
}

void Unifier::Bind(int variable, const Type& type) {
  trail_.emplace_back(variable, bindings_[variable]);
  bindings_[variable] = type;
}

bool Unifier::Assign(const Type& from, const Type& to) { return AssignAll({&from, 1}, {&to, 1}); }

bool Unifier::AssignAll(absl::Span<const Type> from, absl::Span<const Type> to) {
  trail_.clear();
  if (AgreeAll(from, to)) return true;
  for (auto it = trail_.rbegin(); it != trail_.rend(); ++it) bindings_[it->first] = it->second;
  return false;
}

bool Unifier::AgreeAll(absl::Span<const Type> a, absl::Span<const Type> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Agree(a[i], b[i])) return false;
  }
  return true;
}

// `variable` is to stand for `type` too.
Unifier::Substitution Unifier::Substitute(const Type& type, const Type& variable) {
  if (type == variable) return Substitution::kAgrees;
  const int number = variable.variable();
  const Type bound = bindings_[number];
  if (bound == variable) {
    if (Mentions(type, number)) return Substitution::kImpossible;
    Bind(number, type);
    return Substitution::kAgrees;
  }
  if (!Agree(type, bound)) return Substitution::kConflicts;
  const Type general = MostGeneral(type, bound);
  if (!Mentions(general, number)) Bind(number, general);
  return Substitution::kAgrees;
}

// Variables are not looked through.
bool Unifier::IsAtLeastAsGeneral(const Type& a, const Type& b) {
  if (!Step()) return true;
  if (IsAny(a) || IsVariable(a)) return true;
  if (IsAny(b) || IsVariable(b) || a.kind() != b.kind()) return false;
  if (a.kind() == TypeKind::kType) return true;
  if (a.parameters().size() != b.parameters().size()) return false;
  for (size_t i = 0; i < a.parameters().size(); ++i) {
    if (!IsAtLeastAsGeneral(a.parameter(i), b.parameter(i))) return false;
  }
  return true;
}

const Type& Unifier::MostGeneral(const Type& a, const Type& b) {
  if (b.kind() == TypeKind::kNull) return a;  // The nullable type says more.
  return IsAtLeastAsGeneral(a, b) ? a : b;
}

bool Unifier::Agree(const Type& a, const Type& b) {
  if (!Step()) return true;
  if (IsVariable(b)) {
    Substitution result = Substitute(a, b);
    if (result != Substitution::kImpossible) return result == Substitution::kAgrees;
  }
  if (IsVariable(a)) return Substitute(b, a) == Substitution::kAgrees;
  if (IsAny(a) || IsAny(b)) return true;
  if (a.kind() == TypeKind::kNull) return IsNullable(b);
  if (b.kind() == TypeKind::kNull) return IsNullable(a);
  if (a.kind() != b.kind()) return false;
  if (a.kind() == TypeKind::kType) return true;
  return AgreeAll(a.parameters(), b.parameters());
}

}  // namespace mandate::cel
