// cursor.h: where a listing goes on, as clients keep it: opaque, of no use with another request.
//
//   EncodeCursor(fingerprint, "document:plan#viewer@user:alice");
//   absl::StatusOr<std::string> position = DecodeCursor(fingerprint, request.cursor());
//
// A cursor is the last thing that was sent, so it outlives restarts and needs no memory here.
//
// Form        base64url without padding of: FNV-1a-32 of the fingerprint and the position, big-endian, then the
//             position. It is no secret and no signature.
// Errors      INVALID_ARGUMENT (CURSOR_MALFORMED) at the field `cursor`.
#ifndef MANDATE_SERVICE_CURSOR_H_
#define MANDATE_SERVICE_CURSOR_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace mandate {

// What a listing is of: the request without what may differ from page to page. `request` is a copy with those cleared.
std::string FingerprintOf(const google::protobuf::Message& request);

std::string EncodeCursor(std::string_view fingerprint, std::string_view position);

// An empty cursor is the empty position.
absl::StatusOr<std::string> DecodeCursor(std::string_view fingerprint, std::string_view cursor);

}  // namespace mandate

#endif  // MANDATE_SERVICE_CURSOR_H_
