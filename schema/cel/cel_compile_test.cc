// What the compiler refuses, the text it underlines, and what it says.
#include "gtest/gtest.h"
#include "schema/cel/cel_testing.h"

namespace mandate::cel {
namespace {

struct Case {
  std::string_view text;
  std::string_view underlined;
  std::string_view message;
};

void ExpectRefusals(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    CompileResult result = Compile(c.text, AnswerVariables());
    ASSERT_FALSE(result.diagnostics.empty()) << c.text;
    const Diagnostic& first = result.diagnostics[0];
    EXPECT_EQ(c.text.substr(first.offset, first.length), c.underlined) << c.text;
    EXPECT_EQ(first.message, c.message) << c.text;
    EXPECT_FALSE(result.ok());
  }
}

std::string TypeOf(std::string_view text) {
  CompileResult result = Compile(text, AnswerVariables(), {.result = Result::kAny});
  return result.ok() ? result.program->result_type().ToString() : result.diagnostics[0].message;
}

TEST(CelCompile, RefusesWhatIsNotAWord) {
  ExpectRefusals({
      {"a && @", "@", "`@` has no meaning here"},
      {"a & b", "&", "`&` has no meaning here"},
      {"a && \xC3\xA9", "\xC3\xA9", "`\xC3\xA9` has no meaning here"},
      {"s == 'abc", "'abc", "the text is never closed with `'`"},
      {"s == 'a\nb'", "'a", "the text is never closed with `'`"},
      {"s == '''a'", "'''a'", "the text is never closed with `'''`"},
      {"s == 'a\\qb'", "\\q", "`\\q` does not begin an escape of strings; write `\\\\` for a backslash"},
      {"s == '\\ud800'", "\\u", "`\\u` does not begin an escape of strings; write `\\\\` for a backslash"},
      {"a /* b", "/*", "the comment is never closed with `*/`"},
      {"i == 9223372036854775808", "9223372036854775808", "`9223372036854775808` does not fit an int of 64 bits"},
      {"i == 99999999999999999999", "99999999999999999999", "`99999999999999999999` does not fit an int of 64 bits"},
      {"u == 18446744073709551616u", "18446744073709551616u", "`18446744073709551616u` does not fit a uint of 64 bits"},
      {"i == 12abc", "12abc", "`12abc` is not a number"},
      {"d == 1e999", "1e999", "`1e999` does not fit a double"},
      {"n.`a", "`a", "a quoted field takes letters, digits, and `_.-/` or blanks, up to a closing backtick"},
  });
}

TEST(CelCompile, RefusesWhatDoesNotParse) {
  ExpectRefusals({
      {"", "", "the expression ends where a value is expected"},
      {"a &&", "", "the expression ends where a value is expected"},
      {"(a", "", "the expression ends where `)` is expected"},
      {"a b", "b", "expected an operator or the end instead of `b`"},
      {"i == 1 )", ")", "expected an operator or the end instead of `)`"},
      {"[1, 2", "", "the expression ends where `,` is expected"},
      {"{'a': }", "}", "expected a value instead of `}`"},
      {"size(l,)", ")", "expected an argument instead of `)`"},
      {"m.1", ".1", "expected an operator or the end instead of `.1`"},
      {"a ? b", "", "the expression ends where `:` is expected"},
      {"for", "for", "`for` is a reserved word"},
      {"if(a)", "if", "`if` is a reserved word"},
      {"Foo{x: 1}", "Foo", "messages cannot be made here; a map is written `{\"key\": value}`"},
      {"has(a)", "a", "`has` needs a field, as in `has(parameter.field)`"},
      {"l.all(1, true)", "1", "`all` needs a variable's name here"},
      {"l.all(x, x, true)", "x", "`x` names both variables of `all`"},
  });
}

TEST(CelCompile, RefusesNamesThatMeanNothing) {
  ExpectRefusals({
      {"zebra == 1", "zebra", "`zebra` is not declared"},
      {"a && zebra.stripes > 2", "zebra", "`zebra` is not declared"},
      {"l.exists(x, x > 0) && x > 0", "x", "`x` is not declared"},
      {"now() > t", "now", "there is no function `now`"},
      {"s.lowerAscii() == s", "lowerAscii", "there is no function `lowerAscii`"},
      {"contains(s, 'a')", "contains", "`contains` is called as `value.contains(...)`"},
      {"l.int() == 1", "int", "`int` is called as `int(...)`"},
      {"s.contains()", "contains", "`contains` does not take 0 arguments"},
  });
  CompileResult result = Compile("x", {{{"a", Type()}, {"b", Type()}}});
  EXPECT_EQ(result.diagnostics[0].message, "`x` is not declared; the parameters are `a`, `b`");
}

TEST(CelCompile, RefusesTypesThatDoNotFit) {
  ExpectRefusals({
      {"i", "i", "the expression must be `bool`, not `int`"},
      {"i + s == 1", "i + s", "`+` is not defined for `int` and `string`"},
      {"a && i < 1.5", "i < 1.5",
       "`<` is not defined for `int` and `double`; convert one of them, as in `double(...)`"},
      {"u + 1 == 2u", "u + 1", "`+` is not defined for `uint` and `int`; convert one of them, as in `int(...)`"},
      {"s == 1", "s == 1", "`==` is not defined for `string` and `int`"},
      {"!i", "!i", "`!` is not defined for `int`"},
      {"a && i", "i", "an operand here must be `bool`, not `int`"},
      {"i ? a : b", "i", "the condition must be `bool`, not `int`"},
      {"(a ? i : s) == 1", "(a ? i : s)",
       "both sides of `:` need one type, not `int` and `string`; `dyn(...)` lifts that"},
      {"s.startsWith(i)", "startsWith", "there is no `startsWith` of `string` with arguments (`int`)"},
      {"size(i) == 1", "size", "there is no `size` with arguments (`int`)"},
      {"i.all(x, true)", "i", "`all` needs a list or a map, not `int`"},
      {"l.all(x, x)", "x", "the condition must be `bool`, not `int`"},
      {"s.size.foo", "size", "a value of type `string` has no fields"},
      {"l['a'] == 1", "l['a']", "`[]` is not defined for `list<int>` and `string`"},
      {"m[1] == 1", "m[1]", "`[]` is not defined for `map<int>` and `int`"},
      {"{1: 2}.k == 1", "k", "the keys of `map<int, int>` are not strings; write `[key]`"},
      {"{1.5: 2}[1] == 1", "1.5", "a key is a bool, int, uint or string, not `double`"},
      {"[?i] == l", "i", "after `?` an optional is needed, not `int`"},
      {"i.optMap(x, x) == i", "i", "`optMap` needs an optional, not `int`"},
      {"s in m && i in m", "i in m", "`in` is not defined for `int` and `map<int>`"},
      {"ip == '10.0.0.1'", "ip == '10.0.0.1'", "`==` is not defined for `ipaddress` and `string`"},
  });
}

TEST(CelCompile, RefusesLiteralsThatMeanNothing) {
  ExpectRefusals({
      {"s.matches('a(')", "'a('", "`a(` is not a regular expression: missing ): a("},
      {"matches(s, '[z-a]')", "'[z-a]'", "`[z-a]` is not a regular expression: invalid character class range: z-a"},
      {"ip.in_cidr('10.0.0.0/33')", "'10.0.0.0/33'", "`10.0.0.0/33` is not an address range like `10.0.0.0/8`"},
      {"t.getHours('Mars/Base') > 8", "'Mars/Base'", "`Mars/Base` is not a time zone this machine knows"},
      {"t.getHours('../../etc/passwd') > 8", "'../../etc/passwd'",
       "`../../etc/passwd` is not a time zone this machine knows"},
  });
}

TEST(CelCompile, ReportsEveryWrongPartOnceInOrder) {
  CompileResult result = Compile("zebra > 1 && (s + 1).size() == 2 && lion", AnswerVariables());
  ASSERT_EQ(result.diagnostics.size(), 3u);
  EXPECT_EQ(result.diagnostics[0].message, "`zebra` is not declared");
  EXPECT_EQ(result.diagnostics[1].message, "`+` is not defined for `string` and `int`");
  EXPECT_EQ(result.diagnostics[2].message, "`lion` is not declared");
}

TEST(CelCompile, InfersTypes) {
  EXPECT_EQ(TypeOf("[1, 2]"), "list<int>");
  EXPECT_EQ(TypeOf("[1, 'a']"), "list<any>");
  EXPECT_EQ(TypeOf("[]"), "list<any>");
  EXPECT_EQ(TypeOf("[[], [1]]"), "list<list<int>>");
  EXPECT_EQ(TypeOf("{'a': [1u]}"), "map<list<uint>>");
  EXPECT_EQ(TypeOf("{true: 1}"), "map<bool, int>");
  EXPECT_EQ(TypeOf("m.?k"), "optional<int>");
  EXPECT_EQ(TypeOf("n.k"), "any");
  EXPECT_EQ(TypeOf("t - t"), "duration");
  EXPECT_EQ(TypeOf("l.map(x, string(x))"), "list<string>");
  EXPECT_EQ(TypeOf("m.transformMap(k, v, [k])"), "map<list<string>>");
  EXPECT_EQ(TypeOf("optional.none().or(optional.of(1)).value()"), "int");
}

TEST(CelCompile, InferenceEndsWhereVariablesMeetInACircle) {
  EXPECT_EQ(TypeOf("optional.none().optMap(x, [?optional.of(1), x] + [x])"), "optional<list<int>>");
}

TEST(CelCompile, ComparesUintWithIntSinceCaveatsOfSpiceDbDo) {
  for (std::string_view text : {"u > 1", "1 <= u", "u == 1", "u != 1", "u in [1, 2]", "u > 1u"}) {
    EXPECT_TRUE(Compile(text, AnswerVariables()).ok()) << text;
  }
}

TEST(CelCompile, ListsVariablesThatAreNeverNamed) {
  const std::vector<Variable> variables = {{"x", Type()}, {"y", Type()}, {"z", Type()}};
  EXPECT_EQ(Compile("y == 1", variables).unused, (std::vector<std::string>{"x", "z"}));
  EXPECT_EQ(Compile("[1].all(x, x == y) && z", variables).unused, (std::vector<std::string>{"x"}));
  EXPECT_EQ(Compile("[1].all(x, .x == y) && has(z.q)", variables).unused, std::vector<std::string>());
}

TEST(CelCompile, ValidatesNamesOfVariables) {
  EXPECT_TRUE(ValidateVariableName("user_1").ok());
  EXPECT_TRUE(ValidateVariableName("type").ok());
  for (std::string_view name : {"", "1a", "a-b", "\xC3\xA9", "in", "true", "for", "a..b"}) {
    EXPECT_FALSE(ValidateVariableName(name).ok()) << name;
  }
}

TEST(CelCompile, ParsesParameterTypes) {
  for (std::string_view text : {"any", "int", "list<string>", "map<list<ipaddress>>", "list< map <any> >"}) {
    EXPECT_TRUE(ParseType(text).ok()) << text;
  }
  EXPECT_EQ(ParseType("list<map<uint>>")->ToString(), "list<map<uint>>");
  EXPECT_EQ(ParseType("number").status().message(),
            "`number` is not a parameter type; use any, bool, int, uint, double, string, bytes, "
            "duration, timestamp, "
            "ipaddress, list<T> or map<T>");
  EXPECT_EQ(ParseType("list").status().message(), "`list` needs the type of its elements, as in `list<string>`");
  EXPECT_EQ(ParseType("map<string, int>").status().message(), "`map` takes exactly one type, as in `map<string>`");
  EXPECT_EQ(ParseType("int<string>").status().message(), "`<string>` does not belong to the type `int`");
}

}  // namespace
}  // namespace mandate::cel
