// Questions of authzed.api.v1.
#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/arena_call.h"
#include "service/authzed_answers.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kBulkItemsMax = 10'000;

Relationship NamesIn(const CheckQuestion& question) {
  return {.resource = question.resource, .relation = question.permission, .subject = question.subject};
}

// What both kinds of response say; those of a batch have no expiry.
template <typename Response>
void AnswerToWire(const View& view, const CheckQuestion& question, const Answer& answer, Response* response) {
  switch (answer.decision) {
    case Decision::kAllowed:
      response->set_permissionship(az::CheckPermissionResponse::PERMISSIONSHIP_HAS_PERMISSION);
      break;
    case Decision::kConditional:
      response->set_permissionship(az::CheckPermissionResponse::PERMISSIONSHIP_CONDITIONAL_PERMISSION);
      for (const std::string& name : answer.missing_context) {
        response->mutable_partial_caveat_info()->add_missing_required_context(name);
      }
      break;
    case Decision::kDenied:
      response->set_permissionship(az::CheckPermissionResponse::PERMISSIONSHIP_NO_PERMISSION);
      break;
  }
  if (!question.explain) return;
  TraceToWire(view.plan->schema(), question, answer, response->mutable_debug_trace()->mutable_check());
  if (auto record = view.snapshot->Schema(); record.ok()) {
    response->mutable_debug_trace()->set_schema_used(record->text);
  }
}

}  // namespace

grpc::Status AuthzedPermissions::CheckPermission(grpc::ServerContext* context,
                                                 const az::CheckPermissionRequest* request,
                                                 az::CheckPermissionResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = QuestionFromWire(*request, "");
  if (!question.ok()) return ToAuthzed(question.status());
  question->explain = request->with_tracing();
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status(), NamesIn(*question));
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context, admission));
  auto answer = checker.Check(*question);
  if (!answer.ok()) return ToAuthzed(answer.status(), NamesIn(*question));
  AnswerToWire(*view, *question, *answer, response);
  if (answer->decision == Decision::kAllowed && answer->valid_until != absl::InfiniteFuture()) {
    ToWire(answer->valid_until, response->mutable_optional_expires_at());
  }
  response->mutable_checked_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedPermissions::StreamedCheckBulkPermissions(
    grpc::ServerContext* context,
    grpc::ServerUnaryStreamer<az::CheckBulkPermissionsRequest, az::CheckBulkPermissionsResponse>* stream) {
  return OnArena(stream,
                 [&](const az::CheckBulkPermissionsRequest& request, az::CheckBulkPermissionsResponse* response) {
                   return CheckBulk(context, request, response);
                 });
}

grpc::Status AuthzedPermissions::CheckBulk(grpc::ServerContext* context, const az::CheckBulkPermissionsRequest& request,
                                           az::CheckBulkPermissionsResponse* response) {
  const Admission admission = gate_->Admit(*context, request);
  if (!admission.ok()) return admission.Refused();
  if (request.items_size() > kBulkItemsMax) {
    return ToGrpc(AuthzedError(
        absl::StatusCode::kInvalidArgument, az::ERROR_REASON_TOO_MANY_CHECKS_IN_REQUEST,
        Cat("a batch has at most ", kBulkItemsMax, " items, this one ", request.items_size(), "; split it"),
        {{"check_count", Cat(request.items_size())}, {"maximum_checks_allowed", Cat(kBulkItemsMax)}}));
  }
  std::vector<CheckQuestion> questions;
  for (int i = 0; i < request.items_size(); ++i) {
    // What has no form is an error of the request, not of one item, as elsewhere.
    auto question = QuestionFromWire(request.items(i), FieldPath("items", i));
    if (!question.ok()) return ToAuthzed(question.status());
    question->explain = request.with_tracing();
    questions.push_back(*std::move(question));
  }
  auto view = AuthzedView(*database_, request.has_consistency(), request.consistency());
  if (!view.ok()) return ToAuthzed(view.status(), questions.empty() ? Relationship{} : NamesIn(questions[0]));
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context, admission));
  size_t traced_bytes = 0;
  for (int i = 0; i < request.items_size(); ++i) {
    if (i % kItemsBetweenLooks == 0 && context->IsCancelled()) return ToGrpc(CallerGone());
    az::CheckBulkPermissionsPair* pair = response->add_pairs();
    *pair->mutable_request() = request.items(i);
    if (request.items(i).context().fields().empty()) pair->mutable_request()->clear_context();
    auto answer = checker.Check(questions[i]);
    if (answer.ok()) {
      AnswerToWire(*view, questions[i], *answer, pair->mutable_item());
    } else {
      *pair->mutable_error() = ToRpcStatus(AsAuthzed(answer.status(), NamesIn(questions[i])));
    }
    if (!request.with_tracing()) continue;
    traced_bytes += pair->ByteSizeLong();  // The text of the schema among them.
    if (absl::Status s = AdmitExplained(traced_bytes); !s.ok()) return ToAuthzed(s);
  }
  response->mutable_checked_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedPermissions::ExpandPermissionTree(grpc::ServerContext* context,
                                                      const az::ExpandPermissionTreeRequest* request,
                                                      az::ExpandPermissionTreeResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = FromWire(*request);
  if (!question.ok()) return ToAuthzed(question.status());
  const Relationship named{.resource = question->resource, .relation = question->permission};
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status(), named);
  auto nodes = database_->ExpandAt(*view, *question, LimitsFor(*database_, *context, admission));
  if (!nodes.ok()) return ToAuthzed(nodes.status(), named);
  if (absl::Status status = TreeToWire(*nodes, response->mutable_tree_root()); !status.ok()) return ToAuthzed(status);
  response->mutable_expanded_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
