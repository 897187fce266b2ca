// The chain is first walked by what is stored, live or not. Then each condition is tried on its hops, from the acting
// agent upward, in the order of the reasons, so that the first failure found is the one to report. That order happens
// to be the cheap one too: a few gets for the edges, then the items, then the principal's own permission.
//
// Why this never says "allowed" too often: every condition is a separate question whose "yes" is needed, asked at one
// snapshot and one moment; an error in any of them ends the question with the error; and nothing here adds a yes to
// another yes: one agent, one task, one delegator, one principal. Agents, tasks and sessions are never handed to the
// evaluator as subjects: what it is asked about are items (subject sets) and the principal.
#include "check/delegation.h"

#include <algorithm>
#include <utility>

#include "schema/text.h"
#include "schema/reason.h"

namespace mandate {
namespace {

absl::Status Invalid(std::string message, std::string_view reason, std::string_view field) {
  return WithField(WithReason(absl::InvalidArgumentError(std::move(message)), reason), field);
}

}  // namespace

DelegatedCheck::DelegatedCheck(const Plan& plan, const Snapshot& snapshot, Conditions* conditions,
                               const CheckLimits& limits, Budget* budget)
    : plan_(plan), snapshot_(snapshot), conditions_(*conditions), limits_(limits), budget_(budget) {}

absl::StatusOr<Answer> DelegatedCheck::Decide(MemberId permission, const CheckQuestion& question,
                                              const SubjectTerm& subject) {
  permission_ = permission;
  resource_id_ = question.resource.id;
  parameter_digest_ = question.parameter_digest;
  if (absl::Status status = TakeAudience(question.audience); !status.ok()) return status;
  auto going = Begin(question, subject);
  if (!going.ok()) return going.status();
  return Go(*going,
            {&DelegatedCheck::CheckEdges, &DelegatedCheck::CheckAges, &DelegatedCheck::CheckShape,
             &DelegatedCheck::CheckScopes, &DelegatedCheck::CheckBoundaries,
             &DelegatedCheck::CheckPrincipal, &DelegatedCheck::CheckRules},
            question);
}

absl::StatusOr<Answer> DelegatedCheck::DecideChain(const CheckQuestion& question,
                                                   const SubjectTerm& subject) {
  auto going = Begin(question, subject);
  if (!going.ok()) return going.status();
  return Go(*going,
            {&DelegatedCheck::CheckEdges, &DelegatedCheck::CheckAges, &DelegatedCheck::CheckShape},
            question);
}

// Finds who acts on what task, and walks the chain. False once the answer is a denial.
absl::StatusOr<bool> DelegatedCheck::Begin(const CheckQuestion& question, const SubjectTerm& subject) {
  explain_ = question.explain;
  Party self{subject.type, subject.id};
  std::optional<Party> task;
  if (question.task.has_value()) {
    auto type = ResolveType(plan_.schema(), question.task->type, "task.type");
    if (!type.ok()) return type.status();
    task = Party{*type, question.task->id};
    if (KindOf(*task) != Kind::kTask || task->id == "*") {
      return Invalid(Cat("`", ToText(*question.task), "` is no task; `", question.task->type,
                                  "` is not declared as one"),
                     "NOT_A_TASK", "task");
    }
  }
  if (KindOf(self) == Kind::kSession) {
    auto found = FindSession(self);
    if (!found.ok() || !*found) return found;
    self = session_->agent;
    task = session_->task;
  } else if (KindOf(self) == Kind::kTask) {
    return Deny(DenialReason::kNoTask, Cat(Text(self), ", a task is never the one that acts"));
  } else if (!task.has_value()) {
    return Deny(DenialReason::kNoTask, Text(self));
  }
  if (absl::Status status = Walk(self, *task); !status.ok()) return status;
  return CheckClaims(question);
}

absl::StatusOr<Answer> DelegatedCheck::Go(bool going, std::initializer_list<Part> parts,
                                          const CheckQuestion& question) {
  for (Part part : parts) {
    if (!going) break;
    auto result = (this->*part)();
    if (!result.ok()) return result.status();
    going = *result;
  }
  if (going) answer_.decision = conditional_ ? Decision::kConditional : Decision::kAllowed;
  if (answer_.decision != Decision::kAllowed) {
    answer_.valid_until = absl::InfiniteFuture();
    answer_.approvals.clear();
  }
  if (answer_.decision == Decision::kConditional) {
    auto missing = open_.Missing();
    if (!missing.ok()) return missing.status();
    answer_.missing_context = *std::move(missing);
  }
  if (question.lineage || explain_) answer_.lineage = ToLineage();
  answer_.steps = budget_->steps();
  return std::move(answer_);
}

absl::Status DelegatedCheck::TakeAudience(const std::vector<SubjectRef>& audience) {
  for (size_t i = 0; i < audience.size(); ++i) {
    const SubjectRef& member = audience[i];
    const std::string path = Cat("audience[", i, "]");
    auto type = ResolveType(plan_.schema(), member.type, Cat(path, ".type"));
    if (!type.ok()) return type.status();
    if (plan_.schema().definition(*type).kind != Kind::kDefinition || !member.relation.empty() ||
        member.IsWildcard()) {
      return Invalid(Cat("`", ToText(member), "` cannot be one of the audience: each is one ordinary subject, no "
                         "agent, no set and no wildcard"),
                     "AUDIENCE_INVALID", path);
    }
    audience_.push_back({.type = *type, .id = member.id});
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> DelegatedCheck::CheckScopes() {
  for (const Hop& hop : chain_.hops) {
    auto cover = Covers(hop.task, ReservedOf(hop.task.type, Reserved::kScope));
    if (!cover.ok()) return cover.status();
    if (*cover == Cover::kNo) return Deny(DenialReason::kOutOfScope, Text(hop.task));
    conditional_ |= *cover == Cover::kConditional;
  }
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckBoundaries() {
  for (const Hop& hop : chain_.hops) {
    const MemberId boundary = ReservedOf(hop.agent.type, Reserved::kBoundary);
    if (boundary == MemberId::kNone) continue;
    auto cover = Covers(hop.agent, boundary);
    if (!cover.ok()) return cover.status();
    if (*cover == Cover::kNo) return Deny(DenialReason::kOutsideBoundary, Text(hop.agent));
    conditional_ |= *cover == Cover::kConditional;
  }
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckPrincipal() {
  Evaluator evaluator(plan_, snapshot_, &conditions_, budget_,
                      {.type = chain_.principal.type, .id = chain_.principal.id},
                      explain_ ? Trace::kOn : Trace::kOff);
  auto verdict = evaluator.Ask(permission_, resource_id_);
  if (!verdict.ok()) return verdict.status();
  if (explain_) {
    ExplainStep(0, StepKind::kPrincipal, verdict->decision,
                Cat("the principal ", Text(chain_.principal), " itself"));
    evaluator.Explain(*verdict, permission_, resource_id_, 1, &answer_.explanation);
  }
  if (verdict->decision == Decision::kDenied) {
    return Deny(DenialReason::kPrincipalLacksPermission, Text(chain_.principal));
  }
  conditional_ |= verdict->decision == Decision::kConditional;
  open_.Add(verdict->missing);
  if (verdict->decision == Decision::kAllowed) NoteExpiry(evaluator.ValidUntil(*verdict));
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckRules() {
  const std::string root = Text(chain_.hops.back().task);
  const bool ruled = std::any_of(chain_.hops.begin(), chain_.hops.end(), [&](const Hop& hop) {
    return !plan_.schema().definition(hop.task.type).rules.empty();
  });
  if (ruled) {
    const auto retired = IsRetired(snapshot_, root);
    if (!retired.ok()) return retired.status();
    if (*retired) {
      return WithReason(
          absl::FailedPreconditionError(Cat("retention took what the ledger held of `", root,
                                            "`, so its rules cannot be judged; open a new task")),
          "LEDGER_RETIRED");
    }
  }
  if (!ledgers_) stored_ledger_ = std::make_unique<StoredTaskLedger>(snapshot_, root);
  const TaskLedger& ledger = ledgers_ ? ledgers_(root) : *stored_ledger_;
  ruled_call_ = ToRuledCall();
  rules_ = std::make_unique<RuleCheck>(plan_, snapshot_, &conditions_, budget_, ledger, ruled_call_);
  auto verdict = rules_->Decide();
  if (!verdict.ok()) return verdict.status();
  for (RuleVerdict::Step& step : verdict->steps) {
    ExplainStep(0, StepKind::kRule, step.decision, std::move(step.text));
  }
  if (verdict->decision == Decision::kDenied) return Deny(verdict->reason, std::move(verdict->reason_at));
  conditional_ |= verdict->decision == Decision::kConditional;
  open_.Add(verdict->missing_context);
  NoteExpiry(verdict->valid_until);
  answer_.approvals = std::move(verdict->approvals);
  return true;
}

RuledCall DelegatedCheck::ToRuledCall() const {
  RuledCall call{.permission = permission_,
                 .resource_id = resource_id_,
                 .principal = {.type = chain_.principal.type, .id = chain_.principal.id},
                 .audience = audience_,
                 .parameter_digest = parameter_digest_};
  if (session_) call.session = Text(session_->self);
  for (const Hop& hop : chain_.hops) call.tasks.push_back({hop.task.type, hop.task.id});
  return call;
}

// covers(items, r, p): some live item holds p on r, asked as an ordinary question about the item as a subject set. The
// union over the items is taken here, so that each item is a question of its own.
absl::StatusOr<DelegatedCheck::Cover> DelegatedCheck::Covers(const Party& holder, MemberId items) {
  const Member& asked = plan_.schema().member(permission_);
  const bool is_scope = KindOf(holder) == Kind::kTask;
  const StepKind kind = is_scope ? StepKind::kScope : StepKind::kBoundary;
  const std::string whose =
      Cat(is_scope ? "the scope of " : "the boundary of ", Text(holder));
  Cover cover = Cover::kNo;
  absl::Status unanswered;
  OpenConditions open;
  auto cursor = snapshot_.Subjects(Key(holder), plan_.name(items), SubjectsOf::kSubjectSets);
  for (; cursor->Valid(); cursor->Next()) {
    if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
    const TupleRow& row = cursor->row();
    SubjectTerm item{.type = plan_.TypeOf(row.subject.type), .id = std::string(row.subject.id)};
    if (item.type == TypeId::kNone) continue;
    item.relation = plan_.MemberOf(item.type, row.subject.relation);
    item.any_object = row.subject.id == "*";
    if (item.relation == MemberId::kNone) continue;
    if (!plan_.ReachOf(item.type, item.relation).Contains(asked.root)) continue;
    auto judged = conditions_.Judge(row.edge, budget_);
    if (!judged.ok()) return judged.status();
    if (judged->state == EdgeState::kGone) continue;
    Relationship relationship = ToRelationship(row, snapshot_.names());
    Evaluator evaluator(plan_, snapshot_, &conditions_, budget_, std::move(item), Trace::kOff);
    auto verdict = evaluator.Ask(permission_, resource_id_);
    if (HasNoAnswer(verdict.status())) {
      // Another item that covers makes the union a yes all the same. Of several the same, whatever their order.
      if (unanswered.ok() || verdict.status().message() < unanswered.message()) {
        unanswered = verdict.status();
      }
      continue;
    }
    if (!verdict.ok()) return verdict.status();
    if (verdict->decision == Decision::kDenied) continue;
    const bool is_open = judged->state == EdgeState::kConditional;
    if (is_open || verdict->decision == Decision::kConditional) {
      cover = Cover::kConditional;
      open.Add(verdict->missing);
      if (is_open) open.Add(conditions_.at(judged->condition));
      continue;
    }
    NoteExpiry(std::min(row.edge.expires_at, evaluator.ValidUntil(*verdict)));
    if (explain_) {
      ExplainStep(0, kind, Decision::kAllowed, Cat(whose, " covers it"));
      answer_.explanation.steps.push_back({1, StepKind::kRelationship, Decision::kAllowed,
                                           ToText(relationship), relationship, row.edge.written});
      evaluator.Explain(*verdict, permission_, resource_id_, 2, &answer_.explanation);
    }
    return Cover::kYes;
  }
  if (!cursor->status().ok()) return cursor->status();
  if (!unanswered.ok()) return unanswered;
  auto missing = open.Missing();
  if (!missing.ok()) return missing.status();
  open_.Add(*missing);
  ExplainStep(0, kind, cover == Cover::kNo ? Decision::kDenied : Decision::kConditional,
              Cat(whose, cover == Cover::kNo ? " has no live item that covers `"
                                                      : " covers, on a condition, `",
                           plan_.schema().definition(asked.type).name, ":", resource_id_, "#",
                           asked.name, "`"));
  return cover;
}

bool DelegatedCheck::Deny(DenialReason reason, std::string at) {
  answer_.decision = Decision::kDenied;
  answer_.reason = reason;
  if (explain_ && answer_.explanation.steps.empty()) {
    ExplainStep(0, StepKind::kChain, Decision::kDenied, at);
  }
  answer_.reason_at = std::move(at);
  return false;
}

void DelegatedCheck::NoteExpiry(absl::Time expires_at) {
  answer_.valid_until = std::min(answer_.valid_until, expires_at);
}

void DelegatedCheck::ExplainStep(uint32_t depth, StepKind kind, Decision decision,
                                 std::string text) {
  if (!explain_) return;
  answer_.explanation.steps.push_back({depth, kind, decision, std::move(text)});
}

void DelegatedCheck::ExplainEdge(const Party& object, MemberId relation, const Party& subject,
                                 const std::optional<Edge>& edge, Decision decision) {
  if (!explain_) return;
  ExplanationStep step{0, StepKind::kChain, decision, EdgeText(object, relation, subject)};
  if (edge.has_value()) {
    Relationship relationship{.resource = {plan_.schema().definition(object.type).name, object.id},
                              .relation = plan_.schema().member(relation).name,
                              .subject = {plan_.schema().definition(subject.type).name, subject.id},
                              .caveat = std::string(snapshot_.names().Name(edge->caveat)),
                              .caveat_context = edge->caveat_context,
                              .expires_at = edge->expires_at};
    step.text = ToText(relationship);
    step.relationship = std::move(relationship);
    step.revision = edge->written;
    if (decision == Decision::kDenied) {
      const bool expired = !edge->LiveAt(conditions_.moment().now);
      absl::StrAppend(&step.text, expired ? " (expired)" : " (its caveat does not hold)");
    }
  } else {
    absl::StrAppend(&step.text, " (not stored)");
  }
  answer_.explanation.steps.push_back(std::move(step));
}

std::string DelegatedCheck::Text(const Party& party) const {
  return Cat(plan_.schema().definition(party.type).name, ":", party.id);
}

std::string DelegatedCheck::EdgeText(const Party& object, MemberId relation,
                                     const Party& subject) const {
  return Cat(Text(object), "#",
                      relation == MemberId::kNone ? "acts_on_behalf_of"
                                                  : plan_.schema().member(relation).name,
                      "@", Text(subject));
}

}  // namespace mandate
