#include "test/reference_proof_world.h"

#include "schema/text.h"

namespace mandate {

// What the question brings along is of no revision, and takes the place of what is stored.
const StoredRelationship* ReferenceProofWorld::Find(const Relationship& relationship) const {
  for (const StoredRelationship& row : reference_.world().relationships) {
    const bool is_same = ReferenceStore::IdentityOf(row.relationship) == ReferenceStore::IdentityOf(relationship);
    if (is_same && row.written == Revision()) return &row;
  }
  return stored_.Find(relationship);
}

const LiveRelationship* ReferenceProofWorld::FindLive(const Relationship& relationship) {
  for (const LiveRelationship& row : reference_.LiveIn(question_.context)) {
    if (row.stored->relationship == relationship) return &row;
  }
  return nullptr;
}

std::string ReferenceProofWorld::CheckQuote(const ExplanationStep& step, bool may_be_open) {
  const StoredRelationship* stored = Find(*step.relationship);
  if (stored == nullptr) return "is not stored";
  if (stored->relationship != *step.relationship) return "is stored otherwise";
  if (stored->written != step.revision) return Cat("was written at ", stored->written.value());
  const LiveRelationship* live = FindLive(*step.relationship);
  if (live == nullptr) return "has expired, or its caveat fails";
  const bool is_open = may_be_open && step.decision == Decision::kConditional;
  return live->open && !is_open ? "has a caveat that is not decided" : "";
}

std::string ReferenceProofWorld::CheckAbsence(const Absence& absence) {
  const Verdict verdict = reference_.MeaningFor(absence.subject, question_.context).Of(absence.object, absence.expr);
  return verdict.truth == Truth::kNo ? "" : "what is absent is not certainly so";
}

std::string ReferenceProofWorld::CheckOnly(const ObjectRef& object, const std::string& relation,
                                           const std::set<SubjectRef>& subjects) {
  std::set<SubjectRef> live;
  for (const LiveRelationship& row : reference_.LiveIn(question_.context)) {
    const Relationship& r = row.stored->relationship;
    if (r.resource == object && r.relation == relation) live.insert(r.subject);
  }
  return live == subjects ? "" : Cat("it holds ", live.size(), ", not these ", subjects.size());
}

std::string ReferenceProofWorld::CheckAges(const ObjectRef& session) {
  for (const StoredRelationship& stored : reference_.world().relationships) {
    const Relationship& r = stored.relationship;
    if (r.resource == session && r.relation == "task") return "";
  }
  return "there is no such session";
}

// Nothing was done yet, so nothing was approved either; all other rules let a first call pass.
std::string ReferenceProofWorld::CheckRule(const ObjectRef&, const TaskRule& rule, const ExplanationStep&,
                                           const std::vector<Grant>& grants) {
  if (!grants.empty()) return "nothing was done for which somebody had to be allowed something";
  return rule.kind == RuleKind::kApproval ? "nobody has approved it" : "";
}

}  // namespace mandate
