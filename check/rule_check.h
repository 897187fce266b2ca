// rule_check.h: the rules over time of the tasks on a chain, against what the ledger says was done so far
// (delegation.md, section 5).
//
//   RuleCheck rules(plan, snapshot, &conditions, &budget, ledger, call);
//   absl::StatusOr<RuleVerdict> verdict = rules.Decide();
//
// It asks the ordinary evaluator and nothing else: whether one permission implies another on an object (the item
// `r#p` against `P` on `r`), whether the principal holds `q`, whether each of the audience holds `P`.
//
// Threads     One question on one thread.
// Ownership   Everything handed in outlives it.
// Errors      Those of evaluator.h and task_ledger.h. An evaluation that has no answer is an error only where the verdict
//             hinges on it.
#ifndef MANDATE_CHECK_RULE_CHECK_H_
#define MANDATE_CHECK_RULE_CHECK_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/evaluator.h"
#include "check/task_ledger.h"

namespace mandate {

// The call that is judged.
struct RuledCall {
  MemberId permission = MemberId::kNone;
  std::string resource_id;
  SubjectTerm principal;                // At the root of the chain.
  struct Task {
    TypeId type;
    std::string id;
  };
  std::vector<Task> tasks;              // Of the chain, from the acting one upward.
  std::string session;                  // `run:1`; empty when an agent plans: limits per session do not apply then.
  std::vector<SubjectTerm> audience;
  std::string parameter_digest;
};

struct RuleVerdict {
  Decision decision = Decision::kAllowed;
  DenialReason reason = DenialReason::kNone;
  std::string reason_at;                      // The task and its rule.
  std::vector<std::string> missing_context;   // kConditional
  std::vector<uint64_t> approvals;            // kAllowed: the ones that the call would use.
  absl::Time valid_until = absl::InfiniteFuture();
  struct Step {                               // For the explanation: each rule that was looked at.
    Decision decision;
    std::string text;
  };
  std::vector<Step> steps;
};

class RuleCheck {
 public:
  RuleCheck(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
            const TaskLedger& ledger, const RuledCall& call);

  absl::StatusOr<RuleVerdict> Decide();

  // What is to be kept with the entry of this call: for every rule of the schema that may ever look back at it, whether
  // the call is for the rule's permission (`is document#view`), and whether the principal now holds what `when` names.
  absl::StatusOr<std::map<std::string, Mark>> MarksToKeep();

  // How often actions for `permission` were allowed within `unit`, those that may be for it among them.
  struct Used {
    uint64_t certain = 0;
    uint64_t possible = 0;
    std::vector<std::string> missing;  // What would decide those that are possible alone.
  };
  absl::StatusOr<Used> CountFor(MemberId permission, const std::string& unit);

 private:
  // What is known of a sub-question: no, maybe (with what would decide it), yes.
  struct Truth3 {
    Decision decision = Decision::kDenied;
    std::vector<std::string> missing;
    absl::Time valid_until = absl::InfiniteFuture();
  };
  using RuleJudge = absl::Status (RuleCheck::*)(const RuledCall::Task&, const TaskRule&);

  absl::Status JudgeAfter(const RuledCall::Task& task, const TaskRule& rule);
  absl::Status JudgeContain(const RuledCall::Task& task, const TaskRule& rule);
  absl::Status JudgeApproval(const RuledCall::Task& task, const TaskRule& rule);
  absl::Status JudgeLimit(const RuledCall::Task& task, const TaskRule& rule);

  absl::StatusOr<Truth3> Ask(const SubjectTerm& subject, MemberId permission, const std::string& id);
  // Is an action with `permission` on `id` one for `wanted`?
  absl::StatusOr<Truth3> IsFor(MemberId permission, MemberId wanted, const std::string& id);
  absl::StatusOr<Truth3> CallIsFor(MemberId wanted);
  // Was the deed one for rule's P, on a resource on which q holds or held?
  absl::StatusOr<Truth3> DeedCounts(const TaskRule& rule, const Deed& deed,
                                    const std::map<std::string, Mark>& marks);
  absl::StatusOr<Truth3> DeedIsFor(const Deed& deed, MemberId wanted, const std::map<std::string, Mark>& marks);

  static Truth3 And(const Truth3& a, const Truth3& b);

  // What a rule makes of the call: `refuses` kAllowed means that it surely does.
  void Take(const RuledCall::Task& task, const TaskRule& rule, DenialReason reason, const Truth3& refuses,
            std::string_view how);
  std::string MemberText(MemberId member) const;

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  Conditions& conditions_;
  Budget* budget_;
  const TaskLedger& ledger_;
  const RuledCall& call_;
  RuleVerdict verdict_;
  std::map<std::tuple<TypeId, std::string, MemberId>, std::unique_ptr<Evaluator>> evaluators_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_RULE_CHECK_H_
