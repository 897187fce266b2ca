#include "service/delegation_client.h"

#include "mandate/v1/delegation_service.grpc.pb.h"
#include "service/connection.h"
#include "service/wire.h"

namespace mandate {
namespace {

using Stub = v1::DelegationService::Stub;

ObjectRef Object(const v1::ObjectReference& wire) { return {wire.type(), wire.id()}; }

v1::ReadLedgerRequest ToRequest(const LedgerQuery& query) {
  v1::ReadLedgerRequest request;
  if (query.session) ToWire(*query.session, request.mutable_session());
  if (query.task) ToWire(*query.task, request.mutable_task());
  if (query.agent) ToWire(*query.agent, request.mutable_agent());
  if (query.principal) ToWire(*query.principal, request.mutable_principal());
  if (query.resource) ToWire(*query.resource, request.mutable_resource());
  if (query.decision) request.set_decision(DecisionToWire(*query.decision));
  if (query.since != absl::InfinitePast()) ToWire(query.since, request.mutable_since());
  if (query.until != absl::InfiniteFuture()) ToWire(query.until, request.mutable_until());
  request.set_after_sequence(query.after);
  request.set_limit(query.limit);
  return request;
}

DelegationClient::LedgerPage ToPage(const v1::ReadLedgerResponse& response, bool json) {
  DelegationClient::LedgerPage page;
  for (const v1::LedgerEntry& entry : response.entries()) {
    page.records.push_back({.sequence = entry.sequence(),
                            .body = entry.body(),
                            .retired = entry.retired(),
                            .digest = entry.digest(),
                            .hash = entry.hash()});
  }
  if (json) page.json = MessageToJson(response);
  return page;
}

}  // namespace

struct DelegationClient::Stubs {
  explicit Stubs(const Endpoint& server)
      : connection(server), delegation(v1::DelegationService::NewStub(connection.channel())) {}

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) const {
    return connection.Call(*delegation, method, request, response);
  }

  const Connection connection;
  std::unique_ptr<Stub> delegation;
};

DelegationClient::DelegationClient(const Endpoint& server) : stubs_(std::make_unique<Stubs>(server)) {}

DelegationClient::~DelegationClient() = default;

absl::StatusOr<DelegationClient::Delegated> DelegationClient::Delegate(const DelegateCall& call) {
  v1::DelegateRequest request;
  ToWire(call, &request);
  v1::DelegateResponse response;
  absl::Status status = stubs_->Call(&Stub::Delegate, request, &response);
  if (!status.ok()) return status;
  Delegated delegated{Object(response.task()), {}, response.written_at().token(), MessageToJson(response)};
  for (const v1::ScopeWarning& warning : response.warnings()) {
    const v1::SubjectReference& item = warning.item();
    delegated.warnings.push_back({{item.type(), item.id(), item.relation()}, warning.message()});
  }
  return delegated;
}

absl::StatusOr<DelegationClient::Opened> DelegationClient::OpenSession(const OpenSessionCall& call) {
  v1::OpenSessionRequest request;
  ToWire(call, &request);
  v1::OpenSessionResponse response;
  absl::Status status = stubs_->Call(&Stub::OpenSession, request, &response);
  if (!status.ok()) return status;
  return Opened{Object(response.session()), response.written_at().token(), MessageToJson(response)};
}

absl::StatusOr<DelegationClient::Closed> DelegationClient::CloseSession(const ObjectRef& session) {
  v1::CloseSessionRequest request;
  ToWire(session, request.mutable_session());
  v1::CloseSessionResponse response;
  absl::Status status = stubs_->Call(&Stub::CloseSession, request, &response);
  if (!status.ok()) return status;
  return Closed{response.written_at().token(), MessageToJson(response)};
}

absl::StatusOr<DelegationClient::Authorized> DelegationClient::Authorize(const AuthorizeCall& call) {
  v1::AuthorizeRequest request;
  ToWire(call, &request);
  v1::AuthorizeResponse response;
  absl::Status status = stubs_->Call(&Stub::Authorize, request, &response);
  if (!status.ok()) return status;
  return Authorized{.allowed = response.result().decision() == v1::DECISION_ALLOWED,
                    .answers = {AnswerFromWire(response.result())},
                    .sequences = {response.ledger_sequence()},
                    .repeated = response.repeated(),
                    .token = response.decided_at().token(),
                    .json = MessageToJson(response)};
}

absl::StatusOr<DelegationClient::Authorized> DelegationClient::AuthorizeBatch(const std::vector<AuthorizeCall>& plan) {
  v1::AuthorizeBatchRequest request;
  ToWire(plan, &request);
  v1::AuthorizeBatchResponse response;
  absl::Status status = stubs_->Call(&Stub::AuthorizeBatch, request, &response);
  if (!status.ok()) return status;
  Authorized outcome{.allowed = response.allowed(),
                     .repeated = response.repeated(),
                     .token = response.decided_at().token(),
                     .json = MessageToJson(response)};
  for (const v1::CheckResult& result : response.results()) outcome.answers.push_back(AnswerFromWire(result));
  outcome.sequences.assign(response.ledger_sequences().begin(), response.ledger_sequences().end());
  return outcome;
}

absl::StatusOr<DelegationClient::Approved> DelegationClient::Approve(const ApproveCall& call) {
  v1::ApproveRequest request;
  ToWire(call, &request);
  v1::ApproveResponse response;
  absl::Status status = stubs_->Call(&Stub::Approve, request, &response);
  if (!status.ok()) return status;
  return Approved{response.ledger_sequence(), Object(response.root_task()), MessageToJson(response)};
}

absl::StatusOr<DelegationClient::Revoked> DelegationClient::Revoke(const RevokeCall& call) {
  v1::RevokeRequest request;
  ToWire(call, &request);
  v1::RevokeResponse response;
  absl::Status status = stubs_->Call(&Stub::Revoke, request, &response);
  if (!status.ok()) return status;
  return Revoked{response.removed(), response.written_at().token(), MessageToJson(response)};
}

absl::StatusOr<DelegationClient::Described> DelegationClient::DescribeAuthority(const AuthorityQuestion& question,
                                                                                const std::string& at_token) {
  const ObjectRef subject{question.subject.type, question.subject.id};
  v1::DescribeAuthorityRequest request;
  SetConsistency(at_token, request.mutable_consistency());
  ToWire(subject, question.task ? request.mutable_agent() : request.mutable_session());
  if (question.task) ToWire(*question.task, request.mutable_task());
  if (!question.context.empty()) ContextToWire(question.context, request.mutable_context());
  v1::DescribeAuthorityResponse response;
  absl::Status status = stubs_->Call(&Stub::DescribeAuthority, request, &response);
  if (!status.ok()) return status;
  auto authority = AuthorityFromWire(response);
  if (!authority.ok()) return authority.status();
  return Described{*std::move(authority), response.described_at().token(), MessageToJson(response)};
}

absl::StatusOr<DelegationClient::LedgerDescribed> DelegationClient::DescribeLedger() {
  v1::DescribeLedgerResponse response;
  absl::Status status = stubs_->Call(&Stub::DescribeLedger, v1::DescribeLedgerRequest(), &response);
  if (!status.ok()) return status;
  return LedgerDescribed{{response.sequence(), response.hash(), response.base_sequence(), response.base_hash()},
                         response.database_id(),
                         MessageToJson(response)};
}

absl::Status DelegationClient::ReadLedger(const LedgerQuery& query, const LedgerVisitor& visit) {
  grpc::ClientContext context;
  auto reader = stubs_->delegation->ReadLedger(&context, ToRequest(query));
  return stubs_->connection.ReadAll(&context, reader.get(), [&](const v1::ReadLedgerResponse& response) {
    return visit(ToPage(response, query.json));
  });
}

absl::Status DelegationClient::WatchLedger(const LedgerQuery& query, const LedgerVisitor& visit) {
  grpc::ClientContext context;
  auto reader = stubs_->delegation->WatchLedger(&context, ToRequest(query));
  return stubs_->connection.ReadAll(&context, reader.get(), [&](const v1::ReadLedgerResponse& response) {
    return visit(ToPage(response, query.json));
  });
}

absl::StatusOr<DelegationClient::LedgerReplayed> DelegationClient::ReplayLedger(uint64_t sequence) {
  v1::ReplayLedgerRequest request;
  request.set_sequence(sequence);
  v1::ReplayLedgerResponse response;
  absl::Status status = stubs_->Call(&Stub::ReplayLedger, request, &response);
  if (!status.ok()) return status;
  LedgerReplayed replayed{
      AnswerFromWire(response.recorded()), AnswerFromWire(response.replayed()), {}, MessageToJson(response)};
  replayed.differences.assign(response.differences().begin(), response.differences().end());
  return replayed;
}

}  // namespace mandate
