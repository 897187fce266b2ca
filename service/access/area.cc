#include "service/access/area.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "schema/relationship.h"
#include "schema/text.h"

namespace mandate {

absl::StatusOr<Area> Area::Parse(const std::vector<std::string>& texts) {
  Area area;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    Part part{text.substr(0, colon), colon == text.npos ? "" : text.substr(colon + 1)};
    const bool has_prefix = colon == text.npos || !part.prefix.empty();
    const bool is_id = part.prefix.empty() || ValidateObjectId(part.prefix, Wildcard::kRefused).ok();
    if (!ValidateTypeName(part.type).ok() || !has_prefix || !is_id) {
      return InvalidArgument(Cat(
          Quote(text), " names no resources; write TYPE, or TYPE:PREFIX for the ids that begin so (`document:eu-`)"));
    }
    area.parts_.push_back(std::move(part));
  }
  return area;
}

bool Area::Covers(std::string_view type, std::string_view id) const { return CoversPrefix(type, id); }

bool Area::CoversPrefix(std::string_view type, std::string_view prefix) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.type == type && prefix.starts_with(part.prefix); });
}

std::string Area::ToString() const {
  return absl::StrJoin(parts_, ", ", [](std::string* out, const Part& part) {
    out->append(part.prefix.empty() ? part.type : Cat(part.type, ":", part.prefix));
  });
}

}  // namespace mandate
