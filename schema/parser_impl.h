// parser_impl.h: the parser's one class, spread over parser_tokens.cc (reading and complaining),
// parser.cc (the file and its bodies), parser_members.cc, parser_rules.cc, parser_expression.cc
// and parser_caveat.cc.
//
// A statement that fails says so once: Fail sets `failed_`, every Parse function returns at once
// while it is set, and the loop over the statements skips to the next one and clears it.
//
// Threads     One parse, one thread.
#ifndef MANDATE_SCHEMA_PARSER_IMPL_H_
#define MANDATE_SCHEMA_PARSER_IMPL_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "schema/diagnostic_sink.h"
#include "schema/lexer.h"
#include "schema/syntax.h"

namespace mandate::syntax {

// The words with which rules begin.
const std::vector<std::string>& RuleWords();

class SchemaParser {
 public:
  SchemaParser(std::string_view text, DiagnosticSink& sink) : text_(text), sink_(sink), lexed_(LexSchema(text, sink)) {}
  File Run();

 private:
  // --- parser_tokens.cc: looking at tokens
  const Token& Current() const { return lexed_.tokens[index_]; }
  const Token& Ahead(size_t count) const;
  const Token& Previous() const { return lexed_.tokens[index_ == 0 ? 0 : index_ - 1]; }
  std::string_view TextOf(Span span) const { return text_.substr(span.offset, span.length); }
  std::string_view TextOf(const Token& token) const { return TextOf(token.span); }
  bool AtEndOfText() const { return Current().kind == TokenKind::kEndOfText || sink_.full(); }
  bool AtSymbol(std::string_view symbol) const { return IsSymbol(Current(), symbol); }
  bool AtWord(std::string_view word) const { return IsWord(Current(), word); }
  bool IsSymbol(const Token& token, std::string_view symbol) const;
  bool IsWord(const Token& token, std::string_view word) const;
  bool IsKeyword(std::string_view word) const;
  void Advance();
  bool Accept(std::string_view symbol);

  // Complaining. All of them set failed_, and are silent where the lexer has already spoken.
  void Fail(Span span, std::string message);
  void FailExpected(std::string_view what);
  std::string DescribeCurrent() const;
  bool Expect(std::string_view symbol, std::string_view what);

  // Names. An empty Name means that they failed.
  Name ParseName(std::string_view what);
  Name ParsePath(std::string_view what);
  void CheckMemberName(const Name& name, std::string_view what);
  void CheckTypeName(const Name& name, std::string_view what);

  // Comments. The cursor walks over them in step with the items.
  std::vector<Comment> TakeCommentsBefore(uint32_t offset);
  std::vector<Comment> TakeCommentsInside();  // Of a statement: those before the current token.
  void TakeOpenComments(Definition& definition);
  bool BlankBeforeNext() const;                           // An empty line before the current token and its comments.
  std::vector<Comment> TakeEndComments(uint32_t offset);  // Nothing follows them.
  void FinishComments(Comments& comments);

  // --- parser.cc: the file
  void ParseItem();
  void ParseUse();
  void ApplyFlag(std::string_view flag);
  void ParseImport();
  void ParseDefinition(DefinitionKind kind);
  void ParseBody(Definition& definition, Span brace);
  bool AtItem() const;
  void SkipToItem();
  void CollectWords(size_t from,
                    std::vector<std::string>& words) const;  // Up to the current token.
  void ParseUnknownItem();
  void ReportUnclosed(std::string_view what, const Name& name, Span brace);

  // --- parser_members.cc: what stands in a body
  void ParseStatement(Definition& definition);
  void ParseMember(Definition& definition, MemberKind kind);
  void ParseRelation(Member& member);
  SubjectType ParseSubjectType();
  void ParseTraits(SubjectType& subject);
  void ParsePermission(Member& member);
  Member StartMember(const Definition& definition,
                     MemberKind kind);  // With the comments before it.
  void ParseUnknownStatement(Definition& definition);
  void ExpectStatementEnd(MemberKind kind);
  void SkipStatement();
  bool AtLineStartingWithOperator() const;

  // --- parser_rules.cc
  bool AtRule() const;
  void ParseRule(Definition& definition, std::string_view word);  // `word`: how it is to be read.
  void ParseLimit(Rule& rule);
  void ParseWatch(Rule& rule, std::string_view then);
  void ParseApproval(Rule& rule);
  PermissionName ParsePermissionName();
  Name ParseAskedName(std::string_view word);
  bool ExpectRuleWord(std::initializer_list<std::string_view> words);
  bool FailAtContinuation();
  void ExpectRuleEnd(const Rule& rule);

  // --- parser_expression.cc
  ExprIndex ParseOperation(int level);
  ExprIndex ParsePrimary();
  ExprIndex ParseParentheses();
  ExprIndex ParseNameOrArrow();
  ArrowStep ParseArrowStep();
  void RefuseArrowHere();
  ExprIndex AddExpr(Expr expr);

  // --- parser_caveat.cc
  void ParseCaveat();
  void ParseCaveatParameters(Caveat& caveat);
  std::string ParseParameterType();
  void ParseCaveatBody(Caveat& caveat);
  void CheckCommentsEndInCel(Caveat& caveat);

  std::string_view text_;
  DiagnosticSink& sink_;
  LexedText lexed_;
  File file_;
  size_t index_ = 0;
  size_t comment_cursor_ = 0;
  int nesting_ = 0;
  bool failed_ = false;
  bool definition_seen_ = false;
};

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_PARSER_IMPL_H_
