// authzen_server.h: OpenID AuthZEN Authorization API 1.0 over the database: read, resolve, ask, answer.
//
//   AuthzenServer authzen(&database, &authorizer, "https://pdp.example.com");
//   HttpReply reply = authzen.Evaluation(admission, body, request.gone);
//
// An evaluation asks and changes nothing, as Check does; with `context.mandate.record` it decides and records, as
// Authorize does. docs/authzen.md says what becomes of each field.
//
// Threads     Safe to share.
// Ownership   Database and authorizer outlive it.
// Errors      As replies: 400 for what is wrong with the request, 500 for what has no answer. What is not known is
//             never allowed.
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_SERVER_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_SERVER_H_

#include <functional>
#include <string>
#include <string_view>

#include "service/access/gate.h"
#include "service/authorizer.h"
#include "service/database/database.h"
#include "service/http/authzen_answer.h"
#include "service/http/authzen_request.h"
#include "service/http/http_exchange.h"

namespace mandate {

class AuthzenServer {
 public:
  // `url`: where callers reach it, for the metadata; without a `/` at the end.
  AuthzenServer(Database* database, Authorizer* authorizer, std::string url)
      : database_(*database), authorizer_(*authorizer), url_(std::move(url)) {}

  using Gone = std::function<bool()>;  // The caller went away: nobody waits for the rest.
  HttpReply Evaluation(const Admission& admission, std::string_view body, const Gone& gone);
  HttpReply Evaluations(const Admission& admission, std::string_view body, const Gone& gone);
  HttpReply SearchSubject(const Admission& admission, std::string_view body, const Gone& gone);
  HttpReply SearchResource(const Admission& admission, std::string_view body, const Gone& gone);
  HttpReply SearchAction(const Admission& admission, std::string_view body, const Gone& gone);
  HttpReply Metadata() const;

 private:
  CheckLimits LimitsFor(const Admission& admission, const Gone& gone) const;
  // The view of a whole call, and its checker; there may be no schema.
  struct Call;
  absl::StatusOr<AuthzenDecision> Decide(Call& call, AuthzenQuestion authzen);
  absl::StatusOr<AuthzenDecision> Record(CheckQuestion question, const Schema& schema, const std::string& key);
  HttpReply Search(const Admission& admission, std::string_view body, const Gone& gone, AuthzenSought sought);

  Database& database_;
  Authorizer& authorizer_;
  const std::string url_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_SERVER_H_
