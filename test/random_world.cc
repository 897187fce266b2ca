#include "test/random_world.h"

#include <algorithm>
#include <set>

#include "schema/compiler.h"
#include "schema/text.h"
#include "test/random_schema.h"

namespace mandate {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'780'000'000);
const absl::Duration kBetweenWrites = absl::Minutes(1);

std::vector<ObjectRef> ObjectsOf(const RandomWorld& world) {
  std::set<ObjectRef> objects;
  for (const Definition& definition : world.schema->definitions()) {
    objects.insert({definition.name, "unknown"});
  }
  for (const WorldWrite& write : world.writes) {
    for (const TupleChange& change : write.changes) {
      const Relationship& r = change.relationship;
      objects.insert(r.resource);
      if (!r.subject.IsWildcard()) objects.insert({r.subject.type, r.subject.id});
    }
  }
  return {objects.begin(), objects.end()};
}

class WorldMaker {
 public:
  explicit WorldMaker(uint64_t seed) : dice_(seed) {}

  RandomWorld Make() {
    Start(dice_.Percent(50));
    if (world_.schema->has_delegation()) AddDelegation();
    AddOrdinary(110);
    AddStrays();
    Distribute(1 + dice_.Below(4));
    world_.objects = ObjectsOf(world_);
    return std::move(world_);
  }

  RandomWorld MakeForRules() {
    Start(true);
    const size_t steps = 6 + dice_.Below(20);
    for (size_t i = 0; i < steps; ++i) {
      world_.writes.push_back({kStart + i * kBetweenWrites, MakeRuleWrite()});
      std::erase_if(world_.writes, [](const WorldWrite& write) { return write.changes.empty(); });
    }
    world_.now = kStart + steps * kBetweenWrites;
    world_.objects = ObjectsOf(world_);
    return std::move(world_);
  }

 private:
  void Start(bool with_delegation) {
    world_.draft = MakeRandomSchema(dice_, with_delegation);
    world_.schema = CompileSchema(world_.draft.Text()).schema;
    world_.now = kStart + absl::Minutes(10);
  }
  const Schema& schema() const { return *world_.schema; }

  std::vector<std::string> TypesOf(Kind kind) const {
    std::vector<std::string> names;
    for (const Definition& definition : schema().definitions()) {
      if (definition.kind == kind) names.push_back(definition.name);
    }
    return names;
  }
  std::vector<std::string> Principals() const {
    std::vector<std::string> names;
    for (const Definition& definition : schema().definitions()) {
      if (definition.IsPrincipal()) names.push_back(definition.name);
    }
    return names;
  }

  std::string Id(std::string_view type) {
    static const std::vector<std::string> kIds = {"a", "b", "c/1", "d|-=+_Z"};
    if (type == "user" && dice_.Percent(40)) return "a";
    return kIds[dice_.Below(type == "user" ? 4 : 3)];
  }
  ObjectRef Object(const std::string& type) { return {type, Id(type)}; }

  // Before, between and after the writes; at, just after and long after the question.
  absl::Time Expiry() {
    switch (dice_.Below(12)) {
      case 0:
        return kStart - absl::Hours(1);
      case 1:
        return kStart + absl::Seconds(30 + 60 * dice_.Below(4));
      case 2:
        return world_.now;
      case 3:
        return world_.now + absl::Microseconds(1);
      default:
        return world_.now + absl::Minutes(1 + dice_.Below(300));
    }
  }

  // A relationship of one of the relation's forms.
  Relationship Row(const Member& member, const ObjectRef& resource, const SubjectType& form) {
    Relationship r;
    r.resource = resource;
    r.relation = member.name;
    r.subject.type = schema().definition(form.type).name;
    r.subject.id = form.wildcard ? "*" : Id(r.subject.type);
    if (form.relation != MemberId::kNone) r.subject.relation = schema().member(form.relation).name;
    if (form.expiration) r.expires_at = Expiry();
    return r;
  }

  void AddOrdinary(size_t rows_max) {
    std::vector<const Member*> relations;
    for (const Member& member : schema().members()) {
      if (!member.is_permission && member.reserved == Reserved::kNone) relations.push_back(&member);
    }
    const size_t rows = 8 + dice_.Below(rows_max);
    for (size_t i = 0; i < rows && !relations.empty(); ++i) {
      const Member& member = *dice_.Pick(relations);
      rows_.push_back(Row(member, Object(schema().definition(member.type).name),
                          dice_.Pick(member.subject_types)));
    }
  }

  Relationship Edge(const ObjectRef& object, std::string_view relation, const ObjectRef& subject,
                    bool expires) {
    Relationship r{object, std::string(relation), {subject.type, subject.id, ""}};
    if (expires) r.expires_at = dice_.Percent(93) ? world_.now + absl::Minutes(5) : Expiry();
    return r;
  }

  // Tasks that make sense, most of the time: each is delegated to an agent by a principal, or by
  // the agent of an earlier task, which then is its parent.
  void AddDelegation() {
    const auto agent_types = TypesOf(Kind::kAgent);
    const auto principal_types = Principals();
    const auto agent = [&] { return Object(dice_.Pick(agent_types)); };
    struct Task {
      ObjectRef self, agent;
    };
    std::vector<Task> tasks;
    const bool deep = dice_.Percent(30);
    const size_t count = deep ? 3 + dice_.Below(4) : 2 + dice_.Below(4);
    for (size_t i = 0; i < count; ++i) {
      Task task{{"errand", Cat("e", i)}, agent()};
      ObjectRef delegator = Object(dice_.Pick(principal_types));
      if (!tasks.empty() && dice_.Percent(deep ? 95 : 45)) {
        const Task& parent = deep ? tasks.back() : dice_.Pick(tasks);
        delegator = parent.agent;
        AddUnless(2, Edge(task.self, "parent_task", parent.self, false));
      }
      // A long chain needs agents that differ.
      if (deep) task.agent.id = Cat("deep", i);
      AddUnless(2, Edge(task.self, "delegator", delegator, false));
      AddUnless(3, Edge(task.self, "delegated_for_task", task.agent, true));
      AddEdgeIfDeclared(delegator, task.agent);
      AddItems(task.self, "scope");
      tasks.push_back(task);
    }
    std::set<ObjectRef> agents;
    for (const Task& task : tasks) agents.insert(task.agent);
    for (const ObjectRef& each : agents) AddItems(each, "boundary");
    for (size_t i = 0; i < 2 + dice_.Below(3); ++i) {
      const Task& task = dice_.Pick(tasks);
      const ObjectRef session{"run", Cat("s", i)};
      AddUnless(5, Edge(session, "agent", dice_.Percent(90) ? task.agent : agent(), true));
      AddUnless(3, Edge(session, "task", task.self, false));
    }
  }

  void AddUnless(size_t percent, const Relationship& r) {
    if (!dice_.Percent(percent)) rows_.push_back(r);
  }

  void AddEdgeIfDeclared(const ObjectRef& delegator, const ObjectRef& agent) {
    const TypeId type = *schema().FindType(delegator.type);
    if (schema().FindMember(type, "acts_on_behalf_of").has_value()) {
      AddUnless(3, Edge(delegator, "acts_on_behalf_of", agent, true));
    }
  }

  void AddItems(const ObjectRef& holder, std::string_view relation) {
    const auto member_id = schema().FindMember(*schema().FindType(holder.type), relation);
    if (!member_id.has_value()) return;
    const Member& member = schema().member(*member_id);
    const size_t count = dice_.Percent(10) ? 0 : 4 + dice_.Below(16);
    for (size_t i = 0; i < count; ++i) {
      rows_.push_back(Row(member, holder, dice_.Pick(member.subject_types)));
      if (dice_.Percent(90) && rows_.back().expires_at != absl::InfiniteFuture()) {
        rows_.back().expires_at = world_.now + absl::Hours(1);
      }
    }
  }

  // Reserved relations with anything that their types allow: surplus delegators and parents,
  // circles, planted edges.
  void AddStrays() {
    if (!dice_.Percent(30)) return;
    std::vector<const Member*> reserved;
    for (const Member& member : schema().members()) {
      if (member.reserved != Reserved::kNone) reserved.push_back(&member);
    }
    for (size_t i = 0; i < dice_.Below(5) && !reserved.empty(); ++i) {
      const Member& member = *dice_.Pick(reserved);
      Relationship r = Row(member, Object(schema().definition(member.type).name),
                           dice_.Pick(member.subject_types));
      if (r.resource.type == "errand") r.resource.id = Cat("e", dice_.Below(4));
      if (r.resource.type == "run") r.resource.id = Cat("s", dice_.Below(3));
      if (r.subject.type == "errand") r.subject.id = Cat("e", dice_.Below(4));
      rows_.push_back(r);
    }
  }

  // Spreads the rows over some writes, and lets later writes take back, touch again or lengthen
  // earlier rows. The two edges of a session stay together: its age is that of the write that
  // brought it.
  void Distribute(size_t count) {
    for (size_t i = 0; i < count; ++i) world_.writes.push_back({kStart + i * kBetweenWrites, {}});
    for (const Relationship& r : rows_) {
      if (r.resource.type == "run") {
        const size_t back = static_cast<size_t>(r.resource.id.back()) % 4;
        Put(count - 1 - (back == 1 ? count / 2 : 0), {ChangeOp::kTouch, r});
        continue;
      }
      const size_t at = dice_.Percent(60) ? 0 : dice_.Below(count);
      Put(at, {ChangeOp::kTouch, r});
      if (at + 1 < count && dice_.Percent(12)) {
        Relationship again = r;
        if (dice_.Percent(60) && again.expires_at != absl::InfiniteFuture())
          again.expires_at = Expiry();
        const size_t later = at + 1 + dice_.Below(count - at - 1);
        Put(later, {dice_.Percent(40) ? ChangeOp::kDelete : ChangeOp::kTouch, again});
        if (later + 1 < count && dice_.Percent(50)) Put(later + 1, {ChangeOp::kTouch, r});
      }
    }
    std::erase_if(world_.writes, [](const WorldWrite& write) { return write.changes.empty(); });
  }

  // A write names a relationship once.
  void Put(size_t at, const TupleChange& change) { PutInto(world_.writes[at].changes, change); }
  static void PutInto(std::vector<TupleChange>& changes, const TupleChange& change) {
    const Relationship& r = change.relationship;
    for (const TupleChange& each : changes) {
      const Relationship& other = each.relationship;
      if (other.resource == r.resource && other.relation == r.relation &&
          other.subject == r.subject)
        return;
    }
    changes.push_back(change);
  }

  // --- Writes that try the rules.

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
  ObjectRef KnownTask() {
    return delegated_.empty() || dice_.Percent(5) ? AnyTask() : dice_.Pick(delegated_).first;
  }
  ObjectRef AgentObject() { return Object(dice_.Pick(agent_types_ = TypesOf(Kind::kAgent))); }

  void AddBirth(std::vector<TupleChange>& changes) {
    const ObjectRef task = AnyTask();
    const ObjectRef agent = AgentObject();
    ObjectRef delegator = Object(dice_.Pick(principal_types_ = Principals()));
    const bool by_agent = dice_.Percent(50);
    ObjectRef parent = KnownTask();
    if (by_agent) {
      delegator = AgentObject();
      if (!delegated_.empty() && dice_.Percent(75))
        std::tie(parent, delegator) = dice_.Pick(delegated_);
    }
    const auto touch = [&](const Relationship& r) { PutInto(changes, {ChangeOp::kTouch, r}); };
    if (!dice_.Percent(5)) touch(Edge(task, "delegator", delegator, false));
    if (by_agent ? !dice_.Percent(5) : dice_.Percent(4))
      touch(Edge(task, "parent_task", parent, false));
    if (!dice_.Percent(10)) touch(Edge(task, "delegated_for_task", agent, true));
    delegated_.emplace_back(task, agent);
    if (dice_.Percent(50)) AddReservedOf(changes, task, "scope", ChangeOp::kTouch);
    if (dice_.Percent(5)) {
      touch(Edge(task, "delegator", Object(dice_.Pick(principal_types_ = Principals())), false));
    }
  }

  void AddSession(std::vector<TupleChange>& changes) {
    const ObjectRef session{"run", Cat("s", dice_.Below(6))};
    if (!dice_.Percent(6))
      PutInto(changes, {ChangeOp::kTouch, Edge(session, "agent", AgentObject(), true)});
    if (!dice_.Percent(6))
      PutInto(changes, {ChangeOp::kTouch, Edge(session, "task", KnownTask(), false)});
  }

  void AddReservedOf(std::vector<TupleChange>& changes, const ObjectRef& object,
                     std::string_view relation, ChangeOp op) {
    const Member& member =
        schema().member(*schema().FindMember(*schema().FindType(object.type), relation));
    Relationship r = Row(member, object, dice_.Pick(member.subject_types));
    if (r.subject.type == "errand") r.subject.id = KnownTask().id;
    PutInto(changes, {op, r});
  }

  void AddRandomReserved(std::vector<TupleChange>& changes, size_t count) {
    static const std::vector<std::string> kNames = {"delegator",
                                                    "parent_task",
                                                    "delegated_for_task",
                                                    "scope",
                                                    "scope",
                                                    "scope",
                                                    "agent",
                                                    "task",
                                                    "acts_on_behalf_of",
                                                    "acts_on_behalf_of",
                                                    "acts_on_behalf_of",
                                                    "boundary"};
    for (size_t i = 0; i < count; ++i) {
      const std::string& name = dice_.Pick(kNames);
      std::vector<const Definition*> types;
      for (const Definition& definition : schema().definitions()) {
        const auto member = schema().FindMember(*schema().FindType(definition.name), name);
        if (member && schema().member(*member).reserved != Reserved::kNone)
          types.push_back(&definition);
      }
      if (types.empty()) continue;
      const Definition& type = *dice_.Pick(types);
      ObjectRef object = Object(type.name);
      if (type.kind == Kind::kTask) object = KnownTask();
      if (type.kind == Kind::kSession) object.id = Cat("s", dice_.Below(6));
      AddReservedOf(changes, object, name,
                    dice_.Percent(25) ? ChangeOp::kDelete : ChangeOp::kTouch);
    }
  }

  // An item of an earlier write, to live longer or less long.
  void AddScopeAgain(std::vector<TupleChange>& changes) {
    std::vector<TupleChange> items;
    for (const WorldWrite& write : world_.writes) {
      for (const TupleChange& change : write.changes) {
        const Relationship& r = change.relationship;
        if (r.relation == "scope" && r.expires_at != absl::InfiniteFuture())
          items.push_back(change);
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
    PutInto(changes, change);
  }

  Dice dice_;
  RandomWorld world_;
  std::vector<Relationship> rows_;
  std::vector<std::string> agent_types_, principal_types_;
  std::vector<std::pair<ObjectRef, ObjectRef>> delegated_;  // task and agent of the births so far
};

}  // namespace

uint64_t Dice::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string SchemaDraft::Text() const {
  std::string text;
  for (const std::string& use : uses) text += use + "\n";
  for (const Block& block : blocks) {
    text += block.header + " {\n";
    for (const std::string& line : block.lines) text += "  " + line + "\n";
    text += "}\n";
  }
  return text;
}

RandomWorld MakeRandomWorld(uint64_t seed) { return WorldMaker(seed).Make(); }

RandomWorld MakeDelegationWrites(uint64_t seed) { return WorldMaker(seed).MakeForRules(); }

}  // namespace mandate
