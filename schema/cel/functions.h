// functions.h: every operator and function: what it accepts, for the checker, and what it does, for
// the evaluator.
//
//   const Function* plus = FindFunction("_+_");
//   Value sum = plus->implementation({*plus, {a, b}, cost, last_pattern});
//
// Threads     Built once, then immutable; safe to share.
// Errors      Implementations return errors as values, without the place; the evaluator adds that.
//             They accept any values, since what the checker could not know arrives here, but only
//             as many as a signature says.
#ifndef MANDATE_SCHEMA_CEL_FUNCTIONS_H_
#define MANDATE_SCHEMA_CEL_FUNCTIONS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "re2/re2.h"
#include "schema/cel/cost.h"
#include "schema/cel/value.h"

namespace mandate::cel {

struct Function;

struct Signature {
  bool is_method = false;  // parameters[0] is the receiver
  std::vector<Type> parameters;
  Type result;
};

// A pattern that is no literal, compiled or not.
struct RunTimePattern {
  std::string text;
  std::shared_ptr<const RE2> program;
  std::string problem;  // Why there is no program.
};

// Arguments are known values: an error or unknown among them is the result without a call.
struct Call {
  const Function& function;
  absl::Span<const Value> args;
  Cost& cost;
  RunTimePattern& last_pattern;  // Of this evaluation: a loop asks for the same one at every turn.
  const RE2* pattern = nullptr;  // The compiled pattern of `matches`, if it is a literal.
};
using Implementation = Value (*)(const Call&);

// kFallback: a receiver that is an optional with a value decides alone; the argument is not even
// evaluated.
enum class Arguments : uint8_t { kStrict, kFallback };

struct Function {
  std::string_view name;  // `size`; operators as `_+_`, `-_`, `_[_]`
  std::vector<Signature> signatures;
  Implementation implementation;
  Arguments arguments;
};

const Function* FindFunction(std::string_view name);  // Null if there is none.

// One line of a family's table. A method's signature starts with its receiver: `string.(string) ->
// bool`; a function's with the parenthesis: `(string) -> int`.
struct FunctionSpec {
  std::string_view name;
  std::vector<std::string_view> signatures;
  Implementation implementation;
  Arguments arguments = Arguments::kStrict;
};
std::vector<FunctionSpec> ArithmeticFunctions();
std::vector<FunctionSpec> ComparisonFunctions();
std::vector<FunctionSpec> CollectionFunctions();
std::vector<FunctionSpec> TextFunctions();
std::vector<FunctionSpec> TimeFunctions();
std::vector<FunctionSpec> ConversionFunctions();
std::vector<FunctionSpec> OptionalFunctions();

// The operator as written, or the function's name: `+`, `[]`, `size`.
std::string DisplayName(std::string_view function);

// The error for arguments that no signature accepts.
Value NoOverload(const Call& call);

// What `.field` and `[key]` find: a value, an error, or with kOptional an optional. In an optional
// both are optional.
enum class Access : uint8_t { kValue, kOptional };
Value SelectField(const Value& object, std::string_view field, Access access, Cost& cost);
Value IndexInto(const Value& object, const Value& key, Access access, Cost& cost);

// Literal patterns: programs of some ten thousand instructions, as of `.{0,1000}`, and so many in one
// expression: each may come to hold kLiteralPatternMemoryMax for as long as the expression's program lives.
inline constexpr int64_t kLiteralPatternMemoryMax = 256 << 10;
inline constexpr int kLiteralPatternsMax = 100;
// Those made at run time: some two thousand instructions, as of `[\p{L}\p{N}]+`, and a short text.
inline constexpr int64_t kRunTimePatternMemoryMax = 64 << 10;
inline constexpr size_t kRunTimePatternSizeMax = 1000;

// Null, and what is wrong in `problem`, if `text` is no pattern or its program is too large; null without a
// problem if the cost is exceeded.
std::shared_ptr<const RE2> CompilePattern(const std::string& text, int64_t memory_max, Cost& cost,
                                          std::string& problem);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_FUNCTIONS_H_
