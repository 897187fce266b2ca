// ip_address.h: IP addresses and ranges, for the parameter type `ipaddress`.
//
// Threads     Values; safe anywhere.
// Errors      nullopt where the text is not an address or range. Zones (`fe80::1%eth0`) are
//             refused.
#ifndef MANDATE_SCHEMA_CEL_IP_ADDRESS_H_
#define MANDATE_SCHEMA_CEL_IP_ADDRESS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mandate::cel {

// An IPv4-mapped IPv6 address (`::ffff:10.1.1.1`) is that IPv4 address: they are equal, and match
// the same ranges.
struct IpAddress {
  std::array<uint8_t, 16> bytes = {};  // IPv4 in the first four.
  bool is_v4 = false;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

std::optional<IpAddress> ParseIpAddress(std::string_view text);
std::string ToText(const IpAddress& address);

// The addresses that share their first `prefix_bits` with `base`. An address of the other family is
// never inside.
struct IpRange {
  IpAddress base;
  int prefix_bits = 0;
  bool Contains(const IpAddress& address) const;
};

std::optional<IpRange> ParseIpRange(std::string_view text);  // `10.0.0.0/8`

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_IP_ADDRESS_H_
