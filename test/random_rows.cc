#include "test/random_rows.h"

#include <set>

#include "schema/compiler.h"
#include "test/random_caveats.h"
#include "test/random_schema.h"
#include "test/reference_store.h"

namespace mandate {

const absl::Time RandomRows::kStart = absl::FromUnixSeconds(1'780'000'000);
const absl::Duration RandomRows::kBetweenWrites = absl::Minutes(1);

void RandomRows::Start(bool with_delegation) {
  world_.draft = MakeRandomSchema(dice_, with_delegation, small_ ? 30 : 60);
  world_.schema = CompileSchema(world_.draft.Text()).schema;
  world_.now = kStart + absl::Minutes(10);
}

RandomWorld RandomRows::Finish() {
  std::erase_if(world_.writes, [](const WorldWrite& write) { return write.changes.empty(); });
  std::set<ObjectRef> objects;
  for (const Definition& definition : schema().definitions()) {
    objects.insert({definition.name, "unknown"});
  }
  for (const WorldWrite& write : world_.writes) {
    for (const TupleChange& change : write.changes) {
      const Relationship& r = change.relationship;
      objects.insert(r.resource);
      if (!r.subject.IsWildcard()) objects.insert({r.subject.type, r.subject.id});
    }
  }
  world_.objects.assign(objects.begin(), objects.end());
  return std::move(world_);
}

std::vector<std::string> RandomRows::TypesOf(Kind kind) const {
  std::vector<std::string> names;
  for (const Definition& definition : schema().definitions()) {
    if (definition.kind == kind) names.push_back(definition.name);
  }
  return names;
}

std::vector<std::string> RandomRows::Principals() const {
  std::vector<std::string> names;
  for (const Definition& definition : schema().definitions()) {
    if (definition.IsPrincipal()) names.push_back(definition.name);
  }
  return names;
}

std::string RandomRows::Id(std::string_view type) {
  static const std::vector<std::string> kIds = {"a", "b", "c/1", "d|-=+_Z"};
  if (type == "user" && dice_.Percent(40)) return "a";
  return kIds[dice_.Below((small_ ? 2 : 3) + (type == "user" ? 1 : 0))];
}

absl::Time RandomRows::Expiry() {
  switch (dice_.Below(12)) {
    case 0: return kStart - absl::Hours(1);
    case 1: return kStart + absl::Seconds(30 + 60 * dice_.Below(4));
    case 2: return world_.now;
    case 3: return world_.now + absl::Microseconds(1);
    default: return world_.now + absl::Minutes(1 + dice_.Below(300));
  }
}

Relationship RandomRows::Row(const Member& member, const ObjectRef& resource, const SubjectType& form) {
  Relationship r;
  r.resource = resource;
  r.relation = member.name;
  r.subject.type = schema().definition(form.type).name;
  r.subject.id = form.wildcard ? "*" : Id(r.subject.type);
  if (form.relation != MemberId::kNone) r.subject.relation = schema().member(form.relation).name;
  Qualify(r, form);
  return r;
}

Relationship RandomRows::AnyRow(const Member& member) {
  return Row(member, Object(schema().definition(member.type).name), dice_.Pick(member.subject_types));
}

Relationship RandomRows::Edge(const ObjectRef& object, std::string_view relation, const ObjectRef& subject) {
  const TypeId type = *schema().FindType(object.type);
  const Member& member = schema().member(*schema().FindMember(type, relation));
  std::vector<SubjectType> forms;
  for (const SubjectType& form : member.subject_types) {
    if (schema().definition(form.type).name == subject.type) forms.push_back(form);
  }
  Relationship r{object, std::string(relation), {subject.type, subject.id, ""}};
  if (forms.empty()) return r;
  const SubjectType form = dice_.Pick(forms);
  Qualify(r, form);
  if (form.expiration && dice_.Percent(93)) r.expires_at = world_.now + absl::Minutes(5);
  return r;
}

void RandomRows::Qualify(Relationship& r, const SubjectType& form) {
  if (form.expiration) r.expires_at = Expiry();
  if (form.caveat == CaveatId::kNone) return;
  r.caveat = schema().caveat(form.caveat).name;
  NewContext(r);
}

void RandomRows::NewContext(Relationship& r) {
  if (r.caveat.empty()) return;
  r.caveat_context = MakeStoredContext(dice_, schema().caveat(*schema().FindCaveat(r.caveat)));
}

void RandomRows::PutInto(std::vector<TupleChange>& changes, const TupleChange& change) {
  const auto identity = ReferenceStore::IdentityOf(change.relationship);
  for (const TupleChange& each : changes) {
    if (ReferenceStore::IdentityOf(each.relationship) == identity) return;
  }
  changes.push_back(change);
}

}  // namespace mandate
