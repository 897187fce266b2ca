// What Mandate adds to cel-spec or decides for itself; the rest is in the conformance tests.
#include "gtest/gtest.h"
#include "schema/cel/cel_testing.h"

namespace mandate::cel {
namespace {

struct EvaluateCase {
  std::string_view text;
  std::string_view answer;
};

void ExpectAnswers(std::initializer_list<EvaluateCase> cases, const Values& given = {}) {
  for (const EvaluateCase& c : cases) EXPECT_EQ(Answer(c.text, given), c.answer) << c.text;
}

Values Address(std::string_view text) { return {{"ip", Value::Ip(*ParseIpAddress(text))}}; }

TEST(CelEvaluate, MatchesAddressesWithRanges) {
  ExpectAnswers({{"ip.in_cidr('10.0.0.0/8')", "true"},
                 {"ip.in_cidr('10.1.1.1/32')", "true"},
                 {"ip.in_cidr('10.1.1.0/31')", "true"},
                 {"ip.in_cidr('10.1.1.2/31')", "false"},
                 {"ip.in_cidr('11.0.0.0/8')", "false"},
                 {"ip.in_cidr('0.0.0.0/0')", "true"},
                 {"ip.in_cidr('::/0')", "false"},
                 {"ip.in_cidr('::ffff:10.0.0.0/104')", "true"},
                 {"ip.in_cidr('10.0.0.' + '0/33')",
                  "error: \"10.0.0.0/33\" is not an address range like `10.0.0.0/8` in "
                  "`ip.in_cidr('10.0.0.' + '0/33')`"}},
                Address("10.1.1.1"));
  ExpectAnswers({{"ip.in_cidr('10.0.0.0/8')", "true"}, {"ip.in_cidr('::ffff:0:0/96')", "true"}},
                Address("::ffff:10.1.1.1"));
  ExpectAnswers({{"ip.in_cidr('2001:db8::/33')", "true"},
                 {"ip.in_cidr('2001:db8:8000::/33')", "false"},
                 {"ip.in_cidr('0.0.0.0/0')", "false"}},
                Address("2001:db8::1"));
}

TEST(CelEvaluate, FindsSubtrees) {
  ExpectAnswers({
      {"{}.isSubtreeOf({'a': 1})", "true"},
      {"{'a': 1}.isSubtreeOf({'a': 1, 'b': 2})", "true"},
      {"{'a': 1}.isSubtreeOf({'a': 2})", "false"},
      {"{'a': 1}.isSubtreeOf({})", "false"},
      {"{'a': {'b': 1}}.isSubtreeOf({'a': {'b': 1, 'c': 2}})", "true"},
      {"{'a': {'b': 1}}.isSubtreeOf({'a': 1})", "false"},
      {"{'a': [1]}.isSubtreeOf({'a': [1, 2]})", "false"},
      {"{'a': dyn(1)}.isSubtreeOf({'a': dyn(1.0)})", "true"},
  });
}

TEST(CelEvaluate, SaysWhatFailedAndWhere) {
  MapValue m;
  m.Insert(Value::String("k"), Value::Int(1));
  ExpectAnswers(
      {
          {"i / 0 == 1", "error: division by zero in `i / 0`"},
          {"i % 0 == 1", "error: modulus by zero in `i % 0`"},
          {"i + 9223372036854775807 == 1", "error: int overflow in `i + 9223372036854775807`"},
          {"0u - 1u == 1u", "error: uint overflow in `0u - 1u`"},
          {"m['z'] == 1", "error: no such key \"z\" in `m['z']`"},
          {"m.z == 1", "error: no such key \"z\" in `m.z`"},
          {"[1][5]", "error: index 5 is out of range of a list of 1 in `[1][5]`"},
          {"int('x')", "error: cannot convert \"x\" to int in `int('x')`"},
          {"dyn(1) + dyn('a')", "error: no such overload: `+` of (int, string) in `dyn(1) + dyn('a')`"},
          {"dyn('a') && true", "error: no such overload: string is not a bool in `dyn('a')`"},
          {"{'a': 1, 'a': 2}", "error: repeated key \"a\" in `{'a': 1, 'a': 2}`"},
          {"0.0 / 0.0 < 1.0", "error: NaN values cannot be ordered in `0.0 / 0.0 < 1.0`"},
          {"t.getHours(s)", "error: unknown time zone \"nowhere\" in `t.getHours(s)`"},
          {"s.matches(s + '(')",
           "error: `nowhere(` is not a regular expression: missing ): nowhere( in `s.matches(s + "
           "'(')`"},
      },
      {{"i", Value::Int(1)},
       {"s", Value::String("nowhere")},
       {"t", Value::Timestamp(absl::UnixEpoch())},
       {"m", Value::Map(std::move(m))}});
}

TEST(CelEvaluate, SkipsBlanksAndCommentsOfBothKinds) {
  ExpectAnswers({
      {" [ 1 , 2 ] [ 0 ]\t==\r\n1\f", "true"},
      {"1 // one\n + /* two */ 2 // three", "3"},
      {"'// no comment' + '/* nor this */'", "\"// no comment/* nor this */\""},
  });
}

TEST(CelEvaluate, BindsOperatorsAsCelDoes) {
  ExpectAnswers({
      {"1 + 2 * 3 - 4 / 2", "5"},
      {"-2 - -3", "1"},
      {"!true || true && false", "false"},
      {"1 < 2 == true", "true"},
      {"true ? 1 : false ? 2 : 3", "1"},
      {"2 in [1, 2] && !(3 in [1])", "true"},
      {"7 - 2 - 1", "4"},
      {"-1.size", "refused: a value of type `int` has no fields"},
  });
}

TEST(CelEvaluate, FallsBackWithoutEvaluatingMore) {
  ExpectAnswers({
      {"optional.of(1).orValue(1 / 0)", "1"},
      {"optional.none().orValue(1 / 0)", "error: division by zero in `1 / 0`"},
      {"optional.of(1).or(optional.of(1 / 0)).value()", "1"},
      {"optional.none().value()", "error: optional.none() has no value in `optional.none().value()`"},
  });
}

TEST(CelEvaluate, ReadsTimesInZones) {
  const Values given = {{"t", Value::Timestamp(absl::FromUnixSeconds(1'767'265'200))}};  // 2026-01-01T11:00:00Z
  ExpectAnswers(
      {
          {"t.getHours()", "11"},
          {"t.getHours('+05:30') * 100 + t.getMinutes('+05:30')", "1630"},
          {"t.getHours('America/New_York')", "6"},
          {"t.getDayOfWeek()", "4"},
          {"t + duration('1h30m') == timestamp('2026-01-01T12:30:00Z')", "true"},
          {"string(t + duration('1500ms'))", "\"2026-01-01T11:00:01.5Z\""},
          {"string(duration('-1h0.25s'))", "\"-3600.25s\""},
          {"duration('1.234s').getMilliseconds()", "234"},
          {"timestamp('2026-02-29T00:00:00Z')",
           "error: cannot convert \"2026-02-29T00:00:00Z\" to timestamp in "
           "`timestamp('2026-02-29T00:00:00Z')`"},
          {"duration('1x')", "error: cannot convert \"1x\" to duration in `duration('1x')`"},
          {"duration('106751d')", "error: cannot convert \"106751d\" to duration in `duration('106751d')`"},
      },
      given);
}

TEST(CelEvaluate, ReadsDoublesThatExistAlone) {
  ExpectAnswers({
      {"double('1e308')", "1e+308"},
      {"double('1e-999')", "0"},
      {"double('-Inf') < double('-1e308')", "true"},
      {"double('+infinity') > 5.0", "true"},
      {"double('1e999') > 5.0", "error: cannot convert \"1e999\" to double in `double('1e999')`"},
      {"double('-1e999') < 5.0", "error: cannot convert \"-1e999\" to double in `double('-1e999')`"},
      {"double('nan(1)') != 5.0", "error: cannot convert \"nan(1)\" to double in `double('nan(1)')`"},
  });
}

TEST(CelEvaluate, LetsDynamicResultsBeBoolsOnly) {
  CompileResult compiled = Compile("d", {{{"d", Type()}}});
  ASSERT_TRUE(compiled.ok());
  Activation activation;
  activation.Set("d", Value::Bool(true));
  EXPECT_EQ(compiled.program->Evaluate(activation)->outcome, Outcome::kTrue);
  activation.Set("d", Value::Int(1));
  EXPECT_EQ(compiled.program->Evaluate(activation).status().message(), "the expression must be bool, not int");
}

TEST(CelEvaluate, LooksNamesUpFromTheInsideOut) {
  const std::vector<Variable> variables = {{"x", Type(TypeKind::kInt)}, {"acme.x", Type(TypeKind::kInt)}};
  Activation activation;
  activation.Set("x", Value::Int(1));
  activation.Set("acme.x", Value::Int(2));
  auto evaluate = [&](std::string_view text, std::string container) {
    CompileResult compiled = Compile(text, variables, {.result = Result::kAny, .container = std::move(container)});
    return Describe(compiled.program->Evaluate(activation));
  };
  EXPECT_EQ(evaluate("x", ""), "1");
  EXPECT_EQ(evaluate("x", "acme.policy"), "2");
  EXPECT_EQ(evaluate(".x", "acme.policy"), "1");
  EXPECT_EQ(evaluate("acme.x", ""), "2");
  EXPECT_EQ(evaluate("[5].map(x, x)", "acme"), "[5]");
  EXPECT_EQ(evaluate("[5].map(x, .x)", "acme"), "[1]");
}

}  // namespace
}  // namespace mandate::cel
