// Lists, maps, and what is found in them.
#include <cmath>

#include "schema/cel/compare.h"
#include "schema/cel/functions.h"
#include "schema/cel/number.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

Value In(const Call& call) {
  const Value& element = call.args[0];
  const Value& range = call.args[1];
  if (range.Is(ValueKind::kMap)) return Value::Bool(range.map().Find(element, call.cost) != nullptr);
  if (!range.Is(ValueKind::kList)) return NoOverload(call);
  for (const Value& candidate : range.list()) {
    if (Equal(element, candidate, call.cost)) return Value::Bool(true);
    if (call.cost.exceeded()) break;
  }
  return Value::Bool(false);
}

size_t CodePointCount(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

Value Size(const Call& call) {
  const Value& v = call.args[0];
  switch (v.kind()) {
    case ValueKind::kString:
      call.cost.ChargeBytes(v.text().size());
      return Value::Int(static_cast<int64_t>(CodePointCount(v.text())));
    case ValueKind::kBytes: return Value::Int(static_cast<int64_t>(v.text().size()));
    case ValueKind::kList: return Value::Int(static_cast<int64_t>(v.list().size()));
    case ValueKind::kMap: return Value::Int(static_cast<int64_t>(v.map().size()));
    default: return NoOverload(call);
  }
}

Value IsSubtreeOf(const Call& call) {
  if (!call.args[0].Is(ValueKind::kMap) || !call.args[1].Is(ValueKind::kMap)) return NoOverload(call);
  return Value::Bool(IsSubtree(call.args[0].map(), call.args[1].map(), call.cost));
}

Value Index(const Call& call) { return IndexInto(call.args[0], call.args[1], Access::kValue, call.cost); }
Value OptionalIndex(const Call& call) { return IndexInto(call.args[0], call.args[1], Access::kOptional, call.cost); }

Value Found(const Value& value, Access access) { return access == Access::kOptional ? Value::Some(value) : value; }

Value NoSuchKey(const Value& key, Access access) {
  return access == Access::kOptional ? Value::None() : Value::Error(Cat("no such key ", key.ToString()));
}

// A position in a list as a number of any kind; nullopt if it is not a whole number.
std::optional<int64_t> AsPosition(const Value& key) {
  switch (key.kind()) {
    case ValueKind::kInt: return key.int_value();
    case ValueKind::kUint:
      return static_cast<int64_t>(std::min<uint64_t>(key.uint_value(), std::numeric_limits<int64_t>::max()));
    case ValueKind::kDouble:
      if (std::trunc(key.double_value()) != key.double_value()) return std::nullopt;
      return DoubleToInt(key.double_value());
    default: return std::nullopt;
  }
}

Value ElementAt(const ValueList& list, const Value& key, Access access) {
  std::optional<int64_t> position = AsPosition(key);
  if (!position.has_value()) {
    return Value::Error(Cat("a list has no element ", key.ToString(), "; its positions are ints"));
  }
  if (*position >= 0 && static_cast<size_t>(*position) < list.size()) return Found(list[*position], access);
  if (access == Access::kOptional) return Value::None();
  return Value::Error(Cat("index ", *position, " is out of range of a list of ", list.size()));
}

}  // namespace

Value IndexInto(const Value& object, const Value& key, Access access, Cost& cost) {
  switch (object.kind()) {
    case ValueKind::kList: return ElementAt(object.list(), key, access);
    case ValueKind::kMap: {
      const Value* found = object.map().Find(key, cost);
      return found != nullptr ? Found(*found, access) : NoSuchKey(key, access);
    }
    case ValueKind::kOptional:
      if (object.optional() == nullptr) return Value::None();
      if (object.optional()->Is(ValueKind::kOptional)) break;
      return IndexInto(*object.optional(), key, Access::kOptional, cost);
    default: break;
  }
  return Value::Error(Cat("no such overload: `[]` of ", TypeName(object.TypeOf())));
}

Value SelectField(const Value& object, std::string_view field, Access access, Cost& cost) {
  if (object.Is(ValueKind::kMap)) {
    const Value* found = object.map().Find(field, cost);
    return found != nullptr ? Found(*found, access) : NoSuchKey(Value::String(std::string(field)), access);
  }
  if (object.Is(ValueKind::kOptional)) {
    if (object.optional() == nullptr) return Value::None();
    if (!object.optional()->Is(ValueKind::kOptional)) {
      return SelectField(*object.optional(), field, Access::kOptional, cost);
    }
  }
  return Value::Error(Cat("no such key ", Quote(field), ": ", TypeName(object.TypeOf()), " has no fields"));
}

std::vector<FunctionSpec> CollectionFunctions() {
  return {
      {"_in_",
       {"(A, list<A>) -> bool", "(A, map<A, B>) -> bool", "(int, list<uint>) -> bool", "(uint, list<int>) -> bool",
        "(int, map<uint, B>) -> bool", "(uint, map<int, B>) -> bool"},
       In},
      {"_[_]",
       {"(list<A>, int) -> A", "(map<A, B>, A) -> B", "(optional<list<A>>, int) -> optional<A>",
        "(optional<map<A, B>>, A) -> optional<B>"},
       Index},
      {"_[?_]",
       {"(list<A>, int) -> optional<A>", "(map<A, B>, A) -> optional<B>", "(optional<list<A>>, int) -> optional<A>",
        "(optional<map<A, B>>, A) -> optional<B>"},
       OptionalIndex},
      {"size",
       {"(string) -> int", "(bytes) -> int", "(list<A>) -> int", "(map<A, B>) -> int", "string.() -> int",
        "bytes.() -> int", "list<A>.() -> int", "map<A, B>.() -> int"},
       Size},
      {"isSubtreeOf", {"map<string, A>.(map<string, B>) -> bool"}, IsSubtreeOf},
  };
}

}  // namespace mandate::cel
