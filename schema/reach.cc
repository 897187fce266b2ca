// Reach is the least set of expressions that contains the leaves naming the subject's kind and is
// closed under "can make hold": a union needs one child in it, an intersection all, an exclusion
// its left side, an arrow one target, a relation one of its subject sets. It is computed backwards
// from the leaves with a work list, once a kind.
//
//   document#view = viewer + parent->view;  viewer: user | team#member;  parent: folder
//   Of(user): document#viewer, document#view, team#member, folder#..., but not document#parent.
#include "schema/reach.h"

#include "absl/container/flat_hash_map.h"

namespace mandate {

Reachability::Reachability(const Schema& schema)
    : schema_(&schema), users_(schema.expressions().size()), leaves_(schema.definitions().size()) {
  for (size_t i = 0; i < schema.expressions().size(); ++i) {
    const Expression& expression = schema.expressions()[i];
    const auto user = static_cast<ExprId>(i);
    auto uses = [&](ExprId used) { users_[static_cast<size_t>(used)].push_back(user); };
    auto names = [&](TypeId type) { leaves_[static_cast<size_t>(type)].push_back(user); };
    for (ExprId child : expression.children) uses(child);
    for (const ArrowTarget& target : expression.targets) uses(target.expr);
    if (expression.op == Op::kSelf) names(expression.type);
    if (expression.op != Op::kRelation) continue;
    for (const SubjectType& subject : schema.member(expression.member).subject_types) {
      if (subject.relation == MemberId::kNone) {
        names(subject.type);
      } else {
        uses(schema.member(subject.relation).root);
      }
    }
  }
}

Reach Reachability::Of(TypeId type, MemberId relation, absl::Span<const ExprId> also) const {
  Reach reach(users_.size());
  absl::flat_hash_map<ExprId, size_t> reached_children;
  std::vector<ExprId> work;
  auto add = [&](ExprId id) {
    if (reach.Contains(id)) return;
    reach.Add(id);
    work.push_back(id);
  };
  for (ExprId id : also) add(id);
  if (relation != MemberId::kNone) {
    add(schema_->member(relation).root);
  } else {
    for (ExprId leaf : leaves_[static_cast<size_t>(type)]) add(leaf);
  }
  while (!work.empty()) {
    const ExprId id = work.back();
    work.pop_back();
    for (ExprId user_id : users_[static_cast<size_t>(id)]) {
      const Expression& user = schema_->expression(user_id);
      if (user.op == Op::kIntersection) {
        // A child that stands twice is listed twice among its users, so it is counted twice.
        if (++reached_children[user_id] < user.children.size()) continue;
      } else if (user.op == Op::kExclusion && user.children[0] != id) {
        continue;
      }
      add(user_id);
    }
  }
  return reach;
}

}  // namespace mandate
