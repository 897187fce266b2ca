// Random writes that try the rules of delegation.
#include "schema/text.h"
#include "test/random_rows.h"

namespace mandate {
namespace {

class RuleWrites : RandomRows {
 public:
  explicit RuleWrites(uint64_t seed) : RandomRows(seed) {}

  RandomWorld Make() {
    Start(true);
    const size_t steps = 6 + dice_.Below(20);
    for (size_t i = 0; i < steps; ++i) {
      const std::vector<TupleChange> changes = MakeRuleWrite();
      if (!changes.empty()) world_.writes.push_back({kStart + i * kBetweenWrites, changes});
    }
    world_.now = kStart + steps * kBetweenWrites;
    return Finish();
  }

 private:
  std::vector<TupleChange> MakeRuleWrite() {
    std::vector<TupleChange> changes;
    const size_t roll = dice_.Below(100);
    if (delegated_.empty() || roll < 25) AddBirth(changes);
    if (roll < 4) AddBirth(changes);
    if (roll >= 20 && roll < 45) AddSession(changes);
    if (roll >= 40) AddRandomReserved(changes, 1 + dice_.Below(3));
    if (dice_.Percent(5)) AddRandomReserved(changes, 1);
    if (dice_.Percent(12)) AddAgain(changes);
    if (dice_.Percent(12)) AddScopeAgain(changes);
    return changes;
  }

  ObjectRef AnyTask() { return {"errand", Cat("e", dice_.Below(9))}; }
  // Mostly one that an earlier write tried to bring.
  ObjectRef KnownTask() { return delegated_.empty() || dice_.Percent(5) ? AnyTask() : dice_.Pick(delegated_).first; }
  ObjectRef AgentObject() { return Object(dice_.Pick(agent_types_ = TypesOf(Kind::kAgent))); }

  void AddBirth(std::vector<TupleChange>& changes) {
    const ObjectRef task = AnyTask();
    const ObjectRef agent = AgentObject();
    ObjectRef delegator = Object(dice_.Pick(principal_types_ = Principals()));
    const bool by_agent = dice_.Percent(50);
    ObjectRef parent = KnownTask();
    if (by_agent) {
      delegator = AgentObject();
      if (!delegated_.empty() && dice_.Percent(75)) std::tie(parent, delegator) = dice_.Pick(delegated_);
    }
    const auto touch = [&](const Relationship& r) { PutInto(changes, {ChangeOp::kTouch, r}); };
    if (!dice_.Percent(5)) touch(Edge(task, "delegator", delegator));
    if (by_agent ? !dice_.Percent(5) : dice_.Percent(4)) touch(Edge(task, "parent_task", parent));
    if (!dice_.Percent(10)) touch(Edge(task, "delegated_for_task", agent));
    delegated_.emplace_back(task, agent);
    if (dice_.Percent(50)) AddReservedOf(changes, task, "scope", ChangeOp::kTouch);
    if (dice_.Percent(5)) {
      touch(Edge(task, "delegator", Object(dice_.Pick(principal_types_ = Principals()))));
    }
  }

  void AddSession(std::vector<TupleChange>& changes) {
    const ObjectRef session{"run", Cat("s", dice_.Below(6))};
    if (!dice_.Percent(6)) PutInto(changes, {ChangeOp::kTouch, Edge(session, "agent", AgentObject())});
    if (!dice_.Percent(6)) PutInto(changes, {ChangeOp::kTouch, Edge(session, "task", KnownTask())});
  }

  void AddReservedOf(std::vector<TupleChange>& changes, const ObjectRef& object, std::string_view relation,
                     ChangeOp op) {
    const Member& member = schema().member(*schema().FindMember(*schema().FindType(object.type), relation));
    Relationship r = Row(member, object, dice_.Pick(member.subject_types));
    if (r.subject.type == "errand") r.subject.id = KnownTask().id;
    PutInto(changes, {op, r});
  }

  void AddRandomReserved(std::vector<TupleChange>& changes, size_t count) {
    static const std::vector<std::string> kNames = {
        "delegator",         "parent_task",       "delegated_for_task", "scope",   "scope", "scope", "agent", "task",
        "acts_on_behalf_of", "acts_on_behalf_of", "acts_on_behalf_of",  "boundary"};
    for (size_t i = 0; i < count; ++i) {
      const std::string& name = dice_.Pick(kNames);
      std::vector<const Definition*> types;
      for (const Definition& definition : schema().definitions()) {
        const auto member = schema().FindMember(*schema().FindType(definition.name), name);
        if (member && schema().member(*member).reserved != Reserved::kNone) types.push_back(&definition);
      }
      if (types.empty()) continue;
      const Definition& type = *dice_.Pick(types);
      ObjectRef object = Object(type.name);
      if (type.kind == Kind::kTask) object = KnownTask();
      if (type.kind == Kind::kSession) object.id = Cat("s", dice_.Below(6));
      AddReservedOf(changes, object, name, dice_.Percent(25) ? ChangeOp::kDelete : ChangeOp::kTouch);
    }
  }

  // An item of an earlier write, to live longer or less long.
  void AddScopeAgain(std::vector<TupleChange>& changes) {
    std::vector<TupleChange> items;
    for (const WorldWrite& write : world_.writes) {
      for (const TupleChange& change : write.changes) {
        const Relationship& r = change.relationship;
        if (r.relation == "scope" && r.expires_at != absl::InfiniteFuture()) items.push_back(change);
      }
    }
    if (items.empty()) return;
    TupleChange change = dice_.Pick(items);
    change.op = ChangeOp::kTouch;
    change.relationship.expires_at += absl::Minutes(static_cast<int>(dice_.Below(3)) - 1);
    PutInto(changes, change);
  }

  // Something of an earlier write: taken back, written again, shorter or longer.
  void AddAgain(std::vector<TupleChange>& changes) {
    if (world_.writes.empty()) return;
    TupleChange change = dice_.Pick(dice_.Pick(world_.writes).changes);
    change.op = dice_.Percent(50) ? ChangeOp::kDelete : ChangeOp::kTouch;
    if (change.relationship.expires_at != absl::InfiniteFuture() && dice_.Percent(60)) {
      change.relationship.expires_at += absl::Minutes(static_cast<int>(dice_.Below(5)) - 2);
    }
    if (dice_.Percent(20)) NewContext(change.relationship);
    PutInto(changes, change);
  }

  std::vector<std::string> agent_types_, principal_types_;
  std::vector<std::pair<ObjectRef, ObjectRef>> delegated_;  // task and agent of the births so far
};

}  // namespace

RandomWorld MakeDelegationWrites(uint64_t seed) { return RuleWrites(seed).Make(); }

}  // namespace mandate
