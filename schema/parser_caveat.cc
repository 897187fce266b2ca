// Caveats:
//
//   caveat = "caveat" path "(" ident type { "," ident type } ")" "{" CEL "}"
//   type   = ident [ "<" type { "," type } ">" ]
//
// The body is kept as text: its language is CEL, which has its own compiler. Only its braces,
// strings and comments are understood here, to find its end.
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "schema/parser_impl.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

constexpr int kTypeNestingMax = 16;
constexpr size_t kBodyBytesMax = 100'000;
constexpr size_t kNameBytesMax = 128;

// The types of parameters, and how many types each takes in `<>`.
struct ParameterType {
  std::string_view name;
  int argument_count;
};
constexpr ParameterType kParameterTypes[] = {
    {"any", 0},       {"bool", 0},   {"bytes", 0},     {"double", 0}, {"duration", 0}, {"int", 0},
    {"ipaddress", 0}, {"string", 0}, {"timestamp", 0}, {"uint", 0},   {"list", 1},     {"map", 1},
};

bool IsIdentifier(std::string_view word) {
  if (word.empty() || absl::ascii_isdigit(word[0])) return false;
  for (char c : word) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return true;
}

}  // namespace

void SchemaParser::ParseCaveat() {
  Caveat caveat;
  caveat.comments.before = TakeCommentsBefore(Current().span.offset);
  definition_seen_ = true;
  Advance();
  caveat.name = ParsePath("the name of a caveat");
  if (caveat.name.text.size() > kNameBytesMax) {
    sink_.SyntaxError(caveat.name.span, "the name of a caveat has at most 128 characters");
  }
  for (char c : caveat.name.text) {
    if (absl::ascii_isascii(c)) continue;
    sink_.SyntaxError(caveat.name.span,
                      Cat(Quote(caveat.name.text), " cannot name a caveat: a name has letters, digits and `_`"));
    break;
  }
  ParseCaveatParameters(caveat);
  if (!failed_ && Expect("{", "`{`")) {
    for (Comment& comment : TakeCommentsBefore(Previous().span.offset)) {
      comment.blank_after = false;
      caveat.comments.before.push_back(std::move(comment));
    }
    ParseCaveatBody(caveat);
  }
  caveat.broken |= failed_;
  FinishComments(caveat.comments);
  if (!caveat.name.empty()) file_.items.push_back(std::move(caveat));
}

void SchemaParser::ParseCaveatParameters(Caveat& caveat) {
  if (!Expect("(", "`(` and the parameters")) return;
  if (AtSymbol(")")) return Fail(Current().span, "a caveat has at least one parameter, like `(hour int)`");
  absl::flat_hash_set<std::string> names;
  do {
    CaveatParameter parameter;
    parameter.before = TakeCommentsInside();
    parameter.name = ParseName("the name of a parameter");
    if (failed_) return;
    if (!IsIdentifier(parameter.name.text)) {
      sink_.SyntaxError(parameter.name.span, Cat(Quote(parameter.name.text),
                                                 " cannot name a parameter: a name has "
                                                 "letters, digits and `_`, and does not start with a digit"));
    }
    const Span start = Current().span;
    nesting_ = 0;
    parameter.type = ParseParameterType();
    if (failed_) return;
    parameter.type_span = Cover(start, Previous().span);
    if (!names.insert(parameter.name.text).second) {
      sink_.SyntaxError(parameter.name.span, Cat("parameter ", Quote(parameter.name.text), " is declared twice"));
      caveat.broken = true;
    }
    caveat.parameters.push_back(std::move(parameter));
  } while (Accept(","));
  Expect(")", "`,` or `)`");
}

std::string SchemaParser::ParseParameterType() {
  const Name name = ParseName("the type of the parameter");
  if (failed_) return {};
  const ParameterType* type = nullptr;
  std::vector<std::string> names;
  for (const ParameterType& candidate : kParameterTypes) {
    names.emplace_back(candidate.name);
    if (candidate.name == name.text) type = &candidate;
  }
  if (type == nullptr) {
    const std::string close = ClosestName(name.text, names);
    Fail(name.span, Cat("there is no parameter type ", Quote(name.text),
                        close.empty() ? "; there are `any`, `bool`, `bytes`, `double`, `duration`, `int`, `ipaddress`, "
                                        "`list<T>`, `map<T>`, `string`, `timestamp` and `uint`"
                                      : Cat("; did you mean ", Quote(close), "?")));
    return {};
  }
  if (!AtSymbol("<")) {
    if (type->argument_count > 0)
      Fail(name.span, Cat(Quote(name.text), " takes one type, like `", name.text, "<string>`"));
    return name.text;
  }
  if (++nesting_ > kTypeNestingMax) {
    Fail(name.span, "parameter types are nested more than 16 deep");
    return {};
  }
  Advance();
  std::vector<std::string> arguments;
  do {
    arguments.push_back(ParseParameterType());
  } while (!failed_ && Accept(","));
  if (!Expect(">", "`>`")) return {};
  --nesting_;
  if (static_cast<int>(arguments.size()) != type->argument_count) {
    Fail(Cover(name.span, Previous().span),
         type->argument_count == 0 ? Cat(Quote(name.text), " takes no type in `<>`")
                                   : Cat(Quote(name.text), " takes one type, like `", name.text, "<string>`"));
  }
  return Cat(name.text, "<", arguments[0], ">");
}

void SchemaParser::ParseCaveatBody(Caveat& caveat) {
  const Span brace = Previous().span;
  int depth = 0;
  bool has_bad = false;
  while (!(AtSymbol("}") && depth == 0)) {
    if (AtEndOfText()) return ReportUnclosed("caveat", caveat.name, brace);
    if (AtSymbol("{")) ++depth;
    if (AtSymbol("}")) --depth;
    if (Current().kind == TokenKind::kBad) has_bad = true;
    Advance();
  }
  const bool empty = Previous().span.offset == brace.offset;
  const std::string_view raw = text_.substr(brace.end(), Current().span.offset - brace.end());
  const std::string_view body = StdView(absl::StripAsciiWhitespace(AbslView(raw)));
  caveat.body = body;
  caveat.body_span = {static_cast<uint32_t>(body.data() - text_.data()), static_cast<uint32_t>(body.size())};
  CheckCommentsEndInCel(caveat);
  TakeCommentsBefore(Current().span.offset);  // They stay in the body.
  Advance();
  caveat.broken |= has_bad || empty;
  if (empty) sink_.SyntaxError(Cover(brace, Previous().span), "a caveat needs an expression in its body");
  if (body.size() > kBodyBytesMax) {
    sink_.SyntaxError(caveat.body_span, "a caveat's expression has at most 100,000 bytes");
  }
}

// A carriage return ends a line of a schema, and none of CEL: there the comment goes on, over what stands behind it.
void SchemaParser::CheckCommentsEndInCel(Caveat& caveat) {
  const size_t end = caveat.body_span.end();
  for (size_t i = comment_cursor_; i < lexed_.comments.size() && lexed_.comments[i].span.offset < end; ++i) {
    const Span comment = lexed_.comments[i].span;
    if (!TextOf(comment).starts_with("//")) continue;
    const size_t next = text_.find_first_not_of(" \t\r", comment.end());
    if (next >= end || text_[next] == '\n') continue;
    caveat.broken = true;
    sink_.SyntaxError(comment,
                      "a carriage return alone does not end a comment in a caveat; end the line with a line feed");
  }
}

}  // namespace mandate::syntax
