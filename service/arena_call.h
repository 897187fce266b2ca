// arena_call.h: the messages of a call of thousands of parts, made and freed as a whole.
//
//   class Server : public v1::PermissionService::WithStreamedUnaryMethod_CheckBatch<v1::PermissionService::Service> {
//     grpc::Status StreamedCheckBatch(grpc::ServerContext* context, BatchStream* stream) override {
//       return OnArena(stream, [&](const v1::CheckBatchRequest& request, v1::CheckBatchResponse* response) { ... });
//
// A batch of 1,000 is some 11,000 objects on either side, and with gRPC's ordinary handler each comes from malloc. Its
// "streamed unary" form is the same call on the wire, but the messages are ours to place.
//
// Errors      INVALID_ARGUMENT for bytes that are no such message; else what `call` returns.
#ifndef MANDATE_SERVICE_ARENA_CALL_H_
#define MANDATE_SERVICE_ARENA_CALL_H_

#include "google/protobuf/arena.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/sync_stream.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"

namespace mandate {

template <typename Request, typename Response, typename Call>
grpc::Status OnArena(grpc::ServerUnaryStreamer<Request, Response>* stream, const Call& call) {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 8 << 10;
  options.max_block_size = 256 << 10;
  google::protobuf::Arena arena(options);
  auto* const request = google::protobuf::Arena::CreateMessage<Request>(&arena);
  if (!stream->Read(request)) {
    return ToGrpc(
        WithReason(absl::InvalidArgumentError(Cat("the request does not decode as a ", request->GetTypeName())),
                   "MALFORMED_FIELD"));
  }
  auto* const response = google::protobuf::Arena::CreateMessage<Response>(&arena);
  const grpc::Status status = call(*request, response);
  if (status.ok()) stream->Write(*response);  // False: the caller is gone, and so is the call.
  return status;
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_ARENA_CALL_H_
