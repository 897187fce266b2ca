// functions.h: every operator and function: what it accepts, for the checker, and what it does, for
// the evaluator.
//
//   const Function* plus = FindFunction("_+_");
//   Value sum = plus->implementation({*plus, {a, b}, cost});
//
// Threads     Built once, then immutable; safe to share.
// Errors      Implementations return errors as values, without the place; the evaluator adds that.
//             They accept any values, since what the checker could not know arrives here, but only
//             as many as a signature says.
#ifndef MANDATE_SCHEMA_CEL_FUNCTIONS_H_
#define MANDATE_SCHEMA_CEL_FUNCTIONS_H_

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

// Arguments are known values: an error or unknown among them is the result without a call.
struct Call {
  const Function& function;
  absl::Span<const Value> args;
  Cost& cost;
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
Value SelectField(const Value& object, std::string_view field, Access access);
Value IndexInto(const Value& object, const Value& key, Access access);

// Limits on patterns, literal or not: a program of a few thousand instructions, and for those made
// at run time a short text, since each is compiled anew.
inline constexpr int64_t kPatternMemoryMax = 1 << 20;
inline constexpr size_t kDynamicPatternSizeMax = 1000;
// Literal patterns of one expression: each may come to hold kPatternMemoryMax for as long as the
// program lives.
inline constexpr int kLiteralPatternsMax = 100;
RE2::Options PatternOptions();

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_FUNCTIONS_H_
