// tls.h: the server's certificate, for gRPC and for HTTP, read again when its files change.
//
//   auto tls = ServerTls::Load({.certificate = "server.pem", .key = "server.key", .client_ca = "clients.pem"});
//   builder.AddListeningPort(address, (*tls)->GrpcCredentials());
//   SSL* ssl = SSL_new((*tls)->HttpContext().get());
//
// TLS 1.2 at least. With a client CA (mutual TLS) a caller without a certificate of it gets no connection, over gRPC
// and HTTP alike. Files that do not fit together are refused at the start; later, those read last stay in force.
//
// Threads     Safe to share.
// Errors      INVALID_ARGUMENT, naming the file and what is wrong with it.
#ifndef MANDATE_SERVICE_ACCESS_TLS_H_
#define MANDATE_SERVICE_ACCESS_TLS_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "openssl/ssl.h"
#include "service/access/tls_files.h"

namespace mandate {

class ServerTls {
 public:
  static absl::StatusOr<std::unique_ptr<ServerTls>> Load(const TlsFiles& files);

  std::shared_ptr<grpc::ServerCredentials> GrpcCredentials() const;
  std::shared_ptr<SSL_CTX> HttpContext();

 private:
  explicit ServerTls(TlsFiles files) : files_(std::move(files)) {}
  absl::StatusOr<std::shared_ptr<SSL_CTX>> Read() const;
  std::string Stamp() const;

  const TlsFiles files_;
  std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;
  std::string seen_;
  std::chrono::steady_clock::time_point next_look_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_TLS_H_
