#include <chrono>

#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kBatchItemsMax = 10'000;
constexpr uint32_t kSubjectSetDepthMax = 1'000'000;

absl::StatusOr<View> ViewFor(const Database& database, const v1::Consistency& consistency) {
  auto snapshot = Resolve(database, consistency);
  if (!snapshot.ok()) return snapshot.status();
  return database.ViewOf(*std::move(snapshot));
}

// The server's limits, with no more time than the caller waits.
CheckLimits LimitsFor(const Database& database, const grpc::ServerContext& context) {
  CheckLimits limits = database.options().check;
  const auto left = context.deadline() - std::chrono::system_clock::now();
  if (context.deadline() != std::chrono::system_clock::time_point::max()) {
    limits.budget.time_max = std::min(limits.budget.time_max, absl::FromChrono(left));
  }
  return limits;
}

}  // namespace

grpc::Status PermissionServer::Check(grpc::ServerContext* context, const v1::CheckRequest* request,
                                     v1::CheckResponse* response) {
  auto question = FromWire(request->item(), "item");
  if (!question.ok()) return ToGrpc(question.status());
  question->explain = request->explain();
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context));
  auto answer = checker.Check(*question);
  if (!answer.ok()) return ToGrpc(answer.status());
  ToWire(*answer, response->mutable_result());
  response->mutable_checked_at()->set_token(
      EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status PermissionServer::CheckBatch(grpc::ServerContext* context,
                                          const v1::CheckBatchRequest* request,
                                          v1::CheckBatchResponse* response) {
  if (request->items_size() == 0 || request->items_size() > kBatchItemsMax) {
    return ToGrpc(WithField(WithReason(absl::InvalidArgumentError(Cat(
                                           "a batch has 1 to ", kBatchItemsMax, " items, this one ",
                                           request->items_size(), "; split it")),
                                       "TOO_MANY"),
                            "items"));
  }
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context));
  for (int i = 0; i < request->items_size(); ++i) {
    v1::CheckBatchResult* result = response->add_results();
    const std::string path = Cat("items[", i, "]");
    auto question = FromWire(request->items(i), path);
    if (!question.ok()) {
      *result->mutable_error() = ToRpcStatus(question.status());
      continue;
    }
    auto answer = checker.Check(*question);
    if (answer.ok()) {
      ToWire(*answer, result->mutable_result());
      continue;
    }
    if (context->IsCancelled()) return ToGrpc(absl::CancelledError("the caller went away"));
    const std::string field = FieldOf(answer.status());
    *result->mutable_error() = ToRpcStatus(
        field.empty() ? answer.status() : WithField(answer.status(), Cat(path, ".", field)));
  }
  response->mutable_checked_at()->set_token(
      EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status PermissionServer::Expand(grpc::ServerContext* context,
                                      const v1::ExpandRequest* request,
                                      v1::ExpandResponse* response) {
  if (!request->has_resource()) {
    return ToGrpc(WithField(
        WithReason(absl::InvalidArgumentError("`resource` is required"), "MISSING_FIELD"),
        "resource"));
  }
  auto resource = FromWire(request->resource(), "resource");
  if (!resource.ok()) return ToGrpc(resource.status());
  if (absl::Status status = ValidateRelationName(request->permission()); !status.ok()) {
    return ToGrpc(WithField(status, "permission"));
  }
  if (request->subject_set_depth() > kSubjectSetDepthMax) {
    return ToGrpc(WithField(WithReason(absl::InvalidArgumentError(
                                           Cat("at most ", kSubjectSetDepthMax, " levels")),
                                       "TOO_MANY"),
                            "subject_set_depth"));
  }
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  auto nodes = database_->ExpandAt(
      *view, {*resource, request->permission(), request->subject_set_depth()},
      LimitsFor(*database_, *context));
  if (!nodes.ok()) return ToGrpc(nodes.status());
  ToWire(*nodes, response);
  response->mutable_expanded_at()->set_token(
      EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
