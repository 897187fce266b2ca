// Precedence climbing. Every level of nesting passes through Expression or Unary, which count it;
// trees that grow to the left without recursion (`a + b + c`, `a.b.c`) are counted as they are
// built.
//
//   a + b * c == d || e   ->   or( ==( +(a, *(b, c)), d ), e )
#include "schema/cel/parser.h"

#include <algorithm>

#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

// The function that a binary operator calls; empty for && and ||.
struct Operator {
  std::string_view text;
  int precedence;
  std::string_view function;
};
constexpr Operator kOperators[] = {
    {"||", 1, ""},     {"&&", 2, ""},     {"<", 3, "_<_"},   {"<=", 3, "_<=_"}, {">", 3, "_>_"},
    {">=", 3, "_>=_"}, {"==", 3, "_==_"}, {"!=", 3, "_!=_"}, {"in", 3, "_in_"}, {"+", 4, "_+_"},
    {"-", 4, "_-_"},   {"*", 5, "_*_"},   {"/", 5, "_/_"},   {"%", 5, "_%_"},
};

constexpr NodeId kNoNode = 0xFFFFFFFF;

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens, Ast& ast, Cost& budget)
      : source_(source), tokens_(std::move(tokens)), ast_(ast), budget_(budget) {}

  std::optional<Diagnostic> Run() {
    ast_.root = Expression();
    if (!error_.has_value() && Peek().kind != TokenKind::kEnd) Unexpected("an operator or the end");
    return error_;
  }

 private:
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(pos_ + ahead, tokens_.size() - 1)]; }
  bool IsSymbol(std::string_view text, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == text;
  }
  const Token& Take() { return tokens_[pos_ < tokens_.size() - 1 ? pos_++ : pos_]; }
  bool TakeSymbol(std::string_view text) {
    if (!IsSymbol(text)) return false;
    Take();
    return true;
  }

  NodeId Fail(size_t offset, size_t length, std::string message) {
    if (!error_.has_value()) error_ = Diagnostic{offset, length, std::move(message)};
    return kNoNode;
  }
  NodeId Unexpected(std::string_view wanted) {
    const Token& token = Peek();
    if (token.kind == TokenKind::kEnd) {
      return Fail(token.offset, 0, Cat("the expression ends where ", wanted, " is expected"));
    }
    return Fail(token.offset, token.length,
                Cat("expected ", wanted, " instead of `", source_.substr(token.offset, token.length), "`"));
  }
  bool Expect(std::string_view symbol) {
    if (TakeSymbol(symbol)) return true;
    Unexpected(Cat(Quote(symbol)));
    return false;
  }
  bool failed() const { return error_.has_value(); }

  NodeId Add(Node node) {
    for (NodeId child : node.children) node.depth = std::max(node.depth, ast_[child].depth + 1);
    if (node.depth > kNestingMax) return TooDeep(node.offset, node.length);
    if (!budget_.Charge(kUnitsPerNode)) return Fail(node.offset, node.length, std::string(kTooLarge));
    ast_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(ast_.nodes.size() - 1);
  }
  NodeId TooDeep(size_t offset, size_t length) {
    return Fail(offset, length, Cat("the expression is nested more than ", kNestingMax, " deep"));
  }

  // A node from `begin` to the last token taken.
  Node Spanning(NodeKind kind, uint32_t begin, const Token& focus) const {
    const Token& last = tokens_[pos_ - 1];
    Node node;
    node.kind = kind;
    node.offset = begin;
    node.length = last.offset + last.length - begin;
    node.focus_offset = focus.offset;
    node.focus_length = focus.length;
    return node;
  }

  // Counts one level of recursion.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Level() { --parser_.depth_; }
    bool IsTooDeep() const { return parser_.depth_ > kNestingMax; }

   private:
    Parser& parser_;
  };

  NodeId Expression() {
    Level level(*this);
    if (level.IsTooDeep()) return TooDeep(Peek().offset, Peek().length);
    NodeId condition = Binary(1);
    if (failed() || !IsSymbol("?")) return condition;
    Token question = Take();
    NodeId yes = Binary(1);
    if (failed() || !Expect(":")) return kNoNode;
    NodeId no = Expression();
    if (failed()) return kNoNode;
    Node node = Spanning(NodeKind::kConditional, ast_[condition].offset, question);
    node.children = {condition, yes, no};
    return Add(std::move(node));
  }

  const Operator* PeekOperator() const {
    const Token& token = Peek();
    if (token.kind != TokenKind::kSymbol && token.kind != TokenKind::kWord) return nullptr;
    for (const Operator& op : kOperators) {
      if (op.text == token.text) return &op;
    }
    return nullptr;
  }

  NodeId Binary(int precedence_min) {
    NodeId left = Unary();
    while (!failed()) {
      const Operator* op = PeekOperator();
      if (op == nullptr || op->precedence < precedence_min) return left;
      Token token = Take();
      NodeId right = Binary(op->precedence + 1);
      if (failed()) break;
      left = op->function.empty() ? Logic(left, right, token) : Call(left, right, token, *op);
    }
    return kNoNode;
  }

  NodeId Call(NodeId left, NodeId right, const Token& token, const Operator& op) {
    Node node = Spanning(NodeKind::kCall, ast_[left].offset, token);
    node.text = op.function;
    node.children = {left, right};
    return Add(std::move(node));
  }

  // `a && b` with a further `&& c` stays one node: the operator is associative, errors and unknowns
  // included.
  NodeId Logic(NodeId left, NodeId right, const Token& token) {
    NodeKind kind = token.text == "&&" ? NodeKind::kAnd : NodeKind::kOr;
    if (ast_[left].kind != kind) {
      Node node = Spanning(kind, ast_[left].offset, token);
      node.children = {left, right};
      return Add(std::move(node));
    }
    Node& node = ast_[left];
    node.length = Spanning(kind, node.offset, token).length;
    node.depth = std::max(node.depth, ast_[right].depth + 1);
    node.children.push_back(right);
    return node.depth > kNestingMax ? TooDeep(node.offset, node.length) : left;
  }

  NodeId Unary() {
    bool negation = IsSymbol("-");
    if (!negation && !IsSymbol("!")) return Member();
    if (negation && (IsNumber(Peek(1)) || Peek(1).kind == TokenKind::kIntMin)) return Member();
    Level level(*this);
    Token token = Take();
    if (level.IsTooDeep()) return TooDeep(token.offset, token.length);
    NodeId operand = Unary();
    if (failed()) return kNoNode;
    Node node = Spanning(NodeKind::kCall, token.offset, token);
    node.text = negation ? "-_" : "!_";
    node.children = {operand};
    return Add(std::move(node));
  }

  static bool IsNumber(const Token& token) {
    return token.kind == TokenKind::kLiteral && (token.value.Is(ValueKind::kInt) || token.value.Is(ValueKind::kDouble));
  }

  NodeId Member() {
    NodeId target = Primary();
    while (!failed()) {
      if (IsSymbol(".")) {
        target = Field(target);
      } else if (IsSymbol("[")) {
        target = Index(target);
      } else if (IsSymbol("{") && IsQualifiedName(target)) {
        return Fail(ast_[target].offset, ast_[target].length,
                    "messages cannot be made here; a map is written `{\"key\": value}`");
      } else {
        return target;
      }
    }
    return kNoNode;
  }

  bool IsQualifiedName(NodeId id) const {
    while (ast_[id].kind == NodeKind::kSelect) id = ast_[id].children[0];
    return ast_[id].kind == NodeKind::kName;
  }

  NodeId Field(NodeId target) {
    uint32_t begin = ast_[target].offset;
    Take();  // the dot
    bool optional = TakeSymbol("?");
    const Token& next = Peek();
    bool is_keyword = next.text == "in" || next.text == "true" || next.text == "false" || next.text == "null";
    if (next.kind != TokenKind::kQuotedWord && (next.kind != TokenKind::kWord || is_keyword)) {
      return Unexpected("a field or method name");
    }
    Token name = Take();
    if (!optional && name.kind == TokenKind::kWord && IsSymbol("(")) return Arguments(target, begin, name);
    Node node = Spanning(optional ? NodeKind::kOptionalSelect : NodeKind::kSelect, begin, name);
    node.text = std::string(name.text);
    node.children = {target};
    return Add(std::move(node));
  }

  NodeId Index(NodeId target) {
    uint32_t begin = ast_[target].offset;
    Token bracket = Take();
    bool optional = TakeSymbol("?");
    NodeId index = Expression();
    if (failed() || !Expect("]")) return kNoNode;
    Node node = Spanning(NodeKind::kCall, begin, bracket);
    node.text = optional ? "_[?_]" : "_[_]";
    node.children = {target, index};
    return Add(std::move(node));
  }

  // `name(a, b)`, on `target` unless that is kNoNode.
  NodeId Arguments(NodeId target, uint32_t begin, const Token& name) {
    Take();  // the parenthesis
    std::vector<NodeId> children;
    if (target != kNoNode) children.push_back(target);
    while (!IsSymbol(")")) {
      children.push_back(Expression());
      if (failed()) return kNoNode;
      if (!IsSymbol(")") && !Expect(",")) return kNoNode;
      if (IsSymbol(")") && tokens_[pos_ - 1].text == ",") return Unexpected("an argument");
    }
    Take();
    Node node = Spanning(NodeKind::kCall, begin, name);
    node.text = std::string(name.text);
    node.has_receiver = target != kNoNode;
    node.children = std::move(children);
    if (std::optional<Diagnostic> error = ExpandMacro(ast_, node)) {
      return Fail(error->offset, error->length, std::move(error->message));
    }
    return Add(std::move(node));
  }

  NodeId Primary() {
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kLiteral: return Literal(/*negate=*/false);
      case TokenKind::kIntMin:
        return Fail(token.offset, token.length, Cat(Quote(token.text), " does not fit an int of 64 bits"));
      case TokenKind::kWord: return Word();
      case TokenKind::kSymbol:
        if (token.text == "(") return Parenthesis();
        if (token.text == "[") return List();
        if (token.text == "{") return Map();
        if (token.text == "-") return Literal(/*negate=*/true);
        if (token.text == ".") return Word();
        [[fallthrough]];
      default: return Unexpected("a value");
    }
  }

  // REQUIRES: a literal follows, after a minus if `negate`.
  NodeId Literal(bool negate) {
    uint32_t begin = Peek().offset;
    if (negate) Take();
    Token token = Take();
    Node node = Spanning(NodeKind::kConstant, begin, token);
    if (token.kind == TokenKind::kIntMin) {
      node.constant = Value::Int(std::numeric_limits<int64_t>::min());
    } else if (negate && token.value.Is(ValueKind::kInt)) {
      node.constant = Value::Int(-token.value.int_value());
    } else if (negate) {
      node.constant = Value::Double(-token.value.double_value());
    } else {
      node.constant = token.value;
    }
    return Add(std::move(node));
  }

  NodeId Word() {
    uint32_t begin = Peek().offset;
    bool leading_dot = TakeSymbol(".");
    if (Peek().kind != TokenKind::kWord) return Unexpected("a name");
    Token token = Take();
    if (!leading_dot && (token.text == "true" || token.text == "false" || token.text == "null")) {
      Node node = Spanning(NodeKind::kConstant, begin, token);
      if (token.text != "null") node.constant = Value::Bool(token.text == "true");
      return Add(std::move(node));
    }
    if (IsReserved(token.text)) {
      return Fail(token.offset, token.length, Cat(Quote(token.text), " is a reserved word"));
    }
    if (IsSymbol("(")) return Arguments(kNoNode, begin, token);
    Node node = Spanning(NodeKind::kName, begin, token);
    node.text = std::string(token.text);
    node.has_leading_dot = leading_dot;
    return Add(std::move(node));
  }

  NodeId Parenthesis() {
    uint32_t begin = Take().offset;
    NodeId inner = Expression();
    if (failed() || !Expect(")")) return kNoNode;
    Node& node = ast_[inner];
    node.length = tokens_[pos_ - 1].offset + 1 - begin;
    node.offset = begin;
    return inner;
  }

  NodeId List() {
    Token bracket = Take();
    std::vector<NodeId> children;
    std::vector<bool> optional;
    while (!IsSymbol("]")) {
      optional.push_back(TakeSymbol("?"));
      children.push_back(Expression());
      if (failed()) return kNoNode;
      if (!IsSymbol("]") && !Expect(",")) return kNoNode;
    }
    Take();
    Node node = Spanning(NodeKind::kList, bracket.offset, bracket);
    node.children = std::move(children);
    if (std::find(optional.begin(), optional.end(), true) != optional.end()) node.optional_children = optional;
    return Add(std::move(node));
  }

  NodeId Map() {
    Token brace = Take();
    std::vector<NodeId> children;
    std::vector<bool> optional;
    while (!IsSymbol("}")) {
      optional.push_back(TakeSymbol("?"));
      children.push_back(Expression());
      if (failed() || !Expect(":")) return kNoNode;
      children.push_back(Expression());
      if (failed()) return kNoNode;
      if (!IsSymbol("}") && !Expect(",")) return kNoNode;
    }
    Take();
    Node node = Spanning(NodeKind::kMap, brace.offset, brace);
    node.children = std::move(children);
    if (std::find(optional.begin(), optional.end(), true) != optional.end()) node.optional_children = optional;
    return Add(std::move(node));
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  Ast& ast_;
  Cost& budget_;
  size_t pos_ = 0;
  int depth_ = 0;
  std::optional<Diagnostic> error_;
};

}  // namespace

std::optional<Diagnostic> Parse(std::string_view source, Ast& ast, Cost& budget) {
  Tokens tokens = Tokenize(source);
  if (tokens.error.has_value()) return tokens.error;
  return Parser(source, std::move(tokens.tokens), ast, budget).Run();
}

}  // namespace mandate::cel
