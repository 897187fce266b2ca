// mapping.h: what a sync is about: which part of the stored relationships it keeps, and what an entry of a directory
// becomes. From a YAML file; docs/sync.md shows it by example.
//
//   auto mapping = ParseMapping("ldap.yaml", text);
//   if (mapping->Covers(relationship)) ...
//
// Threads     Values; safe anywhere.
// Errors      INVALID_ARGUMENT with file and line.
#ifndef MANDATE_TOOLS_SYNC_MAPPING_H_
#define MANDATE_TOOLS_SYNC_MAPPING_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/relationship.h"

namespace mandate {

// A longest mapping file; one is written by hand.
inline constexpr size_t kMappingBytesMax = 1 << 20;

// Relationships of objects of a type. No relations: all of them.
struct DomainPart {
  std::string type;
  std::vector<std::string> relations;
  std::string id_prefix;
  bool Covers(const Relationship& relationship) const;
};

// One of the values, without regard to case. No values: the attribute is there.
struct EntryCondition {
  std::string attribute;
  std::vector<std::string> values;
};

// An object id out of an attribute.
struct IdForm {
  std::string attribute;
  std::vector<std::pair<std::string, std::string>> replace;
  bool lower = false;
  bool base64url = false;
  std::string prefix;
  std::string Of(std::string_view value) const;
};

// What a member of a type becomes: `relation@member`, `relation@member#subject_relation`, or its own members.
struct MemberTarget {
  std::string relation;
  std::string subject_relation;
  bool flatten = false;
};

struct MemberRule {
  std::vector<std::string> attributes;
  std::string refers_to;                   // `dn`, or the attribute of the member that holds the value.
  bool leave_out_missing = false;          // Else a member without an entry is refused.
  std::map<std::string, MemberTarget> as;  // By type.
};

struct EntryRule {
  std::vector<EntryCondition> when;    // All of them.
  std::vector<EntryCondition> unless;  // None of them: such an entry is left out.
  std::string type;
  IdForm id;
  std::vector<MemberRule> members;
};

struct Mapping {
  std::vector<DomainPart> domain;
  bool leave_out_outside = false;  // Else what lies outside of the domain is refused.
  std::vector<EntryRule> entries;  // The first that fits counts. None: the source has relationships.
  bool Covers(const Relationship& relationship) const;
};

// `path` is what messages call it.
absl::StatusOr<Mapping> ParseMapping(const std::string& path, const std::string& text);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_MAPPING_H_
