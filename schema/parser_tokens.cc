// Reading tokens, names and comments, and complaining about them.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "schema/comment.h"
#include "schema/parser_impl.h"
#include "schema/relationship.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

constexpr std::string_view kNameRule =
    "a name has 3 to 64 of `a-z`, `0-9` and `_`, starts with a letter and does not end in `_`";

// What `name` might have been meant as: `Viewer` and `viewer_` become `viewer`, `docOwner` becomes
// `doc_owner`.
std::string Respell(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (absl::ascii_isupper(c) && i > 0 && absl::ascii_islower(name[i - 1])) out += '_';
    out += absl::ascii_tolower(c);
  }
  while (!out.empty() && out.front() == '_') out.erase(0, 1);
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::string TryInstead(const std::string& respelled, bool valid) {
  return valid ? Cat("; try ", Quote(respelled)) : std::string();
}

}  // namespace

const Token& SchemaParser::Ahead(size_t count) const {
  return lexed_.tokens[std::min(index_ + count, lexed_.tokens.size() - 1)];
}

bool SchemaParser::IsSymbol(const Token& token, std::string_view symbol) const {
  return token.kind == TokenKind::kSymbol && TextOf(token) == symbol;
}

bool SchemaParser::IsWord(const Token& token, std::string_view word) const {
  return token.kind == TokenKind::kWord && TextOf(token) == word;
}

bool SchemaParser::IsKeyword(std::string_view word) const {
  if (word == "definition" || word == "caveat" || word == "relation" || word == "permission" || word == "nil" ||
      word == "with") {
    return true;
  }
  return (file_.uses_expiration && (word == "expiration" || word == "and")) || (file_.uses_self && word == "self") ||
         (file_.uses_typechecking && word == "typechecking") || (file_.uses_partial && word == "partial") ||
         (file_.uses_import && word == "import");
}

void SchemaParser::Advance() {
  if (index_ + 1 < lexed_.tokens.size()) ++index_;
}

bool SchemaParser::Accept(std::string_view symbol) {
  if (!AtSymbol(symbol)) return false;
  Advance();
  return true;
}

void SchemaParser::Fail(Span span, std::string message) {
  if (!failed_) sink_.SyntaxError(span, std::move(message));
  failed_ = true;
}

std::string SchemaParser::DescribeCurrent() const {
  const Token& token = Current();
  if (token.kind == TokenKind::kEndOfText) return "the end of the text";
  if (token.kind == TokenKind::kEnd && token.span.length == 0) return "the end of the line";
  if (token.kind == TokenKind::kString) return "a string";
  return Quote(TextOf(token));
}

// What is missing at the end of a line is shown at what stands before it, not at the innocent start
// of the next.
void SchemaParser::FailExpected(std::string_view what) {
  const Token& token = Current();
  const bool reported = token.kind == TokenKind::kBad || (token.kind == TokenKind::kEndOfText && lexed_.cut_short);
  if (reported) {
    failed_ = true;
    return;
  }
  const bool line_ended = token.kind == TokenKind::kEnd || token.kind == TokenKind::kEndOfText || token.first_on_line;
  if (line_ended && index_ > 0 && Previous().span.length > 0) {
    Fail(Previous().span, Cat("expected ", what, " after ", Quote(TextOf(Previous()))));
  } else {
    Fail(token.span, Cat("expected ", what, ", found ", DescribeCurrent()));
  }
}

bool SchemaParser::Expect(std::string_view symbol, std::string_view what) {
  if (failed_) return false;
  if (Accept(symbol)) return true;
  FailExpected(what);
  return false;
}

Name SchemaParser::ParseName(std::string_view what) {
  if (failed_) return {};
  const Token& token = Current();
  if (token.kind != TokenKind::kWord) {
    FailExpected(what);
    return {};
  }
  if (IsKeyword(TextOf(token))) {
    if (token.first_on_line) {
      FailExpected(what);
    } else {
      Fail(token.span, Cat("expected ", what, ", found ", DescribeCurrent(), ", which is a keyword"));
    }
    return {};
  }
  Advance();
  return {std::string(TextOf(token)), token.span};
}

Name SchemaParser::ParsePath(std::string_view what) {
  Name path = ParseName(what);
  while (!failed_ && Accept("/")) {
    const Name segment = ParseName("the rest of the name");
    if (failed_) return {};
    path.text += Cat("/", segment.text);
    path.span = Cover(path.span, segment.span);
  }
  return path;
}

void SchemaParser::CheckMemberName(const Name& name, std::string_view what) {
  if (name.empty() || ValidateRelationName(name.text).ok()) return;
  const std::string respelled = Respell(name.text);
  sink_.SyntaxError(name.span, Cat(Quote(name.text), " cannot name ", what, ": ", kNameRule,
                                   TryInstead(respelled, ValidateRelationName(respelled).ok())));
}

void SchemaParser::CheckTypeName(const Name& name, std::string_view what) {
  if (name.empty() || ValidateTypeName(name.text).ok()) return;
  const std::string respelled = Respell(name.text);
  sink_.SyntaxError(name.span,
                    Cat(Quote(name.text), " cannot name ", what, ": ", kNameRule,
                        name.text.find('/') == std::string::npos ? "" : ", for each part between `/`, 128 bytes in all",
                        TryInstead(respelled, ValidateTypeName(respelled).ok())));
}

std::vector<Comment> SchemaParser::TakeCommentsBefore(uint32_t offset) {
  std::vector<Comment> taken;
  for (; comment_cursor_ < lexed_.comments.size(); ++comment_cursor_) {
    const LexedComment& comment = lexed_.comments[comment_cursor_];
    if (comment.span.offset >= offset) break;
    taken.push_back({DedentComment(TextOf(comment.span)), comment.blank_line_after});
  }
  return taken;
}

std::vector<Comment> SchemaParser::TakeCommentsInside() {
  const size_t first = comment_cursor_;
  std::vector<Comment> taken = TakeCommentsBefore(Current().span.offset);
  bool fresh = false;  // Parentheses between them go behind them all, so a line once begun goes on.
  for (size_t i = 0; i < taken.size(); ++i) {
    fresh |= lexed_.comments[first + i].first_on_line;
    taken[i].blank_after = false;
    taken[i].first_on_line = fresh;
    fresh |= taken[i].text.starts_with("//");
  }
  return taken;
}

std::vector<Comment> SchemaParser::TakeEndComments(uint32_t offset) {
  std::vector<Comment> taken = TakeCommentsBefore(offset);
  if (!taken.empty()) taken.back().blank_after = false;
  return taken;
}

// Those in the head move before it. Those behind the brace stay there, unless what follows stands
// on the same line: then they are about that.
void SchemaParser::TakeOpenComments(Definition& definition) {
  for (Comment& comment : TakeCommentsBefore(Previous().span.offset)) {
    comment.blank_after = false;
    definition.comments.before.push_back(std::move(comment));
  }
  if (!Current().first_on_line && !AtSymbol("}")) return;
  for (; comment_cursor_ < lexed_.comments.size(); ++comment_cursor_) {
    const LexedComment& comment = lexed_.comments[comment_cursor_];
    if (comment.first_on_line || comment.span.offset >= Current().span.offset) break;
    definition.open_comments.push_back({DedentComment(TextOf(comment.span))});
  }
}

bool SchemaParser::BlankBeforeNext() const {
  const bool has_comment =
      comment_cursor_ < lexed_.comments.size() && lexed_.comments[comment_cursor_].span.offset < Current().span.offset;
  return has_comment ? lexed_.comments[comment_cursor_].blank_line_before : Current().blank_line_before;
}

// What is left inside stands behind the last part of the statement; a block comment can stay there
// when the statement ends on that line, a line comment would swallow what comes behind it.
void SchemaParser::FinishComments(Comments& comments) {
  size_t last = index_ == 0 ? 0 : index_ - 1;
  while (last > 0 && lexed_.tokens[last].span.length == 0) --last;
  for (Comment& inner : TakeCommentsBefore(lexed_.tokens[last].span.end())) {
    inner.blank_after = false;
    const bool is_block = inner.text.starts_with("/*");
    (is_block ? comments.after : comments.before).push_back(std::move(inner));
  }
  size_t next = last + 1;
  while (next + 1 < lexed_.tokens.size() && lexed_.tokens[next].kind == TokenKind::kEnd) ++next;
  const Token& follower = lexed_.tokens[std::min(next, lexed_.tokens.size() - 1)];
  while (comment_cursor_ < lexed_.comments.size()) {
    const LexedComment& comment = lexed_.comments[comment_cursor_];
    if (comment.first_on_line || comment.span.offset >= follower.span.offset) break;
    comments.after.push_back({DedentComment(TextOf(comment.span))});
    ++comment_cursor_;
  }
}

}  // namespace mandate::syntax
