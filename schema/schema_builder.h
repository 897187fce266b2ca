// schema_builder.h: the only way to fill a Schema, used by the resolver.
//
// Ids come in the order of the calls. A name that is already taken still gets an id, so that what
// belongs to it can be checked, but only the first can be found; the caller reports it.
//
// Threads     One compilation, one thread.
#ifndef MANDATE_SCHEMA_SCHEMA_BUILDER_H_
#define MANDATE_SCHEMA_SCHEMA_BUILDER_H_

#include <memory>
#include <string>
#include <utility>

#include "schema/schema.h"

namespace mandate {

class SchemaBuilder {
 public:
  const Schema& schema() const { return *schema_; }

  void SetDelegation(bool has_delegation) { schema_->has_delegation_ = has_delegation; }

  TypeId AddDefinition(std::string name, Kind kind, std::string doc) {
    const auto id = static_cast<TypeId>(schema_->definitions_.size());
    schema_->type_by_name_.try_emplace(name, id);
    schema_->member_by_name_.emplace_back();
    Definition& definition = schema_->definitions_.emplace_back();
    definition.name = std::move(name);
    definition.kind = kind;
    definition.doc = std::move(doc);
    return id;
  }

  // Also adds its root.
  MemberId AddMember(TypeId type, std::string name, bool is_permission, Reserved reserved, std::string doc) {
    const auto id = static_cast<MemberId>(schema_->members_.size());
    Definition& definition = schema_->definitions_[static_cast<size_t>(type)];
    const bool fresh = schema_->member_by_name_[static_cast<size_t>(type)].try_emplace(name, id).second;
    definition.members.push_back(id);
    if (fresh && reserved != Reserved::kNone) definition.reserved_[static_cast<size_t>(reserved)] = id;
    Expression root{is_permission ? Op::kPermission : Op::kRelation, type};
    root.member = id;
    Member& member = schema_->members_.emplace_back();
    member.name = std::move(name);
    member.type = type;
    member.is_permission = is_permission;
    member.reserved = reserved;
    member.doc = std::move(doc);
    member.root = AddExpression(std::move(root));
    return id;
  }

  CaveatId AddCaveat(Caveat caveat) {
    const auto id = static_cast<CaveatId>(schema_->caveats_.size());
    schema_->caveat_by_name_.try_emplace(caveat.name, id);
    schema_->caveats_.push_back(std::move(caveat));
    return id;
  }

  ExprId AddExpression(Expression expression) {
    schema_->expressions_.push_back(std::move(expression));
    return static_cast<ExprId>(schema_->expressions_.size() - 1);
  }

  void AddSubjectType(MemberId relation, const SubjectType& subject) {
    schema_->members_[static_cast<size_t>(relation)].subject_types.push_back(subject);
  }

  // `text`: the expression as the printer writes it.
  void SetPermission(MemberId permission, ExprId expression, std::string text) {
    schema_->members_[static_cast<size_t>(permission)].expression = std::move(text);
    const ExprId root = schema_->member(permission).root;
    schema_->expressions_[static_cast<size_t>(root)].children = {expression};
  }

  void AddRule(TypeId task, TaskRule rule) {
    schema_->definitions_[static_cast<size_t>(task)].rules.push_back(std::move(rule));
  }

  // Ends the builder's use.
  std::shared_ptr<const Schema> Finish() { return std::move(schema_); }

 private:
  std::shared_ptr<Schema> schema_ = std::make_shared<Schema>();
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_SCHEMA_BUILDER_H_
