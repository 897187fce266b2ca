#include "schema/cel/checker.h"
#include "schema/cel/functions.h"
#include "schema/cel/ip_address.h"
#include "schema/cel/time_text.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

bool IsText(const Node& node) { return node.kind == NodeKind::kConstant && node.constant.Is(ValueKind::kString); }

// The program of a pattern grows with its repetitions, `(a{1000}){1000}`; RE2 refuses what exceeds
// its memory.
std::string KeepPattern(Node& call, const std::string& text, Cost& budget) {
  std::string problem;
  call.pattern = CompilePattern(text, kLiteralPatternMemoryMax, budget, problem);
  return problem;
}

bool TakesTimeZone(const Function& function) {
  for (const Signature& signature : function.signatures) {
    if (signature.parameters.size() == 2 && signature.parameters[0].kind() == TypeKind::kTimestamp &&
        signature.parameters[1].kind() == TypeKind::kString) {
      return true;
    }
  }
  return false;
}

std::string CheckLiteral(Node& call, const std::string& text, int& patterns, Cost& budget) {
  std::string_view name = call.function->name;
  if (name == "matches") {
    if (++patterns > kLiteralPatternsMax) return Cat("an expression has at most ", kLiteralPatternsMax, " patterns");
    return KeepPattern(call, text, budget);
  }
  if (name == "in_cidr" && !ParseIpRange(text).has_value()) {
    return Cat(Quote(text), " is not an address range like `10.0.0.0/8`");
  }
  if (TakesTimeZone(*call.function) && !FindTimeZone(text).has_value()) {
    return Cat(Quote(text), " is not a time zone this machine knows");
  }
  return "";
}

}  // namespace

void CheckLiterals(Ast& ast, Cost& budget, std::vector<Diagnostic>& diagnostics) {
  int patterns = 0;
  for (Node& node : ast.nodes) {
    if (budget.exceeded()) return;
    if (node.kind != NodeKind::kCall || node.function == nullptr || node.children.size() != 2) continue;
    const Node& argument = ast[node.children[1]];
    if (!IsText(argument)) continue;
    std::string problem = CheckLiteral(node, argument.constant.text(), patterns, budget);
    if (!problem.empty()) diagnostics.push_back({argument.offset, argument.length, std::move(problem)});
  }
}

}  // namespace mandate::cel
