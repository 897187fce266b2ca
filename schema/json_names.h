// json_names.h: JSON from strangers, in time that grows with the text alone.
//
//   nlohmann::json value;
//   std::string repeated;
//   if (!ParseJson(text, &value, &repeated)) ...       // no JSON in UTF-8
//   if (!repeated.empty()) ...                         // a name stands twice in one object; readers disagree about
//   which counts
//
// The parser's own callback would see the names as well, but after each object it looks through all before it in the
// same array: of 4 MiB of `{},` that made half an hour.
//
// Threads     A free function; safe anywhere. Does not recurse over the text but where it frees: bound the depth first.
#ifndef MANDATE_SCHEMA_JSON_NAMES_H_
#define MANDATE_SCHEMA_JSON_NAMES_H_

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

namespace mandate {

// False: no JSON. `repeated`: the first name that an object gives twice, or empty; an empty name that is repeated is
// told as `""`.
bool ParseJson(std::string_view text, nlohmann::json* value, std::string* repeated);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_JSON_NAMES_H_
