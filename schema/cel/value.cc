#include "schema/cel/value.h"

#include <cmath>
#include <limits>

#include "absl/strings/escaping.h"
#include "schema/cel/number.h"
#include "schema/cel/time_text.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

// Values are for reading by people here; a value can share its parts and unfold without end.
constexpr size_t kTextMax = 4096;

void Append(const Value& value, std::string& out);

// As much as may be shown: what follows is not even escaped.
absl::string_view Shown(const std::string& text) { return AbslView(text).substr(0, kTextMax); }

void AppendMap(const MapValue& map, std::string& out) {
  out += '{';
  std::string_view separator;
  for (const auto& [key, value] : map.entries()) {
    if (out.size() > kTextMax) break;
    out += separator;
    Append(key, out);
    out += ": ";
    Append(value, out);
    separator = ", ";
  }
  out += '}';
}

void AppendList(const ValueList& list, std::string& out) {
  out += '[';
  std::string_view separator;
  for (const Value& element : list) {
    if (out.size() > kTextMax) break;
    out += separator;
    Append(element, out);
    separator = ", ";
  }
  out += ']';
}

void Append(const Value& value, std::string& out) {
  switch (value.kind()) {
    case ValueKind::kNull: out += "null"; break;
    case ValueKind::kBool: out += value.bool_value() ? "true" : "false"; break;
    case ValueKind::kInt: out += Cat(value.int_value()); break;
    case ValueKind::kUint: out += Cat(value.uint_value(), "u"); break;
    case ValueKind::kDouble: out += DoubleToText(value.double_value()); break;
    case ValueKind::kString: out += Cat("\"", absl::Utf8SafeCEscape(Shown(value.text())), "\""); break;
    case ValueKind::kBytes: out += Cat("b\"", absl::CHexEscape(Shown(value.text())), "\""); break;
    case ValueKind::kDuration: out += Cat("duration(\"", DurationToText(value.duration()), "\")"); break;
    case ValueKind::kTimestamp: out += Cat("timestamp(\"", TimestampToText(value.timestamp()), "\")"); break;
    case ValueKind::kIpAddress: out += Cat("ipaddress(\"", ToText(value.ip()), "\")"); break;
    case ValueKind::kList: AppendList(value.list(), out); break;
    case ValueKind::kMap: AppendMap(value.map(), out); break;
    case ValueKind::kOptional:
      if (value.optional() == nullptr) {
        out += "optional.none()";
      } else {
        out += "optional.of(";
        Append(*value.optional(), out);
        out += ')';
      }
      break;
    case ValueKind::kType: out += TypeName(value.type()); break;
    case ValueKind::kError: out += Cat("error(", value.text(), ")"); break;
    case ValueKind::kUnknown: out += "unknown"; break;
  }
}

}  // namespace

Value Value::List(ValueList v) {
  return Value(Rep(std::in_place_index<10>, std::make_shared<const ValueList>(std::move(v))));
}
Value Value::Map(MapValue v) {
  return Value(Rep(std::in_place_index<11>, std::make_shared<const MapValue>(std::move(v))));
}
Value Value::None() { return Value(Rep(std::in_place_index<12>, nullptr)); }
Value Value::Some(Value v) { return Value(Rep(std::in_place_index<12>, std::make_shared<const Value>(std::move(v)))); }
Value Value::Unknown(UnknownSet v) {
  return Value(Rep(std::in_place_index<15>, std::make_shared<const UnknownSet>(std::move(v))));
}

const std::string& Value::text() const {
  if (Is(ValueKind::kString)) return *std::get<5>(rep_);
  if (Is(ValueKind::kBytes)) return *std::get<6>(rep_);
  return *std::get<14>(rep_);
}

TypeKind Value::TypeOf() const {
  switch (kind()) {
    case ValueKind::kNull: return TypeKind::kNull;
    case ValueKind::kBool: return TypeKind::kBool;
    case ValueKind::kInt: return TypeKind::kInt;
    case ValueKind::kUint: return TypeKind::kUint;
    case ValueKind::kDouble: return TypeKind::kDouble;
    case ValueKind::kString: return TypeKind::kString;
    case ValueKind::kBytes: return TypeKind::kBytes;
    case ValueKind::kDuration: return TypeKind::kDuration;
    case ValueKind::kTimestamp: return TypeKind::kTimestamp;
    case ValueKind::kIpAddress: return TypeKind::kIpAddress;
    case ValueKind::kList: return TypeKind::kList;
    case ValueKind::kMap: return TypeKind::kMap;
    case ValueKind::kOptional: return TypeKind::kOptional;
    case ValueKind::kType: return TypeKind::kType;
    case ValueKind::kError: return TypeKind::kError;
    case ValueKind::kUnknown: return TypeKind::kAny;
  }
  return TypeKind::kAny;
}

std::string Value::ToString() const {
  std::string out;
  Append(*this, out);
  return Shortened(out, kTextMax);
}

std::string_view TypeName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kAny: return "dyn";
    case TypeKind::kNull: return "null_type";
    case TypeKind::kBool: return "bool";
    case TypeKind::kInt: return "int";
    case TypeKind::kUint: return "uint";
    case TypeKind::kDouble: return "double";
    case TypeKind::kString: return "string";
    case TypeKind::kBytes: return "bytes";
    case TypeKind::kDuration: return "google.protobuf.Duration";
    case TypeKind::kTimestamp: return "google.protobuf.Timestamp";
    case TypeKind::kIpAddress: return "ipaddress";
    case TypeKind::kList: return "list";
    case TypeKind::kMap: return "map";
    case TypeKind::kOptional: return "optional_type";
    case TypeKind::kType: return "type";
    case TypeKind::kVariable:
    case TypeKind::kError: return "error";
  }
  return "error";
}

bool MapValue::IsKey(const Value& key) {
  return key.Is(ValueKind::kString) || key.Is(ValueKind::kBool) || key.Is(ValueKind::kInt) || key.Is(ValueKind::kUint);
}

bool MapValue::Canonicalize(const Value& key, Canonical& out) {
  auto number = [&](Canonical::Family family, uint64_t bits) {
    out = {family, bits, {}};
    return true;
  };
  constexpr uint64_t kIntMax = std::numeric_limits<int64_t>::max();
  switch (key.kind()) {
    case ValueKind::kString: out = {Canonical::Family::kText, 0, key.text()}; return true;
    case ValueKind::kBool: return number(Canonical::Family::kBool, key.bool_value());
    case ValueKind::kInt: return number(Canonical::Family::kInt, static_cast<uint64_t>(key.int_value()));
    case ValueKind::kUint:
      return number(key.uint_value() <= kIntMax ? Canonical::Family::kInt : Canonical::Family::kBeyondInt,
                    key.uint_value());
    case ValueKind::kDouble: {
      double d = key.double_value();
      if (std::trunc(d) != d || d < -kTwoTo63 || d >= kTwoTo64) return false;
      if (d >= kTwoTo63) return number(Canonical::Family::kBeyondInt, static_cast<uint64_t>(d));
      return number(Canonical::Family::kInt, static_cast<uint64_t>(static_cast<int64_t>(d)));
    }
    default: return false;
  }
}

bool MapValue::Insert(Value key, Value value) {
  Canonical canonical;
  if (!Canonicalize(key, canonical)) return false;
  if (!index_.emplace(canonical, entries_.size()).second) return false;
  entries_.emplace_back(std::move(key), std::move(value));
  return true;
}

const Value* MapValue::Find(const Value& key, Cost& cost) const {
  if (key.Is(ValueKind::kString)) return Find(key.text(), cost);
  Canonical canonical;
  if (!Canonicalize(key, canonical)) return nullptr;
  auto it = index_.find(canonical);
  return it == index_.end() ? nullptr : &entries_[it->second].second;
}

const Value* MapValue::Find(std::string_view key, Cost& cost) const {
  cost.ChargeBytes(key.size());
  auto it = index_.find(Canonical{Canonical::Family::kText, 0, AbslView(key)});
  return it == index_.end() ? nullptr : &entries_[it->second].second;
}

}  // namespace mandate::cel
