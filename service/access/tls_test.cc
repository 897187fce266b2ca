// Encryption and certificates, with clients that are no part of this project: gRPC's own, and OpenSSL's.
#include "service/access/tls.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "service/access/test_certificates.h"
#include "service/test_server.h"
#include "storage/scratch_directory.h"

namespace mandate {
namespace {

using testing::HasSubstr;

class TlsServer {
 public:
  explicit TlsServer(bool mutual = false, const std::string& keys = "") {
    const TestCertificate own = authority.Issue("localhost");
    Put("server.pem", own.certificate);
    Put("server.key", own.key);
    Put("clients.pem", clients.certificate());
    if (!keys.empty()) Put("keys.json", keys);
    DatabaseOptions options;
    options.store.in_memory = true;
    database_ = *Database::Open(options);
    auto server = Server::Start(database_.get(), {.listen = "127.0.0.1:0",
                                                  .http = "127.0.0.1:0",
                                                  .tls = {.certificate = File("server.pem"),
                                                          .key = File("server.key"),
                                                          .client_ca = mutual ? File("clients.pem") : ""},
                                                  .key_file = keys.empty() ? "" : File("keys.json"),
                                                  .collect_every = absl::Hours(1)});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string File(const std::string& name) const { return folder_.path() + "/" + name; }
  void Put(const std::string& name, const std::string& text) {
    std::ofstream(File(name) + ".next") << text;
    std::filesystem::rename(File(name) + ".next", File(name));
  }
  std::string address() const { return Cat("127.0.0.1:", server_->port()); }
  int http_port() const { return server_->http_port(); }

  // What reading the schema ends with; there is none, so NOT_FOUND is a call that was answered.
  std::string Call(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    const auto stub = v1::SchemaService::NewStub(grpc::CreateChannel(address(), credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::ReadSchemaResponse response;
    const grpc::Status status = stub->ReadSchema(&context, {}, &response);
    return std::string(absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code())));
  }
  std::string Call(const TestCertificate& own, const std::string& roots) const {
    return Call(grpc::SslCredentials({roots, own.key, own.certificate}));
  }

  TestAuthority authority;  // Of the server.
  TestAuthority clients;

 private:
  const ScratchDirectory folder_;  // Outlives what reads it.
  std::unique_ptr<Database> database_;
  std::unique_ptr<Server> server_;
};

// One request of HTTPS; what is wrong with the connection in place of an answer. `version_max` 0: the newest.
std::string Https(int port, const std::string& roots, const std::string& request, const TestCertificate* own = nullptr,
                  int version_max = 0) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> pem(BIO_new_mem_buf(roots.data(), static_cast<int>(roots.size())),
                                                BIO_free);
  const std::unique_ptr<X509, void (*)(X509*)> root(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr), X509_free);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (version_max != 0) {
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_max_proto_version(context.get(), version_max);
  }
  if (own != nullptr) {
    const std::unique_ptr<BIO, int (*)(BIO*)> c(BIO_new_mem_buf(own->certificate.data(), -1), BIO_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(PEM_read_bio_X509(c.get(), nullptr, nullptr, nullptr),
                                                             X509_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> k(BIO_new_mem_buf(own->key.data(), -1), BIO_free);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        PEM_read_bio_PrivateKey(k.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  SSL_set1_host(ssl.get(), "localhost");
  if (SSL_connect(ssl.get()) != 1) {
    answer = "no connection";
  } else if (SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) > 0) {
    char bytes[4096];
    for (int got = 0; (got = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;)
      answer.append(bytes, static_cast<size_t>(got));
  }
  if (answer.empty()) answer = "no answer";  // TLS 1.3 tells a client late that its certificate is refused.
  close(fd);
  return answer;
}

constexpr char kHealth[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

TEST(Tls, ServesWhoTrustsItsCertificateAndNobodyInPlainText) {
  TlsServer server;
  EXPECT_EQ(server.Call(grpc::SslCredentials({server.authority.certificate(), "", ""})), "NOT_FOUND");
  EXPECT_EQ(server.Call(grpc::InsecureChannelCredentials()), "UNAVAILABLE");
  EXPECT_EQ(server.Call(grpc::SslCredentials({server.clients.certificate(), "", ""})), "UNAVAILABLE") << "another CA";
  EXPECT_THAT(Https(server.http_port(), server.authority.certificate(), kHealth), HasSubstr("HTTP/1.1 200"));
  EXPECT_EQ(Https(server.http_port(), server.clients.certificate(), kHealth), "no connection");
}

TEST(Tls, TakesLargeBodiesAndManyRequestsOnOneConnection) {
  TlsServer server;
  const std::string body(3 << 20, ' ');
  std::string requests;
  for (int i = 0; i < 3; ++i) {
    requests += Cat(
        "POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ",
        body.size(), "\r\n\r\n", body);
  }
  const std::string answer = Https(server.http_port(), server.authority.certificate(), requests + kHealth);
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200"));
  size_t bad = 0;
  for (size_t at = answer.find("HTTP/1.1 400"); at != answer.npos; at = answer.find("HTTP/1.1 400", at + 1)) ++bad;
  EXPECT_EQ(bad, 3);
}

TEST(Tls, SpeaksNothingOlderThanTls12) {
  TlsServer server;
  const std::string roots = server.authority.certificate();
  EXPECT_THAT(Https(server.http_port(), roots, kHealth, nullptr, TLS1_2_VERSION), HasSubstr("HTTP/1.1 200"));
  EXPECT_EQ(Https(server.http_port(), roots, kHealth, nullptr, TLS1_1_VERSION), "no connection");
}

TEST(MutualTls, TakesCertificatesOfItsCaThatHold) {
  TlsServer server(true);
  const std::string roots = server.authority.certificate();
  EXPECT_EQ(server.Call(server.clients.Issue("app.example.com"), roots), "NOT_FOUND");
  EXPECT_EQ(server.Call(grpc::SslCredentials({roots, "", ""})), "UNAVAILABLE") << "none";
  EXPECT_EQ(server.Call(server.clients.Issue("app.example.com", -3600), roots), "UNAVAILABLE") << "expired";
  EXPECT_EQ(server.Call(server.authority.Issue("app.example.com"), roots), "UNAVAILABLE") << "of another CA";
  const TestCertificate good = server.clients.Issue("app.example.com");
  const TestCertificate expired = server.clients.Issue("app.example.com", -3600);
  EXPECT_THAT(Https(server.http_port(), roots, kHealth, &good), HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(Https(server.http_port(), roots, kHealth), testing::AnyOf("no connection", "no answer"));
  EXPECT_THAT(Https(server.http_port(), roots, kHealth, &expired), testing::AnyOf("no connection", "no answer"));
}

constexpr char kCertificateKeys[] = R"({"keys": [
    {"id": "reader", "certificate": "reader.example.com", "role": "reader"},
    {"id": "gateway", "certificate": "gateway.example.com", "role": "gateway"},
    {"id": "gone", "certificate": "gone.example.com", "role": "admin", "expires": "2020-01-01T00:00:00Z"}]})";

TEST(MutualTls, ACertificateHasTheRoleThatItsNameIsGiven) {
  TlsServer server(true, kCertificateKeys);
  const std::string roots = server.authority.certificate();
  EXPECT_EQ(server.Call(server.clients.Issue("reader.example.com"), roots), "NOT_FOUND");
  EXPECT_EQ(server.Call(server.clients.Issue("gateway.example.com"), roots), "PERMISSION_DENIED");
  EXPECT_EQ(server.Call(server.clients.Issue("gone.example.com"), roots), "UNAUTHENTICATED");
  EXPECT_EQ(server.Call(server.clients.Issue("nobody.example.com"), roots), "UNAUTHENTICATED");
}

std::string PostHead(const std::string& path, size_t bytes) {
  return Cat("POST ", path,
             " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ",
             bytes, "\r\n\r\n");
}

TEST(MutualTls, ACertificateHasTheSameRoleOverHttp) {
  TlsServer server(true, kCertificateKeys);
  const std::string roots = server.authority.certificate();
  const auto status = [&](const std::string& name, const std::string& request) {
    const TestCertificate own = server.clients.Issue(name);
    const std::string answer = Https(server.http_port(), roots, request, &own);
    return answer.substr(0, answer.find('\r'));
  };
  const std::string read = PostHead("/v1/schema/read-schema", 2) + "{}";
  EXPECT_THAT(status("reader.example.com", read), HasSubstr("404")) << "there is no schema";
  EXPECT_THAT(status("gateway.example.com", read), HasSubstr("403"));
  EXPECT_THAT(status("gone.example.com", read), HasSubstr("401"));
  EXPECT_THAT(status("nobody.example.com", read), HasSubstr("401"));
  const std::string write = R"({"schema": "type user {}"})";
  EXPECT_THAT(status("reader.example.com", PostHead("/v1/schema/write-schema", write.size()) + write),
              HasSubstr("403"));
  const std::string question = R"({"subject": {"type": "user", "id": "ann"}, "action": {"name": "view"},
                                   "resource": {"type": "document", "id": "plan"}})";
  const std::string evaluation = PostHead("/access/v1/evaluation", question.size()) + question;
  EXPECT_THAT(status("nobody.example.com", evaluation), HasSubstr("401"));
  EXPECT_THAT(status("reader.example.com", evaluation), testing::Not(HasSubstr("401")));
  EXPECT_THAT(status("reader.example.com", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              HasSubstr("200"));
  EXPECT_THAT(status("gateway.example.com", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              HasSubstr("403"));
}

TEST(MutualTls, NobodyVouchesForThemselves) {
  TlsServer server(true, R"({"keys": [{"id": "reader", "certificate": "reader.example.com", "role": "reader"}]})");
  const TestCertificate nobody = server.clients.Issue("nobody.example.com");
  const auto channel = grpc::CreateChannel(
      server.address(), grpc::SslCredentials({server.authority.certificate(), nobody.key, nobody.certificate}));
  for (const std::string& voucher : {std::string(), std::string(32, '\0'), std::string(32, 'x')}) {
    grpc::ClientContext context;
    context.AddMetadata("mandate-voucher-bin", voucher);
    context.AddMetadata("mandate-certificate-bin", "reader.example.com");
    v1::ReadSchemaResponse response;
    const grpc::Status status = v1::SchemaService::NewStub(channel)->ReadSchema(&context, {}, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST(Tls, ANewCertificateIsTakenWithoutARestart) {
  TlsServer server;
  TestAuthority next;
  const auto with_next = grpc::SslCredentials({next.certificate(), "", ""});
  EXPECT_EQ(server.Call(with_next), "UNAVAILABLE");
  const TestCertificate renewed = next.Issue("localhost");
  server.Put("server.key", renewed.key);  // They do not fit together, for longer than until they are looked at.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_THAT(Https(server.http_port(), server.authority.certificate(), kHealth), HasSubstr("HTTP/1.1 200"));
  server.Put("server.pem", renewed.certificate);
  bool grpc_renewed = false;
  bool http_renewed = false;
  for (int i = 0; i < 100 && !(grpc_renewed && http_renewed); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    grpc_renewed = grpc_renewed || server.Call(with_next) == "NOT_FOUND";
    http_renewed =
        http_renewed || Https(server.http_port(), next.certificate(), kHealth).find("200") != std::string::npos;
  }
  EXPECT_TRUE(grpc_renewed);
  EXPECT_TRUE(http_renewed);
}

TEST(Tls, SaysWhichFileIsWrong) {
  const std::string folder = testing::TempDir();
  TestAuthority authority;
  const TestCertificate one = authority.Issue("localhost");
  const TestCertificate two = authority.Issue("localhost");
  std::ofstream(folder + "/one.pem") << one.certificate;
  std::ofstream(folder + "/one.key") << one.key;
  std::ofstream(folder + "/two.key") << two.key;
  const auto fault = [&](const std::string& certificate, const std::string& key, const std::string& ca = "") {
    auto tls = ServerTls::Load({.certificate = certificate, .key = key, .client_ca = ca});
    return tls.ok() ? "" : std::string(tls.status().message());
  };
  EXPECT_EQ(fault(folder + "/one.pem", folder + "/one.key"), "");
  EXPECT_THAT(fault("", folder + "/one.key"), HasSubstr("TLS needs both"));
  EXPECT_THAT(fault(folder + "/none.pem", folder + "/one.key"), HasSubstr("none.pem` is no certificate in PEM"));
  EXPECT_THAT(fault(folder + "/one.key", folder + "/one.key"), HasSubstr("one.key` is no certificate"));
  EXPECT_THAT(fault(folder + "/one.pem", folder + "/two.key"), HasSubstr("two.key` is no"));
  EXPECT_THAT(fault(folder + "/one.pem", folder + "/one.key", folder + "/two.key"), HasSubstr("holds no certificates"));
}

}  // namespace
}  // namespace mandate
