#include <cmath>

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"
#include "schema/cel/cel.h"
#include "schema/cel/number.h"
#include "schema/cel/time_text.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

using Json = nlohmann::json;

// Where in the parameter, from the inside out; spelled only when something is wrong there.
struct Place {
  const Place* outer = nullptr;
  std::string_view key;  // of a map, or the parameter's name
  size_t position = 0;   // in a list
  bool is_position = false;
  int depth = 0;

  std::string ToString() const {
    if (outer == nullptr) return std::string(key);
    return is_position ? Cat(outer->ToString(), "[", position, "]") : Cat(outer->ToString(), ".", key);
  }
  Place At(std::string_view inner) const { return {this, inner, 0, false, depth + 1}; }
  Place At(size_t inner) const { return {this, "", inner, true, depth + 1}; }
};

absl::Status Refuse(const Place& place, std::string_view allowed) {
  return InvalidArgument(Cat("parameter ", Quote(place.ToString()), " must be ", allowed));
}

absl::StatusOr<Value> Convert(const Place& place, const Type& type, const Json& json);

absl::StatusOr<Value> ConvertText(const Place& place, const Json& json) {
  const std::string* text = json.get_ptr<const std::string*>();
  if (text == nullptr || !IsValidUtf8(*text)) return Refuse(place, "a string");
  return Value::String(*text);
}

absl::StatusOr<Value> ConvertInt(const Place& place, const Json& json) {
  std::optional<int64_t> v;
  if (json.is_number_unsigned()) {
    uint64_t number = json.get<uint64_t>();
    if (number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) v = static_cast<int64_t>(number);
  } else if (json.is_number_integer()) {
    v = json.get<int64_t>();
  } else if (json.is_number_float() && std::trunc(json.get<double>()) == json.get<double>()) {
    v = DoubleToInt(json.get<double>());
  } else if (json.is_string()) {
    v = ParseInt(json.get_ref<const std::string&>());
  }
  if (!v.has_value()) return Refuse(place, "an integer of 64 bits, as a number or a decimal string");
  return Value::Int(*v);
}

absl::StatusOr<Value> ConvertUint(const Place& place, const Json& json) {
  std::optional<uint64_t> v;
  if (json.is_number_unsigned()) {
    v = json.get<uint64_t>();
  } else if (json.is_number_integer()) {
    if (json.get<int64_t>() >= 0) v = static_cast<uint64_t>(json.get<int64_t>());
  } else if (json.is_number_float() && std::trunc(json.get<double>()) == json.get<double>()) {
    v = DoubleToUint(json.get<double>());
  } else if (json.is_string()) {
    v = ParseUint(json.get_ref<const std::string&>());
  }
  if (!v.has_value()) {
    return Refuse(place, "an integer of 64 bits that is not negative, as a number or a decimal string");
  }
  return Value::Uint(*v);
}

absl::StatusOr<Value> ConvertDouble(const Place& place, const Json& json) {
  std::optional<double> v;
  if (json.is_number()) v = json.get<double>();
  if (json.is_string()) v = ParseDouble(json.get_ref<const std::string&>());
  if (!v.has_value() || !std::isfinite(*v)) return Refuse(place, "a number, or a decimal string of one");
  return Value::Double(*v);
}

// absl would also accept blanks and missing padding.
absl::StatusOr<Value> ConvertBytes(const Place& place, const Json& json) {
  const std::string* text = json.get_ptr<const std::string*>();
  std::string bytes;
  if (text == nullptr || text->size() % 4 != 0 ||
      text->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
          std::string::npos ||
      !absl::Base64Unescape(*text, &bytes)) {
    return Refuse(place, "a string of base64 with padding");
  }
  return Value::Bytes(std::move(bytes));
}

absl::StatusOr<Value> ConvertParsed(const Place& place, TypeKind kind, const Json& json) {
  static const std::string* const kNoText = new std::string();
  const std::string* text = json.get_ptr<const std::string*>();
  if (text == nullptr) text = kNoText;
  if (kind == TypeKind::kDuration) {
    std::optional<absl::Duration> duration = ParseDuration(*text);
    if (!duration.has_value()) return Refuse(place, "a duration such as \"1h30m\" or \"5400s\"");
    return Value::Duration(*duration);
  }
  if (kind == TypeKind::kTimestamp) {
    std::optional<absl::Time> time = ParseTimestamp(*text);
    if (!time.has_value()) return Refuse(place, "a timestamp such as \"2026-01-31T12:00:00Z\"");
    return Value::Timestamp(*time);
  }
  std::optional<IpAddress> address = ParseIpAddress(*text);
  if (!address.has_value()) return Refuse(place, "an IP address such as \"10.0.0.1\" or \"2001:db8::1\"");
  return Value::Ip(*address);
}

absl::StatusOr<Value> ConvertList(const Place& place, const Type& element, const Json& json) {
  if (!json.is_array()) return Refuse(place, "a list");
  ValueList list;
  list.reserve(json.size());
  for (const Json& inner : json) {
    absl::StatusOr<Value> value = Convert(place.At(list.size()), element, inner);
    if (!value.ok()) return value;
    list.push_back(*std::move(value));
  }
  return Value::List(std::move(list));
}

absl::StatusOr<Value> ConvertMap(const Place& place, const Type& element, const Json& json) {
  if (!json.is_object()) return Refuse(place, "an object");
  MapValue map;
  for (const auto& [key, inner] : json.items()) {
    if (!IsValidUtf8(key)) return Refuse(place, "an object whose keys are valid UTF-8");
    absl::StatusOr<Value> value = Convert(place.At(key), element, inner);
    if (!value.ok()) return value;
    map.Insert(Value::String(key), *std::move(value));
  }
  return Value::Map(std::move(map));
}

// A number is always a double here: whether JSON wrote 1 or 1.0 must not matter, and the wire does
// not even keep it.
absl::StatusOr<Value> ConvertAny(const Place& place, const Json& json) {
  switch (json.type()) {
    case Json::value_t::null: return Value();
    case Json::value_t::boolean: return Value::Bool(json.get<bool>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return Value::Double(json.get<double>());
    case Json::value_t::string: return ConvertText(place, json);
    case Json::value_t::array: return ConvertList(place, Type(), json);
    case Json::value_t::object: return ConvertMap(place, Type(), json);
    default: return Refuse(place, "JSON");
  }
}

absl::StatusOr<Value> Convert(const Place& place, const Type& type, const Json& json) {
  if (place.depth > kJsonNestingMax) {
    return Refuse(place, Cat("nested at most ", kJsonNestingMax, " deep"));
  }
  switch (type.kind()) {
    case TypeKind::kAny: return ConvertAny(place, json);
    case TypeKind::kBool:
      if (!json.is_boolean()) return Refuse(place, "true or false");
      return Value::Bool(json.get<bool>());
    case TypeKind::kInt: return ConvertInt(place, json);
    case TypeKind::kUint: return ConvertUint(place, json);
    case TypeKind::kDouble: return ConvertDouble(place, json);
    case TypeKind::kString: return ConvertText(place, json);
    case TypeKind::kBytes: return ConvertBytes(place, json);
    case TypeKind::kDuration:
    case TypeKind::kTimestamp:
    case TypeKind::kIpAddress: return ConvertParsed(place, type.kind(), json);
    case TypeKind::kList: return ConvertList(place, type.parameter(0), json);
    case TypeKind::kMap: return ConvertMap(place, type.parameter(1), json);
    default: return Refuse(place, "of a parameter type");
  }
}

}  // namespace

absl::StatusOr<Value> ConvertJson(std::string_view parameter, const Type& type, const nlohmann::json& json) {
  Place place;
  place.key = parameter;
  return Convert(place, type, json);
}

}  // namespace mandate::cel
