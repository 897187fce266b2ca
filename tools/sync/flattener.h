// flattener.h: the members of groups within groups, as members of the outer ones.
//
//   Flattener flattener(emit);
//   flattener.Add(*ParseRelationship("team:inner#member@user:ann"));
//   flattener.Nest({"team", "outer"}, {"team", "inner"});
//   flattener.Finish();                     // emits the one of inner, and team:outer#member@user:ann
//
// Groups that contain each other have the same members. Memory grows with the nesting, not with the members.
//
// Threads     Belongs to one thread.
// Errors      RESOURCE_EXHAUSTED where groups nest too far; those of RecordFile and of `emit`.
#ifndef MANDATE_TOOLS_SYNC_FLATTENER_H_
#define MANDATE_TOOLS_SYNC_FLATTENER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "schema/relationship.h"
#include "tools/sync/record_file.h"

namespace mandate {

class Flattener {
 public:
  using Emit = std::function<absl::Status(const Relationship&)>;
  explicit Flattener(Emit emit) : emit_(std::move(emit)) {}

  absl::Status Add(const Relationship& membership);
  absl::Status Nest(const ObjectRef& outer, const ObjectRef& inner);
  absl::Status Finish();

 private:
  uint32_t NumberOf(const ObjectRef& group);
  absl::StatusOr<const std::vector<uint32_t>*> OutsideOf(uint32_t group);

  const Emit emit_;
  RecordFile memberships_;
  absl::flat_hash_map<std::string, uint32_t> numbers_;
  std::vector<ObjectRef> groups_;
  std::vector<std::vector<uint32_t>> outer_;                      // Of each group: the ones it stands in.
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> outside_;  // The same, and those that these stand in, and so on.
  uint64_t outside_count_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_FLATTENER_H_
