// test_http.h: a server with its HTTP port, as a client of HTTP meets it, for tests.
//
//   HttpTestServer server;
//   server.Load("docs/authzen/certification");
//   EXPECT_EQ(server.Evaluate(R"({"subject": ..., "action": ..., "resource": ...})"), Allowed());
//
// Threads     One thread, but for what TestServer shares.
// Errors      A request that gets no answer is a test failure.
#ifndef MANDATE_SERVICE_HTTP_TEST_HTTP_H_
#define MANDATE_SERVICE_HTTP_TEST_HTTP_H_

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "httplib.h"
#include "service/http/json_text.h"
#include "service/test_server.h"

namespace mandate {

struct HttpAnswer {
  int status = 0;
  std::string body;
  httplib::Headers headers;
  Json json() const { return Json::parse(body, nullptr, false); }
  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
};

struct HttpTestServer : TestServer {
  explicit HttpTestServer(const ServerOptions& serving = {})
      : TestServer({}, "127.0.0.1:0", serving), client("127.0.0.1", server().http_port()) {
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_read_timeout(60);
  }
  int port() { return server().http_port(); }

  static std::string File(const std::string& path) {
    std::ifstream file(Cat(MANDATE_SOURCE_DIR, "/", path));
    EXPECT_TRUE(file.good()) << path;
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }

  // `stem`.zed and `stem`.tuples
  void Load(const std::string& stem) {
    WriteSchema(File(stem + ".zed"));
    std::istringstream lines(File(stem + ".tuples"));
    std::vector<std::string> relationships;
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && !line.starts_with("//")) relationships.push_back(line);
    }
    Touch(relationships);
  }

  HttpAnswer Post(const std::string& path, const std::string& body, const httplib::Headers& headers = {},
                  const std::string& type = "application/json") {
    return Answer(client.Post(path, headers, body, type));
  }
  HttpAnswer Get(const std::string& path) { return Answer(client.Get(path)); }
  static HttpAnswer Answer(const httplib::Result& result) {
    EXPECT_TRUE(result) << httplib::to_string(result.error());
    return result ? HttpAnswer{result->status, result->body, result->headers} : HttpAnswer{};
  }

  // What an endpoint of AuthZEN answers, all of it; the status if that is not 200.
  Json Ask(const std::string& endpoint, const Json& request) {
    const HttpAnswer answer = Post(Cat("/access/v1/", endpoint), request.dump());
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    if (answer.status == 200) return answer.json();
    Json error = answer.json()["error"];
    EXPECT_EQ(error["status"], answer.status) << answer.body;
    return error;
  }
  // `true`; `false REASON`; `found`; `400 REASON field`.
  std::string Evaluate(const Json& request) { return Verdict(Ask("evaluation", request)); }
  static std::string Verdict(const Json& answer) {
    const auto text = [](const Json& json, const char* name) {
      return json.contains(name) ? " " + json[name].get<std::string>() : "";
    };
    if (answer.contains("status")) {
      return Cat(answer["status"].get<int>(), text(answer, "reason"), text(answer, "field"));
    }
    if (answer.contains("results")) return "found";
    if (answer.value("decision", false)) return "true";
    const Json context = answer.value("context", Json::object());
    if (context.contains("error")) return "false error " + Verdict(context["error"]);
    return "false" + text(context, "reason");
  }

  httplib::Client client;
};

// Sends bytes as they are, and with kHalfClose says that no more come; reads until the server closes, or `enough` says
// so.
enum class Ending { kOpen, kHalfClose };
inline std::string SendRaw(int port, const std::string& bytes,
                           const std::function<bool(const std::string&)>& enough = {}, Ending ending = Ending::kOpen) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t done = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (done <= 0) break;
    sent += static_cast<size_t>(done);
  }
  if (ending == Ending::kHalfClose) shutdown(fd, SHUT_WR);
  std::string got;
  char buffer[4096];
  while (!enough || !enough(got)) {
    const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    got.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return got;
}

// A question of AuthZEN: `alice read record-1`, of a user about a record, with whatever else is in `more`.
inline Json Question(const std::string& user, const std::string& action, const std::string& record,
                     const Json& more = Json::object()) {
  Json question = {{"subject", {{"type", "user"}, {"id", user}}},
                   {"action", {{"name", action}}},
                   {"resource", {{"type", "record"}, {"id", record}}}};
  question.merge_patch(more);
  return question;
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_TEST_HTTP_H_
