// What a change of schema means for what is stored. Two schemas share no ids, so everything is
// compared by name.
#include <algorithm>
#include <set>
#include <tuple>

#include "schema/compiler.h"
#include "schema/task_rules.h"
#include "schema/text.h"

namespace mandate {
namespace {

// One allowed form of a subject: type, relation, wildcard, caveat, expiration.
using Form = std::tuple<std::string_view, std::string_view, bool, std::string_view, bool>;

std::set<Form> FormsOf(const Schema& schema, const Member& relation) {
  std::set<Form> forms;
  for (const SubjectType& s : relation.subject_types) {
    forms.emplace(schema.definition(s.type).name,
                  s.relation == MemberId::kNone ? std::string_view() : schema.member(s.relation).name, s.wildcard,
                  s.caveat == CaveatId::kNone ? std::string_view() : schema.caveat(s.caveat).name, s.expiration);
  }
  return forms;
}

// True if `after` takes every context that may be stored with `caveat` in `before`.
bool KeepsParameters(const Caveat& caveat, const Schema& after) {
  const std::optional<CaveatId> found = after.FindCaveat(caveat.name);
  if (!found.has_value()) return false;
  std::set<std::pair<std::string_view, std::string_view>> kept;
  for (const CaveatParameter& parameter : after.caveat(*found).parameters) kept.emplace(parameter.name, parameter.type);
  return std::all_of(caveat.parameters.begin(), caveat.parameters.end(), [&](const CaveatParameter& old) {
    return kept.contains({old.name, old.type});
  });
}

// By CaveatId of `before`.
std::vector<bool> FindNarrowedCaveats(const Schema& before, const Schema& after) {
  std::vector<bool> narrowed;
  for (const Caveat& caveat : before.caveats()) narrowed.push_back(!KeepsParameters(caveat, after));
  return narrowed;
}

// True if some relationship of `relation` that `before` allows is not allowed, or means something
// else, in `after`.
bool IsNarrowed(const Schema& before, const Member& relation, const Schema& after,
                const std::vector<bool>& narrowed_caveats) {
  const Definition& type = before.definition(relation.type);
  const std::optional<TypeId> new_type = after.FindType(type.name);
  if (!new_type.has_value() || after.definition(*new_type).kind != type.kind) return true;
  const std::optional<MemberId> found = after.FindMember(*new_type, relation.name);
  if (!found.has_value()) return true;
  const Member& new_relation = after.member(*found);
  if (new_relation.is_permission || new_relation.reserved != relation.reserved) return true;
  for (const SubjectType& s : relation.subject_types) {
    if (s.caveat != CaveatId::kNone && narrowed_caveats[static_cast<size_t>(s.caveat)]) return true;
  }
  const std::set<Form> old_forms = FormsOf(before, relation);
  const std::set<Form> new_forms = FormsOf(after, new_relation);
  return !std::includes(new_forms.begin(), new_forms.end(), old_forms.begin(), old_forms.end());
}

}  // namespace

SchemaChange CompareForStorage(const Schema& before, const Schema& after) {
  SchemaChange change;
  const std::vector<bool> narrowed_caveats = FindNarrowedCaveats(before, after);
  for (const Member& member : before.members()) {
    if (member.is_permission || !IsNarrowed(before, member, after, narrowed_caveats)) continue;
    change.narrowed.push_back({before.definition(member.type).name, member.name});
  }
  for (const Definition& type : before.definitions()) {
    const std::optional<TypeId> found = after.FindType(type.name);
    // A type can only go when nothing of it is stored, and takes its restrictions along. One that stays with another
    // kind loses them, since it could come back without them.
    if (!found.has_value()) continue;
    const Definition& now = after.definition(*found);
    if (now.kind != type.kind) change.rekinded.push_back(type.name);
    if (type.reserved(Reserved::kBoundary) != MemberId::kNone && now.reserved(Reserved::kBoundary) == MemberId::kNone) {
      change.widened.push_back(Cat(type.name, "#boundary"));
    }
    for (const TaskRule& rule : type.rules) {
      const bool kept = std::any_of(now.rules.begin(), now.rules.end(),
                                    [&](const TaskRule& r) { return RefusesAllOf(after, r, before, rule); });
      if (!kept) change.widened.push_back(RuleName(type, rule));
    }
  }
  return change;
}

}  // namespace mandate
