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
//             WILDCARD_NOT_ALLOWED, NOT_A_TASK, TASK_NOT_ALLOWED, AUDIENCE_NOT_ALLOWED, AUDIENCE_INVALID,
//             CONTEXT_INVALID, those of contextual.h); the errors of evaluator.h.
#ifndef MANDATE_CHECK_CHECKER_H_
#define MANDATE_CHECK_CHECKER_H_

#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/answer_cache.h"
#include "check/budget.h"
#include "check/conditions.h"
#include "check/decision_tally.h"
#include "check/evaluator.h"
#include "check/plan.h"
#include "check/question.h"
#include "storage/cached_snapshot.h"
#include "storage/snapshot.h"

namespace mandate {

struct CheckLimits {
  BudgetLimits budget;
  // Agents on a chain (delegation.md, section 3).
  size_t chain_agents_max = 4;
  // Answers about agents, tasks and sessions alone: whoever asks must not learn what a person may do by leaving the
  // agent out. PERMISSION_DENIED (ONLY_DELEGATED) for other subjects.
  bool only_delegated = false;
};

class Checker {
 public:
  // `answers`, if there is one: of the snapshot's store. `tally`: where answers are counted, if anywhere.
  Checker(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits,
          AnswerCache* answers = nullptr, DecisionTally* tally = nullptr);
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Questions about one subject with one context and the same contextual relationships share what was found out for
  // earlier ones, as long as that is not too much to keep.
  absl::StatusOr<Answer> Check(const CheckQuestion& question);

 private:
  // What was found out about one subject, and what it rests on.
  struct Asked {
    Reads reads;
    std::unique_ptr<Evaluator> evaluator;
  };

  absl::Status AdmitSubject(const SubjectRef& subject) const;
  absl::StatusOr<Answer> DecideOrRecall(const CheckQuestion& question);
  absl::StatusOr<Answer> Decide(const CheckQuestion& question, const std::string& key);
  void NoteReads(Reads* reads);
  void Remember(const std::string& key, const Reads& reads, const absl::StatusOr<Answer>& answer);
  void ForgetWhatIsTooMuch();
  absl::StatusOr<Conditions*> ConditionsFor(const std::string& context);
  absl::StatusOr<const Snapshot*> SnapshotFor(const std::vector<Relationship>& contextual);
  absl::StatusOr<Answer> CheckOrdinary(MemberId member, const CheckQuestion& question, SubjectTerm subject,
                                       Conditions* conditions, const std::string& key);

  const Plan& plan_;
  const Snapshot& snapshot_;
  const absl::Time now_;
  const CheckLimits limits_;
  AnswerCache* const answers_;
  DecisionTally* const tally_;
  std::optional<CachedSnapshot> cached_;  // snapshot_, read through what its store keeps.
  std::string key_;                       // Of the question at hand; kept for its memory.
  absl::flat_hash_map<std::string, std::unique_ptr<Conditions>> conditions_;   // by context
  absl::flat_hash_map<std::string, std::shared_ptr<const Snapshot>> layered_;  // by contextual relationships
  // By snapshot, conditions, subject, and whether it is to be explained.
  absl::flat_hash_map<std::tuple<const Snapshot*, Conditions*, std::string, bool>, std::unique_ptr<Asked>> asked_;
  uint64_t kept_bytes_ = 0;  // By these, as budgets count, or less than that.
};

// The names of a question, resolved. `field` is the path that an error names.
absl::StatusOr<TypeId> ResolveType(const Schema& schema, std::string_view name, std::string_view field);
// REQUIRES: nothing; refuses reserved relations (RESERVED_RELATION).
absl::StatusOr<MemberId> ResolvePermission(const Schema& schema, TypeId type, std::string_view name,
                                           std::string_view field);

}  // namespace mandate

#endif  // MANDATE_CHECK_CHECKER_H_
