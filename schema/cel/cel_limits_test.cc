// Nothing that a schema or a request contains can exhaust the stack, or the time of a check.
#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "schema/cel/cel_testing.h"
#include "schema/cel/token.h"

namespace mandate::cel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

const char kTooDeep[] = "refused: the expression is nested more than 250 deep";

TEST(CelLimits, RefusesDeepNestingOfEveryKind) {
  constexpr int kDeep = 20'000;
  EXPECT_EQ(Answer(Repeat("(", kDeep) + "1" + Repeat(")", kDeep)), kTooDeep);
  EXPECT_EQ(Answer(Repeat("[", kDeep)), kTooDeep);
  EXPECT_EQ(Answer(Repeat("{1:", kDeep)), kTooDeep);
  EXPECT_EQ(Answer(Repeat("!", kDeep) + "true"), kTooDeep);
  EXPECT_EQ(Answer(Repeat("-", kDeep) + "i"), kTooDeep);
  EXPECT_EQ(Answer(Repeat("size(", kDeep)), kTooDeep);
  EXPECT_EQ(Answer(Repeat("l[", kDeep)), kTooDeep);
  EXPECT_EQ(Answer("true" + Repeat(" ? 1 : false", kDeep / 4)), kTooDeep);
  EXPECT_EQ(Answer("1" + Repeat(" + 1", kDeep)), kTooDeep);
  EXPECT_EQ(Answer("d" + Repeat(".a", kDeep)), kTooDeep);
  EXPECT_EQ(Answer("d" + Repeat("[0]", kDeep)), kTooDeep);
  EXPECT_EQ(Answer("s" + Repeat(".f()", kDeep)), kTooDeep);
}

TEST(CelLimits, AllowsOrdinaryNesting) {
  EXPECT_EQ(Answer(Repeat("(", 200) + "1" + Repeat(")", 200)), "1");
  EXPECT_EQ(Answer("1" + Repeat(" + 1", 200)), "201");
  EXPECT_EQ(Answer("size(" + Repeat("[", 200) + Repeat("]", 200) + ")"), "1");
}

TEST(CelLimits, AllowsLongChainsOfAndAndOr) {
  EXPECT_EQ(Answer("false" + Repeat(" || false", 10'000) + " || true"), "true");
  EXPECT_EQ(Answer("true" + Repeat(" && true", 10'000) + " && false"), "false");
}

TEST(CelLimits, RefusesLongSourcesAndInvalidUtf8) {
  EXPECT_EQ(Answer(std::string(kSourceSizeMax + 1, ' ')), "refused: an expression has at most 100000 bytes");
  EXPECT_EQ(Answer("'\xFF'"), "refused: the expression is not valid UTF-8");
  EXPECT_EQ(Answer("'\xED\xA0\x80'"), "refused: the expression is not valid UTF-8");
}

TEST(CelLimits, StopsAtTheCostLimit) {
  const std::string stopped = "error: the expression needs more than 1000 steps";
  Values given = {{"l", Value::List(ValueList(100, Value::Int(1)))}, {"s", Value::String(std::string(100'000, 'a'))}};
  EXPECT_EQ(Answer("l.all(x, x == 1)", given, 1000), "true");
  EXPECT_EQ(Answer("l.all(x, l.all(y, y == x))", given, 1000), stopped);
  EXPECT_EQ(Answer("l.map(x, l).size() > 0 || l.exists_one(x, l.exists_one(y, true))", given, 1000), "true");
  EXPECT_EQ(Answer("l.map(x, l.filter(y, true)).size()", given, 1000), stopped);
  EXPECT_EQ(Answer("s.contains('b')", given, 1000), stopped);
  EXPECT_EQ(Answer("s.matches('b')", given, 1000), stopped);
  EXPECT_EQ(Answer("s == s + 'b'", given, 1000), stopped);
  EXPECT_EQ(Answer("s.size()", given, 1000), stopped);
  EXPECT_EQ(Answer("(l + l + l + l + l + l).size()", given, 1000), stopped);
}

TEST(CelLimits, AnExceededLimitIsNotAbsorbed) {
  Values given = {{"s", Value::String(std::string(100'000, 'a'))}};
  EXPECT_EQ(Answer("s.size() == 1 || true", given, 1000), "error: the expression needs more than 1000 steps");
  EXPECT_EQ(Answer("s.size() == 1 && false", given, 1000), "error: the expression needs more than 1000 steps");
}

TEST(CelLimits, PaysForValuesThatShareTheirParts) {
  std::string text = "true";
  std::string x = "[1]";
  std::string y = "[1]";
  // Each bind doubles what the two values unfold to, without a copy: compared, they are 2^40
  // elements.
  std::string open;
  std::string close;
  for (int i = 0; i < 40; ++i) {
    open += "cel.bind(x" + std::to_string(i) + ", [" + x + ", " + x + "], cel.bind(y" + std::to_string(i) + ", [" + y +
            ", " + y + "], ";
    x = "x" + std::to_string(i);
    y = "y" + std::to_string(i);
    close += "))";
  }
  EXPECT_EQ(Answer(open + x + " == " + y + close), "error: the expression needs more than 1000000 steps");
}

TEST(CelLimits, TypesThatDoubleEndInARefusal) {
  // Each m is map<V, V>; that m1 is a key of m0 makes V of m0 a map<V, V> too, and so on.
  constexpr int kMaps = 40;
  std::string text = "true";
  for (int i = 0; i + 1 < kMaps; ++i) {
    const std::string key = "m" + std::to_string(i + 1);
    text = "cel.bind(z, m" + std::to_string(i) + "[" + key + "] == " + key + ", " + text + ")";
  }
  for (int i = kMaps; i > 0; --i) {
    text = "cel.bind(m" + std::to_string(i - 1) + ", [].map(a, {a: a})[0], " + text + ")";
  }
  EXPECT_EQ(Answer(text), "refused: the types of this expression are too complicated");
}

struct Priced {
  std::string text;
  uint64_t at_least;
  uint64_t at_most;
};

TEST(CelLimits, RefusesWhatTheBudgetDoesNotCover) {
  for (const auto& [text, at_least, at_most] : std::initializer_list<Priced>{
           {"a", 100, 110},
           {"d" + Repeat(".a", 200) + " == 1", 40'000, 50'000},  // At each dot the name so far is looked up.
           {"[" + Repeat("l == l, ", 100) + "a] == []", 30'000, 50'000},
           {"a" + Repeat(" || s.matches('\\\\pL+')", 20), 100'000, 500'000},
       }) {
    Cost ample(kCompileCostMax);
    EXPECT_TRUE(Compile(text, AnswerVariables(), {.budget = &ample}).ok()) << text;
    EXPECT_GE(ample.used(), at_least) << text;
    EXPECT_LE(ample.used(), at_most) << text;
    Cost scarce(ample.used() - 1);
    CompileResult result = Compile(text, AnswerVariables(), {.budget = &scarce});
    ASSERT_EQ(result.diagnostics.size(), 1u) << text;
    EXPECT_EQ(result.diagnostics[0].message, "the expression is too large");
    EXPECT_TRUE(scarce.exceeded());
    EXPECT_FALSE(Compile("a", AnswerVariables(), {.budget = &scarce}).ok());
  }
}

TEST(CelLimits, MakesNoPatternsWhereTypesDoNotFit) {
  Cost budget(kCompileCostMax);
  EXPECT_FALSE(Compile("s.matches('\\\\pL{900}') && i", AnswerVariables(), {.budget = &budget}).ok());
  EXPECT_LT(budget.used(), 2000u);
}

TEST(CelLimits, PaysForPatternsMadeAtRunTime) {
  const ValueList thousand(1000, Value::Int(1));
  for (const char* pattern : {"\\pL+", "\\pL{900}", "(?:\\pL{0}){0}", "(?:a{0,1000}){0}"}) {
    // Made once for all turns of the loop, and once for each.
    Values given = {{"l", Value::List(thousand)}, {"s", Value::String(pattern)}};
    EXPECT_THAT(Answer("l.exists(x, '1'.matches(s))", given, 100'000), Not(HasSubstr("steps"))) << pattern;
    EXPECT_EQ(Answer("l.exists(x, '1'.matches(s + 'b') || '1'.matches(s + 'c'))", given),
              "error: the expression needs more than 1000000 steps")
        << pattern;
  }
}

TEST(CelLimits, PaysForLongTextsInKeysAndMessages) {
  const Value text = Value::String(std::string(160'000, 'k'));
  MapValue map;
  map.Insert(text, Value::Int(1));
  Values given = {{"l", Value::List(ValueList(100, Value::Int(1)))},
                  {"s", text},
                  {"m", Value::Map(MapValue())},
                  {"n", Value::Map(map)},
                  {"d", Value::List(ValueList(2000, Value::String("k")))}};
  for (const char* body : {"s in m", "m[s] == x", "m[?s].hasValue()", "!({s: x}.size() == 1)", "n != n",
                           "!n.isSubtreeOf(n)", "n.transformMap(k, v, x).size() == 0"}) {
    EXPECT_EQ(Answer(Cat("l.exists(x, ", body, ")"), given, 1'000'000),
              "error: the expression needs more than 1000000 steps")
        << body;
  }
  EXPECT_EQ(Answer("l.exists(x, n[d] == x)", given, 10'000), "error: the expression needs more than 10000 steps");
  given["s"] = Value::String(std::string(1000, '1'));
  EXPECT_EQ(Answer("l.exists(x, int(s) == x || timestamp(s) == t)", given, 10'000),
            "error: the expression needs more than 10000 steps");
}

TEST(CelLimits, ShowsLongTextsInPart) {
  std::string text = "a";
  for (int i = 0; i < 3000; ++i) text += "\xC3\xA9";
  for (const Value& value : {Value::String(text), Value::Bytes(text), Value::List({Value::String("a" + text)})}) {
    const std::string shown = value.ToString();
    EXPECT_LE(shown.size(), 4100u);
    EXPECT_TRUE(shown.ends_with("...")) << shown;
    EXPECT_TRUE(IsValidUtf8(shown)) << shown;
  }
}

TEST(CelLimits, BoundsPatterns) {
  EXPECT_EQ(Answer("s.matches('((a{100}){100}){100}')").substr(0, 8), "refused:");
  EXPECT_EQ(Answer("false" + Repeat(" || s.matches('a')", 100), {{"s", Value::String("b")}}), "false");
  EXPECT_EQ(Answer("false" + Repeat(" || s.matches('a')", 101)), "refused: an expression has at most 100 patterns");
  Values given = {{"s", Value::String("((a{100}){100}){100}")}};
  EXPECT_EQ(Answer("'a'.matches(s)", given).substr(0, 6), "error:");
  given = {{"s", Value::String(std::string(2000, 'a'))}};
  EXPECT_EQ(Answer("'a'.matches(s)", given),
            "error: a pattern made at run time has at most 1000 bytes in `'a'.matches(s)`");
}

}  // namespace
}  // namespace mandate::cel
