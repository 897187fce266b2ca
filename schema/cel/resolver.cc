#include "schema/cel/resolver.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "schema/cel/functions.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr TypeKind kNamedTypes[] = {
    TypeKind::kNull,   TypeKind::kBool,  TypeKind::kInt,      TypeKind::kUint,      TypeKind::kDouble,
    TypeKind::kString, TypeKind::kBytes, TypeKind::kDuration, TypeKind::kTimestamp, TypeKind::kIpAddress,
    TypeKind::kList,   TypeKind::kMap,   TypeKind::kOptional, TypeKind::kType,
};

constexpr size_t kNamesListedMax = 5;  // More is no help.

// `parts` are from the inside out: field before object.
std::string Joined(const std::vector<std::string_view>& parts) {
  std::string text(parts.back());
  for (size_t i = parts.size() - 1; i > 0; --i) text += Cat(".", parts[i - 1]);
  return text;
}

class Resolver {
 public:
  Resolver(Ast& ast, const std::vector<Variable>& variables, std::string_view container, Cost& budget)
      : ast_(ast), variables_(variables), container_(container), budget_(budget) {
    for (size_t i = 0; i < variables.size(); ++i) by_name_.emplace(variables[i].name, i);
    resolution_.used.resize(variables.size());
  }

  Resolution Run() {
    Visit(ast_.root);
    return std::move(resolution_);
  }

 private:
  void Visit(NodeId id) {
    Node& node = ast_[id];
    switch (node.kind) {
      case NodeKind::kName: return Name(node);
      case NodeKind::kSelect:
        if (!QualifiedName(node)) Visit(node.children[0]);
        return;
      case NodeKind::kCall: return CallOf(node);
      case NodeKind::kComprehension:
      case NodeKind::kBind:
      case NodeKind::kOptMap:
      case NodeKind::kOptFlatMap: return WithVariables(node);
      default:
        for (NodeId child : node.children) Visit(child);
    }
  }

  void Report(const Node& node, std::string message) {
    resolution_.diagnostics.push_back({node.focus_offset, node.focus_length, std::move(message)});
  }

  // The first child is outside of the variables' scope; a bind's value too.
  void WithVariables(Node& node) {
    Visit(node.children[0]);
    node.slot = static_cast<uint32_t>(locals_.size());
    locals_.insert(locals_.end(), node.variables.begin(), node.variables.end());
    resolution_.local_count = std::max(resolution_.local_count, static_cast<uint32_t>(locals_.size()));
    for (size_t i = 1; i < node.children.size(); ++i) Visit(node.children[i]);
    locals_.resize(node.slot);
  }

  std::optional<uint32_t> FindLocal(std::string_view name) const {
    for (size_t i = locals_.size(); i > 0; --i) {
      if (locals_[i - 1] == name) return static_cast<uint32_t>(i - 1);
    }
    return std::nullopt;
  }

  // Makes `node` what the dotted `name` means; false, and no change, if it means nothing.
  bool Become(Node& node, const std::string& name) {
    if (auto it = by_name_.find(name); it != by_name_.end()) {
      node.kind = NodeKind::kParameter;
      node.slot = static_cast<uint32_t>(it->second);
      resolution_.used[it->second] = true;
      return true;
    }
    for (TypeKind kind : kNamedTypes) {
      if (TypeName(kind) != name) continue;
      node.kind = NodeKind::kConstant;
      node.constant = Value::OfType(kind);
      return true;
    }
    return false;
  }

  bool BecomeInContainer(Node& node, const std::string& name, bool at_root) {
    std::string_view container = at_root ? "" : container_;
    while (!container.empty()) {
      if (Become(node, Cat(container, ".", name))) return true;
      size_t dot = container.rfind('.');
      container = dot == std::string_view::npos ? "" : container.substr(0, dot);
    }
    return Become(node, name);
  }

  void Name(Node& node) {
    if (!node.has_leading_dot) {
      if (std::optional<uint32_t> slot = FindLocal(node.text)) {
        node.kind = NodeKind::kLocal;
        node.slot = *slot;
        return;
      }
    }
    if (BecomeInContainer(node, node.text, node.has_leading_dot)) return;
    node.kind = NodeKind::kUnresolved;
    Report(node, Cat(Quote(node.text), " is not declared", Declared()));
  }

  std::string Declared() const {
    if (variables_.empty() || variables_.size() > kNamesListedMax) return "";
    return Cat("; the parameters are ", absl::StrJoin(variables_, ", ", [](std::string* out, const Variable& v) {
                 *out += Cat(Quote(v.name));
               }));
  }

  // `a.b.c` as text with its root, if it is nothing but names and does not start with a macro's
  // variable.
  bool Dotted(const Node& node, std::string& text, bool& at_root) const {
    std::vector<std::string_view> parts;
    const Node* current = &node;
    while (current->kind == NodeKind::kSelect) {
      parts.push_back(current->text);
      current = &ast_[current->children[0]];
    }
    if (current->kind != NodeKind::kName) return false;
    if (!current->has_leading_dot && FindLocal(current->text).has_value()) return false;
    parts.push_back(current->text);
    budget_.Charge(parts.size());  // Asked at every dot of `a.b.c`.
    at_root = current->has_leading_dot;
    text = Joined(parts);
    return true;
  }

  bool QualifiedName(Node& node) {
    std::string text;
    bool at_root = false;
    return Dotted(node, text, at_root) && BecomeInContainer(node, text, at_root);
  }

  // A receiver may be the first part of a function's name: `optional.of(x)`.
  void CallOf(Node& node) {
    if (node.has_receiver) {
      std::string prefix;
      bool at_root = false;
      if (Dotted(ast_[node.children[0]], prefix, at_root)) {
        std::string qualified = Cat(prefix, ".", node.text);
        if (FindFunction(qualified) != nullptr) {
          node.text = std::move(qualified);
          node.has_receiver = false;
          node.children.erase(node.children.begin());
        }
      }
    }
    for (NodeId child : node.children) Visit(child);
    const Function* function = FindFunction(node.text);
    if (function == nullptr) return Unknown(node, Cat("there is no function ", Quote(node.text)));
    for (const Signature& signature : function->signatures) {
      if (signature.is_method == node.has_receiver && signature.parameters.size() == node.children.size()) {
        node.function = function;
        return;
      }
    }
    Unknown(node, WrongShape(node, *function));
  }

  void Unknown(Node& node, std::string message) {
    node.kind = NodeKind::kUnresolved;
    Report(node, std::move(message));
  }

  static std::string WrongShape(const Node& node, const Function& function) {
    bool as_method = function.signatures[0].is_method;
    bool same_style = false;
    for (const Signature& signature : function.signatures) same_style |= signature.is_method == node.has_receiver;
    if (!same_style) {
      return Cat(Quote(node.text), " is called as `", as_method ? "value." : "", node.text, "(...)`");
    }
    return Cat(Quote(node.text), " does not take ", node.children.size() - (node.has_receiver ? 1 : 0), " arguments");
  }

  Ast& ast_;
  const std::vector<Variable>& variables_;
  std::string_view container_;
  Cost& budget_;
  absl::flat_hash_map<absl::string_view, size_t> by_name_;
  std::vector<std::string> locals_;
  Resolution resolution_;
};

}  // namespace

Resolution ResolveNames(Ast& ast, const std::vector<Variable>& variables, std::string_view container, Cost& budget) {
  return Resolver(ast, variables, container, budget).Run();
}

}  // namespace mandate::cel
