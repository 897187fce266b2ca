#include "schema/dependencies.h"

#include <set>

namespace mandate {
namespace {

// Calls `visit` with each expression that the answer to this one rests on next. The relation that an arrow goes along
// is not among them: what it needs of that relation is the objects in it, not who belongs to its subject sets.
template <typename Visit>
void ForEachNext(const Schema& schema, const Expression& expression, const Visit& visit) {
  if (expression.op == Op::kRelation) {
    for (const SubjectType& subject : schema.member(expression.member).subject_types) {
      if (subject.relation != MemberId::kNone) visit(schema.member(subject.relation).root);
    }
  }
  for (ExprId child : expression.children) visit(child);
  for (const ArrowTarget& target : expression.targets) visit(target.expr);
}

// Expressions to visit, each once.
class Frontier {
 public:
  explicit Frontier(const Schema& schema) : seen_(schema.expressions().size(), false) {}
  void Add(ExprId id) {
    if (seen_[static_cast<size_t>(id)]) return;
    seen_[static_cast<size_t>(id)] = true;
    work_.push_back(id);
  }
  bool empty() const { return work_.empty(); }
  ExprId Take() {
    const ExprId id = work_.back();
    work_.pop_back();
    return id;
  }
  bool Saw(ExprId id) const { return seen_[static_cast<size_t>(id)]; }

 private:
  std::vector<bool> seen_;
  std::vector<ExprId> work_;
};

std::vector<MemberId> Without(MemberId member, std::set<MemberId> members) {
  members.erase(member);
  return {members.begin(), members.end()};
}

}  // namespace

std::vector<MemberId> DependenciesOf(const Schema& schema, MemberId member) {
  Frontier frontier(schema);
  frontier.Add(schema.member(member).root);
  std::set<MemberId> members;
  while (!frontier.empty()) {
    const Expression& expression = schema.expression(frontier.Take());
    if (expression.member != MemberId::kNone) members.insert(expression.member);
    ForEachNext(schema, expression, [&](ExprId next) { frontier.Add(next); });
  }
  return Without(member, std::move(members));
}

std::vector<MemberId> DependentsOf(const Schema& schema, MemberId member) {
  const auto expressions = schema.expressions();
  std::vector<std::vector<ExprId>> users(expressions.size());
  Frontier frontier(schema);
  for (size_t i = 0; i < expressions.size(); ++i) {
    const auto id = static_cast<ExprId>(i);
    if (expressions[i].member == member) frontier.Add(id);
    ForEachNext(schema, expressions[i], [&](ExprId next) { users[static_cast<size_t>(next)].push_back(id); });
  }
  while (!frontier.empty()) {
    for (ExprId user : users[static_cast<size_t>(frontier.Take())]) frontier.Add(user);
  }
  std::set<MemberId> members;
  for (size_t i = 0; i < schema.members().size(); ++i) {
    if (frontier.Saw(schema.members()[i].root)) members.insert(static_cast<MemberId>(i));
  }
  return Without(member, std::move(members));
}

std::vector<MemberId> NamedBy(const Schema& schema, MemberId member) {
  const ExprId root = schema.member(member).root;
  Frontier frontier(schema);
  frontier.Add(root);
  std::set<MemberId> members;
  while (!frontier.empty()) {
    const ExprId id = frontier.Take();
    const Expression& expression = schema.expression(id);
    if (expression.member != MemberId::kNone) members.insert(expression.member);
    const bool of_another = expression.op == Op::kRelation || expression.op == Op::kPermission;
    if (id != root && of_another) continue;
    ForEachNext(schema, expression, [&](ExprId next) { frontier.Add(next); });
  }
  return Without(member, std::move(members));
}

}  // namespace mandate
