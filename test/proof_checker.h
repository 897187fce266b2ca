// proof_checker.h: is the explanation of an allowed answer a proof?
//
//   std::string flaw = FindFlaw(question, answer, stored, reference);   // empty: it is one
//
// It follows the steps with the schema in hand, and nothing of the engine: each goal must follow by
// the expression of the schema from what is one level down, each relationship must be stored,
// unexpired and of the revision quoted, and no goal may rest on itself. What rests on an absence is
// looked up in the reference.
//
// Threads     A test's own.
#ifndef MANDATE_TEST_PROOF_CHECKER_H_
#define MANDATE_TEST_PROOF_CHECKER_H_

#include <string>

#include "check/answer.h"
#include "check/question.h"
#include "test/reference_evaluator.h"
#include "test/reference_store.h"

namespace mandate {

// REQUIRES: the answer was explained and is allowed.
std::string FindFlaw(const CheckQuestion& question, const Answer& answer,
                     const ReferenceStore& stored, ReferenceEvaluator& reference);

}  // namespace mandate

#endif  // MANDATE_TEST_PROOF_CHECKER_H_
