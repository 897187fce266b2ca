// authzen_answer.h: answers and errors of the engine as AuthZEN says them.
//
//   {"decision": false, "context": {"reason": "OUT_OF_SCOPE", "reason_at": "errand:42", "reason_admin": {"en": "..."}}}
//
// `decision` is true for an allowed answer and for nothing else. A conditional one is `MISSING_CONTEXT` with the names
// that would decide it. A refusal that an approval would turn carries the request that Approve takes
// (`access_request`). An allowed answer that rests on a task with rules over time, and was not recorded, carries an
// obligation: rules see only what is recorded.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_ANSWER_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_ANSWER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "check/answer.h"
#include "check/question.h"
#include "schema/schema.h"
#include "service/http/http_exchange.h"
#include "service/http/json_text.h"

namespace mandate {

struct AuthzenDecision {
  bool decision = false;
  Json context = Json::object();
};

struct AuthzenRecord {
  uint64_t sequence = 0;
  bool repeated = false;
};

// `record`: where the ledger has it; absent: it was only asked.
AuthzenDecision ToDecision(const Schema& schema, const CheckQuestion& question, const Answer& answer,
                           const std::optional<AuthzenRecord>& record);
// REQUIRES: IsRefusal(status).
AuthzenDecision RefusedDecision(const absl::Status& status);
// Of an item of a batch that has no answer.
AuthzenDecision FailedDecision(const absl::Status& status);

Json ToJson(AuthzenDecision decision);

// `{"error": {"status": 400, "message": ...}}` with that code, or 500 where the fault is not the request's.
HttpReply AuthzenError(const absl::Status& status);
HttpReply AuthzenReply(const Json& json);

// The path that takes an approval (service/http/native_api.h).
inline constexpr char kApprovePath[] = "/v1/delegation/approve";

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_ANSWER_H_
