#include "service/connection.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "grpcpp/support/client_interceptor.h"
#include "schema/text.h"
#include "service/address.h"
#include "service/error_mapping.h"

namespace mandate {
namespace {

constexpr int kMessageBytesMax = 64 << 20;

// Puts the key into the head of every call of a channel.
class KeySender final : public grpc::experimental::Interceptor {
 public:
  explicit KeySender(const std::string& header) : header_(header) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", header_);
    }
    methods->Proceed();
  }

 private:
  const std::string& header_;
};

class KeySenders final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit KeySenders(const std::string& key) : header_(Cat("Bearer ", key)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new KeySender(header_);
  }

 private:
  const std::string header_;
};

absl::Status ReadPem(const std::string& path, std::string* out) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read `", path, "`"));
  out->assign(std::istreambuf_iterator<char>(file), {});
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const Endpoint& endpoint) {
  const bool is_printable =
      std::all_of(endpoint.key.begin(), endpoint.key.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!is_printable) return InvalidArgument("the API key is no key: it holds blanks or what is not ASCII");
  if (!endpoint.uses_tls()) {
    if (endpoint.key.empty() || endpoint.insecure || IsLoopback(endpoint.address))
      return grpc::InsecureChannelCredentials();
    return InvalidArgument(Cat("the API key would travel to `", endpoint.address,
                               "` unencrypted; use --tls or --tls-ca FILE, or allow it with --insecure"));
  }
  if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty()) {
    return InvalidArgument("a client's certificate and its key go together (--tls-cert, --tls-key)");
  }
  grpc::SslCredentialsOptions options;
  if (absl::Status s = ReadPem(endpoint.tls_ca, &options.pem_root_certs); !s.ok()) return s;
  if (absl::Status s = ReadPem(endpoint.tls_certificate, &options.pem_cert_chain); !s.ok()) return s;
  if (absl::Status s = ReadPem(endpoint.tls_key, &options.pem_private_key); !s.ok()) return s;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> Open(const Endpoint& endpoint, absl::Status* broken) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // The address is what the user wrote; a proxy from the environment would send it elsewhere.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> senders;
  auto credentials = CredentialsOf(endpoint);
  *broken = credentials.status();
  // Nothing of the key leaves for a broken one: calls on it end before they begin.
  if (!credentials.ok()) return grpc::CreateChannel("unix:/", grpc::InsecureChannelCredentials());
  if (!endpoint.key.empty()) senders.push_back(std::make_unique<KeySenders>(endpoint.key));
  return grpc::experimental::CreateCustomChannelWithInterceptors(endpoint.address, *credentials, arguments,
                                                                 std::move(senders));
}

}  // namespace

Connection::Connection(const Endpoint& endpoint) : server_(endpoint.address), channel_(Open(endpoint, &broken_)) {}

absl::Status Connection::Outcome(const grpc::Status& status) const {
  if (!broken_.ok()) return broken_;
  // An unreachable server is the commonest error of all: say what to do.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty()) {
    return absl::UnavailableError(Cat("no server answers at `", server_,
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
