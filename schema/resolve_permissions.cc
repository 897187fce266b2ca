// Expressions of permissions, from the syntax tree to nodes of the Schema.
//
// A name becomes the root of the member that it names. An arrow of several steps goes forward over
// the types that each step can reach, then is built from its end:
//
//   permission view = parent->owner->member     (parent: folder | org; owner: team on both)
//
//   forward     {document} -parent-> {folder, org} -owner-> {team}
//   backward    team: member     folder: owner->(team: member)     org: owner->(team: member)
//               document: parent->(folder: ..., org: ...)
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/printer.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

using syntax::ExprIndex;
using syntax::ExprKind;
using syntax::Walk;

// Steps of arrows from type to type: a second of work, and ten times what 5,000 definitions take. A
// few lines can ask for billions: many arrows over a relation of many types.
constexpr size_t kArrowStepsMax = 5'000'000;

class PermissionResolver {
 public:
  explicit PermissionResolver(Resolution& r) : r_(r) {}

  void Run() {
    for (size_t i = 0; i < r_.members.size(); ++i) {
      const auto id = static_cast<MemberId>(i);
      const syntax::Member& source = *r_.member_source(id).syntax;
      if (source.kind != syntax::MemberKind::kPermission || source.broken) continue;
      const ExprId expression = Resolve(r_.schema().member(id).type, source);
      if (expression == ExprId::kNone) {
        r_.member_source(id).incomplete = true;
      } else {
        r_.builder.SetPermission(id, expression, syntax::FormatExpression(r_.file, source.root));
      }
    }
  }

 private:
  // Bottom up, in the order of the nodes. Operands of a union inside a union of the same expression
  // wait in `parts` instead of becoming a node of their own; so for intersections.
  ExprId Resolve(TypeId type, const syntax::Member& source) {
    const auto first = static_cast<size_t>(source.first);
    const size_t count = static_cast<size_t>(source.root) - first + 1;
    std::vector<std::vector<ExprId>> parts(count);
    std::vector<bool> dissolves(count, false);
    const auto slot = [&](ExprIndex index) { return static_cast<size_t>(index) - first; };
    for (size_t i = 0; i < count; ++i) {
      const syntax::Expr& expr = r_.file.exprs[first + i];
      if (expr.kind == ExprKind::kExclusion) continue;
      for (ExprIndex child : expr.children) dissolves[slot(child)] = r_.file.expr(child).kind == expr.kind;
    }
    for (size_t i = 0; i < count; ++i) {
      const syntax::Expr& expr = r_.file.exprs[first + i];
      if (expr.children.empty()) {
        parts[i] = {ResolveLeaf(type, expr)};
        continue;
      }
      std::vector<ExprId> operands;
      for (ExprIndex child : expr.children) {
        std::vector<ExprId>& from = parts[slot(child)];
        operands.insert(operands.end(), from.begin(), from.end());
        from = {};
      }
      parts[i] = dissolves[i] ? std::move(operands) : std::vector<ExprId>{Combine(type, expr, std::move(operands))};
    }
    return parts.back()[0];
  }

  ExprId Combine(TypeId type, const syntax::Expr& expr, std::vector<ExprId> operands) {
    if (std::find(operands.begin(), operands.end(), ExprId::kNone) != operands.end()) return ExprId::kNone;
    if (expr.kind == ExprKind::kExclusion) {
      ExprId left = operands[0];
      for (size_t i = 1; i < operands.size(); ++i) {
        left = r_.AddExpression({Op::kExclusion, type, MemberId::kNone, {left, operands[i]}, {}}, expr.span);
      }
      return left;
    }
    const Op op = expr.kind == ExprKind::kUnion ? Op::kUnion : Op::kIntersection;
    return r_.AddExpression({op, type, MemberId::kNone, std::move(operands), {}}, expr.span);
  }

  ExprId ResolveLeaf(TypeId type, const syntax::Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNil: return r_.AddExpression({Op::kNil, type}, expr.span);
      case ExprKind::kSelf: return r_.AddExpression({Op::kSelf, type}, expr.span);
      case ExprKind::kName: return ResolveName(type, expr.name);
      case ExprKind::kArrow: return ResolveArrow(type, expr);
      default: return ExprId::kNone;
    }
  }

  ExprId ResolveName(TypeId type, const syntax::Name& name) {
    const std::optional<MemberId> member = r_.schema().FindMember(type, name.text);
    if (!member.has_value()) {
      ReportUnknown(type, name);
      return ExprId::kNone;
    }
    if (IsReserved(type, *member, name)) return ExprId::kNone;
    return r_.schema().member(*member).root;
  }

  void ReportUnknown(TypeId type, const syntax::Name& name) {
    if (r_.type_source(type).MayDeclare(name.text)) return;
    std::string hint = r_.SuggestMember(type, name.text);
    if (name.text == "self") hint = "; for the object itself, put `use self` at the top of the schema";
    r_.sink.Error(name.span, Cat("relation or permission ", Quote(name.text), " is not defined on ",
                                 Quote(r_.type_name(type)), hint));
  }

  bool IsReserved(TypeId type, MemberId member, const syntax::Name& name) {
    if (r_.schema().member(member).reserved == Reserved::kNone) return false;
    r_.sink.Error(name.span, Cat(Quote(name.text), " of ", Quote(r_.type_name(type)),
                                 " is reserved for delegation and cannot be part of a permission"));
    return true;
  }

  // The relations that one step of an arrow follows, by the type that it is followed from, in the
  // order of the types.
  struct Step {
    std::vector<std::pair<TypeId, MemberId>> relations;
    bool incomplete = false;  // Something about the types reached is unknown.
  };

  ExprId ResolveArrow(TypeId type, const syntax::Expr& expr) {
    std::vector<Step> steps;
    std::vector<TypeId> reached = {type};
    for (size_t i = 0; i < expr.steps.size(); ++i) {
      const syntax::Name& name = i == 0 ? expr.name : expr.steps[i - 1].target;
      Step step;
      if (!FollowFrom(reached, name, i == 0, step)) return ExprId::kNone;
      if (i > 0 && !steps.back().incomplete && step.relations.empty()) WarnOfMissing(expr, i - 1, reached);
      WarnOfSubjectRelation(name, step);
      if (!Spend(reached.size() + CountTypes(step), expr)) return ExprId::kNone;
      reached = TypesReached(step);
      steps.push_back(std::move(step));
    }
    return BuildArrow(type, expr, steps, reached);
  }

  // False, and an error for the first, once the arrows of the schema take too much work.
  bool Spend(size_t arrow_steps, const syntax::Expr& expr) {
    if (arrow_steps <= arrow_steps_left_) {
      arrow_steps_left_ -= arrow_steps;
      return true;
    }
    if (arrow_steps_left_ > 0) {
      r_.sink.Error(expr.span,
                    "the arrows of this schema lead over too many types: "
                    "more than 5,000,000 steps from one type to another");
    }
    arrow_steps_left_ = 0;
    return false;
  }

  // What a relation leads to, worked out once.
  struct Ends {
    std::vector<TypeId> types;
    const SubjectType* wildcard = nullptr;     // The first, if there is one,
    const SubjectType* subject_set = nullptr;  // likewise.
  };
  const Ends& EndsOf(MemberId relation) {
    const auto [found, fresh] = ends_.try_emplace(relation);
    if (!fresh) return *found->second;
    found->second = std::make_unique<Ends>();
    absl::flat_hash_set<TypeId> seen;
    for (const SubjectType& subject : r_.schema().member(relation).subject_types) {
      Ends& ends = *found->second;
      if (seen.insert(subject.type).second) ends.types.push_back(subject.type);
      if (subject.wildcard && ends.wildcard == nullptr) ends.wildcard = &subject;
      if (subject.relation != MemberId::kNone && ends.subject_set == nullptr) ends.subject_set = &subject;
    }
    return *found->second;
  }

  size_t CountTypes(const Step& step) {
    size_t count = 0;
    for (const auto& [type, relation] : step.relations) count += EndsOf(relation).types.size();
    return count;
  }

  bool FollowFrom(const std::vector<TypeId>& types, const syntax::Name& name, bool is_first, Step& step) {
    for (TypeId type : types) {
      const std::optional<MemberId> member = r_.schema().FindMember(type, name.text);
      if (!member.has_value()) {
        if (is_first) ReportUnknown(type, name);
        if (is_first) return false;
        step.incomplete |= r_.type_source(type).MayDeclare(name.text);
        continue;
      }
      if (IsReserved(type, *member, name)) return false;
      if (!CanBeFollowed(type, *member, name)) return false;
      step.incomplete |= r_.member_source(*member).incomplete;
      step.relations.emplace_back(type, *member);
    }
    return true;
  }

  bool CanBeFollowed(TypeId type, MemberId member, const syntax::Name& name) {
    if (r_.schema().member(member).is_permission) {
      r_.sink.Error(name.span, Cat(Quote(name.text), " is a permission of ", Quote(r_.type_name(type)),
                                   "; only a relation can stand to the left of an arrow"));
      return false;
    }
    const SubjectType* wildcard = EndsOf(member).wildcard;
    if (wildcard == nullptr) return true;
    r_.sink.Error(name.span, Cat("relation ", Quote(name.text), " of ", Quote(r_.type_name(type)), " can hold ",
                                 Quote(Cat(r_.type_name(wildcard->type), ":*")),
                                 ", which names no object to go to, so it cannot stand to the left of an "
                                 "arrow"));
    return false;
  }

  std::vector<TypeId> TypesReached(const Step& step) {
    if (step.relations.size() == 1) return EndsOf(step.relations[0].second).types;
    std::vector<TypeId> types;
    absl::flat_hash_set<TypeId> seen;
    for (const auto& [from, relation] : step.relations) {
      for (TypeId type : EndsOf(relation).types) {
        if (seen.insert(type).second) types.push_back(type);
      }
    }
    return types;
  }

  ExprId BuildArrow(TypeId type, const syntax::Expr& expr, const std::vector<Step>& steps,
                    const std::vector<TypeId>& reached) {
    absl::flat_hash_map<TypeId, ExprId> rest;
    const syntax::Name& target = expr.steps.back().target;
    bool incomplete = steps.back().incomplete;
    for (TypeId end : reached) {
      const std::optional<MemberId> member = r_.schema().FindMember(end, target.text);
      incomplete |= r_.type_source(end).MayDeclare(target.text);
      if (!member.has_value()) continue;
      if (IsReserved(end, *member, target)) return ExprId::kNone;
      rest[end] = r_.schema().member(*member).root;
    }
    if (rest.empty() && !reached.empty() && !incomplete) WarnOfMissing(expr, expr.steps.size() - 1, reached);
    for (size_t i = steps.size(); i-- > 0;) {
      const Op op = expr.steps[i].walk == Walk::kAll ? Op::kArrowAll : Op::kArrowAny;
      absl::flat_hash_map<TypeId, ExprId> here;
      for (const auto& [from, relation] : steps[i].relations) {
        Expression arrow{op, from, relation, {}, {}};
        for (TypeId to : EndsOf(relation).types) {
          if (const auto found = rest.find(to); found != rest.end()) arrow.targets.push_back({to, found->second});
        }
        here[from] = r_.AddExpression(std::move(arrow), expr.span);
      }
      rest = std::move(here);
    }
    return rest.at(type);
  }

  void WarnOfSubjectRelation(const syntax::Name& name, const Step& step) {
    for (const auto& [from, relation] : step.relations) {
      const SubjectType* subject = EndsOf(relation).subject_set;
      if (subject == nullptr) continue;
      const std::string& type = r_.type_name(subject->type);
      const std::string& ignored = r_.schema().member(subject->relation).name;
      r_.sink.Warning(name.span, Lint::kArrowWalksSubjectRelation,
                      Cat("an arrow goes to objects: of ", Quote(Cat(type, "#", ignored)), " in ", Quote(name.text),
                          " it takes the ", Quote(type), " itself, and ", Quote(ignored), " is ignored"));
      return;
    }
  }

  void WarnOfMissing(const syntax::Expr& expr, size_t step, const std::vector<TypeId>& types) {
    constexpr size_t kNamedMax = 3;
    const syntax::Name& name = expr.steps[step].target;
    const std::string& left = step == 0 ? expr.name.text : expr.steps[step - 1].target.text;
    std::string named;
    for (size_t i = 0; i < std::min(types.size(), kNamedMax); ++i) {
      named += Cat(i == 0 ? "" : ", ", Quote(r_.type_name(types[i])));
    }
    if (types.size() > kNamedMax) named += ", ...";
    r_.sink.Warning(name.span, Lint::kArrowUnreachable,
                    Cat("this arrow never holds: no type that ", Quote(left), " can hold (", named,
                        ") has a relation or permission ", Quote(name.text),
                        types.empty() ? "" : r_.SuggestMember(types[0], name.text)));
  }

  Resolution& r_;
  absl::flat_hash_map<MemberId, std::unique_ptr<Ends>> ends_;
  size_t arrow_steps_left_ = kArrowStepsMax;
};

}  // namespace

void ResolvePermissions(Resolution& r) { PermissionResolver(r).Run(); }

}  // namespace mandate
