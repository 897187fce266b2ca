// goal_proof.h: one ordinary goal of a proof: that a subject has a permission on an object.
//
//   std::string flaw = GoalProof(schema, tree, world).Check({begin, end, subject}, roots, {resource, member});
//
// Threads     One goal on one thread.
// Ownership   Schema, tree and world outlive it.
#ifndef MANDATE_TOOLS_PROOF_GOAL_PROOF_H_
#define MANDATE_TOOLS_PROOF_GOAL_PROOF_H_

#include <map>
#include <string>
#include <vector>

#include "schema/schema.h"
#include "tools/proof/proof_steps.h"
#include "tools/proof/step_tree.h"

namespace mandate {

class GoalProof {
 public:
  GoalProof(const Schema& schema, const StepTree& tree, ProofWorld& world)
      : schema_(schema), tree_(tree), world_(world) {}

  // That a subject has `member` on `object`.
  struct Claim {
    ObjectRef object;
    MemberId member;
  };
  // The steps from `begin` to `end` are about one subject.
  struct Region {
    size_t begin;
    size_t end;
    SubjectRef subject;
  };
  // The flaw, if there is one. `roots` are the steps at the top of the region, of which there is to be one.
  std::string Check(const Region& region, const std::vector<size_t>& roots, const Claim& goal);

 private:
  bool Flaw(size_t step, std::string_view what);
  // What the world objects to is told if nothing else proves the goal.
  bool Accept(size_t step, const std::string& objection);

  void FindClaims(const Region& region);
  bool Claims(size_t step, const ObjectRef& object, MemberId member) const;
  bool CheckClaim(size_t step);
  bool IsIdentity(const Claim& claim) const;
  bool IsShownBefore(size_t step) const;
  bool Quotes(size_t step, MemberId relation, const ObjectRef& object) const;
  bool SaysAbsence(size_t step, ExprId expr, const ObjectRef& object) const;

  // Does `step` prove it? `goal` is the named step that it belongs to.
  bool Proves(size_t step, ExprId expr, const ObjectRef& object, size_t goal);
  bool ProvesRelation(size_t step, const Claim& claim) const;
  bool ProvesIntersection(size_t step, const Expression& e, const ObjectRef& object, size_t goal);
  bool ProvesExclusion(size_t step, const Expression& e, const ObjectRef& object, size_t goal);
  bool ProvesArrow(size_t step, const Expression& e, const ObjectRef& object, size_t goal);
  bool ProvesArrowAll(size_t step, const Expression& e, const ObjectRef& object, size_t goal);

  const Schema& schema_;
  const StepTree& tree_;
  ProofWorld& world_;
  SubjectRef subject_;
  std::map<size_t, Claim> claims_;            // Of the region, by step.
  std::multimap<std::string, size_t> shown_;  // Those that are not references to others, by their text.
  std::string flaw_;
  std::string objection_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_GOAL_PROOF_H_
