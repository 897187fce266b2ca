// diagnostic_sink.h: where the phases of the compiler put what they find.
//
// Phases report in the order they come across things, and may say the same again; Finish puts it
// into source order and works out lines and columns in one pass over the text.
//
// Threads     One compilation, one thread.
// Ownership   The text outlives the sink.
// Limits      1,000 errors and 1,000 warnings are kept: a megabyte of stray characters must not
//             become a gigabyte of messages. Last ones then say how many are missing.
#ifndef MANDATE_SCHEMA_DIAGNOSTIC_SINK_H_
#define MANDATE_SCHEMA_DIAGNOSTIC_SINK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "schema/compiler.h"
#include "schema/lint.h"
#include "schema/syntax.h"

namespace mandate {

class DiagnosticSink {
 public:
  explicit DiagnosticSink(std::string_view text) : text_(text) {}

  // The text cannot be read as a schema.
  void SyntaxError(syntax::Span span, std::string message);
  // It can be read, and what it says is wrong.
  void Error(syntax::Span span, std::string message);
  // It is legal, and surely a mistake. Dropped where the text silences this lint.
  void Warning(syntax::Span span, Lint lint, std::string message);

  // Which warnings the text silences, and where. Before the first warning.
  void Silence(Silences silences) { silences_ = std::move(silences); }

  bool has_errors() const { return error_count_ > 0; }
  // True once reading on is pointless: further errors would only be counted.
  bool full() const { return error_count_ >= kKeptMax; }

  // Everything reported, in source order, each once. Ends the sink's use.
  std::vector<Diagnostic> Finish();

  static constexpr size_t kKeptMax = 1000;

 private:
  void Add(Diagnostic diagnostic, syntax::Span span);

  std::string_view text_;
  Silences silences_;
  std::vector<Diagnostic> diagnostics_;
  absl::flat_hash_set<std::string> said_;  // What is kept: place and message.
  size_t error_count_ = 0;
  size_t warning_count_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_SCHEMA_DIAGNOSTIC_SINK_H_
