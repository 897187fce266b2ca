// native_api.h: mandate.v1 as JSON over HTTP: protobuf's JSON mapping to and from the very services that gRPC serves,
// reached by a channel inside the process.
//
//   NativeApi api(server->InProcessChannel({}));
//   HttpReply reply = api.Handle(*api.Find(request.path), request, std::move(admission));     // POST /v1/permission/check
//
// A unary call takes one JSON object and gives one. A stream of responses is NDJSON, one line each: `{"result": ...}`,
// and, if it ends in an error, a last line `{"error": ...}`. A stream of requests is NDJSON as well. An error before
// the first response has the HTTP code of its gRPC code (error_mapping.h); its body is google.rpc.Status.
//
// Why a channel: a stream of gRPC has no way in but gRPC, and so calls are cancelled, limited and stopped as all others
// are.
//
// Threads     Safe to share; a call runs on the thread that asks.
// Ownership   The server behind the channel outlives it.
// Limits      A message of 32 MiB, as over gRPC; kStreamsMax streams of responses at a time.
#ifndef MANDATE_SERVICE_HTTP_NATIVE_API_H_
#define MANDATE_SERVICE_HTTP_NATIVE_API_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "grpcpp/grpcpp.h"
#include "service/access/gate.h"
#include "service/http/http_exchange.h"
#include "service/http/native_call.h"
#include "service/http/native_methods.h"

namespace mandate {

class NativeApi {
 public:
  explicit NativeApi(std::shared_ptr<grpc::Channel> channel);

  // Absent: no such path.
  const NativeMethod* Find(const std::string& path) const;
  // `admission`: of whoever sends the body. It holds a place of its key while the body is read, and gives it to the
  // call, which asks the gate for itself. `vouched`: what goes with the call besides (Gate::VouchFor).
  HttpReply Handle(const NativeMethod& method, const HttpRequest& request, std::optional<Admission> admission,
                   NativeCall::Metadata vouched = {});

  static constexpr int kStreamsMax = 64;  // Each holds a thread of the server's for as long as it lasts.

 private:
  std::shared_ptr<grpc::Channel> channel_;
  absl::flat_hash_map<std::string, const NativeMethod*> by_path_;
  std::shared_ptr<std::atomic<int>> streams_ = std::make_shared<std::atomic<int>>(0);
};

// google.rpc.Status as JSON, with the HTTP code that goes with it.
HttpReply RpcErrorReply(const absl::Status& status);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_NATIVE_API_H_
