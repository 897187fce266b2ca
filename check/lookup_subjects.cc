// Forwards, from the object to the subjects.
//
// A goal is an expression on an object: what holds it (may) hold(s) the permission. Goals lead on to their parts, to
// the objects of arrows and to the subject sets of relations, until only relations with direct subjects are left, whose
// rows are merged by id as they are asked for. A goal is sure if it is reached over unconditional relationships and
// unions alone; behind an intersection, an exclusion or an `.all`, one part is followed and what is found is checked.
//
// Following one part is enough as long as no wildcard stands in it: who holds the whole holds that part, and is named
// there. Once one is met, all parts are followed, right sides of exclusions included, and everybody they name is
// checked; for those whom none of them names, the evaluator sees the same rows, so they are asked about once, as the
// subject `*`, whom no relationship names but the wildcards. If that is not a no, `*` is found, and behind it everybody
// by name, each with a decision of its own.
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "check/contextual.h"
#include "check/id_merge.h"
#include "check/lookup_search.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/cached_snapshot.h"

namespace mandate {
namespace {

constexpr uint64_t kGoalBytes = 96;

class SubjectLookup {
 public:
  SubjectLookup(const Plan& plan, const Snapshot& snapshot, Moment moment, const BudgetLimits& limits,
                MemberId permission, std::string object_id, TypeId type, MemberId relation)
      : plan_(plan),
        schema_(plan.schema()),
        snapshot_(snapshot),
        conditions_(plan, std::move(moment)),
        budget_(limits),
        permission_(permission),
        object_id_(std::move(object_id)),
        type_(type),
        relation_(relation),
        reach_(plan.ReachOf(type, relation)) {}

  absl::Status Run(const std::string& after, const FoundSink& sink) {
    const Member& permission = schema_.member(permission_);
    if (!reach_.Contains(permission.root)) return absl::OkStatus();
    if (absl::Status status = Discover(); !status.ok()) return status;
    if (!met_wildcard_) return Emit(after, sink);
    follow_all_ = true;
    visited_.clear();
    known_.clear();
    last_steps_.clear();
    if (absl::Status status = Discover(); !status.ok()) return status;
    const uint64_t mark = budget_.bytes();
    auto everybody = Check("*");
    if (!everybody.ok()) return everybody.status();
    budget_.ReleaseTo(mark);
    for_everybody_ = everybody->decision != Decision::kDenied || !everybody->error.ok();
    if (for_everybody_ && after.empty() && !sink(*everybody)) return absl::OkStatus();
    budget_.Renew();
    return Emit(after, sink);
  }

 private:
  struct Goal {
    ExprId expr;
    ObjectTable::Index object;
  };
  // The direct subjects of a relation.
  struct LastStep {
    ObjectTable::Index object;
    MemberId relation;
    bool sure;
  };

  absl::Status Discover() {
    const Member& permission = schema_.member(permission_);
    Push(permission.root, Intern(permission.type, object_id_), true);
    Goal goal;
    bool sure = false;
    while (work_.Pop(&goal, &sure)) {
      if (!visited_.insert({goal.expr, goal.object}).second) continue;
      if (absl::Status status = budget_.Charge(1, kGoalBytes); !status.ok()) return status;
      if (absl::Status status = Visit(goal, sure); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Visit(const Goal& goal, bool sure) {
    const Expression& e = schema_.expression(goal.expr);
    const bool named = e.op == Op::kRelation || e.op == Op::kPermission;
    const ObjectTable::Object object = objects_[goal.object];
    if (named && relation_ != MemberId::kNone && e.member == relation_) AddKnown(object.id, sure);
    switch (e.op) {
      case Op::kNil: return absl::OkStatus();
      case Op::kSelf:
        if (relation_ == MemberId::kNone && e.type == type_) AddKnown(object.id, sure);
        return absl::OkStatus();
      case Op::kPermission:
      case Op::kUnion:
        for (ExprId child : e.children) Push(child, goal.object, sure);
        return absl::OkStatus();
      case Op::kIntersection:
      case Op::kExclusion:
        for (size_t i = 0; i < (follow_all_ ? e.children.size() : 1); ++i) {
          Push(e.children[i], goal.object, false);
        }
        return absl::OkStatus();
      case Op::kRelation: return VisitRelation(goal, e, sure);
      case Op::kArrowAny:
      case Op::kArrowAll: return VisitArrow(goal, e, sure && e.op == Op::kArrowAny);
    }
    return absl::OkStatus();
  }

  absl::Status VisitRelation(const Goal& goal, const Expression& e, bool sure) {
    bool is_last_step = false;
    absl::flat_hash_set<MemberId> seen;
    for (const SubjectType& allowed : schema_.member(e.member).subject_types) {
      is_last_step |= allowed.type == type_ && allowed.relation == relation_;
      const bool is_wildcard = allowed.wildcard && allowed.type == type_ && allowed.relation == MemberId::kNone &&
                               relation_ == MemberId::kNone;
      if (is_wildcard && !met_wildcard_) {
        if (absl::Status s = LookForWildcard(goal, e.member); !s.ok()) return s;
      }
      if (allowed.relation == MemberId::kNone || !seen.insert(allowed.relation).second) continue;
      const ExprId target = schema_.member(allowed.relation).root;
      if (!reach_.Contains(target)) continue;
      absl::Status status = FollowRows(goal, e.member, allowed, target, sure);
      if (!status.ok()) return status;
    }
    if (is_last_step) last_steps_.push_back({goal.object, e.member, sure});
    return absl::OkStatus();
  }

  absl::Status LookForWildcard(const Goal& goal, MemberId relation) {
    if (absl::Status status = budget_.Charge(1, 0); !status.ok()) return status;
    auto edge =
        snapshot_.Find(objects_[goal.object].key(), plan_.name(relation), {plan_.name(type_), "*", NameId::kNone});
    if (!edge.ok()) return edge.status();
    if (!edge->has_value()) return absl::OkStatus();
    auto judged = conditions_.Judge(**edge, &budget_);
    if (!judged.ok()) return judged.status();
    met_wildcard_ |= judged->state != EdgeState::kGone;
    return absl::OkStatus();
  }

  absl::Status VisitArrow(const Goal& goal, const Expression& e, bool sure) {
    absl::flat_hash_set<std::pair<TypeId, MemberId>> seen;
    for (const SubjectType& allowed : schema_.member(e.member).subject_types) {
      if (!seen.insert({allowed.type, allowed.relation}).second) continue;
      for (const ArrowTarget& target : e.targets) {
        if (target.type != allowed.type || !reach_.Contains(target.expr)) continue;
        absl::Status status = FollowRows(goal, e.member, allowed, target.expr, sure);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  // From the subjects of one kind to `target` on each.
  absl::Status FollowRows(const Goal& goal, MemberId relation, const SubjectType& kind, ExprId target, bool sure) {
    auto cursor = snapshot_.SubjectsOfType(objects_[goal.object].key(), plan_.name(relation), plan_.name(kind.type),
                                           plan_.name(kind.relation), "");
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_.Charge(1, kGoalBytes); !status.ok()) return status;
      const TupleRow& row = cursor->row();
      if (row.subject.id == "*") continue;
      auto judged = conditions_.Judge(row.edge, &budget_);
      if (!judged.ok()) return judged.status();
      if (judged->state == EdgeState::kGone) continue;
      Push(target, Intern(kind.type, row.subject.id), sure && judged->state == EdgeState::kLive);
    }
    return cursor->status();
  }

  absl::Status Emit(const std::string& after, const FoundSink& sink) {
    IdMerge merge(&conditions_, &budget_, IdMerge::Part::kSubject, after);
    std::vector<IdMerge::Id> known;
    for (const auto& [id, sure] : known_) known.push_back({std::string(id), sure});
    merge.AddIds(std::move(known));
    for (const LastStep& step : last_steps_) {
      merge.AddSource(
          [this, step](std::string_view behind) {
            return snapshot_.SubjectsOfType(objects_[step.object].key(), plan_.name(step.relation), plan_.name(type_),
                                            plan_.name(relation_), behind);
          },
          step.sure);
    }
    const uint64_t mark = budget_.bytes();
    while (true) {
      auto next = merge.Next();
      if (!next.ok()) return next.status();
      if (!next->has_value()) return absl::OkStatus();
      Found found{.id = (*next)->id};
      if (!(*next)->sure) {
        auto checked = Check((*next)->id);
        if (!checked.ok()) return checked.status();
        budget_.ReleaseTo(mark);
        found = *std::move(checked);
        const bool is_no = found.error.ok() && found.decision == Decision::kDenied;
        if (is_no && !for_everybody_) continue;
      }
      if (!sink(found)) return absl::OkStatus();
      budget_.Renew();
    }
  }

  absl::StatusOr<Found> Check(const std::string& id) {
    Evaluator evaluator(plan_, snapshot_, &conditions_, &budget_, {.type = type_, .id = id, .relation = relation_},
                        Trace::kOff);
    return ToFound(id, evaluator.Ask(permission_, object_id_));
  }

  ObjectTable::Index Intern(TypeId type, std::string_view id) { return objects_.Intern(type, plan_.name(type), id); }
  void Push(ExprId expr, ObjectTable::Index object, bool sure) {
    if (reach_.Contains(expr)) work_.Push({expr, object}, sure);
  }
  void AddKnown(std::string_view id, bool sure) { known_[id] |= sure; }

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  Conditions conditions_;
  Budget budget_;
  const MemberId permission_;
  const std::string object_id_;
  const TypeId type_;
  const MemberId relation_;
  const Reach& reach_;

  bool met_wildcard_ = false;
  bool follow_all_ = false;
  bool for_everybody_ = false;  // Those whom nothing names are not a plain no.
  ObjectTable objects_;
  SureFirst<Goal> work_;
  absl::flat_hash_set<std::pair<ExprId, ObjectTable::Index>> visited_;
  std::map<std::string_view, bool> known_;  // Objects that are subjects by being what was asked about.
  std::vector<LastStep> last_steps_;
};

}  // namespace

absl::Status LookupSubjects(const Plan& plan, const Snapshot& stored, absl::Time now, const CheckLimits& limits,
                            const SubjectsQuestion& question, const FoundSink& sink) {
  const ReadThrough reads(stored);  // A listing reads the same folders and groups as the one before it.
  const Snapshot& snapshot = *reads;
  const Schema& schema = plan.schema();
  auto type = ResolveType(schema, question.resource.type, "resource.type");
  if (!type.ok()) return type.status();
  auto permission = ResolvePermission(schema, *type, question.permission, "permission");
  if (!permission.ok()) return permission.status();
  if (question.resource.id == "*") {
    return WithField(WithReason(InvalidArgument("`*` is no object; name one"), "WILDCARD_NOT_ALLOWED"), "resource.id");
  }
  auto subject_type = ResolveType(schema, question.subject_type, "subject_type");
  if (!subject_type.ok()) return subject_type.status();
  if (schema.definition(*subject_type).kind != Kind::kDefinition) {
    return LookupSubjectsDelegated(plan, snapshot, now, limits, *permission, *subject_type, question, sink);
  }
  if (!question.audience.empty() || !question.parameter_digest.empty()) {
    return WithField(
        WithReason(InvalidArgument("an audience or a digest of parameters is looked at only for agents and "
                                   "sessions"),
                   "AUDIENCE_NOT_ALLOWED"),
        question.audience.empty() ? "parameter_digest" : "audience");
  }
  MemberId relation = MemberId::kNone;
  if (!question.subject_relation.empty()) {
    auto found = ResolvePermission(schema, *subject_type, question.subject_relation, "subject_relation");
    if (!found.ok()) return found.status();
    relation = *found;
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  auto layered = WithContextual(plan, snapshot, question.contextual);
  if (!layered.ok()) return layered.status();
  return SubjectLookup(plan, **layered, Moment{now, *std::move(context)}, limits.budget, *permission,
                       question.resource.id, *subject_type, relation)
      .Run(question.after, sink);
}

}  // namespace mandate
