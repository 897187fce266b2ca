// distinguished_name.h: two writings of one LDAP name (RFC 4514) are one text.
//
//   NormalizeDn("CN=Core Team, OU=groups,DC=example")  ->  "cn=core team,ou=groups,dc=example"
//
// Case (of ASCII letters) and blanks around and between parts do not count, escapes are resolved, the attributes of one
// part are in order. An optional UID behind it (`cn=a#'01'B` of a uniqueMember) is left out.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT for what is no name.
#ifndef MANDATE_TOOLS_SYNC_DISTINGUISHED_NAME_H_
#define MANDATE_TOOLS_SYNC_DISTINGUISHED_NAME_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mandate {

// REQUIRES: `text` is valid UTF-8 without NUL. The empty text is the empty name.
absl::StatusOr<std::string> NormalizeDn(std::string_view text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_DISTINGUISHED_NAME_H_
