// Expressions of permissions, `+` before `&` before `-`:
//
//   expr    = meet { "-" meet } ;   meet = join { "&" join } ;   join = primary { "+" primary }
//   primary = ident { "->" ident | "." ( "any" | "all" ) "(" ident ")" } | "(" expr ")" | "nil" |
//   "self"
//
// Nodes are added children first, so the nodes of one expression are one run that ends with its
// root.
#include "schema/parser_impl.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

// Bounds the parser's recursion; nobody reads an expression that deep.
constexpr int kNestingMax = 256;

struct Operator {
  std::string_view symbol;
  ExprKind kind;
};
constexpr Operator kOperators[] = {  // Loosest first.
    {"-", ExprKind::kExclusion},
    {"&", ExprKind::kIntersection},
    {"+", ExprKind::kUnion}};
constexpr int kOperatorLevels = 3;

}  // namespace

ExprIndex SchemaParser::AddExpr(Expr expr) {
  file_.exprs.push_back(std::move(expr));
  return static_cast<ExprIndex>(file_.exprs.size() - 1);
}

ExprIndex SchemaParser::ParseOperation(int level) {
  if (level == kOperatorLevels) return ParsePrimary();
  const Operator& op = kOperators[level];
  std::vector<ExprIndex> children = {ParseOperation(level + 1)};
  while (!failed_ && Accept(op.symbol)) children.push_back(ParseOperation(level + 1));
  if (failed_) return ExprIndex::kNone;
  if (children.size() == 1) return children[0];
  Expr expr;
  expr.kind = op.kind;
  expr.span = Cover(file_.expr(children.front()).span, file_.expr(children.back()).span);
  expr.children = std::move(children);
  return AddExpr(std::move(expr));
}

ExprIndex SchemaParser::ParsePrimary() {
  if (failed_) return ExprIndex::kNone;
  if (AtSymbol("(")) return ParseParentheses();
  const bool is_nil = AtWord("nil");
  const bool is_self = file_.uses_self && AtWord("self");
  if (!is_nil && !is_self) return ParseNameOrArrow();
  Expr expr;
  expr.before = TakeCommentsInside();
  expr.kind = is_nil ? ExprKind::kNil : ExprKind::kSelf;
  expr.span = Current().span;
  Advance();
  RefuseArrowHere();
  return failed_ ? ExprIndex::kNone : AddExpr(std::move(expr));
}

ExprIndex SchemaParser::ParseParentheses() {
  const Span open = Current().span;
  if (nesting_ == kNestingMax) {
    Fail(open,
         "parentheses are nested more than 256 deep; name a part of the expression as a permission "
         "of its own");
    return ExprIndex::kNone;
  }
  ++nesting_;
  Advance();
  const ExprIndex inner = ParseOperation(0);
  --nesting_;
  if (failed_) return ExprIndex::kNone;
  if (!AtSymbol(")")) {
    const TokenKind kind = Current().kind;
    if (kind == TokenKind::kEnd || kind == TokenKind::kEndOfText || AtSymbol("}") || Current().first_on_line) {
      if (!lexed_.cut_short) Fail(open, "this `(` is never closed");
      failed_ = true;
    } else {
      FailExpected("`+`, `&`, `-` or `)`");
    }
    return ExprIndex::kNone;
  }
  Expr& expr = file_.exprs[static_cast<size_t>(inner)];
  expr.span = Cover(open, Current().span);
  expr.parenthesized = true;
  Advance();
  RefuseArrowHere();
  return inner;
}

void SchemaParser::RefuseArrowHere() {
  if (!AtSymbol("->") && !AtSymbol(".")) return;
  Fail(Current().span, Cat("only a relation can stand to the left of ", DescribeCurrent(),
                           ": it goes over the objects that a relation holds"));
}

ExprIndex SchemaParser::ParseNameOrArrow() {
  Expr expr;
  expr.before = TakeCommentsInside();
  expr.kind = ExprKind::kName;
  expr.name = ParseName("a relation or permission");
  while (!failed_ && (AtSymbol("->") || AtSymbol("."))) {
    expr.kind = ExprKind::kArrow;
    expr.steps.push_back(ParseArrowStep());
  }
  if (failed_) return ExprIndex::kNone;
  expr.span = Cover(expr.name.span, Previous().span);
  return AddExpr(std::move(expr));
}

ArrowStep SchemaParser::ParseArrowStep() {
  if (Accept("->")) return {Walk::kArrow, ParseName("the name of a relation or permission")};
  Advance();
  const bool any = AtWord("any");
  if (!any && !AtWord("all")) {
    FailExpected("`any` or `all`");
    return {};
  }
  ArrowStep step{any ? Walk::kAny : Walk::kAll, {}};
  Advance();
  if (!Expect("(", "`(`")) return step;
  step.target = ParseName("the name of a relation or permission");
  Expect(")", "`)`");
  return step;
}

}  // namespace mandate::syntax
