#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "schema/cel/number.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr std::string_view kReserved[] = {
    "as",  "break", "const", "continue", "else",      "false",  "for",  "function", "if",   "import", "in",
    "let", "loop",  "null",  "package",  "namespace", "return", "true", "var",      "void", "while",
};

// Longest first.
constexpr std::string_view kSymbols[] = {"&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}",
                                         ".",  ",",  "?",  ":",  "+",  "-",  "*", "/", "%", "!", "<", ">"};

bool IsWordStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsWordPart(char c) { return absl::ascii_isalnum(c) || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Tokens Run() {
    Tokens out;
    while (!error_.has_value()) {
      SkipBlanks();
      if (error_.has_value()) break;
      Token token = Next();
      if (error_.has_value()) break;
      bool is_end = token.kind == TokenKind::kEnd;
      out.tokens.push_back(std::move(token));
      if (is_end) return out;
    }
    out.error = std::move(error_);
    return out;
  }

 private:
  char At(size_t pos) const { return pos < source_.size() ? source_[pos] : '\0'; }
  bool StartsWith(std::string_view prefix) const { return source_.substr(pos_).starts_with(prefix); }

  void Fail(size_t offset, size_t length, std::string message) {
    error_ = Diagnostic{offset, length, std::move(message)};
  }

  Token Finish(TokenKind kind, size_t begin, Value value = Value()) {
    Token token;
    token.kind = kind;
    token.text = source_.substr(begin, pos_ - begin);
    token.offset = static_cast<uint32_t>(begin);
    token.length = static_cast<uint32_t>(pos_ - begin);
    token.value = std::move(value);
    return token;
  }

  // `//` as in CEL, and the block comment of the schema around the expression.
  void SkipBlanks() {
    while (pos_ < source_.size()) {
      if (std::string_view(" \t\n\r\f").find(source_[pos_]) != std::string_view::npos) {
        ++pos_;
      } else if (StartsWith("//")) {
        pos_ = std::min(source_.find('\n', pos_), source_.size());
      } else if (StartsWith("/*")) {
        size_t end = source_.find("*/", pos_ + 2);
        if (end == std::string_view::npos) return Fail(pos_, 2, "the comment is never closed with `*/`");
        pos_ = end + 2;
      } else {
        return;
      }
    }
  }

  Token Next() {
    size_t begin = pos_;
    if (pos_ == source_.size()) return Finish(TokenKind::kEnd, begin);
    char c = source_[pos_];
    if (absl::ascii_isdigit(c) || (c == '.' && absl::ascii_isdigit(At(pos_ + 1)))) return Number();
    if (size_t prefix = StringPrefix(); prefix != std::string_view::npos) return String(prefix);
    if (c == '`') return QuotedWord();
    if (IsWordStart(c)) {
      while (IsWordPart(At(pos_))) ++pos_;
      return Finish(TokenKind::kWord, begin);
    }
    for (std::string_view symbol : kSymbols) {
      if (StartsWith(symbol)) {
        pos_ += symbol.size();
        return Finish(TokenKind::kSymbol, begin);
      }
    }
    size_t length = 1;
    while (static_cast<uint8_t>(At(begin + length)) >> 6 == 2) ++length;  // the rest of a UTF-8 character
    Fail(begin, length, Cat(Quote(source_.substr(begin, length)), " has no meaning here"));
    return Token();
  }

  // The length of `r`, `b` or `br` before a quote, 0 for a quote alone; npos where no string
  // starts.
  size_t StringPrefix() const {
    size_t length = 0;
    if (absl::ascii_tolower(At(pos_)) == 'b') ++length;
    if (absl::ascii_tolower(At(pos_ + length)) == 'r') ++length;
    char quote = At(pos_ + length);
    return quote == '"' || quote == '\'' ? length : std::string_view::npos;
  }

  Token String(size_t prefix_length) {
    size_t begin = pos_;
    bool raw = prefix_length > 0 && absl::ascii_tolower(At(pos_ + prefix_length - 1)) == 'r';
    LiteralKind kind =
        prefix_length > 0 && absl::ascii_tolower(At(pos_)) == 'b' ? LiteralKind::kBytes : LiteralKind::kString;
    pos_ += prefix_length;
    std::string_view quote = source_.substr(pos_, 1);
    bool triple = source_.substr(pos_, 3) == std::string(3, quote[0]);
    if (triple) quote = source_.substr(pos_, 3);
    pos_ += quote.size();
    size_t body_begin = pos_;
    while (!StartsWith(quote)) {
      if (pos_ >= source_.size() || (!triple && (At(pos_) == '\n' || At(pos_) == '\r'))) {
        Fail(begin, pos_ - begin, Cat("the text is never closed with ", Quote(quote)));
        return Token();
      }
      pos_ += !raw && At(pos_) == '\\' && pos_ + 1 < source_.size() ? 2 : 1;
    }
    std::string_view body = source_.substr(body_begin, pos_ - body_begin);
    pos_ += quote.size();
    std::optional<std::string> text(body);
    Diagnostic error;
    if (!raw) text = Unescape(body, kind, error);
    if (!text.has_value()) {
      Fail(body_begin + error.offset, error.length, std::move(error.message));
      return Token();
    }
    return Finish(TokenKind::kLiteral, begin,
                  kind == LiteralKind::kBytes ? Value::Bytes(*std::move(text)) : Value::String(*std::move(text)));
  }

  Token QuotedWord() {
    size_t begin = pos_++;
    while (IsWordPart(At(pos_)) || std::string_view(".-/ ").find(At(pos_)) != std::string_view::npos) {
      ++pos_;
    }
    if (At(pos_) != '`' || pos_ == begin + 1) {
      Fail(begin, pos_ - begin, "a quoted field takes letters, digits, and `_.-/` or blanks, up to a closing backtick");
      return Token();
    }
    ++pos_;
    Token token = Finish(TokenKind::kQuotedWord, begin);
    token.text = source_.substr(begin + 1, pos_ - begin - 2);
    return token;
  }

  void SkipDigits() {
    while (absl::ascii_isdigit(At(pos_))) ++pos_;
  }

  // Moves past `.5` and `e-7`, if they are there.
  bool SkipFraction() {
    bool found = false;
    if (At(pos_) == '.' && absl::ascii_isdigit(At(pos_ + 1))) {
      ++pos_;
      SkipDigits();
      found = true;
    }
    if (absl::ascii_tolower(At(pos_)) == 'e') {
      size_t sign = At(pos_ + 1) == '+' || At(pos_ + 1) == '-' ? 1 : 0;
      if (absl::ascii_isdigit(At(pos_ + 1 + sign))) {
        pos_ += 1 + sign;
        SkipDigits();
        found = true;
      }
    }
    return found;
  }

  Token Number() {
    size_t begin = pos_;
    bool hex = At(pos_) == '0' && At(pos_ + 1) == 'x' && absl::ascii_isxdigit(At(pos_ + 2));
    if (hex) {
      pos_ += 2;
      while (absl::ascii_isxdigit(At(pos_))) ++pos_;
    } else {
      SkipDigits();
      if (SkipFraction()) return Double(begin);
    }
    std::string_view digits = source_.substr(begin + (hex ? 2 : 0), pos_ - begin - (hex ? 2 : 0));
    uint64_t v = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v, hex ? 16 : 10);
    bool fits = error == std::errc();
    bool is_uint = absl::ascii_tolower(At(pos_)) == 'u';
    if (is_uint) ++pos_;
    if (!CheckWordEnd(begin)) return Token();
    constexpr uint64_t kIntMax = std::numeric_limits<int64_t>::max();
    if (!fits || (!is_uint && v > kIntMax + 1)) {
      Fail(begin, pos_ - begin,
           Cat(Quote(source_.substr(begin, pos_ - begin)), " does not fit ", is_uint ? "a uint" : "an int",
               " of 64 bits"));
      return Token();
    }
    if (is_uint) return Finish(TokenKind::kLiteral, begin, Value::Uint(v));
    if (v > kIntMax) return Finish(TokenKind::kIntMin, begin);
    return Finish(TokenKind::kLiteral, begin, Value::Int(static_cast<int64_t>(v)));
  }

  Token Double(size_t begin) {
    if (!CheckWordEnd(begin)) return Token();
    std::string_view text = source_.substr(begin, pos_ - begin);
    std::optional<double> v = ParseDouble(text);
    if (!v.has_value()) {
      Fail(begin, text.size(), Cat(Quote(text), " does not fit a double"));
      return Token();
    }
    return Finish(TokenKind::kLiteral, begin, Value::Double(*v));
  }

  // `12abc` is a mistake, not two words.
  bool CheckWordEnd(size_t begin) {
    if (!IsWordPart(At(pos_))) return true;
    while (IsWordPart(At(pos_))) ++pos_;
    Fail(begin, pos_ - begin, Cat(Quote(source_.substr(begin, pos_ - begin)), " is not a number"));
    return false;
  }

  std::string_view source_;
  size_t pos_ = 0;
  std::optional<Diagnostic> error_;
};

}  // namespace

Tokens Tokenize(std::string_view source) { return Lexer(source).Run(); }

bool IsReserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

bool IsIdentifier(std::string_view text) {
  return !text.empty() && IsWordStart(text.front()) && std::all_of(text.begin(), text.end(), IsWordPart);
}

}  // namespace mandate::cel
