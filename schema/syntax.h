// syntax.h: schema text as a tree, before any name is looked up: what was written, and where.
//
//   syntax::File file = syntax::ParseSchema(text, sink);          // parser.h
//   std::string canonical = syntax::FormatSchema(file);           // printer.h
//
// Threads     Values; safe anywhere.
// Ownership   Everything is owned by the File; it copies what it needs from the text.
// Units       Spans are in bytes of the text. Expressions of a file live in one vector, children
//             before parents, so that walking them needs no recursion.
#ifndef MANDATE_SCHEMA_SYNTAX_H_
#define MANDATE_SCHEMA_SYNTAX_H_

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "schema/rule_kind.h"

namespace mandate::syntax {

struct Span {
  uint32_t offset = 0;
  uint32_t length = 0;
  uint32_t end() const { return offset + length; }
};

// From the start of `first` to the end of `last`.
inline Span Cover(Span first, Span last) { return {first.offset, last.end() - first.offset}; }

struct Name {
  std::string text;  // Empty: not given, or not readable (then the parser has reported it).
  Span span;
  bool empty() const { return text.empty(); }
};

struct Comment {
  std::string text;            // With its delimiters, free of the indentation it stood at.
  bool blank_after = false;    // An empty line follows; then it is no doc comment of what comes next.
  bool first_on_line = false;  // Inside a statement: nothing but comments stands before it.
};

// The comments that belong to an item. Those inside a statement belong to the part that follows
// them: a subject type, an operand, a parameter.
struct Comments {
  std::vector<Comment> before;
  std::vector<Comment> after;  // Behind it on its last line.
};

enum class ExprIndex : uint32_t { kNone = std::numeric_limits<uint32_t>::max() };
enum class ExprKind : uint8_t { kName, kNil, kSelf, kArrow, kUnion, kIntersection, kExclusion, kBroken };
inline bool IsOperator(ExprKind kind) {
  return kind == ExprKind::kUnion || kind == ExprKind::kIntersection || kind == ExprKind::kExclusion;
}

// How an arrow step goes over the objects of its left side: `a->b` and `a.any(b)`: some;
// `a.all(b)`: each.
enum class Walk : uint8_t { kArrow, kAny, kAll };
struct ArrowStep {
  Walk walk;
  Name target;
};

struct Expr {
  ExprKind kind = ExprKind::kBroken;
  Span span;                        // With its parentheses.
  Name name;                        // kName; kArrow: the relation on the far left.
  std::vector<ArrowStep> steps;     // kArrow, at least one.
  std::vector<ExprIndex> children;  // Operators, at least two; `a - b - c` has three.
  std::vector<Comment> before;      // All but operators; those before its parentheses too.
  bool parenthesized = false;
};

// `user with expiration`, `team#member`, `user:*`, `document:*#view`.
struct SubjectType {
  Name type;
  bool wildcard = false;
  Name relation;  // Empty for `user#...`, which means the same as `user`.
  Name caveat;    // After `with`.
  bool expiration = false;
  Span form;  // The type, wildcard and relation.
  Span span;  // With the traits.
  std::vector<Comment> before;
};

// `document#view` in a rule.
struct PermissionName {
  Name type;
  Name member;
  Span span;
};

// A rule of a task. What a kind does not use stays empty.
struct Rule {
  RuleKind kind = RuleKind::kLimit;
  PermissionName permission;  // What is counted, watched or approved.
  Name when;                  // kAfter, kContain; may be empty.
  PermissionName governed;    // kAfter, kContain.
  uint64_t count = 0;         // kLimit; all numbers past kLimitMax are read as the one behind it.
  Span count_span;
  LimitPer per = LimitPer::kTask;     // kLimit.
  Name approver;                      // kApproval.
  bool other_than_principal = false;  // kApproval.
  Span span;
};

enum class MemberKind : uint8_t { kRelation, kPermission, kSpread, kRule };

struct Member {
  MemberKind kind = MemberKind::kRelation;
  Name name;  // kSpread: the partial; kRule: empty.
  Span span;  // The whole statement.
  Comments comments;
  bool blank_before = false;               // An empty line stands before it.
  bool broken = false;                     // It had an error; only its name is good.
  std::vector<SubjectType> subject_types;  // kRelation.
  std::vector<Name> annotation;            // kPermission: `permission view: user | team = ...`.
  ExprIndex first = ExprIndex::kNone;      // kPermission: its expression is all of [first, root].
  ExprIndex root = ExprIndex::kNone;
  Rule rule;  // kRule.
};

enum class DefinitionKind : uint8_t { kDefinition, kPartial, kAgent, kTask, kSession };

struct Definition {
  DefinitionKind kind = DefinitionKind::kDefinition;
  Name name;
  Span span;  // From the kind to the closing brace.
  Comments comments;
  std::vector<Comment> open_comments;  // Behind the opening brace on its line.
  std::vector<Member> members;
  std::vector<Comment> end_comments;  // Before the closing brace,
  bool end_blank_before = false;      // with an empty line before them.
  bool incomplete = false;            // Its body could not be read: any name may be declared there.
  std::vector<std::string> unread;    // The words of statements that could not be read: so may these.
};

struct CaveatParameter {
  Name name;
  std::string type;  // `list<string>`, without blanks.
  Span type_span;
  std::vector<Comment> before;
};

struct Caveat {
  Name name;
  Comments comments;
  std::vector<CaveatParameter> parameters;
  std::string body;  // Everything between the braces, trimmed.
  Span body_span;
  bool broken = false;
};

// `use expiration`.
struct Use {
  Name flag;
  Comments comments;
};

struct Import {
  Name path;  // With its quotes.
  Span span;
  Comments comments;
};

using Item = std::variant<Use, Import, Definition, Caveat>;

struct File {
  std::vector<Item> items;
  std::vector<Expr> exprs;
  std::vector<Comment> end_comments;
  bool incomplete = false;          // There is an import: any name may be declared there.
  std::vector<std::string> unread;  // The words of items that could not be read: so may these.

  bool uses_expiration = false;
  bool uses_self = false;
  bool uses_typechecking = false;
  bool uses_partial = false;
  bool uses_import = false;
  bool uses_delegation = false;

  const Expr& expr(ExprIndex index) const { return exprs[static_cast<size_t>(index)]; }
};

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_SYNTAX_H_
