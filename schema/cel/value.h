// value.h: a CEL value.
//
//   Value v = Value::List({Value::Int(1), Value::String("a")});
//   if (v.kind() == ValueKind::kList) use(v.list());
//
// Threads     Immutable; safe to share. A copy shares its parts and costs a reference count.
// Errors      None here. CEL's own run-time errors, and values not yet known, are values too
//             (kError, kUnknown); they exist inside an evaluation only and never leave
//             Program::Evaluate.
// Limits      Strings are valid UTF-8, timestamps lie in the years 1 to 9999, durations fit 64 bits
//             of nanoseconds: whoever makes a Value keeps that.
#ifndef MANDATE_SCHEMA_CEL_VALUE_H_
#define MANDATE_SCHEMA_CEL_VALUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "schema/cel/cost.h"
#include "schema/cel/ip_address.h"
#include "schema/cel/type.h"

namespace mandate::cel {

class MapValue;
class Value;

enum class ValueKind : uint8_t {
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
  kList,
  kMap,
  kOptional,
  kType,
  kError,    // The evaluation failed here; text() says how.
  kUnknown,  // Depends on parameters that were not given; unknowns() numbers them.
};

using ValueList = std::vector<Value>;
// Positions in Program::variables(); sorted, each once.
using UnknownSet = std::vector<uint32_t>;

class Value {
 public:
  Value() = default;  // null
  static Value Bool(bool v) { return Value(Rep(std::in_place_index<1>, v)); }
  static Value Int(int64_t v) { return Value(Rep(std::in_place_index<2>, v)); }
  static Value Uint(uint64_t v) { return Value(Rep(std::in_place_index<3>, v)); }
  static Value Double(double v) { return Value(Rep(std::in_place_index<4>, v)); }
  static Value String(std::string v) { return Text<5>(std::move(v)); }
  static Value Bytes(std::string v) { return Text<6>(std::move(v)); }
  static Value Duration(absl::Duration v) { return Value(Rep(std::in_place_index<7>, v)); }
  static Value Timestamp(absl::Time v) { return Value(Rep(std::in_place_index<8>, v)); }
  static Value Ip(const IpAddress& v) { return Value(Rep(std::in_place_index<9>, v)); }
  static Value List(ValueList v);
  static Value Map(MapValue v);
  static Value None();
  static Value Some(Value v);
  static Value OfType(TypeKind v) { return Value(Rep(std::in_place_index<13>, v)); }
  static Value Error(std::string message) { return Text<14>(std::move(message)); }
  static Value Unknown(UnknownSet v);

  ValueKind kind() const { return static_cast<ValueKind>(rep_.index()); }
  bool Is(ValueKind kind) const { return this->kind() == kind; }
  bool IsTrue() const { return Is(ValueKind::kBool) && bool_value(); }
  bool IsFalse() const { return Is(ValueKind::kBool) && !bool_value(); }

  // Each REQUIRES the kind of its name.
  bool bool_value() const { return std::get<1>(rep_); }
  int64_t int_value() const { return std::get<2>(rep_); }
  uint64_t uint_value() const { return std::get<3>(rep_); }
  double double_value() const { return std::get<4>(rep_); }
  absl::Duration duration() const { return std::get<7>(rep_); }
  absl::Time timestamp() const { return std::get<8>(rep_); }
  const IpAddress& ip() const { return std::get<9>(rep_); }
  const ValueList& list() const { return *std::get<10>(rep_); }
  const MapValue& map() const { return *std::get<11>(rep_); }
  const Value* optional() const { return std::get<12>(rep_).get(); }  // Null: none.
  TypeKind type() const { return std::get<13>(rep_); }
  const UnknownSet& unknowns() const { return *std::get<15>(rep_); }
  // The text of a string, of bytes, or of an error.
  const std::string& text() const;

  // What type(x) answers. A list is a list, whatever it holds.
  TypeKind TypeOf() const;

  // CEL's notation, for messages and tests: `[1, "a"]`; long text ends in `...`.
  std::string ToString() const;

 private:
  using TextPtr = std::shared_ptr<const std::string>;
  using Rep = std::variant<std::monostate, bool, int64_t, uint64_t, double, TextPtr, TextPtr, absl::Duration,
                           absl::Time, IpAddress, std::shared_ptr<const ValueList>, std::shared_ptr<const MapValue>,
                           std::shared_ptr<const Value>, TypeKind, TextPtr, std::shared_ptr<const UnknownSet>>;
  explicit Value(Rep rep) : rep_(std::move(rep)) {}
  template <size_t kIndex>
  static Value Text(std::string v) {
    return Value(Rep(std::in_place_index<kIndex>, std::make_shared<const std::string>(std::move(v))));
  }
  Rep rep_;
};

// Entries in the order of insertion. Keys are bool, int, uint or string, and equal numbers are one
// key: 1 is 1u.
class MapValue {
 public:
  // False, and no change, if an equal key is there already. REQUIRES: IsKey(key).
  bool Insert(Value key, Value value);

  // The value under the key equal to `key`, or null. A double finds the whole number it is equal
  // to. Charges for the bytes of a text, all of which are looked at.
  const Value* Find(const Value& key, Cost& cost) const;
  const Value* Find(std::string_view key, Cost& cost) const;

  static bool IsKey(const Value& key);
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }

 private:
  // What equal keys have in common: 1 and 1u are one key, true is another.
  struct Canonical {
    enum class Family : uint8_t { kText, kBool, kInt, kBeyondInt };
    Family family = Family::kText;
    uint64_t bits = 0;
    absl::string_view text;
    friend bool operator==(const Canonical&, const Canonical&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Canonical& key) {
      return H::combine(std::move(state), key.family, key.bits, key.text);
    }
  };
  static bool Canonicalize(const Value& key, Canonical& out);

  std::vector<std::pair<Value, Value>> entries_;
  absl::flat_hash_map<Canonical, size_t> index_;  // Views point into the keys of entries_, which share their text.
};

// The name that `type(x)` prints: `int`, `list`, `google.protobuf.Timestamp`, `optional_type`.
std::string_view TypeName(TypeKind kind);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_VALUE_H_
