#include "schema/cel/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedPrefixBits = 96;

// As written: an IPv4-mapped address stays IPv6.
std::optional<IpAddress> ParseAsWritten(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.is_v4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

bool IsMapped(const IpAddress& address) {
  return !address.is_v4 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

IpAddress Unmapped(const IpAddress& address) {
  IpAddress v4;
  v4.is_v4 = true;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  std::optional<IpAddress> address = ParseAsWritten(text);
  if (address.has_value() && IsMapped(*address)) return Unmapped(*address);
  return address;
}

std::string ToText(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.is_v4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof(text));
  return text;
}

bool IpRange::Contains(const IpAddress& address) const {
  if (address.is_v4 != base.is_v4) return false;
  int whole = prefix_bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin())) {
    return false;
  }
  int rest = prefix_bits % 8;
  return rest == 0 || ((base.bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
}

std::optional<IpRange> ParseIpRange(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::optional<IpAddress> base = ParseAsWritten(text.substr(0, slash));
  std::string_view digits = text.substr(slash + 1);
  if (!base.has_value() || digits.empty() || digits.size() > 3 ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return std::nullopt;
  }
  int bits = 0;
  if (!absl::SimpleAtoi(AbslView(digits), &bits) || bits > (base->is_v4 ? 32 : 128)) return std::nullopt;
  if (IsMapped(*base) && bits >= kMappedPrefixBits) {
    return IpRange{Unmapped(*base), bits - kMappedPrefixBits};
  }
  return IpRange{*base, bits};
}

}  // namespace mandate::cel
