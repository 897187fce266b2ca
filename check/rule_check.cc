// Every rule takes something away under a condition, so each is turned into one question, "does it refuse the call?",
// with three answers: surely not, maybe (context is missing), surely. The first that surely refuses, in the order of the
// reasons and along the chain, is the answer's reason; if none does and one may, the call is conditional.
//
// An action done earlier counts for a rule if it is one for the rule's P, and, with `when q`, if q holds on its resource.
// Both are asked twice: when the action is recorded (the marks), and now. Either yes counts. So nothing that is changed in
// between, in the schema or in the data, makes the ledger forget: clearing a mark of confidentiality, or an expression
// that no longer lets `edit` imply `view`, opens nothing.
//
// Why this never lets a call pass: what may have been so when it was recorded (a mark that hung on context) counts as
// so; what hangs on context now is a maybe and never a "surely not"; a sub-question that ends in an error ends the whole in it, but where another part of the same
// conjunction is surely not; and what the ledger holds is read whole, or the budget's error ends the question.
#include "check/rule_check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kFactBytes = 96;

}  // namespace

RuleCheck::RuleCheck(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
                     const TaskLedger& ledger, const RuledCall& call)
    : plan_(plan),
      schema_(plan.schema()),
      snapshot_(snapshot),
      conditions_(*conditions),
      budget_(budget),
      ledger_(ledger),
      call_(call) {}

absl::StatusOr<RuleVerdict> RuleCheck::Decide() {
  const std::pair<RuleKind, RuleJudge> judges[] = {{RuleKind::kAfter, &RuleCheck::JudgeAfter},
                                                   {RuleKind::kContain, &RuleCheck::JudgeContain},
                                                   {RuleKind::kApproval, &RuleCheck::JudgeApproval},
                                                   {RuleKind::kLimit, &RuleCheck::JudgeLimit}};
  for (const auto& [kind, judge] : judges) {
    for (const RuledCall::Task& task : call_.tasks) {
      for (const TaskRule& rule : schema_.definition(task.type).rules) {
        if (rule.kind != kind) continue;
        if (absl::Status status = (this->*judge)(task, rule); !status.ok()) return status;
        if (verdict_.decision == Decision::kDenied) return std::move(verdict_);
      }
    }
  }
  std::sort(verdict_.missing_context.begin(), verdict_.missing_context.end());
  verdict_.missing_context.erase(
      std::unique(verdict_.missing_context.begin(), verdict_.missing_context.end()),
      verdict_.missing_context.end());
  std::sort(verdict_.approvals.begin(), verdict_.approvals.end());
  verdict_.approvals.erase(std::unique(verdict_.approvals.begin(), verdict_.approvals.end()),
                           verdict_.approvals.end());
  return std::move(verdict_);
}

absl::Status RuleCheck::JudgeAfter(const RuledCall::Task& task, const TaskRule& rule) {
  auto forbidden = CallIsFor(rule.governed);
  if (!forbidden.ok()) return forbidden.status();
  if (forbidden->decision == Decision::kDenied) return absl::OkStatus();
  Truth3 done;
  absl::Status unanswered;
  const Member& acted = schema_.member(rule.permission);
  absl::Status status = ledger_.EachDeed(
      schema_.definition(acted.type).name, [&](const Deed& deed, const auto& marks) -> absl::Status {
        if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
        if (done.decision == Decision::kAllowed) return absl::OkStatus();
        auto counts = DeedCounts(rule, deed, marks);
        if (HasNoAnswer(counts.status())) {
          unanswered = counts.status();
          return absl::OkStatus();
        }
        if (!counts.ok()) return counts.status();
        if (counts->decision > done.decision) done.decision = counts->decision;
        done.missing.insert(done.missing.end(), counts->missing.begin(), counts->missing.end());
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (done.decision != Decision::kAllowed && !unanswered.ok()) return unanswered;
  Take(task, rule, DenialReason::kForbiddenAfter, And(*forbidden, done), "nothing of the kind was done");
  return absl::OkStatus();
}

absl::Status RuleCheck::JudgeContain(const RuledCall::Task& task, const TaskRule& rule) {
  auto governed = CallIsFor(rule.governed);
  if (!governed.ok()) return governed.status();
  if (governed->decision == Decision::kDenied) return absl::OkStatus();
  Truth3 escapes;  // Somebody of the audience may not have what was read.
  if (call_.audience.empty()) escapes.decision = Decision::kAllowed;
  absl::Status unanswered;
  const Member& acted = schema_.member(rule.permission);
  absl::Status status = ledger_.EachDeed(
      schema_.definition(acted.type).name, [&](const Deed& deed, const auto& marks) -> absl::Status {
        if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
        if (escapes.decision == Decision::kAllowed) return absl::OkStatus();
        auto counts = DeedCounts(rule, deed, marks);
        if (HasNoAnswer(counts.status())) {
          unanswered = counts.status();
          return absl::OkStatus();
        }
        if (!counts.ok()) return counts.status();
        if (counts->decision == Decision::kDenied) return absl::OkStatus();
        for (const SubjectTerm& member : call_.audience) {
          auto holds = Ask(member, rule.permission, deed.id);
          if (HasNoAnswer(holds.status())) {
            unanswered = holds.status();
            continue;
          }
          if (!holds.ok()) return holds.status();
          Truth3 lacks = *holds;
          lacks.decision = holds->decision == Decision::kAllowed  ? Decision::kDenied
                           : holds->decision == Decision::kDenied ? Decision::kAllowed
                                                                  : Decision::kConditional;
          const Truth3 both = And(*counts, lacks);
          if (both.decision > escapes.decision) escapes.decision = both.decision;
          escapes.missing.insert(escapes.missing.end(), both.missing.begin(), both.missing.end());
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (escapes.decision != Decision::kAllowed && !unanswered.ok()) return unanswered;
  Take(task, rule, DenialReason::kNotContained, And(*governed, escapes),
       "each of the audience may have what was done");
  return absl::OkStatus();
}

absl::Status RuleCheck::JudgeApproval(const RuledCall::Task& task, const TaskRule& rule) {
  auto asked = CallIsFor(rule.permission);
  if (!asked.ok()) return asked.status();
  if (asked->decision == Decision::kDenied) return absl::OkStatus();
  const Member& permission = schema_.member(call_.permission);
  const Deed deed{schema_.definition(permission.type).name, permission.name, call_.resource_id};
  std::vector<Approval> approvals;
  if (!call_.parameter_digest.empty()) {
    auto found = ledger_.Approvals(deed, call_.parameter_digest);
    if (!found.ok()) return found.status();
    approvals = *std::move(found);
  }
  const std::string held = MemberText(rule.approver);
  Truth3 missing{.decision = Decision::kAllowed};  // No approval is good.
  absl::Status unanswered;
  for (const Approval& approval : approvals) {
    if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
    const bool fits = !approval.used && conditions_.moment().now < approval.expires_at &&
                      std::find(approval.held.begin(), approval.held.end(), held) != approval.held.end();
    if (!fits) continue;
    const auto type = schema_.FindType(approval.approver.type);
    if (!type) continue;
    const bool is_principal = *type == call_.principal.type && approval.approver.id == call_.principal.id;
    if (rule.other_than_principal && is_principal) continue;
    auto holds = Ask({.type = *type, .id = approval.approver.id}, rule.approver, call_.resource_id);
    if (HasNoAnswer(holds.status())) {
      unanswered = holds.status();
      continue;
    }
    if (!holds.ok()) return holds.status();
    if (holds->decision == Decision::kAllowed) {
      missing = {};
      verdict_.approvals.push_back(approval.sequence);
      verdict_.valid_until = std::min({verdict_.valid_until, approval.expires_at, holds->valid_until});
      break;
    }
    if (holds->decision == Decision::kConditional) {
      missing.decision = Decision::kConditional;
      missing.missing.insert(missing.missing.end(), holds->missing.begin(), holds->missing.end());
    }
  }
  if (missing.decision == Decision::kAllowed && !unanswered.ok()) return unanswered;
  Take(task, rule, DenialReason::kApprovalRequired, And(*asked, missing), "it was approved");
  return absl::OkStatus();
}

absl::Status RuleCheck::JudgeLimit(const RuledCall::Task& task, const TaskRule& rule) {
  const bool per_session = rule.per == LimitPer::kSession;
  if (per_session && call_.session.empty()) return absl::OkStatus();
  auto counted = CallIsFor(rule.permission);
  if (!counted.ok()) return counted.status();
  if (counted->decision == Decision::kDenied) return absl::OkStatus();
  const std::string unit =
      per_session ? Cat("session ", call_.session)
                  : Cat("task ", schema_.definition(task.type).name, ":", task.id);
  auto used = CountFor(rule.permission, unit);
  if (!used.ok()) return used.status();
  Truth3 reached;
  if (used->certain >= rule.limit) {
    reached.decision = Decision::kAllowed;
  } else if (used->possible >= rule.limit) {
    reached.decision = Decision::kConditional;
    reached.missing = used->missing;
  }
  Take(task, rule, DenialReason::kLimitReached, And(*counted, reached),
       Cat(used->possible, " of ", rule.limit, " were used"));
  return absl::OkStatus();
}

absl::StatusOr<RuleCheck::Used> RuleCheck::CountFor(MemberId permission, const std::string& unit) {
  Used used;
  const Member& counted = schema_.member(permission);
  const std::map<std::string, Mark> none;
  // The marks say what an action was for when it was done; they are kept with the deed, once for all units.
  std::map<Deed, std::map<std::string, Mark>> marks;
  const std::string& type = schema_.definition(counted.type).name;
  absl::Status status = ledger_.EachDeed(type, [&](const Deed& deed, const auto& kept) {
    marks[deed] = kept;
    return budget_->Charge(1, kFactBytes);
  });
  if (!status.ok()) return status;
  status = ledger_.EachCount(unit, type, [&](const Deed& deed, uint64_t times) -> absl::Status {
    if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
    const auto kept = marks.find(deed);
    auto is_for = DeedIsFor(deed, permission, kept == marks.end() ? none : kept->second);
    if (!is_for.ok()) return is_for.status();
    if (is_for->decision == Decision::kAllowed) used.certain += times;
    if (is_for->decision != Decision::kDenied) used.possible += times;
    used.missing.insert(used.missing.end(), is_for->missing.begin(), is_for->missing.end());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return used;
}

absl::StatusOr<std::map<std::string, Mark>> RuleCheck::MarksToKeep() {
  std::map<std::string, Mark> marks;
  const auto keep = [&](const std::string& name, const Truth3& truth) {
    Mark& mark = marks[name];
    mark = std::max(mark, truth.decision == Decision::kAllowed       ? Mark::kYes
                          : truth.decision == Decision::kConditional ? Mark::kOpen
                                                                     : Mark::kNo);
  };
  std::set<std::pair<MemberId, MemberId>> asked;
  for (const Definition& definition : schema_.definitions()) {
    for (const TaskRule& rule : definition.rules) {
      if (rule.kind == RuleKind::kApproval || !asked.insert({rule.permission, rule.when}).second) continue;
      auto is_for = CallIsFor(rule.permission);
      if (!is_for.ok()) return is_for.status();
      if (is_for->decision == Decision::kDenied) continue;
      keep(Cat("is ", MemberText(rule.permission)), *is_for);
      if (rule.when == MemberId::kNone) continue;
      auto holds = Ask(call_.principal, rule.when, call_.resource_id);
      if (!holds.ok()) return holds.status();
      keep(MemberText(rule.when), *holds);
    }
  }
  return marks;
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::Ask(const SubjectTerm& subject, MemberId permission,
                                                 const std::string& id) {
  auto& evaluator = evaluators_[{subject.type, subject.id, subject.relation}];
  if (evaluator == nullptr) {
    evaluator = std::make_unique<Evaluator>(plan_, snapshot_, &conditions_, budget_, subject, Trace::kOff);
  }
  auto verdict = evaluator->Ask(permission, id);
  if (!verdict.ok()) return verdict.status();
  Truth3 truth{verdict->decision, std::move(verdict->missing)};
  if (truth.decision == Decision::kAllowed) truth.valid_until = evaluator->ValidUntil(*verdict);
  return truth;
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::IsFor(MemberId permission, MemberId wanted, const std::string& id) {
  if (permission == wanted) return Truth3{.decision = Decision::kAllowed};
  const Member& acted = schema_.member(permission);
  const Member& target = schema_.member(wanted);
  if (acted.type != target.type) return Truth3{};
  if (!plan_.ReachOf(acted.type, permission).Contains(target.root)) return Truth3{};
  // covers({r#p}, r, P): the item as a subject set.
  return Ask({.type = acted.type, .id = id, .relation = permission}, wanted, id);
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::CallIsFor(MemberId wanted) {
  return IsFor(call_.permission, wanted, call_.resource_id);
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::DeedIsFor(const Deed& deed, MemberId wanted,
                                                       const std::map<std::string, Mark>& marks) {
  const auto kept = marks.find(Cat("is ", MemberText(wanted)));
  if (kept != marks.end() && kept->second != Mark::kNo) return Truth3{.decision = Decision::kAllowed};
  const auto permission = schema_.FindMember(schema_.member(wanted).type, deed.permission);
  return permission ? IsFor(*permission, wanted, deed.id) : Truth3{};
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::DeedCounts(const TaskRule& rule, const Deed& deed,
                                                        const std::map<std::string, Mark>& marks) {
  auto is_for = DeedIsFor(deed, rule.permission, marks);
  if (!is_for.ok() || is_for->decision == Decision::kDenied || rule.when == MemberId::kNone) return is_for;
  const auto kept = marks.find(MemberText(rule.when));
  if (kept != marks.end() && kept->second != Mark::kNo) return is_for;
  auto holds = Ask(call_.principal, rule.when, deed.id);
  if (!holds.ok()) return holds.status();
  return And(*is_for, *holds);
}

RuleCheck::Truth3 RuleCheck::And(const Truth3& a, const Truth3& b) {
  Truth3 both{.decision = std::min(a.decision, b.decision)};
  if (both.decision != Decision::kConditional) return both;
  both.missing = a.missing;
  both.missing.insert(both.missing.end(), b.missing.begin(), b.missing.end());
  return both;
}

void RuleCheck::Take(const RuledCall::Task& task, const TaskRule& rule, DenialReason reason,
                     const Truth3& refuses, std::string_view how) {
  const std::string named =
      Cat(schema_.definition(task.type).name, ":", task.id, ", rule `", rule.text, "`");
  switch (refuses.decision) {
    case Decision::kAllowed:
      verdict_.decision = Decision::kDenied;
      verdict_.reason = reason;
      verdict_.reason_at = named;
      verdict_.steps.push_back({Decision::kDenied, Cat(named, " refuses it")});
      return;
    case Decision::kConditional:
      verdict_.decision = Decision::kConditional;
      verdict_.missing_context.insert(verdict_.missing_context.end(), refuses.missing.begin(),
                                      refuses.missing.end());
      verdict_.steps.push_back({Decision::kConditional, Cat(named, " may refuse it")});
      return;
    case Decision::kDenied:
      verdict_.steps.push_back({Decision::kAllowed, Cat(named, ": ", how)});
      return;
  }
}

std::string RuleCheck::MemberText(MemberId member) const {
  const Member& named = schema_.member(member);
  return Cat(schema_.definition(named.type).name, "#", named.name);
}

}  // namespace mandate
