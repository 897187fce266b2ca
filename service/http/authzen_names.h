// authzen_names.h: names of AuthZEN, which may hold any characters, as names of ours, which may not, and back.
//
//   PermissionOf("read")        read                  IdOf("alice")            alice
//   PermissionOf("tools/call")  tools__call           IdOf("a@example.com")    a=40example=2Ecom
//   PermissionOf("Read")        x__x52ead             IdOf("file:///etc")      file=3A///etc
//
// Actions. A name that is a permission's name, without two `_` in a row, is itself. Else, byte by byte: `a` to `z`, `0`
// to `9`, and a single `_` between two of these stand for themselves; a `/` between two of these, unless `xHH` follows,
// is `__`; any other byte is `__xHH` (two lower hex digits). If what comes out could not be a permission's name (it is
// shorter than three, or does not begin with a letter), or the name begins with `x` and its second byte is not itself,
// the first byte is escaped as well, and an `x` stands before it all.
//
// Ids. A byte that may not stand in an id is `=HH` (two upper hex digits). So is a `=` that would read as an escape.
//
// Both are reversible: no two names become the same.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_NAMES_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

namespace mandate {

// Absent: longer than a permission's name may be, so no schema has it.
std::optional<std::string> PermissionOf(std::string_view action);
// Absent: no action becomes this permission (`a___b`).
std::optional<std::string> ActionOf(std::string_view permission);

// Absent: empty, or longer than an id may be, so nothing is stored about it.
std::optional<std::string> IdOf(std::string_view text);
std::string TextOfId(std::string_view id);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_NAMES_H_
