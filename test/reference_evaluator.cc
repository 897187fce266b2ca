#include "test/reference_evaluator.h"

#include <algorithm>

#include "schema/text.h"

namespace mandate {

std::string_view TruthName(Truth truth) {
  switch (truth) {
    case Truth::kNo:
      return "NO";
    case Truth::kUndefined:
      return "UNDEFINED";
    case Truth::kYes:
      return "YES";
  }
  return "";
}

// --- One subject.

ReferenceMeaning::ReferenceMeaning(const ReferenceWorld& world, const SubjectRef& subject,
                                   const std::vector<ObjectRef>& more)
    : schema_(world.schema), subject_(subject) {
  AddObject({subject.type, subject.id});
  for (const ObjectRef& object : more) AddObject(object);
  for (const StoredRelationship& stored : world.relationships) {
    const Relationship& r = stored.relationship;
    AddObject(r.resource);
    AddObject({r.subject.type, r.subject.id});
    if (world.now >= r.expires_at) continue;
    const TypeId type = *schema_->FindType(r.resource.type);
    holders_[{index_.at(r.resource), *schema_->FindMember(type, r.relation)}].push_back(
        {r.subject, index_.at({r.subject.type, r.subject.id})});
  }
  // What can at most hold: every exclusion gets its way. What must then at least hold: none does
  // that might not. Each narrows the other until neither moves.
  certain_.assign(schema_->expressions().size() * objects_.size(), false);
  for (;;) {
    possible_ = LeastFixedPoint(certain_);
    Table certain = LeastFixedPoint(possible_);
    if (certain == certain_) return;
    certain_ = std::move(certain);
  }
}

void ReferenceMeaning::AddObject(const ObjectRef& object) {
  if (index_.emplace(object, objects_.size()).second) objects_.push_back(object);
}

const std::vector<ReferenceMeaning::Holder>& ReferenceMeaning::HoldersOf(size_t object,
                                                                         MemberId relation) const {
  static const std::vector<Holder> kNone;
  const auto found = holders_.find({object, relation});
  return found == holders_.end() ? kNone : found->second;
}

ReferenceMeaning::Table ReferenceMeaning::LeastFixedPoint(const Table& assumed) const {
  Table table(assumed.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < schema_->expressions().size(); ++i) {
      const Expression& e = schema_->expressions()[i];
      for (size_t object = 0; object < objects_.size(); ++object) {
        if (objects_[object].type != schema_->definition(e.type).name) continue;
        const size_t slot = Slot(static_cast<ExprId>(i), object);
        if (table[slot] || !Holds(e, object, table, assumed)) continue;
        table[slot] = changed = true;
      }
    }
  }
  return table;
}

bool ReferenceMeaning::Holds(const Expression& e, size_t object, const Table& table,
                             const Table& assumed) const {
  const auto child = [&](ExprId id) { return table[Slot(id, object)]; };
  // Does the arrow's target hold on this object of its relation?
  const auto target = [&](const Holder& holder) {
    for (const ArrowTarget& t : e.targets) {
      if (schema_->definition(t.type).name == holder.subject.type) {
        return static_cast<bool>(table[Slot(t.expr, holder.object)]);
      }
    }
    return false;
  };
  switch (e.op) {
    case Op::kRelation:
      return RelationHolds(e, object, table);
    case Op::kPermission:
      return IsIdentity(e, object) || child(e.children[0]);
    case Op::kNil:
      return false;
    case Op::kSelf:
      return subject_ == SubjectRef{objects_[object].type, objects_[object].id, ""};
    case Op::kUnion:
      return std::any_of(e.children.begin(), e.children.end(), child);
    case Op::kIntersection:
      return std::all_of(e.children.begin(), e.children.end(), child);
    case Op::kExclusion:
      return child(e.children[0]) && !assumed[Slot(e.children[1], object)];
    case Op::kArrowAny: {
      const std::vector<Holder>& over = HoldersOf(object, e.member);
      return std::any_of(over.begin(), over.end(), target);
    }
    case Op::kArrowAll: {
      const std::vector<Holder>& over = HoldersOf(object, e.member);
      return !over.empty() && std::all_of(over.begin(), over.end(), target);
    }
  }
  return false;
}

bool ReferenceMeaning::RelationHolds(const Expression& e, size_t object, const Table& table) const {
  if (IsIdentity(e, object)) return true;
  for (const Holder& holder : HoldersOf(object, e.member)) {
    if (holder.subject == subject_) return true;
    if (holder.subject.relation.empty()) {
      const bool is_everybody = holder.subject.IsWildcard() && subject_.relation.empty() &&
                                holder.subject.type == subject_.type;
      if (is_everybody) return true;
      continue;
    }
    const TypeId type = *schema_->FindType(holder.subject.type);
    const MemberId member = *schema_->FindMember(type, holder.subject.relation);
    if (table[Slot(schema_->member(member).root, holder.object)]) return true;
  }
  return false;
}

bool ReferenceMeaning::IsIdentity(const Expression& e, size_t object) const {
  return subject_.relation == schema_->member(e.member).name &&
         subject_.type == objects_[object].type &&
         (subject_.id == objects_[object].id || subject_.IsWildcard());
}

Truth ReferenceMeaning::Of(const ObjectRef& object, std::string_view member) const {
  const MemberId id = *schema_->FindMember(*schema_->FindType(object.type), member);
  return Of(object, schema_->member(id).root);
}

Truth ReferenceMeaning::Of(const ObjectRef& object, ExprId expr) const {
  const size_t slot = Slot(expr, index_.at(object));
  return certain_[slot] ? Truth::kYes : possible_[slot] ? Truth::kUndefined : Truth::kNo;
}

// --- Delegated authority.

namespace {

struct Hop {
  ObjectRef agent;
  ObjectRef task;
  std::optional<ObjectRef> delegator;  // The task's one delegator.
};

struct Chain {
  std::vector<Hop> hops;
  bool too_deep = false;               // It goes on behind the most agents; nobody looks there.
  std::optional<ObjectRef> principal;  // Where it ends; absent when it is broken or too deep.
  ObjectRef stopped_at;                // Else: the task that is not in order, or the next agent.
};

SubjectRef AsSubject(const ObjectRef& object) { return {object.type, object.id, ""}; }
ObjectRef AsObject(const SubjectRef& subject) { return {subject.type, subject.id}; }

class DelegatedReference {
 public:
  DelegatedReference(ReferenceEvaluator& evaluator, const CheckQuestion& question)
      : evaluator_(evaluator), world_(evaluator.world()), question_(question) {}

  ReferenceAnswer Answer() const {
    const ObjectRef subject = AsObject(question_.subject);
    if (KindOf(subject) == Kind::kTask) return Deny(DenialReason::kNoTask, ToText(subject));
    if (KindOf(subject) == Kind::kAgent) {
      if (!question_.task) return Deny(DenialReason::kNoTask, ToText(subject));
      return AnswerFor(Walk(subject, *question_.task), std::nullopt);
    }
    const auto agents = Stored(subject, "agent");
    const auto tasks = Stored(subject, "task");
    if (agents.size() != 1 || tasks.size() != 1) {
      return Deny(DenialReason::kSessionNotLive, ToText(subject));
    }
    const ObjectRef agent = AsObject(agents[0]->relationship.subject);
    if (!Live(*agents[0])) {
      return Deny(DenialReason::kSessionNotLive, EdgeText(subject, "agent", agent));
    }
    const ObjectRef task = AsObject(tasks[0]->relationship.subject);
    if (question_.task && *question_.task != task) return Deny(DenialReason::kClaimMismatch, "");
    return AnswerFor(Walk(agent, task), tasks[0]->born);
  }

 private:
  static ReferenceAnswer Deny(DenialReason reason, std::string at) {
    return {Truth::kNo, reason, std::move(at), ""};
  }
  static std::string EdgeText(const ObjectRef& object, std::string_view relation,
                              const ObjectRef& subject) {
    return Cat(ToText(object), "#", relation, "@", ToText(subject));
  }

  Kind KindOf(const ObjectRef& object) const {
    return world_.schema->definition(*world_.schema->FindType(object.type)).kind;
  }
  bool Live(const StoredRelationship& edge) const {
    return world_.now < edge.relationship.expires_at;
  }

  std::vector<const StoredRelationship*> Stored(const ObjectRef& object,
                                                std::string_view relation) const {
    std::vector<const StoredRelationship*> found;
    for (const StoredRelationship& stored : world_.relationships) {
      const Relationship& r = stored.relationship;
      if (r.resource == object && r.relation == relation) found.push_back(&stored);
    }
    return found;
  }
  const StoredRelationship* LiveEdge(const ObjectRef& object, std::string_view relation,
                                     const ObjectRef& subject) const {
    for (const StoredRelationship* stored : Stored(object, relation)) {
      if (stored->relationship.subject == AsSubject(subject) && Live(*stored)) return stored;
    }
    return nullptr;
  }

  // By what is stored, live or not.
  Chain Walk(ObjectRef agent, ObjectRef task) const {
    Chain chain;
    for (;;) {
      const auto delegators = Stored(task, "delegator");
      const auto parents = Stored(task, "parent_task");
      Hop hop{agent, task, std::nullopt};
      if (delegators.size() == 1) hop.delegator = AsObject(delegators[0]->relationship.subject);
      chain.hops.push_back(hop);
      chain.stopped_at = task;
      if (!hop.delegator) return chain;
      if (KindOf(*hop.delegator) != Kind::kAgent) {
        if (parents.empty()) chain.principal = hop.delegator;
        return chain;
      }
      if (parents.size() != 1) return chain;
      chain.stopped_at = *hop.delegator;
      for (const Hop& earlier : chain.hops) {
        if (earlier.agent == *hop.delegator) return chain;
      }
      if (chain.hops.size() == world_.chain_agents_max) {
        chain.too_deep = true;
        return chain;
      }
      agent = *hop.delegator;
      task = AsObject(parents[0]->relationship.subject);
    }
  }

  ReferenceAnswer AnswerFor(const Chain& chain, std::optional<Revision> session_born) const {
    if (!ClaimsHold(chain)) return Deny(DenialReason::kClaimMismatch, "");
    for (const Hop& hop : chain.hops) {
      if (LiveEdge(hop.task, "delegated_for_task", hop.agent)) continue;
      return Deny(DenialReason::kNotDelegated, EdgeText(hop.task, "delegated_for_task", hop.agent));
    }
    for (const Hop& hop : chain.hops) {
      if (!hop.delegator || LiveEdge(*hop.delegator, "acts_on_behalf_of", hop.agent)) continue;
      return Deny(DenialReason::kNotActingFor,
                  EdgeText(*hop.delegator, "acts_on_behalf_of", hop.agent));
    }
    for (const Hop& hop : chain.hops) {
      const std::string younger = session_born ? YoungerEdge(hop, *session_born) : "";
      if (!younger.empty()) return Deny(DenialReason::kStaleDelegation, younger);
    }
    if (!chain.principal) {
      return Deny(chain.too_deep ? DenialReason::kChainTooDeep : DenialReason::kChainBroken,
                  ToText(chain.stopped_at));
    }
    return AnswerAlong(chain);
  }

  bool ClaimsHold(const Chain& chain) const {
    const Claims& claims = question_.claims;
    if (claims.agent && *claims.agent != chain.hops[0].agent) return false;
    if (claims.principal && claims.principal != chain.principal) return false;
    std::vector<ObjectRef> agents;
    for (const Hop& hop : chain.hops) agents.push_back(hop.agent);
    return claims.chain.empty() || claims.chain == agents;
  }

  // REQUIRES: the edges of the hop are live.
  std::string YoungerEdge(const Hop& hop, Revision session_born) const {
    if (LiveEdge(hop.task, "delegated_for_task", hop.agent)->born > session_born) {
      return EdgeText(hop.task, "delegated_for_task", hop.agent);
    }
    if (hop.delegator &&
        LiveEdge(*hop.delegator, "acts_on_behalf_of", hop.agent)->born > session_born) {
      return EdgeText(*hop.delegator, "acts_on_behalf_of", hop.agent);
    }
    return "";
  }

  // What is undefined before anything is a no is not known.
  ReferenceAnswer AnswerAlong(const Chain& chain) const {
    for (const Hop& hop : chain.hops) {
      const Truth covered = Covers(hop.task, "scope");
      if (covered != Truth::kYes) return Stop(covered, DenialReason::kOutOfScope, hop.task);
    }
    for (const Hop& hop : chain.hops) {
      const TypeId type = *world_.schema->FindType(hop.agent.type);
      if (!world_.schema->FindMember(type, "boundary")) continue;
      const Truth covered = Covers(hop.agent, "boundary");
      if (covered != Truth::kYes) return Stop(covered, DenialReason::kOutsideBoundary, hop.agent);
    }
    const Truth held = Ordinary(AsSubject(*chain.principal));
    if (held == Truth::kYes) return {.allowed = Truth::kYes};
    return Stop(held, DenialReason::kPrincipalLacksPermission, *chain.principal);
  }

  static ReferenceAnswer Stop(Truth truth, DenialReason reason, const ObjectRef& at) {
    if (truth == Truth::kUndefined) return {.allowed = truth};
    return Deny(reason, ToText(at));
  }

  Truth Covers(const ObjectRef& holder, std::string_view items) const {
    Truth best = Truth::kNo;
    for (const StoredRelationship* item : Stored(holder, items)) {
      if (Live(*item)) best = std::max(best, Ordinary(item->relationship.subject));
    }
    return best;
  }

  Truth Ordinary(const SubjectRef& subject) const {
    return evaluator_.MeaningFor(subject).Of(question_.resource, question_.permission);
  }

  ReferenceEvaluator& evaluator_;
  const ReferenceWorld& world_;
  const CheckQuestion& question_;
};

}  // namespace

std::string ToText(const ReferenceAnswer& answer) {
  if (!answer.invalid.empty()) return Cat("INVALID ", answer.invalid);
  const std::string_view reason = ReasonName(answer.reason);
  if (reason.empty()) return std::string(TruthName(answer.allowed));
  return Cat(TruthName(answer.allowed), " ", reason, answer.at.empty() ? "" : " at ", answer.at);
}

const ReferenceMeaning& ReferenceEvaluator::MeaningFor(const SubjectRef& subject) {
  return meanings_.try_emplace(subject, world_, subject, more_).first->second;
}

ReferenceAnswer ReferenceEvaluator::Check(const CheckQuestion& question) {
  const Schema& schema = *world_.schema;
  const auto kind_of = [&](std::string_view type) {
    return schema.definition(*schema.FindType(type)).kind;
  };
  const bool is_delegated =
      question.subject.relation.empty() && kind_of(question.subject.type) != Kind::kDefinition;
  if (is_delegated) {
    if (question.task && kind_of(question.task->type) != Kind::kTask) {
      return {.invalid = "NOT_A_TASK"};
    }
    return DelegatedReference(*this, question).Answer();
  }
  if (question.task || !question.claims.empty()) {
    return {.invalid = "TASK_NOT_ALLOWED"};
  }
  const Truth truth = MeaningFor(question.subject).Of(question.resource, question.permission);
  return {.allowed = truth};
}

}  // namespace mandate
