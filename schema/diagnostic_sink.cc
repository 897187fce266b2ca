#include "schema/diagnostic_sink.h"

#include <algorithm>

#include "schema/text.h"

namespace mandate {
namespace {

// Gives every diagnostic its line and column. REQUIRES: sorted by offset.
void FillPositions(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  size_t position = 0;
  int line = 1;
  int column = 1;
  for (Diagnostic& d : diagnostics) {
    for (; position < d.range.offset && position < text.size(); ++position) {
      const bool ends_line = text[position] == '\n' ||
                             (text[position] == '\r' && (position + 1 >= text.size() || text[position + 1] != '\n'));
      if (ends_line) {
        ++line;
        column = 1;
      } else if ((static_cast<unsigned char>(text[position]) & 0xC0) != 0x80) {
        ++column;
      }
    }
    d.range.line = line;
    d.range.column = column;
  }
}

}  // namespace

void DiagnosticSink::Add(Diagnostic diagnostic, syntax::Span span) {
  // The same is said again wherever a partial is put in; only what is new counts.
  std::string key = Cat(span.offset, " ", span.length, " ", diagnostic.message);
  if (said_.contains(key)) return;
  size_t& count = diagnostic.severity == Severity::kError ? error_count_ : warning_count_;
  if (++count > kKeptMax) return;
  said_.insert(std::move(key));
  diagnostic.range.offset = std::min<size_t>(span.offset, text_.size());
  diagnostic.range.length = std::min<size_t>(span.length, text_.size() - diagnostic.range.offset);
  diagnostics_.push_back(std::move(diagnostic));
}

void DiagnosticSink::SyntaxError(syntax::Span span, std::string message) {
  Add({Severity::kError, {}, std::move(message), Fault::kSyntax}, span);
}

void DiagnosticSink::Error(syntax::Span span, std::string message) {
  Add({Severity::kError, {}, std::move(message), Fault::kMeaning}, span);
}

void DiagnosticSink::Warning(syntax::Span span, Lint lint, std::string message) {
  if (silences_.Cover(span.offset, lint)) return;
  Add({Severity::kWarning, {}, std::move(message), Fault::kMeaning, std::string(LintName(lint))}, span);
}

std::vector<Diagnostic> DiagnosticSink::Finish() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.range.offset < b.range.offset; });
  FillPositions(text_, diagnostics_);
  const SourceRange last = diagnostics_.empty() ? SourceRange() : diagnostics_.back().range;
  if (error_count_ > kKeptMax) {
    diagnostics_.push_back(
        {Severity::kError, last, Cat("too many errors; ", error_count_ - kKeptMax, " more are not shown")});
  }
  if (warning_count_ > kKeptMax) {
    diagnostics_.push_back(
        {Severity::kWarning, last, Cat("too many warnings; ", warning_count_ - kKeptMax, " more are not shown")});
  }
  return std::move(diagnostics_);
}

}  // namespace mandate
