// http_server.h: HTTP/1.1 on a port of its own: connections in, a handler's answers out.
//
//   auto listener = HttpListener::Bind("127.0.0.1:0");
//   auto server = HttpServer::Start(*std::move(listener), &handler);
//   Connect to "127.0.0.1:" + server->port(); then server->Stop(absl::Seconds(5));
//
// cpp-httplib reads heads and bodies and writes answers; sockets, threads and limits are ours (http_connection.h),
// since the packaged version bounds neither what a peer sends nor how slowly.
//
// Threads     Start and Stop from one thread. One thread a connection, kConnectionsMax at most; whoever comes then
//             waits, and connections without a request are let go of for them.
// Ownership   Handler and TLS outlive it.
// Errors      INVALID_ARGUMENT for an address that is not HOST:PORT; UNAVAILABLE when it cannot be bound.
#ifndef MANDATE_SERVICE_HTTP_HTTP_SERVER_H_
#define MANDATE_SERVICE_HTTP_HTTP_SERVER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/access/tls.h"
#include "service/http/http_exchange.h"

namespace mandate {

// A bound address on which connections wait already.
class HttpListener {
 public:
  // HOST:PORT; port 0 lets the system choose.
  static absl::StatusOr<HttpListener> Bind(const std::string& address);
  HttpListener(HttpListener&& other) noexcept : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}
  HttpListener& operator=(HttpListener&& other) noexcept;
  ~HttpListener();

  int port() const { return port_; }
  int fd() const { return fd_; }

 private:
  HttpListener(int fd, int port) : fd_(fd), port_(port) {}
  int fd_;
  int port_;
};

class HttpServer {
 public:
  static constexpr int kConnectionsMax = 256;
  // Of all bodies that are kept at one time.
  static constexpr size_t kKeptBytesMax = 512 << 20;

  // `tls`: null for plain HTTP.
  static std::unique_ptr<HttpServer> Start(HttpListener listener, HttpHandler* handler, ServerTls* tls = nullptr);
  ~HttpServer();

  int port() const;

  // Takes no new requests, lets those under way finish for up to `grace`, then breaks them off.
  void Stop(absl::Duration grace);

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_HTTP_SERVER_H_
