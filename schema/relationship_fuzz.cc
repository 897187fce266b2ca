// Any bytes as a relationship: what can be read is printed, read back as the same value, and has a
// valid form. The same bytes as a caveat's context, alone and as part of the longest that is allowed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "schema/relationship.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

void CheckRoundTrip(const Relationship& before) {
  if (!ValidateForm(before).ok()) std::abort();
  const auto after = ParseRelationship(ToText(before));
  if (!after.ok() || *after != before) std::abort();
}

void CheckContext(std::string_view json) {
  auto context = CompactContext(json);
  if (!context.ok()) return;
  const std::string name(64, 'n');
  const std::string type = Cat(name.substr(1), "/", name);
  const std::string id(1024, 'i');
  CheckRoundTrip({.resource = {type, id},
                  .relation = name,
                  .subject = {type, id, name},
                  .caveat = std::string(128, 'c'),
                  .caveat_context = *std::move(context),
                  .expires_at = absl::UnixEpoch() + absl::Microseconds(1)});
}

std::string FillUp(std::string_view json) {
  const std::string rest = Cat("\",\"text\":", json, "}");
  const std::string start = "{\"fill\":\"";
  const size_t taken = start.size() + rest.size();
  return Cat(start, std::string(kContextBytesMax - std::min(taken, kContextBytesMax), 'x'), rest);
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto relationship = mandate::ParseRelationship(text); relationship.ok()) {
    mandate::CheckRoundTrip(*relationship);
  }
  mandate::CheckContext(text);
  mandate::CheckContext(mandate::FillUp(text));
  (void)mandate::ParseQuestion(text);
  (void)mandate::ParseObject(text);
  (void)mandate::ParseSubject(text);
  return 0;
}
