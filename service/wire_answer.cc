// The answers' half of wire.h.
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/wire.h"

namespace mandate {
namespace {

// The value of `Enum` whose wire name is PREFIX + `name`. REQUIRES: there is one; a test goes through all.
template <typename Enum>
Enum ByName(bool (*parse)(google::protobuf::ConstStringParam, Enum*), std::string_view prefix, std::string_view name) {
  Enum value{};
  parse(Cat(prefix, name), &value);
  return value;
}

template <typename Value>
Value FromName(std::string_view (*name_of)(Value), int last, const std::string& name) {
  for (int i = 0; i <= last; ++i) {
    if (name_of(static_cast<Value>(i)) == name) return static_cast<Value>(i);
  }
  return Value{};
}

std::string Suffix(const std::string& name, std::string_view prefix) {
  return name.substr(std::min(prefix.size(), name.size()));
}

void ExpandedToWire(const ExpandedSubject& value, v1::ExpandedSubject* wire) {
  ToWire(value.subject, wire->mutable_subject());
  if (value.expires_at != absl::InfiniteFuture()) {
    ToWire(value.expires_at, wire->mutable_expires_at());
  }
  wire->set_decision(DecisionToWire(value.decision));
  for (const std::string& name : value.missing) wire->add_missing_context(name);
  if (value.caveat.empty()) return;
  wire->mutable_caveat()->set_name(value.caveat);
  if (value.caveat_context.empty()) return;
  ContextToWire(value.caveat_context, wire->mutable_caveat()->mutable_context());
}

ExpandedSubject SubjectFromWire(const v1::ExpandedSubject& wire) {
  ExpandedSubject value;
  value.subject = {wire.subject().type(), wire.subject().id(), wire.subject().relation()};
  if (wire.has_expires_at()) value.expires_at = mandate::FromWire(wire.expires_at());
  value.decision = DecisionFromWire(wire.decision());
  value.missing.assign(wire.missing_context().begin(), wire.missing_context().end());
  value.caveat = wire.caveat().name();
  auto context = ContextFromWire(wire.caveat().context(), "");
  if (context.ok()) value.caveat_context = *std::move(context);
  return value;
}

template <typename Wire>
void FoundToWire(const Found& value, Wire* wire) {
  wire->set_id(value.id);
  if (!value.error.ok()) {
    *wire->mutable_error() = ToRpcStatus(value.error);
    return;
  }
  wire->set_decision(DecisionToWire(value.decision));
  for (const std::string& name : value.missing_context) wire->add_missing_context(name);
}

template <typename Wire>
Found ToFound(const Wire& wire) {
  Found found{.id = wire.id()};
  if (wire.has_error()) {
    found.error = FromRpcStatus(wire.error());
    return found;
  }
  found.decision = DecisionFromWire(wire.decision());
  found.missing_context.assign(wire.missing_context().begin(), wire.missing_context().end());
  return found;
}

void LineageToWire(const Lineage& value, v1::Lineage* wire) {
  for (const Lineage::Hop& hop : value.hops) {
    v1::Lineage::Hop* out = wire->add_hops();
    ToWire(hop.agent, out->mutable_agent());
    ToWire(hop.task, out->mutable_task());
    if (hop.delegator) ToWire(*hop.delegator, out->mutable_delegator());
  }
  if (value.principal) ToWire(*value.principal, wire->mutable_principal());
  for (const Lineage::StoredEdge& edge : value.edges) {
    v1::Lineage::Edge* out = wire->add_edges();
    ToWire(edge.relationship, out->mutable_relationship());
    out->set_written(edge.written.value());
    out->set_born(edge.born.value());
  }
}

Lineage LineageFromWire(const v1::Lineage& wire) {
  Lineage value;
  const auto object = [](const v1::ObjectReference& reference) { return ObjectRef{reference.type(), reference.id()}; };
  for (const v1::Lineage::Hop& hop : wire.hops()) {
    value.hops.push_back({object(hop.agent()), object(hop.task()), std::nullopt});
    if (hop.has_delegator()) value.hops.back().delegator = object(hop.delegator());
  }
  if (wire.has_principal()) value.principal = object(wire.principal());
  for (const v1::Lineage::Edge& edge : wire.edges()) {
    auto relationship = mandate::FromWire(edge.relationship(), "relationship");
    if (!relationship.ok()) continue;
    value.edges.push_back({*std::move(relationship), Revision(edge.written()), Revision(edge.born())});
  }
  return value;
}

constexpr std::string_view kReasonPrefix = "DENIAL_REASON_";
constexpr std::string_view kKindPrefix = "KIND_";

}  // namespace

v1::Decision DecisionToWire(Decision decision) {
  switch (decision) {
    case Decision::kAllowed: return v1::DECISION_ALLOWED;
    case Decision::kDenied: return v1::DECISION_DENIED;
    case Decision::kConditional: return v1::DECISION_CONDITIONAL;
  }
  return v1::DECISION_DENIED;
}

Decision DecisionFromWire(v1::Decision decision) {
  if (decision == v1::DECISION_ALLOWED) return Decision::kAllowed;
  return decision == v1::DECISION_CONDITIONAL ? Decision::kConditional : Decision::kDenied;
}

v1::DenialReason ReasonToWire(DenialReason reason) {
  if (reason == DenialReason::kNone) return v1::DENIAL_REASON_UNSPECIFIED;
  return ByName(&v1::DenialReason_Parse, kReasonPrefix, ReasonName(reason));
}

DenialReason ReasonFromWire(v1::DenialReason reason) {
  return FromName(&ReasonName, static_cast<int>(kLastReason), Suffix(v1::DenialReason_Name(reason), kReasonPrefix));
}

void ToWire(const Answer& value, v1::CheckResult* wire) {
  wire->set_decision(DecisionToWire(value.decision));
  for (const std::string& name : value.missing_context) wire->add_missing_context(name);
  if (value.decision == Decision::kAllowed && value.valid_until != absl::InfiniteFuture()) {
    ToWire(value.valid_until, wire->mutable_valid_until());
  }
  if (value.reason != DenialReason::kNone) {
    wire->set_reason(ReasonToWire(value.reason));
    wire->set_reason_at(value.reason_at);
  }
  for (const ExplanationStep& step : value.explanation.steps) {
    v1::ExplanationStep* out = wire->add_explanation();
    out->set_depth(step.depth);
    out->set_kind(ByName(&v1::ExplanationStep_Kind_Parse, kKindPrefix, StepKindName(step.kind)));
    out->set_decision(DecisionToWire(step.decision));
    out->set_text(step.text);
    if (step.relationship) ToWire(*step.relationship, out->mutable_relationship());
    out->set_revision(step.revision.value());
    out->set_reads(step.reads);
  }
  if (value.lineage) LineageToWire(*value.lineage, wire->mutable_lineage());
  for (uint64_t approval : value.approvals) wire->add_approvals(approval);
  wire->set_steps(value.steps);
  const int64_t nanos = absl::ToInt64Nanoseconds(value.duration);
  wire->mutable_duration()->set_seconds(nanos / 1'000'000'000);
  wire->mutable_duration()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

void ToWire(const std::vector<ExpandNode>& value, v1::ExpandResponse* wire) {
  for (const ExpandNode& node : value) {
    v1::ExpandNode* out = wire->add_nodes();
    out->set_depth(node.depth);
    out->set_kind(ByName(&v1::ExpandNode_Kind_Parse, kKindPrefix, ExpandKindName(node.kind)));
    ToWire(node.object, out->mutable_object());
    out->set_relation(node.relation);
    for (const ExpandedSubject& subject : node.subjects) ExpandedToWire(subject, out->add_subjects());
    if (node.over) ExpandedToWire(*node.over, out->mutable_over());
  }
}

Answer AnswerFromWire(const v1::CheckResult& wire) {
  Answer answer;
  answer.decision = DecisionFromWire(wire.decision());
  answer.missing_context.assign(wire.missing_context().begin(), wire.missing_context().end());
  if (wire.has_valid_until()) answer.valid_until = FromWire(wire.valid_until());
  answer.reason = ReasonFromWire(wire.reason());
  answer.reason_at = wire.reason_at();
  for (const v1::ExplanationStep& step : wire.explanation()) {
    ExplanationStep& out = answer.explanation.steps.emplace_back();
    out.depth = step.depth();
    out.kind = FromName(&StepKindName, static_cast<int>(StepKind::kCut),
                        Suffix(v1::ExplanationStep_Kind_Name(step.kind()), kKindPrefix));
    out.decision = DecisionFromWire(step.decision());
    out.text = step.text();
    if (step.has_relationship()) {
      auto relationship = FromWire(step.relationship(), "relationship");
      if (relationship.ok()) out.relationship = *std::move(relationship);
    }
    out.revision = Revision(step.revision());
    out.reads = step.reads();
  }
  if (wire.has_lineage()) answer.lineage = LineageFromWire(wire.lineage());
  answer.approvals.assign(wire.approvals().begin(), wire.approvals().end());
  answer.steps = wire.steps();
  answer.duration = absl::Seconds(wire.duration().seconds()) + absl::Nanoseconds(wire.duration().nanos());
  return answer;
}

std::vector<ExpandNode> NodesFromWire(const v1::ExpandResponse& wire) {
  std::vector<ExpandNode> nodes;
  for (const v1::ExpandNode& node : wire.nodes()) {
    ExpandNode& out = nodes.emplace_back();
    out.depth = node.depth();
    out.kind = FromName(&ExpandKindName, static_cast<int>(ExpandKind::kRepeated),
                        Suffix(v1::ExpandNode_Kind_Name(node.kind()), kKindPrefix));
    out.object = {node.object().type(), node.object().id()};
    out.relation = node.relation();
    for (const v1::ExpandedSubject& subject : node.subjects()) {
      out.subjects.push_back(SubjectFromWire(subject));
    }
    if (node.has_over()) out.over = SubjectFromWire(node.over());
  }
  return nodes;
}

void ToWire(const Found& value, v1::FoundResource* wire) { FoundToWire(value, wire); }
void ToWire(const Found& value, v1::FoundSubject* wire) {
  FoundToWire(value, wire);
  if (value.principal) ToWire(*value.principal, wire->mutable_principal());
  if (value.task) ToWire(*value.task, wire->mutable_task());
}
Found FoundFromWire(const v1::FoundResource& wire) { return ToFound(wire); }
Found FoundFromWire(const v1::FoundSubject& wire) {
  Found found = ToFound(wire);
  if (wire.has_principal()) found.principal = ObjectRef{wire.principal().type(), wire.principal().id()};
  if (wire.has_task()) found.task = ObjectRef{wire.task().type(), wire.task().id()};
  return found;
}

}  // namespace mandate
