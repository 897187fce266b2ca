#include <chrono>

#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/arena_call.h"
#include "service/connection.h"
#include "service/error_mapping.h"
#include "service/metrics.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kBatchItemsMax = 10'000;

// An explanation that is longer is not put into the log.
constexpr size_t kLoggedExplanationBytesMax = 16 << 10;

// Of a batch: a response is one message, of 32 MiB at most (server.cc), and what stands around the results takes
// little.
constexpr size_t kExplainedBytesMax = 31 << 20;

// `document:plan#view@user:alice`, for the log. No context: it may hold what nobody should read there.
std::string QuestionText(const CheckQuestion& question) {
  return ToText(Relationship{question.resource, question.permission, question.subject});
}

// An explanation as the log may have it: without the contexts of caveats, and without what else the text says of a
// relationship with a caveat: why it is not known quotes values.
void DropContexts(Explanation* explanation) {
  for (ExplanationStep& step : explanation->steps) {
    if (!step.relationship) continue;
    step.relationship->caveat_context.clear();
    if (!step.relationship->caveat.empty()) step.text = ToText(*step.relationship);
  }
}

// An error as the log may have it: messages about caveats and contexts quote values.
std::string LoggedError(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (!reason.starts_with("CAVEAT_") && !reason.starts_with("CONTEXT_")) return std::string(status.message());
  const auto details = DetailsOf(status);
  const auto caveat = details.find("caveat_name");
  return caveat == details.end() ? reason : Cat(reason, " of caveat ", Quote(caveat->second));
}

// The engine's error about a question that stands at `path` of the request.
absl::Status Below(const std::string& path, const absl::Status& status) {
  const std::string field = FieldOf(status);
  return field.empty() ? status : WithField(status, Cat(path, ".", field));
}

}  // namespace

absl::StatusOr<View> ViewFor(const Database& database, const v1::Consistency& consistency) {
  auto snapshot = Resolve(database, consistency);
  if (!snapshot.ok()) return snapshot.status();
  return database.ViewOf(*std::move(snapshot));
}

CheckLimits LimitsFor(const Database& database, const grpc::ServerContext& context, const Admission& admission) {
  CheckLimits limits = database.options().check;
  limits.only_delegated = admission.only_delegated();
  if (context.deadline() != std::chrono::system_clock::time_point::max()) {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    limits.budget.time_max = std::min(limits.budget.time_max, absl::FromChrono(left));
  }
  limits.budget.is_cancelled = [&context] { return context.IsCancelled(); };
  return limits;
}

absl::Status AdmitExplained(size_t bytes) {
  if (bytes <= kExplainedBytesMax) return absl::OkStatus();
  return WithReason(
      absl::ResourceExhaustedError(Cat("the results with their explanations take more than ", kExplainedBytesMax >> 20,
                                       " MiB; ask for fewer items at a time, or without explanations")),
      "RESPONSE_TOO_LARGE");
}

// Asks once more, for the explanation: at most once a second.
void PermissionServer::TellSlowQuestion(const grpc::ServerContext& context, std::chrono::nanoseconds took,
                                        const CheckQuestion& question, const absl::Status& status, Checker* checker) {
  nlohmann::ordered_json told{{"question", QuestionText(question)},
                              {"code", CodeName(static_cast<int>(status.code()))}};
  log_->TellSlow(context, gate_->NameOf(context), took, std::move(told), [&]() -> nlohmann::ordered_json {
    if (!status.ok()) return LoggedError(status);
    CheckQuestion again = question;
    again.explain = true;
    auto answer = checker->Check(again);
    if (!answer.ok()) return LoggedError(answer.status());
    DropContexts(&answer->explanation);
    answer->lineage.reset();  // Its chain is explained already.
    v1::CheckResult result;
    ToWire(*answer, &result);
    std::string json = MessageToJson(result);
    if (json.size() > kLoggedExplanationBytesMax)
      return Cat("of ", json.size(), " bytes; ask Check for it with `explain`");
    return nlohmann::ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  });
}

grpc::Status PermissionServer::Check(grpc::ServerContext* context, const v1::CheckRequest* request,
                                     v1::CheckResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = FromWire(request->item(), "item");
  if (!question.ok()) return ToGrpc(question.status());
  question->explain = request->explain();
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  const absl::Time now = database_->now();
  Checker checker = database_->CheckerAt(*view, now, LimitsFor(*database_, *context, admission));
  const auto began = std::chrono::steady_clock::now();
  auto answer = checker.Check(*question);
  const auto took = std::chrono::steady_clock::now() - began;
  if (log_->IsSlow(took)) TellSlowQuestion(*context, took, *question, answer.status(), &checker);
  if (!answer.ok()) return ToGrpc(Below("item", answer.status()));
  ToWire(*answer, response->mutable_result());
  response->mutable_checked_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  ToWire(now, response->mutable_moment());
  return grpc::Status::OK;
}

grpc::Status PermissionServer::StreamedCheckBatch(
    grpc::ServerContext* context, grpc::ServerUnaryStreamer<v1::CheckBatchRequest, v1::CheckBatchResponse>* stream) {
  return OnArena(stream, [&](const v1::CheckBatchRequest& request, v1::CheckBatchResponse* response) {
    return AnswerBatch(context, request, response);
  });
}

grpc::Status PermissionServer::AnswerBatch(grpc::ServerContext* context, const v1::CheckBatchRequest& request,
                                           v1::CheckBatchResponse* response) {
  const Admission admission = gate_->Admit(*context, request);
  if (!admission.ok()) return admission.Refused();
  if (request.items_size() == 0 || request.items_size() > kBatchItemsMax) {
    const bool none = request.items_size() == 0;
    return ToGrpc(
        WithField(WithReason(absl::InvalidArgumentError(Cat("a batch has 1 to ", kBatchItemsMax, " items, this one ",
                                                            request.items_size(), none ? "" : "; split it")),
                             none ? "MISSING_FIELD" : "TOO_MANY"),
                  "items"));
  }
  auto view = ViewFor(*database_, request.consistency());
  if (!view.ok()) return ToGrpc(view.status());
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context, admission));
  size_t explained_bytes = 0;
  for (int i = 0; i < request.items_size(); ++i) {
    // Also when the call's deadline has passed: nobody waits for the rest. To ask costs more than an answer that is
    // kept.
    if (i % kItemsBetweenLooks == 0 && context->IsCancelled()) return ToGrpc(CallerGone());
    v1::CheckBatchResult* result = response->add_results();
    auto question = FromWire(request.items(i), FieldPath("items", i));
    if (!question.ok()) {
      *result->mutable_error() = ToRpcStatus(question.status());
      continue;
    }
    question->explain = request.explain();
    auto answer = checker.Check(*question);
    if (!answer.ok()) {
      *result->mutable_error() = ToRpcStatus(Below(Cat("items[", i, "]"), answer.status()));
      continue;
    }
    ToWire(*answer, result->mutable_result());
    if (!request.explain()) continue;
    explained_bytes += result->ByteSizeLong();
    if (absl::Status s = AdmitExplained(explained_bytes); !s.ok()) return ToGrpc(s);
  }
  response->mutable_checked_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status PermissionServer::ListPermissions(grpc::ServerContext* context, const v1::ListPermissionsRequest* request,
                                               v1::ListPermissionsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (!request->item().permission().empty()) {
    return ToGrpc(WithField(
        WithReason(InvalidArgument("every permission is listed; leave it empty, or ask by Check"), "FIELD_NOT_ALLOWED"),
        "item.permission"));
  }
  v1::CheckItem item = request->item();
  item.set_permission("every");  // Of the right form; the engine never sees it.
  auto question = FromWire(item, "item");
  if (!question.ok()) return ToGrpc(question.status());
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  const Schema& schema = view->plan->schema();
  auto type = ResolveType(schema, question->resource.type, "item.resource.type");
  if (!type.ok()) return ToGrpc(type.status());
  Checker checker = database_->CheckerFor(*view, LimitsFor(*database_, *context, admission));
  for (MemberId id : schema.definition(*type).members) {
    const Member& member = schema.member(id);
    if (member.reserved != Reserved::kNone || (!member.is_permission && !request->relations())) continue;
    question->permission = member.name;
    auto answer = checker.Check(*question);
    // What is wrong with the question itself is wrong for each; what one permission cannot be answered for, for it
    // alone.
    if (!answer.ok() && !HasNoAnswer(answer.status())) return ToGrpc(Below("item", answer.status()));
    v1::ListedPermission* listed = response->add_permissions();
    listed->set_permission(member.name);
    if (answer.ok()) {
      ToWire(*answer, listed->mutable_result());
    } else {
      *listed->mutable_error() = ToRpcStatus(answer.status());
    }
  }
  response->mutable_listed_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status PermissionServer::Expand(grpc::ServerContext* context, const v1::ExpandRequest* request,
                                      v1::ExpandResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = FromWire(*request);
  if (!question.ok()) return ToGrpc(question.status());
  auto view = ViewFor(*database_, request->consistency());
  if (!view.ok()) return ToGrpc(view.status());
  auto nodes = database_->ExpandAt(*view, *question, LimitsFor(*database_, *context, admission));
  if (!nodes.ok()) return ToGrpc(nodes.status());
  ToWire(*nodes, response);
  response->mutable_expanded_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
