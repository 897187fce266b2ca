// What stands in a body:
//
//   statement  = "relation" ident ":" subject { "|" subject }
//              | "permission" ident [ ":" ident { "|" ident } ] "=" expr
//              | "..." path
//              | rule                                                     (parser_rules.cc)
//   subject    = path [ ":" "*" ] [ "#" ( ident | "..." ) ] [ "with" traits ]
//   traits     = path [ "and" "expiration" ] | "expiration"
#include <algorithm>

#include "schema/parser_impl.h"
#include "schema/text.h"

namespace mandate::syntax {

void SchemaParser::ParseStatement(Definition& definition) {
  if (AtWord("relation")) return ParseMember(definition, MemberKind::kRelation);
  if (AtWord("permission")) return ParseMember(definition, MemberKind::kPermission);
  if (AtSymbol("...")) return ParseMember(definition, MemberKind::kSpread);
  if (AtRule()) return ParseRule(definition, TextOf(Current()));
  if (AtLineStartingWithOperator()) {
    return Fail(Current().span, Cat("a line cannot begin with ", DescribeCurrent(),
                                    ": the statement ended with the line before; put the operator at its end"));
  }
  ParseUnknownStatement(definition);
}

Member SchemaParser::StartMember(const Definition& definition, MemberKind kind) {
  Member member;
  member.kind = kind;
  member.span = Current().span;
  member.blank_before = !definition.members.empty() && BlankBeforeNext();
  member.comments.before = TakeCommentsBefore(member.span.offset);
  return member;
}

void SchemaParser::ParseMember(Definition& definition, MemberKind kind) {
  Member member = StartMember(definition, kind);
  Advance();
  if (kind == MemberKind::kSpread) {
    member.name = ParsePath("the name of a partial");
  } else {
    const std::string_view what = kind == MemberKind::kRelation ? "a relation" : "a permission";
    member.name = ParseName(Cat("the name of ", what));
    CheckMemberName(member.name, what);
  }
  if (!failed_ && kind == MemberKind::kRelation) ParseRelation(member);
  if (!failed_ && kind == MemberKind::kPermission) ParsePermission(member);
  member.span = Cover(member.span, Previous().span);
  if (!failed_) ExpectStatementEnd(kind);
  member.broken = failed_;
  FinishComments(member.comments);
  if (!member.name.empty()) definition.members.push_back(std::move(member));
}

void SchemaParser::ParseRelation(Member& member) {
  if (AtSymbol("=")) {
    return Fail(Current().span, "a relation has subject types behind `:`; what has `=` is a permission");
  }
  if (!Expect(":", "`:`")) return;
  do {
    member.subject_types.push_back(ParseSubjectType());
  } while (!failed_ && Accept("|"));
}

SubjectType SchemaParser::ParseSubjectType() {
  SubjectType subject;
  subject.before = TakeCommentsInside();
  subject.type = ParsePath("a subject type");
  if (failed_) return subject;
  if (Accept(":")) {
    if (!Expect("*", "`*`")) return subject;
    subject.wildcard = true;
  }
  if (Accept("#")) {
    if (!Accept("...")) subject.relation = ParseName("a relation, a permission or `...`");
  }
  if (failed_) return subject;
  subject.form = subject.span = Cover(subject.type.span, Previous().span);
  if (AtWord("with")) ParseTraits(subject);
  return subject;
}

void SchemaParser::ParseTraits(SubjectType& subject) {
  Advance();
  if (file_.uses_expiration && AtWord("expiration")) {
    Advance();
    subject.expiration = true;
    if (AtWord("and")) {
      return Fail(Current().span, "`expiration` comes last: write `with CAVEAT and expiration`");
    }
  } else {
    subject.caveat = ParsePath("a caveat or `expiration`");
    if (failed_) return;
    if (AtWord("and")) {
      Advance();
      if (!AtWord("expiration")) {
        return Fail(Current().span, "a subject type takes one caveat; only `expiration` may follow `and`");
      }
      if (!file_.uses_expiration) {
        sink_.SyntaxError(Current().span, "`expiration` needs `use expiration` at the top of the schema");
      }
      Advance();
      subject.expiration = true;
    }
  }
  subject.span = Cover(subject.form, Previous().span);
}

void SchemaParser::ParsePermission(Member& member) {
  if (AtSymbol(":")) {
    const Span colon = Current().span;
    Advance();
    do {
      member.annotation.push_back(ParseName("a type"));
      if (!failed_ && AtSymbol("/")) {
        return Fail(Current().span, "a type annotation takes plain names; a name with `/` cannot be annotated");
      }
    } while (!failed_ && Accept("|"));
    if (!failed_ && !AtSymbol("=")) {
      return Fail(colon, "a permission has an expression behind `=`; what has only subject types is a relation");
    }
  }
  if (!Expect("=", "`=`")) return;
  const auto first = static_cast<ExprIndex>(file_.exprs.size());
  nesting_ = 0;
  const ExprIndex root = ParseOperation(0);
  if (failed_) return;
  member.first = first;
  member.root = root;
}

// `relaton viewer: user`: said once, then read as what was meant, so that its name is known.
void SchemaParser::ParseUnknownStatement(Definition& definition) {
  const Token& token = Current();
  const bool takes_rules = definition.kind == DefinitionKind::kTask;
  const std::string_view expected =
      takes_rules ? "`relation`, `permission`, a rule or `}`" : "`relation`, `permission` or `}`";
  if (token.kind != TokenKind::kWord) return FailExpected(expected);
  const bool is_relation = Ahead(1).kind == TokenKind::kWord && IsSymbol(Ahead(2), ":");
  const bool is_permission = Ahead(1).kind == TokenKind::kWord && IsSymbol(Ahead(2), "=");
  const bool is_rule = takes_rules && Ahead(1).kind == TokenKind::kWord && !is_relation && !is_permission;
  std::string meant = ClosestName(TextOf(token), {"relation", "permission"});
  if (meant.empty() && is_rule) meant = ClosestName(TextOf(token), RuleWords());
  if (meant.empty() && is_permission) meant = "permission";
  if (meant.empty() && is_relation) meant = "relation";
  Fail(token.span, Cat("expected ", expected, ", found ", DescribeCurrent(),
                       meant.empty() ? "" : Cat("; did you mean ", Quote(meant), "?")));
  if (is_rule && std::find(RuleWords().begin(), RuleWords().end(), meant) != RuleWords().end()) {
    failed_ = false;
    return ParseRule(definition, meant);
  }
  if (!is_relation && !is_permission) return;
  failed_ = false;
  ParseMember(definition, is_permission ? MemberKind::kPermission : MemberKind::kRelation);
}

void SchemaParser::ExpectStatementEnd(MemberKind kind) {
  const Token& token = Current();
  if (token.kind == TokenKind::kEnd) return Advance();
  if (AtSymbol("}") || AtEndOfText()) return;
  if (token.first_on_line && IsSymbol(Previous(), "...")) {
    return Fail(Previous().span, "a line break after `...` does not end the statement; drop `#...` or add `;`");
  }
  const std::string_view text = TextOf(token);
  if (kind == MemberKind::kRelation) {
    if (text == "+" || text == ",") {
      return Fail(token.span, Cat("subject types are separated by `|`, not by ", DescribeCurrent()));
    }
    if (text == "and" && !file_.uses_expiration) {
      return Fail(token.span, "`and expiration` needs `use expiration` at the top of the schema");
    }
    return FailExpected("`|` or the end of the line");
  }
  if (kind == MemberKind::kPermission) {
    if (text == "|" || text == "||" || text == "or") {
      return Fail(token.span, Cat("a union is written `+`, not ", DescribeCurrent()));
    }
    if (text == "&&" || text == "and")
      return Fail(token.span, Cat("an intersection is written `&`, not ", DescribeCurrent()));
    if (text == "!" || text == "not")
      return Fail(token.span, Cat("an exclusion is written `-`, not ", DescribeCurrent()));
    if (text == ")") return Fail(token.span, "this `)` closes nothing");
    return FailExpected("`+`, `&`, `-` or the end of the line");
  }
  FailExpected("the end of the line");
}

bool SchemaParser::AtLineStartingWithOperator() const {
  if (!Current().first_on_line) return false;
  for (std::string_view symbol : {"+", "&", "-", "|", "->", ".", "||", "&&"}) {
    if (AtSymbol(symbol)) return true;
  }
  return false;
}

// To the next statement: past the end of this one, or to the line where one plainly starts.
void SchemaParser::SkipStatement() {
  int depth = 0;
  while (!AtEndOfText()) {
    if (Current().kind == TokenKind::kEnd && depth == 0) return Advance();
    if (AtSymbol("{")) ++depth;
    if (AtSymbol("}") && depth-- == 0) return;
    const Token& token = Current();
    if (token.first_on_line &&
        (AtItem() || AtRule() || ((AtWord("relation") || AtWord("permission")) && Ahead(1).kind == TokenKind::kWord))) {
      return;
    }
    Advance();
  }
}

}  // namespace mandate::syntax
