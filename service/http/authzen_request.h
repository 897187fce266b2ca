// authzen_request.h: what AuthZEN 1.0 sends, as values, checked for form alone; names are looked up later.
//
//   absl::StatusOr<AuthzenQuestion> question = ReadQuestion(json, AuthzenSought::kNothing);
//
// Unknown fields are ignored; a known field of the wrong type is refused, wherever it stands.
//
// Threads     Free functions; safe anywhere.
// Ownership   Properties and context are not copied: the request outlives, unchanged in these, what was read of it.
// Errors      INVALID_ARGUMENT with the field's path (MISSING_FIELD, MALFORMED_FIELD, TOO_MANY).
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_REQUEST_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_REQUEST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/http/authzen_actor.h"
#include "service/http/json_text.h"

namespace mandate {

// An object without fields, which is there for ever: properties, or a context, that were not sent.
const Json& NoFields();

struct AuthzenEntity {
  std::string type;
  std::string id;
  const Json* properties = &NoFields();
};

struct AuthzenAction {
  std::string name;
  const Json* properties = &NoFields();
};

// What a search asks for, and so leaves open.
enum class AuthzenSought { kNothing, kSubject, kResource, kAction };

struct AuthzenQuestion {
  AuthzenEntity subject;
  AuthzenAction action;
  AuthzenEntity resource;
  const Json* context = &NoFields();
  AuthzenActor actor;                 // Who acts for the subject, as `subject` and `context` claim it.
  std::vector<AuthzenName> audience;  // These two by ReadReach:
  std::string parameter_digest;       // Of `context.parameter_digest`, else made from `context.parameters`.
  bool record = false;                // `context.mandate.record`: it is about to be done (Authorize).
  std::string idempotency_key;        // `context.mandate.idempotency_key`
};

absl::StatusOr<AuthzenQuestion> ReadQuestion(const Json& request, AuthzenSought sought);

// Audience and digest, which mean something only where an agent or a session asks: elsewhere `context` may hold
// anything under their names.
absl::Status ReadReach(AuthzenQuestion* question);

enum class AuthzenSemantic { kExecuteAll, kDenyOnFirstDeny, kPermitOnFirstPermit };

// Its items are read one at a time: what a default holds is there once, however many of them take it.
struct AuthzenBatch {
  AuthzenSemantic semantic = AuthzenSemantic::kExecuteAll;
  const Json* defaults = nullptr;  // The request.
  const Json* items = nullptr;
  size_t size() const { return items->size(); }
  // With the defaults in place. An item with an error of its own fails alone.
  absl::StatusOr<AuthzenQuestion> Item(size_t i) const;
};

// Absent: `evaluations` is missing or empty, so the request is a single question.
absl::StatusOr<std::optional<AuthzenBatch>> ReadBatch(const Json& request);

struct AuthzenPage {
  std::string token;  // Empty: the first page.
  size_t limit = 0;
};

absl::StatusOr<AuthzenPage> ReadPage(const Json& request);

// Lower hex SHA-256 of `parameters` as compact JSON, names sorted.
std::string DigestOfParameters(const Json& parameters);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_REQUEST_H_
