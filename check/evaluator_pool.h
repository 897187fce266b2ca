// evaluator_pool.h: the evaluators of one delegated question, one for each subject that it asks about, so that what was
// found out about a subject serves the next question about it.
//
// Threads     One question on one thread.
// Ownership   What is handed in outlives it. A reference holds until Clear().
#ifndef MANDATE_CHECK_EVALUATOR_POOL_H_
#define MANDATE_CHECK_EVALUATOR_POOL_H_

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "check/evaluator.h"

namespace mandate {

class EvaluatorPool {
 public:
  EvaluatorPool(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget)
      : plan_(plan), snapshot_(snapshot), conditions_(conditions), budget_(budget) {}

  Evaluator& For(const SubjectTerm& subject, Trace trace) {
    auto& evaluator = evaluators_[{subject.type, subject.id, subject.relation, trace}];
    if (evaluator == nullptr) {
      evaluator = std::make_unique<Evaluator>(plan_, snapshot_, conditions_, budget_, subject, trace);
    }
    return *evaluator;
  }

  // Forgets, so that memory does not grow with the number of questions.
  void Clear() { evaluators_.clear(); }

 private:
  const Plan& plan_;
  const Snapshot& snapshot_;
  Conditions* conditions_;
  Budget* budget_;
  std::map<std::tuple<TypeId, std::string, MemberId, Trace>, std::unique_ptr<Evaluator>> evaluators_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_EVALUATOR_POOL_H_
