// Contexts of caveats between JSON text, as the database keeps it, and google.protobuf.Struct.
//
// A Struct knows only doubles, so whole numbers beyond 2^53 go over as decimal strings, which every numeric parameter
// takes (schema/cel/README.md).
#include <cmath>

#include "nlohmann/json.hpp"
#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "service/wire.h"

namespace mandate {
namespace {

using Json = nlohmann::json;

constexpr double kExactMax = 9007199254740992.0;  // 2^53

// Recursion is bounded by what protobuf reads, 100 messages deep.
bool ToJson(const google::protobuf::Value& wire, Json* json) {
  using Kind = google::protobuf::Value::KindCase;
  switch (wire.kind_case()) {
    case Kind::kNullValue:
    case Kind::KIND_NOT_SET: *json = nullptr; return true;
    case Kind::kBoolValue: *json = wire.bool_value(); return true;
    case Kind::kStringValue: *json = wire.string_value(); return true;
    case Kind::kNumberValue: {
      const double number = wire.number_value();
      if (!std::isfinite(number)) return false;
      if (number == std::trunc(number) && std::abs(number) <= kExactMax) {
        *json = static_cast<int64_t>(number);
      } else {
        *json = number;
      }
      return true;
    }
    case Kind::kListValue:
      *json = Json::array();
      for (const auto& value : wire.list_value().values()) {
        if (!ToJson(value, &json->emplace_back())) return false;
      }
      return true;
    case Kind::kStructValue:
      *json = Json::object();
      for (const auto& [name, value] : wire.struct_value().fields()) {
        if (!ToJson(value, &(*json)[name])) return false;
      }
      return true;
  }
  return true;
}

void ToStruct(const Json& json, google::protobuf::Value* wire) {
  switch (json.type()) {
    case Json::value_t::boolean: wire->set_bool_value(json.get<bool>()); return;
    case Json::value_t::string: wire->set_string_value(json.get<std::string>()); return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      if (std::abs(json.get<double>()) > kExactMax) {
        wire->set_string_value(json.dump());
      } else {
        wire->set_number_value(json.get<double>());
      }
      return;
    case Json::value_t::number_float: wire->set_number_value(json.get<double>()); return;
    case Json::value_t::array:
      wire->mutable_list_value();
      for (const Json& item : json) ToStruct(item, wire->mutable_list_value()->add_values());
      return;
    case Json::value_t::object:
      wire->mutable_struct_value();
      for (const auto& [name, value] : json.items()) {
        ToStruct(value, &(*wire->mutable_struct_value()->mutable_fields())[name]);
      }
      return;
    default: wire->set_null_value(google::protobuf::NULL_VALUE);
  }
}

}  // namespace

absl::StatusOr<std::string> ContextFromWire(const google::protobuf::Struct& wire, const FieldPath& path) {
  if (wire.fields().empty()) return std::string();
  Json object = Json::object();
  for (const auto& [name, value] : wire.fields()) {
    if (ToJson(value, &object[name])) continue;
    return WithField(WithReason(absl::InvalidArgumentError(Cat("`", name, "` holds a number that is not finite")),
                                "CONTEXT_INVALID"),
                     path);
  }
  // The server's own form and limits.
  auto compact = CompactContext(object.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (compact.ok()) return compact;
  return WithField(WithReason(compact.status(), "CONTEXT_INVALID"), path);
}

void ContextToWire(const std::string& json, google::protobuf::Struct* wire) {
  if (json.empty()) return;
  google::protobuf::Value value;
  ToStruct(Json::parse(json, nullptr, false), &value);
  if (value.has_struct_value()) *wire = std::move(*value.mutable_struct_value());
}

}  // namespace mandate
