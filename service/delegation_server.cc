// The calls of DelegationService that make, use and unmake authority; ledger_server.cc has those that read the ledger.
#include <chrono>

#include "check/describe_authority.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/delegation_writes.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kScopeMax = 1000;
constexpr int kActionsMax = 100;

absl::Status Missing(const std::string& field) {
  return WithField(WithReason(InvalidArgument(Cat("`", field, "` is required")), "MISSING_FIELD"), field);
}

absl::StatusOr<ObjectRef> Required(bool present, const v1::ObjectReference& wire, const std::string& field) {
  if (!present) return Missing(field);
  return FromWire(wire, field);
}

// A moment that lies ahead.
absl::StatusOr<absl::Time> Expiry(bool present, const google::protobuf::Timestamp& wire, const Database& database) {
  if (!present) return Missing("expires_at");
  auto time = TimeFromWire(wire, "expires_at");
  if (!time.ok()) return time.status();
  if (*time > database.now()) return time;
  return WithField(WithReason(InvalidArgument("it would have expired already"), "ALREADY_EXPIRED"), "expires_at");
}

absl::Status CaveatFromWire(const v1::Caveat& wire, std::string* name, std::string* context) {
  *name = wire.name();
  auto text = ContextFromWire(wire.context(), "caveat.context");
  if (!text.ok()) return text.status();
  *context = *std::move(text);
  return absl::OkStatus();
}

// What the caller calls the id of a task or session; empty: one is made.
absl::Status CheckId(const std::string& id, const std::string& field) {
  if (id.empty()) return absl::OkStatus();
  absl::Status status = ValidateObjectId(id, Wildcard::kRefused);
  return status.ok() ? status : WithField(WithReason(status, "MALFORMED_FIELD"), field);
}

absl::StatusOr<CheckQuestion> QuestionFromWire(const v1::Action& wire, const std::string& path) {
  v1::CheckItem item;
  *item.mutable_resource() = wire.resource();
  item.set_permission(wire.permission());
  *item.mutable_audience() = wire.audience();
  item.set_parameter_digest(wire.parameter_digest());
  *item.mutable_context() = wire.context();
  // Who acts is the same for all actions of a call, and checked there.
  item.mutable_subject()->set_type("user");
  item.mutable_subject()->set_id("x");
  if (!wire.has_resource()) item.clear_resource();
  return FromWire(item, path);
}

// What all actions of a call share: session, claims, key.
template <typename Request>
absl::Status Share(const Request& request, std::vector<AuthorizeCall>* calls) {
  auto session = Required(request.has_session(), request.session(), "session");
  if (!session.ok()) return session.status();
  if (absl::Status s = ValidateOpaque(request.idempotency_key(), "idempotency_key"); !s.ok()) return s;
  v1::CheckItem item;  // For the claims alone.
  *item.mutable_resource() = request.session();
  item.set_permission("any");
  item.mutable_subject()->set_type(request.session().type());
  item.mutable_subject()->set_id(request.session().id());
  if (request.has_task()) *item.mutable_task() = request.task();
  *item.mutable_claims() = request.claims();
  auto claims = FromWire(item, "");
  if (!claims.ok()) return claims.status();
  for (AuthorizeCall& call : *calls) {
    call.question.subject = {session->type, session->id, ""};
    call.question.task = claims->task;
    call.question.claims = claims->claims;
    call.idempotency_key = request.idempotency_key();
  }
  return absl::OkStatus();
}

// A limited key is not told through whom: the edges are relationships of others (access/rules.h).
void DecidedToWire(const Answer& answer, const Admission& admission, v1::CheckResult* wire) {
  ToWire(answer, wire);
  if (admission.caller().only) wire->clear_lineage();
}

}  // namespace

grpc::Status DelegationServer::Delegate(grpc::ServerContext* context, const v1::DelegateRequest* request,
                                        v1::DelegateResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  DelegateCall call{.task_type = request->task_type(), .task_id = request->task_id()};
  if (call.task_type.empty()) return ToGrpc(Missing("task_type"));
  if (absl::Status s = CheckId(call.task_id, "task_id"); !s.ok()) return ToGrpc(s);
  auto delegator = Required(request->has_delegator(), request->delegator(), "delegator");
  if (!delegator.ok()) return ToGrpc(delegator.status());
  call.delegator = *std::move(delegator);
  auto delegate = Required(request->has_delegate(), request->delegate(), "delegate");
  if (!delegate.ok()) return ToGrpc(delegate.status());
  call.delegate = *std::move(delegate);
  if (request->scope_size() > kScopeMax) {
    return ToGrpc(WithField(WithReason(InvalidArgument(Cat("a scope has at most ", kScopeMax,
                                                           " items here; write "
                                                           "more with RelationshipService")),
                                       "TOO_MANY"),
                            "scope"));
  }
  for (int i = 0; i < request->scope_size(); ++i) {
    auto item = FromWire(request->scope(i), Cat("scope[", i, "]"), Wildcard::kAllowed);
    if (!item.ok()) return ToGrpc(item.status());
    call.scope.push_back(*std::move(item));
  }
  auto expires_at = Expiry(request->has_expires_at(), request->expires_at(), *database_);
  if (!expires_at.ok()) return ToGrpc(expires_at.status());
  call.expires_at = *expires_at;
  if (request->has_parent_task()) {
    auto parent = FromWire(request->parent_task(), "parent_task");
    if (!parent.ok()) return ToGrpc(parent.status());
    call.parent_task = *std::move(parent);
  }
  if (absl::Status s = CaveatFromWire(request->caveat(), &call.caveat, &call.caveat_context); !s.ok()) return ToGrpc(s);
  auto view = database_->Head();
  if (!view.ok()) return ToGrpc(view.status());
  auto write = ToWrite(*view->plan, call);
  if (!write.ok()) return ToGrpc(write.status());
  auto revision = database_->Write(std::move(write->changes), std::move(write->preconditions));
  if (!revision.ok()) return ToGrpc(revision.status());
  ToWire(write->made, response->mutable_task());
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  for (const auto& [item, message] : UncoveredItems(*database_, call, LimitsFor(*database_, *context, admission))) {
    v1::ScopeWarning* warning = response->add_warnings();
    ToWire(item, warning->mutable_item());
    warning->set_message(message);
  }
  return grpc::Status::OK;
}

grpc::Status DelegationServer::OpenSession(grpc::ServerContext* context, const v1::OpenSessionRequest* request,
                                           v1::OpenSessionResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  OpenSessionCall call{.session_type = request->session_type(), .session_id = request->session_id()};
  if (call.session_type.empty()) return ToGrpc(Missing("session_type"));
  if (absl::Status s = CheckId(call.session_id, "session_id"); !s.ok()) return ToGrpc(s);
  auto agent = Required(request->has_agent(), request->agent(), "agent");
  if (!agent.ok()) return ToGrpc(agent.status());
  call.agent = *std::move(agent);
  auto task = Required(request->has_task(), request->task(), "task");
  if (!task.ok()) return ToGrpc(task.status());
  call.task = *std::move(task);
  auto expires_at = Expiry(request->has_expires_at(), request->expires_at(), *database_);
  if (!expires_at.ok()) return ToGrpc(expires_at.status());
  call.expires_at = *expires_at;
  if (absl::Status s = CaveatFromWire(request->caveat(), &call.caveat, &call.caveat_context); !s.ok()) return ToGrpc(s);
  auto view = database_->Head();
  if (!view.ok()) return ToGrpc(view.status());
  auto write = ToWrite(*view->plan, call);
  if (!write.ok()) return ToGrpc(write.status());
  auto revision = database_->Write(std::move(write->changes), std::move(write->preconditions));
  if (!revision.ok()) return ToGrpc(revision.status());
  ToWire(write->made, response->mutable_session());
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  return grpc::Status::OK;
}

grpc::Status DelegationServer::CloseSession(grpc::ServerContext* context, const v1::CloseSessionRequest* request,
                                            v1::CloseSessionResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto session = Required(request->has_session(), request->session(), "session");
  if (!session.ok()) return ToGrpc(session.status());
  auto view = database_->Head();
  if (!view.ok()) return ToGrpc(view.status());
  auto filters = ToFilters(*view->plan, {RevokeCall::What::kSession, *session});
  if (!filters.ok()) return ToGrpc(filters.status());
  auto deleted = database_->Delete({.filters = *std::move(filters)});
  if (!deleted.ok()) return ToGrpc(deleted.status());
  if (deleted->count == 0) {
    return ToGrpc(WithField(
        WithReason(absl::NotFoundError(Cat("no session `", ToText(*session), "` is open")), "SESSION_NOT_OPEN"),
        "session"));
  }
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), deleted->revision));
  return grpc::Status::OK;
}

grpc::Status DelegationServer::Authorize(grpc::ServerContext* context, const v1::AuthorizeRequest* request,
                                         v1::AuthorizeResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (!request->has_action()) return ToGrpc(Missing("action"));
  auto question = QuestionFromWire(request->action(), "action");
  if (!question.ok()) return ToGrpc(question.status());
  std::vector<AuthorizeCall> calls(1);
  calls[0].question = *std::move(question);
  calls[0].question.explain = request->explain();
  if (absl::Status s = Share(*request, &calls); !s.ok()) return ToGrpc(s);
  auto outcome = authorizer_.Authorize(calls, LimitsFor(*database_, *context, admission));
  if (!outcome.ok()) return ToGrpc(outcome.status());
  DecidedToWire(outcome->answers[0], admission, response->mutable_result());
  response->set_ledger_sequence(outcome->sequences[0]);
  response->set_repeated(outcome->repeated);
  response->mutable_decided_at()->set_token(EncodeToken(database_->store().database_id(), outcome->revision));
  return grpc::Status::OK;
}

grpc::Status DelegationServer::AuthorizeBatch(grpc::ServerContext* context, const v1::AuthorizeBatchRequest* request,
                                              v1::AuthorizeBatchResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (request->actions_size() == 0 || request->actions_size() > kActionsMax) {
    return ToGrpc(WithField(WithReason(InvalidArgument(Cat("a plan has 1 to ", kActionsMax, " actions, this one ",
                                                           request->actions_size())),
                                       request->actions_size() == 0 ? "MISSING_FIELD" : "TOO_MANY"),
                            "actions"));
  }
  std::vector<AuthorizeCall> calls(request->actions_size());
  for (int i = 0; i < request->actions_size(); ++i) {
    auto question = QuestionFromWire(request->actions(i), Cat("actions[", i, "]"));
    if (!question.ok()) return ToGrpc(question.status());
    calls[i].question = *std::move(question);
  }
  if (absl::Status s = Share(*request, &calls); !s.ok()) return ToGrpc(s);
  auto outcome = authorizer_.Authorize(calls, LimitsFor(*database_, *context, admission));
  if (!outcome.ok()) return ToGrpc(outcome.status());
  response->set_allowed(outcome->allowed());
  for (const Answer& answer : outcome->answers) DecidedToWire(answer, admission, response->add_results());
  for (uint64_t sequence : outcome->sequences) response->add_ledger_sequences(sequence);
  response->set_repeated(outcome->repeated);
  response->mutable_decided_at()->set_token(EncodeToken(database_->store().database_id(), outcome->revision));
  return grpc::Status::OK;
}

grpc::Status DelegationServer::Approve(grpc::ServerContext* context, const v1::ApproveRequest* request,
                                       v1::ApproveResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  ApproveCall call{.permission = request->permission(), .parameter_digest = request->parameter_digest()};
  if (request->has_session()) {
    auto session = FromWire(request->session(), "session");
    if (!session.ok()) return ToGrpc(session.status());
    call.session = *std::move(session);
  } else {
    auto task = Required(request->has_task(), request->task(), "task");
    if (!task.ok()) return ToGrpc(task.status());
    call.task = *std::move(task);
  }
  auto resource = Required(request->has_resource(), request->resource(), "resource");
  if (!resource.ok()) return ToGrpc(resource.status());
  call.resource = *std::move(resource);
  if (call.permission.empty()) return ToGrpc(Missing("permission"));
  if (call.parameter_digest.empty()) return ToGrpc(Missing("parameter_digest"));
  if (absl::Status s = ValidateOpaque(call.parameter_digest, "parameter_digest"); !s.ok()) return ToGrpc(s);
  auto approver = Required(request->has_approver(), request->approver(), "approver");
  if (!approver.ok()) return ToGrpc(approver.status());
  call.approver = *std::move(approver);
  auto expires_at = Expiry(request->has_expires_at(), request->expires_at(), *database_);
  if (!expires_at.ok()) return ToGrpc(expires_at.status());
  call.expires_at = *expires_at;
  auto values = ContextFromWire(request->context(), "context");
  if (!values.ok()) return ToGrpc(values.status());
  call.context = *std::move(values);
  auto approved = authorizer_.Approve(call, LimitsFor(*database_, *context, admission));
  if (!approved.ok()) return ToGrpc(approved.status());
  response->set_ledger_sequence(approved->sequence);
  ToWire(approved->root_task, response->mutable_root_task());
  return grpc::Status::OK;
}

grpc::Status DelegationServer::Revoke(grpc::ServerContext* context, const v1::RevokeRequest* request,
                                      v1::RevokeResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  using What = RevokeCall::What;
  RevokeCall call;
  absl::StatusOr<ObjectRef> object = Missing("what");
  switch (request->what_case()) {
    case v1::RevokeRequest::kAgent:
      call.what = What::kAgent;
      object = FromWire(request->agent(), "agent");
      break;
    case v1::RevokeRequest::kTask:
      call.what = What::kTask;
      object = FromWire(request->task(), "task");
      break;
    case v1::RevokeRequest::kSession:
      call.what = What::kSession;
      object = FromWire(request->session(), "session");
      break;
    case v1::RevokeRequest::kLender:
      call.what = What::kLender;
      object = FromWire(request->lender(), "lender");
      break;
    case v1::RevokeRequest::WHAT_NOT_SET: break;
  }
  if (!object.ok()) return ToGrpc(object.status());
  call.object = *std::move(object);
  auto view = database_->Head();
  if (!view.ok()) return ToGrpc(view.status());
  auto filters = ToFilters(*view->plan, call);
  if (!filters.ok()) return ToGrpc(filters.status());
  auto deleted = database_->Delete({.filters = *std::move(filters)});
  if (!deleted.ok()) return ToGrpc(deleted.status());
  response->set_removed(deleted->count);
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), deleted->revision));
  return grpc::Status::OK;
}

grpc::Status DelegationServer::DescribeAuthority(grpc::ServerContext* context,
                                                 const v1::DescribeAuthorityRequest* request,
                                                 v1::DescribeAuthorityResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  AuthorityQuestion question;
  const bool of_session = request->has_session();
  auto subject =
      of_session ? FromWire(request->session(), "session") : Required(request->has_agent(), request->agent(), "agent");
  if (!subject.ok()) return ToGrpc(subject.status());
  question.subject = {subject->type, subject->id, ""};
  if (!of_session || request->has_task()) {
    auto task = Required(request->has_task(), request->task(), "task");
    if (!task.ok()) return ToGrpc(task.status());
    question.task = *std::move(task);
  }
  auto values = ContextFromWire(request->context(), "context");
  if (!values.ok()) return ToGrpc(values.status());
  question.context = *std::move(values);
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  auto authority = mandate::DescribeAuthority(*view->plan, *view->snapshot, database_->now(),
                                              LimitsFor(*database_, *context, admission), question);
  if (!authority.ok()) return ToGrpc(authority.status());
  ToWire(*authority, response);
  response->mutable_described_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
