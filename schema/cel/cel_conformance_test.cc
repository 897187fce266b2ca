// Runs cel-spec's conformance tests, as conformance/extract.mjs writes them. They are not part of
// this tree: where CEL_CONFORMANCE_JSON does not name the file, nothing is run, and the test says
// so.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "schema/cel/cel.h"
#include "schema/cel/number.h"
#include "schema/cel/time_text.h"

namespace mandate::cel {
namespace {

using Json = nlohmann::json;

// What a test can hold that this CEL has no word for, such as messages.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Value ToValue(const Json& json);

Value ToDouble(const Json& json) {
  if (json.is_number()) return Value::Double(json.get<double>());
  return Value::Double(ParseDouble(json.get<std::string>()).value());
}

Value ToBytes(const Json& json) {
  std::string bytes;
  absl::Base64Unescape(json.get<std::string>(), &bytes);
  return Value::Bytes(bytes);
}

Value ToMap(const Json& json) {
  MapValue map;
  if (json.contains("entries")) {
    for (const Json& entry : json["entries"]) map.Insert(ToValue(entry["key"]), ToValue(entry["value"]));
  }
  return Value::Map(std::move(map));
}

Value ToList(const Json& json) {
  ValueList list;
  if (json.contains("values")) {
    for (const Json& element : json["values"]) list.push_back(ToValue(element));
  }
  return Value::List(std::move(list));
}

Value ToType(const Json& json) {
  for (TypeKind kind : {TypeKind::kNull, TypeKind::kBool, TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble,
                        TypeKind::kString, TypeKind::kBytes, TypeKind::kDuration, TypeKind::kTimestamp, TypeKind::kList,
                        TypeKind::kMap, TypeKind::kOptional, TypeKind::kType}) {
    if (TypeName(kind) == json.get<std::string>()) return Value::OfType(kind);
  }
  throw Unsupported("type " + json.dump());
}

Value ToMessage(const Json& json) {
  std::string type = json["@type"];
  if (type.ends_with("google.protobuf.Duration")) {
    return Value::Duration(ParseDuration(json["value"].get<std::string>()).value());
  }
  if (type.ends_with("google.protobuf.Timestamp")) {
    return Value::Timestamp(ParseTimestamp(json["value"].get<std::string>()).value());
  }
  throw Unsupported(type);
}

Value ToValue(const Json& json) {
  const std::string& kind = json.begin().key();
  const Json& v = json.begin().value();
  if (kind == "nullValue") return Value();
  if (kind == "boolValue") return Value::Bool(v.get<bool>());
  if (kind == "int64Value") return Value::Int(ParseInt(v.get<std::string>()).value());
  if (kind == "uint64Value") return Value::Uint(ParseUint(v.get<std::string>()).value());
  if (kind == "doubleValue") return ToDouble(v);
  if (kind == "stringValue") return Value::String(v.get<std::string>());
  if (kind == "bytesValue") return ToBytes(v);
  if (kind == "listValue") return ToList(v);
  if (kind == "mapValue") return ToMap(v);
  if (kind == "typeValue") return ToType(v);
  if (kind == "objectValue") return ToMessage(v);
  throw Unsupported(kind);
}

Type ToDeclaredType(const Json& json) {
  const std::string& kind = json.begin().key();
  const Json& v = json.begin().value();
  if (kind == "null") return Type(TypeKind::kNull);
  if (kind == "dyn") return Type();
  if (kind == "listType") return Type::List(ToDeclaredType(v["elemType"]));
  if (kind == "mapType") return Type::Map(ToDeclaredType(v["keyType"]), ToDeclaredType(v["valueType"]));
  if (kind == "abstractType" && v["name"] == "optional_type") {
    return Type::Optional(ToDeclaredType(v["parameterTypes"][0]));
  }
  static const std::map<std::string, TypeKind> kNamed = {{"BOOL", TypeKind::kBool},
                                                         {"INT64", TypeKind::kInt},
                                                         {"UINT64", TypeKind::kUint},
                                                         {"DOUBLE", TypeKind::kDouble},
                                                         {"STRING", TypeKind::kString},
                                                         {"BYTES", TypeKind::kBytes},
                                                         {"google.protobuf.Duration", TypeKind::kDuration},
                                                         {"google.protobuf.Timestamp", TypeKind::kTimestamp}};
  if (v.is_string() && kNamed.contains(v)) return Type(kNamed.at(v));
  throw Unsupported("type " + json.dump());
}

// As cel-go writes it: `map(string, dyn)`.
std::string CelGoName(const Type& type) {
  if (type.kind() == TypeKind::kNull) return "null";
  if (type.kind() == TypeKind::kDuration || type.kind() == TypeKind::kTimestamp) return type.ToString();
  std::string text(TypeName(type.kind()));
  if (type.parameters().empty()) return text;
  std::string_view separator = "(";
  for (const Type& parameter : type.parameters()) {
    text += std::string(separator) + CelGoName(parameter);
    separator = ", ";
  }
  return text + ")";
}

// Equal, and of the same kinds throughout.
bool Identical(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.Is(ValueKind::kDouble) && std::isnan(a.double_value())) return std::isnan(b.double_value());
  if (a.Is(ValueKind::kList)) {
    return std::equal(a.list().begin(), a.list().end(), b.list().begin(), b.list().end(), Identical);
  }
  if (a.Is(ValueKind::kMap)) {
    if (a.map().size() != b.map().size()) return false;
    Cost cost(kDefaultCostLimit);
    for (const auto& [key, value] : a.map().entries()) {
      const Value* other = b.map().Find(key, cost);
      if (other == nullptr || !Identical(value, *other)) return false;
    }
    return true;
  }
  return a.ToString() == b.ToString() || (a.Is(ValueKind::kDouble) && a.double_value() == b.double_value());
}

CompileResult CompileTest(const Json& test) {
  std::vector<Variable> variables;
  if (test.contains("typeEnv")) {
    for (const Json& declaration : test["typeEnv"]) {
      if (!declaration.contains("ident")) throw Unsupported("declared functions");
      variables.push_back({declaration["name"], ToDeclaredType(declaration["ident"]["type"])});
    }
  }
  CompileOptions options;
  options.result = Result::kAny;
  options.checking = test.value("disableCheck", false) ? Checking::kNone : Checking::kFull;
  options.container = test.value("container", "");
  if (options.checking == Checking::kNone && test.contains("bindings")) {
    for (const auto& binding : test["bindings"].items()) {
      auto declares = [&](const Variable& v) { return v.name == binding.key(); };
      if (std::none_of(variables.begin(), variables.end(), declares)) variables.push_back({binding.key(), Type()});
    }
  }
  return Compile(test["expr"].get<std::string>(), variables, options);
}

std::string CheckDeducedType(const Json& test, const Type& type) {
  if (test.contains("typedResult") && test["typedResult"].contains("deducedType")) {
    Type expected = ToDeclaredType(test["typedResult"]["deducedType"]);
    return expected == type ? "" : "type " + CelGoName(type) + " instead of " + CelGoName(expected);
  }
  if (!test.contains("celGoType") || test.value("disableCheck", false)) return "";
  std::string expected = test["celGoType"];
  return expected == CelGoName(type) ? "" : "type " + CelGoName(type) + " instead of cel-go's " + expected;
}

std::string CheckOutcome(const Json& test, const absl::StatusOr<Evaluation>& outcome) {
  if (test.contains("evalError")) {
    if (!outcome.ok() || outcome->outcome == Outcome::kMissing) return "";
    return "no error but " + outcome->value.ToString();
  }
  if (!outcome.ok()) return std::string(outcome.status().message());
  if (outcome->outcome == Outcome::kMissing) return "missing " + outcome->missing[0];
  Value expected = Value::Bool(true);  // What cel-spec says of tests without a matcher.
  if (test.contains("value")) expected = ToValue(test["value"]);
  if (test.contains("typedResult")) expected = ToValue(test["typedResult"]["result"]);
  if (Identical(expected, outcome->value)) return "";
  return outcome->value.ToString() + " instead of " + expected.ToString();
}

// What is wrong, or nothing.
std::string RunTest(const Json& test) {
  try {
    CompileResult compiled = CompileTest(test);
    if (!compiled.ok()) return "compile: " + compiled.diagnostics[0].message;
    std::string type_problem = CheckDeducedType(test, compiled.program->result_type());
    if (!type_problem.empty() || test.value("checkOnly", false)) return type_problem;
    Activation activation;
    if (test.contains("bindings")) {
      for (const auto& [name, binding] : test["bindings"].items()) activation.Set(name, ToValue(binding["value"]));
    }
    return CheckOutcome(test, compiled.program->Evaluate(activation));
  } catch (const Unsupported& unsupported) {
    return std::string("unsupported: ") + unsupported.what();
  }
}

TEST(CelConformance, PassesTheTestsOfCelSpec) {
  const char* path = std::getenv("CEL_CONFORMANCE_JSON");
  if (path == nullptr) {
    std::cerr << "\n*** The CEL conformance tests DID NOT RUN: CEL_CONFORMANCE_JSON is not set. ***\n"
              << "*** See schema/cel/conformance/extract.mjs.                                ***\n\n";
    GTEST_SKIP() << "CEL_CONFORMANCE_JSON is not set";
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  std::map<std::string, int> not_run;
  std::map<std::string, int> failing;
  int passed = 0;
  for (const Json& test : Json::parse(file)) {
    if (test.contains("notRun")) {
      ++not_run[test["notRun"]];
      continue;
    }
    std::string problem = RunTest(test);
    if (test.contains("mustFail")) {
      EXPECT_NE(problem, "") << test["id"] << " passes now; take it off skipped.txt";
      ++failing[test["mustFail"]];
      continue;
    }
    EXPECT_EQ(problem, "") << test["id"] << "\n  " << test["expr"];
    passed += problem.empty();
  }
  std::cerr << "CEL conformance: " << passed << " passed\n";
  for (const auto& [reason, count] : failing) std::cerr << "  " << count << " fail as listed: " << reason << "\n";
  for (const auto& [reason, count] : not_run) std::cerr << "  " << count << " not run: " << reason << "\n";
}

}  // namespace
}  // namespace mandate::cel
