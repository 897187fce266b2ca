#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"
#include "schema/cel/ast.h"
#include "schema/cel/cel.h"
#include "schema/cel/checker.h"
#include "schema/cel/evaluator.h"
#include "schema/cel/parser.h"
#include "schema/cel/resolver.h"
#include "schema/cel/token.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

// Literals of lists and maps that are constant are made once. Children come before the nodes they
// are in.
void FoldLiterals(CompiledExpression& compiled) {
  for (NodeId id = 0; id < compiled.ast.nodes.size(); ++id) {
    const Node& node = compiled.ast[id];
    if (node.kind != NodeKind::kList && node.kind != NodeKind::kMap) continue;
    bool constant = std::all_of(node.children.begin(), node.children.end(),
                                [&](NodeId child) { return compiled.ast[child].kind == NodeKind::kConstant; });
    if (!constant) continue;
    Cost cost(kSourceSizeMax);
    NodeId root = compiled.ast.root;
    compiled.ast.root = id;
    Value value = Evaluator(compiled, {}, cost).Run();
    compiled.ast.root = root;
    if (value.Is(ValueKind::kError)) continue;  // It fails when, and only if, it is evaluated.
    compiled.ast[id].kind = NodeKind::kConstant;
    compiled.ast[id].constant = std::move(value);
  }
}

std::optional<Diagnostic> CheckSource(std::string_view source) {
  if (source.size() > kSourceSizeMax) {
    return Diagnostic{0, source.size(), Cat("an expression has at most ", kSourceSizeMax, " bytes")};
  }
  if (!IsValidUtf8(source)) return Diagnostic{0, source.size(), "the expression is not valid UTF-8"};
  return std::nullopt;
}

// Patterns are made last, since they cost most.
void CheckMeaning(CompiledExpression& compiled, Cost& budget, std::vector<Diagnostic>& problems) {
  compiled.result_type = CheckTypes(compiled.ast, compiled.variables, budget, problems);
  const TypeKind kind = compiled.result_type.kind();
  if (problems.empty() && compiled.requires_bool && kind != TypeKind::kBool && kind != TypeKind::kAny) {
    const Node& root = compiled.ast[compiled.ast.root];
    problems.push_back(
        {root.offset, root.length, Cat("the expression must be `bool`, not `", compiled.result_type.ToString(), "`")});
  }
  if (problems.empty()) CheckLiterals(compiled.ast, budget, problems);
}

std::vector<std::string> Unused(const std::vector<Variable>& variables, const std::vector<bool>& used) {
  std::vector<std::string> unused;
  for (size_t i = 0; i < variables.size(); ++i) {
    if (!used[i]) unused.push_back(variables[i].name);
  }
  return unused;
}

void SortBySource(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.offset < b.offset; });
}

}  // namespace

absl::Status ValidateVariableName(std::string_view name) {
  for (absl::string_view raw : absl::StrSplit(AbslView(name), '.')) {
    std::string_view part = StdView(raw);
    if (!IsIdentifier(part)) {
      return InvalidArgument(
          Cat(Quote(name), " cannot be a parameter; use letters, digits and `_`, not starting with a digit"));
    }
    if (IsReserved(part)) {
      return InvalidArgument(Cat(Quote(name), " is a reserved word of expressions"));
    }
  }
  return absl::OkStatus();
}

CompileResult Compile(std::string_view source, absl::Span<const Variable> variables, const CompileOptions& options) {
  CompileResult result;
  auto fail = [&](Diagnostic diagnostic) {
    result.diagnostics.push_back(std::move(diagnostic));
    return result;
  };
  if (std::optional<Diagnostic> problem = CheckSource(source)) return fail(*std::move(problem));
  auto compiled = std::make_unique<CompiledExpression>();
  compiled->source = source;
  compiled->variables.assign(variables.begin(), variables.end());
  compiled->requires_bool = options.result == Result::kBool;
  Cost own_budget(kCompileCostMax);
  Cost& budget = options.budget != nullptr ? *options.budget : own_budget;
  std::optional<Diagnostic> unreadable = Parse(compiled->source, compiled->ast, budget);
  if (unreadable.has_value()) return fail(*std::move(unreadable));

  Resolution names = ResolveNames(compiled->ast, compiled->variables, options.container, budget);
  compiled->local_count = names.local_count;
  result.unused = Unused(compiled->variables, names.used);
  std::vector<Diagnostic> problems;
  if (options.checking == Checking::kFull) {
    problems = std::move(names.diagnostics);
    CheckMeaning(*compiled, budget, problems);
  }
  if (budget.exceeded()) {
    const Node& root = compiled->ast[compiled->ast.root];
    return fail({root.offset, root.length, std::string(kTooLarge)});
  }
  if (!problems.empty()) {
    SortBySource(problems);
    result.diagnostics = std::move(problems);
    return result;
  }
  FoldLiterals(*compiled);
  result.program = std::make_shared<const Program>(std::move(compiled));
  return result;
}

Program::Program(std::unique_ptr<const CompiledExpression> compiled) : compiled_(std::move(compiled)) {}
Program::~Program() = default;

const std::vector<Variable>& Program::variables() const { return compiled_->variables; }
const std::string& Program::source() const { return compiled_->source; }
const Type& Program::result_type() const { return compiled_->result_type; }

absl::StatusOr<Evaluation> Program::Evaluate(const Activation& activation, const EvaluateOptions& options) const {
  std::vector<Value> parameters;
  parameters.reserve(compiled_->variables.size());
  for (uint32_t i = 0; i < compiled_->variables.size(); ++i) {
    const Value* given = activation.Find(compiled_->variables[i].name);
    parameters.push_back(given != nullptr ? *given : Value::Unknown({i}));
  }
  Cost cost(options.cost_limit);
  Value value = Evaluator(*compiled_, parameters, cost).Run();
  if (options.cost != nullptr) *options.cost = cost.used();
  if (cost.exceeded()) {
    return absl::ResourceExhaustedError(Cat("the expression needs more than ", options.cost_limit, " steps"));
  }
  if (value.Is(ValueKind::kError)) return InvalidArgument(value.text());

  Evaluation evaluation;
  if (value.Is(ValueKind::kUnknown)) {
    evaluation.outcome = Outcome::kMissing;
    for (uint32_t i : value.unknowns()) evaluation.missing.push_back(compiled_->variables[i].name);
    std::sort(evaluation.missing.begin(), evaluation.missing.end());
    return evaluation;
  }
  if (compiled_->requires_bool && !value.Is(ValueKind::kBool)) {
    return InvalidArgument(Cat("the expression must be bool, not ", TypeName(value.TypeOf())));
  }
  evaluation.outcome = value.IsTrue() ? Outcome::kTrue : value.IsFalse() ? Outcome::kFalse : Outcome::kValue;
  evaluation.value = std::move(value);
  return evaluation;
}

}  // namespace mandate::cel
