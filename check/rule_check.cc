// Every rule takes something away under a condition, so each is turned into one question, "does it refuse the call?",
// with three answers: surely not, maybe (context is missing), surely. The first that surely refuses, in the order of
// the reasons and along the chain, is the answer's reason; if none does and one may, the call is conditional.
//
// An action done earlier counts for a rule if it is one for the rule's P, and, with `when q`, if q holds on its
// resource. Both are asked twice: when the action is recorded (the marks), and now. Either yes counts. So nothing that
// is changed in between, in the schema or in the data, makes the ledger forget: clearing a mark of confidentiality, or
// an expression that no longer lets `edit` imply `view`, opens nothing.
//
// Why this never lets a call pass: what may have been so when it was recorded (a mark that hung on context) counts as
// so; what hangs on context now is a maybe and never a "surely not"; a sub-question that ends in an error ends the
// whole in it, but where another part of the same conjunction is surely not; and what the ledger holds is read whole,
// or the budget's error ends the question.
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

// A union of sub-questions: a yes wins over everything, also over what has no answer; that wins over a maybe.
class RuleCheck::AnyOf {
 public:
  absl::Status Add(const absl::StatusOr<Truth3>& truth) {
    if (HasNoAnswer(truth.status())) {
      unanswered_ = truth.status();
      return absl::OkStatus();
    }
    if (!truth.ok()) return truth.status();
    any_.valid_until = std::min(any_.valid_until, truth->valid_until);
    if (truth->decision == Decision::kDenied) return absl::OkStatus();
    any_.decision = std::max(any_.decision, truth->decision);
    any_.missing.insert(any_.missing.end(), truth->missing.begin(), truth->missing.end());
    return absl::OkStatus();
  }
  bool IsSure() const { return any_.decision == Decision::kAllowed; }
  absl::StatusOr<Truth3> Take() {
    if (!IsSure() && !unanswered_.ok()) return unanswered_;
    return std::move(any_);
  }

 private:
  Truth3 any_;
  absl::Status unanswered_;
};

RuleCheck::RuleCheck(const Plan& plan, Conditions* conditions, Budget* budget, EvaluatorPool* evaluators,
                     const TaskLedger& ledger, RuledCaller caller)
    : plan_(plan),
      schema_(plan.schema()),
      conditions_(*conditions),
      budget_(budget),
      evaluators_(*evaluators),
      ledger_(ledger),
      caller_(std::move(caller)) {}

absl::StatusOr<RuleVerdict> RuleCheck::Decide(MemberId permission, const std::string& resource_id,
                                              Explanation* explanation) {
  permission_ = permission;
  resource_id_ = resource_id;
  explanation_ = explanation;
  verdict_ = {};
  absl::Status unanswered;
  const std::pair<RuleKind, RuleJudge> judges[] = {{RuleKind::kAfter, &RuleCheck::JudgeAfter},
                                                   {RuleKind::kContain, &RuleCheck::JudgeContain},
                                                   {RuleKind::kApproval, &RuleCheck::JudgeApproval},
                                                   {RuleKind::kLimit, &RuleCheck::JudgeLimit}};
  for (const auto& [kind, judge] : judges) {
    for (const RuledCaller::Task& task : caller_.tasks) {
      for (const TaskRule& rule : schema_.definition(task.type).rules) {
        if (rule.kind != kind) continue;
        absl::Status status = (this->*judge)(task, rule);
        if (!status.ok() && !HasNoAnswer(status)) return status;
        // A rule that surely refuses decides all the same.
        if (!status.ok()) unanswered = status;
        if (verdict_.decision == Decision::kDenied) return std::move(verdict_);
      }
    }
  }
  if (!unanswered.ok()) return unanswered;
  std::sort(verdict_.missing_context.begin(), verdict_.missing_context.end());
  verdict_.missing_context.erase(std::unique(verdict_.missing_context.begin(), verdict_.missing_context.end()),
                                 verdict_.missing_context.end());
  std::sort(verdict_.approvals.begin(), verdict_.approvals.end());
  verdict_.approvals.erase(std::unique(verdict_.approvals.begin(), verdict_.approvals.end()), verdict_.approvals.end());
  return std::move(verdict_);
}

absl::Status RuleCheck::JudgeAfter(const RuledCaller::Task& task, const TaskRule& rule) {
  auto forbidden = CallIsFor(rule.governed);
  if (IsNo(forbidden)) return NoteExpiry(*forbidden);
  auto refuses = Both(forbidden, Done(rule));
  if (!refuses.ok()) return refuses.status();
  Take(task, rule, DenialReason::kForbiddenAfter, *refuses, "nothing of the kind was done");
  return absl::OkStatus();
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::Done(const TaskRule& rule) {
  if (auto known = done_.find(&rule); known != done_.end()) return known->second;
  AnyOf any;
  const Member& acted = schema_.member(rule.permission);
  absl::Status status =
      ledger_.EachDeed(schema_.definition(acted.type).name, [&](const Deed& deed, const auto& marks) -> absl::Status {
        if (absl::Status s = budget_->Charge(1, 0); !s.ok() || any.IsSure()) return s;
        return any.Add(DeedCounts(rule, deed, marks));
      });
  if (!status.ok()) return status;
  auto done = any.Take();
  if (done.ok()) done_[&rule] = *done;
  return done;
}

absl::Status RuleCheck::JudgeContain(const RuledCaller::Task& task, const TaskRule& rule) {
  auto governed = CallIsFor(rule.governed);
  if (IsNo(governed)) return NoteExpiry(*governed);
  Explanation shown;
  auto refuses = Both(governed, Escapes(rule, &shown));
  if (!refuses.ok()) return refuses.status();
  Take(task, rule, DenialReason::kNotContained, *refuses, "each of the audience may have what was done", shown);
  return absl::OkStatus();
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::Escapes(const TaskRule& rule, Explanation* shown) {
  if (caller_.audience.empty()) return Truth3{.decision = Decision::kAllowed};
  if (auto known = escapes_.find(&rule); known != escapes_.end()) {
    *shown = known->second.shown;
    return known->second.escapes;
  }
  AnyOf any;
  const Member& acted = schema_.member(rule.permission);
  absl::Status status =
      ledger_.EachDeed(schema_.definition(acted.type).name, [&](const Deed& deed, const auto& marks) -> absl::Status {
        if (absl::Status s = budget_->Charge(1, 0); !s.ok() || any.IsSure()) return s;
        const auto counts = DeedCounts(rule, deed, marks);
        if (IsNo(counts)) return any.Add(counts);
        return any.Add(LacksWhatWasDone(counts, rule, deed.id, shown));
      });
  if (!status.ok()) return status;
  auto escapes = any.Take();
  if (!IsNo(escapes)) *shown = {};
  if (escapes.ok()) escapes_[&rule] = {*escapes, *shown};
  return escapes;
}

// Of a deed on `id` that counts: is there one of the audience who may not have it?
absl::StatusOr<RuleCheck::Truth3> RuleCheck::LacksWhatWasDone(const absl::StatusOr<Truth3>& counts,
                                                              const TaskRule& rule, const std::string& id,
                                                              Explanation* shown) {
  AnyOf any;
  for (const SubjectTerm& member : caller_.audience) {
    auto lacks = AskToShow(member, rule.permission, id, " of the audience", shown);
    if (lacks.ok() && lacks->decision != Decision::kConditional) {
      lacks->decision = IsNo(lacks) ? Decision::kAllowed : Decision::kDenied;
    }
    if (absl::Status status = any.Add(Both(counts, lacks)); !status.ok()) return status;
  }
  return any.Take();
}

absl::Status RuleCheck::JudgeApproval(const RuledCaller::Task& task, const TaskRule& rule) {
  auto asked = CallIsFor(rule.permission);
  if (IsNo(asked)) return NoteExpiry(*asked);
  Explanation shown;
  auto refuses = Both(asked, LacksApproval(rule, &shown));
  if (!refuses.ok()) return refuses.status();
  Take(task, rule, DenialReason::kApprovalRequired, *refuses, "it was approved", shown);
  return absl::OkStatus();
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::LacksApproval(const TaskRule& rule, Explanation* shown) {
  Truth3 lacks{.decision = Decision::kAllowed};
  if (caller_.parameter_digest.empty()) return lacks;
  const Member& permission = schema_.member(permission_);
  auto approvals = ledger_.Approvals({schema_.definition(permission.type).name, permission.name, resource_id_},
                                     caller_.parameter_digest);
  if (!approvals.ok()) return approvals.status();
  const std::string held = MemberText(rule.approver);
  absl::Status unanswered;
  for (const Approval& approval : *approvals) {
    if (absl::Status s = budget_->Charge(1, 0); !s.ok()) return s;
    const auto type = schema_.FindType(approval.approver.type);
    const bool fits = type && !approval.used && conditions_.moment().now < approval.expires_at &&
                      std::find(approval.held.begin(), approval.held.end(), held) != approval.held.end();
    if (!fits) continue;
    const bool is_principal = *type == caller_.principal.type && approval.approver.id == caller_.principal.id;
    if (rule.other_than_principal && is_principal) continue;
    auto holds =
        AskToShow({.type = *type, .id = approval.approver.id}, rule.approver, resource_id_, " who approved it", shown);
    if (HasNoAnswer(holds.status())) {
      unanswered = holds.status();
      continue;
    }
    if (!holds.ok()) return holds.status();
    if (holds->decision == Decision::kAllowed) {
      verdict_.approvals.push_back(approval.sequence);
      return Truth3{.valid_until = std::min(approval.expires_at, holds->valid_until)};
    }
    if (holds->decision == Decision::kConditional) {
      lacks.decision = Decision::kConditional;
      lacks.missing.insert(lacks.missing.end(), holds->missing.begin(), holds->missing.end());
    }
  }
  if (!unanswered.ok()) return unanswered;
  return lacks;
}

absl::Status RuleCheck::JudgeLimit(const RuledCaller::Task& task, const TaskRule& rule) {
  const bool per_session = rule.per == LimitPer::kSession;
  if (per_session && caller_.session.empty()) return absl::OkStatus();
  auto counted = CallIsFor(rule.permission);
  if (IsNo(counted)) return NoteExpiry(*counted);
  auto used = CountOnce(rule.permission, per_session ? Cat("session ", caller_.session)
                                                     : Cat("task ", schema_.definition(task.type).name, ":", task.id));
  if (!used.ok()) return used.status();
  Truth3 reached{.valid_until = (*used)->valid_until};
  if ((*used)->certain >= rule.limit) {
    reached.decision = Decision::kAllowed;
  } else if ((*used)->possible >= rule.limit) {
    if (!(*used)->unanswered.ok()) return (*used)->unanswered;
    reached.decision = Decision::kConditional;
    reached.missing = (*used)->missing;
  }
  auto refuses = Both(counted, reached);
  if (!refuses.ok()) return refuses.status();
  Take(task, rule, DenialReason::kLimitReached, *refuses, Cat((*used)->possible, " of ", rule.limit, " were used"));
  return absl::OkStatus();
}

absl::StatusOr<const RuleCheck::Used*> RuleCheck::CountOnce(MemberId permission, const std::string& unit) {
  const auto key = std::pair(permission, unit);
  auto known = used_.find(key);
  if (known == used_.end()) {
    auto counted = CountFor(permission, unit);
    if (!counted.ok()) return counted.status();
    known = used_.emplace(key, *std::move(counted)).first;
  }
  return &known->second;
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
    if (HasNoAnswer(is_for.status())) {
      used.unanswered = is_for.status();
      used.possible += times;
      return absl::OkStatus();
    }
    if (!is_for.ok()) return is_for.status();
    used.valid_until = std::min(used.valid_until, is_for->valid_until);
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
  // What has no answer may have been so, as what hangs on context.
  const auto keep = [&](const std::string& name, const absl::StatusOr<Truth3>& truth) {
    Mark& mark = marks[name];
    mark = std::max(mark, IsNo(truth)                                           ? Mark::kNo
                          : truth.ok() && truth->decision == Decision::kAllowed ? Mark::kYes
                                                                                : Mark::kOpen);
  };
  std::set<std::pair<MemberId, MemberId>> asked;
  for (const Definition& definition : schema_.definitions()) {
    for (const TaskRule& rule : definition.rules) {
      if (rule.kind == RuleKind::kApproval || !asked.insert({rule.permission, rule.when}).second) continue;
      auto is_for = CallIsFor(rule.permission);
      if (!is_for.ok() && !HasNoAnswer(is_for.status())) return is_for.status();
      if (IsNo(is_for)) continue;
      keep(Cat("is ", MemberText(rule.permission)), is_for);
      if (rule.when == MemberId::kNone) continue;
      auto holds = Ask(caller_.principal, rule.when, resource_id_);
      if (!holds.ok() && !HasNoAnswer(holds.status())) return holds.status();
      keep(MemberText(rule.when), holds);
    }
  }
  return marks;
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::Ask(const SubjectTerm& subject, MemberId permission,
                                                 const std::string& id) {
  return AskToShow(subject, permission, id, "", nullptr);
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::AskToShow(const SubjectTerm& subject, MemberId permission,
                                                       const std::string& id, std::string_view who,
                                                       Explanation* shown) {
  const bool shows = explanation_ != nullptr && shown != nullptr;
  Evaluator& evaluator = evaluators_.For(subject, shows ? Trace::kProof : Trace::kOff);
  auto verdict = evaluator.Ask(permission, id);
  if (!verdict.ok()) return verdict.status();
  if (shows && verdict->decision == Decision::kAllowed) {
    if (shown->Full() || explanation_->Full()) {
      shown->Cut(1, Decision::kAllowed);
    } else {
      const std::string named = Cat(schema_.definition(subject.type).name, ":", subject.id, who);
      shown->Add({1, StepKind::kPrincipal, Decision::kAllowed, named});
      evaluator.Explain(*verdict, permission, id, 2, shown);
    }
  }
  const absl::Time valid_until = evaluator.ValidUntil(*verdict);
  return Truth3{verdict->decision, std::move(verdict->missing), valid_until};
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
  return IsFor(permission_, wanted, resource_id_);
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
  if (IsNo(is_for) || rule.when == MemberId::kNone) return is_for;
  const auto kept = marks.find(MemberText(rule.when));
  if (kept != marks.end() && kept->second != Mark::kNo) return is_for;
  return Both(is_for, Ask(caller_.principal, rule.when, deed.id));
}

RuleCheck::Truth3 RuleCheck::And(const Truth3& a, const Truth3& b) {
  Truth3 both{.decision = std::min(a.decision, b.decision), .valid_until = std::min(a.valid_until, b.valid_until)};
  if (both.decision != Decision::kConditional) return both;
  both.missing = a.missing;
  both.missing.insert(both.missing.end(), b.missing.begin(), b.missing.end());
  return both;
}

absl::StatusOr<RuleCheck::Truth3> RuleCheck::Both(const absl::StatusOr<Truth3>& a, const absl::StatusOr<Truth3>& b) {
  for (const auto* part : {&a, &b}) {
    if (!part->ok() && !HasNoAnswer(part->status())) return part->status();
  }
  if (IsNo(a) || IsNo(b)) return Truth3{.valid_until = IsNo(a) ? a->valid_until : b->valid_until};
  if (!a.ok()) return a.status();
  if (!b.ok()) return b.status();
  return And(*a, *b);
}

void RuleCheck::Take(const RuledCaller::Task& task, const TaskRule& rule, DenialReason reason, const Truth3& refuses,
                     std::string_view how, const Explanation& shown) {
  const std::string named = Cat(schema_.definition(task.type).name, ":", task.id, ", rule `", rule.text, "`");
  switch (refuses.decision) {
    case Decision::kAllowed:
      verdict_.decision = Decision::kDenied;
      verdict_.reason = reason;
      verdict_.reason_at = named;
      Explain(Decision::kDenied, Cat(named, " refuses it"), {});
      return;
    case Decision::kConditional:
      verdict_.decision = Decision::kConditional;
      verdict_.missing_context.insert(verdict_.missing_context.end(), refuses.missing.begin(), refuses.missing.end());
      Explain(Decision::kConditional, Cat(named, " may refuse it"), {});
      return;
    case Decision::kDenied:
      (void)NoteExpiry(refuses);
      Explain(Decision::kAllowed, Cat(named, ": ", how), shown);
      return;
  }
}

void RuleCheck::Explain(Decision decision, std::string text, const Explanation& shown) {
  if (explanation_ == nullptr) return;
  // A proof that is cut ends with the cut.
  if (decision == Decision::kAllowed && explanation_->Full()) return explanation_->Cut(0, decision);
  explanation_->Add({0, StepKind::kRule, decision, std::move(text)});
  for (const ExplanationStep& step : shown.steps) {
    if (explanation_->Full()) return explanation_->Cut(1, decision);
    explanation_->Add(step);
  }
}

absl::Status RuleCheck::NoteExpiry(const Truth3& refuses) {
  verdict_.valid_until = std::min(verdict_.valid_until, refuses.valid_until);
  return absl::OkStatus();
}

std::string RuleCheck::MemberText(MemberId member) const {
  const Member& named = schema_.member(member);
  return Cat(schema_.definition(named.type).name, "#", named.name);
}

}  // namespace mandate
