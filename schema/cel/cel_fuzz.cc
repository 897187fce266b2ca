// Arbitrary text never crashes the compiler, nor what it compiles the evaluator, with or without
// type checking.
#include <cstdlib>

#include "schema/cel/ip_address.h"
#include "schema/cel/random_expression.h"
#include "schema/cel/time_text.h"

namespace mandate::cel {
namespace {

void CompileAndEvaluate(std::string_view text, Checking checking) {
  const std::vector<Variable> variables = TestVariables();
  CompileOptions options;
  options.result = Result::kAny;
  options.checking = checking;
  CompileResult compiled = Compile(text, variables, options);
  for (const Diagnostic& diagnostic : compiled.diagnostics) {
    if (diagnostic.offset + diagnostic.length > text.size() || diagnostic.message.empty()) std::abort();
  }
  if (!compiled.ok()) return;
  RandomChoices choices(text.size());
  Activation all;
  for (const Variable& variable : variables) all.Set(variable.name, MakeValue(variable, choices));
  const EvaluateOptions limits{.cost_limit = 10'000};
  for (const Activation& activation : {all, Activation()}) {
    absl::StatusOr<Evaluation> answer = compiled.program->Evaluate(activation, limits);
    if (answer.ok()) answer->value.ToString();
  }
}

}  // namespace
}  // namespace mandate::cel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mandate::cel;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CompileAndEvaluate(text, Checking::kFull);
  CompileAndEvaluate(text, Checking::kNone);
  if (auto type = ParseType(text); type.ok() && !(*ParseType(type->ToString()) == *type)) std::abort();
  if (auto time = ParseTimestamp(text); time && *ParseTimestamp(TimestampToText(*time)) != *time) std::abort();
  if (auto duration = ParseDuration(text); duration && *ParseDuration(DurationToText(*duration)) != *duration) {
    std::abort();
  }
  if (auto address = ParseIpAddress(text); address && *ParseIpAddress(ToText(*address)) != *address) std::abort();
  ParseIpRange(text);
  return 0;
}
