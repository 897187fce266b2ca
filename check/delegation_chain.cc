// The chain: who acts, for whom, on what task; whether its edges are live, old enough and of the right shape.
#include <algorithm>
#include <utility>

#include "check/delegation.h"
#include "schema/text.h"

namespace mandate {

absl::StatusOr<bool> DelegatedCheck::FindSession(const Party& self) {
  const MemberId agent_relation = ReservedOf(self.type, Reserved::kAgent);
  const MemberId task_relation = ReservedOf(self.type, Reserved::kTask);
  auto agents = Holders(self, agent_relation);
  if (!agents.ok()) return agents.status();
  auto tasks = Holders(self, task_relation);
  if (!tasks.ok()) return tasks.status();
  if (agents->size() != 1 || tasks->size() != 1) {
    return Deny(DenialReason::kSessionNotLive, Cat(Text(self), ", which does not have one agent and one task"));
  }
  auto agent_edge = FindEdge(self, agent_relation, agents->front());
  if (!agent_edge.ok()) return agent_edge.status();
  auto task_edge = FindEdge(self, task_relation, tasks->front());
  if (!task_edge.ok()) return task_edge.status();
  auto live = RequireEdge(self, agent_relation, agents->front(), *agent_edge, DenialReason::kSessionNotLive);
  if (!live.ok() || !*live) return live;
  ExplainEdge(self, task_relation, tasks->front(), *task_edge, Decision::kAllowed);
  // As old as the write that brought it: its task is written once, at birth.
  session_ = Session{self, agents->front(), tasks->front(), **agent_edge, **task_edge, (*task_edge)->born};
  return true;
}

absl::Status DelegatedCheck::Walk(Party agent, Party task) {
  while (true) {
    const auto twice =
        std::find_if(chain_.hops.begin(), chain_.hops.end(), [&](const Hop& hop) { return hop.agent == agent; });
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
absl::Status DelegatedCheck::WalkHop(const Party& agent, const Party& task, std::optional<Party>* next_agent,
                                     std::optional<Party>* next_task) {
  Hop& hop = chain_.hops.emplace_back(Hop{.agent = agent, .task = task});
  auto delegated = FindEdge(task, ReservedOf(task.type, Reserved::kDelegatedForTask), agent);
  if (!delegated.ok()) return delegated.status();
  hop.delegated = *std::move(delegated);
  auto delegators = Holders(task, ReservedOf(task.type, Reserved::kDelegator));
  if (!delegators.ok()) return delegators.status();
  if (delegators->size() != 1) {
    chain_.ended_at = Cat(Text(task), delegators->empty() ? ", which has no delegator" : ", which has two delegators");
    return absl::OkStatus();
  }
  hop.delegator = delegators->front();
  auto lent = FindEdge(task, ReservedOf(task.type, Reserved::kDelegator), *hop.delegator);
  if (!lent.ok()) return lent.status();
  hop.lent = *std::move(lent);
  auto acting = FindEdge(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf), agent);
  if (!acting.ok()) return acting.status();
  hop.acting = *std::move(acting);
  const MemberId parent_relation = ReservedOf(task.type, Reserved::kParentTask);
  auto parents = parent_relation == MemberId::kNone ? std::vector<Party>{} : Holders(task, parent_relation);
  if (!parents.ok()) return parents.status();
  if (KindOf(*hop.delegator) != Kind::kAgent) {
    if (!parents->empty()) {
      chain_.ended_at = Cat(Text(task), ", which has a parent task though its delegator is no agent");
      return absl::OkStatus();
    }
    chain_.end = ChainEnd::kPrincipal;
    chain_.principal = *hop.delegator;
    return absl::OkStatus();
  }
  if (parents->size() != 1) {
    chain_.ended_at = Cat(Text(task), parents->empty() ? ", which has no parent task" : ", which has two parent tasks");
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
  if (claims.principal.has_value() &&
      (chain_.end != ChainEnd::kPrincipal || ToText(*claims.principal) != Text(chain_.principal))) {
    return Deny(DenialReason::kClaimMismatch, chain_.end == ChainEnd::kPrincipal
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
    auto live = RequireEdge(hop.task, ReservedOf(hop.task.type, Reserved::kDelegatedForTask), hop.agent, hop.delegated,
                            DenialReason::kNotDelegated);
    if (!live.ok() || !*live) return live;
  }
  for (const Hop& hop : chain_.hops) {
    if (!hop.delegator.has_value()) continue;  // CheckShape says so.
    auto live = RequireEdge(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf), hop.agent,
                            hop.acting, DenialReason::kNotActingFor);
    if (!live.ok() || !*live) return live;
  }
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckAges() {
  if (!session_.has_value()) return true;
  for (const Hop& hop : chain_.hops) {
    if (hop.delegated->born > session_->born) {
      return Deny(DenialReason::kStaleDelegation,
                  EdgeText(hop.task, ReservedOf(hop.task.type, Reserved::kDelegatedForTask), hop.agent));
    }
    if (hop.acting.has_value() && hop.acting->born > session_->born) {
      return Deny(DenialReason::kStaleDelegation,
                  EdgeText(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf), hop.agent));
    }
  }
  ExplainStep(0, StepKind::kAbsence, Decision::kDenied,
              Cat("no delegation edge of the chain is younger than ", Text(session_->self), ", of revision ",
                  session_->born.value()));
  return true;
}

absl::StatusOr<bool> DelegatedCheck::CheckShape() {
  if (chain_.end == ChainEnd::kBroken) return Deny(DenialReason::kChainBroken, chain_.ended_at);
  if (chain_.end == ChainEnd::kTooDeep) {
    return Deny(DenialReason::kChainTooDeep, Cat(chain_.ended_at, ", past ", limits_.chain_agents_max, " agents"));
  }
  for (const Hop& hop : chain_.hops) {
    ExplainEdge(hop.task, ReservedOf(hop.task.type, Reserved::kDelegator), *hop.delegator, hop.lent,
                Decision::kAllowed);
    if (!hop.parent.has_value()) continue;
    ExplainEdge(hop.task, ReservedOf(hop.task.type, Reserved::kParentTask), *hop.parent, hop.below, Decision::kAllowed);
  }
  std::string text = "chain: ";
  for (const Hop& hop : chain_.hops) text += Cat(Text(hop.agent), " for ");
  ExplainStep(0, StepKind::kChain, Decision::kAllowed, Cat(text, Text(chain_.principal)));
  return true;
}

Lineage DelegatedCheck::ToLineage() const {
  Lineage lineage;
  const auto object = [this](const Party& party) {
    return ObjectRef{plan_.schema().definition(party.type).name, party.id};
  };
  const auto add = [&](const Party& from, MemberId relation, const Party& to, const std::optional<Edge>& edge) {
    if (!edge) return;
    const ObjectRef subject = object(to);
    lineage.edges.push_back({{.resource = object(from),
                              .relation = plan_.schema().member(relation).name,
                              .subject = {subject.type, subject.id, ""},
                              .caveat = std::string(snapshot_.names().Name(edge->caveat)),
                              .caveat_context = edge->caveat_context,
                              .expires_at = edge->expires_at},
                             edge->written,
                             edge->born});
  };
  if (session_) {
    add(session_->self, ReservedOf(session_->self.type, Reserved::kAgent), session_->agent, session_->agent_edge);
    add(session_->self, ReservedOf(session_->self.type, Reserved::kTask), session_->task, session_->task_edge);
  }
  for (const Hop& hop : chain_.hops) {
    lineage.hops.push_back({object(hop.agent), object(hop.task), std::nullopt});
    add(hop.task, ReservedOf(hop.task.type, Reserved::kDelegatedForTask), hop.agent, hop.delegated);
    if (!hop.delegator) continue;
    lineage.hops.back().delegator = object(*hop.delegator);
    add(*hop.delegator, ReservedOf(hop.delegator->type, Reserved::kActsOnBehalfOf), hop.agent, hop.acting);
    add(hop.task, ReservedOf(hop.task.type, Reserved::kDelegator), *hop.delegator, hop.lent);
    if (hop.parent) add(hop.task, ReservedOf(hop.task.type, Reserved::kParentTask), *hop.parent, hop.below);
  }
  if (chain_.end == ChainEnd::kPrincipal) lineage.principal = object(chain_.principal);
  return lineage;
}

absl::StatusOr<std::vector<DelegatedCheck::Party>> DelegatedCheck::Holders(const Party& object, MemberId relation) {
  // Two are enough to see that it is not one.
  constexpr size_t kHoldersMax = 2;
  std::vector<Party> holders;
  auto cursor = snapshot_.Subjects(Key(object), plan_.name(relation), SubjectsOf::kAll);
  for (; cursor->Valid() && holders.size() < kHoldersMax; cursor->Next()) {
    if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
    const TupleRow& row = cursor->row();
    holders.push_back({plan_.TypeOf(row.subject.type), std::string(row.subject.id)});
    if (holders.back().type == TypeId::kNone) {
      return absl::DataLossError(Cat("`", Text(object), "#", plan_.schema().member(relation).name,
                                     "` holds a subject of a type the schema lacks"));
    }
  }
  if (!cursor->status().ok()) return cursor->status();
  return holders;
}

absl::StatusOr<std::optional<Edge>> DelegatedCheck::FindEdge(const Party& object, MemberId relation,
                                                             const Party& subject) {
  // The type may lack the relation: such an edge cannot be stored.
  if (relation == MemberId::kNone) return std::optional<Edge>();
  if (absl::Status status = budget_->Charge(1, 0); !status.ok()) return status;
  return snapshot_.Find(Key(object), plan_.name(relation), {plan_.name(subject.type), subject.id, NameId::kNone});
}

absl::StatusOr<bool> DelegatedCheck::RequireEdge(const Party& object, MemberId relation, const Party& subject,
                                                 const std::optional<Edge>& edge, DenialReason reason) {
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
    const char* why = !edge.has_value()                  ? ""
                      : judged.condition == kNoCondition ? ", which has expired"
                                                         : ", whose caveat does not hold";
    return Deny(reason, Cat(EdgeText(object, relation, subject), why));
  }
  if (state == EdgeState::kConditional) {
    state_.conditional = true;
    state_.open.Add(conditions_.at(judged.condition));
  }
  NoteExpiry(edge->expires_at);
  return true;
}

}  // namespace mandate
