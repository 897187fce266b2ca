// + - * / % and negation. Integers that overflow are errors, never wrapped; doubles follow IEEE
// 754.
#include <limits>

#include "schema/cel/functions.h"
#include "schema/cel/time_text.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

Value Overflow(std::string_view type) { return Value::Error(Cat(type, " overflow")); }
Value DivisionByZero() { return Value::Error("division by zero"); }

Value Checked(absl::Duration duration) {
  return InRange(duration) ? Value::Duration(duration) : Value::Error("duration out of range");
}
Value Checked(absl::Time time) {
  return InRange(time) ? Value::Timestamp(time) : Value::Error("timestamp out of range");
}

// A text or list may grow by this much only if it is paid for.
Value Concatenate(const Call& call, const Value& a, const Value& b) {
  call.cost.ChargeBytes(a.text().size() + b.text().size());
  std::string joined = Cat(a.text(), b.text());
  return a.Is(ValueKind::kString) ? Value::String(std::move(joined)) : Value::Bytes(std::move(joined));
}

Value ConcatenateLists(const Call& call, const Value& a, const Value& b) {
  if (!call.cost.Charge(a.list().size() + b.list().size())) return Value::Error("cost limit exceeded");
  ValueList joined;
  joined.reserve(a.list().size() + b.list().size());
  joined.insert(joined.end(), a.list().begin(), a.list().end());
  joined.insert(joined.end(), b.list().begin(), b.list().end());
  return Value::List(std::move(joined));
}

Value Add(const Call& call) {
  const Value& a = call.args[0];
  const Value& b = call.args[1];
  if (a.Is(ValueKind::kTimestamp) && b.Is(ValueKind::kDuration)) return Checked(a.timestamp() + b.duration());
  if (a.Is(ValueKind::kDuration) && b.Is(ValueKind::kTimestamp)) return Checked(b.timestamp() + a.duration());
  if (a.kind() != b.kind()) return NoOverload(call);
  switch (a.kind()) {
    case ValueKind::kInt: {
      int64_t sum = 0;
      return __builtin_add_overflow(a.int_value(), b.int_value(), &sum) ? Overflow("int") : Value::Int(sum);
    }
    case ValueKind::kUint: {
      uint64_t sum = 0;
      return __builtin_add_overflow(a.uint_value(), b.uint_value(), &sum) ? Overflow("uint") : Value::Uint(sum);
    }
    case ValueKind::kDouble: return Value::Double(a.double_value() + b.double_value());
    case ValueKind::kString:
    case ValueKind::kBytes: return Concatenate(call, a, b);
    case ValueKind::kDuration: return Checked(a.duration() + b.duration());
    case ValueKind::kList: return ConcatenateLists(call, a, b);
    default: return NoOverload(call);
  }
}

Value Subtract(const Call& call) {
  const Value& a = call.args[0];
  const Value& b = call.args[1];
  if (a.Is(ValueKind::kTimestamp) && b.Is(ValueKind::kDuration)) return Checked(a.timestamp() - b.duration());
  if (a.kind() != b.kind()) return NoOverload(call);
  switch (a.kind()) {
    case ValueKind::kInt: {
      int64_t v = 0;
      return __builtin_sub_overflow(a.int_value(), b.int_value(), &v) ? Overflow("int") : Value::Int(v);
    }
    case ValueKind::kUint: {
      uint64_t v = 0;
      return __builtin_sub_overflow(a.uint_value(), b.uint_value(), &v) ? Overflow("uint") : Value::Uint(v);
    }
    case ValueKind::kDouble: return Value::Double(a.double_value() - b.double_value());
    case ValueKind::kDuration: return Checked(a.duration() - b.duration());
    case ValueKind::kTimestamp: return Checked(a.timestamp() - b.timestamp());
    default: return NoOverload(call);
  }
}

Value Multiply(const Call& call) {
  const Value& a = call.args[0];
  const Value& b = call.args[1];
  if (a.kind() != b.kind()) return NoOverload(call);
  switch (a.kind()) {
    case ValueKind::kInt: {
      int64_t v = 0;
      return __builtin_mul_overflow(a.int_value(), b.int_value(), &v) ? Overflow("int") : Value::Int(v);
    }
    case ValueKind::kUint: {
      uint64_t v = 0;
      return __builtin_mul_overflow(a.uint_value(), b.uint_value(), &v) ? Overflow("uint") : Value::Uint(v);
    }
    case ValueKind::kDouble: return Value::Double(a.double_value() * b.double_value());
    default: return NoOverload(call);
  }
}

// The one quotient of ints that does not fit.
bool QuotientOverflows(int64_t a, int64_t b) { return a == std::numeric_limits<int64_t>::min() && b == -1; }

#if defined(__clang__)
__attribute__((no_sanitize("float-divide-by-zero")))  // IEEE 754 defines it; so does CEL.
#endif
double
DivideDoubles(double a, double b) {
  return a / b;
}

Value Divide(const Call& call) {
  const Value& a = call.args[0];
  const Value& b = call.args[1];
  if (a.kind() != b.kind()) return NoOverload(call);
  switch (a.kind()) {
    case ValueKind::kInt:
      if (b.int_value() == 0) return DivisionByZero();
      if (QuotientOverflows(a.int_value(), b.int_value())) return Overflow("int");
      return Value::Int(a.int_value() / b.int_value());
    case ValueKind::kUint:
      if (b.uint_value() == 0) return DivisionByZero();
      return Value::Uint(a.uint_value() / b.uint_value());
    case ValueKind::kDouble: return Value::Double(DivideDoubles(a.double_value(), b.double_value()));
    default: return NoOverload(call);
  }
}

Value Modulo(const Call& call) {
  const Value& a = call.args[0];
  const Value& b = call.args[1];
  if (a.kind() != b.kind()) return NoOverload(call);
  switch (a.kind()) {
    case ValueKind::kInt:
      if (b.int_value() == 0) return Value::Error("modulus by zero");
      if (QuotientOverflows(a.int_value(), b.int_value())) return Overflow("int");
      return Value::Int(a.int_value() % b.int_value());
    case ValueKind::kUint:
      if (b.uint_value() == 0) return Value::Error("modulus by zero");
      return Value::Uint(a.uint_value() % b.uint_value());
    default: return NoOverload(call);
  }
}

Value Negate(const Call& call) {
  const Value& a = call.args[0];
  if (a.Is(ValueKind::kDouble)) return Value::Double(-a.double_value());
  if (!a.Is(ValueKind::kInt)) return NoOverload(call);
  if (a.int_value() == std::numeric_limits<int64_t>::min()) return Overflow("int");
  return Value::Int(-a.int_value());
}

Value Not(const Call& call) {
  if (!call.args[0].Is(ValueKind::kBool)) return NoOverload(call);
  return Value::Bool(!call.args[0].bool_value());
}

}  // namespace

std::vector<FunctionSpec> ArithmeticFunctions() {
  return {
      {"_+_",
       {"(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double", "(string, string) -> string",
        "(bytes, bytes) -> bytes", "(list<A>, list<A>) -> list<A>", "(duration, duration) -> duration",
        "(timestamp, duration) -> timestamp", "(duration, timestamp) -> timestamp"},
       Add},
      {"_-_",
       {"(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double", "(duration, duration) -> duration",
        "(timestamp, duration) -> timestamp", "(timestamp, timestamp) -> duration"},
       Subtract},
      {"_*_", {"(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double"}, Multiply},
      {"_/_", {"(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double"}, Divide},
      {"_%_", {"(int, int) -> int", "(uint, uint) -> uint"}, Modulo},
      {"-_", {"(int) -> int", "(double) -> double"}, Negate},
      {"!_", {"(bool) -> bool"}, Not},
  };
}

}  // namespace mandate::cel
