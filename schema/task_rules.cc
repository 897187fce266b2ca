#include "schema/task_rules.h"

#include "schema/text.h"

namespace mandate {
namespace {

// `document#view`, or nothing.
std::string NameOf(const Schema& schema, MemberId id) {
  if (id == MemberId::kNone) return {};
  const Member& member = schema.member(id);
  return Cat(schema.definition(member.type).name, "#", member.name);
}

}  // namespace

bool RefusesAllOf(const Schema& schema, const TaskRule& rule, const Schema& other_schema, const TaskRule& other) {
  const auto same = [&](MemberId TaskRule::*part) {
    return NameOf(schema, rule.*part) == NameOf(other_schema, other.*part);
  };
  if (rule.kind != other.kind || !same(&TaskRule::permission)) return false;
  switch (rule.kind) {
    case RuleKind::kLimit:
      // What a session did counts for its task, and for every task above.
      return rule.limit <= other.limit && (rule.per == other.per || rule.per == LimitPer::kTask);
    case RuleKind::kAfter:
    case RuleKind::kContain:
      return same(&TaskRule::governed) && (rule.when == MemberId::kNone || same(&TaskRule::when));
    case RuleKind::kApproval:
      return same(&TaskRule::approver) && (rule.other_than_principal || !other.other_than_principal);
  }
  return false;
}

std::string RuleName(const Definition& task, const TaskRule& rule) { return Cat(task.name, ": ", rule.text); }

}  // namespace mandate
