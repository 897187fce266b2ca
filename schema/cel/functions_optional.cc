// Optional values.
#include "schema/cel/functions.h"
#include "schema/cel/time_text.h"

namespace mandate::cel {
namespace {

// What a message's field has when it is not set; for a timestamp that is cel-go's choice, the
// beginning of year 1.
bool IsZero(const Value& v) {
  switch (v.kind()) {
    case ValueKind::kNull: return true;
    case ValueKind::kBool: return !v.bool_value();
    case ValueKind::kInt: return v.int_value() == 0;
    case ValueKind::kUint: return v.uint_value() == 0;
    case ValueKind::kDouble: return v.double_value() == 0;
    case ValueKind::kString:
    case ValueKind::kBytes: return v.text().empty();
    case ValueKind::kDuration: return v.duration() == absl::ZeroDuration();
    case ValueKind::kTimestamp: return v.timestamp() == ParseTimestamp("0001-01-01T00:00:00Z");
    case ValueKind::kList: return v.list().empty();
    case ValueKind::kMap: return v.map().size() == 0;
    case ValueKind::kOptional: return v.optional() == nullptr;
    default: return false;
  }
}

Value Of(const Call& call) { return Value::Some(call.args[0]); }
Value None(const Call&) { return Value::None(); }
Value OfNonZero(const Call& call) { return IsZero(call.args[0]) ? Value::None() : Value::Some(call.args[0]); }

Value HasValue(const Call& call) {
  if (!call.args[0].Is(ValueKind::kOptional)) return NoOverload(call);
  return Value::Bool(call.args[0].optional() != nullptr);
}

Value ValueOf(const Call& call) {
  if (!call.args[0].Is(ValueKind::kOptional)) return NoOverload(call);
  if (call.args[0].optional() == nullptr) return Value::Error("optional.none() has no value");
  return *call.args[0].optional();
}

Value Or(const Call& call) {
  if (!call.args[0].Is(ValueKind::kOptional) || !call.args[1].Is(ValueKind::kOptional)) return NoOverload(call);
  return call.args[0].optional() != nullptr ? call.args[0] : call.args[1];
}

Value OrValue(const Call& call) {
  if (!call.args[0].Is(ValueKind::kOptional)) return NoOverload(call);
  return call.args[0].optional() != nullptr ? *call.args[0].optional() : call.args[1];
}

}  // namespace

std::vector<FunctionSpec> OptionalFunctions() {
  return {
      {"optional.of", {"(A) -> optional<A>"}, Of},
      {"optional.none", {"() -> optional<A>"}, None},
      {"optional.ofNonZeroValue", {"(A) -> optional<A>"}, OfNonZero},
      {"hasValue", {"optional<A>.() -> bool"}, HasValue},
      {"value", {"optional<A>.() -> A"}, ValueOf},
      {"or", {"optional<A>.(optional<A>) -> optional<A>"}, Or, Arguments::kFallback},
      {"orValue", {"optional<A>.(A) -> A"}, OrValue, Arguments::kFallback},
  };
}

}  // namespace mandate::cel
