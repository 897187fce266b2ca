// Reach is the least set of expressions that contains the leaves naming the subject's kind and is closed under "can
// make hold": a union needs one child in it, an intersection all, an exclusion its left side, an arrow one target, a
// relation one of its subject sets. It is computed backwards from the leaves with a work list, once a kind.
//
//   document#view = viewer + parent->view;  viewer: user | team#member;  parent: folder
//   ReachOf(user): document#viewer, document#view, team#member, folder#..., but not document#parent.
#include "check/plan.h"

#include <utility>

namespace mandate {
namespace {

uint64_t MemberKey(TypeId type, NameId name) {
  return static_cast<uint64_t>(type) << 32 | static_cast<uint64_t>(name);
}

}  // namespace

Plan::Plan(std::shared_ptr<const Schema> schema, const NameTable& names, Revision schema_revision)
    : schema_(std::move(schema)),
      schema_revision_(schema_revision),
      users_(schema_->expressions().size()),
      reach_(schema_->definitions().size() + schema_->members().size()) {
  types_.assign(names.size() + 1, TypeId::kNone);
  for (const Definition& definition : schema_->definitions()) {
    const NameId name = names.Find(definition.name).value_or(NameId::kNone);
    const auto type = static_cast<TypeId>(type_names_.size());
    type_names_.push_back(name);
    if (name != NameId::kNone) types_[static_cast<size_t>(name)] = type;
  }
  for (const Member& member : schema_->members()) {
    const NameId name = names.Find(member.name).value_or(NameId::kNone);
    const auto id = static_cast<MemberId>(member_names_.size());
    member_names_.push_back(name);
    if (name != NameId::kNone) members_.emplace(MemberKey(member.type, name), id);
  }
  for (size_t i = 0; i < schema_->caveats().size(); ++i) {
    const auto name = names.Find(schema_->caveats()[i].name);
    if (name.has_value()) caveats_.emplace(*name, static_cast<CaveatId>(i));
  }
  for (size_t i = 0; i < schema_->expressions().size(); ++i) {
    const Expression& expression = schema_->expressions()[i];
    const auto user = static_cast<ExprId>(i);
    auto uses = [&](ExprId used) { users_[static_cast<size_t>(used)].push_back(user); };
    for (ExprId child : expression.children) uses(child);
    for (const ArrowTarget& target : expression.targets) uses(target.expr);
    if (expression.op == Op::kRelation) {
      for (const SubjectType& subject : schema_->member(expression.member).subject_types) {
        if (subject.relation != MemberId::kNone) uses(schema_->member(subject.relation).root);
      }
    }
  }
}

Plan::~Plan() {
  for (auto& reach : reach_) delete reach.load(std::memory_order_relaxed);
}

MemberId Plan::MemberOf(TypeId type, NameId name) const {
  auto it = members_.find(MemberKey(type, name));
  return it == members_.end() ? MemberId::kNone : it->second;
}

const Caveat* Plan::FindCaveat(NameId name) const {
  auto it = caveats_.find(name);
  return it == caveats_.end() ? nullptr : &schema_->caveat(it->second);
}

const Reach& Plan::ReachOf(TypeId type, MemberId relation) const {
  const size_t slot = relation == MemberId::kNone
                          ? static_cast<size_t>(type)
                          : schema_->definitions().size() + static_cast<size_t>(relation);
  if (const Reach* reach = reach_[slot].load(std::memory_order_acquire)) return *reach;
  auto computed = ComputeReach(type, relation);
  const Reach* expected = nullptr;
  if (reach_[slot].compare_exchange_strong(expected, computed.get(), std::memory_order_acq_rel)) {
    return *computed.release();
  }
  return *expected;
}

std::unique_ptr<Reach> Plan::ComputeReach(TypeId type, MemberId relation) const {
  const auto expressions = schema_->expressions();
  auto reach = std::make_unique<Reach>(expressions.size());
  std::vector<uint32_t> reached_children(expressions.size(), 0);
  std::vector<ExprId> work;
  auto add = [&](ExprId id) {
    if (reach->Contains(id)) return;
    reach->Add(id);
    work.push_back(id);
  };
  for (size_t i = 0; i < expressions.size(); ++i) {
    const Expression& expression = expressions[i];
    if (relation != MemberId::kNone) continue;
    if (expression.op == Op::kSelf && expression.type == type) add(static_cast<ExprId>(i));
    if (expression.op != Op::kRelation) continue;
    for (const SubjectType& subject : schema_->member(expression.member).subject_types) {
      if (subject.type == type && subject.relation == MemberId::kNone) add(static_cast<ExprId>(i));
    }
  }
  if (relation != MemberId::kNone) add(schema_->member(relation).root);
  while (!work.empty()) {
    const ExprId id = work.back();
    work.pop_back();
    for (ExprId user_id : users_[static_cast<size_t>(id)]) {
      const Expression& user = schema_->expression(user_id);
      if (user.op == Op::kIntersection) {
        // A child that stands twice is listed twice among its users, so it is counted twice.
        if (++reached_children[static_cast<size_t>(user_id)] < user.children.size()) continue;
      } else if (user.op == Op::kExclusion && user.children[0] != id) {
        continue;
      }
      add(user_id);
    }
  }
  return reach;
}

}  // namespace mandate
