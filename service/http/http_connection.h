// http_connection.h: one connection of a client, as a stream for the HTTP library, with limits on what a peer may take.
//
//   HttpConnection connection(fd, &stopping);
//   while (connection.AwaitRequest(idle_max, must_leave)) ...    // one request and its answer, each time
//   connection.Linger();
//
// A head comes whole within kHeadTimeMax and has at most kHeadBytesMax; after it, bytes come and go at
// kBytesPerSecondMin or more, once kSlowStart is over. So a peer that drips holds a thread for seconds, not for ever.
//
// Threads     One thread, but for Break.
// Ownership   Closes the socket when it ends.
#ifndef MANDATE_SERVICE_HTTP_HTTP_CONNECTION_H_
#define MANDATE_SERVICE_HTTP_HTTP_CONNECTION_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "httplib.h"
#include "openssl/ssl.h"

namespace mandate {

class HttpConnection final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kHeadBytesMax = 64 << 10;
  static constexpr std::chrono::seconds kHeadTimeMax{10};
  static constexpr std::chrono::seconds kSlowStart{10};
  static constexpr size_t kBytesPerSecondMin = 1 << 10;

  // `tls`: null for plain HTTP; else Handshake comes first.
  HttpConnection(int fd, std::shared_ptr<SSL_CTX> tls);
  ~HttpConnection() override;

  // Agrees on encryption, within kHeadTimeMax; true at once without TLS.
  bool Handshake();
  // Of the peer's certificate, where its CA was checked: subject alternative names, then the common name.
  const std::vector<std::string>& certificate_names() const { return certificate_names_; }
  // Waits for the first byte of a request for `idle_max`, as long as `must_leave` does not say otherwise.
  bool AwaitRequest(std::chrono::milliseconds idle_max, const std::function<bool()>& must_leave);
  // The head was read; what follows is the body.
  void BeginBody();
  // The value of a header of this request exactly as it was sent; empty if there is none.
  std::string RawHeader(std::string_view name) const;
  // The peer closed, or the connection broke. One that only says that it sends nothing more looks the same.
  bool Gone() const;
  // Says that nothing more is sent, and takes for a moment what the peer still sends: a close with unread bytes would
  // destroy the answer on its way.
  void Linger();
  // Ends whatever waits on it. From any thread.
  void Break();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return fd_; }

 private:
  Clock::time_point ReadDeadline() const;
  bool Fill();
  // What recv and send would say. kAgain: nothing yet; it waits for what `Want` is.
  enum class Moved { kBytes, kAgain, kOver };
  Moved Receive(char* data, size_t size, size_t* got);
  Moved Send(const char* data, size_t size, size_t* sent);
  Moved FromTls(int result);

  const int fd_;
  const std::shared_ptr<SSL_CTX> tls_;
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl_;  // Null: plain.
  std::vector<std::string> certificate_names_;
  short want_ = 0;      // POLLIN or POLLOUT, after kAgain.
  std::string buffer_;  // Read from the socket, and from `next_` on not yet taken.
  size_t next_ = 0;
  std::string head_;  // Of this request, as far as it was taken.
  bool in_head_ = true;
  size_t body_bytes_ = 0;  // Taken of this request's body.
  Clock::time_point began_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_HTTP_CONNECTION_H_
