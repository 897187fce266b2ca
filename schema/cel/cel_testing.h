// cel_testing.h: the small vocabulary of the tests here.
//
//   Answer("i + 1 == 3", {{"i", Value::Int(2)}})
//       ->  "true", "missing j", "error: ..." or "refused: ..."
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_CEL_CEL_TESTING_H_
#define MANDATE_SCHEMA_CEL_CEL_TESTING_H_

#include <map>
#include <string>
#include <string_view>

#include "schema/cel/random_expression.h"

namespace mandate::cel {

using Values = std::map<std::string, Value>;

// Over TestVariables() and the parameters `ip`, `t` (timestamp) and `n` (map<any>); any type of
// result.
inline std::vector<Variable> AnswerVariables() {
  std::vector<Variable> variables = TestVariables();
  variables.push_back({"ip", Type(TypeKind::kIpAddress)});
  variables.push_back({"t", Type(TypeKind::kTimestamp)});
  variables.push_back({"n", Type::Map(Type(TypeKind::kString), Type())});
  return variables;
}

inline std::string Answer(std::string_view text, const Values& values = {}, uint64_t cost_limit = kDefaultCostLimit) {
  CompileResult compiled = Compile(text, AnswerVariables(), {.result = Result::kAny});
  if (!compiled.ok()) return "refused: " + compiled.diagnostics[0].message;
  Activation activation;
  for (const auto& [name, value] : values) activation.Set(name, value);
  absl::StatusOr<Evaluation> evaluation = compiled.program->Evaluate(activation, {.cost_limit = cost_limit});
  return (evaluation.ok() ? "" : "error: ") + Describe(evaluation);
}

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_CEL_TESTING_H_
