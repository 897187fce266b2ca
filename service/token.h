// token.h: a revision as clients keep it: opaque, bound to one database.
//
// Form        base64url without padding of: version 0x01, the first 8 bytes of the database id, the revision as 8 bytes
//             big-endian, and FNV-1a-32 of what precedes (http://www.isthe.com/chongo/tech/comp/fnv/), which catches
//             a mangled token before it is taken for another revision. It is no secret and no signature.
// Errors      INVALID_ARGUMENT (TOKEN_MALFORMED, TOKEN_OF_ANOTHER_DATABASE).
#ifndef MANDATE_SERVICE_TOKEN_H_
#define MANDATE_SERVICE_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/revision.h"

namespace mandate {

// `database_id` is TupleStore::database_id(), 32 hex digits.
std::string EncodeToken(std::string_view database_id, Revision revision);
absl::StatusOr<Revision> DecodeToken(std::string_view database_id, std::string_view token);
// The same of whatever database, for those who have none at hand.
absl::StatusOr<Revision> DecodeAnyToken(std::string_view token);

}  // namespace mandate

#endif  // MANDATE_SERVICE_TOKEN_H_
