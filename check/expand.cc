#include "check/expand.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "check/checker.h"
#include "check/contextual.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

std::string_view ExpandKindName(ExpandKind kind) {
  switch (kind) {
    case ExpandKind::kSubjects: return "SUBJECTS";
    case ExpandKind::kUnion: return "UNION";
    case ExpandKind::kIntersection: return "INTERSECTION";
    case ExpandKind::kExclusion: return "EXCLUSION";
    case ExpandKind::kSelf: return "SELF";
    case ExpandKind::kNil: return "NIL";
    case ExpandKind::kRepeated: return "REPEATED";
  }
  return "";
}

namespace {

constexpr uint64_t kSubjectBytes = 160;
constexpr uint64_t kGoalBytes = 256;

class Expander {
 public:
  Expander(const Plan& plan, const Snapshot& snapshot, Moment moment, Budget* budget, uint32_t subject_set_depth)
      : plan_(plan),
        snapshot_(snapshot),
        conditions_(plan, std::move(moment)),
        budget_(budget),
        subject_set_depth_(subject_set_depth) {}

  absl::StatusOr<std::vector<ExpandNode>> Run(ExprId root, TypeId type, std::string object_id) {
    stack_.push_back({root, type, std::move(object_id), "", 0, 0});
    while (!stack_.empty()) {
      Goal goal = std::move(stack_.back());
      stack_.pop_back();
      if (absl::Status status = budget_->Charge(1, kGoalBytes); !status.ok()) return status;
      if (absl::Status status = Visit(goal); !status.ok()) return status;
    }
    return std::move(tree_);
  }

 private:
  struct Goal {
    ExprId expr;
    TypeId type;
    std::string object_id;
    std::string within;  // The member whose expression this belongs to.
    uint32_t depth;
    uint32_t sets_opened;
    std::optional<ExpandedSubject> over = {};
  };

  // Shows one goal and puts what belongs below it on the stack, first child on top.
  absl::Status Visit(const Goal& goal) {
    if (goal.expr == ExprId::kNone) {
      tree_.push_back({.depth = goal.depth,
                       .kind = ExpandKind::kNil,
                       .object = {plan_.schema().definition(goal.type).name, goal.object_id},
                       .relation = {},
                       .subjects = {},
                       .over = goal.over});
      return absl::OkStatus();
    }
    const Expression& expression = plan_.schema().expression(goal.expr);
    // Only relations and permissions have a name to refer back to, and only they can recur without end.
    const bool named = expression.op == Op::kRelation || expression.op == Op::kPermission;
    ExpandNode node{.depth = goal.depth,
                    .object = {plan_.schema().definition(goal.type).name, goal.object_id},
                    .relation = goal.within,
                    .subjects = {},
                    .over = goal.over};
    if (named) {
      node.relation = plan_.schema().member(expression.member).name;
    }
    const std::string key = Cat(static_cast<uint32_t>(goal.expr), " ", goal.object_id);
    if (named && !shown_.insert(key).second) {
      node.kind = ExpandKind::kRepeated;
      tree_.push_back(std::move(node));
      return absl::OkStatus();
    }
    switch (expression.op) {
      case Op::kRelation: return ShowSubjects(goal, expression, std::move(node));
      case Op::kArrowAny:
      case Op::kArrowAll: return ShowArrow(goal, expression, std::move(node));
      case Op::kSelf:
        node.kind = ExpandKind::kSelf;
        node.subjects.push_back({{node.object.type, node.object.id, ""}});
        break;
      case Op::kNil: node.kind = ExpandKind::kNil; break;
      case Op::kIntersection: node.kind = ExpandKind::kIntersection; break;
      case Op::kExclusion: node.kind = ExpandKind::kExclusion; break;
      case Op::kPermission:
      case Op::kUnion: node.kind = ExpandKind::kUnion; break;
    }
    const std::string within = node.relation;
    tree_.push_back(std::move(node));
    const auto& children = expression.children;
    for (auto it = children.rbegin(); it != children.rend(); ++it) {
      // A permission whose expression is one union is that union: one level, not two.
      if (expression.op == Op::kPermission && plan_.schema().expression(*it).op == Op::kUnion) {
        const auto& inner = plan_.schema().expression(*it).children;
        for (auto child = inner.rbegin(); child != inner.rend(); ++child) {
          stack_.push_back({*child, goal.type, goal.object_id, within, goal.depth + 1, goal.sets_opened});
        }
        continue;
      }
      stack_.push_back({*it, goal.type, goal.object_id, within, goal.depth + 1, goal.sets_opened});
    }
    return absl::OkStatus();
  }

  // Nothing for a relationship that does not count.
  absl::StatusOr<std::optional<ExpandedSubject>> Judge(const TupleRow& row) {
    auto judged = conditions_.Judge(row.edge, budget_);
    if (!judged.ok()) return judged.status();
    if (judged->state == EdgeState::kGone) return std::nullopt;
    ExpandedSubject subject{.subject = ToRelationship(row, snapshot_.names()).subject,
                            .expires_at = row.edge.expires_at,
                            .written = row.edge.written};
    if (judged->condition != kNoCondition) {
      const Condition& condition = conditions_.at(judged->condition);
      subject.caveat = condition.caveat;
      subject.caveat_context = condition.context;
      subject.missing = condition.missing;
      if (condition.state == EdgeState::kConditional) subject.decision = Decision::kConditional;
    }
    return subject;
  }

  absl::Status ShowSubjects(const Goal& goal, const Expression& expression, ExpandNode node) {
    node.kind = ExpandKind::kSubjects;
    std::vector<Goal> below;
    auto cursor =
        snapshot_.Subjects({plan_.name(goal.type), goal.object_id}, plan_.name(expression.member), SubjectsOf::kAll);
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_->Charge(1, kSubjectBytes); !status.ok()) return status;
      const TupleRow& row = cursor->row();
      auto subject = Judge(row);
      if (!subject.ok()) return subject.status();
      if (!subject->has_value()) continue;
      node.subjects.push_back(**subject);
      if (row.subject.relation == NameId::kNone || goal.sets_opened >= subject_set_depth_ || row.subject.id == "*") {
        continue;
      }
      const TypeId type = plan_.TypeOf(row.subject.type);
      const MemberId member = plan_.MemberOf(type, row.subject.relation);
      if (member == MemberId::kNone) continue;
      below.push_back({plan_.schema().member(member).root, type, std::string(row.subject.id), "", goal.depth + 1,
                       goal.sets_opened + 1, *std::move(subject)});
    }
    if (!cursor->status().ok()) return cursor->status();
    tree_.push_back(std::move(node));
    stack_.insert(stack_.end(), below.rbegin(), below.rend());
    return absl::OkStatus();
  }

  absl::Status ShowArrow(const Goal& goal, const Expression& expression, ExpandNode node) {
    node.kind = expression.op == Op::kArrowAll ? ExpandKind::kIntersection : ExpandKind::kUnion;
    std::vector<Goal> below;
    auto cursor =
        snapshot_.Subjects({plan_.name(goal.type), goal.object_id}, plan_.name(expression.member), SubjectsOf::kAll);
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_->Charge(1, kSubjectBytes); !status.ok()) return status;
      const TupleRow& row = cursor->row();
      auto subject = Judge(row);
      if (!subject.ok()) return subject.status();
      if (!subject->has_value()) continue;
      const TypeId type = plan_.TypeOf(row.subject.type);
      // An object whose type lacks the target: nobody has it there, which matters where all are asked.
      ExprId expr = ExprId::kNone;
      for (const ArrowTarget& target : expression.targets) {
        if (target.type == type) expr = target.expr;
      }
      if (expr == ExprId::kNone && expression.op == Op::kArrowAny) continue;
      below.push_back(
          {expr, type, std::string(row.subject.id), "", goal.depth + 1, goal.sets_opened, *std::move(subject)});
    }
    if (!cursor->status().ok()) return cursor->status();
    tree_.push_back(std::move(node));
    stack_.insert(stack_.end(), below.rbegin(), below.rend());
    return absl::OkStatus();
  }

  const Plan& plan_;
  const Snapshot& snapshot_;
  Conditions conditions_;
  Budget* budget_;
  const uint32_t subject_set_depth_;
  std::vector<Goal> stack_;
  std::vector<ExpandNode> tree_;
  absl::flat_hash_set<std::string> shown_;
};

}  // namespace

absl::StatusOr<std::vector<ExpandNode>> Expand(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                               Budget* budget, const ExpandQuestion& question) {
  const Schema& schema = plan.schema();
  auto type = ResolveType(schema, question.resource.type, "resource.type");
  if (!type.ok()) return type.status();
  auto member = ResolvePermission(schema, *type, question.permission, "permission");
  if (!member.ok()) return member.status();
  if (question.resource.id == "*") {
    return WithField(WithReason(absl::InvalidArgumentError("`*` is no object; name one"), "WILDCARD_NOT_ALLOWED"),
                     "resource.id");
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  auto layered = WithContextual(plan, snapshot, question.contextual);
  if (!layered.ok()) return layered.status();
  Expander expander(plan, **layered, Moment{now, *std::move(context)}, budget, question.subject_set_depth);
  return expander.Run(schema.member(*member).root, *type, question.resource.id);
}

}  // namespace mandate
