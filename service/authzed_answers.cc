#include "service/authzed_answers.h"

#include <map>

#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_wire.h"
#include "service/wire.h"

namespace mandate {
namespace {

// Showing again what was shown before can double a tree at each level.
constexpr size_t kTreeNodesMax = 100'000;

struct Shown {
  uint32_t depth;
  const ExpandNode* node;
  bool is_circle = false;
};

bool HasName(const ExpandNode& node) {
  return node.kind == ExpandKind::kSubjects || node.kind == ExpandKind::kUnion || node.kind == ExpandKind::kRepeated;
}

// The nodes with every kRepeated replaced by what it repeats, or marked as a circle.
absl::StatusOr<std::vector<Shown>> Unfold(const std::vector<ExpandNode>& nodes) {
  std::vector<Shown> out;
  std::map<std::pair<ObjectRef, std::string>, size_t> first;  // Where in `out` a goal was shown.
  std::vector<size_t> path;                                   // The open node of each level.
  for (const ExpandNode& node : nodes) {
    if (out.size() > kTreeNodesMax) {
      return absl::ResourceExhaustedError(
          Cat("the tree has more than ", kTreeNodesMax, " nodes; ask for a part of it, or LookupSubjects"));
    }
    path.resize(node.depth);
    path.push_back(out.size());
    const std::pair key(node.object, node.relation);
    if (node.kind != ExpandKind::kRepeated) {
      // The operators inside a permission carry its name too; the goal itself comes first.
      if (HasName(node)) first.emplace(key, out.size());
      out.push_back({node.depth, &node});
      continue;
    }
    const auto found = first.find(key);
    if (found == first.end()) return absl::InternalError("a repeated goal that was not shown before");
    const size_t origin = found->second;
    const uint32_t depth = out[origin].depth;
    if (depth < node.depth && path[depth] == origin) {
      out.push_back({node.depth, &node, true});
      continue;
    }
    const size_t behind = out.size();
    for (size_t i = origin; i < behind && (i == origin || out[i].depth > depth); ++i) {
      Shown again = out[i];
      again.depth = again.depth - depth + node.depth;
      out.push_back(again);
    }
  }
  return out;
}

void NodeToWire(const Shown& shown, az::PermissionRelationshipTree* tree) {
  const ExpandNode& node = *shown.node;
  ToWire(node.object, tree->mutable_expanded_object());
  tree->set_expanded_relation(node.relation);
  switch (node.kind) {
    case ExpandKind::kUnion:
      tree->mutable_intermediate()->set_operation(az::AlgebraicSubjectSet::OPERATION_UNION);
      return;
    case ExpandKind::kIntersection:
      tree->mutable_intermediate()->set_operation(az::AlgebraicSubjectSet::OPERATION_INTERSECTION);
      return;
    case ExpandKind::kExclusion:
      tree->mutable_intermediate()->set_operation(az::AlgebraicSubjectSet::OPERATION_EXCLUSION);
      return;
    case ExpandKind::kSubjects:
    case ExpandKind::kSelf:
    case ExpandKind::kNil:
    case ExpandKind::kRepeated:
      for (const ExpandedSubject& subject : node.subjects)
        ToWire(subject.subject, tree->mutable_leaf()->add_subjects());
      if (shown.is_circle) {
        ToWire(SubjectRef{node.object.type, node.object.id, node.relation}, tree->mutable_leaf()->add_subjects());
      }
      tree->mutable_leaf();
  }
}

az::CheckDebugTrace::Permissionship PermissionshipOf(Decision decision) {
  switch (decision) {
    case Decision::kAllowed: return az::CheckDebugTrace::PERMISSIONSHIP_HAS_PERMISSION;
    case Decision::kConditional: return az::CheckDebugTrace::PERMISSIONSHIP_CONDITIONAL_PERMISSION;
    case Decision::kDenied: break;
  }
  return az::CheckDebugTrace::PERMISSIONSHIP_NO_PERMISSION;
}

void CaveatToWire(const Schema& schema, const ExplanationStep& step, az::CaveatEvalInfo* info) {
  const Relationship& relationship = *step.relationship;
  info->set_caveat_name(relationship.caveat);
  if (auto caveat = schema.FindCaveat(relationship.caveat)) info->set_expression(schema.caveat(*caveat).expression);
  info->set_result(step.decision == Decision::kAllowed       ? az::CaveatEvalInfo::RESULT_TRUE
                   : step.decision == Decision::kConditional ? az::CaveatEvalInfo::RESULT_MISSING_SOME_CONTEXT
                                                             : az::CaveatEvalInfo::RESULT_FALSE);
  ContextToWire(relationship.caveat_context, info->mutable_context());
}

// `document:plan#view`, as steps name their goals.
bool GoalToWire(const Schema& schema, const ExplanationStep& step, az::CheckDebugTrace* trace) {
  const std::string goal = step.text.substr(0, step.text.find(' '));
  const size_t hash = goal.find('#');
  auto object = ParseObject(goal.substr(0, hash));
  if (hash == goal.npos || !object.ok()) return false;
  const std::string name = goal.substr(hash + 1);
  auto type = schema.FindType(object->type);
  if (!type || !schema.FindMember(*type, name)) return false;
  ToWire(*object, trace->mutable_resource());
  trace->set_permission(name);
  trace->set_permission_type(schema.member(*schema.FindMember(*type, name)).is_permission
                                 ? az::CheckDebugTrace::PERMISSION_TYPE_PERMISSION
                                 : az::CheckDebugTrace::PERMISSION_TYPE_RELATION);
  trace->set_result(PermissionshipOf(step.decision));
  trace->mutable_sub_problems();
  return true;
}

}  // namespace

absl::Status TreeToWire(const std::vector<ExpandNode>& nodes, az::PermissionRelationshipTree* tree) {
  auto shown = Unfold(nodes);
  if (!shown.ok()) return shown.status();
  std::vector<az::PermissionRelationshipTree*> open;
  for (const Shown& node : *shown) {
    if (node.depth >= kTreeLevelsMax) {
      return AuthzedError(absl::StatusCode::kFailedPrecondition, az::ERROR_REASON_MAXIMUM_DEPTH_EXCEEDED,
                          Cat("the tree is more than ", kTreeLevelsMax,
                              " levels deep, which no reader of the message takes; ask for a part of it"));
    }
    open.resize(node.depth);
    open.push_back(open.empty() ? tree : open.back()->mutable_intermediate()->add_children());
    NodeToWire(node, open.back());
  }
  return absl::OkStatus();
}

void TraceToWire(const Schema& schema, const CheckQuestion& question, const Answer& answer,
                 az::CheckDebugTrace* trace) {
  ToWire(question.resource, trace->mutable_resource());
  trace->set_permission(question.permission);
  const auto type = schema.FindType(question.resource.type);
  const Member& member = schema.member(*schema.FindMember(*type, question.permission));
  trace->set_permission_type(member.is_permission ? az::CheckDebugTrace::PERMISSION_TYPE_PERMISSION
                                                  : az::CheckDebugTrace::PERMISSION_TYPE_RELATION);
  ToWire(question.subject, trace->mutable_subject());
  trace->set_result(PermissionshipOf(answer.decision));
  trace->mutable_sub_problems();
  const int64_t nanos = absl::ToInt64Nanoseconds(answer.duration);
  trace->mutable_duration()->set_seconds(nanos / 1'000'000'000);
  trace->mutable_duration()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  if (schema.definition(*schema.FindType(question.subject.type)).kind != Kind::kDefinition) return;
  // The goals that are open, each with the depth of its step.
  std::vector<std::pair<uint32_t, az::CheckDebugTrace*>> open = {{0, trace}};
  bool is_root = true;
  for (const ExplanationStep& step : answer.explanation.steps) {
    while (open.size() > 1 && open.back().first >= step.depth) open.pop_back();
    az::CheckDebugTrace* above = open.back().second;
    if (step.kind == StepKind::kRelationship && step.relationship && !step.relationship->caveat.empty()) {
      CaveatToWire(schema, step, above->mutable_caveat_evaluation_info());
    }
    if (step.kind != StepKind::kPermission && step.kind != StepKind::kRelation && step.kind != StepKind::kRepeated) {
      continue;
    }
    if (std::exchange(is_root, false) || open.size() >= kTreeLevelsMax) continue;
    az::CheckDebugTrace below;
    if (!GoalToWire(schema, step, &below)) continue;
    ToWire(question.subject, below.mutable_subject());
    auto* traces = above->mutable_sub_problems()->mutable_traces();
    *traces->Add() = std::move(below);
    open.emplace_back(step.depth, &traces->at(traces->size() - 1));
  }
}

}  // namespace mandate
