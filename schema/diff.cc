#include "schema/diff.h"

#include <algorithm>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_join.h"
#include "schema/cel/token.h"
#include "schema/expression_meaning.h"
#include "schema/text.h"

namespace mandate {
namespace {

// In the order of the enum.
constexpr std::string_view kNames[] = {
    "DEFINITION_ADDED",
    "DEFINITION_REMOVED",
    "DEFINITION_KIND_CHANGED",
    "DEFINITION_DOC_CHANGED",
    "RELATION_ADDED",
    "RELATION_REMOVED",
    "RELATION_DOC_CHANGED",
    "SUBJECT_TYPE_ADDED",
    "SUBJECT_TYPE_REMOVED",
    "PERMISSION_ADDED",
    "PERMISSION_REMOVED",
    "PERMISSION_DOC_CHANGED",
    "PERMISSION_EXPRESSION_CHANGED",
    "RULE_ADDED",
    "RULE_REMOVED",
    "RULE_DOC_CHANGED",
    "CAVEAT_ADDED",
    "CAVEAT_REMOVED",
    "CAVEAT_DOC_CHANGED",
    "CAVEAT_EXPRESSION_CHANGED",
    "PARAMETER_ADDED",
    "PARAMETER_REMOVED",
    "PARAMETER_TYPE_CHANGED",
};

// Blanks and comments make no difference.
bool HasSameWords(const std::string& a, const std::string& b) {
  const cel::Tokens words_a = cel::Tokenize(a), words_b = cel::Tokenize(b);
  return std::equal(words_a.tokens.begin(), words_a.tokens.end(), words_b.tokens.begin(), words_b.tokens.end(),
                    [](const cel::Token& x, const cel::Token& y) { return x.kind == y.kind && x.text == y.text; });
}

std::vector<std::string> SubjectTypesOf(const Schema& schema, const Member& relation) {
  std::vector<std::string> types;
  for (const SubjectType& subject : relation.subject_types) types.push_back(ShowSubjectType(schema, subject));
  return types;
}

// What a relation or permission is, in the words of the language.
std::string Show(const Schema& schema, const Member& member) {
  if (member.is_permission) return member.expression;
  return absl::StrJoin(SubjectTypesOf(schema, member), " | ");
}

class Differ {
 public:
  Differ(const Schema& before, const Schema& after)
      : before_(before),
        after_(after),
        meanings_before_(meanings_.Read(before)),
        meanings_after_(meanings_.Read(after)) {}

  std::vector<Difference> Run() {
    for (const Definition& old : before_.definitions()) {
      const std::optional<TypeId> found = after_.FindType(old.name);
      if (found.has_value()) {
        CompareDefinitions(old, after_.definition(*found));
      } else {
        Add(DifferenceKind::kDefinitionRemoved, old.name, "", KindKeyword(old.kind), "");
      }
    }
    for (const Definition& fresh : after_.definitions()) {
      if (!before_.FindType(fresh.name).has_value())
        Add(DifferenceKind::kDefinitionAdded, fresh.name, "", "", KindKeyword(fresh.kind));
    }
    for (const Caveat& old : before_.caveats()) {
      const std::optional<CaveatId> found = after_.FindCaveat(old.name);
      if (found.has_value()) {
        CompareCaveats(old, after_.caveat(*found));
      } else {
        Add(DifferenceKind::kCaveatRemoved, old.name, "", old.expression, "");
      }
    }
    for (const Caveat& fresh : after_.caveats()) {
      if (!before_.FindCaveat(fresh.name).has_value())
        Add(DifferenceKind::kCaveatAdded, fresh.name, "", "", fresh.expression);
    }
    return std::move(differences_);
  }

 private:
  void Add(DifferenceKind kind, std::string_view name, std::string_view member, std::string_view before,
           std::string_view after) {
    differences_.push_back({kind, std::string(name), std::string(member), std::string(before), std::string(after)});
  }

  void CompareDocs(DifferenceKind kind, std::string_view name, std::string_view member, const std::string& before,
                   const std::string& after) {
    if (before != after) Add(kind, name, member, before, after);
  }

  void CompareDefinitions(const Definition& old, const Definition& fresh) {
    const std::string& name = old.name;
    if (old.kind != fresh.kind) {
      Add(DifferenceKind::kDefinitionKindChanged, name, "", KindKeyword(old.kind), KindKeyword(fresh.kind));
    }
    CompareDocs(DifferenceKind::kDefinitionDocChanged, name, "", old.doc, fresh.doc);
    for (MemberId id : old.members) {
      const Member& member = before_.member(id);
      const Member* counterpart = Counterpart(after_, name, member);
      if (counterpart != nullptr) {
        CompareMembers(name, member, *counterpart);
      } else {
        Add(member.is_permission ? DifferenceKind::kPermissionRemoved : DifferenceKind::kRelationRemoved, name,
            member.name, Show(before_, member), "");
      }
    }
    for (MemberId id : fresh.members) {
      const Member& member = after_.member(id);
      if (Counterpart(before_, name, member) != nullptr) continue;
      Add(member.is_permission ? DifferenceKind::kPermissionAdded : DifferenceKind::kRelationAdded, name, member.name,
          "", Show(after_, member));
    }
    CompareRules(old, fresh);
  }

  void CompareRules(const Definition& old, const Definition& fresh) {
    const auto find = [](const Definition& task, const std::string& text) {
      return std::find_if(task.rules.begin(), task.rules.end(),
                          [&](const TaskRule& rule) { return rule.text == text; });
    };
    for (const TaskRule& rule : old.rules) {
      const auto found = find(fresh, rule.text);
      if (found == fresh.rules.end()) {
        Add(DifferenceKind::kRuleRemoved, old.name, "", rule.text, "");
      } else {
        CompareDocs(DifferenceKind::kRuleDocChanged, old.name, "", rule.doc, found->doc);
      }
    }
    for (const TaskRule& rule : fresh.rules) {
      if (find(old, rule.text) == old.rules.end()) Add(DifferenceKind::kRuleAdded, old.name, "", "", rule.text);
    }
  }

  // The member of that name in the other schema, if it is of the same sort: a relation that became
  // a permission is gone.
  static const Member* Counterpart(const Schema& other, const std::string& type, const Member& member) {
    const std::optional<MemberId> found = other.FindMember(*other.FindType(type), member.name);
    if (!found.has_value()) return nullptr;
    const Member& counterpart = other.member(*found);
    return counterpart.is_permission == member.is_permission ? &counterpart : nullptr;
  }

  void CompareMembers(const std::string& type, const Member& old, const Member& fresh) {
    CompareDocs(old.is_permission ? DifferenceKind::kPermissionDocChanged : DifferenceKind::kRelationDocChanged, type,
                old.name, old.doc, fresh.doc);
    if (old.is_permission) {
      const auto meaning = [](const Schema& schema, const std::vector<MeaningId>& meanings, const Member& member) {
        const ExprId expression = schema.expression(member.root).children[0];
        return meanings[static_cast<size_t>(expression)];
      };
      if (meanings_.AreSame(meaning(before_, meanings_before_, old), meaning(after_, meanings_after_, fresh))) return;
      Add(DifferenceKind::kPermissionExpressionChanged, type, old.name, old.expression, fresh.expression);
      return;
    }
    const std::vector<std::string> old_types = SubjectTypesOf(before_, old);
    const std::vector<std::string> new_types = SubjectTypesOf(after_, fresh);
    const absl::btree_set<std::string> is_old(old_types.begin(), old_types.end());
    const absl::btree_set<std::string> is_new(new_types.begin(), new_types.end());
    for (const std::string& subject : old_types) {
      if (!is_new.contains(subject)) Add(DifferenceKind::kSubjectTypeRemoved, type, old.name, subject, "");
    }
    for (const std::string& subject : new_types) {
      if (!is_old.contains(subject)) Add(DifferenceKind::kSubjectTypeAdded, type, old.name, "", subject);
    }
  }

  void CompareCaveats(const Caveat& old, const Caveat& fresh) {
    CompareDocs(DifferenceKind::kCaveatDocChanged, old.name, "", old.doc, fresh.doc);
    absl::btree_map<std::string, std::string> old_types, new_types;
    for (const CaveatParameter& parameter : old.parameters) old_types[parameter.name] = parameter.type;
    for (const CaveatParameter& parameter : fresh.parameters) new_types[parameter.name] = parameter.type;
    for (const auto& [name, type] : old_types) {
      const auto found = new_types.find(name);
      if (found == new_types.end()) {
        Add(DifferenceKind::kParameterRemoved, old.name, name, type, "");
      } else if (found->second != type) {
        Add(DifferenceKind::kParameterTypeChanged, old.name, name, type, found->second);
      }
    }
    for (const auto& [name, type] : new_types) {
      if (!old_types.contains(name)) Add(DifferenceKind::kParameterAdded, old.name, name, "", type);
    }
    if (!HasSameWords(old.expression, fresh.expression)) {
      Add(DifferenceKind::kCaveatExpressionChanged, old.name, "", old.expression, fresh.expression);
    }
  }

  const Schema& before_;
  const Schema& after_;
  Meanings meanings_;
  const std::vector<MeaningId> meanings_before_;
  const std::vector<MeaningId> meanings_after_;
  std::vector<Difference> differences_;
};

}  // namespace

std::string_view DifferenceName(DifferenceKind kind) { return kNames[static_cast<size_t>(kind)]; }

bool IsOfDocumentation(DifferenceKind kind) {
  return kind == DifferenceKind::kDefinitionDocChanged || kind == DifferenceKind::kRelationDocChanged ||
         kind == DifferenceKind::kPermissionDocChanged || kind == DifferenceKind::kRuleDocChanged ||
         kind == DifferenceKind::kCaveatDocChanged;
}

std::vector<Difference> DiffSchemas(const Schema& before, const Schema& after) { return Differ(before, after).Run(); }

}  // namespace mandate
