#include "service/connection.h"

#include "google/protobuf/util/json_util.h"
#include "schema/text.h"
#include "service/error_mapping.h"

namespace mandate {
namespace {

constexpr int kMessageBytesMax = 64 << 20;

std::shared_ptr<grpc::Channel> Open(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // The address is what the user wrote; a proxy from the environment would send it elsewhere.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Connection::Connection(const std::string& server) : server_(server), channel_(Open(server)) {}

absl::Status Connection::Outcome(const grpc::Status& status) const {
  // An unreachable server is the commonest error of all: say what to do.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty()) {
    return absl::UnavailableError(
        Cat("no server answers at `", server_,
            "`; start one with `mandate serve`, or name another with --server HOST:PORT (",
            status.error_message(), ")"));
  }
  return FromGrpc(status);
}

void Connection::SetDeadline(grpc::ClientContext* context, std::chrono::nanoseconds deadline) {
  context->set_deadline(std::chrono::system_clock::now() + deadline);
}

std::string MessageToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

void SetConsistency(const std::string& at_token, v1::Consistency* consistency) {
  if (at_token.empty()) {
    consistency->set_fully_consistent(true);
  } else {
    consistency->mutable_at_exact_snapshot()->set_token(at_token);
  }
}

}  // namespace mandate
