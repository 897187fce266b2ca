// testing_mapping.h: a mapping for tests and fuzzers: people by `uid`, teams by `cn`, nested ones flattened or not.
#ifndef MANDATE_TOOLS_SYNC_TESTING_MAPPING_H_
#define MANDATE_TOOLS_SYNC_TESTING_MAPPING_H_

#include <string>

#include "tools/sync/mapping.h"

namespace mandate {

enum class Nested { kFlatten, kSubjectSets };

inline Mapping TestingMapping(const std::string& refers_to, const std::string& attribute,
                              Nested nested = Nested::kFlatten) {
  MemberTarget inner;
  inner.flatten = nested == Nested::kFlatten;
  if (!inner.flatten) inner.relation = inner.subject_relation = "member";
  MemberRule members;
  members.attributes = {attribute};
  members.refers_to = refers_to;
  members.as = {{"user", {"member", "", false}}, {"team", inner}};
  Mapping mapping;
  mapping.domain = {{"team", {}, ""}};
  EntryRule person, team;
  person.when = {{"uid", {}}};
  person.unless = {{"active", {"false"}}};
  person.type = "user";
  person.id.attribute = "uid";
  team.when = {{"cn", {}}};
  team.type = "team";
  team.id.attribute = "cn";
  team.members = {members};
  mapping.entries = {person, team};
  return mapping;
}

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_TESTING_MAPPING_H_
