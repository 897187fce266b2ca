// reference_rules.h: the rules over time as section 5 of the definition of delegated authority states them.
//
//   ReferenceRules rules(reference, question, {principal, tasks, session});
//   ReferenceRules::Judgement judged = rules.Judge();
//   if (judged.reason == DenialReason::kNone) parts.insert(parts.end(), judged.parts...);
//
// Each rule is one question, does it refuse the call?, put together from what the reference evaluator says and the
// lists of the ledger. The first that surely does is the answer; what is not decided is a part of the conjunction.
//
// Threads     Belongs to one thread.
// Ownership   Evaluator and question outlive it.
#ifndef MANDATE_TOOLS_REFERENCE_REFERENCE_RULES_H_
#define MANDATE_TOOLS_REFERENCE_REFERENCE_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "check/answer.h"
#include "check/question.h"
#include "schema/schema.h"
#include "tools/reference/goal_graph.h"
#include "tools/reference/reference_ledger.h"

namespace mandate {

class ReferenceEvaluator;

// On whose behalf, and under which tasks, the acting one's first, the root last.
struct ReferenceCaller {
  ObjectRef principal;
  std::vector<ObjectRef> tasks;
  std::optional<ObjectRef> session;  // Absent: an agent plans.
};

class ReferenceRules {
 public:
  ReferenceRules(ReferenceEvaluator& evaluator, const CheckQuestion& question, ReferenceCaller caller);

  struct Judgement {
    DenialReason reason = DenialReason::kNone;
    std::string at;
    std::vector<Verdict> parts;
  };
  Judgement Judge();

  // What is recorded of the call when it is allowed. REQUIRES: Judge has run.
  ReferenceCall Call();

 private:
  Verdict Refuses(const ObjectRef& task, const TaskRule& rule);
  Verdict LacksAudience(const TaskRule& rule);
  Verdict LacksApproval(const TaskRule& rule);
  Verdict ReachesLimit(const ObjectRef& task, const TaskRule& rule);

  // An action on `object` as one for `wanted`: because it was when it was done, or because it is now.
  Verdict WasFor(const ReferenceCall& call, MemberId wanted);
  Verdict Counts(const ReferenceCall& call, const TaskRule& rule);
  Verdict IsFor(const ObjectRef& object, const std::string& permission, MemberId wanted);
  Verdict Holds(const SubjectRef& subject, MemberId member, const ObjectRef& object);
  // Marks of all that was done by the same permission on the same resource.
  bool Marked(const ReferenceCall& call, const std::string& mark) const;
  std::string NameOf(MemberId member) const;

  ReferenceEvaluator& evaluator_;
  const Schema& schema_;
  const CheckQuestion& question_;
  const ReferenceCaller caller_;
  const ReferenceLedger& ledger_;
  std::vector<size_t> approvals_;  // That the call would use.
};

// The opposite. What is not decided stays so.
Verdict Not(Verdict verdict);

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_REFERENCE_RULES_H_
