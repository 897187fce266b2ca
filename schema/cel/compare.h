// compare.h: equality and order of values, as CEL defines them across types.
//
// Threads     Free functions; safe anywhere.
// Errors      Values of different types are unequal, never an error, except that numbers compare by
//             what they are worth: 1 == 1u == 1.0. Order between types that have none is nullopt.
#ifndef MANDATE_SCHEMA_CEL_COMPARE_H_
#define MANDATE_SCHEMA_CEL_COMPARE_H_

#include <compare>
#include <optional>

#include "schema/cel/cost.h"
#include "schema/cel/value.h"

namespace mandate::cel {

// NaN equals nothing. Charges every element compared; the answer is false once the cost is
// exceeded.
bool Equal(const Value& a, const Value& b, Cost& cost);

// nullopt where the two have no order; `unordered` only where one is NaN.
std::optional<std::partial_ordering> Compare(const Value& a, const Value& b, Cost& cost);

// Every entry of `part` is in `whole`, maps inside maps likewise.
bool IsSubtree(const MapValue& part, const MapValue& whole, Cost& cost);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_COMPARE_H_
