// What an expression answers when parameters are missing. cel-spec has no tests for it; these are
// ours.
#include "gtest/gtest.h"
#include "schema/cel/cel_testing.h"

namespace mandate::cel {
namespace {

struct PartialCase {
  std::string_view text;
  std::string_view answer;
};

// Given in every case below: a = true, i = 2, s = "k", l = [1, 2], m = {"k": 1}. Missing: b, j, u,
// d, t, ip, n.
void ExpectPartial(std::initializer_list<PartialCase> cases) {
  MapValue m;
  m.Insert(Value::String("k"), Value::Int(1));
  const Values given = {{"a", Value::Bool(true)},
                        {"i", Value::Int(2)},
                        {"s", Value::String("k")},
                        {"l", Value::List({Value::Int(1), Value::Int(2)})},
                        {"m", Value::Map(std::move(m))}};
  for (const PartialCase& c : cases) EXPECT_EQ(Answer(c.text, given), c.answer) << c.text;
}

TEST(CelPartial, KnownParametersDecide) {
  ExpectPartial({{"a", "true"}, {"i == 2", "true"}, {"b", "missing b"}, {"j", "missing j"}});
}

TEST(CelPartial, OneSideOfAndOrOrCanDecideAlone) {
  ExpectPartial({
      {"false && b", "false"},
      {"b && false", "false"},
      {"!a && b", "false"},
      {"b && !a", "false"},
      {"a || b", "true"},
      {"b || a", "true"},
      {"a && b", "missing b"},
      {"b || !a", "missing b"},
      {"b && j > 0 && false && d == 1", "false"},
      {"b || j > 0 || true", "true"},
      {"!(b && false)", "true"},
  });
}

TEST(CelPartial, AllParametersThatMatterAreNamedSorted) {
  ExpectPartial({
      {"j == 1 && b", "missing b, j"},
      {"j == u && b || d == 1", "missing b, d, j, u"},
      {"j == j", "missing j"},
      {"(b && false) || j == 1", "missing j"},
      {"j + int(u) + i == 3", "missing j, u"},
      {"[j, i].size() == 2 && b", "missing b, j"},
  });
}

TEST(CelPartial, UnknownGoesBeforeErrorUnlessTheErrorIsDecided) {
  ExpectPartial({
      {"1 / 0 == j", "missing j"},
      {"j == 1 / 0", "missing j"},
      {"b || 1 / 0 == 1", "missing b"},
      {"1 / 0 == 1 && b", "missing b"},
      {"1 / 0 == 1 && b && false", "false"},
      {"1 / 0 == 1 || b || true", "true"},
      {"1 / 0 == 1 ? b : b", "error: division by zero in `1 / 0`"},
      {"[1 / 0, j].size() == 2", "missing j"},
      {"{'k': 1 / 0, 'j': j}.size() == 2", "missing j"},
  });
}

TEST(CelPartial, AnUnknownConditionNeedsBothBranches) {
  ExpectPartial({
      {"b ? 1 : 2", "missing b"},
      {"b ? j : int(u)", "missing b, j, u"},
      {"a ? j : int(u)", "missing j"},
      {"!a ? j : int(u)", "missing u"},
      {"a ? 1 : j", "1"},
      {"(b ? true : true) || a", "true"},
      {"b ? 1 / 0 : j", "missing b, j"},
  });
}

TEST(CelPartial, FieldsOfAnUnknownAreUnknown) {
  ExpectPartial({
      {"n.k == 1", "missing n"},
      {"has(n.k)", "missing n"},
      {"has(n.k) && n.k == 1", "missing n"},
      {"n['k'] == 1", "missing n"},
      {"m[d] == 1", "missing d"},
      {"l[j]", "missing j"},
      {"'k' in n", "missing n"},
      {"j in l", "missing j"},
      {"size(n) == 0", "missing n"},
      {"has(m.k)", "true"},
      {"d.a.b.c", "missing d"},
  });
}

TEST(CelPartial, ElementsOfListsAndMapsMakeThemUnknown) {
  ExpectPartial({
      {"[1, j]", "missing j"},
      {"1 in [1, j]", "missing j"},
      {"{'k': j}", "missing j"},
      {"{'k': j}.k == 1 || a", "true"},
      {"{string(j): 1}.size()", "missing j"},
      {"[1, 2].all(x, x > 0) || [j] == [1]", "true"},
  });
}

TEST(CelPartial, MacrosOverUnknownRangesAlsoNameWhatTheirBodiesNeed) {
  ExpectPartial({
      {"n.all(k, k == 'x')", "missing n"},
      {"n.exists(k, k == 'x' && b)", "missing b, n"},
      {"n.exists(k, k == 'x' || true)", "missing n"},
      {"n.exists(k, true || b)", "missing n"},
      {"n.filter(k, b).size() == j", "missing b, j, n"},
      {"n.map(k, b, j).size() == 0", "missing b, j, n"},
      {"n.transformMap(k, v, v == j).size() == 0", "missing j, n"},
      {"n.exists_one(k, l.exists(x, x == j))", "missing j, n"},
      {"n.all(k, n[k].all(y, y == j))", "missing j, n"},
      {"n.all(k, false)", "missing n"},
      {"n.all(k, b) || a", "true"},
      {"n.all(k, b) && !a", "false"},
  });
}

TEST(CelPartial, MacrosOverKnownRangesAreDecidedByAnyElementThatDecides) {
  ExpectPartial({
      {"l.all(x, x > 1 && b)", "false"},
      {"l.all(x, b)", "missing b"},
      {"l.all(x, x < 9 || b)", "true"},
      {"l.exists(x, x == 2 || b)", "true"},
      {"l.exists(x, x == 9 && b)", "false"},
      {"l.exists(x, x == j)", "missing j"},
      {"l.exists(x, x == 1 ? b : x == int(u))", "missing b, u"},
      {"[].all(x, b)", "true"},
      {"[].exists(x, b)", "false"},
      {"m.all(k, m[k] == 1)", "true"},
  });
}

TEST(CelPartial, OtherMacrosNeedEveryElement) {
  ExpectPartial({
      {"l.exists_one(x, x == j)", "missing j"},
      {"l.exists_one(x, x == 1 || x == j)", "missing j"},
      {"l.filter(x, x == j)", "missing j"},
      {"l.filter(x, x == 1 ? b : u == 1)", "missing b, u"},
      {"l.map(x, x + j)", "missing j"},
      {"l.map(x, b, j)", "missing b, j"},
      {"l.map(x, x == 9, j)", "[]"},
      {"l.transformMap(p, x, x + j)", "missing j"},
      {"[].map(x, x + j)", "[]"},
  });
}

TEST(CelPartial, OptionalsAreUnknownAsTheirSourceIs) {
  ExpectPartial({
      {"n.?k.hasValue()", "missing n"},
      {"n[?'k'].orValue(1) == j", "missing j, n"},
      {"m.?k.orValue(j)", "1"},
      {"m.?z.orValue(j)", "missing j"},
      {"m.?z.or(m.?k).orValue(j)", "1"},
      {"optional.of(j).hasValue()", "missing j"},
      {"optional.of(i).optMap(x, x + j)", "missing j"},
      {"optional.none().optMap(x, x + j)", "optional.none()"},
      {"n.?k.optMap(x, x == j)", "missing j, n"},
      {"[?m.?k, ?m.?z]", "[1]"},
      {"[?n.?k]", "missing n"},
  });
}

TEST(CelPartial, ABoundValueMattersOnlyWhereItIsUsed) {
  ExpectPartial({
      {"cel.bind(x, j, true)", "true"},
      {"cel.bind(x, j, x == 1 || a)", "true"},
      {"cel.bind(x, j, x == 1)", "missing j"},
      {"cel.bind(x, 1 / 0, a)", "true"},
  });
}

TEST(CelPartial, FunctionsOfUnknownsAreUnknown) {
  ExpectPartial({
      {"ip.in_cidr('10.0.0.0/8')", "missing ip"},
      {"ip.in_cidr('10.0.0.0/8') && !a", "false"},
      {"t < timestamp('2026-01-01T00:00:00Z')", "missing t"},
      {"t.getHours('UTC') == j", "missing j, t"},
      {"s.matches(string(j))", "missing j"},
      {"m.isSubtreeOf(n)", "missing n"},
      {"type(j) == int", "missing j"},
      {"!b", "missing b"},
      {"-j", "missing j"},
  });
}

}  // namespace
}  // namespace mandate::cel
