// == != < <= > >=. Equality never fails; order fails between types that have none, and on NaN.
#include "schema/cel/compare.h"
#include "schema/cel/functions.h"

namespace mandate::cel {
namespace {

Value IsEqual(const Call& call) { return Value::Bool(Equal(call.args[0], call.args[1], call.cost)); }
Value IsUnequal(const Call& call) { return Value::Bool(!Equal(call.args[0], call.args[1], call.cost)); }

template <typename Holds>
Value Order(const Call& call, Holds holds) {
  std::optional<std::partial_ordering> order = Compare(call.args[0], call.args[1], call.cost);
  if (!order.has_value()) return NoOverload(call);
  if (*order == std::partial_ordering::unordered) return Value::Error("NaN values cannot be ordered");
  return Value::Bool(holds(*order));
}

Value IsLess(const Call& call) {
  return Order(call, [](std::partial_ordering order) { return order < 0; });
}
Value IsLessOrEqual(const Call& call) {
  return Order(call, [](std::partial_ordering order) { return order <= 0; });
}
Value IsGreater(const Call& call) {
  return Order(call, [](std::partial_ordering order) { return order > 0; });
}
Value IsGreaterOrEqual(const Call& call) {
  return Order(call, [](std::partial_ordering order) { return order >= 0; });
}

}  // namespace

// int and uint compare with each other, beyond cel-spec: a caveat written for SpiceDB compares its
// uint parameters with int literals. int and double do not, for there it is mostly a mistake.
std::vector<FunctionSpec> ComparisonFunctions() {
  const std::vector<std::string_view> ordered = {
      "(bool, bool) -> bool",         "(int, int) -> bool",
      "(uint, uint) -> bool",         "(double, double) -> bool",
      "(string, string) -> bool",     "(bytes, bytes) -> bool",
      "(int, uint) -> bool",          "(uint, int) -> bool",
      "(duration, duration) -> bool", "(timestamp, timestamp) -> bool",
  };
  return {
      {"_==_", {"(A, A) -> bool", "(int, uint) -> bool", "(uint, int) -> bool"}, IsEqual},
      {"_!=_", {"(A, A) -> bool", "(int, uint) -> bool", "(uint, int) -> bool"}, IsUnequal},
      {"_<_", ordered, IsLess},
      {"_<=_", ordered, IsLessOrEqual},
      {"_>_", ordered, IsGreater},
      {"_>=_", ordered, IsGreaterOrEqual},
  };
}

}  // namespace mandate::cel
