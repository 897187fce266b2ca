#include "service/access/tls.h"

#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "openssl/err.h"
#include "schema/text.h"
#include "service/access/file_stamp.h"
#include "spdlog/spdlog.h"

namespace mandate {
namespace {

constexpr unsigned kGrpcLookEverySeconds = 1;
constexpr std::chrono::seconds kFilesLookEvery{1};

// Why the library did not take it, in its own words.
absl::Status WrongFile(const std::string& file, std::string_view what) {
  char words[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, words, sizeof words);
  ERR_clear_error();
  return InvalidArgument(Cat("`", file, "` ", what, " (", std::string(words), ")"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Load(const TlsFiles& files) {
  if (files.certificate.empty() || files.key.empty()) {
    return InvalidArgument("TLS needs both: the server's certificate and its key (--tls-cert, --tls-key)");
  }
  std::unique_ptr<ServerTls> tls(new ServerTls(files));
  tls->seen_ = tls->Stamp();
  auto context = tls->Read();
  if (!context.ok()) return context.status();
  tls->context_ = *std::move(context);
  tls->next_look_ = std::chrono::steady_clock::now() + kFilesLookEvery;
  return tls;
}

std::string ServerTls::Stamp() const {
  return Cat(FileStamp(files_.certificate), " ", FileStamp(files_.key), " ", FileStamp(files_.client_ca));
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> ServerTls::Read() const {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return absl::InternalError("OpenSSL has no context to give");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // No sessions are taken up again: each connection shows its certificate, as it is then.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files_.certificate.c_str()) != 1) {
    return WrongFile(files_.certificate, "is no certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return WrongFile(files_.key, "is no key in PEM that fits the certificate");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) return WrongFile(files_.key, "is not the key of the certificate");
  if (files_.client_ca.empty()) return context;
  if (SSL_CTX_load_verify_locations(context.get(), files_.client_ca.c_str(), nullptr) != 1) {
    return WrongFile(files_.client_ca, "holds no certificates in PEM");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(files_.client_ca.c_str()));
  return context;
}

std::shared_ptr<SSL_CTX> ServerTls::HttpContext() {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return context_;
  next_look_ = now + kFilesLookEvery;
  const std::string stamp = Stamp();
  if (stamp == seen_) return context_;
  seen_ = stamp;
  auto context = Read();
  if (context.ok()) {
    context_ = *std::move(context);
    spdlog::info("the certificate was read again from {}", files_.certificate);
  } else {
    spdlog::error("the certificate stays as it was: {}", std::string(context.status().message()));
  }
  return context_;
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::GrpcCredentials() const {
  using grpc::experimental::FileWatcherCertificateProvider;
  const auto provider =
      files_.client_ca.empty()
          ? std::make_shared<FileWatcherCertificateProvider>(files_.key, files_.certificate, kGrpcLookEverySeconds)
          : std::make_shared<FileWatcherCertificateProvider>(files_.key, files_.certificate, files_.client_ca,
                                                             kGrpcLookEverySeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (!files_.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace mandate
