// ast.h: an expression as a tree, from the parser to the evaluator.
//
// Threads     Built by one thread; immutable inside a Program.
// Ownership   Nodes live in one vector and name each other by position; the root is the whole.
// Limits      No deeper than kNestingMax (Node::depth), which bounds every recursion over it.
#ifndef MANDATE_SCHEMA_CEL_AST_H_
#define MANDATE_SCHEMA_CEL_AST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "re2/re2.h"
#include "schema/cel/cel.h"
#include "schema/cel/value.h"

namespace mandate::cel {

struct Function;  // functions.h

enum class NodeKind : uint8_t {
  kConstant,        // constant
  kName,            // `text`, as written; the resolver makes it one of the next four
  kParameter,       // the variable of the program numbered `slot`
  kLocal,           // a macro's variable, numbered `slot` from the outside
  kUnresolved,      // nothing is called `text`; a failure when evaluated, and only without checking
  kSelect,          // child 0, field `text`
  kHas,             // has(child 0 . text)
  kOptionalSelect,  // child 0 .? text
  kCall,            // `text`(children); a receiver is child 0
  kList,            // children
  kMap,             // children: key, value, key, value, ...
  kAnd,             // children, two or more: `a && b && c` is one node
  kOr,              // likewise
  kConditional,     // child 0 ? child 1 : child 2
  kComprehension,   // a macro over child 0; see Macro for the others
  kBind,            // cel.bind(variable, child 0, child 1)
  kOptMap,          // child 0 . optMap(variable, child 1)
  kOptFlatMap,      // likewise
};

// The bodies that follow the range: a condition; or, where something is made, an optional condition
// and what to make.
enum class Macro : uint8_t { kAll, kExists, kExistsOne, kFilter, kMap, kTransformMap };

using NodeId = uint32_t;

struct Node {
  NodeKind kind = NodeKind::kConstant;
  uint32_t offset = 0;  // of the whole expression in the source
  uint32_t length = 0;
  uint32_t focus_offset = 0;  // of the word or operator that names it
  uint32_t focus_length = 0;
  int depth = 1;  // 1 + the deepest child's
  std::vector<NodeId> children;
  std::string text;
  Value constant;

  bool has_receiver = false;            // kCall
  bool has_leading_dot = false;         // kName
  Macro macro = Macro::kAll;            // kComprehension
  std::vector<std::string> variables;   // kComprehension (one or two), kBind, kOptMap, kOptFlatMap
  std::vector<bool> optional_children;  // kList by child, kMap by entry: `[?x]`; or empty: none
  uint32_t slot = 0;                    // kParameter, kLocal; with variables, that of the first
  const Function* function = nullptr;   // kCall, once resolved
  std::shared_ptr<const RE2> pattern;   // kCall of `matches` with a literal pattern
};

struct Ast {
  std::vector<Node> nodes;
  NodeId root = 0;

  Node& operator[](NodeId id) { return nodes[id]; }
  const Node& operator[](NodeId id) const { return nodes[id]; }
};

// What Compile makes of a source; the inside of a Program.
struct CompiledExpression {
  std::string source;
  std::vector<Variable> variables;
  Type result_type;
  bool requires_bool = true;
  Ast ast;
  uint32_t local_count = 0;  // Locals alive at the same time, at most.
};

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_AST_H_
