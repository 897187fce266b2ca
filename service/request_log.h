// request_log.h: which calls are told to the operator, and by which name: those that the server failed, those that took
// long, or all.
//
//   RequestLog log({.which = LoggedCalls::kFailed, .slow = absl::Seconds(1)});
//   log.Ended({.method = "mandate.v1.PermissionService/Check", .code = grpc::StatusCode::INTERNAL, ...});
//
// A call is named by the `x-request-id` that its caller sent (up to 128 printable characters of ASCII), or by one that
// is made when it is logged; and by its `traceparent` (W3C Trace Context), as `trace_id` and `span_id`, so that the
// line is found from the trace and the other way round.
//
// Threads     Safe to share.
#ifndef MANDATE_SERVICE_REQUEST_LOG_H_
#define MANDATE_SERVICE_REQUEST_LOG_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "nlohmann/json.hpp"

namespace mandate {

enum class LoggedCalls {
  kNone,
  kFailed,  // Where the fault is the server's: UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS.
  kAll,
};

struct RequestLogOptions {
  LoggedCalls which = LoggedCalls::kFailed;
  absl::Duration slow = absl::Seconds(1);  // From here on a call is logged in any case; infinite: never for that.
};

// What names a call. Empty where its caller said nothing, or nothing well-formed.
struct RequestNames {
  std::string request_id;
  std::string trace_id;
  std::string span_id;
};
RequestNames NamesOfRequest(std::string_view request_id, std::string_view traceparent);
RequestNames NamesOfRequest(const grpc::ServerContextBase& context);

class RequestLog {
 public:
  explicit RequestLog(const RequestLogOptions& options) : options_(options) {}

  // True if a call that ends like this is told.
  bool Wants(grpc::StatusCode code, std::chrono::nanoseconds took, bool lasts) const;

  struct Call {
    std::string_view method;
    grpc::StatusCode code = grpc::StatusCode::OK;
    std::chrono::nanoseconds took{0};
    std::string_view peer;
    std::string_view key;  // The id of the caller's; empty: none.
    RequestNames names;
  };
  // Tells it; the id it got, if it had none. REQUIRES: Wants() it.
  std::string Tell(Call call) const;

  // `context` of the call, `key` as above. A question that took long, with `question` and, from `explain`, why it was
  // answered so. At most one a second is told.
  bool IsSlow(std::chrono::nanoseconds took) const { return absl::FromChrono(took) >= options_.slow; }
  void TellSlow(const grpc::ServerContextBase& context, std::string_view key, std::chrono::nanoseconds took,
                nlohmann::ordered_json question, const std::function<nlohmann::ordered_json()>& explain);

 private:
  const RequestLogOptions options_;
  std::atomic<int64_t> next_slow_ns_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_REQUEST_LOG_H_
