#include "service/http/http_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "openssl/err.h"
#include "openssl/x509v3.h"
#include "schema/text.h"

namespace mandate {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr size_t kBufferBytes = 16 << 10;
// How often a connection without a request looks whether it must leave.
constexpr milliseconds kLookEvery{50};
constexpr milliseconds kLingerTimeMax{1000};
constexpr size_t kLingerBytesMax = 64 << 20;
// What the library writes for a code that it does not know, and what is sent instead.
constexpr std::string_view kUnknownStatusLine = "HTTP/1.1 499 Internal Server Error\r\n";
constexpr std::string_view kGoneStatusLine = "HTTP/1.1 499 Client Closed Request\r\n";
static_assert(kUnknownStatusLine.size() == kGoneStatusLine.size());

// True once `events` are there; false at `deadline`.
bool Await(int fd, short events, HttpConnection::Clock::time_point deadline) {
  while (true) {
    const auto left = duration_cast<milliseconds>(deadline - HttpConnection::Clock::now());
    pollfd one{fd, events, 0};
    const int ready = poll(&one, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::chrono::milliseconds TimeFor(size_t bytes) {
  return milliseconds(bytes * 1000 / HttpConnection::kBytesPerSecondMin);
}

void Address(int fd, int (*of)(int, sockaddr*, socklen_t*), std::string* ip, int* port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  char host[NI_MAXHOST];
  char service[NI_MAXSERV];
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (of(fd, plain, &length) != 0) return;
  if (getnameinfo(plain, length, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return;
  *ip = host;
  *port = atoi(service);
}

std::string Text(const ASN1_STRING* string) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<size_t>(ASN1_STRING_length(string)));
}

// The same names in the same order as gRPC has for a caller.
std::vector<std::string> CertificateNames(SSL* ssl) {
  std::vector<std::string> names;
  if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0 || SSL_get_verify_result(ssl) != X509_V_OK) return names;
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl), X509_free);
  if (certificate == nullptr) return names;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; alternatives != nullptr && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
      names.push_back(Text(name->d.ia5));
    } else if (name->type == GEN_IPADD) {
      const std::string bytes = Text(name->d.iPAddress);
      char ip[INET6_ADDRSTRLEN];
      const int family = bytes.size() == 4 ? AF_INET : bytes.size() == 16 ? AF_INET6 : AF_UNSPEC;
      if (family != AF_UNSPEC && inet_ntop(family, bytes.data(), ip, sizeof ip) != nullptr) names.emplace_back(ip);
    }
  }
  const X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const int common = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (common >= 0) names.push_back(Text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, common))));
  return names;
}

}  // namespace

HttpConnection::HttpConnection(int fd, std::shared_ptr<SSL_CTX> tls)
    : fd_(fd),
      tls_(std::move(tls)),
      ssl_(tls_ == nullptr ? nullptr : SSL_new(tls_.get()), SSL_free),
      began_(Clock::now()) {
  const int on = 1;
  // Head and body of an answer are two writes.
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpConnection::~HttpConnection() { close(fd_); }

bool HttpConnection::Handshake() {
  if (tls_ == nullptr) return true;
  if (ssl_ == nullptr || fcntl(fd_, F_SETFL, O_NONBLOCK) != 0 || SSL_set_fd(ssl_.get(), fd_) != 1) return false;
  const auto deadline = Clock::now() + kHeadTimeMax;
  while (true) {
    ERR_clear_error();
    const Moved moved = FromTls(SSL_accept(ssl_.get()));
    if (moved == Moved::kBytes) {
      certificate_names_ = CertificateNames(ssl_.get());
      return true;
    }
    if (moved == Moved::kOver || !Await(fd_, want_, deadline)) return false;
  }
}

HttpConnection::Moved HttpConnection::FromTls(int result) {
  if (result > 0) return Moved::kBytes;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return Moved::kOver;
  want_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
  return Moved::kAgain;
}

HttpConnection::Moved HttpConnection::Receive(char* data, size_t size, size_t* got) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return FromTls(SSL_read_ex(ssl_.get(), data, size, got));
  }
  const ssize_t done = recv(fd_, data, size, MSG_DONTWAIT);
  want_ = POLLIN;
  if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Moved::kAgain;
  if (done <= 0) return Moved::kOver;
  *got = static_cast<size_t>(done);
  return Moved::kBytes;
}

HttpConnection::Moved HttpConnection::Send(const char* data, size_t size, size_t* sent) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return FromTls(SSL_write_ex(ssl_.get(), data, size, sent));
  }
  const ssize_t done = send(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  want_ = POLLOUT;
  if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Moved::kAgain;
  if (done < 0) return Moved::kOver;
  *sent = static_cast<size_t>(done);
  return Moved::kBytes;
}

bool HttpConnection::AwaitRequest(std::chrono::milliseconds idle_max, const std::function<bool()>& must_leave) {
  in_head_ = true;
  head_.clear();
  body_bytes_ = 0;
  const auto deadline = Clock::now() + idle_max;
  while (next_ == buffer_.size()) {
    if (must_leave()) return false;
    if (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0) break;
    const auto look = std::min(deadline, Clock::now() + kLookEvery);
    if (Await(fd_, POLLIN, look)) break;
    if (Clock::now() >= deadline) return false;
  }
  began_ = Clock::now();
  return true;
}

void HttpConnection::BeginBody() {
  in_head_ = false;
  began_ = Clock::now();
}

std::string HttpConnection::RawHeader(std::string_view name) const {
  std::string_view head = head_;
  while (true) {
    const size_t end = head.find('\n');
    if (end == head.npos) return "";
    head.remove_prefix(end + 1);
    const std::string_view line = head.substr(0, head.find('\n'));
    const size_t colon = line.find(':');
    if (colon == line.npos || !absl::EqualsIgnoreCase(AbslView(line.substr(0, colon)), AbslView(name))) continue;
    return std::string(absl::StripAsciiWhitespace(AbslView(line.substr(colon + 1))));
  }
}

bool HttpConnection::Gone() const {
  char byte;
  if (ssl_ != nullptr) {  // A peer that closes sends a last record first, which is no byte of a request.
    ERR_clear_error();
    size_t peeked = 0;
    const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &peeked);
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    return error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  }
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void HttpConnection::Linger() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  shutdown(fd_, SHUT_WR);
  const auto deadline = Clock::now() + kLingerTimeMax;
  std::string dropped(kBufferBytes, '\0');
  for (size_t bytes = 0; bytes < kLingerBytesMax && Await(fd_, POLLIN, deadline);) {
    const ssize_t got = recv(fd_, dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    bytes += static_cast<size_t>(got);
  }
}

void HttpConnection::Break() { shutdown(fd_, SHUT_RDWR); }

bool HttpConnection::is_readable() const {
  const bool has_bytes = next_ < buffer_.size() || (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0);
  return has_bytes || Await(fd_, POLLIN, ReadDeadline());
}

bool HttpConnection::is_writable() const { return Await(fd_, POLLOUT, Clock::now() + kSlowStart) && !Gone(); }

HttpConnection::Clock::time_point HttpConnection::ReadDeadline() const {
  return in_head_ ? began_ + kHeadTimeMax : began_ + kSlowStart + TimeFor(body_bytes_);
}

bool HttpConnection::Fill() {
  buffer_.resize(kBufferBytes);
  next_ = 0;
  size_t got = 0;
  Moved moved = Receive(buffer_.data(), buffer_.size(), &got);
  while (moved == Moved::kAgain && Await(fd_, want_, ReadDeadline())) {
    moved = Receive(buffer_.data(), buffer_.size(), &got);
  }
  buffer_.resize(moved == Moved::kBytes ? got : 0);
  return moved == Moved::kBytes;
}

ssize_t HttpConnection::read(char* data, size_t size) {
  if (in_head_ && head_.size() >= kHeadBytesMax) return -1;
  if (!in_head_ && Clock::now() >= ReadDeadline()) return -1;
  if (next_ == buffer_.size() && !Fill()) return -1;
  const size_t taken = std::min(size, buffer_.size() - next_);
  std::memcpy(data, buffer_.data() + next_, taken);
  next_ += taken;
  if (in_head_) {
    head_.append(data, taken);
  } else {
    body_bytes_ += taken;
  }
  return static_cast<ssize_t>(taken);
}

ssize_t HttpConnection::write(const char* data, size_t size) {
  std::string head;
  if (std::string_view(data, size).starts_with(kUnknownStatusLine)) {
    head = Cat(kGoneStatusLine, std::string_view(data, size).substr(kUnknownStatusLine.size()));
    data = head.data();
  }
  const auto deadline = Clock::now() + kSlowStart + TimeFor(size);
  size_t sent = 0;
  while (sent < size) {
    size_t more = 0;
    const Moved moved = Send(data + sent, size - sent, &more);
    if (moved == Moved::kBytes) sent += more;
    if (moved == Moved::kOver || (moved == Moved::kAgain && !Await(fd_, want_, deadline))) return -1;
  }
  return static_cast<ssize_t>(size);
}

void HttpConnection::get_remote_ip_and_port(std::string& ip, int& port) const { Address(fd_, getpeername, &ip, &port); }
void HttpConnection::get_local_ip_and_port(std::string& ip, int& port) const { Address(fd_, getsockname, &ip, &port); }

}  // namespace mandate
