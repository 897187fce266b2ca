// The file and its bodies. The grammar, without what stands between tokens:
//
//   schema     = { END | "use" flag | "import" string | definition | caveat }
//   definition = kind path "{" { [ statement ] END } "}"
//   kind       = "definition" | "partial" | "agent" | "task" | "session"
//   END        = ";" | line break | before "}" | end of the text
//
// `agent`, `task` and `session` are words like others except at the start of an item.
#include "schema/parser.h"

#include "schema/parser_impl.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

struct KindWord {
  std::string_view word;
  DefinitionKind kind;
  std::string_view article;
};
constexpr KindWord kKindWords[] = {
    {"definition", DefinitionKind::kDefinition, "a definition"},
    {"partial", DefinitionKind::kPartial, "a partial"},
    {"agent", DefinitionKind::kAgent, "an agent"},
    {"task", DefinitionKind::kTask, "a task"},
    {"session", DefinitionKind::kSession, "a session"},
};

const std::vector<std::string>& Flags() {
  static const auto* flags =
      new std::vector<std::string>{"delegation", "expiration", "import", "partial", "self", "typechecking"};
  return *flags;
}

const KindWord& WordOf(DefinitionKind kind) {
  for (const KindWord& entry : kKindWords) {
    if (entry.kind == kind) return entry;
  }
  return kKindWords[0];
}

}  // namespace

File ParseSchema(std::string_view text, DiagnosticSink& sink) { return SchemaParser(text, sink).Run(); }

File SchemaParser::Run() {
  while (!AtEndOfText()) {
    failed_ = false;
    const size_t start = index_;
    const size_t item_count = file_.items.size();
    ParseItem();
    if (!failed_) continue;
    if (index_ == start) Advance();
    SkipToItem();
    if (file_.items.size() == item_count) CollectWords(start, file_.unread);
  }
  file_.end_comments = TakeEndComments(static_cast<uint32_t>(text_.size()));
  return std::move(file_);
}

void SchemaParser::ParseItem() {
  const Token& token = Current();
  if (token.kind == TokenKind::kEnd) return Advance();
  if (token.kind != TokenKind::kWord) {
    if (AtSymbol("}")) {
      sink_.SyntaxError(token.span, "this `}` closes nothing");
      return Advance();
    }
    if (AtSymbol("*") && IsSymbol(Ahead(1), "/")) {
      sink_.SyntaxError(Cover(token.span, Ahead(1).span), "this `*/` closes nothing; comments do not nest");
      Advance();
      return Advance();
    }
    return FailExpected("`definition`");
  }
  const std::string_view word = TextOf(token);
  if (word == "use") return ParseUse();
  if (word == "import") return ParseImport();
  if (word == "caveat") return ParseCaveat();
  for (const KindWord& entry : kKindWords) {
    if (word == entry.word) return ParseDefinition(entry.kind);
  }
  ParseUnknownItem();
}

void SchemaParser::ParseUse() {
  Use use;
  use.comments.before = TakeCommentsBefore(Current().span.offset);
  const Span keyword = Current().span;
  Advance();
  if (Current().kind != TokenKind::kWord) return FailExpected("the name of a feature");
  use.flag = {std::string(TextOf(Current())), Current().span};
  Advance();
  if (definition_seen_) {
    sink_.SyntaxError(Cover(keyword, use.flag.span), "`use` comes before the first definition; move it to the top");
  }
  if (std::find(Flags().begin(), Flags().end(), use.flag.text) == Flags().end()) {
    const std::string close = ClosestName(use.flag.text, Flags());
    sink_.SyntaxError(use.flag.span, Cat("there is no feature ", Quote(use.flag.text),
                                         close.empty() ? "; there are `delegation`, `expiration`, `import`, "
                                                         "`partial`, `self` and `typechecking`"
                                                       : Cat("; did you mean ", Quote(close), "?")));
    ApplyFlag(close);
  }
  ApplyFlag(use.flag.text);
  FinishComments(use.comments);
  file_.items.push_back(std::move(use));
}

void SchemaParser::ApplyFlag(std::string_view flag) {
  if (flag == "expiration") file_.uses_expiration = true;
  if (flag == "self") file_.uses_self = true;
  if (flag == "typechecking") file_.uses_typechecking = true;
  if (flag == "partial") file_.uses_partial = true;
  if (flag == "import") file_.uses_import = true;
  if (flag == "delegation") file_.uses_delegation = true;
}

void SchemaParser::ParseImport() {
  Import import;
  import.comments.before = TakeCommentsBefore(Current().span.offset);
  const Span keyword = Current().span;
  Advance();
  if (Current().kind != TokenKind::kString) return FailExpected("a file name in quotes");
  import.path = {std::string(TextOf(Current())), Current().span};
  import.span = Cover(keyword, Current().span);
  Advance();
  FinishComments(import.comments);
  file_.items.push_back(std::move(import));
  file_.incomplete = true;
}

void SchemaParser::ParseDefinition(DefinitionKind kind) {
  const KindWord& word = WordOf(kind);
  const Span start = Current().span;
  Definition definition;
  definition.kind = kind;
  definition.comments.before = TakeCommentsBefore(Current().span.offset);
  definition_seen_ = true;
  const bool delegation = kind != DefinitionKind::kDefinition && kind != DefinitionKind::kPartial;
  if (kind == DefinitionKind::kPartial && !file_.uses_partial) {
    sink_.SyntaxError(Current().span, "`partial` needs `use partial` at the top of the schema");
  } else if (delegation && !file_.uses_delegation) {
    sink_.SyntaxError(Current().span, Cat(Quote(word.word), " needs `use delegation` at the top of the schema"));
  }
  Advance();
  definition.name = ParsePath(Cat("the name of ", word.article));
  if (definition.name.empty()) {
    if (!AtSymbol("{")) return;
    failed_ = false;  // The body still has something to say.
  }
  CheckTypeName(definition.name, word.article);
  if (Current().kind == TokenKind::kEnd && Current().span.length == 0 && IsSymbol(Ahead(1), "{")) {
    Advance();
    sink_.SyntaxError(Current().span, Cat("`{` belongs on the line of ", Quote(definition.name.text)));
  }
  if (!Expect("{", "`{`")) {
    definition.incomplete = true;
  } else {
    TakeOpenComments(definition);
    ParseBody(definition, Previous().span);
  }
  definition.span = Cover(start, Previous().span);
  FinishComments(definition.comments);
  file_.items.push_back(std::move(definition));
}

void SchemaParser::ParseBody(Definition& definition, Span brace) {
  const std::string_view what = WordOf(definition.kind).word;
  while (true) {
    if (AtEndOfText() || AtItem()) {
      return ReportUnclosed(what, definition.name, brace);
    }
    if (AtSymbol("}")) {
      const bool first = definition.members.empty() && definition.open_comments.empty();
      const bool blank = !first && BlankBeforeNext();
      definition.end_comments = TakeEndComments(Current().span.offset);
      definition.end_blank_before = blank && !definition.end_comments.empty();
      return Advance();
    }
    if (Current().kind == TokenKind::kEnd) {
      Advance();
      continue;
    }
    failed_ = false;
    const size_t start = index_;
    const size_t member_count = definition.members.size();
    ParseStatement(definition);
    if (!failed_) continue;
    SkipStatement();
    if (definition.members.size() == member_count) CollectWords(start, definition.unread);
    failed_ = false;
  }
}

void SchemaParser::ReportUnclosed(std::string_view what, const Name& name, Span brace) {
  if (lexed_.cut_short || sink_.full()) return;
  const std::string body = name.empty() ? std::string("the body") : Cat("the body of ", what, " ", Quote(name.text));
  if (AtEndOfText()) return Fail(brace, Cat(body, " is never closed; end it with `}`"));
  sink_.SyntaxError(Current().span, Cat(body, " is not closed; put `}` before ", DescribeCurrent()));
}

// Where an item starts, even if a brace is missing before it: inside a body no statement looks like
// this.
bool SchemaParser::AtItem() const {
  const Token& token = Current();
  if (token.kind != TokenKind::kWord) return false;
  const std::string_view word = TextOf(token);
  if (word == "definition" || word == "caveat") return true;
  if (!token.first_on_line) return false;
  if (word == "import") return Ahead(1).kind == TokenKind::kString;
  if (Ahead(1).kind != TokenKind::kWord) return false;
  if (word == "use") return true;
  const bool body_follows = IsSymbol(Ahead(2), "{") || IsSymbol(Ahead(2), "/");
  return body_follows && (word == "partial" || word == "agent" || word == "task" || word == "session");
}

void SchemaParser::CollectWords(size_t from, std::vector<std::string>& words) const {
  for (size_t i = from; i < index_; ++i) {
    if (lexed_.tokens[i].kind == TokenKind::kWord) words.emplace_back(TextOf(lexed_.tokens[i]));
  }
}

void SchemaParser::SkipToItem() {
  int depth = 0;
  while (!AtEndOfText() && !AtItem()) {
    if (AtSymbol("{")) ++depth;
    const bool closes = AtSymbol("}") && --depth <= 0;
    Advance();
    if (closes) return;
  }
}

// `definitoin user {`: said once, then read as what was meant, so that its name is known.
void SchemaParser::ParseUnknownItem() {
  const Token& token = Current();
  std::vector<std::string> words = {"use", "caveat", "import"};
  for (const KindWord& entry : kKindWords) words.emplace_back(entry.word);
  const std::string close = ClosestName(TextOf(token), words);
  sink_.SyntaxError(token.span, Cat("expected `definition`, found ", DescribeCurrent(),
                                    close.empty() ? "" : Cat("; did you mean ", Quote(close), "?")));
  for (const KindWord& entry : kKindWords) {
    if (entry.word == close && Ahead(1).kind == TokenKind::kWord) return ParseDefinition(entry.kind);
  }
  failed_ = true;
}

}  // namespace mandate::syntax
