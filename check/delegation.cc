// The chain is first walked by what is stored, live or not. Then each condition is tried on its hops, from the acting
// agent upward, in the order of the reasons, so that the first failure found is the one to report. That order happens
// to be the cheap one too: a few gets for the edges, then the items, then the principal's own permission.
//
// Why this never says "allowed" too often: every condition is a separate question whose "yes" is needed, asked at one
// snapshot and one moment; one that has no answer (a caveat that cannot be evaluated, a circle through an exclusion)
// ends the question with its error, unless another is a no; and nothing here adds a yes to another yes: one agent, one
// task, one delegator, one principal. Agents, tasks and sessions are never handed to the evaluator as subjects: what it
// is asked about are items (subject sets) and the principal.
#include "check/delegation.h"

#include <algorithm>
#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kItemBytes = 256;

}  // namespace

DelegatedCheck::DelegatedCheck(const Plan& plan, const Snapshot& snapshot, Conditions* conditions,
                               const CheckLimits& limits, Budget* budget)
    : plan_(plan),
      snapshot_(snapshot),
      conditions_(*conditions),
      limits_(limits),
      budget_(budget),
      evaluators_(plan, snapshot, conditions, budget) {}

absl::StatusOr<Answer> DelegatedCheck::Decide(MemberId permission, const CheckQuestion& question,
                                              const SubjectTerm& subject) {
  auto chain = DecideChain(question, subject);
  // What follows may be a no all the same.
  if (HasNoAnswer(chain.status()) || (chain.ok() && of_chain_.going)) {
    return DecideOn(permission, question.resource.id);
  }
  return chain;
}

absl::StatusOr<Answer> DelegatedCheck::DecideChain(const CheckQuestion& question, const SubjectTerm& subject) {
  explain_ = question.explain;
  wants_lineage_ = question.lineage || question.explain;
  parameter_digest_ = question.parameter_digest;
  if (absl::Status status = TakeAudience(question.audience); !status.ok()) return status;
  auto begun = Begin(question, subject);
  if (!begun.ok()) return begun.status();
  absl::Status status = Go({&DelegatedCheck::CheckEdges, &DelegatedCheck::CheckAges, &DelegatedCheck::CheckShape});
  if (!status.ok()) return status;
  of_chain_ = state_;
  return ToAnswer();
}

absl::StatusOr<Answer> DelegatedCheck::DecideOn(MemberId permission, const std::string& resource_id) {
  permission_ = permission;
  resource_id_ = resource_id;
  state_ = of_chain_;
  absl::Status status = Go({&DelegatedCheck::CheckScopes, &DelegatedCheck::CheckBoundaries,
                            &DelegatedCheck::CheckPrincipal, &DelegatedCheck::CheckRules});
  if (!status.ok()) return status;
  return ToAnswer();
}

// Finds who acts on what task, and walks the chain. False once the answer is a denial.
absl::StatusOr<bool> DelegatedCheck::Begin(const CheckQuestion& question, const SubjectTerm& subject) {
  Party self{subject.type, subject.id};
  std::optional<Party> task;
  if (question.task.has_value()) {
    auto type = ResolveType(plan_.schema(), question.task->type, "task.type");
    if (!type.ok()) return type.status();
    task = Party{*type, question.task->id};
    if (KindOf(*task) != Kind::kTask || task->id == "*") {
      return Invalid(
          Cat("`", ToText(*question.task), "` is no task; `", question.task->type, "` is not declared as one"),
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

absl::Status DelegatedCheck::Go(std::initializer_list<Part> parts) {
  for (Part part : parts) {
    if (!state_.going) break;
    auto result = (this->*part)();
    if (!result.ok()) return result.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> DelegatedCheck::ToAnswer() const {
  Answer answer = state_.answer;
  if (state_.going) {
    answer.decision = state_.conditional ? Decision::kConditional : Decision::kAllowed;
  }
  if (answer.decision != Decision::kAllowed) {
    answer.valid_until = absl::InfiniteFuture();
    answer.approvals.clear();
  }
  if (answer.decision == Decision::kConditional) {
    auto missing = state_.open.Missing();
    if (!missing.ok()) return missing.status();
    answer.missing_context = *std::move(missing);
  }
  if (wants_lineage_) answer.lineage = ToLineage();
  answer.steps = budget_->steps();
  return answer;
}

absl::Status DelegatedCheck::TakeAudience(const std::vector<SubjectRef>& audience) {
  for (size_t i = 0; i < audience.size(); ++i) {
    const SubjectRef& member = audience[i];
    const std::string path = Cat("audience[", i, "]");
    auto type = ResolveType(plan_.schema(), member.type, Cat(path, ".type"));
    if (!type.ok()) return type.status();
    if (plan_.schema().definition(*type).kind != Kind::kDefinition || !member.relation.empty() || member.IsWildcard()) {
      return Invalid(Cat("`", ToText(member),
                         "` cannot be one of the audience: each is one ordinary subject, no "
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
    state_.conditional |= *cover == Cover::kConditional;
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
    state_.conditional |= *cover == Cover::kConditional;
  }
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckPrincipal() {
  Evaluator& evaluator =
      evaluators_.For({.type = chain_.principal.type, .id = chain_.principal.id}, explain_ ? Trace::kOn : Trace::kOff);
  auto verdict = evaluator.Ask(permission_, resource_id_);
  if (HasNoAnswer(verdict.status())) {
    state_.conditional = true;
    state_.open.AddError(verdict.status());
    return true;
  }
  if (!verdict.ok()) return verdict.status();
  if (explain_) {
    ExplainStep(0, StepKind::kPrincipal, verdict->decision, Cat("the principal ", Text(chain_.principal), " itself"));
    evaluator.Explain(*verdict, permission_, resource_id_, 1, &state_.answer.explanation);
  }
  if (verdict->decision == Decision::kDenied) {
    return Deny(DenialReason::kPrincipalLacksPermission, Text(chain_.principal));
  }
  state_.conditional |= verdict->decision == Decision::kConditional;
  state_.open.Add(verdict->missing);
  if (verdict->decision == Decision::kAllowed) NoteExpiry(evaluator.ValidUntil(*verdict));
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckRules() {
  if (rules_ == nullptr) {
    const std::string root = Text(chain_.hops.back().task);
    const bool ruled = std::any_of(chain_.hops.begin(), chain_.hops.end(), [&](const Hop& hop) {
      return !plan_.schema().definition(hop.task.type).rules.empty();
    });
    if (ruled) {
      const auto retired = IsRetired(snapshot_, root);
      if (!retired.ok()) return retired.status();
      if (*retired) {
        return WithReason(absl::FailedPreconditionError(Cat("retention took what the ledger held of `", root,
                                                            "`, so its rules cannot be judged; open a new task")),
                          "LEDGER_RETIRED");
      }
    }
    if (!ledgers_) stored_ledger_ = std::make_unique<StoredTaskLedger>(snapshot_, root);
    const TaskLedger& ledger = ledgers_ ? ledgers_(root) : *stored_ledger_;
    rules_ = std::make_unique<RuleCheck>(plan_, &conditions_, budget_, &evaluators_, ledger, ToRuledCaller());
  }
  auto verdict = rules_->Decide(permission_, resource_id_, explain_ ? &state_.answer.explanation : nullptr);
  if (!verdict.ok()) return verdict.status();
  if (verdict->decision == Decision::kDenied) return Deny(verdict->reason, std::move(verdict->reason_at));
  state_.conditional |= verdict->decision == Decision::kConditional;
  state_.open.Add(verdict->missing_context);
  NoteExpiry(verdict->valid_until);
  state_.answer.approvals = std::move(verdict->approvals);
  return true;
}

RuledCaller DelegatedCheck::ToRuledCaller() const {
  RuledCaller caller{.principal = {.type = chain_.principal.type, .id = chain_.principal.id},
                     .audience = audience_,
                     .parameter_digest = parameter_digest_};
  if (session_) caller.session = Text(session_->self);
  for (const Hop& hop : chain_.hops) caller.tasks.push_back({hop.task.type, hop.task.id});
  return caller;
}

absl::StatusOr<const std::vector<DelegatedCheck::ItemRow>*> DelegatedCheck::ItemsOf(const Party& holder,
                                                                                    MemberId items) {
  auto [slot, is_new] = items_.try_emplace({Text(holder), items});
  if (!is_new) return &slot->second;
  auto cursor = snapshot_.Subjects(Key(holder), plan_.name(items), SubjectsOf::kSubjectSets);
  for (; cursor->Valid(); cursor->Next()) {
    if (absl::Status status = budget_->Charge(1, kItemBytes); !status.ok()) return status;
    const TupleRow& row = cursor->row();
    SubjectTerm item{.type = plan_.TypeOf(row.subject.type), .id = std::string(row.subject.id)};
    if (item.type == TypeId::kNone) continue;
    item.relation = plan_.MemberOf(item.type, row.subject.relation);
    item.any_object = row.subject.id == "*";
    if (item.relation == MemberId::kNone) continue;
    auto judged = conditions_.Judge(row.edge, budget_);
    if (!judged.ok()) return judged.status();
    if (judged->state == EdgeState::kGone) continue;
    slot->second.push_back({std::move(item), *judged, ToRelationship(row, snapshot_.names()), row.edge.written});
  }
  if (!cursor->status().ok()) return cursor->status();
  return &slot->second;
}

// covers(items, r, p): some live item holds p on r, asked as an ordinary question about the item as a subject set. The
// union over the items is taken here, so that each item is a question of its own.
absl::StatusOr<DelegatedCheck::Cover> DelegatedCheck::Covers(const Party& holder, MemberId items) {
  const Member& asked = plan_.schema().member(permission_);
  const bool is_scope = KindOf(holder) == Kind::kTask;
  const StepKind kind = is_scope ? StepKind::kScope : StepKind::kBoundary;
  const std::string whose = Cat(is_scope ? "the scope of " : "the boundary of ", Text(holder));
  auto rows = ItemsOf(holder, items);
  if (!rows.ok()) return rows.status();
  Cover cover = Cover::kNo;
  OpenConditions open;
  for (const ItemRow& item : **rows) {
    if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
    if (!plan_.ReachOf(item.term.type, item.term.relation).Contains(asked.root)) continue;
    Evaluator& evaluator = evaluators_.For(item.term, explain_ ? Trace::kProof : Trace::kOff);
    auto verdict = evaluator.Ask(permission_, resource_id_);
    if (HasNoAnswer(verdict.status())) {
      // Another item that covers makes the union a yes all the same.
      cover = Cover::kConditional;
      open.AddError(verdict.status());
      continue;
    }
    if (!verdict.ok()) return verdict.status();
    if (verdict->decision == Decision::kDenied) continue;
    const bool is_open = item.judged.state == EdgeState::kConditional;
    if (is_open || verdict->decision == Decision::kConditional) {
      cover = Cover::kConditional;
      open.Add(verdict->missing);
      if (is_open) open.Add(conditions_.at(item.judged.condition));
      continue;
    }
    NoteExpiry(std::min(item.relationship.expires_at, evaluator.ValidUntil(*verdict)));
    if (explain_) {
      ExplainStep(0, kind, Decision::kAllowed, Cat(whose, " covers it"));
      state_.answer.explanation.Add(
          {1, StepKind::kRelationship, Decision::kAllowed, ToText(item.relationship), item.relationship, item.written});
      evaluator.Explain(*verdict, permission_, resource_id_, 2, &state_.answer.explanation);
    }
    return Cover::kYes;
  }
  state_.open.Add(open);
  ExplainStep(0, kind, cover == Cover::kNo ? Decision::kDenied : Decision::kConditional,
              Cat(whose, cover == Cover::kNo ? " has no live item that covers `" : " covers, on a condition, `",
                  plan_.schema().definition(asked.type).name, ":", resource_id_, "#", asked.name, "`"));
  return cover;
}

absl::StatusOr<std::vector<SubjectTerm>> DelegatedCheck::CandidateSubjects(MemberId permission) {
  const Hop& acting = chain_.hops.front();
  auto rows = ItemsOf(acting.task, ReservedOf(acting.task.type, Reserved::kScope));
  if (!rows.ok()) return rows.status();
  const ExprId root = plan_.schema().member(permission).root;
  std::vector<SubjectTerm> subjects;
  for (const ItemRow& item : **rows) {
    if (!plan_.ReachOf(item.term.type, item.term.relation).Contains(root)) continue;
    if (item.term.any_object) {
      return std::vector<SubjectTerm>{{.type = chain_.principal.type, .id = chain_.principal.id}};
    }
    subjects.push_back(item.term);
  }
  return subjects;
}

bool DelegatedCheck::Deny(DenialReason reason, std::string at) {
  state_.going = false;
  state_.answer.decision = Decision::kDenied;
  state_.answer.reason = reason;
  if (explain_ && state_.answer.explanation.steps.empty()) {
    ExplainStep(0, StepKind::kChain, Decision::kDenied, at);
  }
  state_.answer.reason_at = std::move(at);
  return false;
}

void DelegatedCheck::NoteExpiry(absl::Time expires_at) {
  state_.answer.valid_until = std::min(state_.answer.valid_until, expires_at);
}

void DelegatedCheck::ExplainStep(uint32_t depth, StepKind kind, Decision decision, std::string text) {
  if (!explain_) return;
  state_.answer.explanation.Add({depth, kind, decision, std::move(text)});
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
  state_.answer.explanation.Add(std::move(step));
}

std::string DelegatedCheck::Text(const Party& party) const {
  return Cat(plan_.schema().definition(party.type).name, ":", party.id);
}

std::string DelegatedCheck::EdgeText(const Party& object, MemberId relation, const Party& subject) const {
  return Cat(Text(object), "#",
             relation == MemberId::kNone ? "acts_on_behalf_of" : plan_.schema().member(relation).name, "@",
             Text(subject));
}

}  // namespace mandate
