#include "test/reference_proof_world.h"

#include "schema/text.h"

namespace mandate {

std::string ReferenceProofWorld::CheckQuote(const ExplanationStep& step, bool) {
  const StoredRelationship* stored = stored_.Find(*step.relationship);
  if (stored == nullptr) return "is not stored";
  if (stored->relationship != *step.relationship) return "is stored otherwise";
  if (stored->written != step.revision) return Cat("was written at ", stored->written.value());
  return reference_.world().now < stored->relationship.expires_at ? "" : "has expired";
}

std::string ReferenceProofWorld::CheckAbsence(const Absence& absence) {
  const Truth truth = reference_.MeaningFor(absence.subject).Of(absence.object, absence.expr);
  return truth == Truth::kNo ? "" : Cat("what is absent is ", TruthName(truth));
}

std::string ReferenceProofWorld::CheckOnly(const ObjectRef& object, const std::string& relation,
                                           const std::set<SubjectRef>& subjects) {
  std::set<SubjectRef> live;
  for (const StoredRelationship& stored : reference_.world().relationships) {
    const Relationship& r = stored.relationship;
    const bool counts = r.resource == object && r.relation == relation;
    if (counts && reference_.world().now < r.expires_at) live.insert(r.subject);
  }
  return live == subjects ? "" : Cat("it holds ", live.size(), ", not these ", subjects.size());
}

std::string ReferenceProofWorld::CheckAges(const ObjectRef& session) {
  Revision opened;
  for (const StoredRelationship& stored : reference_.world().relationships) {
    const Relationship& r = stored.relationship;
    if (r.resource == session && r.relation == "task") opened = stored.born;
  }
  return opened != Revision() ? "" : "there is no such session";
}

std::string ReferenceProofWorld::CheckRule(const ObjectRef&, const TaskRule&, const ExplanationStep&) {
  return "the references know no rules";
}

}  // namespace mandate
