#include "service/http/authzen_answer.h"

#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/http/authzen_names.h"

namespace mandate {
namespace {

constexpr char kRecordObligation[] = "urn:mandate:obligation:record";

// Cut, as over gRPC: names that the caller made up may stand in it whole, and in each answer of a batch.
std::string MessageOf(const absl::Status& status) { return ToRpcStatus(status).message(); }

Json Text(std::string_view message) { return {{"en", std::string(message)}}; }

Json Reference(const std::string& type, const std::string& id) { return {{"type", type}, {"id", id}}; }

// Rules over time stand on a task of the chain.
bool HasRules(const Schema& schema, const Answer& answer) {
  if (!answer.lineage) return false;
  for (const Lineage::Hop& hop : answer.lineage->hops) {
    const auto type = schema.FindType(hop.task.type);
    if (type && !schema.definition(*type).rules.empty()) return true;
  }
  return false;
}

// What to send to Approve, but for who approves, and until when.
Json ApprovalFor(const Schema& schema, const CheckQuestion& question) {
  const auto type = schema.FindType(question.subject.type);
  const bool is_session = type && schema.definition(*type).kind == Kind::kSession;
  Json request = {{"resource", Reference(question.resource.type, question.resource.id)},
                  {"permission", question.permission}};
  Json needed = {"approver", "expiresAt"};
  if (is_session) {
    request["session"] = Reference(question.subject.type, question.subject.id);
  } else if (question.task) {
    request["task"] = Reference(question.task->type, question.task->id);
  }
  if (question.parameter_digest.empty()) {
    needed.push_back("parameterDigest");
  } else {
    request["parameterDigest"] = question.parameter_digest;
  }
  return {{"endpoint", kApprovePath}, {"request", std::move(request)}, {"needs", std::move(needed)}};
}

Json Error(const absl::Status& status, int code) {
  Json error = {{"status", code}, {"message", MessageOf(status)}};
  if (const std::string reason = ReasonOf(status); !reason.empty()) error["reason"] = reason;
  if (const std::string field = FieldOf(status); !field.empty()) error["field"] = field;
  return error;
}

// AuthZEN knows few codes: the caller may not ask, or went away, the request is at fault, or neither.
int CodeOf(const absl::Status& status) {
  if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) || absl::IsCancelled(status) ||
      RetryAfterSeconds(status) > 0) {
    return HttpCodeOf(status.code());
  }
  if (ReasonOf(status) == "BODY_TOO_LONG") return 413;
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status) ? 400 : 500;
}

std::string DeniedMessage(const CheckQuestion& question, const Answer& answer) {
  const std::string who = ToText(question.subject);
  const std::string what = Cat(question.permission, "` on `", ToText(question.resource));
  if (answer.decision == Decision::kConditional) {
    return Cat("whether `", who, "` has `", what, "` depends on context that was not sent");
  }
  if (answer.reason == DenialReason::kNone) return Cat("`", who, "` does not have `", what, "`");
  const std::string at = answer.reason_at.empty() ? "" : Cat(" at `", answer.reason_at, "`");
  return Cat("`", who, "` may not `", what, "`: ", ReasonName(answer.reason), at);
}

}  // namespace

AuthzenDecision ToDecision(const Schema& schema, const CheckQuestion& question, const Answer& answer,
                           const std::optional<AuthzenRecord>& record) {
  AuthzenDecision decision;
  Json& context = decision.context;
  if (record) context["mandate"] = {{"ledger_sequence", record->sequence}, {"repeated", record->repeated}};
  if (answer.decision == Decision::kAllowed) {
    decision.decision = true;
    if (answer.valid_until != absl::InfiniteFuture()) {
      context["valid_until"] = absl::FormatTime(absl::RFC3339_full, answer.valid_until, absl::UTCTimeZone());
    }
    if (!record && HasRules(schema, answer)) {
      context["obligations"] = Json::array(
          {{{"id", kRecordObligation},
            {"message",
             Text("the task has rules over time, which see only what is recorded: right before acting, ask as "
                  "the session with `context.mandate.record` true")}}});
    }
    return decision;
  }
  if (answer.decision == Decision::kConditional) {
    context["reason"] = "MISSING_CONTEXT";
    context["missing_context"] = answer.missing_context;
  } else {
    context["reason"] = answer.reason == DenialReason::kNone ? "NO_PERMISSION" : std::string(ReasonName(answer.reason));
    if (!answer.reason_at.empty()) context["reason_at"] = answer.reason_at;
  }
  context["reason_admin"] = Text(DeniedMessage(question, answer));
  if (answer.reason == DenialReason::kApprovalRequired) context["access_request"] = ApprovalFor(schema, question);
  return decision;
}

AuthzenDecision RefusedDecision(const absl::Status& status) {
  AuthzenDecision decision;
  decision.context["reason"] = ReasonOf(status);
  decision.context["reason_admin"] = Text(MessageOf(status));
  return decision;
}

AuthzenDecision FailedDecision(const absl::Status& status) {
  AuthzenDecision decision;
  decision.context["error"] = Error(status, CodeOf(status));
  return decision;
}

Json ToJson(AuthzenDecision decision) {
  Json json = {{"decision", decision.decision}};
  if (!decision.context.empty()) json["context"] = std::move(decision.context);
  return json;
}

HttpReply AuthzenError(const absl::Status& status) {
  const int code = CodeOf(status);
  HttpReply reply{.status = code, .code = status.code(), .body = JsonText(Json{{"error", Error(status, code)}})};
  reply.retry_after_seconds = RetryAfterSeconds(status);
  return reply;
}

HttpReply AuthzenReply(const Json& json) { return {.body = JsonText(json)}; }

}  // namespace mandate
