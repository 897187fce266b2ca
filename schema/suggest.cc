// Names that an unknown one may have been meant as.
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {

template <typename Items, typename NameOf>
std::string Resolution::Suggest(std::string_view name, const Items& items, NameOf name_of) {
  if (items.size() > comparisons_left_) return {};
  comparisons_left_ -= items.size();
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(name_of(item));
  const std::string close = ClosestName(name, names);
  return close.empty() ? std::string() : Cat("; did you mean ", Quote(close), "?");
}

std::string Resolution::SuggestMember(TypeId type, std::string_view name) {
  return Suggest(name, schema().definition(type).members,
                 [&](MemberId member) { return schema().member(member).name; });
}

std::string Resolution::SuggestType(std::string_view name) {
  return Suggest(name, schema().definitions(), [](const Definition& definition) { return definition.name; });
}

std::string Resolution::SuggestCaveat(std::string_view name) {
  if (!ClosestName(name, {"expiration"}).empty()) return "; did you mean `expiration`?";
  return Suggest(name, schema().caveats(), [](const Caveat& caveat) { return caveat.name; });
}

std::string Resolution::SuggestPartial(std::string_view name) {
  return Suggest(name, partials, [](const auto& partial) { return partial.first; });
}

}  // namespace mandate
