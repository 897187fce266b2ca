#include "schema/schema.h"

#include "schema/text.h"

namespace mandate {
namespace {

template <typename Map>
auto FindIn(const Map& map, std::string_view name) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(AbslView(name));
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<TypeId> Schema::FindType(std::string_view name) const {
  return FindIn(type_by_name_, name);
}

std::optional<MemberId> Schema::FindMember(TypeId type, std::string_view name) const {
  return FindIn(member_by_name_[static_cast<size_t>(type)], name);
}

std::optional<CaveatId> Schema::FindCaveat(std::string_view name) const {
  return FindIn(caveat_by_name_, name);
}

}  // namespace mandate
