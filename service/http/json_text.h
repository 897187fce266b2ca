// json_text.h: JSON from strangers, read once, strictly.
//
//   absl::StatusOr<Json> request = ParseJsonObject(body);
//
// Refused: what is no object, a name given twice (readers disagree about which one counts), invalid UTF-8, and what is
// nested deeper than kJsonDepthMax. Nothing here recurses over the text.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT (JSON_MALFORMED).
#ifndef MANDATE_SERVICE_HTTP_JSON_TEXT_H_
#define MANDATE_SERVICE_HTTP_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace mandate {

using Json = nlohmann::json;

// A context of a caveat may be nested 30 deep, and stands a few levels down.
inline constexpr int kJsonDepthMax = 40;

absl::Status JsonMalformed(std::string_view message);

absl::StatusOr<Json> ParseJsonObject(std::string_view text);

// Compact, always valid UTF-8.
std::string JsonText(const Json& json);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_JSON_TEXT_H_
