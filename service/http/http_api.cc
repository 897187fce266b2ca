#include "service/http/http_api.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/match.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/address.h"
#include "service/http/openapi.h"

namespace mandate {
namespace {

// 10,000 evaluations of some 400 bytes.
constexpr size_t kAuthzenBytesMax = 4 << 20;

struct AuthzenRoute {
  std::string_view path;
  Need need;
  Work work;
  HttpReply (AuthzenServer::*answer)(const Admission& admission, std::string_view body,
                                     const AuthzenServer::Gone& gone);
};

constexpr AuthzenRoute kAuthzenRoutes[] = {
    {"/access/v1/evaluation", Need::kCheck, Work::kQuestion, &AuthzenServer::Evaluation},
    {"/access/v1/evaluations", Need::kCheck, Work::kList, &AuthzenServer::Evaluations},
    {"/access/v1/search/subject", Need::kRead, Work::kList, &AuthzenServer::SearchSubject},
    {"/access/v1/search/resource", Need::kRead, Work::kList, &AuthzenServer::SearchResource},
    {"/access/v1/search/action", Need::kRead, Work::kList, &AuthzenServer::SearchAction},
};

constexpr std::string_view kReadable[] = {"/.well-known/authzen-configuration", "/openapi.json", "/healthz", "/readyz",
                                          "/metrics"};

HttpReply Bare(int status, absl::StatusCode code, std::string_view message) {
  return {.status = status,
          .code = code,
          .body = JsonText(Json{{"error", {{"status", status}, {"message", std::string(message)}}}})};
}

HttpReply NothingHere() {
  return Bare(404, absl::StatusCode::kNotFound, "there is nothing at this path; /openapi.json says what there is");
}

HttpReply NotAllowed(std::string allow) {
  HttpReply reply = Bare(405, absl::StatusCode::kUnimplemented, Cat("only ", allow, " is answered here"));
  reply.allow = std::move(allow);
  return reply;
}

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

Credentials CredentialsOf(const HttpRequest& request) {
  return {.authorization = request.authorization, .certificate_names = request.certificate_names, .peer = request.peer};
}

bool IsNdjson(const HttpRequest& request) { return absl::StartsWith(request.content_type, "application/x-ndjson"); }

}  // namespace

HttpReply HttpApi::Handle(const HttpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  std::string_view route = "other";
  HttpReply reply = Answer(request, &route);
  const auto took = std::chrono::steady_clock::now() - began;
  metrics_.CountHttp(route, reply.status, took);
  const auto code = static_cast<grpc::StatusCode>(reply.code);
  if (!reply.is_told && log_.Wants(code, took, /*lasts=*/false)) {
    const std::string key = gate_.NameOf(CredentialsOf(request));
    log_.Tell({.method = route,
               .code = code,
               .took = took,
               .peer = request.peer,
               .key = key,
               .names = NamesOfRequest(request.request_id, request.traceparent)});
  }
  return reply;
}

HttpReply HttpApi::ShowMetrics(const HttpRequest& request) {
  const Admission admission = gate_.Admit(CredentialsOf(request), Need::kRead);
  if (!admission.ok()) return RpcErrorReply(admission.status());
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Text()};
}

absl::Status HttpApi::CheckHost(const HttpRequest& request) const {
  if (!options_.local_hosts_only || request.host.empty() || IsLoopbackHost(request.host)) return absl::OkStatus();
  return WithReason(
      absl::PermissionDeniedError(
          Cat("this server is for this machine alone and knows no callers, so it answers as localhost, 127.x.x.x or "
              "[::1], not as ",
              Quote(request.host), "; with --keys it answers under every name")),
      "HOST_NOT_LOCAL");
}

HttpReply HttpApi::AnswerNative(const NativeMethod& method, const HttpRequest& request) {
  if (request.method != "POST") return NotAllowed("POST");
  // It goes on as metadata, which takes nothing else.
  if (!IsPrintable(request.authorization)) {
    return RpcErrorReply(WithReason(absl::UnauthenticatedError("the API key is not valid"), "KEY_NOT_VALID"));
  }
  if (!IsJson(request) && !(method.descriptor->client_streaming() && IsNdjson(request))) {
    HttpReply reply = RpcErrorReply(
        WithReason(InvalidArgument("the body is JSON; send `Content-Type: application/json`"), "CONTENT_TYPE_INVALID"));
    reply.status = 415;
    return reply;
  }
  // Before the body, as above. What it names is for the call to hold against the key: it asks the gate again.
  Admission admission = gate_.Admit(CredentialsOf(request), NeedOf(*method.descriptor->input_type()));
  if (!admission.ok()) return RpcErrorReply(admission.status());
  return native_.Handle(method, request, std::move(admission), gate_.VouchFor(request.certificate_names));
}

HttpReply HttpApi::Answer(const HttpRequest& request, std::string_view* told) {
  if (absl::Status s = CheckHost(request); !s.ok()) {
    HttpReply reply = RpcErrorReply(s);
    reply.status = 421;  // RFC 9110, 15.5.20: not a server for that name.
    return reply;
  }
  for (const AuthzenRoute& route : kAuthzenRoutes) {
    if (request.path != route.path) continue;
    *told = route.path;
    if (request.method != "POST") return NotAllowed("POST");
    if (!IsJson(request)) {
      return AuthzenError(WithReason(InvalidArgument("the body is JSON; send `Content-Type: application/json`"),
                                     "CONTENT_TYPE_INVALID"));
    }
    // Before the body: whoever may not ask makes us read nothing, and who sends slowly keeps no place from others.
    Admission known = gate_.Admit(CredentialsOf(request), route.need);
    if (!known.ok()) return AuthzenError(known.status());
    auto body = ReadWhole(request, kAuthzenBytesMax);
    if (!body.ok()) return AuthzenError(body.status());
    const Admission admission = gate_.Enter(std::move(known), route.work);
    return admission.ok() ? (authzen_.*route.answer)(admission, *body, request.gone) : AuthzenError(admission.status());
  }
  if (const NativeMethod* method = native_.Find(request.path); method != nullptr) {
    *told = method->path;
    return AnswerNative(*method, request);
  }
  const auto readable = std::find(std::begin(kReadable), std::end(kReadable), request.path);
  if (readable == std::end(kReadable)) return NothingHere();
  *told = *readable;
  if (request.method != "GET" && request.method != "HEAD") return NotAllowed("GET");
  if (request.path == "/openapi.json") return {.body = OpenApiDocument(options_.url)};
  if (request.path == "/metrics") return ShowMetrics(request);
  if (request.path == "/healthz") return {.body = R"({"status":"ok"})"};
  return request.path == "/readyz" ? Ready() : authzen_.Metadata();
}

HttpReply HttpApi::Ready() const {
  if (stopping_) return Bare(503, absl::StatusCode::kUnavailable, "the server stops");
  // A read from the disk, whether or not there is a schema.
  const auto not_ready = [](const absl::Status& why) { return Bare(503, why.code(), StdView(why.message())); };
  if (absl::Status status = database_.store().Health(); !status.ok()) return not_ready(status);
  const auto schema = database_.store().Head()->Schema();
  if (!schema.ok() && !absl::IsNotFound(schema.status())) return not_ready(schema.status());
  return {.body = R"({"status":"ready"})"};
}

HttpReply HttpApi::Refuse(int status) {
  if (status == 404) return NothingHere();
  if (status >= 500) return Bare(status, absl::StatusCode::kInternal, "the request cannot be answered");
  return Bare(status, absl::StatusCode::kInvalidArgument, "this is no request of HTTP/1.1 that is taken here");
}

}  // namespace mandate
