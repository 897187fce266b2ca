// proof_steps.h: do the steps of an explanation prove its answer? Followed one by one, with the schema in hand and
// nothing of the engine.
//
//   std::string flaw = FindFlaw(schema, question, answer, world);   // empty: each step follows
//
// Each goal must follow by the expression of the schema from what is one level down, and no goal may rest on itself.
// What the steps cannot show themselves (that a relationship is stored, that another one is not) is asked of the world:
// tests look it up, a verifier with nothing but the proof writes it down as what the proof rests on.
//
// Threads     Free function; safe anywhere.
// Ownership   Nothing is kept.
// Costs       Linear in the steps, times the alternatives of an expression.
#ifndef MANDATE_TOOLS_PROOF_PROOF_STEPS_H_
#define MANDATE_TOOLS_PROOF_PROOF_STEPS_H_

#include <set>
#include <string>
#include <vector>

#include "check/answer.h"
#include "check/question.h"
#include "schema/schema.h"

namespace mandate {

// Each returns nothing if it is so, or what is wrong.
class ProofWorld {
 public:
  virtual ~ProofWorld() = default;

  // The step's relationship is stored as quoted, of that revision, and counts. `may_be_open`: its caveat need not be
  // decided.
  virtual std::string CheckQuote(const ExplanationStep& step, bool may_be_open) = 0;

  // `expr` does not hold on `object` for `subject`. `goal` is the permission that excludes it, `document:plan#view`.
  struct Absence {
    SubjectRef subject;
    ObjectRef object;
    ExprId expr;
    std::string goal;
  };
  virtual std::string CheckAbsence(const Absence& absence) = 0;

  // `object#relation` holds these, and nothing else that counts.
  virtual std::string CheckOnly(const ObjectRef& object, const std::string& relation,
                                const std::set<SubjectRef>& subjects) = 0;

  // No edge of the chain is younger than the session.
  virtual std::string CheckAges(const ObjectRef& session) = 0;

  // That somebody is allowed something.
  struct Grant {
    SubjectRef subject;
    ObjectRef resource;
    MemberId permission;
  };
  // The rule lets the call pass. `step` says how, as the server told it. The steps show `grants`: of `contain`, that
  // each of the audience may have what was done, wherever it was done; of an approval, that who gave it may.
  virtual std::string CheckRule(const ObjectRef& task, const TaskRule& rule, const ExplanationStep& step,
                                const std::vector<Grant>& grants) = 0;
};

// REQUIRES: the answer is allowed and explained; the schema knows the question's types and its permission.
std::string FindFlaw(const Schema& schema, const CheckQuestion& question, const Answer& answer, ProofWorld& world);

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_PROOF_STEPS_H_
