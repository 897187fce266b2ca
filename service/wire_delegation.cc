// The half of wire.h that is about making, using and describing authority.
#include "schema/text.h"
#include "service/wire.h"

namespace mandate {
namespace {

void CaveatToWire(const std::string& name, const std::string& context, v1::Caveat* wire) {
  wire->set_name(name);
  if (!context.empty()) ContextToWire(context, wire->mutable_context());
}

void ActionToWire(const CheckQuestion& value, v1::Action* wire) {
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  for (const SubjectRef& member : value.audience) ToWire(member, wire->add_audience());
  wire->set_parameter_digest(value.parameter_digest);
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
}

// Who acts, what the caller believes, and the key: what all actions of a call share.
template <typename Request>
void CallerToWire(const AuthorizeCall& call, Request* wire) {
  const CheckQuestion& question = call.question;
  wire->mutable_session()->set_type(question.subject.type);
  wire->mutable_session()->set_id(question.subject.id);
  if (question.task) ToWire(*question.task, wire->mutable_task());
  if (!question.claims.empty()) {
    v1::CheckItem item;  // Where claims have a form already.
    ToWire(question, &item);
    *wire->mutable_claims() = item.claims();
  }
  wire->set_idempotency_key(call.idempotency_key);
}

void ItemsToWire(const std::vector<Authority::Item>& items, google::protobuf::RepeatedPtrField<v1::Item>* wire) {
  for (const Authority::Item& item : items) {
    v1::Item* out = wire->Add();
    ToWire(item.relationship.subject, out->mutable_item());
    v1::Relationship whole;  // For the attributes, which stand there alike.
    ToWire(item.relationship, &whole);
    if (whole.has_expires_at()) *out->mutable_expires_at() = whole.expires_at();
    if (whole.has_caveat()) *out->mutable_caveat() = whole.caveat();
    out->set_decision(DecisionToWire(item.decision));
  }
}

absl::Status ItemsFromWire(const google::protobuf::RepeatedPtrField<v1::Item>& wire, const v1::ObjectReference& holder,
                           const char* relation, std::vector<Authority::Item>* items) {
  for (const v1::Item& item : wire) {
    v1::Relationship whole;
    *whole.mutable_resource() = holder;
    whole.set_relation(relation);
    *whole.mutable_subject() = item.item();
    if (item.has_expires_at()) *whole.mutable_expires_at() = item.expires_at();
    if (item.has_caveat()) *whole.mutable_caveat() = item.caveat();
    auto relationship = FromWire(whole, relation);
    if (!relationship.ok()) return relationship.status();
    items->push_back({*std::move(relationship), DecisionFromWire(item.decision())});
  }
  return absl::OkStatus();
}

}  // namespace

void ToWire(const DelegateCall& value, v1::DelegateRequest* wire) {
  wire->set_task_type(value.task_type);
  wire->set_task_id(value.task_id);
  ToWire(value.delegator, wire->mutable_delegator());
  ToWire(value.delegate, wire->mutable_delegate());
  for (const SubjectRef& item : value.scope) ToWire(item, wire->add_scope());
  ToWire(value.expires_at, wire->mutable_expires_at());
  if (value.parent_task) ToWire(*value.parent_task, wire->mutable_parent_task());
  if (!value.caveat.empty()) CaveatToWire(value.caveat, value.caveat_context, wire->mutable_caveat());
}

void ToWire(const OpenSessionCall& value, v1::OpenSessionRequest* wire) {
  wire->set_session_type(value.session_type);
  wire->set_session_id(value.session_id);
  ToWire(value.agent, wire->mutable_agent());
  ToWire(value.task, wire->mutable_task());
  ToWire(value.expires_at, wire->mutable_expires_at());
  if (!value.caveat.empty()) CaveatToWire(value.caveat, value.caveat_context, wire->mutable_caveat());
}

void ToWire(const ApproveCall& value, v1::ApproveRequest* wire) {
  if (value.session) ToWire(*value.session, wire->mutable_session());
  if (value.task) ToWire(*value.task, wire->mutable_task());
  ToWire(value.resource, wire->mutable_resource());
  wire->set_permission(value.permission);
  wire->set_parameter_digest(value.parameter_digest);
  ToWire(value.approver, wire->mutable_approver());
  ToWire(value.expires_at, wire->mutable_expires_at());
  if (!value.context.empty()) ContextToWire(value.context, wire->mutable_context());
}

void ToWire(const RevokeCall& value, v1::RevokeRequest* wire) {
  switch (value.what) {
    case RevokeCall::What::kAgent: ToWire(value.object, wire->mutable_agent()); break;
    case RevokeCall::What::kTask: ToWire(value.object, wire->mutable_task()); break;
    case RevokeCall::What::kSession: ToWire(value.object, wire->mutable_session()); break;
    case RevokeCall::What::kLender: ToWire(value.object, wire->mutable_lender()); break;
  }
}

void ToWire(const AuthorizeCall& value, v1::AuthorizeRequest* wire) {
  CallerToWire(value, wire);
  ActionToWire(value.question, wire->mutable_action());
  wire->set_explain(value.question.explain);
}

void ToWire(const std::vector<AuthorizeCall>& value, v1::AuthorizeBatchRequest* wire) {
  CallerToWire(value.front(), wire);
  for (const AuthorizeCall& call : value) ActionToWire(call.question, wire->add_actions());
}

void ToWire(const Authority& value, v1::DescribeAuthorityResponse* wire) {
  wire->set_decision(DecisionToWire(value.chain.decision));
  wire->set_reason(ReasonToWire(value.chain.reason));
  wire->set_reason_at(value.chain.reason_at);
  for (const std::string& name : value.chain.missing_context) wire->add_missing_context(name);
  const Lineage& lineage = *value.chain.lineage;
  for (size_t i = 0; i < lineage.hops.size(); ++i) {
    v1::ChainHop* hop = wire->add_chain();
    ToWire(lineage.hops[i].agent, hop->mutable_agent());
    ToWire(lineage.hops[i].task, hop->mutable_task());
    if (lineage.hops[i].delegator) ToWire(*lineage.hops[i].delegator, hop->mutable_delegator());
    ItemsToWire(value.hops[i].scope, hop->mutable_scope());
    ItemsToWire(value.hops[i].boundary, hop->mutable_boundary());
    hop->set_has_boundary(value.hops[i].has_boundary);
  }
  if (lineage.principal) ToWire(*lineage.principal, wire->mutable_principal());
  if (value.chain.decision == Decision::kAllowed && value.chain.valid_until != absl::InfiniteFuture()) {
    ToWire(value.chain.valid_until, wire->mutable_valid_until());
  }
  for (const Authority::Rule& rule : value.rules) {
    v1::RuleState* out = wire->add_rules();
    ToWire(rule.task, out->mutable_task());
    out->set_rule(rule.text);
    out->set_is_limit(rule.is_limit);
    out->set_used(rule.used);
    out->set_left(rule.left);
  }
}

absl::StatusOr<Authority> AuthorityFromWire(const v1::DescribeAuthorityResponse& wire) {
  const auto object = [](const v1::ObjectReference& reference) { return ObjectRef{reference.type(), reference.id()}; };
  Authority value;
  value.chain.decision = DecisionFromWire(wire.decision());
  value.chain.reason = ReasonFromWire(wire.reason());
  value.chain.reason_at = wire.reason_at();
  value.chain.missing_context.assign(wire.missing_context().begin(), wire.missing_context().end());
  if (wire.has_valid_until()) value.chain.valid_until = FromWire(wire.valid_until());
  Lineage lineage;
  for (const v1::ChainHop& wire_hop : wire.chain()) {
    lineage.hops.push_back({object(wire_hop.agent()), object(wire_hop.task()), std::nullopt});
    if (wire_hop.has_delegator()) lineage.hops.back().delegator = object(wire_hop.delegator());
    Authority::Hop& hop = value.hops.emplace_back();
    absl::Status status = ItemsFromWire(wire_hop.scope(), wire_hop.task(), "scope", &hop.scope);
    status.Update(ItemsFromWire(wire_hop.boundary(), wire_hop.agent(), "boundary", &hop.boundary));
    if (!status.ok()) return status;
    hop.has_boundary = wire_hop.has_boundary();
  }
  if (wire.has_principal()) lineage.principal = object(wire.principal());
  value.chain.lineage = std::move(lineage);
  for (const v1::RuleState& rule : wire.rules()) {
    value.rules.push_back({object(rule.task()), rule.rule(), rule.is_limit(), rule.used(), rule.left()});
  }
  return value;
}

}  // namespace mandate
