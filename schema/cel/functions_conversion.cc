// int(), uint(), double(), string(), bytes(), bool(), timestamp(), duration(), type(), dyn().
#include "absl/time/clock.h"
#include "schema/cel/functions.h"
#include "schema/cel/number.h"
#include "schema/cel/time_text.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

Value CannotConvert(const Call& call) {
  return Value::Error(Cat("cannot convert ", call.args[0].ToString(), " to ", call.function.name));
}

// Texts that are numbers or times are short; a long one is refused before it is read.
constexpr size_t kParsedTextMax = 1024;
bool IsParsable(const Call& call) {
  const Value& v = call.args[0];
  if (!v.Is(ValueKind::kString) || v.text().size() > kParsedTextMax) return false;
  call.cost.ChargeBytes(v.text().size());
  return true;
}

template <typename T>
Value OrError(const Call& call, const std::optional<T>& v, Value (*make)(T)) {
  return v.has_value() ? make(*v) : CannotConvert(call);
}

Value ToInt(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kInt: return v;
    case ValueKind::kUint:
      if (v.uint_value() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return CannotConvert(call);
      return Value::Int(static_cast<int64_t>(v.uint_value()));
    case ValueKind::kDouble: return OrError(call, DoubleToInt(v.double_value()), Value::Int);
    case ValueKind::kTimestamp: return Value::Int(absl::ToUnixSeconds(v.timestamp()));
    case ValueKind::kDuration: return Value::Int(absl::ToInt64Nanoseconds(v.duration()));
    case ValueKind::kString:
      if (!IsParsable(call)) return CannotConvert(call);
      return OrError(call, ParseInt(v.text()), Value::Int);
    default: return NoOverload(call);
  }
}

Value ToUint(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kUint: return v;
    case ValueKind::kInt:
      return v.int_value() < 0 ? CannotConvert(call) : Value::Uint(static_cast<uint64_t>(v.int_value()));
    case ValueKind::kDouble: return OrError(call, DoubleToUint(v.double_value()), Value::Uint);
    case ValueKind::kString:
      if (!IsParsable(call)) return CannotConvert(call);
      return OrError(call, ParseUint(v.text()), Value::Uint);
    default: return NoOverload(call);
  }
}

Value ToDouble(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kDouble: return v;
    case ValueKind::kInt: return Value::Double(static_cast<double>(v.int_value()));
    case ValueKind::kUint: return Value::Double(static_cast<double>(v.uint_value()));
    case ValueKind::kString:
      if (!IsParsable(call)) return CannotConvert(call);
      return OrError(call, ParseDouble(v.text()), Value::Double);
    default: return NoOverload(call);
  }
}

Value ToText(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kString: return v;
    case ValueKind::kBool: return Value::String(v.bool_value() ? "true" : "false");
    case ValueKind::kInt: return Value::String(Cat(v.int_value()));
    case ValueKind::kUint: return Value::String(Cat(v.uint_value()));
    case ValueKind::kDouble: return Value::String(DoubleToText(v.double_value()));
    case ValueKind::kDuration: return Value::String(DurationToText(v.duration()));
    case ValueKind::kTimestamp: return Value::String(TimestampToText(v.timestamp()));
    case ValueKind::kBytes:
      call.cost.ChargeBytes(v.text().size());
      if (!IsValidUtf8(v.text())) return Value::Error("the bytes are not valid UTF-8");
      return Value::String(v.text());
    default: return NoOverload(call);
  }
}

Value ToBytes(const Call& call) {
  const Value& v = call.args[0];
  if (v.Is(ValueKind::kBytes)) return v;
  if (!v.Is(ValueKind::kString)) return NoOverload(call);
  call.cost.ChargeBytes(v.text().size());
  return Value::Bytes(v.text());
}

Value ToBool(const Call& call) {
  const Value& v = call.args[0];
  if (v.Is(ValueKind::kBool)) return v;
  if (!v.Is(ValueKind::kString)) return NoOverload(call);
  for (std::string_view yes : {"1", "t", "true", "TRUE", "True"}) {
    if (v.text() == yes) return Value::Bool(true);
  }
  for (std::string_view no : {"0", "f", "false", "FALSE", "False"}) {
    if (v.text() == no) return Value::Bool(false);
  }
  return CannotConvert(call);
}

Value ToTimestamp(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kTimestamp: return v;
    case ValueKind::kInt: {
      absl::Time time = absl::FromUnixSeconds(v.int_value());
      return InRange(time) ? Value::Timestamp(time) : CannotConvert(call);
    }
    case ValueKind::kString:
      if (!IsParsable(call)) return CannotConvert(call);
      return OrError(call, ParseTimestamp(v.text()), Value::Timestamp);
    default: return NoOverload(call);
  }
}

Value ToDuration(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kDuration: return v;
    case ValueKind::kInt: return Value::Duration(absl::Nanoseconds(v.int_value()));
    case ValueKind::kString:
      if (!IsParsable(call)) return CannotConvert(call);
      return OrError(call, ParseDuration(v.text()), Value::Duration);
    default: return NoOverload(call);
  }
}

Value ToType(const Call& call) { return Value::OfType(call.args[0].TypeOf()); }
Value ToDyn(const Call& call) { return call.args[0]; }

}  // namespace

// An int is a number of nanoseconds as a duration, of seconds since 1970 as a timestamp; cel-go has
// it so.
std::vector<FunctionSpec> ConversionFunctions() {
  return {
      {"int",
       {"(int) -> int", "(uint) -> int", "(double) -> int", "(string) -> int", "(timestamp) -> int",
        "(duration) -> int"},
       ToInt},
      {"uint", {"(uint) -> uint", "(int) -> uint", "(double) -> uint", "(string) -> uint"}, ToUint},
      {"double", {"(double) -> double", "(int) -> double", "(uint) -> double", "(string) -> double"}, ToDouble},
      {"string",
       {"(string) -> string", "(bool) -> string", "(int) -> string", "(uint) -> string", "(double) -> string",
        "(bytes) -> string", "(duration) -> string", "(timestamp) -> string"},
       ToText},
      {"bytes", {"(bytes) -> bytes", "(string) -> bytes"}, ToBytes},
      {"bool", {"(bool) -> bool", "(string) -> bool"}, ToBool},
      {"timestamp", {"(timestamp) -> timestamp", "(string) -> timestamp", "(int) -> timestamp"}, ToTimestamp},
      {"duration", {"(duration) -> duration", "(string) -> duration", "(int) -> duration"}, ToDuration},
      {"type", {"(A) -> type<A>"}, ToType},
      {"dyn", {"(A) -> any"}, ToDyn},
  };
}

}  // namespace mandate::cel
