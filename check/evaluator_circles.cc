// Goals that exclude each other in circles: the well-founded semantics (Van Gelder, Ross, Schlipf 1991), by its
// alternating fixed point (Van Gelder 1989).
//
//   document:a#view = viewer - other->view,  document:a#other@document:b,  document:b#other@document:a
//   With eve a viewer of a and b, each view holds if the other does not: there is no answer, and the question ends in
//   an error. With eve a viewer of a alone, b's view is out of the question, so a's holds.
//
// Strata cannot answer such a question, so it is started again. All goals that could matter are opened in one stratum
// (kDiscover), where an exclusion is possible as soon as its left side is. Then the same goals rise again from what the
// store said (kReplay), their right sides decided beforehand: when every right side that may hold blocks, what rises
// does hold; when only those that do hold block, what rises may hold. Each narrows the other until neither moves, after
// at most as many rounds as there are exclusions, each linear: polynomial, whatever the circles look like.
//
// What may hold and does not certainly hold is conditional, or it has no answer: it has none if it stands on a circle
// of such goals through a right side, or needs a goal that does. (A union of a condition and of such a goal has none
// either: not known, which is never a "yes".) Here possible goals are opened to the end, so a circle cannot hide; in
// strata a goal that ends possible was opened to the end too, so a circle below it was met.
//
// Nothing but goals that are decided either way is kept for later questions, and those only by the root.
#include <algorithm>
#include <utility>

#include "check/evaluator.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

absl::StatusOr<Evaluator::NodeId> Evaluator::AnswerCircle(ExprId expr, ObjectId object) {
  strata_.clear();
  active_roots_.clear();
  events_.clear();
  leaves_.clear();
  met_circle_ = false;
  mode_ = Mode::kDiscover;
  const auto first = static_cast<NodeId>(nodes_.size());
  OpenStratum(expr, object, 0);
  const NodeId root = strata_.back().root;
  if (absl::Status status = Run(); !status.ok()) return status;
  strata_.clear();

  mode_ = Mode::kReplay;
  NodeSet possible(nodes_.size() - first);
  for (NodeId id = first; id < nodes_.size(); ++id) possible[id - first] = nodes_[id].possible;
  NodeSet certain(possible.size(), false);
  for (;;) {
    if (absl::Status status = budget_->Charge(2 * possible.size(), 0); !status.ok()) return status;
    NodeSet holds = Replay(first, possible, &Node::holds);
    if (holds == certain) break;
    certain = std::move(holds);
    possible = Replay(first, certain, &Node::possible);
  }
  // The last replay left the proofs of what holds.
  mode_ = Mode::kStrata;
  leaves_.clear();
  SettleCircle(first, possible);
  MarkUndefined(first);
  if (nodes_[root].undefined) {
    return WithReason(absl::FailedPreconditionError(
                          Cat("`", GoalText(expr, object),
                              "` depends on its own absence: the stored relationships form a cycle through the "
                              "right side of an exclusion, so it has no answer; break the cycle")),
                      "CYCLE_THROUGH_EXCLUSION");
  }
  final_.emplace(Key(expr, object), root);
  return root;
}

void Evaluator::OpenRight(NodeId exclusion) {
  const ExprId right = expression(exclusion).children[1];
  const NodeId opened = OpenNode(right, nodes_[exclusion].object, exclusion, kNoIndex, kRightPlace);
  nodes_[exclusion].right_node = opened;
}

// Lets the goals from `first` on rise anew; an exclusion whose right side is in `blocked` does not. Returns which of
// their bits `risen` did rise.
Evaluator::NodeSet Evaluator::Replay(NodeId first, const NodeSet& blocked, bool Node::*risen) {
  for (NodeId id = first; id < nodes_.size(); ++id) {
    Node& node = nodes_[id];
    node.possible = node.holds = node.left_holds = false;
    node.possible_children = node.holding_children = node.certain_possible = 0;
    const NodeId right = node.right_node;
    node.right = right != 0 && blocked[right - first] ? Right::kYes : Right::kNo;
  }
  for (const Leaf& leaf : leaves_) {
    if (leaf.state == EdgeState::kConditional) {
      SetPossible(leaf.node);
    } else {
      SetHolds(leaf.node, 0, leaf.edge);
    }
  }
  Drain();
  NodeSet rose(nodes_.size() - first);
  for (NodeId id = first; id < nodes_.size(); ++id) rose[id - first] = nodes_[id].*risen;
  return rose;
}

void Evaluator::SettleCircle(NodeId first, const NodeSet& possible) {
  for (NodeId id = first; id < nodes_.size(); ++id) nodes_[id].possible = possible[id - first];
  for (NodeId id = first; id < nodes_.size(); ++id) {
    Node& node = nodes_[id];
    if (expression(id).op != Op::kExclusion || node.right_node == 0) continue;
    const Node& right = nodes_[node.right_node];
    node.right = right.holds ? Right::kYes : right.possible ? Right::kMaybe : Right::kNo;
  }
  // An absence may rest on anything that was read; with the earliest expiry of all it is never believed too long.
  for (const EdgeRecord& edge : edges_) {
    blocking_until_ = std::min(blocking_until_, edge.expires_at);
  }
}

void Evaluator::MarkUndefined(NodeId first) {
  std::vector<NodeId> work = CircleMembers(first);
  for (NodeId id : work) nodes_[id].undefined = true;
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    for (uint32_t link = nodes_[id].links; link != kNoIndex; link = links_[link].next) {
      Node& above = nodes_[links_[link].parent];
      if (above.undefined || above.holds || !above.possible) continue;
      above.undefined = true;
      work.push_back(links_[link].parent);
    }
  }
}

// The undecided goals in a strongly connected component of undecided goals with a right side among its links: Tarjan's
// algorithm (1972), with a stack of its own.
std::vector<Evaluator::NodeId> Evaluator::CircleMembers(NodeId first) const {
  struct Visit {
    NodeId node;
    uint32_t link;
  };
  const size_t count = nodes_.size() - first;
  std::vector<uint32_t> order(count, 0);  // 0: not visited
  std::vector<uint32_t> lowest(count, 0);
  std::vector<uint32_t> component(count, 0);  // 0: not known yet
  std::vector<NodeId> open;
  std::vector<Visit> stack;
  uint32_t visited = 0;
  uint32_t components = 0;
  const auto undecided = [&](NodeId id) { return nodes_[id].possible && !nodes_[id].holds; };
  const auto enter = [&](NodeId id) {
    order[id - first] = lowest[id - first] = ++visited;
    open.push_back(id);
    stack.push_back({id, nodes_[id].links});
  };
  for (NodeId start = first; start < nodes_.size(); ++start) {
    if (!undecided(start) || order[start - first] != 0) continue;
    enter(start);
    while (!stack.empty()) {
      const NodeId id = stack.back().node;
      if (const uint32_t link = stack.back().link; link != kNoIndex) {
        stack.back().link = links_[link].next;
        const NodeId above = links_[link].parent;
        if (!undecided(above)) continue;
        if (order[above - first] == 0) {
          enter(above);
        } else if (component[above - first] == 0) {
          lowest[id - first] = std::min(lowest[id - first], order[above - first]);
        }
        continue;
      }
      stack.pop_back();
      if (!stack.empty()) {
        uint32_t& below = lowest[stack.back().node - first];
        below = std::min(below, lowest[id - first]);
      }
      if (lowest[id - first] != order[id - first]) continue;
      ++components;
      for (bool more = true; more;) {
        more = open.back() != id;
        component[open.back() - first] = components;
        open.pop_back();
      }
    }
  }
  std::vector<bool> is_circle(components + 1, false);
  for (NodeId id = first; id < nodes_.size(); ++id) {
    if (!undecided(id) || expression(id).op != Op::kExclusion) continue;
    const NodeId right = nodes_[id].right_node;
    if (right == 0 || !undecided(right)) continue;
    if (component[right - first] == component[id - first]) is_circle[component[id - first]] = true;
  }
  std::vector<NodeId> members;
  for (NodeId id = first; id < nodes_.size(); ++id) {
    if (is_circle[component[id - first]]) members.push_back(id);
  }
  return members;
}

}  // namespace mandate
