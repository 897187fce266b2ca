#include "tools/reference/reference_rules.h"

#include <algorithm>
#include <utility>

#include "schema/text.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {

Verdict Not(Verdict verdict) {
  if (verdict.truth == Truth::kYes) {
    verdict.truth = Truth::kNo;
  } else if (verdict.truth == Truth::kNo) {
    verdict.truth = Truth::kYes;
  }
  return verdict;
}

ReferenceRules::ReferenceRules(ReferenceEvaluator& evaluator, const CheckQuestion& question, ReferenceCaller caller)
    : evaluator_(evaluator),
      schema_(*evaluator.world().schema),
      question_(question),
      caller_(std::move(caller)),
      ledger_(evaluator.world().ledger) {}

ReferenceRules::Judgement ReferenceRules::Judge() {
  Judgement judged;
  const std::pair<RuleKind, DenialReason> kinds[] = {{RuleKind::kAfter, DenialReason::kForbiddenAfter},
                                                     {RuleKind::kContain, DenialReason::kNotContained},
                                                     {RuleKind::kApproval, DenialReason::kApprovalRequired},
                                                     {RuleKind::kLimit, DenialReason::kLimitReached}};
  for (const auto& [kind, reason] : kinds) {
    for (const ObjectRef& task : caller_.tasks) {
      for (const TaskRule& rule : schema_.definition(*schema_.FindType(task.type)).rules) {
        if (rule.kind != kind) continue;
        const Verdict refuses = Refuses(task, rule);
        if (refuses.truth == Truth::kYes) {
          return {reason, Cat(ToText(task), ", rule `", rule.text, "`"), {}};
        }
        if (refuses.truth != Truth::kNo) judged.parts.push_back(refuses);
      }
    }
  }
  return judged;
}

Verdict ReferenceRules::Refuses(const ObjectRef& task, const TaskRule& rule) {
  const bool has_governed = rule.kind == RuleKind::kAfter || rule.kind == RuleKind::kContain;
  const Verdict governs =
      IsFor(question_.resource, question_.permission, has_governed ? rule.governed : rule.permission);
  if (governs.truth == Truth::kNo) return {};
  switch (rule.kind) {
    case RuleKind::kAfter: {
      std::vector<Verdict> done;
      for (const ReferenceCall& call : ledger_.calls) {
        if (call.root == caller_.tasks.back()) done.push_back(Counts(call, rule));
      }
      return AllOf({governs, AnyOf(done)});
    }
    case RuleKind::kContain: return AllOf({governs, LacksAudience(rule)});
    case RuleKind::kApproval: return AllOf({governs, LacksApproval(rule)});
    case RuleKind::kLimit: return AllOf({governs, ReachesLimit(task, rule)});
  }
  return {};
}

Verdict ReferenceRules::LacksAudience(const TaskRule& rule) {
  if (question_.audience.empty()) return {Truth::kYes, {}, {}};
  std::vector<Verdict> lacks;
  for (const ReferenceCall& call : ledger_.calls) {
    if (call.root != caller_.tasks.back()) continue;
    const Verdict counts = Counts(call, rule);
    if (counts.truth == Truth::kNo) continue;
    for (const SubjectRef& member : question_.audience) {
      lacks.push_back(AllOf({counts, Not(Holds(member, rule.permission, call.resource))}));
    }
  }
  return AnyOf(lacks);
}

// The oldest approval that surely fits is the one that is used.
Verdict ReferenceRules::LacksApproval(const TaskRule& rule) {
  if (question_.parameter_digest.empty()) return {Truth::kYes, {}, {}};
  std::vector<Verdict> approved;
  for (size_t i = 0; i < ledger_.approvals.size(); ++i) {
    const ReferenceApproval& approval = ledger_.approvals[i];
    const bool is_meant = approval.root == caller_.tasks.back() && approval.resource == question_.resource &&
                          approval.permission == question_.permission && approval.digest == question_.parameter_digest;
    const bool is_live = !approval.used && evaluator_.world().now < approval.expires_at;
    if (!is_meant || !is_live || !approval.held.contains(NameOf(rule.approver))) continue;
    const bool is_principal = ObjectRef{approval.approver.type, approval.approver.id} == caller_.principal;
    if (rule.other_than_principal && is_principal) continue;
    approved.push_back(Holds(approval.approver, rule.approver, question_.resource));
    if (approved.back().truth == Truth::kYes) {
      approvals_.push_back(i);
      return {};
    }
  }
  return Not(AnyOf(approved));
}

Verdict ReferenceRules::ReachesLimit(const ObjectRef& task, const TaskRule& rule) {
  if (rule.per == LimitPer::kSession && !caller_.session) return {};
  size_t certain = 0, possible = 0;
  std::vector<Verdict> open;
  for (const ReferenceCall& call : ledger_.calls) {
    const bool is_in_unit = rule.per == LimitPer::kSession
                                ? call.session == caller_.session
                                : std::find(call.tasks.begin(), call.tasks.end(), task) != call.tasks.end();
    if (!is_in_unit) continue;
    const Verdict was_for = WasFor(call, rule.permission);
    if (was_for.truth == Truth::kNo) continue;
    ++possible;
    certain += was_for.truth == Truth::kYes;
    if (was_for.truth != Truth::kYes) open.push_back(was_for);
  }
  if (certain >= rule.limit) return {Truth::kYes, {}, {}};
  return possible >= rule.limit ? AllOf(open) : Verdict{};
}

Verdict ReferenceRules::WasFor(const ReferenceCall& call, MemberId wanted) {
  if (Marked(call, Cat("is ", NameOf(wanted)))) return {Truth::kYes, {}, {}};
  return IsFor(call.resource, call.permission, wanted);
}

Verdict ReferenceRules::Counts(const ReferenceCall& call, const TaskRule& rule) {
  const Verdict was_for = WasFor(call, rule.permission);
  if (was_for.truth == Truth::kNo || rule.when == MemberId::kNone) return was_for;
  if (Marked(call, NameOf(rule.when))) return was_for;
  const SubjectRef principal{caller_.principal.type, caller_.principal.id, ""};
  return AllOf({was_for, Holds(principal, rule.when, call.resource)});
}

Verdict ReferenceRules::IsFor(const ObjectRef& object, const std::string& permission, MemberId wanted) {
  const Member& member = schema_.member(wanted);
  if (schema_.definition(member.type).name != object.type) return {};
  if (member.name == permission) return {Truth::kYes, {}, {}};
  if (!schema_.FindMember(member.type, permission)) return {};
  return Holds({object.type, object.id, permission}, wanted, object);
}

Verdict ReferenceRules::Holds(const SubjectRef& subject, MemberId member, const ObjectRef& object) {
  return evaluator_.MeaningFor(subject, question_.context).Of(object, schema_.member(member).name);
}

bool ReferenceRules::Marked(const ReferenceCall& call, const std::string& mark) const {
  return std::any_of(ledger_.calls.begin(), ledger_.calls.end(), [&](const ReferenceCall& each) {
    return each.root == call.root && each.resource == call.resource && each.permission == call.permission &&
           each.marks.contains(mark);
  });
}

std::string ReferenceRules::NameOf(MemberId member) const {
  const Member& named = schema_.member(member);
  return Cat(schema_.definition(named.type).name, "#", named.name);
}

ReferenceCall ReferenceRules::Call() {
  ReferenceCall call{
      caller_.tasks.back(), caller_.tasks, caller_.session, question_.resource, question_.permission, {}, approvals_};
  const SubjectRef principal{caller_.principal.type, caller_.principal.id, ""};
  for (const Definition& definition : schema_.definitions()) {
    for (const TaskRule& rule : definition.rules) {
      if (rule.kind == RuleKind::kApproval) continue;
      if (IsFor(call.resource, call.permission, rule.permission).truth == Truth::kNo) continue;
      call.marks.insert(Cat("is ", NameOf(rule.permission)));
      if (rule.when == MemberId::kNone) continue;
      if (Holds(principal, rule.when, call.resource).truth != Truth::kNo) {
        call.marks.insert(NameOf(rule.when));
      }
    }
  }
  std::sort(call.approvals.begin(), call.approvals.end());
  call.approvals.erase(std::unique(call.approvals.begin(), call.approvals.end()), call.approvals.end());
  return call;
}

}  // namespace mandate
