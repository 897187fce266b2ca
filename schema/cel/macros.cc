// Macros are calls whose arguments are not all values: `list.all(x, x > 0)` names a variable,
// `has(a.b)` a field. They are recognised by name, receiver and number of arguments, like
// functions; what they become is a node of its own, not cel-spec's fold, so that the checker and
// the evaluator can say and do what each means.
#include "schema/cel/parser.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

struct Shape {
  std::string_view name;
  Macro macro;
  size_t variables;
  bool may_filter;  // an optional condition before the last argument
};
constexpr Shape kComprehensions[] = {
    {"all", Macro::kAll, 1, false},
    {"all", Macro::kAll, 2, false},
    {"exists", Macro::kExists, 1, false},
    {"exists", Macro::kExists, 2, false},
    {"exists_one", Macro::kExistsOne, 1, false},
    {"exists_one", Macro::kExistsOne, 2, false},
    {"existsOne", Macro::kExistsOne, 1, false},
    {"existsOne", Macro::kExistsOne, 2, false},
    {"filter", Macro::kFilter, 1, false},
    {"map", Macro::kMap, 1, true},
    {"transformList", Macro::kMap, 2, true},
    {"transformMap", Macro::kTransformMap, 2, true},
};

Diagnostic At(const Node& node, std::string message) {
  return Diagnostic{node.offset, node.length, std::move(message)};
}

// Moves the names in the arguments after the receiver to node.variables.
std::optional<Diagnostic> TakeVariables(const Ast& ast, Node& node, size_t first, size_t count) {
  for (size_t i = first; i < first + count; ++i) {
    const Node& argument = ast[node.children[i]];
    if (argument.kind != NodeKind::kName || argument.has_leading_dot) {
      return At(argument, Cat(Quote(node.text), " needs a variable's name here"));
    }
    if (!node.variables.empty() && node.variables.back() == argument.text) {
      return At(argument, Cat(Quote(argument.text), " names both variables of ", Quote(node.text)));
    }
    node.variables.push_back(argument.text);
  }
  auto begin = node.children.begin() + static_cast<ptrdiff_t>(first);
  node.children.erase(begin, begin + static_cast<ptrdiff_t>(count));
  return std::nullopt;
}

std::optional<Diagnostic> ExpandHas(const Ast& ast, Node& node) {
  const Node& field = ast[node.children[0]];
  if (field.kind != NodeKind::kSelect) {
    return At(field, "`has` needs a field, as in `has(parameter.field)`");
  }
  node.kind = NodeKind::kHas;
  node.text = field.text;
  node.focus_offset = field.focus_offset;
  node.focus_length = field.focus_length;
  NodeId object = field.children[0];
  node.children = {object};
  return std::nullopt;
}

std::optional<Diagnostic> ExpandBind(const Ast& ast, Node& node) {
  node.kind = NodeKind::kBind;
  node.children.erase(node.children.begin());  // `cel`
  return TakeVariables(ast, node, 0, 1);
}

std::optional<Diagnostic> ExpandOptMap(const Ast& ast, Node& node) {
  node.kind = node.text == "optMap" ? NodeKind::kOptMap : NodeKind::kOptFlatMap;
  return TakeVariables(ast, node, 1, 1);
}

}  // namespace

std::optional<Diagnostic> ExpandMacro(Ast& ast, Node& node) {
  size_t arguments = node.children.size() - (node.has_receiver ? 1 : 0);
  if (!node.has_receiver) {
    return node.text == "has" && arguments == 1 ? ExpandHas(ast, node) : std::nullopt;
  }
  const Node& receiver = ast[node.children[0]];
  if (node.text == "bind" && arguments == 3 && receiver.kind == NodeKind::kName && receiver.text == "cel") {
    return ExpandBind(ast, node);
  }
  if ((node.text == "optMap" || node.text == "optFlatMap") && arguments == 2) return ExpandOptMap(ast, node);
  for (const Shape& shape : kComprehensions) {
    bool fits = arguments == shape.variables + 1 || (shape.may_filter && arguments == shape.variables + 2);
    if (shape.name != node.text || !fits) continue;
    node.kind = NodeKind::kComprehension;
    node.macro = shape.macro;
    return TakeVariables(ast, node, 1, shape.variables);
  }
  return std::nullopt;
}

}  // namespace mandate::cel
