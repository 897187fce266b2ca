// Recursion follows the tree, whose depth is limited. A parameter that was not given evaluates to
// kUnknown, which spreads like an error, except that `&&`, `||`, conditions and macros may be
// decided without it:
//
//   false && missing               false
//   missing || 1 / 0 > 0           unknown {missing}: true would decide it
//   missing ? a : b                unknown {missing, a, b}: missing alone might not decide it
//
// The set of an unknown names all parameters that together decide it, whatever their values.
#include "schema/cel/evaluator.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "schema/cel/functions.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr size_t kSnippetSizeMax = 80;

bool IsObstacle(const Value& value) { return value.Is(ValueKind::kError) || value.Is(ValueKind::kUnknown); }

}  // namespace

bool Obstacles::Add(const Value& value) {
  if (value.Is(ValueKind::kError)) {
    if (!error_.has_value()) error_ = value;
    return true;
  }
  if (!value.Is(ValueKind::kUnknown)) return false;
  has_unknown_ = true;
  const UnknownSet& more = value.unknowns();
  if (!std::includes(unknowns_.begin(), unknowns_.end(), more.begin(), more.end())) {
    UnknownSet both;
    std::set_union(unknowns_.begin(), unknowns_.end(), more.begin(), more.end(), std::back_inserter(both));
    unknowns_ = std::move(both);
  }
  return true;
}

Value Obstacles::Result() const { return has_unknown_ ? Value::Unknown(unknowns_) : *error_; }

Value Evaluator::Fail(const Node& node, const Value& error) const {
  cost_.ChargeBytes(error.text().size());  // It may show a value, and be made at every turn of a loop.
  const std::string_view place = std::string_view(source_).substr(node.offset, node.length);
  return Value::Error(Cat(error.text(), " in ", Quote(Shortened(place, kSnippetSizeMax))));
}

Value Evaluator::Evaluate(NodeId id) {
  if (!cost_.Charge(1)) return Value::Error("cost limit exceeded");
  const Node& node = ast_[id];
  switch (node.kind) {
    case NodeKind::kConstant: return node.constant;
    case NodeKind::kParameter: return parameters_[node.slot];
    case NodeKind::kLocal: return locals_[node.slot];
    case NodeKind::kName:
    case NodeKind::kUnresolved: return Value::Error(Cat(Quote(node.text), " is not declared"));
    case NodeKind::kSelect:
    case NodeKind::kOptionalSelect: return EvaluateSelect(node);
    case NodeKind::kHas: return EvaluateHas(node);
    case NodeKind::kCall: return EvaluateCall(node);
    case NodeKind::kList: return EvaluateList(node);
    case NodeKind::kMap: return EvaluateMap(node);
    case NodeKind::kAnd:
    case NodeKind::kOr: return EvaluateLogic(node);
    case NodeKind::kConditional: return EvaluateConditional(node);
    case NodeKind::kComprehension: return EvaluateComprehension(node);
    case NodeKind::kBind:
      // As if the value stood wherever its name does: a failure counts only there.
      locals_[node.slot] = Evaluate(node.children[0]);
      return Evaluate(node.children[1]);
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: return EvaluateOptMap(node);
  }
  return Value::Error("unreachable");
}

Value Evaluator::EvaluateLogic(const Node& node) {
  const bool deciding = node.kind == NodeKind::kOr;
  Obstacles obstacles;
  for (NodeId child : node.children) {
    Value value = Evaluate(child);
    if (value.Is(ValueKind::kBool)) {
      if (value.bool_value() == deciding) return value;
    } else if (!obstacles.Add(value)) {
      obstacles.Add(Fail(ast_[child], Cat("no such overload: ", TypeName(value.TypeOf()), " is not a bool")));
    }
  }
  return obstacles.any() ? obstacles.Result() : Value::Bool(!deciding);
}

Value Evaluator::EvaluateConditional(const Node& node) {
  Value condition = Evaluate(node.children[0]);
  if (condition.IsTrue()) return Evaluate(node.children[1]);
  if (condition.IsFalse()) return Evaluate(node.children[2]);
  if (condition.Is(ValueKind::kError)) return condition;
  if (!condition.Is(ValueKind::kUnknown)) {
    return Fail(ast_[node.children[0]], Cat("no such overload: ", TypeName(condition.TypeOf()), " is not a bool"));
  }
  Obstacles obstacles;
  obstacles.Add(condition);
  obstacles.Add(Evaluate(node.children[1]));
  obstacles.Add(Evaluate(node.children[2]));
  return obstacles.Result();
}

Value Evaluator::EvaluateCall(const Node& node) {
  if (node.function->arguments == Arguments::kFallback) return EvaluateFallback(node);
  absl::InlinedVector<Value, 3> arguments;
  Obstacles obstacles;
  for (NodeId child : node.children) {
    arguments.push_back(Evaluate(child));
    obstacles.Add(arguments.back());
  }
  if (obstacles.any()) return obstacles.Result();
  Value result = node.function->implementation({*node.function, arguments, cost_, last_pattern_, node.pattern.get()});
  return result.Is(ValueKind::kError) ? Fail(node, result) : result;
}

Value Evaluator::EvaluateFallback(const Node& node) {
  Value receiver = Evaluate(node.children[0]);
  bool decides =
      receiver.Is(ValueKind::kError) || (receiver.Is(ValueKind::kOptional) && receiver.optional() != nullptr);
  Value other = decides ? Value::None() : Evaluate(node.children[1]);
  Obstacles obstacles;
  obstacles.Add(receiver);
  obstacles.Add(other);
  if (obstacles.any()) return obstacles.Result();
  Value arguments[] = {receiver, other};
  Value result = node.function->implementation({*node.function, arguments, cost_, last_pattern_});
  return result.Is(ValueKind::kError) ? Fail(node, result) : result;
}

Value Evaluator::EvaluateSelect(const Node& node) {
  Value object = Evaluate(node.children[0]);
  if (IsObstacle(object)) return object;
  Access access = node.kind == NodeKind::kOptionalSelect ? Access::kOptional : Access::kValue;
  Value result = SelectField(object, node.text, access, cost_);
  return result.Is(ValueKind::kError) ? Fail(node, result) : result;
}

Value Evaluator::EvaluateHas(const Node& node) {
  Value object = Evaluate(node.children[0]);
  if (IsObstacle(object)) return object;
  Value found = SelectField(object, node.text, Access::kOptional, cost_);
  if (found.Is(ValueKind::kError)) return Fail(node, found);
  return Value::Bool(found.optional() != nullptr);
}

Value Evaluator::EvaluateList(const Node& node) {
  ValueList elements;
  elements.reserve(node.children.size());
  Obstacles obstacles;
  for (size_t i = 0; i < node.children.size(); ++i) {
    Value element = Evaluate(node.children[i]);
    if (obstacles.Add(element)) continue;
    if (node.optional_children.empty() || !node.optional_children[i]) {
      elements.push_back(std::move(element));
    } else if (!element.Is(ValueKind::kOptional)) {
      obstacles.Add(Fail(ast_[node.children[i]], "no such overload: not an optional"));
    } else if (element.optional() != nullptr) {
      elements.push_back(*element.optional());
    }
  }
  return obstacles.any() ? obstacles.Result() : Value::List(std::move(elements));
}

Value Evaluator::EvaluateMap(const Node& node) {
  MapValue map;
  Obstacles obstacles;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    Value key = Evaluate(node.children[i]);
    Value value = Evaluate(node.children[i + 1]);
    bool known = !obstacles.Add(key);
    known = !obstacles.Add(value) && known;
    if (!known) continue;
    if (!MapValue::IsKey(key)) {
      obstacles.Add(Fail(ast_[node.children[i]], Cat("a map has no keys of type ", TypeName(key.TypeOf()))));
      continue;
    }
    if (!node.optional_children.empty() && node.optional_children[i / 2]) {
      if (!value.Is(ValueKind::kOptional)) {
        obstacles.Add(Fail(ast_[node.children[i + 1]], "no such overload: not an optional"));
        continue;
      }
      if (value.optional() == nullptr) continue;
      value = Value(*value.optional());
    }
    if (!Insert(map, key, std::move(value))) obstacles.Add(Fail(node, Cat("repeated key ", key.ToString())));
  }
  return obstacles.any() ? obstacles.Result() : Value::Map(std::move(map));
}

bool Evaluator::Insert(MapValue& map, const Value& key, Value value) {
  if (key.Is(ValueKind::kString)) cost_.ChargeBytes(key.text().size());
  return map.Insert(key, std::move(value));
}

Value Evaluator::EvaluateOptMap(const Node& node) {
  Value target = Evaluate(node.children[0]);
  if (target.Is(ValueKind::kUnknown)) return EvaluateOverUnknown(node, target);
  if (target.Is(ValueKind::kError)) return target;
  if (!target.Is(ValueKind::kOptional)) return Fail(node, "no such overload: not an optional");
  if (target.optional() == nullptr) return target;
  locals_[node.slot] = *target.optional();
  Value result = Evaluate(node.children[1]);
  if (IsObstacle(result)) return result;
  if (node.kind == NodeKind::kOptMap) return Value::Some(std::move(result));
  if (!result.Is(ValueKind::kOptional)) return Fail(node, "no such overload: not an optional");
  return result;
}

}  // namespace mandate::cel
