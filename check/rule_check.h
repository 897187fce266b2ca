// rule_check.h: the rules over time of the tasks on a chain, against what the ledger says was done so far
// (delegation.md, section 5).
//
//   RuleCheck rules(plan, &conditions, &budget, &evaluators, ledger, caller);
//   absl::StatusOr<RuleVerdict> verdict = rules.Decide(send, "m", nullptr);
//
// It asks the ordinary evaluator and nothing else: whether one permission implies another on an object (the item
// `r#p` against `P` on `r`), whether the principal holds `q`, whether each of the audience holds `P`.
//
// What the ledger says of a rule does not depend on the resource, so it is reckoned once for all that are asked about.
//
// Threads     One question, or a lookup, on one thread.
// Ownership   Everything handed in outlives it.
// Errors      Those of evaluator.h and task_ledger.h. An evaluation that has no answer is an error only where the
//             verdict hinges on it.
#ifndef MANDATE_CHECK_RULE_CHECK_H_
#define MANDATE_CHECK_RULE_CHECK_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/evaluator_pool.h"
#include "check/explanation.h"
#include "check/task_ledger.h"

namespace mandate {

// Who calls.
struct RuledCaller {
  SubjectTerm principal;  // At the root of the chain.
  struct Task {
    TypeId type;
    std::string id;
  };
  std::vector<Task> tasks;  // Of the chain, from the acting one upward.
  std::string session;      // `run:1`; empty when an agent plans: limits per session do not apply then.
  std::vector<SubjectTerm> audience;
  std::string parameter_digest;
};

struct RuleVerdict {
  Decision decision = Decision::kAllowed;
  DenialReason reason = DenialReason::kNone;
  std::string reason_at;                     // The task and its rule.
  std::vector<std::string> missing_context;  // kConditional
  std::vector<uint64_t> approvals;           // kAllowed: the ones that the call would use.
  absl::Time valid_until = absl::InfiniteFuture();
};

class RuleCheck {
 public:
  RuleCheck(const Plan& plan, Conditions* conditions, Budget* budget, EvaluatorPool* evaluators,
            const TaskLedger& ledger, RuledCaller caller);

  // Appends each rule that was looked at to `explanation`; null: nobody wants to know. Below one that lets the call
  // pass stands the proof that each of the audience may have what was done, or that who approved it may. REQUIRES: of
  // one RuleCheck always null, or never.
  absl::StatusOr<RuleVerdict> Decide(MemberId permission, const std::string& resource_id, Explanation* explanation);

  // What is to be kept with the entry of the call that was decided last: for every rule of the schema that may ever
  // look back at it, whether the call is for the rule's permission (`is document#view`), and whether the principal now
  // holds what `when` names.
  absl::StatusOr<std::map<std::string, Mark>> MarksToKeep();

  // How often actions for `permission` were allowed within `unit`, those that may be for it among them.
  struct Used {
    uint64_t certain = 0;
    uint64_t possible = 0;
    std::vector<std::string> missing;                 // What would decide those that are possible alone.
    absl::Status unanswered;                          // Of one of those, why nobody knows.
    absl::Time valid_until = absl::InfiniteFuture();  // By the clock alone there are not more before.
  };
  absl::StatusOr<Used> CountFor(MemberId permission, const std::string& unit);

 private:
  // What is known of a sub-question: no, maybe (with what would decide it), yes. A no rests on what expires as a yes
  // does: `a - b` is none while `b` lasts.
  struct Truth3 {
    Decision decision = Decision::kDenied;
    std::vector<std::string> missing;
    absl::Time valid_until = absl::InfiniteFuture();  // Of a yes or a no.
  };
  class AnyOf;
  using RuleJudge = absl::Status (RuleCheck::*)(const RuledCaller::Task&, const TaskRule&);

  absl::Status JudgeAfter(const RuledCaller::Task& task, const TaskRule& rule);
  absl::Status JudgeContain(const RuledCaller::Task& task, const TaskRule& rule);
  absl::Status JudgeApproval(const RuledCaller::Task& task, const TaskRule& rule);
  absl::Status JudgeLimit(const RuledCaller::Task& task, const TaskRule& rule);

  // Was something done that `rule` looks for? Does it escape to somebody of the audience?
  absl::StatusOr<Truth3> Done(const TaskRule& rule);
  absl::StatusOr<Truth3> Escapes(const TaskRule& rule, Explanation* shown);
  absl::StatusOr<Truth3> LacksWhatWasDone(const absl::StatusOr<Truth3>& counts, const TaskRule& rule,
                                          const std::string& id, Explanation* shown);
  absl::StatusOr<const Used*> CountOnce(MemberId permission, const std::string& unit);
  // The best approval of the call for the rule: how sure it is that there is none.
  absl::StatusOr<Truth3> LacksApproval(const TaskRule& rule, Explanation* shown);

  absl::StatusOr<Truth3> Ask(const SubjectTerm& subject, MemberId permission, const std::string& id);
  // The same, and where it is a yes that is to be explained, its proof goes to `shown`, as it is to stand below the
  // rule. `who` is in the words of explanation.h, kPrincipal: ` of the audience`.
  absl::StatusOr<Truth3> AskToShow(const SubjectTerm& subject, MemberId permission, const std::string& id,
                                   std::string_view who, Explanation* shown);
  // Is an action with `permission` on `id` one for `wanted`?
  absl::StatusOr<Truth3> IsFor(MemberId permission, MemberId wanted, const std::string& id);
  absl::StatusOr<Truth3> CallIsFor(MemberId wanted);
  // Was the deed one for rule's P, on a resource on which q holds or held?
  absl::StatusOr<Truth3> DeedCounts(const TaskRule& rule, const Deed& deed, const std::map<std::string, Mark>& marks);
  absl::StatusOr<Truth3> DeedIsFor(const Deed& deed, MemberId wanted, const std::map<std::string, Mark>& marks);

  static Truth3 And(const Truth3& a, const Truth3& b);
  static bool IsNo(const absl::StatusOr<Truth3>& truth) { return truth.ok() && truth->decision == Decision::kDenied; }
  // Where both must be so, one that is surely not decides, also over one that has no answer.
  static absl::StatusOr<Truth3> Both(const absl::StatusOr<Truth3>& a, const absl::StatusOr<Truth3>& b);

  // What a rule makes of the call: `refuses` kAllowed means that it surely does; if not, `shown` stands below it.
  void Take(const RuledCaller::Task& task, const TaskRule& rule, DenialReason reason, const Truth3& refuses,
            std::string_view how, const Explanation& shown = {});
  void Explain(Decision decision, std::string text, const Explanation& shown);
  // That a rule does not refuse holds so long: until somebody of the audience loses what was done, say.
  absl::Status NoteExpiry(const Truth3& refuses);
  std::string MemberText(MemberId member) const;

  const Plan& plan_;
  const Schema& schema_;
  Conditions& conditions_;
  Budget* budget_;
  EvaluatorPool& evaluators_;
  const TaskLedger& ledger_;
  const RuledCaller caller_;

  // Of the call that is decided.
  MemberId permission_ = MemberId::kNone;
  std::string resource_id_;
  RuleVerdict verdict_;
  Explanation* explanation_ = nullptr;

  struct Escape {
    Truth3 escapes;
    Explanation shown;  // Of a no.
  };
  std::map<const TaskRule*, Truth3> done_;     // kAfter
  std::map<const TaskRule*, Escape> escapes_;  // kContain
  std::map<std::pair<MemberId, std::string>, Used> used_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_RULE_CHECK_H_
