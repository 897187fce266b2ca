// On which objects may an agent, by way of its task, or a session? The chain is walked once. Candidates come from the
// acting task's own scope, which every answer needs: what one of its items reaches. Where an item stands for every
// object of a type they come from the principal instead, who needs the permission itself. Each candidate is then
// decided as Check decides it, with what was found out for the ones before it.
#include "check/delegation.h"
#include "check/lookup_search.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// After this many decisions what was found out is forgotten, so that memory does not grow with the answer.
constexpr size_t kDecisionsMax = 4096;

}  // namespace

absl::Status LookupResourcesDelegated(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                      const CheckLimits& limits, MemberId permission, const ResourcesQuestion& question,
                                      const FoundSink& sink) {
  if (!question.contextual.empty()) {
    return WithField(WithReason(InvalidArgument("an agent, a task or a session cannot bring relationships along; "
                                                "write them"),
                                "CONTEXTUAL_NOT_ALLOWED"),
                     "contextual");
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  Conditions conditions(plan, Moment{now, *std::move(context)});
  Budget budget(limits.budget);
  DelegatedCheck check(plan, snapshot, &conditions, limits, &budget);
  const CheckQuestion asked{.subject = question.subject,
                            .task = question.task,
                            .claims = question.claims,
                            .audience = question.audience,
                            .parameter_digest = question.parameter_digest};
  auto chain =
      check.DecideChain(asked, {.type = *plan.schema().FindType(question.subject.type), .id = question.subject.id});
  if (!chain.ok() && !HasNoAnswer(chain.status())) return chain.status();
  if (chain.ok() && chain->decision == Decision::kDenied) return absl::OkStatus();
  auto subjects = check.CandidateSubjects(permission);
  if (!subjects.ok()) return subjects.status();
  size_t decisions = 0;
  const uint64_t mark = budget.bytes();
  return VisitCandidates(plan, snapshot, &conditions, &budget, permission, *std::move(subjects), question.after,
                         [&](const std::string& id, bool) -> absl::StatusOr<bool> {
                           if (++decisions % kDecisionsMax == 0) {
                             check.Forget();
                             budget.ReleaseTo(mark);
                           }
                           Found found{.id = id};
                           auto answer = check.DecideOn(permission, id);
                           if (HasNoAnswer(answer.status())) {
                             found.error = answer.status();
                           } else if (!answer.ok()) {
                             return answer.status();
                           } else if (answer->decision == Decision::kDenied) {
                             return true;
                           } else {
                             found.decision = answer->decision;
                             found.missing_context = answer->missing_context;
                           }
                           if (!sink(found)) return false;
                           budget.Renew();
                           return true;
                         });
}

}  // namespace mandate
