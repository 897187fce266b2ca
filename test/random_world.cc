#include "test/random_world.h"

#include <algorithm>
#include <set>

#include "schema/text.h"
#include "test/random_rows.h"

namespace mandate {
namespace {

class WorldMaker : RandomRows {
 public:
  explicit WorldMaker(uint64_t seed) : RandomRows(seed) {}

  RandomWorld Make() {
    Start(dice_.Percent(40));
    if (world_.schema->has_delegation()) AddDelegation();
    AddOrdinary(small_ ? 4 + dice_.Below(24) : 8 + dice_.Below(110));
    AddStrays();
    Distribute(1 + dice_.Below(4));
    AddContextual();
    return Finish();
  }

 private:
  void AddOrdinary(size_t rows) {
    std::vector<const Member*> relations;
    for (const Member& member : schema().members()) {
      if (!member.is_permission && member.reserved == Reserved::kNone) relations.push_back(&member);
    }
    for (size_t i = 0; i < rows && !relations.empty(); ++i) {
      rows_.push_back(AnyRow(*dice_.Pick(relations)));
    }
  }

  void AddContextual() {
    std::vector<const Member*> relations;
    for (const Member& member : schema().members()) {
      const bool is_ordinary = schema().definition(member.type).kind == Kind::kDefinition;
      if (is_ordinary && !member.is_permission && member.reserved == Reserved::kNone) {
        relations.push_back(&member);
      }
    }
    std::vector<TupleChange> rows;
    for (size_t i = 0; i < 4 && !relations.empty(); ++i) {
      PutInto(rows, {ChangeOp::kTouch, AnyRow(*dice_.Pick(relations))});
    }
    for (const TupleChange& row : rows) world_.contextual.push_back(row.relationship);
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
    const size_t count = deep ? 3 + dice_.Below(4) : small_ ? 1 + dice_.Below(2) : 2 + dice_.Below(4);
    for (size_t i = 0; i < count; ++i) {
      Task task{{"errand", Cat("e", i)}, agent()};
      ObjectRef delegator = Object(dice_.Pick(principal_types));
      if (!tasks.empty() && dice_.Percent(deep ? 95 : 45)) {
        const Task& parent = deep ? tasks.back() : dice_.Pick(tasks);
        delegator = parent.agent;
        AddUnless(2, Edge(task.self, "parent_task", parent.self));
      }
      // A long chain needs agents that differ.
      if (deep) task.agent.id = Cat("deep", i);
      AddUnless(2, Edge(task.self, "delegator", delegator));
      AddUnless(3, Edge(task.self, "delegated_for_task", task.agent));
      AddEdgeIfDeclared(delegator, task.agent);
      AddItems(task.self, "scope");
      tasks.push_back(task);
    }
    std::set<ObjectRef> agents;
    for (const Task& task : tasks) agents.insert(task.agent);
    for (const ObjectRef& each : agents) AddItems(each, "boundary");
    const size_t sessions = small_ ? 1 : 2 + dice_.Below(3);
    for (size_t i = 0; i < sessions; ++i) {
      const Task& task = dice_.Pick(tasks);
      const ObjectRef session{"run", Cat("s", i)};
      AddUnless(5, Edge(session, "agent", dice_.Percent(90) ? task.agent : agent()));
      AddUnless(3, Edge(session, "task", task.self));
    }
  }

  void AddUnless(size_t percent, const Relationship& r) {
    if (!dice_.Percent(percent)) rows_.push_back(r);
  }

  void AddEdgeIfDeclared(const ObjectRef& delegator, const ObjectRef& agent) {
    const TypeId type = *schema().FindType(delegator.type);
    if (schema().FindMember(type, "acts_on_behalf_of").has_value()) {
      AddUnless(3, Edge(delegator, "acts_on_behalf_of", agent));
    }
  }

  void AddItems(const ObjectRef& holder, std::string_view relation) {
    const auto member_id = schema().FindMember(*schema().FindType(holder.type), relation);
    if (!member_id.has_value()) return;
    const Member& member = schema().member(*member_id);
    const size_t count = dice_.Percent(10) ? 0 : small_ ? 2 + dice_.Below(9) : 4 + dice_.Below(16);
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
      Relationship r = AnyRow(*dice_.Pick(reserved));
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
        if (dice_.Percent(60) && again.expires_at != absl::InfiniteFuture()) again.expires_at = Expiry();
        if (dice_.Percent(50)) NewContext(again);
        const size_t later = at + 1 + dice_.Below(count - at - 1);
        Put(later, {dice_.Percent(40) ? ChangeOp::kDelete : ChangeOp::kTouch, again});
        if (later + 1 < count && dice_.Percent(50)) Put(later + 1, {ChangeOp::kTouch, r});
      }
    }
  }

  void Put(size_t at, const TupleChange& change) { PutInto(world_.writes[at].changes, change); }

  std::vector<Relationship> rows_;
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

}  // namespace mandate
