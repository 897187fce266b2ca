#include "tools/reference/reference_evaluator.h"

#include <algorithm>

#include "nlohmann/json.hpp"
#include "schema/cel/cel.h"
#include "schema/text.h"
#include "tools/reference/reference_rules.h"

namespace mandate {

using Json = nlohmann::json;

// --- What is there.

namespace {

// What a caveat makes of its relationship: it is gone (false), stands (true), or stays open.
struct Judgement {
  bool stands = true;
  std::optional<OpenCondition> open;
};

Judgement Broken(std::string reason) { return {true, OpenCondition{{}, std::move(reason)}}; }

// A stored value wins over one of the question; what neither has is missing.
Judgement JudgeCaveat(const Caveat& caveat, const Json& stored, const Json& asked) {
  cel::Activation values;
  for (const cel::Variable& parameter : caveat.program->variables()) {
    const bool is_stored = stored.contains(parameter.name);
    if (!is_stored && !asked.contains(parameter.name)) continue;
    const Json& json = is_stored ? stored[parameter.name] : asked[parameter.name];
    auto value = cel::ConvertJson(parameter.name, parameter.type, json);
    if (!value.ok()) {
      return Broken(is_stored ? "CAVEAT_CONTEXT_INVALID" : "CAVEAT_PARAMETER_TYPE_ERROR");
    }
    values.Set(parameter.name, *value);
  }
  const auto result = caveat.program->Evaluate(values);
  if (absl::IsResourceExhausted(result.status())) return Broken("CAVEAT_COST_EXHAUSTED");
  if (!result.ok() || result->outcome == cel::Outcome::kValue) {
    return Broken("CAVEAT_EVALUATION_ERROR");
  }
  if (result->outcome != cel::Outcome::kMissing) return {result->outcome == cel::Outcome::kTrue, {}};
  return {true, OpenCondition{{result->missing.begin(), result->missing.end()}, ""}};
}

Json ParseContext(const std::string& text) {
  return text.empty() ? Json::object() : Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

SubjectRef AsSubject(const ObjectRef& object) { return {object.type, object.id, ""}; }
ObjectRef AsObject(const SubjectRef& subject) { return {subject.type, subject.id}; }
const OpenCondition* OpenOf(const LiveRelationship& row) { return row.open ? &*row.open : nullptr; }

}  // namespace

ReferenceObjects::ReferenceObjects(const ReferenceWorld& world, const std::vector<ObjectRef>& more) {
  for (const ObjectRef& object : more) Add(object);
  for (const StoredRelationship& stored : world.relationships) {
    Add(stored.relationship.resource);
    Add(AsObject(stored.relationship.subject));
  }
  for (const ReferenceCall& call : world.ledger.calls) Add(call.resource);
}

size_t ReferenceObjects::Add(const ObjectRef& object) {
  if (object.id == "*") return 0;
  const auto [at, is_new] = numbers_.emplace(object, all_.size());
  if (is_new) all_.push_back(object);
  return at->second;
}

const std::vector<LiveRelationship>& ReferenceEvaluator::LiveIn(const std::string& context) {
  const auto [at, is_new] = live_.try_emplace(context);
  if (!is_new) return at->second;
  const Schema& schema = *world_.schema;
  const Json asked = ParseContext(context);
  for (const StoredRelationship& stored : world_.relationships) {
    const Relationship& r = stored.relationship;
    if (world_.now >= r.expires_at) continue;
    Judgement judgement;
    if (!r.caveat.empty()) {
      const Caveat& caveat = schema.caveat(*schema.FindCaveat(r.caveat));
      judgement = JudgeCaveat(caveat, ParseContext(r.caveat_context), asked);
    }
    if (!judgement.stands) continue;
    LiveRelationship row{&stored, judgement.open};
    row.resource = objects_.Find(r.resource);
    row.relation = *schema.FindMember(*schema.FindType(r.resource.type), r.relation);
    // An item on every object is nobody's subject set.
    if (!r.subject.IsWildcard()) {
      row.subject = objects_.Find(AsObject(r.subject));
      if (!r.subject.relation.empty()) {
        const TypeId type = *schema.FindType(r.subject.type);
        row.set = schema.member(*schema.FindMember(type, r.subject.relation)).root;
      }
    }
    at->second.push_back(std::move(row));
  }
  return at->second;
}

// --- One subject.

ReferenceMeaning::ReferenceMeaning(const Schema& schema, const ReferenceObjects& objects,
                                   const std::vector<LiveRelationship>& live, const SubjectRef& subject)
    : schema_(schema), subject_(subject), objects_(objects) {
  objects_.Add(AsObject(subject));
  std::vector<std::vector<ExprId>> by_type(schema.definitions().size());
  for (size_t i = 0; i < schema.expressions().size(); ++i) {
    std::vector<ExprId>& same_type = by_type[static_cast<size_t>(schema.expressions()[i].type)];
    places_.push_back(same_type.size());
    same_type.push_back(static_cast<ExprId>(i));
  }
  std::vector<const std::vector<ExprId>*> expressions;  // By object.
  for (size_t object = 0; object < objects_.size(); ++object) {
    expressions.push_back(&by_type[static_cast<size_t>(*schema.FindType(objects_[object].type))]);
    for (ExprId expr : *expressions.back()) {
      const Op op = schema.expression(expr).op;
      const Goal goal = graph_.Add(op == Op::kIntersection || op == Op::kArrowAll ? GoalGraph::Rule::kAll
                                   : op == Op::kExclusion                         ? GoalGraph::Rule::kWithout
                                                                                  : GoalGraph::Rule::kAny);
      if (expr == expressions.back()->front()) first_goals_.push_back(goal);
    }
    if (expressions.back()->empty()) first_goals_.push_back(GoalGraph::kNever);
  }
  for (size_t object = 0; object < objects_.size(); ++object) {
    for (ExprId expr : *expressions[object]) Define(object, expr);
  }
  for (const LiveRelationship& row : live) DefineOver(row);
  graph_.Solve();
}

void ReferenceMeaning::Define(size_t object, ExprId expr) {
  const Expression& e = schema_.expression(expr);
  const Goal goal = GoalOf(object, expr);
  const bool is_named = e.op == Op::kRelation || e.op == Op::kPermission;
  const bool is_self = e.op == Op::kSelf && subject_ == AsSubject(objects_[object]);
  if (is_self || (is_named && IsIdentity(e, object))) graph_.AddStep(goal, GoalGraph::kAlways);
  for (ExprId child : e.children) graph_.AddStep(goal, GoalOf(object, child));
}

// A relationship of `resource#relation` counts in the relation itself, and in every arrow over it.
void ReferenceMeaning::DefineOver(const LiveRelationship& row) {
  const SubjectRef& holder = row.stored->relationship.subject;
  for (size_t i = 0; i < schema_.expressions().size(); ++i) {
    const Expression& e = schema_.expressions()[i];
    if (e.member != row.relation) continue;
    const Goal goal = GoalOf(row.resource, static_cast<ExprId>(i));
    if (e.op == Op::kRelation) {
      const bool is_everybody =
          holder.IsWildcard() && holder.relation.empty() && subject_.relation.empty() && holder.type == subject_.type;
      if (holder == subject_ || is_everybody) {
        graph_.AddStep(goal, GoalGraph::kAlways, OpenOf(row));
      }
      if (row.set != ExprId::kNone) {
        graph_.AddStep(goal, GoalOf(row.subject, row.set), OpenOf(row));
      }
    }
    if (e.op == Op::kArrowAny || e.op == Op::kArrowAll) {
      // The object is walked, whatever relation the subject has. One whose type lacks the target
      // has nobody there.
      Goal target = GoalGraph::kNever;
      for (const ArrowTarget& t : e.targets) {
        if (schema_.definition(t.type).name == holder.type) target = GoalOf(row.subject, t.expr);
      }
      graph_.AddStep(goal, target, OpenOf(row));
    }
  }
}

bool ReferenceMeaning::IsIdentity(const Expression& e, size_t object) const {
  return subject_.relation == schema_.member(e.member).name && subject_.type == objects_[object].type &&
         (subject_.id == objects_[object].id || subject_.IsWildcard());
}

Verdict ReferenceMeaning::Of(const ObjectRef& object, std::string_view member) const {
  const MemberId id = *schema_.FindMember(*schema_.FindType(object.type), member);
  return Of(object, schema_.member(id).root);
}

Verdict ReferenceMeaning::Of(const ObjectRef& object, ExprId expr) const {
  return graph_.Of(GoalOf(objects_.Find(object), expr));
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

class DelegatedReference {
 public:
  DelegatedReference(ReferenceEvaluator& evaluator, const CheckQuestion& question)
      : evaluator_(evaluator), world_(evaluator.world()), question_(question) {}

  ReferenceAnswer Answer() {
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
    if (!Needs(subject, "agent", agent)) {
      return Deny(DenialReason::kSessionNotLive, EdgeText(subject, "agent", agent));
    }
    const ObjectRef task = AsObject(tasks[0]->relationship.subject);
    if (question_.task && *question_.task != task) return Deny(DenialReason::kClaimMismatch, "");
    return AnswerFor(Walk(agent, task), tasks[0]->born);
  }

 private:
  static ReferenceAnswer Deny(DenialReason reason, std::string at) { return {.reason = reason, .at = std::move(at)}; }
  static std::string EdgeText(const ObjectRef& object, std::string_view relation, const ObjectRef& subject) {
    return Cat(ToText(object), "#", relation, "@", ToText(subject));
  }

  Kind KindOf(const ObjectRef& object) const {
    return world_.schema->definition(*world_.schema->FindType(object.type)).kind;
  }

  // Live or not.
  std::vector<const StoredRelationship*> Stored(const ObjectRef& object, std::string_view relation) const {
    std::vector<const StoredRelationship*> found;
    for (const StoredRelationship& stored : world_.relationships) {
      const Relationship& r = stored.relationship;
      if (r.resource == object && r.relation == relation) found.push_back(&stored);
    }
    return found;
  }
  std::vector<const LiveRelationship*> Live(const ObjectRef& object, std::string_view relation) const {
    std::vector<const LiveRelationship*> found;
    for (const LiveRelationship& row : evaluator_.LiveIn(question_.context)) {
      const Relationship& r = row.stored->relationship;
      if (r.resource == object && r.relation == relation) found.push_back(&row);
    }
    return found;
  }
  const LiveRelationship* LiveEdge(const ObjectRef& object, std::string_view relation, const ObjectRef& subject) const {
    for (const LiveRelationship* row : Live(object, relation)) {
      if (row->stored->relationship.subject == AsSubject(subject)) return row;
    }
    return nullptr;
  }

  // False if the edge is not there. An open condition of it is one of the whole answer.
  bool Needs(const ObjectRef& object, std::string_view relation, const ObjectRef& subject) {
    const LiveRelationship* edge = LiveEdge(object, relation, subject);
    if (edge != nullptr && edge->open) parts_.push_back(edge->open->AsVerdict());
    return edge != nullptr;
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

  // The first part that is a no is the answer, whatever is not known of the others.
  ReferenceAnswer AnswerFor(const Chain& chain, std::optional<Revision> session_born) {
    if (!ClaimsHold(chain)) return Deny(DenialReason::kClaimMismatch, "");
    for (const Hop& hop : chain.hops) {
      if (Needs(hop.task, "delegated_for_task", hop.agent)) continue;
      return Deny(DenialReason::kNotDelegated, EdgeText(hop.task, "delegated_for_task", hop.agent));
    }
    for (const Hop& hop : chain.hops) {
      if (!hop.delegator || Needs(*hop.delegator, "acts_on_behalf_of", hop.agent)) continue;
      return Deny(DenialReason::kNotActingFor, EdgeText(*hop.delegator, "acts_on_behalf_of", hop.agent));
    }
    for (const Hop& hop : chain.hops) {
      const std::string younger = session_born ? YoungerEdge(hop, *session_born) : "";
      if (!younger.empty()) return Deny(DenialReason::kStaleDelegation, younger);
    }
    if (!chain.principal) {
      return Deny(chain.too_deep ? DenialReason::kChainTooDeep : DenialReason::kChainBroken, ToText(chain.stopped_at));
    }
    for (const Hop& hop : chain.hops) {
      if (!Part(Covers(hop.task, "scope"))) {
        return Deny(DenialReason::kOutOfScope, ToText(hop.task));
      }
    }
    for (const Hop& hop : chain.hops) {
      const TypeId type = *world_.schema->FindType(hop.agent.type);
      if (!world_.schema->FindMember(type, "boundary")) continue;
      if (!Part(Covers(hop.agent, "boundary"))) {
        return Deny(DenialReason::kOutsideBoundary, ToText(hop.agent));
      }
    }
    if (!Part(Ordinary(AsSubject(*chain.principal)))) {
      return Deny(DenialReason::kPrincipalLacksPermission, ToText(*chain.principal));
    }
    ReferenceCaller caller{*chain.principal, {}, std::nullopt};
    for (const Hop& hop : chain.hops) caller.tasks.push_back(hop.task);
    if (session_born) caller.session = AsObject(question_.subject);
    ReferenceRules rules(evaluator_, question_, std::move(caller));
    const ReferenceRules::Judgement judged = rules.Judge();
    if (judged.reason != DenialReason::kNone) return Deny(judged.reason, judged.at);
    parts_.insert(parts_.end(), judged.parts.begin(), judged.parts.end());
    ReferenceAnswer answer{.verdict = AllOf(parts_), .principal = chain.principal, .task = chain.hops[0].task};
    if (answer.verdict.truth == Truth::kYes) answer.call = rules.Call();
    return answer;
  }

  bool Part(const Verdict& verdict) {
    parts_.push_back(verdict);
    return verdict.truth != Truth::kNo;
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
    if (LiveEdge(hop.task, "delegated_for_task", hop.agent)->stored->born > session_born) {
      return EdgeText(hop.task, "delegated_for_task", hop.agent);
    }
    if (hop.delegator && LiveEdge(*hop.delegator, "acts_on_behalf_of", hop.agent)->stored->born > session_born) {
      return EdgeText(*hop.delegator, "acts_on_behalf_of", hop.agent);
    }
    return "";
  }

  Verdict Covers(const ObjectRef& holder, std::string_view items) const {
    std::vector<Verdict> covers;
    for (const LiveRelationship* item : Live(holder, items)) {
      const Verdict held = Ordinary(item->stored->relationship.subject);
      covers.push_back(item->open ? AllOf({item->open->AsVerdict(), held}) : held);
    }
    return AnyOf(covers);
  }

  Verdict Ordinary(const SubjectRef& subject) const {
    return evaluator_.MeaningFor(subject, question_.context).Of(question_.resource, question_.permission);
  }

  ReferenceEvaluator& evaluator_;
  const ReferenceWorld& world_;
  const CheckQuestion& question_;
  std::vector<Verdict> parts_;  // Of the conjunction, so far.
};

}  // namespace

const ReferenceMeaning& ReferenceEvaluator::MeaningFor(const SubjectRef& subject, const std::string& context) {
  const auto& live = LiveIn(context);
  return meanings_.try_emplace({subject, context}, *world_.schema, objects_, live, subject).first->second;
}

ReferenceAnswer ReferenceEvaluator::Check(const CheckQuestion& question) {
  const Schema& schema = *world_.schema;
  const auto kind_of = [&](std::string_view type) { return schema.definition(*schema.FindType(type)).kind; };
  if (!ParseContext(question.context).is_object()) return {.invalid = "CONTEXT_INVALID"};
  const bool is_delegated = question.subject.relation.empty() && kind_of(question.subject.type) != Kind::kDefinition;
  if (is_delegated) {
    if (!question.contextual.empty()) return {.invalid = "CONTEXTUAL_NOT_ALLOWED"};
    if (question.task && kind_of(question.task->type) != Kind::kTask) {
      return {.invalid = "NOT_A_TASK"};
    }
    return DelegatedReference(*this, question).Answer();
  }
  if (question.task || !question.claims.empty()) {
    return {.invalid = "TASK_NOT_ALLOWED"};
  }
  const ReferenceMeaning& meaning = With(question.contextual).MeaningFor(question.subject, question.context);
  return {.verdict = meaning.Of(question.resource, question.permission)};
}

std::optional<ReferenceApproval> ReferenceEvaluator::Approve(const CheckQuestion& question, absl::Time expires_at) {
  const Schema& schema = *world_.schema;
  ReferenceApproval approval{
      *question.task, question.resource, question.permission, question.parameter_digest, question.subject, {},
      expires_at};
  for (bool at_root = false; !at_root;) {
    at_root = true;
    for (const StoredRelationship& stored : world_.relationships) {
      const Relationship& r = stored.relationship;
      if (r.resource != approval.root || r.relation != "parent_task") continue;
      approval.root = AsObject(r.subject);
      at_root = false;
      break;
    }
  }
  for (const Definition& definition : schema.definitions()) {
    for (const TaskRule& rule : definition.rules) {
      if (rule.kind != RuleKind::kApproval) continue;
      const Member& approver = schema.member(rule.approver);
      const std::string& type = schema.definition(approver.type).name;
      if (type != question.resource.type) continue;
      const Verdict holds = MeaningFor(question.subject, question.context).Of(question.resource, approver.name);
      const bool is_for = AsksFor(rule.permission, question);
      if (is_for && holds.truth == Truth::kYes) approval.held.insert(Cat(type, "#", approver.name));
    }
  }
  if (approval.held.empty()) return std::nullopt;
  return approval;
}

// Is an approval of the question's permission one that a rule about `wanted` can use?
bool ReferenceEvaluator::AsksFor(MemberId wanted, const CheckQuestion& question) {
  const Member& member = world_.schema->member(wanted);
  if (member.name == question.permission) return true;
  const SubjectRef item{question.resource.type, question.resource.id, question.permission};
  return MeaningFor(item, question.context).Of(question.resource, member.name).truth == Truth::kYes;
}

ReferenceEvaluator& ReferenceEvaluator::With(const std::vector<Relationship>& contextual) {
  if (contextual.empty()) return *this;
  std::string key;
  ReferenceWorld world = world_;
  for (const Relationship& r : contextual) {
    key += Cat(ToText(r), "\n");
    std::erase_if(world.relationships, [&](const StoredRelationship& stored) {
      const Relationship& other = stored.relationship;
      return other.resource == r.resource && other.relation == r.relation && other.subject == r.subject;
    });
    world.relationships.push_back({r, Revision(), Revision()});
  }
  std::unique_ptr<ReferenceEvaluator>& with = with_[key];
  if (with == nullptr) with = std::make_unique<ReferenceEvaluator>(std::move(world), more_);
  return *with;
}

}  // namespace mandate
