// message_stream.h: a client's stream of messages, in which one that does not decode is an error and not the end.
//
//   AuthzedPermissions::AuthzedPermissions(...) {
//     MarkMethodStreamed(MethodIndex("authzed.api.v1.PermissionsService.ImportBulkRelationships"),
//                        MessageHandler(this, &AuthzedPermissions::StreamedImportBulkRelationships));
//   }
//   grpc::Status AuthzedPermissions::StreamedImportBulkRelationships(grpc::ServerContext* context,
//                                                                    MessageStream<Request>* stream, Response* response) {
//     Request request;
//     while (true) {
//       auto more = stream->Read(&request);
//       if (!more.ok()) return ToGrpc(more.status());
//       if (!*more) break;
//
// gRPC's own reader says false of both. Where no message says that it is the last, what came before the bad one would
// be taken for all there is. So the method is handed its messages as bytes.
//
// Threads     One call on one thread.
// Errors      INVALID_ARGUMENT (MALFORMED_FIELD) for bytes that are no such message.
#ifndef MANDATE_SERVICE_MESSAGE_STREAM_H_
#define MANDATE_SERVICE_MESSAGE_STREAM_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/method_handler.h"
#include "grpcpp/support/sync_stream.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

template <typename Request>
class MessageStream {
 public:
  explicit MessageStream(grpc::ServerReader<grpc::ByteBuffer>* reader) : reader_(*reader) {}

  // False at the end. After an error the request holds a part of the message.
  absl::StatusOr<bool> Read(Request* request) {
    grpc::ByteBuffer bytes;
    if (!reader_.Read(&bytes)) return false;
    ++count_;
    if (grpc::SerializationTraits<Request>::Deserialize(&bytes, request).ok()) return true;
    return WithReason(absl::InvalidArgumentError(
                          Cat("message ", count_, " of the stream does not decode as a ", request->GetTypeName())),
                      "MALFORMED_FIELD");
  }

 private:
  grpc::ServerReader<grpc::ByteBuffer>& reader_;
  uint64_t count_ = 0;
};

// Where the generated service has a method: in the order of its file. REQUIRES: there is one of this full name.
inline int MethodIndex(const std::string& name) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name)->index();
}

// In place of the generated handler of a method that takes a stream. The service owns it.
template <typename Service, typename Request, typename Response>
grpc::internal::MethodHandler* MessageHandler(Service* service,
                                              grpc::Status (Service::*call)(grpc::ServerContext*,
                                                                            MessageStream<Request>*, Response*)) {
  return new grpc::internal::ClientStreamingHandler<Service, grpc::ByteBuffer, Response>(
      [call](Service* server, grpc::ServerContext* context, grpc::ServerReader<grpc::ByteBuffer>* reader,
             Response* response) {
        MessageStream<Request> stream(reader);
        return (server->*call)(context, &stream, response);
      },
      service);
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_MESSAGE_STREAM_H_
