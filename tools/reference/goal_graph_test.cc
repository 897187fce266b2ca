#include "tools/reference/goal_graph.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mandate {
namespace {

using Rule = GoalGraph::Rule;

const OpenCondition kHour{{"hour"}, ""};
const OpenCondition kDay{{"day"}, ""};
const OpenCondition kBroken{{}, "CAVEAT_EVALUATION_ERROR"};

Verdict Needs(std::set<std::string> names) { return {Truth::kConditional, std::move(names), {}}; }
Verdict Unknown(std::set<std::string> errors) { return {Truth::kUnknown, {}, std::move(errors)}; }
const Verdict kYes{Truth::kYes, {}, {}};
const Verdict kNo{Truth::kNo, {}, {}};

TEST(GoalGraph, AUnionNeedsOneSureStepAndElseNamesWhatIsOpen) {
  GoalGraph graph;
  const auto sure = graph.Add(Rule::kAny), open = graph.Add(Rule::kAny), none = graph.Add(Rule::kAny);
  graph.AddStep(sure, GoalGraph::kAlways, &kHour);
  graph.AddStep(sure, GoalGraph::kAlways);
  graph.AddStep(open, GoalGraph::kAlways, &kHour);
  graph.AddStep(open, GoalGraph::kAlways, &kDay);
  graph.AddStep(open, GoalGraph::kNever, &kBroken);
  graph.AddStep(none, GoalGraph::kNever);
  graph.Solve();
  EXPECT_EQ(graph.Of(sure), kYes);
  EXPECT_EQ(graph.Of(open), Needs({"day", "hour"})) << "what leads nowhere is not asked for";
  EXPECT_EQ(graph.Of(none), kNo);
}

TEST(GoalGraph, AllNeedsEveryStepThatCountsAndOneOfThem) {
  GoalGraph graph;
  const auto empty = graph.Add(Rule::kAll), sure = graph.Add(Rule::kAll), only_open = graph.Add(Rule::kAll),
             may_drop = graph.Add(Rule::kAll), no = graph.Add(Rule::kAll);
  graph.AddStep(sure, GoalGraph::kAlways);
  graph.AddStep(sure, GoalGraph::kAlways, &kHour);
  graph.AddStep(only_open, GoalGraph::kAlways, &kHour);
  graph.AddStep(may_drop, GoalGraph::kAlways);
  graph.AddStep(may_drop, GoalGraph::kNever, &kHour);
  graph.AddStep(no, GoalGraph::kAlways, &kHour);
  graph.AddStep(no, GoalGraph::kNever);
  graph.Solve();
  EXPECT_EQ(graph.Of(empty), kNo);
  EXPECT_EQ(graph.Of(sure), kYes);
  EXPECT_EQ(graph.Of(only_open), Needs({"hour"}));
  EXPECT_EQ(graph.Of(may_drop), Needs({"hour"}));
  EXPECT_EQ(graph.Of(no), kNo);
}

TEST(GoalGraph, ARingWithoutAnythingInItHoldsNothing) {
  GoalGraph graph;
  const auto a = graph.Add(Rule::kAny), b = graph.Add(Rule::kAny);
  graph.AddStep(a, b);
  graph.AddStep(b, a);
  graph.Solve();
  EXPECT_EQ(graph.Of(a), kNo);
}

TEST(GoalGraph, ACircleThroughADifferenceHasNoAnswerUnlessItIsDecidedElsewhere) {
  GoalGraph graph;
  const auto odd = graph.Add(Rule::kWithout), above = graph.Add(Rule::kAny), decided = graph.Add(Rule::kAny),
             denied = graph.Add(Rule::kWithout);
  graph.AddStep(odd, GoalGraph::kAlways);
  graph.AddStep(odd, odd);
  graph.AddStep(above, odd);
  graph.AddStep(above, GoalGraph::kAlways, &kHour);
  graph.AddStep(decided, odd);
  graph.AddStep(decided, GoalGraph::kAlways);
  graph.AddStep(denied, odd);
  graph.AddStep(denied, GoalGraph::kAlways);
  graph.Solve();
  const Verdict circle = Unknown({std::string(kCycleThroughExclusion)});
  EXPECT_EQ(graph.Of(odd), circle);
  EXPECT_EQ(graph.Of(above), circle) << "a condition beside it does not give an answer";
  EXPECT_EQ(graph.Of(decided), kYes);
  EXPECT_EQ(graph.Of(denied), kNo);
}

TEST(GoalGraph, WhatIsTakenAwayOnAConditionIsConditionalAndWhatIsBrokenIsNotKnown) {
  GoalGraph graph;
  const auto maybe = graph.Add(Rule::kAny), broken = graph.Add(Rule::kAny), less = graph.Add(Rule::kWithout),
             unknown = graph.Add(Rule::kWithout);
  graph.AddStep(maybe, GoalGraph::kAlways, &kHour);
  graph.AddStep(broken, GoalGraph::kAlways, &kBroken);
  graph.AddStep(less, GoalGraph::kAlways);
  graph.AddStep(less, maybe);
  graph.AddStep(unknown, maybe);
  graph.AddStep(unknown, broken);
  graph.Solve();
  EXPECT_EQ(graph.Of(less), Needs({"hour"}));
  EXPECT_EQ(graph.Of(unknown), Unknown({"CAVEAT_EVALUATION_ERROR"}));
}

TEST(Verdicts, ANoDecidesAConjunctionAndAYesAUnionOverAnythingElse) {
  const Verdict broken = Unknown({"X"});
  EXPECT_EQ(AllOf({kYes, broken, kNo}), kNo);
  EXPECT_EQ(AllOf({kYes, broken, Needs({"a"})}), broken);
  EXPECT_EQ(AllOf({kYes, Needs({"b"}), Needs({"a"})}), Needs({"a", "b"}));
  EXPECT_EQ(AnyOf({kNo, broken, kYes}), kYes);
  EXPECT_EQ(AnyOf({kNo, Needs({"a"}), broken}), broken);
  EXPECT_EQ(AnyOf({}), kNo);
  EXPECT_EQ(AllOf({}), kYes);
}

}  // namespace
}  // namespace mandate
