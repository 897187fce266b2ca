// address.h: where a server listens, as it is written.
//
// Errors      INVALID_ARGUMENT for what is not HOST:PORT.
#ifndef MANDATE_SERVICE_ADDRESS_H_
#define MANDATE_SERVICE_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mandate {

struct ListenAddress {
  std::string host;  // Without the brackets of an IPv6 address.
  int port = 0;
};

// HOST:PORT, an IPv6 host in brackets.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// Whether an address, of either side, never leaves this machine: 127.x.x.x, localhost, [::1], a socket of UNIX.
bool IsLoopback(std::string_view address);

// Whether `host`, the value of a header `Host`, is this machine's by such a name, whatever the port.
bool IsLoopbackHost(std::string_view host);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ADDRESS_H_
