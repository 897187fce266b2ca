// relationship_json.h: the stored context of a caveat, as text.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT for what is not a JSON object.
// Limits      Nested at most 30 deep; kContextBytesMax, in compact form as well.
#ifndef MANDATE_SCHEMA_RELATIONSHIP_JSON_H_
#define MANDATE_SCHEMA_RELATIONSHIP_JSON_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mandate {

inline constexpr size_t kContextBytesMax = 32 << 10;

// The JSON object `json` in compact form: no blanks, names sorted, so equal contexts have equal
// text. An object that gives one name twice is refused, for readers disagree about which one
// counts.
absl::StatusOr<std::string> CompactContext(std::string_view json);

// The length of the JSON object or array at the start of `text`, found by its brackets alone; npos
// if it is not closed.
size_t BracketedLength(std::string_view text);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_RELATIONSHIP_JSON_H_
