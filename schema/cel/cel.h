// cel.h: CEL, the language of caveats: text in, an immutable program out, evaluated with some or
// all of its parameters.
//
//   CompileResult compiled = Compile("hour < 18 && day in days", parameters);
//   if (!compiled.ok()) report(compiled.diagnostics);
//   Activation activation;
//   activation.Set("hour", Value::Int(20));
//   absl::StatusOr<Evaluation> answer = compiled.program->Evaluate(activation);
//   // answer->outcome == Outcome::kFalse: the day does not matter at this hour.
//
// The language is that of cel-spec with the standard macros, optional values and two-variable
// macros; README.md says what is added, what is left out, and how parameters may be missing.
//
// Threads     A Program is immutable and safe to share. An Activation belongs to one thread while
//             it is changed.
// Ownership   Programs own everything; neither source nor variables need to outlive Compile.
// Errors      Compile reports diagnostics. Evaluate: INVALID_ARGUMENT when the expression itself
//             fails (no such key, division by zero, overflow, ...), RESOURCE_EXHAUSTED when it
//             costs more than allowed.
// Limits      kSourceSizeMax bytes of source, nested at most kNestingMax deep, from which the
//             depth of every recursion follows; of one source, or of all that share a budget,
//             kCompileCostMax.
// Units       Offsets and lengths are bytes of the source, from 0. Costs: see cost.h.
#ifndef MANDATE_SCHEMA_CEL_CEL_H_
#define MANDATE_SCHEMA_CEL_CEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "nlohmann/json_fwd.hpp"
#include "schema/cel/cost.h"
#include "schema/cel/type.h"
#include "schema/cel/value.h"
#include "schema/text.h"

namespace mandate::cel {

inline constexpr size_t kSourceSizeMax = 100'000;
// Deeper is never written by hand. A chain of `&&` or `||` counts as one level, however long; other
// operators count each operand, since each is a level of the tree.
inline constexpr int kNestingMax = 250;
// A million steps take some tens of milliseconds; real caveats take less than a hundred.
inline constexpr uint64_t kDefaultCostLimit = 1'000'000;
// What is compiled in about a second, and is kept in about a hundred megabytes: a thousand caveats of thirty
// operators, with a pattern each, take a quarter of it.
inline constexpr uint64_t kCompileCostMax = 30'000'000;
// JSON nested deeper is refused by ConvertJson.
inline constexpr int kJsonNestingMax = 100;

struct Variable {
  std::string name;  // An identifier; ValidateVariableName.
  Type type;
};

// INVALID_ARGUMENT if no expression could ever refer to a parameter of this name: `if`, `9lives`.
absl::Status ValidateVariableName(std::string_view name);

struct Diagnostic {
  size_t offset = 0;
  size_t length = 0;
  std::string message;  // Lower case, the user's text in backticks, no full stop.
};

// The values of some or all variables.
class Activation {
 public:
  void Set(std::string name, Value value) { values_.insert_or_assign(std::move(name), std::move(value)); }
  const Value* Find(std::string_view name) const {
    auto it = values_.find(AbslView(name));
    return it == values_.end() ? nullptr : &it->second;
  }

 private:
  absl::flat_hash_map<std::string, Value> values_;
};

enum class Outcome : uint8_t {
  kTrue,
  kFalse,
  kValue,    // Something other than a bool; Evaluation::value.
  kMissing,  // Depends on parameters that were not given; Evaluation::missing.
};

struct Evaluation {
  Outcome outcome = Outcome::kMissing;
  Value value;                       // Set unless kMissing.
  std::vector<std::string> missing;  // Sorted. With these given too, the answer is decided.
};

struct EvaluateOptions {
  uint64_t cost_limit = kDefaultCostLimit;
  uint64_t* cost = nullptr;  // Set to what it cost, also where it ended in an error.
};

class Program {
 public:
  // Variables without a value in `activation` are unknown: the answer is decided if it is the same
  // whatever they are (as far as CEL can tell), and kMissing otherwise. Values are expected to have
  // the variables' types (ConvertJson makes them so); others are errors where they do not fit.
  absl::StatusOr<Evaluation> Evaluate(const Activation& activation, const EvaluateOptions& options = {}) const;

  const std::vector<Variable>& variables() const;
  const std::string& source() const;
  const Type& result_type() const;

  explicit Program(std::unique_ptr<const struct CompiledExpression> compiled);
  ~Program();

 private:
  std::unique_ptr<const CompiledExpression> compiled_;
};

enum class Result : uint8_t { kBool, kAny };
enum class Checking : uint8_t { kFull, kNone };
struct CompileOptions {
  Result result = Result::kBool;        // A caveat is bool; `any` passes and is looked at when evaluated.
  Checking checking = Checking::kFull;  // kNone leaves all errors to the evaluation, as cel-spec allows.
  std::string container;                // The namespace in which names are looked up first: `acme.policy`.
  Cost* budget = nullptr;               // Shared by the expressions of a schema; null: kCompileCostMax for this one.
};

struct CompileResult {
  std::shared_ptr<const Program> program;  // Null when there are diagnostics.
  std::vector<Diagnostic> diagnostics;     // In the order of the source.
  std::vector<std::string> unused;         // Variables that the expression never names, as declared.
  bool ok() const { return program != nullptr; }
};

// With the budget exceeded there is one diagnostic, which says only that.
CompileResult Compile(std::string_view source, absl::Span<const Variable> variables,
                      const CompileOptions& options = {});

// `json` as a value of `type`, by the table of README.md. INVALID_ARGUMENT names `parameter`, the
// place inside it and what is allowed: ``parameter `hours[2]` must be an integer or a decimal
// string``.
absl::StatusOr<Value> ConvertJson(std::string_view parameter, const Type& type, const nlohmann::json& json);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_CEL_H_
