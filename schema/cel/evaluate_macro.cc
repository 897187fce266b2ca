// Macros over lists and maps. Over a list the variables are (element) or (position, element), over
// a map (key) or (key, value). `all` and `exists` are `&&` and `||` over the elements, with the
// same rules for errors and unknowns; all others need every element.
#include "schema/cel/evaluator.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

size_t SizeOf(const Value& range) { return range.Is(ValueKind::kList) ? range.list().size() : range.map().size(); }

}  // namespace

Value Evaluator::EvaluateComprehension(const Node& node) {
  Value range = Evaluate(node.children[0]);
  switch (range.kind()) {
    case ValueKind::kError: return range;
    case ValueKind::kUnknown: return EvaluateOverUnknown(node, range);
    case ValueKind::kList:
    case ValueKind::kMap: break;
    default:
      return Fail(ast_[node.children[0]],
                  Cat("no such overload: ", TypeName(range.TypeOf()), " is not a list or a map"));
  }
  switch (node.macro) {
    case Macro::kAll:
    case Macro::kExists: return EvaluateQuantifier(node, range);
    case Macro::kExistsOne: return EvaluateExistsOne(node, range);
    default: return EvaluateMaker(node, range);
  }
}

void Evaluator::SetElement(const Node& node, const Value& range, size_t i) {
  bool pair = node.variables.size() == 2;
  if (range.Is(ValueKind::kList)) {
    if (pair) locals_[node.slot] = Value::Int(static_cast<int64_t>(i));
    locals_[node.slot + (pair ? 1 : 0)] = range.list()[i];
    return;
  }
  const auto& [key, value] = range.map().entries()[i];
  locals_[node.slot] = key;
  if (pair) locals_[node.slot + 1] = value;
}

// The variables stand for anything. What the bodies need beyond them is needed too, unless it does
// not matter even so: `missing.all(x, x > 0 || true)` needs nothing but the range.
Value Evaluator::EvaluateOverUnknown(const Node& node, const Value& unknown) {
  Obstacles obstacles;
  obstacles.Add(unknown);
  for (size_t i = 0; i < node.variables.size(); ++i) locals_[node.slot + i] = Value::Unknown({});
  for (size_t i = 1; i < node.children.size(); ++i) obstacles.Add(Evaluate(node.children[i]));
  return obstacles.Result();
}

Value Evaluator::EvaluateQuantifier(const Node& node, const Value& range) {
  const bool deciding = node.macro == Macro::kExists;
  Obstacles obstacles;
  for (size_t i = 0; i < SizeOf(range) && !cost_.exceeded(); ++i) {
    SetElement(node, range, i);
    Value value = Evaluate(node.children[1]);
    if (value.Is(ValueKind::kBool)) {
      if (value.bool_value() == deciding) return value;
    } else if (!obstacles.Add(value)) {
      obstacles.Add(Fail(ast_[node.children[1]], "no such overload: the condition is not a bool"));
    }
  }
  return obstacles.any() ? obstacles.Result() : Value::Bool(!deciding);
}

Value Evaluator::EvaluateExistsOne(const Node& node, const Value& range) {
  size_t count = 0;
  Obstacles obstacles;
  for (size_t i = 0; i < SizeOf(range) && !cost_.exceeded(); ++i) {
    SetElement(node, range, i);
    Value value = Evaluate(node.children[1]);
    if (value.Is(ValueKind::kBool)) {
      count += value.bool_value();
    } else if (!obstacles.Add(value)) {
      obstacles.Add(Fail(ast_[node.children[1]], "no such overload: the condition is not a bool"));
    }
  }
  return obstacles.any() ? obstacles.Result() : Value::Bool(count == 1);
}

// filter keeps elements; the others make one anew, after an optional condition.
Value Evaluator::EvaluateMaker(const Node& node, const Value& range) {
  const bool keeps = node.macro == Macro::kFilter;
  const bool has_condition = keeps || node.children.size() == 3;
  ValueList made;
  MapValue made_map;
  Obstacles obstacles;
  for (size_t i = 0; i < SizeOf(range) && !cost_.exceeded(); ++i) {
    SetElement(node, range, i);
    if (has_condition) {
      Value condition = Evaluate(node.children[1]);
      if (condition.IsFalse()) continue;
      if (!condition.IsTrue() && !obstacles.Add(condition)) {
        obstacles.Add(Fail(ast_[node.children[1]], "no such overload: the condition is not a bool"));
      }
      if (condition.Is(ValueKind::kError)) continue;
    }
    Value value = keeps ? locals_[node.slot] : Evaluate(node.children.back());
    if (obstacles.Add(value)) continue;
    if (node.macro == Macro::kTransformMap) {
      Insert(made_map, locals_[node.slot], std::move(value));
    } else {
      made.push_back(std::move(value));
    }
  }
  if (obstacles.any()) return obstacles.Result();
  return node.macro == Macro::kTransformMap ? Value::Map(std::move(made_map)) : Value::List(std::move(made));
}

}  // namespace mandate::cel
