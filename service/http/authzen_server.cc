// Evaluations; authzen_search.cc has the searches.
#include "service/http/authzen_server.h"

#include <chrono>
#include <optional>

#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/http/authzen_resolve.h"
#include "service/services.h"

namespace mandate {
namespace {

// When no further question of a batch is begun. Each has the server's own budget besides.
constexpr std::chrono::seconds kBatchTimeMax{30};

}  // namespace

struct AuthzenServer::Call {
  const Admission& admission;
  View view;
  Checker checker;
};

CheckLimits AuthzenServer::LimitsFor(const Admission& admission, const Gone& gone) const {
  CheckLimits limits = database_.options().check;
  limits.only_delegated = admission.only_delegated();
  limits.budget.is_cancelled = gone;
  return limits;
}

absl::StatusOr<AuthzenDecision> AuthzenServer::Decide(Call& call, AuthzenQuestion authzen) {
  const Schema& schema = call.view.plan->schema();
  const bool record = authzen.record;
  const std::string key = authzen.idempotency_key;
  auto question = ResolveQuestion(schema, std::move(authzen));
  if (!question.ok()) {
    return IsRefusal(question.status()) ? RefusedDecision(question.status())
                                        : absl::StatusOr<AuthzenDecision>(question.status());
  }
  const Caller& caller = call.admission.caller();
  if (absl::Status s = MayName(caller, question->resource, "resource"); !s.ok()) return s;
  if (record) {
    if (absl::Status s = MayDo(caller, Need::kAuthorize); !s.ok()) return s;
    return Record(*std::move(question), schema, key);
  }
  question->lineage = schema.has_delegation();
  auto answer = call.checker.Check(*question);
  if (answer.ok()) return ToDecision(schema, *question, *answer, std::nullopt);
  if (IsRefusal(answer.status())) return RefusedDecision(answer.status());
  return answer.status();
}

absl::StatusOr<AuthzenDecision> AuthzenServer::Record(CheckQuestion question, const Schema& schema,
                                                      const std::string& key) {
  std::vector<AuthorizeCall> calls(1);
  calls[0].question = std::move(question);
  calls[0].idempotency_key = key;
  auto outcome = authorizer_.Authorize(calls, database_.options().check);
  if (!outcome.ok()) {
    return IsRefusal(outcome.status()) ? RefusedDecision(outcome.status())
                                       : absl::StatusOr<AuthzenDecision>(outcome.status());
  }
  return ToDecision(schema, calls[0].question, outcome->answers[0],
                    AuthzenRecord{outcome->sequences[0], outcome->repeated});
}

HttpReply AuthzenServer::Evaluation(const Admission& admission, std::string_view body, const Gone& gone) {
  auto request = ParseJsonObject(body);
  if (!request.ok()) return AuthzenError(request.status());
  auto question = ReadQuestion(*request, AuthzenSought::kNothing);
  if (!question.ok()) return AuthzenError(question.status());
  auto view = database_.Head();
  if (!view.ok()) {
    return IsRefusal(view.status()) ? AuthzenReply(ToJson(RefusedDecision(view.status())))
                                    : AuthzenError(view.status());
  }
  Call call{admission, *view, database_.CheckerFor(*view, LimitsFor(admission, gone))};
  auto decision = Decide(call, *std::move(question));
  return decision.ok() ? AuthzenReply(ToJson(*std::move(decision))) : AuthzenError(decision.status());
}

HttpReply AuthzenServer::Evaluations(const Admission& admission, std::string_view body, const Gone& gone) {
  auto request = ParseJsonObject(body);
  if (!request.ok()) return AuthzenError(request.status());
  auto batch = ReadBatch(*request);
  if (!batch.ok()) return AuthzenError(batch.status());
  if (!*batch) return Evaluation(admission, body, gone);
  auto view = database_.Head();
  if (!view.ok() && !IsRefusal(view.status())) return AuthzenError(view.status());
  std::unique_ptr<Call> call;  // A Checker stays where it was made.
  if (view.ok()) call.reset(new Call{admission, *view, database_.CheckerFor(*view, LimitsFor(admission, gone))});
  const auto end = std::chrono::steady_clock::now() + kBatchTimeMax;
  Json answers = Json::array();
  for (size_t i = 0; i < (*batch)->size(); ++i) {
    // Not before the first: whoever only says that nothing more comes looks gone (docs/http.md), and few items are
    // answered sooner than it matters.
    if (i > 0 && i % kItemsBetweenLooks == 0 && gone()) return AuthzenError(CallerGone());
    absl::StatusOr<AuthzenDecision> decision = AuthzenDecision();
    if (std::chrono::steady_clock::now() > end) {
      decision = absl::DeadlineExceededError("the evaluations before this one took all the time there is; send fewer");
    } else if (auto item = (*batch)->Item(i); !item.ok()) {
      decision = item.status();
    } else if (!call) {
      decision = RefusedDecision(view.status());
    } else {
      decision = Decide(*call, *std::move(item));
    }
    if (!decision.ok()) decision = FailedDecision(decision.status());
    const bool allowed = decision->decision;
    answers.push_back(ToJson(*std::move(decision)));
    if ((*batch)->semantic == AuthzenSemantic::kDenyOnFirstDeny && !allowed) break;
    if ((*batch)->semantic == AuthzenSemantic::kPermitOnFirstPermit && allowed) break;
  }
  return AuthzenReply({{"evaluations", std::move(answers)}});
}

HttpReply AuthzenServer::Metadata() const {
  return AuthzenReply({{"policy_decision_point", url_},
                       {"access_evaluation_endpoint", url_ + "/access/v1/evaluation"},
                       {"access_evaluations_endpoint", url_ + "/access/v1/evaluations"},
                       {"search_subject_endpoint", url_ + "/access/v1/search/subject"},
                       {"search_resource_endpoint", url_ + "/access/v1/search/resource"},
                       {"search_action_endpoint", url_ + "/access/v1/search/action"}});
}

}  // namespace mandate
