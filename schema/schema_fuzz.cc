// Any bytes as a schema: compiled and rendered without harm; what can be read is printed and read
// back as the same tree, and what compiles means the same when printed, its expressions word for word.
#include <cstdint>
#include <cstdlib>

#include "schema/compiler.h"
#include "schema/diff.h"
#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/resolver.h"
#include "schema/syntax_testing.h"

namespace mandate {
namespace {

constexpr size_t kMebibyte = 1 << 20;

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckCompilation(std::string_view text) {
  const CompileResult result = CompileSchema(text);
  size_t errors = 0;
  size_t last_offset = 0;
  for (const Diagnostic& d : result.diagnostics) {
    if (d.severity == Severity::kError) ++errors;
    Require(d.range.offset >= last_offset && d.range.offset + d.range.length <= text.size());
    last_offset = d.range.offset;
  }
  Require(result.ok() == (errors == 0));
  RenderDiagnostics("fuzz", text, result.diagnostics);
  if (result.ok()) {
    const SchemaChange change = CompareForStorage(*result.schema, *result.schema);
    Require(change.narrowed.empty() && change.widened.empty());
    Require(DiffSchemas(*result.schema, *result.schema).empty());
  }
}

void CheckPrinting(std::string_view text) {
  DiagnosticSink sink(text);
  const syntax::File before = syntax::ParseSchema(text, sink);
  if (sink.has_errors()) return;
  const std::string printed = syntax::FormatSchema(before);
  DiagnosticSink printed_sink(printed);
  const syntax::File after = syntax::ParseSchema(printed, printed_sink);
  Require(!printed_sink.has_errors());
  Require(syntax::ShowFile(after) == syntax::ShowFile(before));
  Require(syntax::FormatSchema(after) == printed);
  const CompileResult compiled = CompileSchema(text);
  if (!compiled.ok()) return;
  const CompileResult printed_compiled = CompileSchema(printed);
  if (text.size() > kMebibyte && !printed_compiled.ok()) return;  // Tabs made it too long.
  Require(printed_compiled.ok());
  Require(syntax::ShowExpressions(after) == syntax::ShowExpressions(before));
  for (const Difference& d : DiffSchemas(*compiled.schema, *printed_compiled.schema))
    Require(IsOfDocumentation(d.kind));
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  mandate::CheckCompilation(text);
  mandate::CheckPrinting(text);
  return 0;
}
