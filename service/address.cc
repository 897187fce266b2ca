#include "service/address.h"

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "schema/text.h"

namespace mandate {

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const absl::Status malformed =
      InvalidArgument(Cat(Quote(text), " is no address; write HOST:PORT, as in 127.0.0.1:50051"));
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return malformed;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find_first_of(":[]/") != host.npos) return malformed;
  ListenAddress address;
  if (port.empty() || port.size() > 5 || !absl::ascii_isdigit(port.front()) ||
      !absl::SimpleAtoi(AbslView(port), &address.port) || address.port > 65535) {
    return malformed;
  }
  address.host = std::string(bracketed ? host.substr(1, host.size() - 2) : host);
  return address;
}

bool IsLoopback(std::string_view address) { return address.starts_with("unix:") || IsLoopbackHost(address); }

bool IsLoopbackHost(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon != host.npos && !host.ends_with(']')) host = host.substr(0, colon);
  if (absl::EqualsIgnoreCase(AbslView(host), "localhost") || host == "[::1]") return true;
  // As a number: `127.evil.example.com` begins so as well.
  in_addr number{};
  return host.starts_with("127.") && inet_pton(AF_INET, std::string(host).c_str(), &number) == 1;
}

}  // namespace mandate
