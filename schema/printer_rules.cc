#include "schema/printer.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

std::string Format(const PermissionName& permission) { return Cat(permission.type.text, "#", permission.member.text); }

std::string FormatWhen(const Name& when) { return when.empty() ? std::string() : Cat(" when ", when.text); }

}  // namespace

std::string FormatRule(const Rule& rule) {
  const std::string permission = Format(rule.permission);
  switch (rule.kind) {
    case RuleKind::kLimit:
      return Cat("limit ", permission, " to ", rule.count, " per ", rule.per == LimitPer::kTask ? "task" : "session");
    case RuleKind::kAfter: return Cat("after ", permission, FormatWhen(rule.when), " forbid ", Format(rule.governed));
    case RuleKind::kContain: return Cat("contain ", permission, FormatWhen(rule.when), " at ", Format(rule.governed));
    case RuleKind::kApproval:
      return Cat("require approval for ", permission, " by ", rule.approver.text,
                 rule.other_than_principal ? " other than principal" : "");
  }
  return {};
}

}  // namespace mandate::syntax
