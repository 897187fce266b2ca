#include "service/http/json_text.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// Finds what the parser would let pass: names given twice, and depth. Brackets are counted before anything is built.
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

absl::Status JsonMalformed(std::string_view message) {
  return WithReason(InvalidArgument(message), "JSON_MALFORMED");
}

absl::StatusOr<Json> ParseJsonObject(std::string_view text) {
  if (text.empty()) return JsonMalformed("the body is empty; send a JSON object");
  if (DepthOf(text) > kJsonDepthMax) return JsonMalformed(Cat("the body is nested more than ", kJsonDepthMax, " deep"));
  std::vector<absl::flat_hash_set<std::string>> names;
  std::string repeated;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end && !names.empty()) names.pop_back();
    if (event == Json::parse_event_t::key && !names.empty()) {
      const auto& name = value.get_ref<const std::string&>();
      if (!names.back().insert(name).second && repeated.empty()) repeated = Quote(name);
    }
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (value.is_discarded()) return JsonMalformed("the body is not valid JSON in UTF-8");
  if (!repeated.empty()) return JsonMalformed(Cat("the body gives the name ", repeated, " twice"));
  if (!value.is_object()) return JsonMalformed("the body is not a JSON object");
  return value;
}

std::string JsonText(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace mandate
