#include "check/describe_authority.h"

#include <algorithm>
#include <utility>

#include "check/delegation.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

class Describer {
 public:
  Describer(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget)
      : plan_(plan), schema_(plan.schema()), snapshot_(snapshot), conditions_(*conditions), budget_(budget) {}

  absl::StatusOr<std::vector<Authority::Hop>> Hops(const Lineage& lineage) {
    std::vector<Authority::Hop> hops;
    for (const Lineage::Hop& at : lineage.hops) {
      Authority::Hop& hop = hops.emplace_back();
      if (absl::Status s = Items(at.task, Reserved::kScope, &hop.scope); !s.ok()) return s;
      hop.has_boundary =
          schema_.definition(*schema_.FindType(at.agent.type)).reserved(Reserved::kBoundary) != MemberId::kNone;
      if (absl::Status s = Items(at.agent, Reserved::kBoundary, &hop.boundary); !s.ok()) return s;
    }
    return hops;
  }

  absl::StatusOr<std::vector<Authority::Rule>> Rules(const Lineage& lineage, const std::string& session) {
    std::vector<Authority::Rule> rules;
    if (!lineage.principal) return rules;
    RuledCaller caller{.principal = {.type = *schema_.FindType(lineage.principal->type), .id = lineage.principal->id},
                       .session = session};
    const std::string root = ToText(*lineage.root_task());
    const auto retired = IsRetired(snapshot_, root);
    if (!retired.ok()) return retired.status();
    StoredTaskLedger ledger(snapshot_, root);
    EvaluatorPool evaluators(plan_, snapshot_, &conditions_, budget_);
    RuleCheck check(plan_, &conditions_, budget_, &evaluators, ledger, std::move(caller));
    for (const Lineage::Hop& hop : lineage.hops) {
      for (const TaskRule& rule : schema_.definition(*schema_.FindType(hop.task.type)).rules) {
        Authority::Rule& state = rules.emplace_back(Authority::Rule{hop.task, rule.text});
        if (rule.kind != RuleKind::kLimit) continue;
        state.is_limit = true;
        const bool per_session = rule.per == LimitPer::kSession;
        RuleCheck::Used used;
        if (!per_session || !session.empty()) {
          auto counted =
              check.CountFor(rule.permission, per_session ? Cat("session ", session) : Cat("task ", ToText(hop.task)));
          if (!counted.ok()) return counted.status();
          used = *std::move(counted);
        }
        state.used = used.possible;
        // What was used is not known any more where retention took it, and such a call is refused.
        state.left = *retired ? 0 : rule.limit - std::min<uint64_t>(used.possible, rule.limit);
      }
    }
    return rules;
  }

 private:
  absl::Status Items(const ObjectRef& holder, Reserved which, std::vector<Authority::Item>* items) {
    const TypeId type = *schema_.FindType(holder.type);
    const MemberId relation = schema_.definition(type).reserved(which);
    if (relation == MemberId::kNone) return absl::OkStatus();
    auto cursor = snapshot_.Subjects({plan_.name(type), holder.id}, plan_.name(relation), SubjectsOf::kSubjectSets);
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
      auto judged = conditions_.Judge(cursor->row().edge, budget_);
      if (!judged.ok()) return judged.status();
      if (judged->state == EdgeState::kGone) continue;
      items->push_back({ToRelationship(cursor->row(), snapshot_.names()),
                        judged->state == EdgeState::kLive ? Decision::kAllowed : Decision::kConditional});
    }
    return cursor->status();
  }

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  Conditions& conditions_;
  Budget* budget_;
};

}  // namespace

absl::StatusOr<Authority> DescribeAuthority(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                            const CheckLimits& limits, const AuthorityQuestion& question) {
  auto type = ResolveType(plan.schema(), question.subject.type, "subject.type");
  if (!type.ok()) return type.status();
  const Kind kind = plan.schema().definition(*type).kind;
  if (kind != Kind::kSession && kind != Kind::kAgent) {
    return WithField(WithReason(InvalidArgument(Cat("`", ToText(question.subject),
                                                    "` is neither a session nor an "
                                                    "agent; people are asked about by check and lookup")),
                                "NOT_DELEGATED_KIND"),
                     "subject");
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  Conditions conditions(plan, Moment{now, *std::move(context)});
  Budget budget(limits.budget);
  DelegatedCheck check(plan, snapshot, &conditions, limits, &budget);
  CheckQuestion asked{.subject = question.subject, .task = question.task, .lineage = true};
  auto chain = check.DecideChain(asked, {.type = *type, .id = question.subject.id});
  if (!chain.ok()) return chain.status();
  Authority authority{*std::move(chain), {}, {}};
  Describer describer(plan, snapshot, &conditions, &budget);
  auto hops = describer.Hops(*authority.chain.lineage);
  if (!hops.ok()) return hops.status();
  authority.hops = *std::move(hops);
  auto rules = describer.Rules(*authority.chain.lineage, kind == Kind::kSession ? ToText(question.subject) : "");
  if (!rules.ok()) return rules.status();
  authority.rules = *std::move(rules);
  return authority;
}

}  // namespace mandate
