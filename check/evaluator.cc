// The evaluator is a forward chaining machine over goals that are opened on demand.
//
// A goal is an expression asked of one object (the subject is the same throughout). Each goal has two bits that only
// rise: `possible` (it holds if every condition that is still open turns out well) and `holds`. Opening a goal reads
// what is stored and opens its sub-goals; a sub-goal that rises tells the goals that wait for it. When nothing is left
// to do, what has not risen never will: that is the least fixed point, so a cycle of groups in which nobody put the
// subject is simply a set of goals that never rose.
//
//   team:a#member@team:b#member, team:b#member@team:a#member, team:b#member@user:eve
//   Ask team:a#member: opens team:b#member, which opens nothing new; eve is in b, b rises, a rises.
//
// Exclusion is not monotone, so it does not take part: once its left side is possible, its right side is evaluated in a
// stratum of its own, from scratch, down to its end, with nothing assumed about goals still open outside. A right side
// that needs the very right side that is being evaluated is a permission that depends on its own absence: the
// exclusion becomes `possible` and `undefined`, which ends as an error unless the answer does not hinge on it. That is
// the well-founded semantics (Van Gelder, Ross, Schlipf 1991): inside a stratum, unfounded positive loops stay false
// even when they lean on an undefined goal, because `possible` rises only from the leaves.
//
// What is kept in `final_`: from a stratum that ended with nothing left to do, every goal; from one that stopped early
// because its root holds, the goals that hold, which nothing can take back. From a stratum that met an undefined goal
// only what is decided either way, because "undefined" was relative to what was being evaluated outside.
#include "check/evaluator.h"

#include <utility>

#include "schema/text.h"
#include "schema/reason.h"

namespace mandate {
namespace {

constexpr size_t kGets = 0;
constexpr size_t kRights = 1;
constexpr size_t kScans = 2;
constexpr size_t kDoubtfulRights = 3;

}  // namespace

Evaluator::Evaluator(const Plan& plan, const Snapshot& snapshot, const Moment& moment,
                     Budget* budget, SubjectTerm subject, Trace trace)
    : plan_(plan),
      snapshot_(snapshot),
      moment_(moment),
      budget_(budget),
      subject_(std::move(subject)),
      subject_name_(plan.name(subject_.type)),
      subject_relation_name_(plan.name(subject_.relation)),
      trace_(trace),
      reach_(plan.ReachOf(subject_.type, subject_.relation)),
      nodes_(1) {
  if (trace_ == Trace::kOn) traced_children_.resize(1);
}

absl::StatusOr<Evaluator::Verdict> Evaluator::Ask(MemberId member, std::string_view object_id) {
  const Member& asked = plan_.schema().member(member);
  if (!reach_.Contains(asked.root)) return Verdict{};
  const ObjectId object = Intern(asked.type, plan_.name(asked.type), object_id);
  auto known = final_.find(Key(asked.root, object));
  NodeId root;
  if (known != final_.end()) {
    root = known->second;
  } else {
    OpenStratum(asked.root, object, 0);
    root = strata_.back().root;
    absl::Status status = Run();
    if (!status.ok()) {
      strata_.clear();
      active_roots_.clear();
      events_.clear();
      return status;
    }
  }
  return Verdict{DecisionOf(root), root};
}

Decision Evaluator::DecisionOf(NodeId node) const {
  if (nodes_[node].holds) return Decision::kAllowed;
  return nodes_[node].possible ? Decision::kConditional : Decision::kDenied;
}

absl::Status Evaluator::Run() {
  while (!strata_.empty()) {
    Drain();
    Stratum& stratum = strata_.back();
    if (nodes_[stratum.root].holds) {
      CloseStratum(/*quiet=*/false);
      continue;
    }
    std::vector<Work>* queue = nullptr;
    for (auto& candidate : stratum.queues) {
      if (!candidate.empty()) {
        queue = &candidate;
        break;
      }
    }
    if (queue == nullptr) {
      if (stratum.waiting == 0 && stratum.saw_undefined && nodes_[stratum.root].possible) {
        return WithReason(
            absl::FailedPreconditionError(Cat(
                "`", GoalText(nodes_[stratum.root].expr, nodes_[stratum.root].object),
                "` depends on its own absence: the stored relationships form a cycle through the "
                "right side of an exclusion, so it has no answer; break the cycle")),
            "CYCLE_THROUGH_EXCLUSION");
      }
      CloseStratum(/*quiet=*/true);
      continue;
    }
    const Work work = queue->back();
    queue->pop_back();
    if (absl::Status status = Step(work); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Evaluator::Step(const Work& work) {
  if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
  if (nodes_[work.node].holds) return absl::OkStatus();
  switch (work.task) {
    case Task::kExpand:
      return Expand(work.node);
    case Task::kScan:
      return Scan(work.node);
    case Task::kAskRight:
      return AskRight(work.node);
  }
  return absl::OkStatus();
}

void Evaluator::Schedule(NodeId node, Task task, size_t queue) {
  strata_.back().queues[queue].push_back({node, task});
}

void Evaluator::OpenStratum(ExprId expr, ObjectId object, NodeId waiting) {
  Stratum& stratum = strata_.emplace_back();
  stratum.waiting = waiting;
  stratum.root_key = Key(expr, object);
  if (waiting != 0) active_roots_.insert(stratum.root_key);
  const NodeId root = OpenNode(expr, object, 0, kNoIndex, 0);
  strata_.back().root = root;
}

void Evaluator::CloseStratum(bool quiet) {
  Stratum stratum = std::move(strata_.back());
  strata_.pop_back();
  events_.clear();
  for (const auto& [key, node] : stratum.nodes) {
    const bool decided = nodes_[node].holds || (quiet && !nodes_[node].possible);
    if (decided || (quiet && !stratum.saw_undefined)) final_.emplace(key, node);
  }
  if (stratum.waiting == 0) return;
  active_roots_.erase(stratum.root_key);
  const Node& root = nodes_[stratum.root];
  if (!root.holds && root.possible && stratum.saw_undefined) {
    nodes_[stratum.waiting].undefined = true;
    strata_.back().saw_undefined = true;
  }
  SettleExclusion(stratum.waiting,
                  root.holds ? Right::kYes : root.possible ? Right::kMaybe : Right::kNo,
                  stratum.root);
}

absl::Status Evaluator::AskRight(NodeId exclusion) {
  if (nodes_[exclusion].right != Right::kUnasked) return absl::OkStatus();
  const ExprId right = expression(exclusion).children[1];
  const ObjectId object = nodes_[exclusion].object;
  nodes_[exclusion].right = Right::kAsking;
  if (!reach_.Contains(right)) {
    SettleExclusion(exclusion, Right::kNo, 0);
    return absl::OkStatus();
  }
  const uint64_t key = Key(right, object);
  if (auto known = final_.find(key); known != final_.end()) {
    const Node& node = nodes_[known->second];
    SettleExclusion(exclusion,
                    node.holds ? Right::kYes : node.possible ? Right::kMaybe : Right::kNo,
                    known->second);
    return absl::OkStatus();
  }
  if (active_roots_.contains(key)) {
    nodes_[exclusion].undefined = true;
    strata_.back().saw_undefined = true;
    SettleExclusion(exclusion, Right::kMaybe, 0);
    return absl::OkStatus();
  }
  OpenStratum(right, object, exclusion);
  return absl::OkStatus();
}

void Evaluator::SettleExclusion(NodeId exclusion, Right right, NodeId right_node) {
  Node& node = nodes_[exclusion];
  node.right = right;
  node.right_node = right_node;
  if (trace_ == Trace::kOn) NoteChild(exclusion, right_node, kNoIndex);
  if (right == Right::kYes) {
    blocking_until_ = std::min(blocking_until_, ProofExpiry(right_node));
    return;
  }
  SetPossible(exclusion);
  if (right == Right::kNo && nodes_[exclusion].left_holds) {
    SetHolds(exclusion, nodes_[exclusion].proof_child, kNoIndex);
  }
}

void Evaluator::SetPossible(NodeId id) {
  Node& node = nodes_[id];
  if (node.possible) return;
  node.possible = true;
  for (uint32_t link = node.links; link != kNoIndex; link = links_[link].next) {
    events_.push_back({links_[link], id, false});
  }
}

void Evaluator::SetHolds(NodeId id, NodeId proof_child, EdgeId proof_edge) {
  if (nodes_[id].holds) return;
  SetPossible(id);
  Node& node = nodes_[id];
  node.holds = true;
  node.proof_child = proof_child;
  node.proof_edge = proof_edge;
  for (uint32_t link = node.links; link != kNoIndex; link = links_[link].next) {
    events_.push_back({links_[link], id, true});
  }
}

void Evaluator::Drain() {
  while (!events_.empty()) {
    const Event event = events_.back();
    events_.pop_back();
    if (event.holds) {
      OnHolds(event);
    } else {
      OnPossible(event);
    }
  }
}

void Evaluator::OnPossible(const Event& event) {
  const NodeId parent = event.link.parent;
  Node& node = nodes_[parent];
  switch (expression(parent).op) {
    case Op::kIntersection:
      ++node.possible_children;
      OpenNextOfIntersection(parent);
      return;
    case Op::kExclusion:
      if (node.right == Right::kUnasked) Schedule(parent, Task::kAskRight, kDoubtfulRights);
      return;
    case Op::kArrowAll:
      ++node.possible_children;
      if (edges_[event.link.edge].state == EdgeState::kLive) ++node.certain_possible;
      CheckArrowAll(parent);
      return;
    default:
      SetPossible(parent);
  }
}

void Evaluator::OnHolds(const Event& event) {
  const NodeId parent = event.link.parent;
  Node& node = nodes_[parent];
  const Op op = expression(parent).op;
  const bool over_condition =
      event.link.edge != kNoIndex && edges_[event.link.edge].state == EdgeState::kConditional;
  switch (op) {
    case Op::kIntersection:
      if (++node.holding_children == expression(parent).children.size()) {
        SetHolds(parent, 0, kNoIndex);
      }
      return;
    case Op::kExclusion:
      node.left_holds = true;
      node.proof_child = event.child;
      if (node.right == Right::kUnasked) Schedule(parent, Task::kAskRight, kRights);
      if (node.right == Right::kNo) SetHolds(parent, event.child, kNoIndex);
      return;
    case Op::kArrowAll:
      ++node.holding_children;
      CheckArrowAll(parent);
      return;
    default:
      if (!over_condition) SetHolds(parent, event.child, event.link.edge);
  }
}

// Opens children one by one: the next only once all before it are possible.
void Evaluator::OpenNextOfIntersection(NodeId id) {
  const auto& children = expression(id).children;
  if (nodes_[id].possible_children == children.size()) {
    SetPossible(id);
    return;
  }
  if (nodes_[id].opened != nodes_[id].possible_children) return;
  const uint32_t place = nodes_[id].opened++;
  const NodeId child = OpenNode(children[place], nodes_[id].object, id, kNoIndex, place);
  child_lists_[nodes_[id].children].push_back({child, kNoIndex});
}

// Every object the relation holds has the target, and there is one. A conditional edge that fails takes its object out
// of the relation, so it asks nothing then, but it cannot be the one object there must be.
void Evaluator::CheckArrowAll(NodeId id) {
  const Node& node = nodes_[id];
  if (node.opened == 0) return;
  if (node.certain_possible == node.certain_edges && node.possible_children > 0) SetPossible(id);
  if (nodes_[id].holding_children == nodes_[id].opened && nodes_[id].certain_edges > 0) {
    SetHolds(id, 0, kNoIndex);
  }
}

}  // namespace mandate
