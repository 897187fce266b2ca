#include "schema/relationship_json.h"

#include <algorithm>

#include "nlohmann/json.hpp"
#include "schema/json_names.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr int kDepthMax = 30;  // Deeper does not fit into what protobuf reads, 100 messages deep.

struct Brackets {
  size_t length = std::string_view::npos;
  int depth_max = 0;
};

Brackets ScanBrackets(std::string_view text) {
  Brackets result;
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      result.depth_max = std::max(result.depth_max, ++depth);
    } else if ((c == '}' || c == ']') && --depth <= 0) {
      result.length = i + 1;
      return result;
    }
  }
  return result;
}

absl::Status CheckContextSize(std::string_view context) {
  if (context.size() <= kContextBytesMax) return absl::OkStatus();
  return InvalidArgument(
      Cat("caveat context has ", context.size(), " bytes; at most ", kContextBytesMax, " are allowed"));
}

}  // namespace

size_t BracketedLength(std::string_view text) { return ScanBrackets(text).length; }

absl::StatusOr<std::string> CompactContext(std::string_view json) {
  if (absl::Status status = CheckContextSize(json); !status.ok()) return status;
  if (ScanBrackets(json).depth_max > kDepthMax) {
    return InvalidArgument("caveat context is nested more than 30 deep");
  }
  nlohmann::json value;
  std::string repeated;
  if (!ParseJson(json, &value, &repeated)) {
    return InvalidArgument(Cat("caveat context ", Quote(json), " is not valid JSON"));
  }
  if (!value.is_object()) {
    return InvalidArgument(Cat("caveat context ", Quote(json), " is not a JSON object, like `{\"tz\":\"UTC\"}`"));
  }
  if (!repeated.empty()) {
    return InvalidArgument(Cat("caveat context gives ", Quote(repeated), " twice"));
  }
  std::string compact = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // Numbers may grow: `1e9` becomes `1000000000.0`. What is taken here once is to be taken always.
  if (absl::Status status = CheckContextSize(compact); !status.ok()) return status;
  return compact;
}

}  // namespace mandate
