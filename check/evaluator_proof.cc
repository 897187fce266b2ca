// Why a verdict is what it is. A goal that holds keeps what first made it hold, and it rose only after that had risen,
// so following these pointers never runs in a circle: a proof, and finite.
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "check/evaluator.h"
#include "schema/text.h"

namespace mandate {

// One step still to be written, with where it stands.
struct Evaluator::Frame {
  NodeId node;
  EdgeId edge;  // The relationship over which the node above reached this one; written before it.
  uint32_t depth;
  bool absence;                   // The right side of an exclusion, which does not hold.
  bool under_permission = false;  // The node above is a permission, whose union needs no line of its own.
};

namespace {

StepKind KindOf(Op op) {
  switch (op) {
    case Op::kRelation: return StepKind::kRelation;
    case Op::kPermission: return StepKind::kPermission;
    case Op::kNil: return StepKind::kNil;
    case Op::kSelf: return StepKind::kSelf;
    case Op::kUnion: return StepKind::kUnion;
    case Op::kIntersection: return StepKind::kIntersection;
    case Op::kExclusion: return StepKind::kExclusion;
    case Op::kArrowAny: return StepKind::kArrow;
    case Op::kArrowAll: return StepKind::kArrowAll;
  }
  return StepKind::kNil;
}

std::string DescribeOpen(const Condition& condition) {
  if (!condition.error.ok()) return Cat(" (not known: ", condition.error.message(), ")");
  return Cat(" (needs `", absl::StrJoin(condition.missing, "`, `"), "`)");
}

}  // namespace

// What keeps `root` from being decided: the conditional relationships that undecided goals below it may hold by. All of
// those goals were opened to the end, so the names do not depend on the order in which that happened.
absl::StatusOr<std::vector<std::string>> Evaluator::MissingFor(NodeId root) {
  for (; below_.links_seen < links_.size(); ++below_.links_seen) {
    const Link& link = links_[below_.links_seen];
    below_.children[link.parent].push_back(link.child);
  }
  for (; below_.arcs_seen < conditional_arcs_.size(); ++below_.arcs_seen) {
    const ConditionalArc& arc = conditional_arcs_[below_.arcs_seen];
    below_.arcs[arc.parent].push_back(arc);
  }
  OpenConditions open;
  std::vector<NodeId> work{root};
  absl::flat_hash_set<NodeId> seen{root};
  const auto visit = [&](NodeId child) {
    if (DecisionOf(child) == Decision::kConditional && seen.insert(child).second) {
      work.push_back(child);
    }
  };
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    if (auto arcs = below_.arcs.find(id); arcs != below_.arcs.end()) {
      for (const ConditionalArc& arc : arcs->second) {
        // Where every object is asked, a condition that fails takes its object out, so it counts in any case.
        const bool counts = arc.child == 0 || nodes_[arc.child].possible || expression(id).op == Op::kArrowAll;
        if (counts) open.Add(conditions_.at(edges_[arc.edge].judged.condition));
      }
    }
    if (auto children = below_.children.find(id); children != below_.children.end()) {
      for (NodeId child : children->second) visit(child);
    }
    if (nodes_[id].right_node != 0) visit(nodes_[id].right_node);
  }
  return open.Missing();
}

std::vector<Evaluator::ChildRef> Evaluator::ProofChildren(NodeId id) const {
  const Node& node = nodes_[id];
  switch (expression(id).op) {
    case Op::kIntersection:
    case Op::kArrowAll: return child_lists_[node.children];
    default:
      if (node.proof_child == 0 && node.proof_edge == kNoIndex) return {};
      return {{node.proof_child, node.proof_edge}};
  }
}

absl::Time Evaluator::ProofExpiry(NodeId root) const {
  absl::Time until = absl::InfiniteFuture();
  if (!has_expiry_ || root == 0) return until;
  std::vector<NodeId> work{root};
  absl::flat_hash_set<NodeId> seen{root};
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    if (expression(id).op == Op::kExclusion) until = std::min(until, blocking_until_);
    for (const ChildRef& child : ProofChildren(id)) {
      if (child.edge != kNoIndex) until = std::min(until, edges_[child.edge].expires_at);
      if (child.node != 0 && seen.insert(child.node).second) work.push_back(child.node);
    }
  }
  return until;
}

absl::Time Evaluator::ValidUntil(const Verdict& verdict) const {
  return verdict.decision == Decision::kDenied ? blocking_until_ : ProofExpiry(verdict.node);
}

Relationship Evaluator::ToRelationship(const EdgeRecord& edge) const {
  Relationship relationship;
  const ObjectTable::Object& resource = objects_[edge.resource];
  const ObjectTable::Object& subject = objects_[edge.subject];
  const NameTable& names = snapshot_.names();
  relationship.resource = {std::string(names.Name(resource.name)), std::string(resource.id)};
  relationship.relation = plan_.schema().member(edge.relation).name;
  relationship.subject = {std::string(names.Name(subject.name)), std::string(subject.id),
                          std::string(names.Name(edge.subject_relation))};
  relationship.expires_at = edge.expires_at;
  if (edge.judged.condition != kNoCondition) {
    const Condition& condition = conditions_.at(edge.judged.condition);
    relationship.caveat = condition.caveat;
    relationship.caveat_context = condition.context;
  }
  return relationship;
}

std::string Evaluator::SubjectText() const {
  SubjectRef subject{plan_.schema().definition(subject_.type).name, subject_.id, ""};
  if (subject_.any_object) subject.id = "*";
  if (subject_.relation != MemberId::kNone) {
    subject.relation = plan_.schema().member(subject_.relation).name;
  }
  return ToText(subject);
}

std::string Evaluator::GoalText(ExprId expr, ObjectId object) const {
  const Expression& goal = plan_.schema().expression(expr);
  const std::string on = Cat(snapshot_.names().Name(objects_[object].name), ":", objects_[object].id);
  switch (goal.op) {
    case Op::kRelation:
    case Op::kPermission: return Cat(on, "#", plan_.schema().member(goal.member).name);
    case Op::kNil: return "nil";
    case Op::kSelf: return Cat("self: ", on);
    case Op::kUnion: return "any of";
    case Op::kIntersection: return "all of";
    case Op::kExclusion: return "the first without the second";
    case Op::kArrowAny: return Cat("through ", on, "#", plan_.schema().member(goal.member).name);
    case Op::kArrowAll: return Cat("on every object of ", on, "#", plan_.schema().member(goal.member).name);
  }
  return on;
}

void Evaluator::Explain(const Verdict& verdict, MemberId member, std::string_view object_id, uint32_t depth,
                        Explanation* explanation) const {
  const Member& asked = plan_.schema().member(member);
  if (verdict.node == 0) {
    const StepKind kind = asked.is_permission ? StepKind::kPermission : StepKind::kRelation;
    explanation->Add({depth, kind, Decision::kDenied,
                      Cat(plan_.schema().definition(asked.type).name, ":", object_id, "#", asked.name,
                          ": no subject of this kind can ever have it")});
    return;
  }
  const bool proof = verdict.decision == Decision::kAllowed;
  std::vector<Frame> stack{{verdict.node, kNoIndex, depth, false}};
  absl::flat_hash_set<NodeId> shown;
  while (!stack.empty()) {
    Frame frame = stack.back();
    stack.pop_back();
    if (explanation->Full()) {
      explanation->Cut(depth, verdict.decision);
      return;
    }
    if (frame.edge != kNoIndex) {
      const EdgeRecord& edge = edges_[frame.edge];
      Relationship relationship = ToRelationship(edge);
      ExplanationStep step{frame.depth++, StepKind::kRelationship, DecisionOf(frame.node)};
      const bool is_open = edge.judged.state == EdgeState::kConditional;
      if (frame.node == 0 || (is_open && step.decision == Decision::kAllowed)) {
        step.decision = is_open ? Decision::kConditional : Decision::kAllowed;
      }
      step.text = ToText(relationship);
      if (is_open) step.text += DescribeOpen(conditions_.at(edge.judged.condition));
      step.relationship = std::move(relationship);
      step.revision = edge.written;
      explanation->Add(std::move(step));
    }
    if (frame.node == 0) continue;
    const Node& node = nodes_[frame.node];
    if (frame.absence) {
      explanation->Add(
          {frame.depth, StepKind::kAbsence, Decision::kDenied, Cat("not ", GoalText(node.expr, node.object))});
      continue;
    }
    // Only a relation or permission has a name to refer back to; every circle goes through one.
    const Op op = expression(frame.node).op;
    const bool named = op == Op::kRelation || op == Op::kPermission;
    if (named && !shown.insert(frame.node).second) {
      explanation->Add({frame.depth, StepKind::kRepeated, DecisionOf(frame.node), GoalText(node.expr, node.object)});
      continue;
    }
    if (proof) {
      ExplainProof(&stack, frame, explanation);
    } else {
      ExplainTried(&stack, frame, explanation);
    }
  }
}

// The goal, and on the stack what it rests on, so that the first child comes first. Unions and arrows are left out:
// the child, and the relationship that leads to it, say the same.
void Evaluator::ExplainProof(std::vector<Frame>* stack, const Frame& frame, Explanation* explanation) const {
  const Node& node = nodes_[frame.node];
  const Expression& goal = expression(frame.node);
  const std::vector<ChildRef> children = ProofChildren(frame.node);
  uint32_t depth = frame.depth;
  if (goal.op != Op::kUnion && goal.op != Op::kArrowAny) {
    explanation->Add({.depth = depth++,
                      .kind = KindOf(goal.op),
                      .decision = Decision::kAllowed,
                      .text = GoalText(node.expr, node.object),
                      .reads = node.reads});
  }
  if (children.empty() && (goal.op == Op::kRelation || goal.op == Op::kPermission)) {
    explanation->Add(
        {depth, StepKind::kIdentity, Decision::kAllowed, Cat("is the subject `", SubjectText(), "` itself")});
  }
  if (goal.op == Op::kExclusion) {
    if (node.right_node != 0) {
      stack->push_back({node.right_node, kNoIndex, depth, true});
    } else {
      // No subject of this kind can reach the right side; there is no goal, only its text.
      const Expression& right = plan_.schema().expression(goal.children[1]);
      explanation->Add({depth, StepKind::kAbsence, Decision::kDenied,
                        Cat("not ", GoalText(goal.children[1], node.object),
                            right.member == MemberId::kNone ? "" : ", which cannot hold this subject")});
    }
  }
  for (auto it = children.rbegin(); it != children.rend(); ++it) {
    stack->push_back({it->node, it->edge, depth, false});
  }
}

void Evaluator::ExplainTried(std::vector<Frame>* stack, const Frame& frame, Explanation* explanation) const {
  const Node& node = nodes_[frame.node];
  const Expression& goal = expression(frame.node);
  std::string text = GoalText(node.expr, node.object);
  const std::vector<ChildRef> none;
  const auto& children = trace_ == Trace::kOn ? traced_children_[frame.node] : none;
  const bool only_unreachable = std::all_of(children.begin(), children.end(),
                                            [](const ChildRef& c) { return c.node == 0 && c.edge == kNoIndex; });
  if (goal.op == Op::kRelation && children.empty() && !node.holds) {
    text += Cat(": no relationship for `", SubjectText(), "`");
  } else if (goal.op == Op::kArrowAny && only_unreachable) {
    text += Cat(": it holds no object");
  }
  if (node.undefined) text += " (depends on its own absence)";
  const bool silent = goal.op == Op::kUnion && frame.under_permission;
  const uint32_t below = silent ? frame.depth : frame.depth + 1;
  if (!silent) {
    explanation->Add({.depth = frame.depth,
                      .kind = KindOf(goal.op),
                      .decision = DecisionOf(frame.node),
                      .text = std::move(text),
                      .reads = node.reads});
  }
  for (auto it = children.rbegin(); it != children.rend(); ++it) {
    if (it->node == 0 && it->edge == kNoIndex) continue;
    stack->push_back({it->node, it->edge, below, false, goal.op == Op::kPermission});
  }
}

}  // namespace mandate
