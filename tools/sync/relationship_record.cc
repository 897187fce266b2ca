#include "tools/sync/relationship_record.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace mandate {
namespace {

constexpr size_t kObjectParts = 2;
constexpr size_t kIdentityParts = 6;

// The beginning of `record` with so many parts.
std::string_view FirstParts(std::string_view record, size_t parts) {
  size_t end = 0;
  for (; parts > 0; --parts) end = record.find('\0', end) + 1;
  return record.substr(0, end);
}

}  // namespace

std::string RecordOf(const Relationship& r) {
  std::string record;
  record.reserve(128);
  for (const std::string* part : {&r.resource.type, &r.resource.id, &r.relation, &r.subject.type, &r.subject.id,
                                  &r.subject.relation, &r.caveat, &r.caveat_context}) {
    record += *part;
    record += '\0';
  }
  if (r.expires_at != absl::InfiniteFuture()) record += std::to_string(absl::ToUnixMicros(r.expires_at));
  return record;
}

Relationship RelationshipOf(std::string_view record) {
  std::array<std::string, 9> parts;
  for (std::string& part : parts) {
    const size_t end = record.find('\0');
    part = record.substr(0, end);
    record.remove_prefix(end == record.npos ? record.size() : end + 1);
  }
  Relationship r{.resource = {std::move(parts[0]), std::move(parts[1])},
                 .relation = std::move(parts[2]),
                 .subject = {std::move(parts[3]), std::move(parts[4]), std::move(parts[5])},
                 .caveat = std::move(parts[6]),
                 .caveat_context = std::move(parts[7])};
  if (!parts[8].empty()) r.expires_at = absl::FromUnixMicros(std::strtoll(parts[8].c_str(), nullptr, 10));
  return r;
}

std::string_view IdentityOf(std::string_view record) { return FirstParts(record, kIdentityParts); }

std::string_view ObjectOf(std::string_view record) { return FirstParts(record, kObjectParts); }

}  // namespace mandate
