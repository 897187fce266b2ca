#include "service/http/http_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "schema/reason.h"
#include "schema/text.h"
#include "service/address.h"
#include "service/http/http_connection.h"

namespace mandate {
namespace {

constexpr int kBacklog = 512;
// How long a connection may rest between two requests.
constexpr std::chrono::seconds kIdleMax{60};
// A path of ours is far shorter; the library matches paths by a recursion over their characters.
constexpr size_t kPathBytesMax = 512;

// What is known of the request that a connection is in.
struct Exchange {
  HttpConnection* connection = nullptr;

  // Where the next request begins cannot be told.
  bool lost() const { return !head_read || (has_body && !body_read); }
  bool head_read = false;
  bool has_body = false;
  bool body_read = false;
  size_t kept_bytes = 0;
};

// The library gives its handlers no way to the connection; a request is handled on the thread that reads it.
thread_local Exchange* current_exchange = nullptr;

// What reaches our handlers. The library would read the body of anything else into memory first, however long.
bool IsRoutable(const httplib::Request& request) {
  static constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  const bool plain = std::none_of(request.path.begin(), request.path.end(), [](unsigned char c) { return c < ' '; });
  return plain && request.path.size() <= kPathBytesMax &&
         std::find(std::begin(kMethods), std::end(kMethods), request.method) != std::end(kMethods);
}

bool HasBody(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return true;
  return request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0";
}

}  // namespace

absl::StatusOr<HttpListener> HttpListener::Bind(const std::string& listen) {
  auto address = ParseListenAddress(listen);
  if (!address.ok()) return address.status();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const absl::Status taken = absl::UnavailableError(
      Cat("cannot listen on `", listen, "`; is the port taken, or the address not of this machine?"));
  if (getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(), &hints, &found) != 0) return taken;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (bind(fd, one->ai_addr, one->ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0 &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) == 0) {
      const int port = bound.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port)
                                                   : ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
      return HttpListener(fd, port);
    }
    close(fd);
  }
  return taken;
}

HttpListener& HttpListener::operator=(HttpListener&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

HttpListener::~HttpListener() {
  if (fd_ >= 0) close(fd_);
}

struct HttpServer::Parts final : httplib::Server {
  Parts(HttpListener bound, HttpHandler* handler, ServerTls* tls)
      : listener(std::move(bound)), handler(*handler), tls(tls) {
    svr_sock_ = listener.fd();  // The library sends no stream without one.
    keep_alive_timeout_sec_ = kIdleMax.count();
    const auto any = [this](const httplib::Request& request, httplib::Response& response) {
      Answer(request, nullptr, &response);
    };
    const auto any_with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& reader) { Answer(request, &reader, &response); };
    Get(".*", any);
    Options(".*", any);
    Post(".*", any_with_body);
    Put(".*", any_with_body);
    Patch(".*", any_with_body);
    Delete(".*", any_with_body);
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (IsRoutable(request)) return HandlerResponse::Unhandled;
      Send(this->handler.Refuse(404), &response);
      Finish(&response);
      return HandlerResponse::Handled;
    });
    set_error_handler(HandlerWithResponse([this](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return HandlerResponse::Unhandled;
      Send(this->handler.Refuse(response.status), &response);
      if (current_exchange->lost()) response.set_header("Connection", "close");
      return HandlerResponse::Handled;
    }));
    set_exception_handler([this](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      Send(this->handler.Refuse(500), &response);
    });
  }

  // One request, its body still to be read.
  void Answer(const httplib::Request& request, const httplib::ContentReader* reader, httplib::Response* response) {
    Exchange& exchange = *current_exchange;
    HttpRequest own{.method = request.method, .path = request.path};
    own.content_type = request.get_header_value("Content-Type");
    own.host = exchange.connection->RawHeader("Host");
    own.authorization = exchange.connection->RawHeader("Authorization");
    own.certificate_names = exchange.connection->certificate_names();
    own.request_id = request.get_header_value("X-Request-ID");
    own.traceparent = request.get_header_value("traceparent");
    own.peer = Cat(request.remote_addr, ":", request.remote_port);
    own.gone = [&exchange] { return exchange.connection->Gone(); };
    own.may_keep = [this, &exchange](size_t bytes) {
      exchange.kept_bytes += bytes;
      return kept_bytes.fetch_add(bytes) + bytes <= kKeptBytesMax;
    };
    own.read_body = [&exchange, reader](const HttpRequest::Take& take) -> absl::Status {
      absl::Status status;
      const bool whole = reader == nullptr || (*reader)([&](const char* data, size_t size) {
                           status = take(std::string_view(data, size));
                           return status.ok();
                         });
      if (!status.ok()) return status;
      if (!whole)
        return WithReason(InvalidArgument("the body breaks off, or is not sent as HTTP says"), "BODY_MALFORMED");
      exchange.body_read = true;
      return status;
    };
    Send(handler.Handle(own), response);
    Finish(response);
  }

  static void Send(HttpReply reply, httplib::Response* response) {
    response->status = reply.status;
    if (!reply.allow.empty()) response->set_header("Allow", reply.allow);
    if (reply.retry_after_seconds > 0) response->set_header("Retry-After", std::to_string(reply.retry_after_seconds));
    if (reply.stream == nullptr) {
      response->set_content(reply.body, reply.content_type);
      return;
    }
    response->set_chunked_content_provider(
        reply.content_type,
        [stream = reply.stream, connection = current_exchange->connection](size_t, httplib::DataSink& sink) {
          stream->Run([&](std::string_view part) { return sink.write(part.data(), part.size()); },
                      [&] { return connection->Gone(); });
          sink.done();
          return true;
        });
  }

  // What stands in the head of every answer.
  void Finish(httplib::Response* response) const {
    const Exchange& exchange = *current_exchange;
    const std::string id = exchange.connection->RawHeader("X-Request-ID");
    if (!id.empty()) response->set_header("X-Request-ID", id);
    if (exchange.lost() || stopping) response->set_header("Connection", "close");
  }

  // All requests of a connection.
  void Serve(HttpConnection* connection) {
    if (!connection->Handshake()) return;
    const auto must_leave = [this] { return stopping || crowded; };
    bool first = true;
    // Whoever just came is heard, however many wait.
    while (connection->AwaitRequest(kIdleMax, first ? [this] { return stopping.load(); } : std::function(must_leave))) {
      first = false;
      Exchange exchange{.connection = connection};
      current_exchange = &exchange;
      bool closed = false;
      const bool done = process_request(*connection, stopping, closed, [&](httplib::Request& request) {
        connection->BeginBody();
        exchange.head_read = true;
        exchange.has_body = HasBody(request);
        request.ranges.clear();                    // An answer is whole,
        request.headers.erase("Accept-Encoding");  // and as it is.
      });
      current_exchange = nullptr;
      kept_bytes -= exchange.kept_bytes;
      if (!done || closed || stopping || exchange.lost()) break;
    }
    connection->Linger();
  }

  void AcceptLoop() {
    while (!stopping) {
      const int fd = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        // Too many open files, say: others close theirs.
        if (!stopping) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      std::unique_lock lock(mutex);
      waiting.push_back(fd);
      if (waiting.size() > idle) {
        if (workers.size() < kConnectionsMax) {
          workers.emplace_back([this] { WorkLoop(); });
        } else {
          crowded = true;
        }
      }
      wake.notify_one();
      // What waits beyond is left to the system's own queue.
      room.wait(lock, [this] { return waiting.size() < kBacklog || stopping; });
    }
  }

  void WorkLoop() {
    // OpenSSL writes to a connection that is gone by then.
    sigset_t broken;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, nullptr);
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wake.wait(lock, [this] { return !waiting.empty() || stopping; });
      --idle;
      if (waiting.empty()) return;
      HttpConnection connection(waiting.front(), tls == nullptr ? nullptr : tls->HttpContext());
      waiting.pop_front();
      crowded = waiting.size() > idle;
      room.notify_one();
      open.insert(&connection);
      lock.unlock();
      Serve(&connection);
      lock.lock();
      open.erase(&connection);
      left.notify_all();
    }
  }

  void StopAll(absl::Duration grace) {
    {
      std::unique_lock lock(mutex);
      if (stopping) return;
      stopping = true;
      wake.notify_all();
      room.notify_all();
      shutdown(listener.fd(), SHUT_RDWR);  // Ends accept.
      left.wait_for(lock, absl::ToChronoMilliseconds(std::max(grace, absl::ZeroDuration())),
                    [this] { return open.empty() && waiting.empty(); });
      for (HttpConnection* connection : open) connection->Break();
    }
    acceptor.join();
    for (std::thread& worker : workers) worker.join();
    for (const int fd : waiting) close(fd);
    svr_sock_ = INVALID_SOCKET;
  }

  const HttpListener listener;
  HttpHandler& handler;
  ServerTls* const tls;  // Null: none.
  std::atomic<size_t> kept_bytes = 0;
  std::atomic<bool> stopping = false;
  std::atomic<bool> crowded = false;  // Somebody waits, and no thread is free.

  std::mutex mutex;
  std::condition_variable wake;  // A connection waits, or all is over.
  std::condition_variable room;  // There is room to wait.
  std::condition_variable left;  // A connection ended.
  std::deque<int> waiting;
  std::set<HttpConnection*> open;
  size_t idle = 0;
  std::vector<std::thread> workers;
  std::thread acceptor;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HttpServer::~HttpServer() { Stop(absl::ZeroDuration()); }

std::unique_ptr<HttpServer> HttpServer::Start(HttpListener listener, HttpHandler* handler, ServerTls* tls) {
  auto parts = std::make_unique<Parts>(std::move(listener), handler, tls);
  parts->acceptor = std::thread([raw = parts.get()] { raw->AcceptLoop(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

int HttpServer::port() const { return parts_->listener.port(); }

void HttpServer::Stop(absl::Duration grace) { parts_->StopAll(grace); }

}  // namespace mandate
