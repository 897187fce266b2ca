// http_api.h: which path is answered by what.
//
//   POST /access/v1/evaluation, /access/v1/evaluations, /access/v1/search/{subject,resource,action}
//   GET  /.well-known/authzen-configuration
//   POST /v1/SERVICE/METHOD                     mandate.v1 (native_methods.h)
//   GET  /openapi.json, /healthz, /readyz; /metrics, for who may read
//
// Threads     Safe to share.
// Ownership   Database, authorizer, gate, metrics and the server behind the channel outlive it.
#ifndef MANDATE_SERVICE_HTTP_HTTP_API_H_
#define MANDATE_SERVICE_HTTP_HTTP_API_H_

#include <atomic>
#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"
#include "service/access/gate.h"
#include "service/authorizer.h"
#include "service/database/database.h"
#include "service/http/authzen_server.h"
#include "service/http/http_exchange.h"
#include "service/http/native_api.h"
#include "service/metrics.h"

namespace mandate {

struct HttpApiOptions {
  std::string url;  // Where callers reach it, for documents that name places.
  // A request whose `Host` is not this machine's is refused (421): it comes by a name that somebody made for this
  // address, from a web page for instance (DNS rebinding), and nothing else tells who calls.
  bool local_hosts_only = false;
};

class HttpApi final : public HttpHandler {
 public:
  HttpApi(Database* database, Authorizer* authorizer, Gate* gate, Metrics* metrics, const RequestLog* log,
          std::shared_ptr<grpc::Channel> channel, HttpApiOptions options)
      : database_(*database),
        gate_(*gate),
        metrics_(*metrics),
        log_(*log),
        authzen_(database, authorizer, options.url),
        native_(std::move(channel)),
        options_(std::move(options)) {}

  HttpReply Handle(const HttpRequest& request) override;
  HttpReply Refuse(int status) override;
  void set_stopping() { stopping_ = true; }  // Not ready any more.

 private:
  // `route`: by which name the request is counted and told.
  HttpReply Answer(const HttpRequest& request, std::string_view* route);
  HttpReply AnswerNative(const NativeMethod& method, const HttpRequest& request);
  absl::Status CheckHost(const HttpRequest& request) const;
  HttpReply ShowMetrics(const HttpRequest& request);
  HttpReply Ready() const;

  Database& database_;
  Gate& gate_;
  Metrics& metrics_;
  const RequestLog& log_;
  AuthzenServer authzen_;
  NativeApi native_;
  const HttpApiOptions options_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_HTTP_API_H_
