#include "service/http/json_text.h"

#include <algorithm>

#include "schema/json_names.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// Brackets are counted before anything is built.
int DepthOf(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

absl::Status JsonMalformed(std::string_view message) { return WithReason(InvalidArgument(message), "JSON_MALFORMED"); }

absl::StatusOr<Json> ParseJsonObject(std::string_view text) {
  if (text.empty()) return JsonMalformed("the body is empty; send a JSON object");
  if (DepthOf(text) > kJsonDepthMax) return JsonMalformed(Cat("the body is nested more than ", kJsonDepthMax, " deep"));
  Json value;
  std::string repeated;
  if (!ParseJson(text, &value, &repeated)) return JsonMalformed("the body is not valid JSON in UTF-8");
  if (!repeated.empty()) return JsonMalformed(Cat("the body gives the name ", Quote(repeated), " twice"));
  if (!value.is_object()) return JsonMalformed("the body is not a JSON object");
  return value;
}

std::string JsonText(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace mandate
