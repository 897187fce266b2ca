// resolver.h: a syntax tree into an immutable Schema: names become integers, and all that is wrong
// is reported.
//
//   DeclareNames           declare.cc             definitions, partials put in, members, caveats
//   ResolveSubjectTypes    resolve_subjects.cc    what each relation may hold
//   CheckDelegation        delegation_rules.cc    the kinds and their reserved relations
//   ResolvePermissions     resolve_permissions.cc expressions and arrows
//   ResolveRules           resolve_rules.cc       rules of tasks: what they name, and one another
//   CheckRuleReach         rule_reach.cc          rules that could never apply
//   AnalyzeExpressions     analyze.cc             bad recursion; type annotations
//   LintMeaning            lint_meaning.cc        warnings, if there is no error
//
// Each phase works with what the earlier ones could make sense of, and keeps silent about what
// follows from an error already reported.
//
// Threads     One compilation, one thread.
// Ownership   The file and the sink outlive the resolution.
#ifndef MANDATE_SCHEMA_RESOLVER_H_
#define MANDATE_SCHEMA_RESOLVER_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "schema/cel/cel.h"
#include "schema/compiler.h"
#include "schema/diagnostic_sink.h"
#include "schema/expression_graph.h"
#include "schema/schema.h"
#include "schema/schema_builder.h"
#include "schema/syntax.h"
#include "schema/text.h"

namespace mandate {

// What a type and a member were made from.
struct TypeSource {
  const syntax::Definition* syntax;
  bool incomplete = false;                                      // Any member may be one that could not be read,
  std::vector<const absl::flat_hash_set<std::string>*> unread;  // and these in any case.

  // True if `member`, which is not declared, may be there all the same; then nothing is said about
  // it.
  bool MayDeclare(std::string_view member) const {
    return incomplete || std::any_of(unread.begin(), unread.end(),
                                     [&](const auto* words) { return words->contains(AbslView(member)); });
  }
};
struct MemberSource {
  const syntax::Member* syntax;
  bool incomplete = false;                                  // Some subject type could not be resolved.
  std::vector<const syntax::SubjectType*> subject_sources;  // Parallel to Member::subject_types.
};

// A rule of a task that could be read.
struct RuleSource {
  TypeId task;
  const syntax::Member* syntax;
  std::optional<size_t> index;  // Among the rules of its Definition, once it is resolved.
};

struct Resolution {
  Resolution(const syntax::File& f, DiagnosticSink& s) : file(f), sink(s) {}

  const syntax::File& file;
  DiagnosticSink& sink;
  SchemaBuilder builder;
  std::vector<TypeSource> types;         // By TypeId.
  std::vector<MemberSource> members;     // By MemberId.
  std::vector<RuleSource> rules;         // In the order of the text.
  std::vector<syntax::Span> expr_spans;  // By ExprId: where each expression stands.
  absl::btree_map<std::string, const syntax::Definition*> partials;
  absl::node_hash_map<const syntax::Definition*, absl::flat_hash_set<std::string>>
      unread_members;                       // By body. A partial's are shared by all that it is put into.
  absl::flat_hash_set<std::string> unread;  // Names that an item that could not be read may declare.

  // Of all caveats together. Once it is exceeded, which is reported, no more are compiled.
  cel::Cost caveat_budget{cel::kCompileCostMax};

  bool too_large = false;  // Reported; the rest is not worth the work.

  const Schema& schema() const { return builder.schema(); }
  bool MayDeclare(std::string_view name) const { return file.incomplete || unread.contains(AbslView(name)); }
  TypeSource& type_source(TypeId id) { return types[static_cast<size_t>(id)]; }
  MemberSource& member_source(MemberId id) { return members[static_cast<size_t>(id)]; }
  const std::string& type_name(TypeId id) const { return schema().definition(id).name; }

  ExprId AddExpression(Expression expression, syntax::Span span) {
    const ExprId id = builder.AddExpression(std::move(expression));
    expr_spans.resize(static_cast<size_t>(id) + 1);
    expr_spans[static_cast<size_t>(id)] = span;
    return id;
  }

  // "; did you mean `x`?", or nothing.
  std::string SuggestMember(TypeId type, std::string_view name);
  std::string SuggestType(std::string_view name);
  std::string SuggestCaveat(std::string_view name);
  std::string SuggestPartial(std::string_view name);

 private:
  // Names are compared one by one, so a text of many errors among many names gets suggestions for
  // the first of them only.
  static constexpr size_t kComparisonsMax = 300'000;

  template <typename Items, typename NameOf>
  std::string Suggest(std::string_view name, const Items& items, NameOf name_of);

  size_t comparisons_left_ = kComparisonsMax;
};

void DeclareNames(Resolution& r);
void ResolveSubjectTypes(Resolution& r);
void CheckDelegation(Resolution& r);
void ResolvePermissions(Resolution& r);
void ResolveRules(Resolution& r);
void CheckRuleReach(Resolution& r);
void AnalyzeExpressions(Resolution& r, const ExpressionGraph& graph);
void LintMeaning(Resolution& r, const ExpressionGraph& graph);

// The relation that delegation reserves under this name on this kind.
Reserved ReservedName(Kind kind, std::string_view name);

// `an agent`, `a task`, ...
std::string_view DescribeKind(Kind kind);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_RESOLVER_H_
