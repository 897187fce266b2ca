// checker.h: questions in the words of the schema, answered at one snapshot and one moment.
//
//   Checker checker(plan, snapshot, clock(), limits);
//   absl::StatusOr<Answer> answer = checker.Check({.resource = {"document", "plan"}, .permission = "view",
//                                                  .subject = {"user", "alice"}});
//
// Threads     One Checker on one thread; make one for each call.
// Ownership   Plan and snapshot outlive it.
// Errors      INVALID_ARGUMENT for what the schema does not know or delegation does not allow to be asked, with the
//             field's path and a reason (UNKNOWN_DEFINITION, UNKNOWN_PERMISSION, RESERVED_RELATION,
//             WILDCARD_NOT_ALLOWED, NOT_A_TASK, TASK_NOT_ALLOWED, AUDIENCE_NOT_ALLOWED, AUDIENCE_INVALID, CONTEXT_INVALID, those of contextual.h); the errors
//             of evaluator.h.
#ifndef MANDATE_CHECK_CHECKER_H_
#define MANDATE_CHECK_CHECKER_H_

#include <memory>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/budget.h"
#include "check/conditions.h"
#include "check/evaluator.h"
#include "check/plan.h"
#include "check/question.h"
#include "storage/snapshot.h"

namespace mandate {

struct CheckLimits {
  BudgetLimits budget;
  // Agents on a chain (delegation.md, section 3).
  size_t chain_agents_max = 4;
};

class Checker {
 public:
  Checker(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits);

  // Questions about one subject with one context and the same contextual relationships share what was found out for
  // earlier ones.
  absl::StatusOr<Answer> Check(const CheckQuestion& question);

 private:
  absl::StatusOr<Answer> Decide(const CheckQuestion& question);
  absl::StatusOr<Conditions*> ConditionsFor(const std::string& context);
  absl::StatusOr<const Snapshot*> SnapshotFor(const std::vector<Relationship>& contextual);
  absl::StatusOr<Answer> CheckOrdinary(MemberId member, const CheckQuestion& question,
                                       SubjectTerm subject, Conditions* conditions);

  const Plan& plan_;
  const Snapshot& snapshot_;
  const absl::Time now_;
  const CheckLimits limits_;
  absl::flat_hash_map<std::string, std::unique_ptr<Conditions>> conditions_;  // by context
  absl::flat_hash_map<std::string, std::shared_ptr<const Snapshot>> layered_;  // by contextual relationships
  // By snapshot, conditions, subject, and whether it is to be explained.
  absl::flat_hash_map<std::tuple<const Snapshot*, Conditions*, std::string, bool>,
                      std::unique_ptr<Evaluator>>
      evaluators_;
};

// The names of a question, resolved. `field` is the path that an error names.
absl::StatusOr<TypeId> ResolveType(const Schema& schema, std::string_view name,
                                   std::string_view field);
// REQUIRES: nothing; refuses reserved relations (RESERVED_RELATION).
absl::StatusOr<MemberId> ResolvePermission(const Schema& schema, TypeId type,
                                           std::string_view name, std::string_view field);

}  // namespace mandate

#endif  // MANDATE_CHECK_CHECKER_H_
