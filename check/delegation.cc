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
  using Part = absl::StatusOr<bool> (DelegatedCheck::*)();
  bool going = true;
  if (KindOf(self) == Kind::kSession) {
    auto found = FindSession(self);
    if (!found.ok()) return found.status();
    going = *found;
    if (going) {
      self = session_->agent;
      task = session_->task;
    }
  } else if (KindOf(self) == Kind::kTask) {
    going = Deny(DenialReason::kNoTask, Cat(Text(self), ", a task is never the one that acts"));
  } else if (!task.has_value()) {
    going = Deny(DenialReason::kNoTask, Text(self));
  }
  if (going) {
    if (absl::Status status = Walk(self, *task); !status.ok()) return status;
    auto claims = CheckClaims(question);
    if (!claims.ok()) return claims.status();
    going = *claims;
  }
  for (Part part : {&DelegatedCheck::CheckEdges, &DelegatedCheck::CheckAges,
                    &DelegatedCheck::CheckShape, &DelegatedCheck::CheckScopes,
                    &DelegatedCheck::CheckBoundaries, &DelegatedCheck::CheckPrincipal,
                    &DelegatedCheck::CheckRules}) {
    if (!going) break;
    auto result = (this->*part)();
    if (!result.ok()) return result.status();
    going = *result;
  }
  if (going) answer_.decision = conditional_ ? Decision::kConditional : Decision::kAllowed;
  if (answer_.decision != Decision::kAllowed) answer_.valid_until = absl::InfiniteFuture();
  if (answer_.decision == Decision::kConditional) {
    auto missing = open_.Missing();
    if (!missing.ok()) return missing.status();
    answer_.missing_context = *std::move(missing);
  }
  answer_.steps = budget_->steps();
  return std::move(answer_);
}

absl::StatusOr<bool> DelegatedCheck::FindSession(const Party& self) {
  const MemberId agent_relation = ReservedOf(self.type, Reserved::kAgent);
  const MemberId task_relation = ReservedOf(self.type, Reserved::kTask);
  auto agents = Holders(self, agent_relation);
  if (!agents.ok()) return agents.status();
  auto tasks = Holders(self, task_relation);
  if (!tasks.ok()) return tasks.status();
  if (agents->size() != 1 || tasks->size() != 1) {
    return Deny(DenialReason::kSessionNotLive,
                Cat(Text(self), ", which does not have one agent and one task"));
  }
  auto agent_edge = FindEdge(self, agent_relation, agents->front());
  if (!agent_edge.ok()) return agent_edge.status();
  auto task_edge = FindEdge(self, task_relation, tasks->front());
  if (!task_edge.ok()) return task_edge.status();
  auto live = RequireEdge(self, agent_relation, agents->front(), *agent_edge,
                          DenialReason::kSessionNotLive);
  if (!live.ok() || !*live) return live;
  ExplainEdge(self, task_relation, tasks->front(), *task_edge, Decision::kAllowed);
  // As old as the write that brought it: its task is written once, at birth.
  session_ = Session{self, agents->front(), tasks->front(), **agent_edge, (*task_edge)->born};
  return true;
}

absl::Status DelegatedCheck::Walk(Party agent, Party task) {
  while (true) {
    const auto twice = std::find_if(chain_.hops.begin(), chain_.hops.end(),
                                    [&](const Hop& hop) { return hop.agent == agent; });
    if (twice != chain_.hops.end()) {
      chain_.ended_at = Cat(Text(agent), ", which stands on the chain twice");
      return absl::OkStatus();
    }
    if (chain_.hops.size() == limits_.chain_agents_max) {
      chain_.end = ChainEnd::kTooDeep;
      chain_.ended_at = Text(agent);
      return absl::OkStatus();
    }
    std::optional<Party> next_agent;
    std::optional<Party> next_task;
    if (absl::Status status = WalkHop(agent, task, &next_agent, &next_task); !status.ok()) {
      return status;
    }
    if (!next_agent.has_value()) return absl::OkStatus();
    agent = *std::move(next_agent);
    task = *std::move(next_task);
  }
}

// Adds the hop; sets the next agent and task when the chain goes on, else how it ended.
absl::Status DelegatedCheck::WalkHop(const Party& agent, const Party& task,
                                     std::optional<Party>* next_agent,
                                     std::optional<Party>* next_task) {
  Hop& hop = chain_.hops.emplace_back(Hop{.agent = agent, .task = task});
  auto delegated = FindEdge(task, ReservedOf(task.type, Reserved::kDelegatedForTask), agent);
  if (!delegated.ok()) return delegated.status();
  hop.delegated = *std::move(delegated);
  auto delegators = Holders(task, ReservedOf(task.type, Reserved::kDelegator));
  if (!delegators.ok()) return delegators.status();
  if (delegators->size() != 1) {
    chain_.ended_at = Cat(Text(task), delegators->empty() ? ", which has no delegator"
                                                                   : ", which has two delegators");
    return absl::OkStatus();
  }
  hop.delegator = delegators->front();
  auto lent = FindEdge(task, ReservedOf(task.type, Reserved::kDelegator), *hop.delegator);
  if (!lent.ok()) return lent.status();
  hop.lent = *std::move(lent);
  auto acting = FindEdge(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf),
                         agent);
  if (!acting.ok()) return acting.status();
  hop.acting = *std::move(acting);
  const MemberId parent_relation = ReservedOf(task.type, Reserved::kParentTask);
  auto parents = parent_relation == MemberId::kNone ? std::vector<Party>{}
                                                    : Holders(task, parent_relation);
  if (!parents.ok()) return parents.status();
  if (KindOf(*hop.delegator) != Kind::kAgent) {
    if (!parents->empty()) {
      chain_.ended_at =
          Cat(Text(task), ", which has a parent task though its delegator is no agent");
      return absl::OkStatus();
    }
    chain_.end = ChainEnd::kPrincipal;
    chain_.principal = *hop.delegator;
    return absl::OkStatus();
  }
  if (parents->size() != 1) {
    chain_.ended_at = Cat(Text(task), parents->empty() ? ", which has no parent task"
                                                                : ", which has two parent tasks");
    return absl::OkStatus();
  }
  hop.parent = parents->front();
  auto below = FindEdge(task, parent_relation, *hop.parent);
  if (!below.ok()) return below.status();
  hop.below = *std::move(below);
  *next_agent = hop.delegator;
  *next_task = parents->front();
  return absl::OkStatus();
}

absl::StatusOr<bool> DelegatedCheck::CheckClaims(const CheckQuestion& question) {
  const Claims& claims = question.claims;
  const Hop& acting = chain_.hops.front();
  if (question.task.has_value() && ToText(*question.task) != Text(acting.task)) {
    return Deny(DenialReason::kClaimMismatch, Cat("the task is ", Text(acting.task)));
  }
  if (claims.agent.has_value() && ToText(*claims.agent) != Text(acting.agent)) {
    return Deny(DenialReason::kClaimMismatch, Cat("the agent is ", Text(acting.agent)));
  }
  if (claims.principal.has_value() && (chain_.end != ChainEnd::kPrincipal ||
                                       ToText(*claims.principal) != Text(chain_.principal))) {
    return Deny(DenialReason::kClaimMismatch,
                chain_.end == ChainEnd::kPrincipal
                    ? Cat("the principal is ", Text(chain_.principal))
                    : "the chain ends at no principal");
  }
  if (claims.chain.empty()) return true;
  bool same = claims.chain.size() == chain_.hops.size();
  for (size_t i = 0; same && i < claims.chain.size(); ++i) {
    same = ToText(claims.chain[i]) == Text(chain_.hops[i].agent);
  }
  if (!same) return Deny(DenialReason::kClaimMismatch, "the chain of agents is another");
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckEdges() {
  for (const Hop& hop : chain_.hops) {
    auto live = RequireEdge(hop.task, ReservedOf(hop.task.type, Reserved::kDelegatedForTask),
                            hop.agent, hop.delegated, DenialReason::kNotDelegated);
    if (!live.ok() || !*live) return live;
  }
  for (const Hop& hop : chain_.hops) {
    if (!hop.delegator.has_value()) continue;  // CheckShape says so.
    auto live =
        RequireEdge(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf),
                    hop.agent, hop.acting, DenialReason::kNotActingFor);
    if (!live.ok() || !*live) return live;
  }
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckAges() {
  if (!session_.has_value()) return true;
  for (const Hop& hop : chain_.hops) {
    if (hop.delegated->born > session_->born) {
      return Deny(DenialReason::kStaleDelegation,
                  EdgeText(hop.task, ReservedOf(hop.task.type, Reserved::kDelegatedForTask),
                           hop.agent));
    }
    if (hop.acting.has_value() && hop.acting->born > session_->born) {
      return Deny(DenialReason::kStaleDelegation,
                  EdgeText(*hop.delegator,
                           ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf), hop.agent));
    }
  }
  ExplainStep(0, StepKind::kAbsence, Decision::kDenied,
              Cat("no delegation edge of the chain is younger than ", Text(session_->self),
                           ", of revision ", session_->born.value()));
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckShape() {
  if (chain_.end == ChainEnd::kBroken) return Deny(DenialReason::kChainBroken, chain_.ended_at);
  if (chain_.end == ChainEnd::kTooDeep) {
    return Deny(DenialReason::kChainTooDeep, Cat(chain_.ended_at, ", past ",
                                                          limits_.chain_agents_max, " agents"));
  }
  for (const Hop& hop : chain_.hops) {
    ExplainEdge(hop.task, ReservedOf(hop.task.type, Reserved::kDelegator), *hop.delegator, hop.lent,
                Decision::kAllowed);
    if (!hop.parent.has_value()) continue;
    ExplainEdge(hop.task, ReservedOf(hop.task.type, Reserved::kParentTask), *hop.parent, hop.below,
                Decision::kAllowed);
  }
  std::string text = "chain: ";
  for (const Hop& hop : chain_.hops) text += Cat(Text(hop.agent), " for ");
  ExplainStep(0, StepKind::kChain, Decision::kAllowed, Cat(text, Text(chain_.principal)));
  return true;
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

// Rules over time only take away, so a "no" found before this stands. A yes would be more than is known: what the rules
// refuse hangs on what was done so far, which is not kept yet.
absl::StatusOr<bool> DelegatedCheck::CheckRules() {
  for (const Hop& hop : chain_.hops) {
    const std::vector<TaskRule>& rules = plan_.schema().definition(hop.task.type).rules;
    if (rules.empty()) continue;
    return WithReason(
        absl::FailedPreconditionError(Cat(
            "whether `", Text(hop.task), "` allows this is not known: its type has rules (`",
            rules.front().text, "`), and rules over time are not enforced yet")),
        "RULES_NOT_ENFORCED");
  }
  return true;
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

absl::StatusOr<std::vector<DelegatedCheck::Party>> DelegatedCheck::Holders(const Party& object,
                                                                           MemberId relation) {
  // Two are enough to see that it is not one.
  constexpr size_t kHoldersMax = 2;
  std::vector<Party> holders;
  auto cursor = snapshot_.Subjects(Key(object), plan_.name(relation), SubjectsOf::kAll);
  for (; cursor->Valid() && holders.size() < kHoldersMax; cursor->Next()) {
    if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
    const TupleRow& row = cursor->row();
    holders.push_back({plan_.TypeOf(row.subject.type), std::string(row.subject.id)});
    if (holders.back().type == TypeId::kNone) {
      return absl::DataLossError(Cat("`", Text(object), "#",
                                              plan_.schema().member(relation).name,
                                              "` holds a subject of a type the schema lacks"));
    }
  }
  if (!cursor->status().ok()) return cursor->status();
  return holders;
}

absl::StatusOr<std::optional<Edge>> DelegatedCheck::FindEdge(const Party& object,
                                                             MemberId relation,
                                                             const Party& subject) {
  // The type may lack the relation: such an edge cannot be stored.
  if (relation == MemberId::kNone) return std::optional<Edge>();
  if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
  return snapshot_.Find(Key(object), plan_.name(relation),
                        {plan_.name(subject.type), subject.id, NameId::kNone});
}

absl::StatusOr<bool> DelegatedCheck::RequireEdge(const Party& object, MemberId relation,
                                                 const Party& subject,
                                                 const std::optional<Edge>& edge,
                                                 DenialReason reason) {
  JudgedEdge judged{EdgeState::kGone};
  if (edge.has_value()) {
    auto judgement = conditions_.Judge(*edge, budget_);
    if (!judgement.ok()) return judgement.status();
    judged = *judgement;
  }
  const EdgeState state = judged.state;
  const Decision decision = state == EdgeState::kLive          ? Decision::kAllowed
                            : state == EdgeState::kConditional ? Decision::kConditional
                                                               : Decision::kDenied;
  ExplainEdge(object, relation, subject, edge, decision);
  if (state == EdgeState::kGone) {
    const char* why = !edge.has_value()                      ? ""
                      : judged.condition == kNoCondition ? ", which has expired"
                                                         : ", whose caveat does not hold";
    return Deny(reason, Cat(EdgeText(object, relation, subject), why));
  }
  if (state == EdgeState::kConditional) {
    const Condition& condition = conditions_.at(judged.condition);
    if (!condition.error.ok()) return condition.error;
    conditional_ = true;
    open_.Add(condition);
  }
  NoteExpiry(edge->expires_at);
  return true;
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
