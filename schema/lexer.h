// lexer.h: schema text into tokens.
//
// A line break ends a statement when it directly follows a word, `}`, `)` or `*`; the lexer then
// puts in an end token of length 0. Which words are keywords depends on the `use` lines and is the
// parser's business.
//
// Threads     Free function; safe anywhere.
// Errors      Reported to the sink. What could not be read becomes a kBad token, at which the
//             parser keeps silent.
// Units       Spans are in bytes.
#ifndef MANDATE_SCHEMA_LEXER_H_
#define MANDATE_SCHEMA_LEXER_H_

#include <string_view>
#include <vector>

#include "schema/diagnostic_sink.h"
#include "schema/syntax.h"

namespace mandate {

enum class TokenKind : uint8_t {
  kWord,    // letters, digits and `_`
  kString,  // with its quotes
  kSymbol,  // punctuation, one token for `->`, `...`, `&&`, `||`, `<=`, `>=`, `==`, `!=`
  kEnd,     // end of a statement: `;`, or a line break (then of length 0)
  kBad,     // already reported
  kEndOfText
};

struct Token {
  TokenKind kind;
  bool first_on_line = false;
  bool blank_line_before = false;
  syntax::Span span;
};

struct LexedComment {
  syntax::Span span;
  bool first_on_line = false;
  bool blank_line_before = false;
  bool blank_line_after = false;
};

struct LexedText {
  std::vector<Token> tokens;  // Ends with kEndOfText.
  std::vector<LexedComment> comments;
  bool cut_short = false;  // A comment or string was never closed, so the rest of the text is lost.
};

// REQUIRES: text.size() < 4 GiB.
LexedText LexSchema(std::string_view text, DiagnosticSink& sink);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_LEXER_H_
