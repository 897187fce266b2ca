#include "tools/sync/flattener.h"

#include "absl/container/flat_hash_set.h"
#include "schema/text.h"
#include "tools/sync/relationship_record.h"

namespace mandate {
namespace {

// Pairs of a group and one around it, as they are kept: some hundred megabytes. Directories have thousands.
constexpr uint64_t kOutsideMax = 20'000'000;

}  // namespace

absl::Status Flattener::Add(const Relationship& membership) { return memberships_.Append(RecordOf(membership)); }

uint32_t Flattener::NumberOf(const ObjectRef& group) {
  const auto [it, is_new] = numbers_.emplace(ToText(group), static_cast<uint32_t>(groups_.size()));
  if (is_new) {
    groups_.push_back(group);
    outer_.emplace_back();
  }
  return it->second;
}

absl::Status Flattener::Nest(const ObjectRef& outer, const ObjectRef& inner) {
  const uint32_t outside = NumberOf(outer);
  outer_[NumberOf(inner)].push_back(outside);
  return absl::OkStatus();
}

// Every group around `group`, whatever circles there are.
absl::StatusOr<const std::vector<uint32_t>*> Flattener::OutsideOf(uint32_t group) {
  const auto [it, is_new] = outside_.try_emplace(group);
  std::vector<uint32_t>& found = it->second;
  if (!is_new) return &found;
  absl::flat_hash_set<uint32_t> seen{group};
  std::vector<uint32_t> open{group};
  while (!open.empty()) {
    const uint32_t next = open.back();
    open.pop_back();
    for (uint32_t outer : outer_[next]) {
      if (!seen.insert(outer).second) continue;
      found.push_back(outer);
      open.push_back(outer);
    }
    if (outside_count_ + found.size() > kOutsideMax) {
      return absl::ResourceExhaustedError(
          Cat("groups nest so far that more than ", kOutsideMax,
              " pairs of them would have to be flattened; map nested groups to subject sets instead"));
    }
  }
  outside_count_ += found.size();
  return &found;
}

absl::Status Flattener::Finish() {
  if (absl::Status status = memberships_.Rewind(); !status.ok()) return status;
  std::string_view record;
  absl::StatusOr<bool> more = false;
  while ((more = memberships_.Next(&record)).ok() && *more) {
    Relationship membership = RelationshipOf(record);
    if (absl::Status status = emit_(membership); !status.ok()) return status;
    const auto group = numbers_.find(ToText(membership.resource));
    if (group == numbers_.end()) continue;
    const auto outside = OutsideOf(group->second);
    if (!outside.ok()) return outside.status();
    for (uint32_t outer : **outside) {
      membership.resource = groups_[outer];
      if (absl::Status status = emit_(membership); !status.ok()) return status;
    }
  }
  return more.status();
}

}  // namespace mandate
