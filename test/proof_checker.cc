// Unions and arrows over any object leave no step of their own: what stands there is the child that
// holds.
//
//   document:plan#view                     permission view = (viewer + parent->view) - banned
//     the first without the second         the exclusion
//       document:plan#parent@folder:x        of the union, the arrow
//         folder:x#view                      and its target
//           ...
//       not document:plan#banned
#include "test/proof_checker.h"

#include <algorithm>

#include "schema/text.h"

namespace mandate {
namespace {

ObjectRef AsObject(const SubjectRef& subject) { return {subject.type, subject.id}; }

class ProofChecker {
 public:
  ProofChecker(const CheckQuestion& question, const Answer& answer, const ReferenceStore& stored,
               ReferenceEvaluator& reference)
      : question_(question),
        steps_(answer.explanation.steps),
        stored_(stored),
        reference_(reference),
        schema_(*reference.world().schema),
        children_(steps_.size()),
        parent_(steps_.size(), kNoStep) {}

  std::string Run() {
    if (!BuildTree()) return flaw_;
    if (!CheckQuotes()) return flaw_;
    const bool is_delegated =
        question_.subject.relation.empty() &&
        schema_.definition(*schema_.FindType(question_.subject.type)).kind != Kind::kDefinition;
    if (is_delegated) {
      CheckDelegated();
    } else {
      subject_ = question_.subject;
      if (roots_.size() != 1) return Cat("there are ", roots_.size(), " goals at the top");
      ProvesQuestion(roots_[0]);
    }
    return flaw_;
  }

 private:
  static constexpr size_t kNoStep = static_cast<size_t>(-1);

  bool Flaw(size_t step, std::string_view what) {
    if (flaw_.empty()) flaw_ = Cat("step ", step, " `", steps_[step].text, "`: ", what);
    return false;
  }

  bool BuildTree() {
    std::vector<size_t> path;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].depth > path.size()) return Flaw(i, "is more than one level down");
      path.resize(steps_[i].depth);
      (path.empty() ? roots_ : children_[path.back()]).push_back(i);
      if (!path.empty()) parent_[i] = path.back();
      path.push_back(i);
    }
    return true;
  }

  bool CheckQuotes() {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const ExplanationStep& step = steps_[i];
      if (step.decision != Decision::kAllowed && step.kind != StepKind::kAbsence)
        return Flaw(i, "is not allowed");
      if (step.kind == StepKind::kRelationship && !step.relationship)
        return Flaw(i, "quotes no relationship");
      if (!step.relationship) continue;
      const StoredRelationship* stored = stored_.Find(*step.relationship);
      if (stored == nullptr) return Flaw(i, "is not stored");
      if (stored->relationship != *step.relationship) return Flaw(i, "is stored otherwise");
      if (stored->written != step.revision)
        return Flaw(i, Cat("was written at ", stored->written.value()));
      if (reference_.world().now >= stored->relationship.expires_at) return Flaw(i, "has expired");
    }
    return true;
  }

  // --- One ordinary goal for `subject_`.

  bool ProvesQuestion(size_t step) {
    const TypeId type = *schema_.FindType(question_.resource.type);
    const MemberId member = *schema_.FindMember(type, question_.permission);
    if (Proves(step, schema_.member(member).root, question_.resource)) return true;
    return Flaw(step, Cat("does not prove ", ToText(question_.resource), "#", question_.permission,
                          " for ", ToText(subject_)));
  }

  const std::vector<size_t>& Below(size_t step) const { return children_[step]; }

  // The deepest failure is the one told.
  bool Proves(size_t step, ExprId expr, const ObjectRef& object) {
    const Expression& e = schema_.expression(expr);
    const ExplanationStep& s = steps_[step];
    switch (e.op) {
      case Op::kRelation:
      case Op::kPermission:
        return ProvesMember(step, e, object);
      case Op::kNil:
        return false;
      case Op::kSelf:
        return s.kind == StepKind::kSelf && subject_ == SubjectRef{object.type, object.id, ""};
      case Op::kUnion:
        return std::any_of(e.children.begin(), e.children.end(),
                           [&](ExprId child) { return Proves(step, child, object); });
      case Op::kIntersection:
        return ProvesIntersection(step, e, object);
      case Op::kExclusion:
        return ProvesExclusion(step, e, object);
      case Op::kArrowAny:
        return ProvesArrow(step, e, object);
      case Op::kArrowAll:
        return ProvesArrowAll(step, e, object);
    }
    return false;
  }

  bool ProvesMember(size_t step, const Expression& e, const ObjectRef& object) {
    const ExplanationStep& s = steps_[step];
    const std::string& name = schema_.member(e.member).name;
    if (s.text != Cat(ToText(object), "#", name)) return false;
    if (s.kind == StepKind::kRepeated) return IsShownBefore(step);
    const bool is_relation = e.op == Op::kRelation;
    if (s.kind != (is_relation ? StepKind::kRelation : StepKind::kPermission)) return false;
    if (Below(step).size() != 1) return false;
    const size_t below = Below(step)[0];
    if (steps_[below].kind == StepKind::kIdentity) {
      return subject_.type == object.type && subject_.relation == name &&
             (subject_.id == object.id || subject_.IsWildcard());
    }
    return is_relation ? ProvesRelation(below, e, object) : Proves(below, e.children[0], object);
  }

  // A relationship of the goal, and where its subject is another subject set, that one's own proof.
  bool ProvesRelation(size_t step, const Expression& e, const ObjectRef& object) {
    if (!Quotes(step, e.member, object)) return false;
    const SubjectRef& holder = steps_[step].relationship->subject;
    if (Below(step).empty()) {
      return holder == subject_ || (holder.IsWildcard() && holder.type == subject_.type &&
                                    subject_.relation.empty() && holder.relation.empty());
    }
    if (holder.relation.empty() || Below(step).size() != 1) return false;
    const MemberId member = *schema_.FindMember(*schema_.FindType(holder.type), holder.relation);
    return Proves(Below(step)[0], schema_.member(member).root, AsObject(holder));
  }

  bool Quotes(size_t step, MemberId relation, const ObjectRef& object) const {
    const ExplanationStep& s = steps_[step];
    return s.kind == StepKind::kRelationship && s.relationship->resource == object &&
           s.relationship->relation == schema_.member(relation).name;
  }

  bool ProvesArrow(size_t step, const Expression& e, const ObjectRef& object) {
    if (!Quotes(step, e.member, object) || Below(step).size() != 1) return false;
    const SubjectRef& holder = steps_[step].relationship->subject;
    for (const ArrowTarget& target : e.targets) {
      if (schema_.definition(target.type).name != holder.type) continue;
      return Proves(Below(step)[0], target.expr, AsObject(holder));
    }
    return false;
  }

  bool ProvesArrowAll(size_t step, const Expression& e, const ObjectRef& object) {
    if (steps_[step].kind != StepKind::kArrowAll || Below(step).empty()) return false;
    std::set<SubjectRef> left;
    for (const StoredRelationship& stored : reference_.world().relationships) {
      const Relationship& r = stored.relationship;
      if (r.resource == object && r.relation == schema_.member(e.member).name &&
          reference_.world().now < r.expires_at) {
        left.insert(r.subject);
      }
    }
    for (size_t below : Below(step)) {
      if (!ProvesArrow(below, e, object)) return false;
      left.erase(steps_[below].relationship->subject);
    }
    return left.empty();
  }

  bool ProvesIntersection(size_t step, const Expression& e, const ObjectRef& object) {
    if (steps_[step].kind != StepKind::kIntersection) return false;
    return std::all_of(e.children.begin(), e.children.end(), [&](ExprId child) {
      return std::any_of(Below(step).begin(), Below(step).end(),
                         [&](size_t below) { return Proves(below, child, object); });
    });
  }

  bool ProvesExclusion(size_t step, const Expression& e, const ObjectRef& object) {
    if (steps_[step].kind != StepKind::kExclusion || Below(step).size() != 2) return false;
    size_t first = Below(step)[0], second = Below(step)[1];
    if (steps_[first].kind == StepKind::kAbsence) std::swap(first, second);
    if (steps_[second].kind != StepKind::kAbsence) return false;
    return Proves(first, e.children[0], object) &&
           reference_.MeaningFor(subject_).Of(object, e.children[1]) == Truth::kNo;
  }

  // Earlier, finished (so that it does not rest on this step), and about the same subject.
  bool IsShownBefore(size_t step) {
    for (size_t above = step; above != kNoStep; above = parent_[above]) {
      if (above != step && steps_[above].text == steps_[step].text)
        return Flaw(step, "rests on itself");
    }
    for (size_t earlier = first_step_; earlier < step; ++earlier) {
      const StepKind kind = steps_[earlier].kind;
      if (kind != StepKind::kRelation && kind != StepKind::kPermission) continue;
      if (steps_[earlier].text == steps_[step].text) return true;
    }
    return Flaw(step, "was not shown before");
  }

  // --- A delegated goal: edges of the chain, then scopes, boundaries and the principal's own
  // permission.

  void CheckDelegated() {
    std::set<ReferenceStore::Identity> edges;
    std::vector<size_t> scopes, boundaries, principals;
    for (size_t root : roots_) {
      const ExplanationStep& step = steps_[root];
      if (step.kind == StepKind::kChain && step.relationship) {
        edges.insert(ReferenceStore::IdentityOf(*step.relationship));
      }
      if (step.kind == StepKind::kScope) scopes.push_back(root);
      if (step.kind == StepKind::kBoundary) boundaries.push_back(root);
      if (step.kind == StepKind::kPrincipal) principals.push_back(root);
    }
    ObjectRef agent = AsObject(question_.subject);
    ObjectRef task;
    if (question_.task) task = *question_.task;
    if (schema_.definition(*schema_.FindType(agent.type)).kind == Kind::kSession) {
      const ObjectRef session = agent;
      if (!TakeEdge(edges, session, "agent", &agent) || !TakeEdge(edges, session, "task", &task))
        return;
    }
    size_t scope = 0, boundary = 0;
    for (;;) {
      ObjectRef delegator;
      if (!NeedEdge(edges, task, "delegated_for_task", agent)) return;
      if (!TakeEdge(edges, task, "delegator", &delegator)) return;
      if (!NeedEdge(edges, delegator, "acts_on_behalf_of", agent)) return;
      if (!CheckItems(scopes, scope++, task, "scope")) return;
      const TypeId type = *schema_.FindType(agent.type);
      if (schema_.FindMember(type, "boundary") &&
          !CheckItems(boundaries, boundary++, agent, "boundary"))
        return;
      agent = delegator;
      if (schema_.definition(*schema_.FindType(delegator.type)).kind != Kind::kAgent) break;
      const ObjectRef child = task;
      if (!TakeEdge(edges, child, "parent_task", &task)) return;
    }
    if (!edges.empty()) flaw_ = "it quotes an edge that is not of the chain";
    if (scopes.size() != scope || boundaries.size() != boundary || principals.size() != 1) {
      flaw_ = "there are too many scopes, boundaries or principals";
      return;
    }
    subject_ = {agent.type, agent.id, ""};
    first_step_ = principals[0];
    if (Below(principals[0]).size() != 1) {
      Flaw(principals[0], "has no goal");
      return;
    }
    ProvesQuestion(Below(principals[0])[0]);
  }

  bool NeedEdge(std::set<ReferenceStore::Identity>& edges, const ObjectRef& object,
                std::string relation, const ObjectRef& subject) {
    if (edges.erase({object, relation, {subject.type, subject.id, ""}}) == 1) return true;
    flaw_ = Cat("the chain lacks ", ToText(object), "#", relation, "@", ToText(subject));
    return false;
  }

  // The one quoted edge of that object and relation; its subject goes to `subject`.
  bool TakeEdge(std::set<ReferenceStore::Identity>& edges, const ObjectRef& object,
                std::string_view relation, ObjectRef* subject) {
    for (const ReferenceStore::Identity& edge : edges) {
      const auto& [resource, name, holder] = edge;
      if (resource != object || name != relation) continue;
      *subject = AsObject(holder);
      edges.erase(edge);
      return true;
    }
    flaw_ = Cat("the chain lacks the ", relation, " of ", ToText(object));
    return false;
  }

  bool CheckItems(const std::vector<size_t>& roots, size_t index, const ObjectRef& holder,
                  std::string_view items) {
    if (index >= roots.size()) {
      flaw_ = Cat("nothing says that the ", items, " of ", ToText(holder), " covers it");
      return false;
    }
    const size_t root = roots[index];
    if (Below(root).size() != 1) return Flaw(root, "has not one item");
    const size_t item = Below(root)[0];
    if (!steps_[item].relationship || steps_[item].relationship->resource != holder ||
        steps_[item].relationship->relation != items || Below(item).size() != 1) {
      return Flaw(item, Cat("is no item of the ", items, " of ", ToText(holder)));
    }
    subject_ = steps_[item].relationship->subject;
    first_step_ = item;
    return ProvesQuestion(Below(item)[0]);
  }

  const CheckQuestion& question_;
  const std::vector<ExplanationStep>& steps_;
  const ReferenceStore& stored_;
  ReferenceEvaluator& reference_;
  const Schema& schema_;
  std::vector<std::vector<size_t>> children_;
  std::vector<size_t> parent_;
  std::vector<size_t> roots_;
  SubjectRef subject_;     // Whom the goals are about.
  size_t first_step_ = 0;  // Where the goals about it begin.
  std::string flaw_;
};

}  // namespace

std::string FindFlaw(const CheckQuestion& question, const Answer& answer,
                     const ReferenceStore& stored, ReferenceEvaluator& reference) {
  return ProofChecker(question, answer, stored, reference).Run();
}

}  // namespace mandate
