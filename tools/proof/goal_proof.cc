// A step that is named (`document:plan#view`) claims that its subject has that permission there, and each such claim is
// checked by itself against the steps one level down; so nothing here goes deeper than an expression of the schema,
// however deep the proof is. Unions and arrows over any object leave no step of their own: what stands there is the
// child that holds.
//
//   document:plan#view                     permission view = (viewer + parent->view) - banned
//     the first without the second         the exclusion
//       document:plan#parent@folder:x        of the union, the arrow
//         folder:x#view                      and its target, a claim of its own
//           ...
//       not document:plan#banned
#include "tools/proof/goal_proof.h"

#include <algorithm>
#include <set>
#include <utility>

#include "schema/text.h"

namespace mandate {
namespace {

bool IsNamed(StepKind kind) {
  return kind == StepKind::kPermission || kind == StepKind::kRelation || kind == StepKind::kRepeated;
}

}  // namespace

std::string GoalProof::Check(const Region& region, const std::vector<size_t>& roots, const Claim& goal) {
  subject_ = region.subject;
  const std::string name = Cat(ToText(goal.object), "#", schema_.member(goal.member).name);
  if (roots.size() != 1) return Cat("there are ", roots.size(), " steps where one is to prove `", name, "`");
  FindClaims(region);
  if (!Claims(roots[0], goal.object, goal.member)) return tree_.At(roots[0], Cat("it is not `", name, "`"));
  for (const auto& [step, claim] : claims_) {
    if (!CheckClaim(step)) break;
  }
  return flaw_;
}

bool GoalProof::Flaw(size_t step, std::string_view what) {
  if (flaw_.empty()) flaw_ = Cat(tree_.At(step, what), objection_.empty() ? "" : Cat("; ", objection_));
  return false;
}

bool GoalProof::Accept(size_t step, const std::string& objection) {
  if (objection.empty()) return true;
  objection_ = tree_.At(step, objection);
  return false;
}

void GoalProof::FindClaims(const Region& region) {
  for (size_t i = region.begin; i < region.end; ++i) {
    const ExplanationStep& step = tree_[i];
    const size_t hash = step.text.rfind('#');
    if (!IsNamed(step.kind) || hash == std::string::npos) continue;
    auto object = ParseObject(std::string_view(step.text).substr(0, hash));
    const auto type = object.ok() ? schema_.FindType(object->type) : std::nullopt;
    const auto member = type ? schema_.FindMember(*type, step.text.substr(hash + 1)) : std::nullopt;
    if (!member) continue;
    claims_[i] = {*std::move(object), *member};
    if (step.kind != StepKind::kRepeated) shown_.emplace(step.text, i);
  }
}

bool GoalProof::Claims(size_t step, const ObjectRef& object, MemberId member) const {
  const auto claim = claims_.find(step);
  return claim != claims_.end() && claim->second.member == member && claim->second.object == object;
}

bool GoalProof::CheckClaim(size_t step) {
  const Claim& claim = claims_.at(step);
  const Member& member = schema_.member(claim.member);
  objection_.clear();
  if (tree_[step].kind == StepKind::kRepeated) {
    return IsShownBefore(step) || Flaw(step, "it was not shown before");
  }
  if (tree_[step].kind != (member.is_permission ? StepKind::kPermission : StepKind::kRelation)) {
    return Flaw(step, Cat("it is a ", member.is_permission ? "permission" : "relation"));
  }
  const std::vector<size_t>& below = tree_.below(step);
  if (below.size() != 1) return Flaw(step, Cat("one step is to prove it, not ", below.size()));
  const bool holds = tree_[below[0]].kind == StepKind::kIdentity ? IsIdentity(claim)
                     : member.is_permission
                         ? Proves(below[0], schema_.expression(member.root).children[0], claim.object, step)
                         : ProvesRelation(below[0], claim);
  return holds || Flaw(step, "what stands below does not prove it");
}

bool GoalProof::IsIdentity(const Claim& claim) const {
  return subject_.type == claim.object.type && subject_.relation == schema_.member(claim.member).name &&
         (subject_.id == claim.object.id || subject_.IsWildcard());
}

// Earlier, and finished, so that it does not rest on this step.
bool GoalProof::IsShownBefore(size_t step) const {
  const auto [first, last] = shown_.equal_range(tree_[step].text);
  return std::any_of(first, last, [&](const auto& earlier) { return tree_.end(earlier.second) <= step; });
}

// A relationship of the claim, and where its subject is another subject set, that one's own claim.
bool GoalProof::ProvesRelation(size_t step, const Claim& claim) const {
  if (!Quotes(step, claim.member, claim.object)) return false;
  const SubjectRef& holder = tree_[step].relationship->subject;
  const std::vector<size_t>& below = tree_.below(step);
  if (below.empty()) {
    return holder == subject_ || (holder.IsWildcard() && holder.type == subject_.type && subject_.relation.empty() &&
                                  holder.relation.empty());
  }
  if (holder.relation.empty() || below.size() != 1) return false;
  const auto type = schema_.FindType(holder.type);
  const auto member = type ? schema_.FindMember(*type, holder.relation) : std::nullopt;
  return member && Claims(below[0], holder.object(), *member);
}

bool GoalProof::Quotes(size_t step, MemberId relation, const ObjectRef& object) const {
  const ExplanationStep& s = tree_[step];
  return s.kind == StepKind::kRelationship && s.relationship->resource == object &&
         s.relationship->relation == schema_.member(relation).name;
}

// Goes down with the expression to the next named steps, and no further.
bool GoalProof::Proves(size_t step, ExprId expr, const ObjectRef& object, size_t goal) {
  const Expression& e = schema_.expression(expr);
  switch (e.op) {
    case Op::kRelation:
    case Op::kPermission: return Claims(step, object, e.member);
    case Op::kNil: return false;
    case Op::kSelf: return tree_[step].kind == StepKind::kSelf && subject_ == SubjectRef{object.type, object.id, ""};
    case Op::kUnion:
      return std::any_of(e.children.begin(), e.children.end(),
                         [&](ExprId child) { return Proves(step, child, object, goal); });
    case Op::kIntersection: return ProvesIntersection(step, e, object, goal);
    case Op::kExclusion: return ProvesExclusion(step, e, object, goal);
    case Op::kArrowAny: return ProvesArrow(step, e, object, goal);
    case Op::kArrowAll: return ProvesArrowAll(step, e, object, goal);
  }
  return false;
}

bool GoalProof::ProvesIntersection(size_t step, const Expression& e, const ObjectRef& object, size_t goal) {
  const std::vector<size_t>& below = tree_.below(step);
  if (tree_[step].kind != StepKind::kIntersection || below.size() != e.children.size()) return false;
  return std::all_of(e.children.begin(), e.children.end(), [&](ExprId child) {
    return std::any_of(below.begin(), below.end(), [&](size_t one) { return Proves(one, child, object, goal); });
  });
}

bool GoalProof::ProvesExclusion(size_t step, const Expression& e, const ObjectRef& object, size_t goal) {
  const std::vector<size_t>& below = tree_.below(step);
  if (tree_[step].kind != StepKind::kExclusion || below.size() != 2) return false;
  size_t first = below[0], second = below[1];
  if (tree_[first].kind == StepKind::kAbsence) std::swap(first, second);
  return SaysAbsence(second, e.children[1], object) && Proves(first, e.children[0], object, goal) &&
         Accept(second, world_.CheckAbsence({subject_, object, e.children[1], tree_[goal].text}));
}

// Where what is absent has a name, the step says that one.
bool GoalProof::SaysAbsence(size_t step, ExprId expr, const ObjectRef& object) const {
  if (tree_[step].kind != StepKind::kAbsence) return false;
  const Expression& e = schema_.expression(expr);
  if (e.op != Op::kRelation && e.op != Op::kPermission) return true;
  const std::string name = Cat("not ", ToText(object), "#", schema_.member(e.member).name);
  return tree_[step].text == name || tree_[step].text.starts_with(name + ",");
}

bool GoalProof::ProvesArrow(size_t step, const Expression& e, const ObjectRef& object, size_t goal) {
  if (!Quotes(step, e.member, object) || tree_.below(step).size() != 1) return false;
  const SubjectRef& holder = tree_[step].relationship->subject;
  for (const ArrowTarget& target : e.targets) {
    if (schema_.definition(target.type).name != holder.type) continue;
    return Proves(tree_.below(step)[0], target.expr, holder.object(), goal);
  }
  return false;
}

bool GoalProof::ProvesArrowAll(size_t step, const Expression& e, const ObjectRef& object, size_t goal) {
  if (tree_[step].kind != StepKind::kArrowAll) return false;
  std::set<SubjectRef> subjects;
  bool one_is_certain = false;
  for (size_t below : tree_.below(step)) {
    if (!ProvesArrow(below, e, object, goal)) return false;
    if (!subjects.insert(tree_[below].relationship->subject).second) return false;
    one_is_certain |= tree_[below].decision == Decision::kAllowed;
  }
  return one_is_certain && Accept(step, world_.CheckOnly(object, schema_.member(e.member).name, subjects));
}

}  // namespace mandate
