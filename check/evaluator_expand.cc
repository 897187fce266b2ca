// From a goal to its sub-goals: the only part of the evaluator that reads storage.
#include <utility>

#include "check/evaluator.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kNodeBytes = 160;
constexpr uint64_t kRowBytes = 96;

// Rows of sets that are gone down before the subject's own sets are looked for; a few cost less than looking.
constexpr uint32_t kSetsWalkedFirst = 4;
// Rows read for them: someone in more sets than that is rather searched for from the object.
constexpr size_t kSetRowsMax = 256;
constexpr size_t kSetRowsEver = 1'000'000;
// With up to so many sets each is asked for by itself, with more the rows of the relation are read.
constexpr size_t kSetsAskedMax = 16;

}  // namespace

Evaluator::EdgeId Evaluator::AddEdge(ObjectId resource, MemberId relation, ObjectId subject, NameId subject_relation,
                                     const Edge& edge, JudgedEdge judged) {
  has_expiry_ |= edge.expires_at != absl::InfiniteFuture();
  edges_.push_back({resource, relation, subject, subject_relation, judged, edge.written, edge.expires_at});
  return static_cast<EdgeId>(edges_.size() - 1);
}

bool Evaluator::IsIdentity(const Expression& expression, ObjectId object) const {
  return subject_.relation != MemberId::kNone && expression.member == subject_.relation &&
         (subject_.any_object || objects_[object].id == subject_.id);
}

void Evaluator::NoteChild(NodeId parent, NodeId child, EdgeId edge) {
  if (trace_ == Trace::kOn) traced_children_[parent].push_back({child, edge});
}

// Opens the goal (or finds it open, or settled) and links `parent` to it. Returns 0 for a goal that cannot hold for
// this kind of subject.
Evaluator::NodeId Evaluator::OpenNode(ExprId expr, ObjectId object, NodeId parent, EdgeId edge, uint32_t place) {
  if (!reach_.Contains(expr)) return 0;
  const uint64_t key = Key(expr, object);
  NodeId child = 0;
  const auto settled = mode_ == Mode::kStrata ? final_.find(key) : final_.end();
  if (settled != final_.end()) {
    child = settled->second;
  } else {
    auto [slot, is_new] = strata_.back().nodes.try_emplace(key, nodes_.size());
    child = slot->second;
    if (is_new) {
      Node& node = nodes_.emplace_back();
      node.expr = expr;
      node.object = object;
      if (trace_ == Trace::kOn) traced_children_.emplace_back();
      const Expression& opened = plan_.schema().expression(expr);
      if ((opened.op == Op::kRelation || opened.op == Op::kPermission) && IsIdentity(opened, object)) {
        RiseFromStore(child, kNoIndex, EdgeState::kLive);
      } else {
        Schedule(child, Task::kExpand, kGets);
      }
    }
  }
  if (parent == 0) return child;
  NoteChild(parent, child, edge);
  if (edge != kNoIndex && edges_[edge].judged.state == EdgeState::kConditional) {
    conditional_arcs_.push_back({parent, child, edge});
  }
  const Link link{parent, child, nodes_[child].links, edge, place};
  if (!nodes_[child].holds) {
    nodes_[child].links = static_cast<uint32_t>(links_.size());
    links_.push_back(link);
  }
  if (nodes_[child].possible) events_.push_back({link, child, false});
  if (nodes_[child].holds) events_.push_back({link, child, true});
  return child;
}

absl::Status Evaluator::Expand(NodeId id) {
  if (absl::Status status = budget_->Charge(0, kNodeBytes); !status.ok()) return status;
  const Expression& goal = expression(id);
  const ObjectId object = nodes_[id].object;
  switch (goal.op) {
    case Op::kNil: return absl::OkStatus();
    case Op::kSelf:
      if (subject_.relation == MemberId::kNone && subject_.type == goal.type && subject_.id == objects_[object].id) {
        RiseFromStore(id, kNoIndex, EdgeState::kLive);
      }
      return absl::OkStatus();
    case Op::kRelation: return ExpandRelation(id, goal);
    case Op::kPermission:
    case Op::kUnion: {
      uint32_t place = 0;
      for (ExprId child : goal.children) OpenNode(child, object, id, kNoIndex, place++);
      return absl::OkStatus();
    }
    case Op::kIntersection:
      nodes_[id].children = static_cast<uint32_t>(child_lists_.size());
      child_lists_.emplace_back();
      OpenNextOfIntersection(id);
      return absl::OkStatus();
    case Op::kExclusion: OpenNode(goal.children[0], object, id, kNoIndex, 0); return absl::OkStatus();
    case Op::kArrowAny:
    case Op::kArrowAll: Schedule(id, Task::kScan, kScans); return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Evaluator::ExpandRelation(NodeId id, const Expression& goal) {
  bool direct = false;
  bool wildcard = false;
  bool same_set = false;
  bool sets = false;
  for (const SubjectType& allowed : plan_.schema().member(goal.member).subject_types) {
    if (allowed.relation != MemberId::kNone) {
      same_set |= allowed.relation == subject_.relation && !subject_.any_object;
      sets |= reach_.Contains(plan_.schema().member(allowed.relation).root);
    } else if (subject_.relation == MemberId::kNone && allowed.type == subject_.type) {
      (allowed.wildcard ? wildcard : direct) = true;
    }
  }
  if (direct || same_set) {
    absl::Status status = TryDirect(id, goal, subject_.id, subject_relation_name_);
    if (!status.ok() || nodes_[id].holds) return status;
  }
  if (wildcard) {
    absl::Status status = TryDirect(id, goal, "*", NameId::kNone);
    if (!status.ok() || nodes_[id].holds) return status;
  }
  if (sets) Schedule(id, Task::kScan, kScans);
  return absl::OkStatus();
}

absl::Status Evaluator::TryDirect(NodeId id, const Expression& goal, std::string_view subject_id,
                                  NameId subject_relation) {
  if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
  ++nodes_[id].reads;
  const ObjectId object = nodes_[id].object;
  absl::StatusOr<std::optional<Edge>> found =
      snapshot_.Find({objects_[object].name, objects_[object].id}, plan_.name(goal.member),
                     {subject_name_, subject_id, subject_relation});
  if (!found.ok()) return found.status();
  if (!found->has_value()) return absl::OkStatus();
  absl::StatusOr<JudgedEdge> judged = conditions_.Judge(**found, budget_);
  if (!judged.ok()) return judged.status();
  if (judged->state == EdgeState::kGone) return absl::OkStatus();
  const ObjectId subject = objects_.Intern(subject_.type, subject_name_, subject_id);
  const EdgeId edge = AddEdge(object, goal.member, subject, subject_relation, **found, *judged);
  NoteChild(id, 0, edge);
  if (judged->state == EdgeState::kConditional) conditional_arcs_.push_back({id, 0, edge});
  RiseFromStore(id, edge, judged->state);
  return absl::OkStatus();
}

absl::Status Evaluator::Scan(NodeId id) {
  const Expression& goal = expression(id);
  return goal.op == Op::kRelation ? ScanSubjectSets(id, goal) : ScanArrow(id, goal);
}

absl::Status Evaluator::ScanSubjectSets(NodeId id, const Expression& goal) {
  const ObjectId object = nodes_[id].object;
  const Member& relation = plan_.schema().member(goal.member);
  for (size_t i = 0; i < relation.subject_types.size(); ++i) {
    const SubjectType& allowed = relation.subject_types[i];
    if (allowed.relation == MemberId::kNone) continue;
    if (!reach_.Contains(plan_.schema().member(allowed.relation).root)) continue;
    // The same set may stand twice in the schema, with different traits; it is one range of rows.
    bool seen = false;
    for (size_t j = 0; j < i; ++j) seen |= relation.subject_types[j].relation == allowed.relation;
    if (seen) continue;
    const bool plain = plan_.sets().IsPlainSet(allowed.relation);
    // In the middle of the rows too: one that was gone down already is found again, and opens nothing twice.
    const auto few_sets = [&]() -> absl::StatusOr<bool> {
      auto has_sets = HasSubjectSets();
      if (!has_sets.ok()) return has_sets.status();
      return *has_sets && subject_sets_->Of(allowed.relation).size() <= kSetsAskedMax;
    };
    absl::StatusOr<bool> ask_each = plain ? few_sets() : false;
    if (!ask_each.ok()) return ask_each.status();
    if (*ask_each) {
      if (absl::Status status = AskSubjectSets(id, goal, allowed); !status.ok()) return status;
      continue;
    }
    auto cursor = snapshot_.SubjectsOfType({objects_[object].name, objects_[object].id}, plan_.name(goal.member),
                                           plan_.name(allowed.type), plan_.name(allowed.relation), "");
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_->Charge(1, kRowBytes); !status.ok()) return status;
      ++nodes_[id].reads;
      const TupleRow& row = cursor->row();
      if (row.subject.id == "*") continue;  // An item; it is nobody's set.
      if (plain) {
        ++sets_walked_;
        ask_each = few_sets();
        if (!ask_each.ok()) return ask_each.status();
        if (*ask_each) break;
        const bool knows = subject_sets_ && subject_sets_->complete;
        if (knows && subject_sets_->Find(allowed.relation, row.subject.id) == nullptr) continue;
      }
      absl::Status status = TakeSetRow(id, goal, allowed, row.subject.id, row.edge);
      if (!status.ok()) return status;
    }
    if (!cursor->status().ok()) return cursor->status();
    if (!*ask_each) continue;
    if (absl::Status status = AskSubjectSets(id, goal, allowed); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Are the sets of the subject known, all of them? They are found once going down has come past a few sets. What is to
// be proven step by step is gone down to, for the steps.
absl::StatusOr<bool> Evaluator::HasSubjectSets() {
  const SetSearch search = budget_->set_search();
  const bool worth = search == SetSearch::kUp || (search == SetSearch::kCheaper && sets_walked_ > kSetsWalkedFirst);
  if (trace_ != Trace::kOff || subject_.any_object || !worth) return false;
  if (!subject_sets_) {
    const size_t rows_max = search == SetSearch::kUp ? kSetRowsEver : kSetRowsMax;
    auto found = FindSubjectSets(plan_, snapshot_, conditions_.moment().now, subject_, budget_, rows_max);
    if (!found.ok()) return found.status();
    subject_sets_ = *std::move(found);
  }
  return subject_sets_->complete;
}

// The subject is in few sets of the kind: does the relation hold one of them?
absl::Status Evaluator::AskSubjectSets(NodeId id, const Expression& goal, const SubjectType& set) {
  const ObjectId object = nodes_[id].object;
  for (const std::string& set_id : subject_sets_->Of(set.relation)) {
    if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
    ++nodes_[id].reads;
    auto found = snapshot_.Find({objects_[object].name, objects_[object].id}, plan_.name(goal.member),
                                {plan_.name(set.type), set_id, plan_.name(set.relation)});
    if (!found.ok()) return found.status();
    if (!found->has_value()) continue;
    if (absl::Status status = TakeSetRow(id, goal, set, set_id, **found); !status.ok()) return status;
    if (nodes_[id].holds) return absl::OkStatus();
  }
  return absl::OkStatus();
}

// The relation holds `set_id#set`: whoever is in there has it. A set that is known to hold the subject rises at once.
absl::Status Evaluator::TakeSetRow(NodeId id, const Expression& goal, const SubjectType& set, std::string_view set_id,
                                   const Edge& edge) {
  absl::StatusOr<JudgedEdge> judged = conditions_.Judge(edge, budget_);
  if (!judged.ok()) return judged.status();
  if (judged->state == EdgeState::kGone) return absl::OkStatus();
  const ObjectId subject = objects_.Intern(set.type, plan_.name(set.type), set_id);
  const EdgeId over = AddEdge(nodes_[id].object, goal.member, subject, plan_.name(set.relation), edge, *judged);
  const NodeId child = OpenNode(plan_.schema().member(set.relation).root, subject, id, over, 0);
  const SubjectSets::Membership* membership =
      subject_sets_ && subject_sets_->complete ? subject_sets_->Find(set.relation, set_id) : nullptr;
  if (membership == nullptr || !membership->certain || nodes_[child].possible) return absl::OkStatus();
  Edge way;
  way.expires_at = membership->until;
  const EdgeId up = AddEdge(subject, set.relation, subject, NameId::kNone, way, JudgedEdge{});
  RiseFromStore(child, up, EdgeState::kLive);
  return absl::OkStatus();
}

absl::Status Evaluator::ScanArrow(NodeId id, const Expression& goal) {
  const ObjectId object = nodes_[id].object;
  const bool all = goal.op == Op::kArrowAll;
  if (all) {
    nodes_[id].children = static_cast<uint32_t>(child_lists_.size());
    child_lists_.emplace_back();
  }
  const Member& relation = plan_.schema().member(goal.member);
  for (size_t i = 0; i < relation.subject_types.size(); ++i) {
    const SubjectType& allowed = relation.subject_types[i];
    ExprId target = ExprId::kNone;
    for (const ArrowTarget& candidate : goal.targets) {
      if (candidate.type == allowed.type) target = candidate.expr;
    }
    const bool reaches = target != ExprId::kNone && reach_.Contains(target);
    if (!reaches && !all) continue;
    bool seen = false;
    for (size_t j = 0; j < i; ++j) {
      seen |= relation.subject_types[j].type == allowed.type && relation.subject_types[j].relation == allowed.relation;
    }
    if (seen) continue;
    const NameId type_name = plan_.name(allowed.type);
    const NameId subject_relation = plan_.name(allowed.relation);
    auto cursor = snapshot_.SubjectsOfType({objects_[object].name, objects_[object].id}, plan_.name(goal.member),
                                           type_name, subject_relation, "");
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_->Charge(1, kRowBytes); !status.ok()) return status;
      ++nodes_[id].reads;
      const TupleRow& row = cursor->row();
      if (row.subject.id == "*") {
        return absl::InternalError(
            Cat("an arrow met the wildcard `", snapshot_.names().Name(type_name), ":*`, which the schema refuses"));
      }
      absl::StatusOr<JudgedEdge> judged = conditions_.Judge(row.edge, budget_);
      if (!judged.ok()) return judged.status();
      if (judged->state == EdgeState::kGone) continue;
      const ObjectId subject = objects_.Intern(allowed.type, type_name, row.subject.id);
      const EdgeId edge = AddEdge(object, goal.member, subject, subject_relation, row.edge, *judged);
      if (all) {
        ++nodes_[id].opened;
        // Its expiry takes away a requirement, so an absence that rests on this goal ends with it.
        blocking_until_ = std::min(blocking_until_, row.edge.expires_at);
        if (judged->state == EdgeState::kLive) ++nodes_[id].certain_edges;
      }
      if (!reaches && judged->state == EdgeState::kConditional) {
        conditional_arcs_.push_back({id, 0, edge});
      }
      const NodeId child = reaches ? OpenNode(target, subject, id, edge, nodes_[id].opened) : 0;
      if (all) child_lists_[nodes_[id].children].push_back({child, edge});
    }
    if (!cursor->status().ok()) return cursor->status();
  }
  return absl::OkStatus();
}

}  // namespace mandate
