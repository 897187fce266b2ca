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
// stratum of its own, from scratch, down to its end, with nothing assumed about goals still open outside. Each right
// side is finished once and then kept, so the whole is at worst quadratic. A right side that needs the very right side
// that is being evaluated is a circle; evaluator_circles.cc then answers the question from the start, another way.
//
// What is kept in `final_`: from a stratum that ended with nothing left to do, every goal; from one that stopped early
// because its root holds, the goals that hold, which nothing can take back.
#include "check/evaluator.h"

#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
bool HasNoAnswer(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "CYCLE_THROUGH_EXCLUSION" || reason == "UNKNOWN_CAVEAT" || reason == "LEDGER_RETIRED" ||
         reason.compare(0, 7, "CAVEAT_") == 0;
}

Evaluator::Evaluator(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
                     SubjectTerm subject, Trace trace)
    : plan_(plan),
      snapshot_(snapshot),
      conditions_(*conditions),
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
  const ObjectId object = objects_.Intern(asked.type, plan_.name(asked.type), object_id);
  absl::StatusOr<NodeId> root = Answer(asked.root, object);
  if (!root.ok()) {
    strata_.clear();
    active_roots_.clear();
    events_.clear();
    leaves_.clear();
    mode_ = Mode::kStrata;
    return root.status();
  }
  Verdict verdict{DecisionOf(*root), *root, {}};
  if (verdict.decision == Decision::kConditional) {
    auto missing = MissingFor(*root);
    if (!missing.ok()) return missing.status();
    verdict.missing = *std::move(missing);
  }
  return verdict;
}

absl::StatusOr<Evaluator::NodeId> Evaluator::Answer(ExprId expr, ObjectId object) {
  if (auto known = final_.find(Key(expr, object)); known != final_.end()) return known->second;
  met_circle_ = false;
  OpenStratum(expr, object, 0);
  const NodeId root = strata_.back().root;
  if (absl::Status status = Run(); !status.ok()) return status;
  if (!met_circle_) return root;
  return AnswerCircle(expr, object);
}

Decision Evaluator::DecisionOf(NodeId node) const {
  if (nodes_[node].holds) return Decision::kAllowed;
  return nodes_[node].possible ? Decision::kConditional : Decision::kDenied;
}

absl::Status Evaluator::Run() {
  while (!strata_.empty() && !met_circle_) {
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
      if (mode_ == Mode::kDiscover) return absl::OkStatus();
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
    case Task::kExpand: return Expand(work.node);
    case Task::kScan: return Scan(work.node);
    case Task::kAskRight: return AskRight(work.node);
  }
  return absl::OkStatus();
}

void Evaluator::Schedule(NodeId node, Task task, size_t queue) { strata_.back().queues[queue].push_back({node, task}); }

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
    if (quiet || nodes_[node].holds) final_.emplace(key, node);
  }
  if (stratum.waiting == 0) return;
  active_roots_.erase(stratum.root_key);
  const Node& root = nodes_[stratum.root];
  SettleExclusion(stratum.waiting, root.holds ? Right::kYes : root.possible ? Right::kMaybe : Right::kNo, stratum.root);
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
    SettleExclusion(exclusion, node.holds ? Right::kYes : node.possible ? Right::kMaybe : Right::kNo, known->second);
    return absl::OkStatus();
  }
  if (active_roots_.contains(key)) {
    met_circle_ = true;
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

void Evaluator::RiseFromStore(NodeId id, EdgeId edge, EdgeState state) {
  if (mode_ == Mode::kDiscover) {
    leaves_.push_back({id, edge, state});
    SetPossible(id);
  } else if (state == EdgeState::kConditional) {
    SetPossible(id);
  } else {
    SetHolds(id, 0, edge);
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
      if (event.link.place == kRightPlace) return;
      if (mode_ == Mode::kStrata) {
        if (node.right == Right::kUnasked) Schedule(parent, Task::kAskRight, kDoubtfulRights);
        return;
      }
      if (mode_ == Mode::kDiscover) OpenRight(parent);
      if (nodes_[parent].right != Right::kYes) SetPossible(parent);
      return;
    case Op::kArrowAll:
      ++node.possible_children;
      if (edges_[event.link.edge].judged.state == EdgeState::kLive) ++node.certain_possible;
      CheckArrowAll(parent);
      return;
    default: SetPossible(parent);
  }
}

void Evaluator::OnHolds(const Event& event) {
  const NodeId parent = event.link.parent;
  Node& node = nodes_[parent];
  const Op op = expression(parent).op;
  const bool over_condition =
      event.link.edge != kNoIndex && edges_[event.link.edge].judged.state == EdgeState::kConditional;
  switch (op) {
    case Op::kIntersection:
      if (++node.holding_children == expression(parent).children.size()) {
        SetHolds(parent, 0, kNoIndex);
      }
      return;
    case Op::kExclusion:
      if (event.link.place == kRightPlace) return;
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
