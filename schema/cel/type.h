// type.h: the types of CEL as Mandate uses it, and their text.
//
//   absl::StatusOr<Type> type = ParseType("map<list<int>>");  // a caveat parameter's type
//   type->ToString() == "map<list<int>>"
//
// Threads     Immutable values; safe anywhere. Copies share their parts.
// Errors      INVALID_ARGUMENT for text that is not a parameter type, saying what is allowed.
// Limits      Parameter types nest at most 16 deep; more is never meant.
#ifndef MANDATE_SCHEMA_CEL_TYPE_H_
#define MANDATE_SCHEMA_CEL_TYPE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mandate::cel {

enum class TypeKind : uint8_t {
  kAny,  // CEL's `dyn`: known only at run time.
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kDuration,
  kTimestamp,
  kIpAddress,
  kList,      // of parameters[0]
  kMap,       // from parameters[0] to parameters[1]
  kOptional,  // of parameters[0]
  kType,      // the type of a type, `int` or `type(x)`; of parameters[0]
  kVariable,  // stands for a type still to be inferred; only inside the checker
  kError,     // of an expression that is already reported; only inside the checker
};

class Type {
 public:
  Type() = default;  // any
  explicit Type(TypeKind kind) : kind_(kind) {}
  static Type List(Type element) { return Type(TypeKind::kList, {std::move(element)}); }
  static Type Map(Type key, Type value) { return Type(TypeKind::kMap, {std::move(key), std::move(value)}); }
  static Type Optional(Type value) { return Type(TypeKind::kOptional, {std::move(value)}); }
  static Type OfType(Type type) { return Type(TypeKind::kType, {std::move(type)}); }
  static Type Variable(int number) {
    Type type(TypeKind::kVariable);
    type.variable_ = number;
    return type;
  }
  static Type WithParameters(TypeKind kind, std::vector<Type> parameters) { return Type(kind, std::move(parameters)); }

  TypeKind kind() const { return kind_; }
  int variable() const { return variable_; }  // REQUIRES: kind() == kVariable.
  const std::vector<Type>& parameters() const;
  // REQUIRES: i < parameters().size().
  const Type& parameter(size_t i) const { return (*parameters_)[i]; }

  // In the schema's own words; a map says its keys only where they are not strings: `map<int>`,
  // `map<bool, int>`.
  std::string ToString() const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  Type(TypeKind kind, std::vector<Type> parameters)
      : kind_(kind), parameters_(std::make_shared<const std::vector<Type>>(std::move(parameters))) {}

  TypeKind kind_ = TypeKind::kAny;
  int variable_ = 0;
  std::shared_ptr<const std::vector<Type>> parameters_;
};

// A caveat parameter's type as a schema writes it: any, bool, int, uint, double, string, bytes,
// duration, timestamp, ipaddress, list<T>, map<T> (whose keys are strings).
absl::StatusOr<Type> ParseType(std::string_view text);

// `method string.(string) -> bool` and the like: the type at the start of `text`, which is advanced
// past it. Knows in addition null, map<K, V>, optional<T>, type<T> and the variables A, B, C, D.
// REQUIRES: `text` starts with such a type; it comes from our own tables.
Type ConsumeSignatureType(std::string_view& text);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_TYPE_H_
