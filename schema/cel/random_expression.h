// random_expression.h: well-typed expressions and values made from a sequence of choices, for tests
// and fuzzers.
//
//   RandomChoices choices(seed);
//   std::string text = ExpressionMaker(choices).Make();
//   std::string broken = CheckPartialEvaluation(text, choices);  // empty: Evaluate keeps its word
//
// The same choices make the same expression, so a failure is reproduced by its seed.
//
// Threads     One thread each.
// Limits      Expressions nest kDepthMax deep, counted in grammar rules.
#ifndef MANDATE_SCHEMA_CEL_RANDOM_EXPRESSION_H_
#define MANDATE_SCHEMA_CEL_RANDOM_EXPRESSION_H_

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "schema/cel/cel.h"

namespace mandate::cel {

class Choices {
 public:
  virtual ~Choices() = default;
  virtual uint32_t Below(uint32_t n) = 0;  // REQUIRES: n > 0.
};

class RandomChoices : public Choices {
 public:
  explicit RandomChoices(uint64_t seed) : random_(seed) {}
  uint32_t Below(uint32_t n) override { return static_cast<uint32_t>(random_() % n); }

 private:
  std::mt19937_64 random_;
};

// A fuzzer's bytes; zeros once they are used up.
class ByteChoices : public Choices {
 public:
  ByteChoices(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint32_t Below(uint32_t n) override { return pos_ < size_ ? data_[pos_++] % n : 0; }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t pos_ = 0;
};

inline std::vector<Variable> TestVariables() {
  return {{"a", Type(TypeKind::kBool)},
          {"b", Type(TypeKind::kBool)},
          {"i", Type(TypeKind::kInt)},
          {"j", Type(TypeKind::kInt)},
          {"u", Type(TypeKind::kUint)},
          {"s", Type(TypeKind::kString)},
          {"l", Type::List(Type(TypeKind::kInt))},
          {"d", Type()},
          {"m", Type::Map(Type(TypeKind::kString), Type(TypeKind::kInt))}};
}

// Expressions over TestVariables(). A rule is text with the kinds of its parts after a `$`: B bool,
// I int, S string, L list<int>, M map<int>, O optional<int>; a part in double braces may use the
// variable `x`.
class ExpressionMaker {
 public:
  explicit ExpressionMaker(Choices& choices) : choices_(choices) {}
  std::string Make() { return Of('B', 0); }

 private:
  static constexpr int kDepthMax = 6;
  using Rules = std::vector<std::string_view>;

  // Those without parts come first, and are all that is left once it is deep enough.
  static std::string_view Grammar(char kind) {
    switch (kind) {
      case 'B':
        return "a; b; true; false; d; !$B; ($B && $B); ($B || $B); ($B && $B && $B); "
               "($B || $B || $B); ($B ? $B : $B); ($I < $I); ($I == $I); ($S == $S); ($L == $L); "
               "($I in $L); ($S in $M); $L.all(x, {{$B}}); $L.exists(x, {{$B}}); "
               "$L.exists_one(x, {{$B}}); $M.all(k, x, {{$B}}); has($M.k); $S.startsWith($S); "
               "$S.matches($S); (d == $I); (d > $I); (u < $I); $M.isSubtreeOf($M); $O.hasValue(); "
               "cel.bind(x, $I, {{$B}}); dyn($L).exists(x, {{$B}}); (dyn($I) == d)";
      case 'I':
        return "i; j; 0; 1; 2; -3; x; ($I + $I); ($I - $I); ($I * $I); ($I / $I); ($I % $I); "
               "(-$I); size($L); size($S); size($M); $L[$I]; $M[$S]; $M.k; ($B ? $I : $I); "
               "$O.orValue($I); $O.value(); cel.bind(x, $I, {{$I}}); int($S); int(u)";
      case 'S': return "s; 'k'; ''; 'a'; '12'; ($S + $S); string($I); ($B ? $S : $S); string($B)";
      case 'L':
        return "l; []; [1, 2, 3]; [$I]; [$I, $I]; [?$O]; [?$O, $I]; ($L + $L); "
               "$L.filter(x, {{$B}}); $L.map(x, {{$I}}); $L.map(x, {{$B}}, {{$I}}); "
               "($B ? $L : $L); $L.transformList(p, x, {{$I}}); $M.map(k, 1)";
      case 'M':
        return "m; {}; {'k': 1}; {$S: $I}; {$S: $I, $S: $I}; {?$S: $O}; "
               "$M.transformMap(k, x, {{$I}}); $M.transformMap(k, x, {{$B}}, {{$I}}); "
               "($B ? $M : $M)";
      default:
        return "optional.none(); m.?k; l[?0]; optional.of($I); optional.ofNonZeroValue($I); "
               "$L[?$I]; $M[?$S]; $M.?k; $O.or($O); $O.optMap(x, {{$I}}); "
               "$O.optFlatMap(x, {{$O}}); ($B ? $O : $O)";
    }
  }

  static Rules RulesFor(char kind) {
    Rules rules;
    for (std::string_view rest = Grammar(kind); !rest.empty();) {
      size_t end = std::min(rest.find("; "), rest.size());
      rules.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    return rules;
  }

  static bool HasParts(std::string_view rule) { return rule.find('$') != std::string_view::npos; }

  std::string Of(char kind, int depth) {
    const Rules rules = RulesFor(kind);
    size_t leaves = 0;
    while (leaves < rules.size() && !HasParts(rules[leaves])) ++leaves;
    size_t count = depth >= kDepthMax ? leaves : rules.size();
    std::string_view rule = rules[choices_.Below(static_cast<uint32_t>(count))];
    if (rule == "x" && scopes_ == 0) rule = "i";
    return Fill(rule, depth);
  }

  std::string Fill(std::string_view rule, int depth) {
    std::string text;
    for (size_t at = 0; at < rule.size(); ++at) {
      if (rule.substr(at, 2) == "{{") {
        ++scopes_;
        text += Of(rule[at + 3], depth + 1);
        --scopes_;
        at += 5;
      } else if (rule[at] == '$') {
        text += Of(rule[++at], depth + 1);
      } else {
        text += rule[at];
      }
    }
    return text;
  }

  Choices& choices_;
  int scopes_ = 0;
};

inline Value MakeValue(const Variable& variable, Choices& choices) {
  auto number = [&] { return static_cast<int64_t>(choices.Below(5)) - 1; };
  switch (variable.type.kind()) {
    case TypeKind::kBool: return Value::Bool(choices.Below(2) == 1);
    case TypeKind::kInt: return Value::Int(number());
    case TypeKind::kUint: return Value::Uint(choices.Below(3));
    case TypeKind::kString: return Value::String(std::vector<std::string>{"", "a", "k", "12", "("}[choices.Below(5)]);
    case TypeKind::kList: {
      ValueList list(choices.Below(4));
      for (Value& element : list) element = Value::Int(number());
      return Value::List(std::move(list));
    }
    case TypeKind::kMap: {
      MapValue map;
      if (choices.Below(2) == 1) map.Insert(Value::String("k"), Value::Int(number()));
      if (choices.Below(2) == 1) map.Insert(Value::String("a"), Value::Int(number()));
      return Value::Map(std::move(map));
    }
    default:
      switch (choices.Below(4)) {
        case 0: return Value();
        case 1: return Value::Bool(true);
        case 2: return Value::Double(static_cast<double>(number()));
        default: return Value::String("a");
      }
  }
}

inline std::string Describe(const absl::StatusOr<Evaluation>& evaluation) {
  if (!evaluation.ok()) return std::string(evaluation.status().message());
  if (evaluation->outcome != Outcome::kMissing) return evaluation->value.ToString();
  return "missing " + absl::StrJoin(evaluation->missing, ", ");
}

// Evaluates `text` with values for some variables, chosen by `choices`, and compares with all of
// them:
//   what is decided with some is decided the same with all;
//   what is missing was not given, and with it the answer is decided.
// Empty if that holds, or if the text does not compile, else what is broken.
inline std::string CheckPartialEvaluation(const std::string& text, Choices& choices) {
  const std::vector<Variable> variables = TestVariables();
  CompileResult compiled = Compile(text, variables);
  if (!compiled.ok()) return "";
  Activation all;
  Activation some;
  for (const Variable& variable : variables) {
    Value value = MakeValue(variable, choices);
    all.Set(variable.name, value);
    if (choices.Below(2) == 1) some.Set(variable.name, value);
  }
  const EvaluateOptions options{.cost_limit = 20'000};
  absl::StatusOr<Evaluation> full = compiled.program->Evaluate(all, options);
  absl::StatusOr<Evaluation> partial = compiled.program->Evaluate(some, options);
  if (absl::IsResourceExhausted(full.status()) || absl::IsResourceExhausted(partial.status())) return "";
  if (partial.ok() && partial->outcome == Outcome::kMissing) {
    for (const std::string& name : partial->missing) {
      if (some.Find(name) != nullptr) return text + ": given, yet missing: " + name;
      some.Set(name, *all.Find(name));
    }
    std::string before = Describe(partial);
    partial = compiled.program->Evaluate(some, options);
    if (absl::IsResourceExhausted(partial.status())) return "";
    if (partial.ok() && partial->outcome == Outcome::kMissing) {
      return text + ": " + before + ", then still " + Describe(partial);
    }
  }
  if (full.ok() != partial.ok() || Describe(full) != Describe(partial)) {
    return text + ": with some " + Describe(partial) + ", with all " + Describe(full);
  }
  return "";
}

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_RANDOM_EXPRESSION_H_
