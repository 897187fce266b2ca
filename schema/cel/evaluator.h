// evaluator.h: the value of a tree, with some or all of its parameters.
//
// Threads     One evaluation, one thread; the tree may be shared.
// Errors      As values. An evaluation whose cost is exceeded ends with some error; ask the Cost.
#ifndef MANDATE_SCHEMA_CEL_EVALUATOR_H_
#define MANDATE_SCHEMA_CEL_EVALUATOR_H_

#include <optional>
#include <vector>

#include "schema/cel/ast.h"
#include "schema/cel/cost.h"
#include "schema/cel/functions.h"
#include "schema/cel/value.h"

namespace mandate::cel {

// Gathers operands that stand in the way of a known result. Unknown goes before error: a value
// given later may make the error irrelevant, the reverse is not so.
class Obstacles {
 public:
  // True if `value` is an error or unknown, which is then remembered. Of several errors the first
  // counts.
  bool Add(const Value& value);
  bool has_unknown() const { return has_unknown_; }
  bool any() const { return has_unknown_ || error_.has_value(); }
  Value Result() const;  // REQUIRES: any().

 private:
  bool has_unknown_ = false;
  UnknownSet unknowns_;  // May be empty although has_unknown_: what a macro's variable stands for
                         // is not numbered.
  std::optional<Value> error_;
};

class Evaluator {
 public:
  // `parameters` are values or kUnknown, one for each variable; all must outlive the evaluator.
  Evaluator(const CompiledExpression& compiled, const std::vector<Value>& parameters, Cost& cost)
      : ast_(compiled.ast),
        source_(compiled.source),
        parameters_(parameters),
        locals_(compiled.local_count),
        cost_(cost) {}

  Value Run() { return Evaluate(ast_.root); }

 private:
  Value Evaluate(NodeId id);
  Value EvaluateLogic(const Node& node);
  Value EvaluateConditional(const Node& node);
  Value EvaluateCall(const Node& node);
  Value EvaluateFallback(const Node& node);
  Value EvaluateSelect(const Node& node);
  Value EvaluateHas(const Node& node);
  Value EvaluateList(const Node& node);
  Value EvaluateMap(const Node& node);
  Value EvaluateOptMap(const Node& node);

  // As MapValue::Insert, paid for.
  bool Insert(MapValue& map, const Value& key, Value value);

  // evaluate_macro.cc
  Value EvaluateComprehension(const Node& node);
  Value EvaluateQuantifier(const Node& node, const Value& range);
  Value EvaluateExistsOne(const Node& node, const Value& range);
  Value EvaluateMaker(const Node& node, const Value& range);
  Value EvaluateOverUnknown(const Node& node, const Value& unknown);
  void SetElement(const Node& node, const Value& range, size_t i);

  // `error` with the place it happened at.
  Value Fail(const Node& node, const Value& error) const;
  Value Fail(const Node& node, std::string message) const { return Fail(node, Value::Error(std::move(message))); }

  const Ast& ast_;
  const std::string& source_;
  const std::vector<Value>& parameters_;
  std::vector<Value> locals_;
  Cost& cost_;
  RunTimePattern last_pattern_;
};

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_EVALUATOR_H_
