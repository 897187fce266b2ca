#include "storage/request_form.h"

#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/commit.h"

namespace mandate {
namespace {

// The identity of a relationship, as a key of a hash map that borrows it.
struct Identity {
  const Relationship* relationship;

  auto Parts() const {
    const Relationship& r = *relationship;
    return std::tie(r.resource.type, r.resource.id, r.relation, r.subject.type, r.subject.id, r.subject.relation);
  }
  friend bool operator==(const Identity& a, const Identity& b) { return a.Parts() == b.Parts(); }
  template <typename H>
  friend H AbslHashValue(H hash, const Identity& identity) {
    return H::combine(std::move(hash), identity.Parts());
  }
};

std::string PlaceOf(uint64_t position) { return Cat("changes[", position, "].relationship"); }

}  // namespace

absl::Time StoredTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return time;
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

absl::Status CheckParts(const Relationship& relationship, uint64_t position) {
  const auto wrong = [&](absl::string_view part, absl::string_view problem) {
    return WithField(absl::InvalidArgumentError(Cat("the ", part, " of a relationship ", problem)), PlaceOf(position));
  };
  const std::pair<absl::string_view, const std::string*> parts[] = {
      {"resource type", &relationship.resource.type}, {"resource id", &relationship.resource.id},
      {"relation", &relationship.relation},           {"subject type", &relationship.subject.type},
      {"subject id", &relationship.subject.id},
  };
  for (const auto& [name, part] : parts) {
    if (part->empty()) return wrong(name, "is empty");
    if (part->find('\0') != std::string::npos) return wrong(name, "holds a NUL byte");
  }
  return absl::OkStatus();
}

absl::Status NamedTwice(const Relationship& relationship, uint64_t first, uint64_t second) {
  return WithField(
      WithReason(absl::InvalidArgumentError(Cat(IdentityText(relationship), " is named twice, by changes[", first,
                                                "] and changes[", second, "]; one write changes it once")),
                 "DUPLICATE_UPDATE"),
      PlaceOf(second));
}

absl::Status StoredAlready(const Relationship& relationship, uint64_t position, bool expired) {
  return WithField(WithReason(absl::AlreadyExistsError(Cat(IdentityText(relationship), " is stored already",
                                                           expired ? " (expired)" : "", "; use TOUCH to replace it")),
                              "ALREADY_EXISTS"),
                   PlaceOf(position));
}

absl::Status CheckForm(const WriteRequest& request) {
  if (request.changes.empty() && request.delete_matching.empty() && request.sweep_at_most == 0 &&
      request.schema_names.empty() && !request.schema_text && !request.guard && !request.at &&
      request.load == nullptr) {
    return absl::InvalidArgumentError("the write is empty");
  }
  if (!request.changes.empty() + !request.delete_matching.empty() + (request.sweep_at_most > 0) > 1) {
    return absl::InvalidArgumentError("a write has changes, or deletes what matches, or sweeps");
  }
  if (request.metadata.size() > kMetadataBytesMax) {
    return WithField(absl::InvalidArgumentError(Cat("the metadata of a write have ", request.metadata.size(),
                                                    " bytes; at most ", kMetadataBytesMax)),
                     "metadata");
  }
  if (request.records_only && (!request.changes.empty() || !request.delete_matching.empty() ||
                               !request.schema_names.empty() || request.schema_text || request.at || !request.guard)) {
    return absl::InvalidArgumentError("a write of records alone has a guard, and nothing else to do");
  }
  if (request.load != nullptr &&
      (!request.delete_matching.empty() || request.sweep_at_most > 0 || !request.preconditions.empty() ||
       request.schema_text || !request.schema_names.empty() || request.records_only || request.at)) {
    return absl::InvalidArgumentError("a load comes with changes, a guard, the expected schema and metadata alone");
  }
  if (!request.positions.empty() && request.positions.size() != request.changes.size()) {
    return absl::InvalidArgumentError("each change has a position, or none has");
  }
  const auto position = [&](size_t i) { return request.positions.empty() ? i : request.positions[i]; };
  absl::flat_hash_map<Identity, size_t> seen;
  seen.reserve(request.changes.size());
  for (size_t i = 0; i < request.changes.size(); ++i) {
    const Relationship& relationship = request.changes[i].relationship;
    if (absl::Status status = CheckParts(relationship, position(i)); !status.ok()) return status;
    const auto [first, is_new] = seen.try_emplace(Identity{&relationship}, i);
    if (is_new) continue;
    return NamedTwice(relationship, position(first->second), position(i));
  }
  return absl::OkStatus();
}

bool FindNames(const Relationship& relationship, bool known_only, NameTableBuilder* names, TupleRow* row) {
  bool all_known = true;
  const auto find = [&](const std::string& name) {
    if (!known_only) return names->Intern(name);
    if (name.empty()) return NameId::kNone;
    const std::optional<NameId> id = names->Find(name);
    all_known = all_known && id.has_value();
    return id.value_or(NameId::kNone);
  };
  row->resource = {find(relationship.resource.type), relationship.resource.id};
  row->relation = find(relationship.relation);
  row->subject = {find(relationship.subject.type), relationship.subject.id, find(relationship.subject.relation)};
  return all_known;
}

std::string IdentityText(const Relationship& relationship) {
  Relationship bare = relationship;
  bare.caveat.clear();
  bare.caveat_context.clear();
  bare.expires_at = absl::InfiniteFuture();
  return Quote(ToText(bare));
}

std::string FilterText(const TupleFilter& filter) {
  const auto part = [](const std::string& text) { return text.empty() ? "*" : text; };
  const std::string id =
      filter.resource_id_prefix.empty() ? part(filter.resource_id) : Cat(filter.resource_id_prefix, "*");
  std::string text = Cat("`", part(filter.resource_type), ":", id, "#", part(filter.relation), "@",
                         part(filter.subject_type), ":", part(filter.subject_id));
  if (filter.subject_relation && !filter.subject_relation->empty()) {
    text += "#" + *filter.subject_relation;
  }
  return text + "`";
}

}  // namespace mandate
