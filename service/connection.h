// connection.h: what the clients of mandate.v1 have in common: the channel, how long a call may take, what its end
// means.
//
//   Connection connection("localhost:50051");
//   const auto stub = v1::SchemaService::NewStub(connection.channel());
//   v1::ReadSchemaResponse response;
//   absl::Status status = connection.Call(*stub, &v1::SchemaService::Stub::ReadSchema, request, &response);
//
// Threads     Safe to share.
// Errors      The server's, with reason and field (reason.h); UNAVAILABLE, saying what to do, when nobody answers.
#ifndef MANDATE_SERVICE_CONNECTION_H_
#define MANDATE_SERVICE_CONNECTION_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/core.pb.h"
#include "service/endpoint.h"

namespace mandate {

class Connection {
 public:
  // Connects on the first call. What is wrong with the endpoint is the outcome of every call.
  explicit Connection(const Endpoint& endpoint);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // One unary call, which ends after a minute: a command that waits longer would seem to hang.
  template <typename Stub, typename Request, typename Response>
  absl::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) const {
    grpc::ClientContext context;
    SetDeadline(&context, kCallDeadline);
    return Outcome((stub.*method)(&context, request, response));
  }

  // Reads a stream to its end, or until `visit` returns false.
  template <typename Response, typename Visit>
  absl::Status ReadAll(grpc::ClientContext* context, grpc::ClientReader<Response>* reader, const Visit& visit) const {
    Response response;
    while (reader->Read(&response)) {
      if (visit(response)) continue;
      context->TryCancel();
      reader->Finish();
      return absl::OkStatus();
    }
    return Outcome(reader->Finish());
  }

  absl::Status Outcome(const grpc::Status& status) const;

  static constexpr std::chrono::seconds kCallDeadline{60};
  static void SetDeadline(grpc::ClientContext* context, std::chrono::nanoseconds deadline);

 private:
  const std::string server_;
  absl::Status broken_;
  const std::shared_ptr<grpc::Channel> channel_;
};

// The JSON form of protobuf, on one line.
std::string MessageToJson(const google::protobuf::Message& message);

// An empty token means the newest revision, another one exactly its own.
void SetConsistency(const std::string& at_token, v1::Consistency* consistency);

}  // namespace mandate

#endif  // MANDATE_SERVICE_CONNECTION_H_
