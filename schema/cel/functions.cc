#include "schema/cel/functions.h"

#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

Signature ParseSignature(std::string_view text) {
  Signature signature;
  auto consume = [&](std::string_view prefix) {
    bool found = text.starts_with(prefix);
    if (found) text.remove_prefix(prefix.size());
    return found;
  };
  if (text.front() != '(') {
    signature.is_method = true;
    signature.parameters.push_back(ConsumeSignatureType(text));
    if (!consume(".")) std::abort();  // Our own table is wrong.
  }
  consume("(");
  while (!consume(")")) {
    signature.parameters.push_back(ConsumeSignatureType(text));
    consume(", ");
  }
  if (!consume(" -> ")) std::abort();
  signature.result = ConsumeSignatureType(text);
  return signature;
}

using Registry = absl::flat_hash_map<absl::string_view, Function>;

const Registry& AllFunctions() {
  static const Registry* const kRegistry = [] {
    auto* registry = new Registry();
    for (auto family : {ArithmeticFunctions, ComparisonFunctions, CollectionFunctions, TextFunctions, TimeFunctions,
                        ConversionFunctions, OptionalFunctions}) {
      for (const FunctionSpec& spec : family()) {
        Function function{spec.name, {}, spec.implementation, spec.arguments};
        for (std::string_view text : spec.signatures) {
          function.signatures.push_back(ParseSignature(text));
        }
        registry->emplace(AbslView(spec.name), std::move(function));
      }
    }
    return registry;
  }();
  return *kRegistry;
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  auto it = AllFunctions().find(AbslView(name));
  return it == AllFunctions().end() ? nullptr : &it->second;
}

std::string DisplayName(std::string_view function) {
  std::string name(function);
  if (name.starts_with('_') || name.ends_with('_')) std::erase(name, '_');
  return name;
}

Value NoOverload(const Call& call) {
  std::string types =
      absl::StrJoin(call.args, ", ", [](std::string* out, const Value& v) { *out += Cat(TypeName(v.TypeOf())); });
  return Value::Error(Cat("no such overload: ", Quote(DisplayName(call.function.name)), " of (", types, ")"));
}

}  // namespace mandate::cel
