// token.h: the words of an expression.
//
// Threads     Values; safe anywhere.
// Ownership   Token::text points into the source, which must outlive it.
// Units       Offsets and lengths are bytes of the source, from 0.
#ifndef MANDATE_SCHEMA_CEL_TOKEN_H_
#define MANDATE_SCHEMA_CEL_TOKEN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/cel/cel.h"
#include "schema/cel/value.h"

namespace mandate::cel {

enum class TokenKind : uint8_t {
  kEnd,
  kWord,        // An identifier or reserved word, and `in`, `true`, `false`, `null`.
  kQuotedWord,  // `a-b` in backticks, allowed after a dot; text without them.
  kLiteral,     // A number without sign, a string or bytes; see `value`.
  kIntMin,      // 9223372036854775808, which needs a minus before it to be an int.
  kSymbol,      // Punctuation and operators; `text` says which.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  uint32_t offset = 0;
  uint32_t length = 0;
  Value value;
};

// All tokens, the last of them kEnd; or what is wrong with the first that is none.
struct Tokens {
  std::vector<Token> tokens;
  std::optional<Diagnostic> error;
};
Tokens Tokenize(std::string_view source);

// What a string or bytes literal without its quotes stands for; nullopt with `error` set if an
// escape is wrong.
enum class LiteralKind : uint8_t { kString, kBytes };
std::optional<std::string> Unescape(std::string_view body, LiteralKind kind, Diagnostic& error);

// May not be a variable: `if`, `for`, `in`, `true`, ... Reserved words may still be fields.
bool IsReserved(std::string_view word);
bool IsIdentifier(std::string_view text);
bool IsValidUtf8(std::string_view text);
// The whole characters among the first `size_max` bytes, then `...`; all of a text that is no longer than that.
std::string Shortened(std::string_view text, size_t size_max);
void AppendUtf8(uint32_t code_point, std::string& out);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_TOKEN_H_
