#include "schema/lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "schema/text.h"

namespace mandate {
namespace {

using syntax::Span;

constexpr std::string_view kDoubleSymbols[] = {"->", "&&", "||", "<=", ">=", "==", "!="};
constexpr std::string_view kSingleSymbols = "{}()[]<>=:,.-+&|!?%/#*";

bool IsAsciiWord(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Blanks, punctuation and marks beyond ASCII. Everything else up there is taken as part of a word,
// so that `vié_wer` is one wrong name and not two halves.
bool IsForeignSymbol(uint32_t c) {
  return (c >= 0x80 && c <= 0xBF && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x2E00 && c <= 0x2E7F) || (c >= 0x3000 && c <= 0x3004) ||
         (c >= 0x3008 && c <= 0x3020) || (c >= 0xFE00 && c <= 0xFE6F) || c == 0xFEFF || c >= 0x1F000;
}

class Lexer {
 public:
  Lexer(std::string_view text, DiagnosticSink& sink) : text_(text), sink_(sink) {}

  LexedText Run() {
    while (position_ < text_.size() && !sink_.full()) LexOne();
    Push(TokenKind::kEndOfText, text_.size(), 0);
    return std::move(result_);
  }

 private:
  char At(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  std::string_view Rest() const { return text_.substr(position_); }

  void Push(TokenKind kind, size_t offset, size_t length) {
    result_.tokens.push_back(
        {kind, line_is_fresh_, line_breaks_ >= 2, {static_cast<uint32_t>(offset), static_cast<uint32_t>(length)}});
    if (kind == TokenKind::kEnd && length == 0) return;
    NoteBlankLineAfterComment();
    comment_is_last_ = false;
    line_is_fresh_ = false;
    line_breaks_ = 0;
    position_ = offset + length;
  }

  // Called when something follows: it ends the blank lines after a comment.
  void NoteBlankLineAfterComment() {
    if (comment_is_last_ && line_breaks_ >= 2) result_.comments.back().blank_line_after = true;
  }

  // A line break directly after one of these ends the statement.
  bool LastTokenCanEndStatement() const {
    if (result_.tokens.empty()) return false;
    const Token& last = result_.tokens.back();
    if (last.kind == TokenKind::kWord || last.kind == TokenKind::kBad) return true;
    if (last.kind == TokenKind::kString) return true;
    if (last.kind != TokenKind::kSymbol || last.span.length != 1) return false;
    const char c = text_[last.span.offset];
    return c == '}' || c == ')' || c == '*';
  }

  void LexOne() {
    const char c = text_[position_];
    if (c == '\n' || c == '\r') return LexLineBreak();
    if (c == ' ' || c == '\t') {
      ++position_;
    } else if (c == '/' && At(position_ + 1) == '/') {
      LexComment(std::min(text_.find_first_of("\r\n", position_), text_.size()));
    } else if (c == '/' && At(position_ + 1) == '*') {
      LexBlockComment();
    } else if (c == '"' || c == '\'') {
      LexString(c);
    } else if (c == ';') {
      Push(TokenKind::kEnd, position_, 1);
    } else if (WordLength(Rest()) > 0) {
      Push(TokenKind::kWord, position_, WordLength(Rest()));
    } else if (SymbolLength() > 0) {
      Push(TokenKind::kSymbol, position_, SymbolLength());
    } else {
      LexBadCharacter();
    }
  }

  void LexLineBreak() {
    if (LastTokenCanEndStatement()) Push(TokenKind::kEnd, position_, 0);
    position_ += Rest().starts_with("\r\n") ? 2 : 1;
    line_is_fresh_ = true;
    ++line_breaks_;
  }

  void LexComment(size_t end) {
    const Span span{static_cast<uint32_t>(position_), static_cast<uint32_t>(end - position_)};
    CheckUtf8(span);
    NoteBlankLineAfterComment();
    result_.comments.push_back({span, line_is_fresh_, line_breaks_ >= 2});
    comment_is_last_ = true;
    line_breaks_ = 0;
    position_ = end;
  }

  void LexBlockComment() {
    const size_t close = text_.find("*/", position_ + 2);
    if (close != text_.npos) return LexComment(close + 2);
    sink_.SyntaxError({static_cast<uint32_t>(position_), 2}, "this comment is never closed; end it with `*/`");
    LoseRest();
  }

  void LoseRest() {
    result_.cut_short = true;
    Push(TokenKind::kBad, position_, text_.size() - position_);
  }

  // A backslash keeps the quote after it inside the string, except in CEL's raw strings (`r"\d"`).
  void LexString(char quote) {
    const std::string triple(3, quote);
    const bool is_triple = Rest().starts_with(triple);
    const size_t width = is_triple ? 3 : 1;
    const bool raw = FollowsRawPrefix();
    for (size_t i = position_ + width; i < text_.size(); ++i) {
      if (text_[i] == '\\' && !raw) {
        ++i;
      } else if (!is_triple && (text_[i] == '\n' || text_[i] == '\r')) {
        break;
      } else if (text_.substr(i).starts_with(is_triple ? std::string_view(triple)
                                                       : std::string_view(triple).substr(2))) {
        const size_t length = i + width - position_;
        CheckUtf8({static_cast<uint32_t>(position_), static_cast<uint32_t>(length)});
        return Push(TokenKind::kString, position_, length);
      }
    }
    sink_.SyntaxError({static_cast<uint32_t>(position_), static_cast<uint32_t>(width)},
                      Cat("this string is never closed; end it with ", is_triple ? triple : std::string(1, quote)));
    if (is_triple) return LoseRest();
    const size_t end = std::min(text_.find_first_of("\r\n", position_), text_.size());
    Push(TokenKind::kBad, position_, end - position_);
  }

  bool FollowsRawPrefix() const {
    if (result_.tokens.empty()) return false;
    const Token& last = result_.tokens.back();
    if (last.kind != TokenKind::kWord || last.span.end() != position_ || last.span.length > 2) return false;
    return text_.substr(last.span.offset, last.span.length).find_first_of("rR") != text_.npos;
  }

  static size_t WordLength(std::string_view text) {
    size_t length = 0;
    while (length < text.size()) {
      if (IsAsciiWord(text[length])) {
        ++length;
        continue;
      }
      if (static_cast<unsigned char>(text[length]) < 0x80) break;
      const std::string_view rest = text.substr(length);
      const size_t bytes = Utf8CharacterLength(rest);
      if (bytes == 0 || IsForeignSymbol(CodePoint(rest, bytes))) break;
      length += bytes;
    }
    return length;
  }

  size_t SymbolLength() const {
    if (Rest().starts_with("...")) return 3;
    for (std::string_view symbol : kDoubleSymbols) {
      if (Rest().starts_with(symbol)) return 2;
    }
    return kSingleSymbols.find(text_[position_]) != kSingleSymbols.npos ? 1 : 0;
  }

  // One message for a run of the same bad character.
  void LexBadCharacter() {
    const size_t length = Utf8CharacterLength(Rest());
    if (length == 0) {
      const size_t bytes = InvalidBytes(position_);
      ReportInvalidUtf8({static_cast<uint32_t>(position_), static_cast<uint32_t>(bytes)});
      return Push(TokenKind::kBad, position_, bytes);
    }
    const std::string_view character = Rest().substr(0, length);
    size_t end = position_ + length;
    while (text_.substr(end).starts_with(character)) end += length;
    sink_.SyntaxError({static_cast<uint32_t>(position_), static_cast<uint32_t>(end - position_)},
                      DescribeBadCharacter(character));
    Push(TokenKind::kBad, position_, end - position_);
  }

  static std::string DescribeBadCharacter(std::string_view character) {
    const uint32_t code = CodePoint(character, character.size());
    if (code == 0xFEFF) return "a byte-order mark (U+FEFF) is not part of a schema; remove it";
    if (code == 0xA0) return "a no-break space (U+00A0) does not separate words here; use a plain space";
    const std::string number = absl::StrFormat("U+%04X", code);
    if (IsInvisible(code)) {
      return Cat("the invisible character ", number, " has no meaning in a schema; remove it");
    }
    return Cat(Quote(character), code < 0x80 ? "" : Cat(" (", number, ")"), " has no meaning in a schema");
  }

  // How many bytes from `start` on are not part of a valid character.
  size_t InvalidBytes(size_t start) const {
    size_t end = start;
    while (end < text_.size() && Utf8CharacterLength(text_.substr(end)) == 0) ++end;
    return end - start;
  }

  void ReportInvalidUtf8(Span span) {
    sink_.SyntaxError(span, span.length == 1 ? "this byte is not valid UTF-8"
                                             : Cat("these ", span.length, " bytes are not valid UTF-8"));
  }

  void CheckUtf8(Span span) {
    for (size_t i = span.offset; i < span.end();) {
      const size_t length = Utf8CharacterLength(text_.substr(i));
      if (length == 0) {
        const size_t bytes = InvalidBytes(i);
        ReportInvalidUtf8({static_cast<uint32_t>(i), static_cast<uint32_t>(bytes)});
        i += bytes;
      } else {
        i += length;
      }
    }
  }

  std::string_view text_;
  DiagnosticSink& sink_;
  LexedText result_;
  size_t position_ = 0;
  bool line_is_fresh_ = true;
  int line_breaks_ = 0;
  bool comment_is_last_ = false;
};

}  // namespace

LexedText LexSchema(std::string_view text, DiagnosticSink& sink) { return Lexer(text, sink).Run(); }

}  // namespace mandate
