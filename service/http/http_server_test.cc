// The HTTP port against those who mean it ill, or are merely slow.
#include "service/http/http_server.h"

#include <chrono>
#include <thread>

#include "service/http/http_connection.h"
#include "service/http/test_http.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct HttpPort : testing::Test {
  HttpPort() { server.Load("docs/authzen/certification"); }
  std::string Raw(const std::string& bytes) { return SendRaw(server.port(), bytes); }
  bool StillAnswers() { return server.Evaluate(Question("alice", "read", "record-1")) == "true"; }

  HttpTestServer server;
  const std::string good = Question("alice", "read", "record-1").dump();
};

std::string Post(const std::string& path, const std::string& head, const std::string& body) {
  return Cat("POST ", path, " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n", head, "\r\n", body);
}

TEST_F(HttpPort, TellsThatItLivesAndThatItIsReady) {
  EXPECT_EQ(server.Get("/healthz").status, 200);
  EXPECT_EQ(server.Get("/readyz").json()["status"], "ready");
  HttpTestServer empty;
  EXPECT_EQ(empty.Get("/readyz").status, 200) << "a schema can be written";
}

TEST_F(HttpPort, AnswersWhatIsNotThereAndWhatIsNotAllowed) {
  const HttpAnswer none = server.Get("/nothing");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.json()["error"]["status"], 404);
  EXPECT_EQ(server.Get("/access/v1/evaluation").status, 405);
  EXPECT_EQ(server.Get("/access/v1/evaluation").header("Allow"), "POST");
  EXPECT_EQ(server.Post("/healthz", "{}").status, 405);
  EXPECT_EQ(server.Answer(server.client.Put("/access/v1/evaluation", good, "application/json")).status, 405);
  EXPECT_EQ(server.Answer(server.client.Delete("/access/v1/evaluation")).status, 405);
  EXPECT_EQ(server.Answer(server.client.Options("/access/v1/evaluation")).status, 405);
  EXPECT_EQ(server.Get("/access/v1/evaluation/").status, 404);
  EXPECT_EQ(server.Get("/" + std::string(4000, 'a')).status, 404);
  EXPECT_TRUE(StillAnswers());
}

// A page in a browser of this machine reaches loopback by a name of its own (DNS rebinding); the browser says that
// name.
TEST_F(HttpPort, WithoutKeysAnswersToNamesOfThisMachineAlone) {
  const auto status = [this](const std::string& host) {
    const std::string answer =
        SendRaw(server.port(), Cat("GET /healthz HTTP/1.1\r\n", host, "Connection: close\r\n\r\n"));
    return answer.substr(0, answer.find('\r'));
  };
  for (const char* host :
       {"localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:8080"}) {
    EXPECT_EQ(status(Cat("Host: ", host, "\r\n")), "HTTP/1.1 200 OK") << host;
  }
  for (const char* host :
       {"evil.example.com", "127.evil.example.com:8080", "localhost.example.com", "10.0.0.1", "[::2]", "127.0.0.1.x"}) {
    EXPECT_EQ(status(Cat("Host: ", host, "\r\n")), "HTTP/1.1 421 Misdirected Request") << host;
  }
  EXPECT_THAT(SendRaw(server.port(),
                      "POST /v1/permission/check HTTP/1.1\r\nHost: evil.example.com\r\nConnection: "
                      "close\r\nContent-Length: 0\r\n\r\n"),
              HasSubstr("HOST_NOT_LOCAL"));
}

TEST_F(HttpPort, KeepsAConnectionOpenBetweenRequests) {
  const std::string request = Post("/access/v1/evaluation", Cat("Content-Length: ", good.size(), "\r\n"), good);
  const std::string answer = SendRaw(server.port(), request + request + request, [](const std::string& got) {
    size_t count = 0;
    for (size_t at = 0; (at = got.find("{\"decision\":true}", at)) != got.npos; ++at) ++count;
    return count == 3;
  });
  EXPECT_THAT(answer, HasSubstr("{\"decision\":true}HTTP/1.1 200 OK"));
}

TEST_F(HttpPort, TakesChunkedBodies) {
  const std::string chunked = Cat("5\r\n", good.substr(0, 5), "\r\n", absl::StrCat(absl::Hex(good.size() - 5)), "\r\n",
                                  good.substr(5), "\r\n0\r\n\r\n");
  EXPECT_THAT(SendRaw(server.port(), Post("/access/v1/evaluation", "Transfer-Encoding: chunked\r\n", chunked),
                      [](const std::string& got) { return got.ends_with("{\"decision\":true}"); }),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpPort, RefusesABodyThatIsTooLong) {
  const std::string huge(5 << 20, ' ');
  EXPECT_EQ(server.Post("/access/v1/evaluation", huge).status, 413);
  EXPECT_EQ(server.Post("/v1/permission/check", std::string(33 << 20, ' ')).status, 413);
  // Without a length, a chunk at a time.
  std::string chunks;
  for (int i = 0; i < 80; ++i) chunks += "10000\r\n" + std::string(65536, ' ') + "\r\n";
  EXPECT_THAT(Raw(Post("/access/v1/evaluation", "Transfer-Encoding: chunked\r\n", chunks)), StartsWith("HTTP/1.1 413"));
  // Announced, and not sent.
  EXPECT_THAT(Raw(Post("/access/v1/evaluation", "Content-Length: 99999999999\r\n", huge)), StartsWith("HTTP/1.1 413"));
  EXPECT_TRUE(StillAnswers());
}

TEST_F(HttpPort, WhatItDidNotReadIsNeverTakenForTheNextRequest) {
  const std::string inner = Post("/access/v1/evaluation", Cat("Content-Length: ", good.size(), "\r\n"), good);
  const std::string length = Cat("Content-Length: ", inner.size(), "\r\n");
  for (const std::string& outer :
       {Cat("POST /nothing HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner),
        Cat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner),
        Cat("PUT /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner),
        Cat("POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n", length, "\r\n",
            inner),
        Cat("POST /", std::string(4000, 'a'), " HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner),
        Cat("POST /%0a HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner),
        Cat("PRI /x HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", inner), Cat("nonsense\r\n\r\n", inner)}) {
    const std::string answer = Raw(outer);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 "));
    EXPECT_THAT(answer, testing::Not(HasSubstr("decision"))) << outer.substr(0, 40);
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << outer.substr(0, 40);
  }
}

TEST_F(HttpPort, SurvivesWhatIsNoHttp) {
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("\0\0\0\0\r\n\r\n", 8),
        std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("FOO / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nbroken\r\n\r\n"), std::string("POST /access/v1/evaluation HTTP/1.1\r\n\r\n"),
        Post("/access/v1/evaluation", "Content-Length: -1\r\n", "x"),
        Post("/access/v1/evaluation", "Content-Length: x\r\n", "x"),
        Post("/access/v1/evaluation", "Transfer-Encoding: chunked\r\n", "zz\r\n"),
        Post("/access/v1/evaluation", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\nx"),
        Post("/access/v1/evaluation", "Transfer-Encoding: gzip\r\n", "x"),
        Post("/access/v1/evaluation", "Content-Encoding: gzip\r\nContent-Length: 4\r\n", "nope"),
        Post("/access/v1/evaluation", "Content-Encoding: br\r\nContent-Length: 4\r\n", "nope"),
        Post("/access/v1/evaluation", "Range: bytes=0-1,5-9\r\nContent-Length: 2\r\n", "{}")}) {
    // Whatever was meant to follow does not.
    const std::string answer = SendRaw(server.port(), bytes, {}, Ending::kHalfClose);
    EXPECT_THAT(answer, testing::Not(HasSubstr("\"decision\":true"))) << bytes;
    EXPECT_TRUE(StillAnswers()) << bytes;
  }
}

TEST_F(HttpPort, AHeadThatIsTooLongEndsTheConnection) {
  std::string head = "GET /healthz HTTP/1.1\r\n";
  while (head.size() < 2 * HttpConnection::kHeadBytesMax)
    head += Cat("X-", head.size(), ": ", std::string(1000, 'x'), "\r\n");
  EXPECT_THAT(Raw(head + "\r\n"), testing::Not(HasSubstr("200 OK")));
  EXPECT_THAT(Raw("GET /healthz HTTP/1.1\r\nX: " + std::string(1 << 20, 'x')), testing::Not(HasSubstr("200 OK")));
  EXPECT_TRUE(StillAnswers());
}

TEST_F(HttpPort, AnswersAreWholeAndAsTheyAre) {
  const HttpAnswer answer =
      server.Post("/access/v1/evaluation", good, {{"Range", "bytes=0-3"}, {"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"decision":true})");
  EXPECT_EQ(answer.header("Content-Encoding"), "");
}

TEST_F(HttpPort, MoreConnectionsThanThreadsAreServedAllTheSame) {
  // All threads hold a connection that says nothing.
  std::vector<int> idle;
  for (int i = 0; i < HttpServer::kConnectionsMax + 20; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    // One answer each, so that it rests between two requests.
    const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char buffer[512];
    EXPECT_GT(recv(fd, buffer, sizeof buffer, 0), 0) << i;
    idle.push_back(fd);
  }
  for (const int fd : idle) close(fd);
}

// Answers once its peer looks gone.
struct WaitsUntilGone : HttpHandler {
  HttpReply Handle(const HttpRequest& request) override {
    for (int i = 0; i < 1'000 && !request.gone(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return request.gone() ? HttpReply{.status = 499, .body = "{}"} : Refuse(500);
  }
  HttpReply Refuse(int status) override { return {.status = status, .body = "{}"}; }
};

TEST(HttpServer, WhoeverEndsItsSideIsGoneAndToldSoIfItListens) {
  auto listener = HttpListener::Bind("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  WaitsUntilGone handler;
  const auto server = HttpServer::Start(*std::move(listener), &handler);
  EXPECT_THAT(SendRaw(server->port(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", {}, Ending::kHalfClose),
              AllOf(StartsWith("HTTP/1.1 499 Client Closed Request\r\n"), testing::EndsWith("\r\n\r\n{}")));
}

TEST_F(HttpPort, StopsWithoutWaitingForThoseWhoSayNothing) {
  ASSERT_TRUE(StillAnswers());  // The client keeps its connection.
  const auto began = std::chrono::steady_clock::now();
  server.server().Stop(absl::Seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(HttpListener, RefusesAnAddressThatIsNoneOrTaken) {
  EXPECT_EQ(HttpListener::Bind("nowhere").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HttpListener::Bind("127.0.0.1:99999").status().code(), absl::StatusCode::kInvalidArgument);
  auto first = HttpListener::Bind("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(first->port(), 0);
  EXPECT_EQ(HttpListener::Bind(Cat("127.0.0.1:", first->port())).status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpUrl, NamesAPlaceOrIsRefused) {
  DatabaseOptions options;
  options.store.in_memory = true;
  auto database = Database::Open(options);
  ASSERT_TRUE(database.ok());
  const auto start = [&](const std::string& url) {
    return Server::Start(database->get(), {.listen = "127.0.0.1:0", .http = "127.0.0.1:0", .http_url = url});
  };
  for (const char* url :
       {"pdp.example.com", "https://pdp.example.com/", "https://pdp.example.com?x", "https://x#y", "ftp://x"}) {
    EXPECT_EQ(start(url).status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  auto server = start("https://pdp.example.com");
  ASSERT_TRUE(server.ok()) << server.status();
  httplib::Client client("127.0.0.1", (*server)->http_port());
  const Json metadata = HttpTestServer::Answer(client.Get("/.well-known/authzen-configuration")).json();
  EXPECT_EQ(metadata["access_evaluation_endpoint"], "https://pdp.example.com/access/v1/evaluation");
}

}  // namespace
}  // namespace mandate
