// reference_proof_world.h: what a proof rests on besides its steps, looked up in the references.
//
//   ReferenceProofWorld world(question, stored, reference);
//   std::string flaw = FindFlaw(schema, question, answer, world);   // empty: it is a proof
//
// Threads     A test's own.
// Ownership   All of it outlives the world.
#ifndef MANDATE_TEST_REFERENCE_PROOF_WORLD_H_
#define MANDATE_TEST_REFERENCE_PROOF_WORLD_H_

#include <set>
#include <string>
#include <vector>

#include "test/reference_store.h"
#include "tools/proof/proof_steps.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {

class ReferenceProofWorld : public ProofWorld {
 public:
  ReferenceProofWorld(const CheckQuestion& question, const ReferenceStore& stored, ReferenceEvaluator& reference)
      : question_(question), stored_(stored), reference_(reference.With(question.contextual)) {}

  std::string CheckQuote(const ExplanationStep& step, bool may_be_open) override;
  std::string CheckAbsence(const Absence& absence) override;
  std::string CheckOnly(const ObjectRef& object, const std::string& relation,
                        const std::set<SubjectRef>& subjects) override;
  std::string CheckAges(const ObjectRef& session) override;
  std::string CheckRule(const ObjectRef& task, const TaskRule& rule, const ExplanationStep& step,
                        const std::vector<Grant>& grants) override;

 private:
  const StoredRelationship* Find(const Relationship& relationship) const;
  const LiveRelationship* FindLive(const Relationship& relationship);

  const CheckQuestion& question_;
  const ReferenceStore& stored_;
  ReferenceEvaluator& reference_;
};

}  // namespace mandate

#endif  // MANDATE_TEST_REFERENCE_PROOF_WORLD_H_
