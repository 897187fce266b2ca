#include "check/schema_rules.h"

#include <algorithm>

#include "absl/container/btree_map.h"
#include "absl/strings/str_join.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// Enough to see what kind of relationships they are, in a message that still fits into the trailers of a call.
constexpr size_t kFormsMax = 10;
constexpr size_t kExamplesMax = 3;
constexpr size_t kExampleBytesMax = 120;

// Stored relationships of one form that a schema does not allow.
struct Orphans {
  size_t count = 0;
  std::string examples;
};

// `document#viewer@team#member with cav and expiration`
std::string FormOf(const Relationship& relationship) {
  const SubjectRef& subject = relationship.subject;
  const bool expires = relationship.expires_at != absl::InfiniteFuture();
  return Cat(relationship.resource.type, "#", relationship.relation, "@", subject.type,
             subject.IsWildcard() ? ":*" : "", subject.relation.empty() ? "" : Cat("#", subject.relation),
             relationship.caveat.empty() ? "" : Cat(" with ", relationship.caveat),
             !expires                      ? ""
             : relationship.caveat.empty() ? " with expiration"
                                           : " and expiration");
}

// Without caveat and expiry, of which the form tells. What is left is ASCII.
std::string Shorten(const Relationship& relationship) {
  std::string text = ToText({relationship.resource, relationship.relation, relationship.subject});
  if (text.size() <= kExampleBytesMax) return text;
  text.resize(kExampleBytesMax);
  return text + "...";
}

// A type becomes another kind only while nothing names it: the rules of writing saw none of what is stored.
absl::Status AdmitKinds(const SchemaChange& change, const Snapshot& stored) {
  for (const std::string& type : change.rekinded) {
    for (const TupleFilter& filter : {TupleFilter{.resource_type = type}, TupleFilter{.subject_type = type}}) {
      const auto cursor = stored.Read(filter, std::nullopt);
      if (!cursor->status().ok()) return cursor->status();
      if (!cursor->Valid()) continue;
      const std::string named = ToText(ToRelationship(cursor->row(), stored.names()));
      return WithDetail(
          WithReason(absl::FailedPreconditionError(
                         Cat("`", type, "` would become another kind (definition, agent, task or session) while ",
                             "relationships name it, as ", named,
                             " does; delete them first, or give the other kind another name")),
                     "CHANGES_KIND"),
          "relationship", named);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AdmitWidening(const SchemaChange& change, const std::vector<std::string>& drops) {
  std::vector<std::string> unnamed;
  for (const std::string& restriction : change.widened) {
    if (std::find(drops.begin(), drops.end(), restriction) == drops.end()) {
      unnamed.push_back(restriction);
    }
  }
  if (unnamed.empty()) return absl::OkStatus();
  return WithReason(
      absl::FailedPreconditionError(
          Cat("the new schema drops or weakens what holds agents back; keep it, or name in `drops` what you mean to "
              "drop (--drop '",
              unnamed.front(), "'):\n  ", absl::StrJoin(unnamed, "\n  "))),
      "WIDENS_AUTHORITY");
}

absl::Status AdmitSchema(const Schema& after, const SchemaChange& change, const Snapshot& stored) {
  absl::btree_map<std::string, Orphans> forms;
  size_t count = 0;
  std::string first;
  for (const SchemaChange::Narrowed& narrowed : change.narrowed) {
    TupleFilter filter{.resource_type = narrowed.type, .relation = narrowed.relation};
    auto cursor = stored.Read(filter, std::nullopt);
    for (; cursor->Valid(); cursor->Next()) {
      const Relationship relationship = ToRelationship(cursor->row(), stored.names());
      if (ValidateRelationship(after, relationship, Intent::kStore).ok()) continue;
      if (++count == 1) first = ToText(relationship);
      Orphans& orphans = forms[FormOf(relationship)];
      if (++orphans.count > kExamplesMax) continue;
      orphans.examples += Cat(orphans.count == 1 ? "" : ", ", Shorten(relationship));
    }
    if (!cursor->status().ok()) return cursor->status();
  }
  if (count == 0) return AdmitKinds(change, stored);
  std::string list;
  size_t listed = 0;
  for (const auto& [form, orphans] : forms) {
    if (++listed > kFormsMax) break;
    list +=
        Cat("\n  ", orphans.count, " of ", form, ": ", orphans.examples, orphans.count > kExamplesMax ? ", ..." : "");
  }
  if (forms.size() > kFormsMax) list += Cat("\n  and ", forms.size() - kFormsMax, " more forms");
  const absl::Status status =
      WithReason(absl::FailedPreconditionError(
                     Cat("the new schema does not allow ", count, count == 1 ? " relationship" : " relationships",
                         " that ", count == 1 ? "is" : "are", " stored; delete ", count == 1 ? "it" : "them",
                         " first, or keep what allows ", count == 1 ? "it" : "them", ":", list)),
                 "ORPHANS_RELATIONSHIPS");
  return WithDetail(status, "relationship", first);
}

}  // namespace mandate
