// The recursion below is as deep as the values are: at most the nesting of the expression plus that
// of the JSON it was given, both limited. Values may share their parts, so the work is not limited
// by their size but by the cost.
#include "schema/cel/compare.h"

#include <algorithm>

#include "schema/cel/number.h"

namespace mandate::cel {
namespace {

bool IsNumber(const Value& v) { return v.Is(ValueKind::kInt) || v.Is(ValueKind::kUint) || v.Is(ValueKind::kDouble); }

std::partial_ordering CompareIntUint(int64_t a, uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<uint64_t>(a) <=> b;
}

// Outside of the integer's range the double decides; inside, the integer is rounded to a double.
std::partial_ordering CompareIntDouble(int64_t a, double b) {
  if (b < -kTwoTo63) return std::partial_ordering::greater;
  if (b > kTwoTo63) return std::partial_ordering::less;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering CompareUintDouble(uint64_t a, double b) {
  if (b < 0) return std::partial_ordering::greater;
  if (b > kTwoTo64) return std::partial_ordering::less;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  if (a.kind() == b.kind()) {
    if (a.Is(ValueKind::kInt)) return a.int_value() <=> b.int_value();
    if (a.Is(ValueKind::kUint)) return a.uint_value() <=> b.uint_value();
    return a.double_value() <=> b.double_value();
  }
  // The kinds are declared int, uint, double; the lower one goes first.
  if (a.kind() > b.kind()) return 0 <=> CompareNumbers(b, a);
  if (a.Is(ValueKind::kUint)) return CompareUintDouble(a.uint_value(), b.double_value());
  if (b.Is(ValueKind::kUint)) return CompareIntUint(a.int_value(), b.uint_value());
  return CompareIntDouble(a.int_value(), b.double_value());
}

bool EqualLists(const ValueList& a, const ValueList& b, Cost& cost) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Equal(a[i], b[i], cost)) return false;
  }
  return true;
}

bool EqualMaps(const MapValue& a, const MapValue& b, Cost& cost) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.Find(key, cost);
    if (other == nullptr || !Equal(value, *other, cost)) return false;
  }
  return true;
}

bool EqualOptionals(const Value* a, const Value* b, Cost& cost) {
  if (a == nullptr || b == nullptr) return a == b;
  return Equal(*a, *b, cost);
}

}  // namespace

bool Equal(const Value& a, const Value& b, Cost& cost) {
  if (!cost.Charge(1)) return false;
  if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::kNull: return true;
    case ValueKind::kBool: return a.bool_value() == b.bool_value();
    case ValueKind::kString:
    case ValueKind::kBytes:
      return a.text().size() == b.text().size() && cost.ChargeBytes(a.text().size()) && a.text() == b.text();
    case ValueKind::kDuration: return a.duration() == b.duration();
    case ValueKind::kTimestamp: return a.timestamp() == b.timestamp();
    case ValueKind::kIpAddress: return a.ip() == b.ip();
    case ValueKind::kList: return EqualLists(a.list(), b.list(), cost);
    case ValueKind::kMap: return EqualMaps(a.map(), b.map(), cost);
    case ValueKind::kOptional: return EqualOptionals(a.optional(), b.optional(), cost);
    case ValueKind::kType: return a.type() == b.type();
    default: return false;
  }
}

std::optional<std::partial_ordering> Compare(const Value& a, const Value& b, Cost& cost) {
  if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case ValueKind::kBool: return a.bool_value() <=> b.bool_value();
    case ValueKind::kString:  // The order of UTF-8 bytes is that of code points.
    case ValueKind::kBytes: cost.ChargeBytes(std::min(a.text().size(), b.text().size())); return a.text() <=> b.text();
    case ValueKind::kDuration:
      if (a.duration() == b.duration()) return std::partial_ordering::equivalent;
      return a.duration() < b.duration() ? std::partial_ordering::less : std::partial_ordering::greater;
    case ValueKind::kTimestamp:
      if (a.timestamp() == b.timestamp()) return std::partial_ordering::equivalent;
      return a.timestamp() < b.timestamp() ? std::partial_ordering::less : std::partial_ordering::greater;
    default: return std::nullopt;
  }
}

bool IsSubtree(const MapValue& part, const MapValue& whole, Cost& cost) {
  for (const auto& [key, value] : part.entries()) {
    if (!cost.Charge(1)) return false;
    const Value* other = whole.Find(key, cost);
    if (other == nullptr) return false;
    bool matches = value.Is(ValueKind::kMap) ? other->Is(ValueKind::kMap) && IsSubtree(value.map(), other->map(), cost)
                                             : Equal(value, *other, cost);
    if (!matches) return false;
  }
  return true;
}

}  // namespace mandate::cel
