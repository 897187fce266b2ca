// The text between a caveat's braces, indented anew. It is read with the schema's own lexer, which
// knows where strings and comments end, for CEL too: the parser refuses a comment that ends for one of the two alone.
//
// A line is one tab deeper than the line on which the innermost open bracket stands, and one that
// starts by closing brackets is as deep as the line that opened the last of these:
//
//   hour >= 9 && days.exists(d,
//   	d in [
//   		"mon"
//   ])
#include "schema/comment.h"
#include "schema/lexer.h"
#include "schema/printer.h"
#include "schema/statement_printer.h"
#include "schema/text.h"

namespace mandate::syntax {
namespace {

// A token or a comment.
struct Piece {
  Span span;
  bool is_comment = false;
};

std::vector<Piece> PiecesOf(const LexedText& lexed) {
  std::vector<Piece> pieces;
  auto comment = lexed.comments.begin();
  for (const Token& token : lexed.tokens) {
    for (; comment != lexed.comments.end() && comment->span.offset < token.span.offset; ++comment)
      pieces.push_back({comment->span, true});
    if (token.span.length > 0) pieces.push_back({token.span, false});
  }
  for (; comment != lexed.comments.end(); ++comment) pieces.push_back({comment->span, true});
  return pieces;
}

class BodyPrinter {
 public:
  explicit BodyPrinter(std::string_view body) : body_(body) {}

  std::string Run() {
    DiagnosticSink sink(body_);
    const std::vector<Piece> pieces = PiecesOf(LexSchema(body_, sink));
    uint32_t end = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const std::string_view gap = body_.substr(end, pieces[i].span.offset - end);
      const size_t breaks = i == 0 ? 1 : CountLineBreaks(gap);
      if (breaks > 0) {
        if (i > 0) out_ += breaks > 1 ? "\n\n" : "\n";
        StartLine(pieces, i);
      } else if (!gap.empty()) {
        out_ += ' ';
      }
      Print(pieces[i]);
      end = pieces[i].span.end();
    }
    return std::move(out_);
  }

 private:
  static size_t CountLineBreaks(std::string_view gap) {
    size_t count = 0;
    for (size_t i = 0; i < gap.size(); ++i) {
      if (gap[i] == '\n' || (gap[i] == '\r' && !gap.substr(i + 1).starts_with('\n'))) ++count;
    }
    return count;
  }

  // +1 for what opens a bracket, -1 for what closes one.
  int BracketOf(const Piece& piece) const {
    if (piece.is_comment || piece.span.length != 1) return 0;
    const char c = body_[piece.span.offset];
    return c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
  }

  // Brackets that a line starts by closing give it the indentation of the line that opened them.
  void StartLine(const std::vector<Piece>& pieces, size_t first) {
    indent_ = open_.empty() ? 1 : open_.back() + 1;
    size_t closing = 0;
    while (first + closing < pieces.size() && BracketOf(pieces[first + closing]) < 0) ++closing;
    if (closing > 0) indent_ = closing > open_.size() ? 1 : open_[open_.size() - closing];
    out_.append(static_cast<size_t>(indent_), '\t');
  }

  void Print(const Piece& piece) {
    const std::string_view text = body_.substr(piece.span.offset, piece.span.length);
    if (piece.is_comment) return PrintComment({DedentComment(text)}, indent_, out_);
    out_ += text;
    if (BracketOf(piece) > 0) open_.push_back(indent_);
    if (BracketOf(piece) < 0 && !open_.empty()) open_.pop_back();
  }

  std::string_view body_;
  std::string out_;
  std::vector<int> open_;  // For each open bracket, the indentation of its line.
  int indent_ = 1;
};

}  // namespace

std::string FormatCaveatBody(std::string_view body) { return BodyPrinter(body).Run(); }

}  // namespace mandate::syntax
