// http_exchange.h: one HTTP request and its answer, as values; nothing here knows the library that carries them.
//
// Threads     Each belongs to the thread that serves the connection.
// Ownership   What a request refers to lives until its answer is sent.
#ifndef MANDATE_SERVICE_HTTP_HTTP_EXCHANGE_H_
#define MANDATE_SERVICE_HTTP_HTTP_EXCHANGE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mandate {

struct HttpRequest {
  std::string method;        // `POST`
  std::string path;          // Decoded, without the query.
  std::string content_type;  // As sent; empty: none.
  std::string host;          // As sent; empty: none.
  std::string authorization;
  std::vector<std::string> certificate_names;  // Of the peer's verified certificate.
  std::string peer;                            // HOST:PORT, for the log.
  std::string request_id;                      // Of X-Request-ID, and
  std::string traceparent;                     // of the header of that name; as sent.

  // Hands over the body piece by piece, as it arrives, until `take` says no or the body ends. INVALID_ARGUMENT for a
  // body that breaks off. Once.
  using Take = std::function<absl::Status(std::string_view)>;
  std::function<absl::Status(const Take&)> read_body;

  // May so many more bytes of it be kept? All requests share what there is.
  std::function<bool(size_t)> may_keep;

  // The peer went away.
  std::function<bool()> gone;
};

// A body that is made while it is sent.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  // Sends all of it through `send`, which returns false once nobody takes any more; `gone` says so without sending.
  virtual void Run(const std::function<bool(std::string_view)>& send, const std::function<bool()>& gone) = 0;
};

struct HttpReply {
  int status = 200;
  absl::StatusCode code = absl::StatusCode::kOk;  // Of the error, for the log: several have one status.
  std::string content_type = "application/json";
  std::string body;
  std::shared_ptr<HttpBody> stream;  // In place of `body`.
  std::string allow;                 // With 405: the method that is allowed.
  int64_t retry_after_seconds = 0;   // With 429, where trying again helps.
  bool is_told = false;              // It is what a call of gRPC ended with, which the log has.
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual HttpReply Handle(const HttpRequest& request) = 0;
  // The answer to what never became a request, or broke: with a body for a bare code.
  virtual HttpReply Refuse(int status) = 0;
};

// Before so many more bytes of the body are kept: RESOURCE_EXHAUSTED (BODIES_EXHAUSTED) where others hold too much
// already.
absl::Status Keep(const HttpRequest& request, size_t bytes);

// The whole body, kept; OUT_OF_RANGE (BODY_TOO_LONG) past `bytes_max`.
absl::StatusOr<std::string> ReadWhole(const HttpRequest& request, size_t bytes_max);

// Whether the body is said to be `application/json`, with whatever parameters behind it.
bool IsJson(const HttpRequest& request);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_HTTP_EXCHANGE_H_
