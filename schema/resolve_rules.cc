// Rules of tasks: what they name, and one against another.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/comment.h"
#include "schema/printer.h"
#include "schema/resolver.h"
#include "schema/task_rules.h"
#include "schema/text.h"

namespace mandate {
namespace {

class RuleResolver {
 public:
  explicit RuleResolver(Resolution& r) : r_(r) {}

  void Run() {
    absl::flat_hash_set<std::pair<TypeId, std::string>> said;
    absl::flat_hash_map<TypeId, size_t> counts;
    for (RuleSource& source : r_.rules) {
      const syntax::Rule& rule = source.syntax->rule;
      if (++counts[source.task] > kRulesMax) {
        if (counts[source.task] == kRulesMax + 1) {
          r_.sink.Error(rule.span, Cat("a task has at most ", kRulesMax, " rules: each is looked at in every call"));
        }
        continue;
      }
      std::string text = syntax::FormatRule(rule);
      if (!said.emplace(source.task, text).second) {
        r_.sink.Error(rule.span, Cat("this rule is stated twice in ", Quote(r_.type_name(source.task))));
        continue;
      }
      Resolve(source, std::move(text));
    }
    for (const RuleSource& source : r_.rules) WarnIfVoid(source);
  }

 private:
  void Resolve(RuleSource& source, std::string text) {
    const syntax::Rule& rule = source.syntax->rule;
    TaskRule out{.kind = rule.kind,
                 .per = rule.per,
                 .other_than_principal = rule.other_than_principal,
                 .text = std::move(text),
                 .doc = syntax::DocText(source.syntax->comments)};
    bool good = ResolvePermissionName(rule.permission, out.permission);
    if (rule.kind == RuleKind::kAfter || rule.kind == RuleKind::kContain)
      good &= ResolvePermissionName(rule.governed, out.governed);
    if (!rule.when.empty()) good &= ResolveAsked(out.permission, rule.when, out.when);
    if (!rule.approver.empty()) good &= ResolveAsked(out.permission, rule.approver, out.approver);
    if (rule.kind == RuleKind::kLimit) good &= CheckCount(rule);
    if (!good) return;
    out.limit = static_cast<uint32_t>(rule.count);
    source.index = r_.schema().definition(source.task).rules.size();
    r_.builder.AddRule(source.task, std::move(out));
  }

  bool ResolvePermissionName(const syntax::PermissionName& name, MemberId& member) {
    const std::optional<TypeId> type = r_.schema().FindType(name.type.text);
    if (!type.has_value()) {
      if (!r_.MayDeclare(name.type.text)) {
        r_.sink.Error(name.type.span,
                      Cat("definition ", Quote(name.type.text), " does not exist", r_.SuggestType(name.type.text)));
      }
      return false;
    }
    const Kind kind = r_.schema().definition(*type).kind;
    if (kind != Kind::kDefinition) {
      r_.sink.Error(name.span, Cat("a rule is about permissions on ordinary definitions; ", Quote(name.type.text),
                                   " is ", DescribeKind(kind)));
      return false;
    }
    return ResolveMember(*type, name.member, member);
  }

  // `when` and `by` are asked on the object of the permission before, if that is known.
  bool ResolveAsked(MemberId permission, const syntax::Name& name, MemberId& member) {
    return permission != MemberId::kNone && ResolveMember(r_.schema().member(permission).type, name, member);
  }

  bool ResolveMember(TypeId type, const syntax::Name& name, MemberId& member) {
    const std::optional<MemberId> found = r_.schema().FindMember(type, name.text);
    if (!found.has_value()) {
      if (!r_.type_source(type).MayDeclare(name.text)) {
        r_.sink.Error(name.span, Cat("relation or permission ", Quote(name.text), " is not defined on ",
                                     Quote(r_.type_name(type)), r_.SuggestMember(type, name.text)));
      }
      return false;
    }
    if (r_.schema().member(*found).reserved != Reserved::kNone) {
      r_.sink.Error(name.span, Cat(Quote(name.text), " of ", Quote(r_.type_name(type)),
                                   " is reserved for delegation and cannot be part of a rule"));
      return false;
    }
    member = *found;
    return true;
  }

  bool CheckCount(const syntax::Rule& rule) {
    if (rule.count == 0) {
      r_.sink.Error(rule.count_span, "a limit is at least 1; what is never to be done stays out of `scope`");
    } else if (rule.count > kLimitMax) {
      r_.sink.Error(rule.count_span, Cat("a limit is at most ", kLimitMax));
    }
    return rule.count >= 1 && rule.count <= kLimitMax;
  }

  void WarnIfVoid(const RuleSource& source) {
    if (!source.index.has_value()) return;
    const std::vector<TaskRule>& rules = r_.schema().definition(source.task).rules;
    for (size_t i = 0; i < rules.size(); ++i) {
      if (i == *source.index || !RefusesAllOf(r_.schema(), rules[i], r_.schema(), rules[*source.index])) continue;
      r_.sink.Warning(source.syntax->rule.span, Lint::kRuleVoid,
                      Cat("this rule is void: ", Quote(rules[i].text), " refuses all that it would"));
      return;
    }
  }

  Resolution& r_;
};

}  // namespace

void ResolveRules(Resolution& r) { RuleResolver(r).Run(); }

}  // namespace mandate
