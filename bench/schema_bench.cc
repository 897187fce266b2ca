// Schemas in process: compiling them, printing them, telling two apart, and refusing what is no
// schema.
#include <string>

#include "benchmark/benchmark.h"
#include "schema/compiler.h"
#include "schema/diagnostic_sink.h"
#include "schema/diff.h"
#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/text.h"

namespace mandate {
namespace {

// `count` definitions like those of a large organization: folders in a ring, groups, caveats on
// some.
std::string SchemaOf(int64_t count) {
  std::string text =
      "use expiration\ncaveat hours(hour int) { hour > 8 && hour < 18 }\ndefinition user {}\n"
      "definition team {\n\trelation member: user | team#member\n}\n";
  for (int64_t i = 0; i < count; ++i) {
    text += Cat("\n/** One of many. */\ndefinition doc_", i, " {\n\trelation parent: doc_", (i + 1) % count,
                "\n\trelation owner: user\n\trelation viewer: user | team#member | "
                "user with hours and expiration\n\trelation banned: user\n\n"
                "\tpermission edit = owner + parent->edit\n"
                "\tpermission view = (viewer + edit + parent->view) - banned\n"
                "\tpermission share = edit & parent->parent->owner\n}\n");
  }
  return text;
}

void SchemaCompile(benchmark::State& state) {
  const std::string text = SchemaOf(state.range(0));
  for (auto _ : state) {
    const CompileResult result = CompileSchema(text);
    if (!result.ok() || !result.diagnostics.empty()) {
      state.SkipWithError("the schema does not compile, or draws warnings");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}

void SchemaFormat(benchmark::State& state) {
  const std::string text = SchemaOf(state.range(0));
  const std::string canonical = [&] {
    DiagnosticSink sink(text);
    return syntax::FormatSchema(syntax::ParseSchema(text, sink));
  }();
  for (auto _ : state) {
    DiagnosticSink sink(canonical);
    if (syntax::FormatSchema(syntax::ParseSchema(canonical, sink)) != canonical) {
      state.SkipWithError("the canonical form is not canonical");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(canonical.size()) * state.iterations());
}

// Every permission is written otherwise and means the same, but for one.
void SchemaDiff(benchmark::State& state) {
  const std::string text = SchemaOf(state.range(0));
  std::string rewritten = text;
  const auto replace = [&](std::string_view old, std::string_view fresh) {
    for (size_t at = 0; (at = rewritten.find(old, at)) != std::string::npos; at += fresh.size())
      rewritten.replace(at, old.size(), fresh);
  };
  replace("(viewer + edit + parent->view) - banned", "(parent->view - banned) + ((edit + viewer) - banned)");
  rewritten.replace(rewritten.rfind("edit & parent->"), 6, "edit +");
  const auto before = CompileSchema(text).schema;
  const auto after = CompileSchema(rewritten).schema;
  for (auto _ : state) {
    if (DiffSchemas(*before, *after).size() != 1) {
      state.SkipWithError("one permission differs, and is not found alone");
      return;
    }
  }
}

// What a server does with a text that is refused: compile and render.
void Refuse(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    const CompileResult result = CompileSchema(text);
    if (result.ok()) {
      state.SkipWithError("the text is accepted");
      return;
    }
    benchmark::DoNotOptimize(RenderDiagnostics("schema", text, result.diagnostics));
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}

constexpr size_t kMebibyte = 1 << 20;

std::string Repeat(std::string_view text) {
  std::string out;
  while (out.size() < kMebibyte) out += text;
  return out;
}

void SchemaRefuseParentheses(benchmark::State& state) {
  Refuse(state, Cat("definition doc {\n permission view = ", std::string(kMebibyte, '(')));
}
void SchemaRefuseGarbage(benchmark::State& state) { Refuse(state, Repeat("#$%^ ~ ")); }
void SchemaRefuseErrors(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += Cat("definition d_", i, " { relation aaa: u }\n");
  Refuse(state, text);
}

BENCHMARK(SchemaCompile)->Arg(10)->Arg(100)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(SchemaFormat)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(SchemaDiff)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(SchemaRefuseParentheses)->Unit(benchmark::kMillisecond);
BENCHMARK(SchemaRefuseGarbage)->Unit(benchmark::kMillisecond);
BENCHMARK(SchemaRefuseErrors)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mandate
