#include "schema/cel/checker.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "schema/cel/functions.h"
#include "schema/cel/unify.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr int kSignatureVariableCount = 4;  // A, B, C, D

Type Instantiate(const Type& type, const std::vector<Type>& variables) {
  if (type.kind() == TypeKind::kVariable) return variables[type.variable()];
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters()) parameters.push_back(Instantiate(parameter, variables));
  return Type::WithParameters(type.kind(), std::move(parameters));
}

bool IsNumber(const Type& type) {
  return type.kind() == TypeKind::kInt || type.kind() == TypeKind::kUint || type.kind() == TypeKind::kDouble;
}

std::string Quoted(const Type& type) { return Cat(Quote(type.ToString())); }

class Checker {
 public:
  Checker(const Ast& ast, const std::vector<Variable>& variables, Cost& budget, std::vector<Diagnostic>& diagnostics)
      : ast_(ast), variables_(variables), diagnostics_(diagnostics), unifier_(budget) {}

  Type Run() {
    Type type = unifier_.Resolve(TypeOf(ast_.root), Unifier::Open::kBecomeAny);
    if (unifier_.exhausted()) {
      const Node& root = ast_[ast_.root];
      Report(root.offset, root.length, "the types of this expression are too complicated");
    }
    return type;
  }

 private:
  Type Report(size_t offset, size_t length, std::string message) {
    diagnostics_.push_back({offset, length, std::move(message)});
    return Type(TypeKind::kError);
  }
  Type Report(const Node& node, std::string message) { return Report(node.offset, node.length, std::move(message)); }
  Type ReportFocus(const Node& node, std::string message) {
    return Report(node.focus_offset, node.focus_length, std::move(message));
  }

  Type Shown(const Type& type) { return unifier_.Resolve(type, Unifier::Open::kBecomeAny); }
  TypeKind KindOf(const Type& type) const { return unifier_.Shallow(type).kind(); }

  Type TypeOf(NodeId id) {
    const Node& node = ast_[id];
    switch (node.kind) {
      case NodeKind::kConstant: return ConstantType(node.constant);
      case NodeKind::kParameter: return variables_[node.slot].type;
      case NodeKind::kLocal: return locals_[node.slot];
      case NodeKind::kSelect: return Select(node, TypeOf(node.children[0]), Access::kValue);
      case NodeKind::kOptionalSelect: return Select(node, TypeOf(node.children[0]), Access::kOptional);
      case NodeKind::kHas: Select(node, TypeOf(node.children[0]), Access::kValue); return Type(TypeKind::kBool);
      case NodeKind::kCall: return CallType(node);
      case NodeKind::kList: return ListType(node);
      case NodeKind::kMap: return MapType(node);
      case NodeKind::kAnd:
      case NodeKind::kOr:
        for (NodeId child : node.children) ExpectBool(child, "an operand here");
        return Type(TypeKind::kBool);
      case NodeKind::kConditional: return ConditionalType(node);
      case NodeKind::kComprehension: return ComprehensionType(node);
      case NodeKind::kBind: return Scoped(node, {TypeOf(node.children[0])}, [&] { return TypeOf(node.children[1]); });
      case NodeKind::kOptMap:
      case NodeKind::kOptFlatMap: return OptMapType(node);
      case NodeKind::kName:
      case NodeKind::kUnresolved:
        for (NodeId child : node.children) TypeOf(child);
        return Type(TypeKind::kError);
    }
    return Type(TypeKind::kError);
  }

  static Type ConstantType(const Value& value) {
    if (!value.Is(ValueKind::kType)) return Type(value.TypeOf());
    switch (value.type()) {
      case TypeKind::kList: return Type::OfType(Type::List(Type()));
      case TypeKind::kMap: return Type::OfType(Type::Map(Type(), Type()));
      case TypeKind::kOptional: return Type::OfType(Type::Optional(Type()));
      default: return Type::OfType(Type(value.type()));
    }
  }

  void ExpectBool(NodeId id, std::string_view what) {
    Type type = TypeOf(id);
    if (unifier_.Assign(type, Type(TypeKind::kBool))) return;
    Report(ast_[id], Cat(what, " must be `bool`, not ", Quoted(Shown(type))));
  }

  // Evaluates `body` with the node's variables having `types`.
  template <typename Body>
  Type Scoped(const Node& node, std::vector<Type> types, Body body) {
    locals_.resize(node.slot);
    locals_.insert(locals_.end(), types.begin(), types.end());
    Type result = body();
    locals_.resize(node.slot);
    return result;
  }

  Type Select(const Node& node, const Type& object, Access access) {
    const Type outer = unifier_.Shallow(object);
    bool wrapped = outer.kind() == TypeKind::kOptional;
    const Type inner = wrapped ? unifier_.Shallow(outer.parameter(0)) : outer;
    Type field;
    switch (inner.kind()) {
      case TypeKind::kMap:
        if (!unifier_.Assign(Type(TypeKind::kString), inner.parameter(0))) {
          return ReportFocus(node, Cat("the keys of ", Quoted(Shown(inner)), " are not strings; write `[key]`"));
        }
        field = inner.parameter(1);
        break;
      case TypeKind::kVariable: unifier_.Assign(Type(), inner); break;
      case TypeKind::kAny: break;
      case TypeKind::kError: return inner;
      default: return ReportFocus(node, Cat("a value of type ", Quoted(Shown(inner)), " has no fields"));
    }
    return wrapped || access == Access::kOptional ? Type::Optional(field) : field;
  }

  // More than one signature may fit where types are known only at run time; then the result is what
  // they share.
  Type CallType(const Node& node) {
    std::vector<Type> arguments;
    bool reported = false;
    for (NodeId child : node.children) {
      arguments.push_back(TypeOf(child));
      reported |= KindOf(arguments.back()) == TypeKind::kError;
    }
    std::optional<Type> result;
    for (const Signature& signature : node.function->signatures) {
      if (signature.is_method != node.has_receiver || signature.parameters.size() != arguments.size()) continue;
      std::vector<Type> fresh;
      for (int i = 0; i < kSignatureVariableCount; ++i) fresh.push_back(unifier_.Fresh());
      std::vector<Type> parameters;
      for (const Type& parameter : signature.parameters) parameters.push_back(Instantiate(parameter, fresh));
      if (!unifier_.AssignAll(arguments, parameters)) continue;
      Type type = unifier_.Resolve(Instantiate(signature.result, fresh), Unifier::Open::kStay);
      if (!result.has_value()) {
        result = type;
      } else if (!(*result == type)) {
        result = Type();
      }
    }
    if (result.has_value()) return *result;
    return reported ? Type(TypeKind::kError) : NoOverloadFor(node, arguments);
  }

  Type NoOverloadFor(const Node& node, const std::vector<Type>& arguments) {
    std::vector<std::string> shown;
    for (const Type& argument : arguments) shown.push_back(Quoted(Shown(argument)));
    std::string name = DisplayName(node.text);
    if (name != node.text && shown.size() == 2) {
      bool numbers = IsNumber(Shown(arguments[0])) && IsNumber(Shown(arguments[1]));
      return Report(
          node, Cat(Quote(name), " is not defined for ", shown[0], " and ", shown[1],
                    numbers ? Cat("; convert one of them, as in `", Shown(arguments[1]).ToString(), "(...)`") : ""));
    }
    if (name != node.text) return Report(node, Cat(Quote(name), " is not defined for ", shown[0]));
    std::string on = node.has_receiver ? Cat(" of ", shown[0]) : "";
    if (node.has_receiver) shown.erase(shown.begin());
    return ReportFocus(node,
                       Cat("there is no ", Quote(node.text), on, " with arguments (", absl::StrJoin(shown, ", "), ")"));
  }

  Type Join(const std::optional<Type>& previous, const Type& current) {
    if (!previous.has_value()) return current;
    if (!unifier_.Assign(*previous, current)) return Type();
    return unifier_.MostGeneral(*previous, current);
  }

  // The type inside an optional element `?x`.
  Type Unwrapped(NodeId id, const Type& type) {
    Type inner = unifier_.Fresh();
    if (unifier_.Assign(type, Type::Optional(inner))) return inner;
    return Report(ast_[id], Cat("after `?` an optional is needed, not ", Quoted(Shown(type))));
  }

  bool IsOptional(const Node& node, size_t i) const {
    return !node.optional_children.empty() && node.optional_children[i];
  }

  Type ListType(const Node& node) {
    std::optional<Type> element;
    for (size_t i = 0; i < node.children.size(); ++i) {
      Type type = TypeOf(node.children[i]);
      if (IsOptional(node, i)) type = Unwrapped(node.children[i], type);
      element = Join(element, type);
    }
    return Type::List(element.has_value() ? *element : unifier_.Fresh());
  }

  Type KeyType(NodeId id) {
    Type type = TypeOf(id);
    switch (KindOf(type)) {
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kUint:
      case TypeKind::kString:
      case TypeKind::kAny:
      case TypeKind::kVariable:
      case TypeKind::kError: return type;
      default: return Report(ast_[id], Cat("a key is a bool, int, uint or string, not ", Quoted(Shown(type))));
    }
  }

  Type MapType(const Node& node) {
    std::optional<Type> key;
    std::optional<Type> value;
    for (size_t i = 0; i < node.children.size(); i += 2) {
      key = Join(key, KeyType(node.children[i]));
      Type value_type = TypeOf(node.children[i + 1]);
      if (IsOptional(node, i / 2)) value_type = Unwrapped(node.children[i + 1], value_type);
      value = Join(value, value_type);
    }
    return Type::Map(key.has_value() ? *key : unifier_.Fresh(), value.has_value() ? *value : unifier_.Fresh());
  }

  Type ConditionalType(const Node& node) {
    ExpectBool(node.children[0], "the condition");
    Type yes = TypeOf(node.children[1]);
    Type no = TypeOf(node.children[2]);
    Type both = unifier_.Fresh();
    if (unifier_.AssignAll({{yes, no}}, {{both, both}})) return unifier_.Resolve(both, Unifier::Open::kStay);
    return Report(node, Cat("both sides of `:` need one type, not ", Quoted(Shown(yes)), " and ", Quoted(Shown(no)),
                            "; `dyn(...)` lifts that"));
  }

  // The types of the one or two variables of a macro over `range`.
  std::vector<Type> ElementTypes(const Node& node, const Type& range) {
    const Type outer = unifier_.Shallow(range);
    bool pair = node.variables.size() == 2;
    switch (outer.kind()) {
      case TypeKind::kList:
        if (pair) return {Type(TypeKind::kInt), outer.parameter(0)};
        return {outer.parameter(0)};
      case TypeKind::kMap:
        if (pair) return {outer.parameter(0), outer.parameter(1)};
        return {outer.parameter(0)};
      case TypeKind::kVariable: unifier_.Assign(Type(), outer); break;
      case TypeKind::kAny:
      case TypeKind::kError: break;
      default:
        Report(ast_[node.children[0]], Cat(Quote(node.text), " needs a list or a map, not ", Quoted(Shown(outer))));
        return std::vector<Type>(node.variables.size(), Type(TypeKind::kError));
    }
    return std::vector<Type>(node.variables.size());
  }

  Type ComprehensionType(const Node& node) {
    std::vector<Type> elements = ElementTypes(node, TypeOf(node.children[0]));
    return Scoped(node, elements, [&]() -> Type {
      bool makes = node.macro == Macro::kMap || node.macro == Macro::kTransformMap;
      size_t conditions = node.children.size() - (makes ? 2 : 1);
      for (size_t i = 1; i <= conditions; ++i) ExpectBool(node.children[i], "the condition");
      switch (node.macro) {
        case Macro::kAll:
        case Macro::kExists:
        case Macro::kExistsOne: return Type(TypeKind::kBool);
        case Macro::kFilter: return Type::List(elements[0]);
        case Macro::kMap: return Type::List(TypeOf(node.children.back()));
        case Macro::kTransformMap: return Type::Map(elements[0], TypeOf(node.children.back()));
      }
      return Type(TypeKind::kError);
    });
  }

  Type OptMapType(const Node& node) {
    Type target = TypeOf(node.children[0]);
    Type inner = unifier_.Fresh();
    if (!unifier_.Assign(target, Type::Optional(inner))) {
      Report(ast_[node.children[0]], Cat(Quote(node.text), " needs an optional, not ", Quoted(Shown(target))));
      inner = Type(TypeKind::kError);
    }
    return Scoped(node, {inner}, [&]() -> Type {
      Type result = TypeOf(node.children[1]);
      if (node.kind == NodeKind::kOptMap) return Type::Optional(result);
      Type value = unifier_.Fresh();
      if (unifier_.Assign(result, Type::Optional(value))) return Type::Optional(value);
      return Report(ast_[node.children[1]], Cat("`optFlatMap` needs an optional here, not ", Quoted(Shown(result))));
    });
  }

  const Ast& ast_;
  const std::vector<Variable>& variables_;
  std::vector<Diagnostic>& diagnostics_;
  Unifier unifier_;
  std::vector<Type> locals_;
};

}  // namespace

Type CheckTypes(const Ast& ast, const std::vector<Variable>& variables, Cost& budget,
                std::vector<Diagnostic>& diagnostics) {
  return Checker(ast, variables, budget, diagnostics).Run();
}

}  // namespace mandate::cel
