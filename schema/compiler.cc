#include "schema/compiler.h"

#include "schema/diagnostic_sink.h"
#include "schema/expression_graph.h"
#include "schema/lint.h"
#include "schema/parser.h"
#include "schema/resolver.h"

namespace mandate {
namespace {

constexpr size_t kTextBytesMax = 4 << 20;

void Resolve(Resolution& resolution) {
  ResolveSubjectTypes(resolution);
  CheckDelegation(resolution);
  ResolvePermissions(resolution);
  ResolveRules(resolution);
  CheckRuleReach(resolution);
  const ExpressionGraph graph(resolution.schema());
  AnalyzeExpressions(resolution, graph);
  if (!resolution.sink.has_errors()) LintMeaning(resolution, graph);
}

}  // namespace

CompileResult CompileSchema(std::string_view text) {
  CompileResult result;
  DiagnosticSink sink(text);
  if (text.size() > kTextBytesMax) {
    sink.SyntaxError({}, "a schema has at most 4 MiB");
    result.diagnostics = sink.Finish();
    return result;
  }
  const syntax::File file = syntax::ParseSchema(text, sink);
  sink.Silence(Silences(file));
  LintText(file, sink);
  Resolution resolution(file, sink);
  DeclareNames(resolution);
  if (!resolution.too_large) Resolve(resolution);
  if (!sink.has_errors()) result.schema = resolution.builder.Finish();
  result.diagnostics = sink.Finish();
  return result;
}

}  // namespace mandate
