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

std::optional<TypeId> Schema::FindType(std::string_view name) const { return FindIn(type_by_name_, name); }

std::optional<MemberId> Schema::FindMember(TypeId type, std::string_view name) const {
  return FindIn(member_by_name_[static_cast<size_t>(type)], name);
}

std::optional<CaveatId> Schema::FindCaveat(std::string_view name) const { return FindIn(caveat_by_name_, name); }

std::string ShowForm(const Schema& schema, const SubjectType& subject) {
  std::string out = schema.definition(subject.type).name;
  if (subject.wildcard) out += ":*";
  if (subject.relation != MemberId::kNone) out += Cat("#", schema.member(subject.relation).name);
  return out;
}

std::string ShowSubjectType(const Schema& schema, const SubjectType& subject) {
  std::string out = ShowForm(schema, subject);
  const bool has_caveat = subject.caveat != CaveatId::kNone;
  if (has_caveat) out += Cat(" with ", schema.caveat(subject.caveat).name);
  if (subject.expiration) out += has_caveat ? " and expiration" : " with expiration";
  return out;
}

std::string_view KindKeyword(Kind kind) {
  switch (kind) {
    case Kind::kDefinition: return "definition";
    case Kind::kAgent: return "agent";
    case Kind::kTask: return "task";
    case Kind::kSession: return "session";
  }
  return "definition";
}

}  // namespace mandate
