#include "service/token.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/checksum.h"

namespace mandate {
namespace {

constexpr char kVersion = 0x01;
constexpr size_t kIdBytes = 8;
constexpr size_t kBodyBytes = 1 + kIdBytes + 8;
constexpr size_t kTokenBytes = kBodyBytes + 4;
constexpr size_t kTokenCharacters = kTokenBytes / 3 * 4;  // 21 bytes: no bit is left over.

std::string IdPrefix(std::string_view database_id) {
  return absl::HexStringToBytes(AbslView(database_id.substr(0, 2 * kIdBytes)));
}

absl::Status NoToken() {
  return WithReason(
      absl::InvalidArgumentError("the token is malformed; send one that this database returned, unchanged"),
      "TOKEN_MALFORMED");
}

// The token's bytes without the sum.
absl::StatusOr<std::string> TokenBody(std::string_view token) {
  std::string bytes;
  // The length first: the decoder would let blanks and padding pass.
  if (token.size() != kTokenCharacters || !absl::WebSafeBase64Unescape(AbslView(token), &bytes) ||
      bytes.size() != kTokenBytes || bytes[0] != kVersion) {
    return NoToken();
  }
  std::string body = bytes.substr(0, kBodyBytes);
  std::string expected = body;
  AppendBigEndian(&expected, Fnv1a(expected), 4);
  if (bytes != expected) return NoToken();
  return body;
}

Revision RevisionInBody(std::string_view body) {
  uint64_t value = 0;
  for (size_t i = 1 + kIdBytes; i < kBodyBytes; ++i) {
    value = value << 8 | static_cast<unsigned char>(body[i]);
  }
  return Revision(value);
}

}  // namespace

std::string EncodeToken(std::string_view database_id, Revision revision) {
  std::string bytes(1, kVersion);
  bytes += IdPrefix(database_id);
  AppendBigEndian(&bytes, revision.value(), 8);
  AppendBigEndian(&bytes, Fnv1a(bytes), 4);
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<Revision> DecodeToken(std::string_view database_id, std::string_view token) {
  const auto body = TokenBody(token);
  if (!body.ok()) return body.status();
  if (body->substr(1, kIdBytes) != IdPrefix(database_id)) {
    return WithReason(absl::InvalidArgumentError("the token is of another database, so it means nothing here"),
                      "TOKEN_OF_ANOTHER_DATABASE");
  }
  return RevisionInBody(*body);
}

absl::StatusOr<Revision> DecodeAnyToken(std::string_view token) {
  const auto body = TokenBody(token);
  if (!body.ok()) return body.status();
  return RevisionInBody(*body);
}

}  // namespace mandate
