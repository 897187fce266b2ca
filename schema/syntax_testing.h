// syntax_testing.h: a syntax tree as text that shows all of it except positions, redundant
// parentheses and the indentation of caveats, so that two trees are the same exactly if their texts
// are.
//
// Threads     Tests and fuzzers only.
#ifndef MANDATE_SCHEMA_SYNTAX_TESTING_H_
#define MANDATE_SCHEMA_SYNTAX_TESTING_H_

#include <string>

#include "schema/cel/token.h"
#include "schema/printer.h"
#include "schema/syntax.h"
#include "schema/text.h"

namespace mandate::syntax {

inline void ShowComments(const std::vector<Comment>& comments, std::string_view what, std::string& out) {
  for (const Comment& c : comments)
    out += Cat(what, "<", c.text, ">", c.blank_after ? " blank" : "", c.first_on_line ? " first" : "", "\n");
}

// Children come before their parents, so the nodes in order, each with its distance to its
// children, are the tree.
inline void ShowExpr(const File& file, const Member& member, std::string& out) {
  if (member.root == ExprIndex::kNone) return;
  for (auto i = static_cast<size_t>(member.first); i <= static_cast<size_t>(member.root); ++i) {
    const Expr& e = file.exprs[i];
    ShowComments(e.before, "  inside", out);
    out += Cat("  node ", static_cast<int>(e.kind), " ", e.name.text);
    for (const ArrowStep& step : e.steps) out += Cat(" step ", static_cast<int>(step.walk), " ", step.target.text);
    for (ExprIndex child : e.children) out += Cat(" -", i - static_cast<size_t>(child));
    out += '\n';
  }
}

inline void ShowRule(const Rule& r, std::string& out) {
  out += Cat("  rule ", static_cast<int>(r.kind), " ", r.permission.type.text, "#", r.permission.member.text, " when ",
             r.when.text, " governs ", r.governed.type.text, "#", r.governed.member.text, " to ", r.count, " per ",
             static_cast<int>(r.per), " by ", r.approver.text, r.other_than_principal ? " other" : "", "\n");
}

inline void ShowMember(const File& file, const Member& m, std::string& out) {
  ShowComments(m.comments.before, "before", out);
  out += Cat(" member ", static_cast<int>(m.kind), " ", m.name.text, m.blank_before ? " blank" : "", "\n");
  for (const SubjectType& s : m.subject_types) {
    ShowComments(s.before, "  inside", out);
    out += Cat("  subject ", s.type.text, s.wildcard ? " *" : "", " #", s.relation.text, " with ", s.caveat.text,
               s.expiration ? " expiration" : "", "\n");
  }
  for (const Name& type : m.annotation) out += Cat("  annotated ", type.text, "\n");
  ShowExpr(file, m, out);
  if (m.kind == MemberKind::kRule) ShowRule(m.rule, out);
  ShowComments(m.comments.after, "after", out);
}

inline std::string ShowFile(const File& file) {
  std::string out;
  for (const Item& item : file.items) {
    std::visit([&](const auto& value) { ShowComments(value.comments.before, "before", out); }, item);
    if (const auto* use = std::get_if<Use>(&item)) out += Cat("use ", use->flag.text, "\n");
    if (const auto* import = std::get_if<Import>(&item)) out += Cat("import ", import->path.text, "\n");
    if (const auto* definition = std::get_if<Definition>(&item)) {
      out += Cat("definition ", static_cast<int>(definition->kind), " ", definition->name.text, "\n");
      ShowComments(definition->open_comments, "open", out);
      for (const Member& member : definition->members) ShowMember(file, member, out);
      ShowComments(definition->end_comments, definition->end_blank_before ? "blank end" : "end", out);
    }
    if (const auto* caveat = std::get_if<Caveat>(&item)) {
      out += Cat("caveat ", caveat->name.text, " {\n", FormatCaveatBody(caveat->body), "\n}\n");
      for (const CaveatParameter& p : caveat->parameters) {
        ShowComments(p.before, "  inside", out);
        out += Cat(" parameter ", p.name.text, " ", p.type, "\n");
      }
    }
    std::visit([&](const auto& value) { ShowComments(value.comments.after, "after", out); }, item);
  }
  ShowComments(file.end_comments, "end", out);
  return out;
}

// The caveats' expressions as CEL reads them, word for word.
inline std::string ShowExpressions(const File& file) {
  std::string out;
  for (const Item& item : file.items) {
    const auto* caveat = std::get_if<Caveat>(&item);
    if (caveat == nullptr) continue;
    const cel::Tokens words = cel::Tokenize(caveat->body);
    out += caveat->name.text;
    for (const cel::Token& word : words.tokens) out += Cat(" ", word.text);
    out += words.error.has_value() ? Cat(" error: ", words.error->message, "\n") : "\n";
  }
  return out;
}

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_SYNTAX_TESTING_H_
