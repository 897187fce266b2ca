// The engine against the reference, on random worlds.
#include <iostream>
#include <map>
#include <set>

#include "check/explanation.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "test/campaign.h"
#include "test/expanded_set.h"
#include "test/played_world.h"
#include "test/proof_checker.h"

namespace mandate {
namespace {

// How often each answer was given: what a campaign never reaches, it has not tested.
using Tally = std::map<std::string, size_t>;

void Print(std::string_view name, const Tally& tally) {
  std::cerr << name << ":";
  for (const auto& [answer, count] : tally) std::cerr << " " << answer << " " << count << ";";
  std::cerr << "\n";
}

using PlayedProperty = std::function<std::optional<Disagreement>(PlayedWorld&, Questions)>;

void RunPlayed(size_t worlds, const PlayedProperty& property) {
  RunCampaign(worlds, &MakeRandomWorld, [&](const RandomWorld& world, Questions questions) {
    PlayedWorld played(world);
    return property(played, questions);
  });
}

std::optional<Disagreement> Compare(PlayedWorld& world, size_t write, Questions questions,
                                    Tally& tally) {
  for (size_t i = 0; i < questions.size(); ++i) {
    const std::string expected = ToText(world.ReferenceAt(write).Check(questions[i]));
    const std::string actual = AnswerText(world.Ask(write, questions[i]));
    ++tally[expected.substr(0, expected.find(" at "))];
    if (actual != expected) {
      return Disagreement{
          i, Cat(ToText(questions[i]), "\n  engine:    ", actual, "\n  reference: ", expected)};
    }
  }
  return std::nullopt;
}

TEST(Agreement, ChecksAreAnsweredAsTheReferenceDoes) {
  Tally tally;
  RunPlayed(500, [&](PlayedWorld& world, Questions questions) {
    return Compare(world, world.writes() - 1, questions, tally);
  });
  Print("checks", tally);
  if (!IsDefaultCampaign()) return;
  for (int reason = 1; reason <= static_cast<int>(DenialReason::kPrincipalLacksPermission);
       ++reason) {
    const std::string_view name = ReasonName(static_cast<DenialReason>(reason));
    EXPECT_GT(tally[Cat("NO ", name)], 0u) << name << " was never the answer";
  }
  EXPECT_GT(tally["YES"], 0u);
  EXPECT_GT(tally["UNDEFINED"], 0u);
}

// Relationships as of then, expiry as of now.
TEST(Agreement, QuestionsAboutThePastAreAnsweredAsOfThen) {
  Tally tally;
  RunPlayed(80, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    for (size_t write = 0; write + 1 < world.writes(); ++write) {
      if (auto found = Compare(world, write, questions, tally)) return found;
    }
    return std::nullopt;
  });
  Print("checks of the past", tally);
}

// Forwards and backwards, since what is shared depends on what was asked before.
TEST(Agreement, ABatchIsAnsweredAsEachOfItsQuestions) {
  RunPlayed(60, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    const size_t newest = world.writes() - 1;
    const View view = world.ViewAt(newest);
    std::vector<size_t> order;
    for (size_t i = 0; i < questions.size(); ++i) order.push_back(i);
    for (int pass = 0; pass < 2; ++pass) {
      Checker shared = world.database().CheckerFor(view);
      for (size_t i : order) {
        const std::string batched = AnswerText(shared.Check(questions[i]));
        const std::string alone = AnswerText(world.Ask(newest, questions[i]));
        if (batched != alone) {
          return Disagreement{
              i, Cat(ToText(questions[i]), "\n  in a batch: ", batched, "\n  alone:      ", alone)};
        }
      }
      std::reverse(order.begin(), order.end());
    }
    return std::nullopt;
  });
}

TEST(Agreement, AnExpandedTreeHoldsWhomTheReferenceHolds) {
  constexpr uint32_t kEveryLevel = 1000;
  size_t trees = 0;
  RunPlayed(80, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    const size_t newest = world.writes() - 1;
    ReferenceEvaluator& reference = world.ReferenceAt(newest);
    std::set<std::pair<ObjectRef, std::string>> asked;
    for (size_t i = 0; i < questions.size(); ++i) {
      const CheckQuestion& q = questions[i];
      if (!asked.insert({q.resource, q.permission}).second) continue;
      const auto tree =
          world.database().ExpandAt(world.ViewAt(newest), {q.resource, q.permission, kEveryLevel},
                                    world.database().options().check);
      if (!tree.ok()) return Disagreement{i, Cat("expand: ", tree.status().ToString())};
      const ExpandedSet set(*tree);
      ++trees;
      for (const ObjectRef& object : world.world().objects) {
        const SubjectRef subject{object.type, object.id, ""};
        const Truth expected = reference.MeaningFor(subject).Of(q.resource, q.permission);
        const Truth actual = set.Holds(subject);
        if (actual == expected) continue;
        return Disagreement{
            i, Cat("expanded ", ToText(q.resource), "#", q.permission, " for ", ToText(subject),
                   "\n  tree:      ", TruthName(actual), "\n  reference: ", TruthName(expected))};
      }
    }
    return std::nullopt;
  });
  std::cerr << "trees: " << trees << "\n";
}

TEST(Agreement, AnExplainedYesIsAProof) {
  size_t proofs = 0;
  RunPlayed(100, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    const size_t newest = world.writes() - 1;
    for (size_t i = 0; i < questions.size(); ++i) {
      CheckQuestion question = questions[i];
      question.explain = true;
      const auto answer = world.Ask(newest, question);
      if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
      ++proofs;
      const std::string flaw =
          FindFlaw(question, *answer, world.StoredAt(newest), world.ReferenceAt(newest));
      if (!flaw.empty()) {
        return Disagreement{
            i, Cat(ToText(question), "\n  ", flaw, "\n", RenderExplanation(answer->explanation))};
      }
    }
    return std::nullopt;
  });
  std::cerr << "proofs: " << proofs << "\n";
}

TEST(Agreement, AYesHoldsUntilTheMomentItNames) {
  size_t ending = 0;
  RunPlayed(100, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    const size_t newest = world.writes() - 1;
    const absl::Time now = world.world().now;
    for (size_t i = 0; i < questions.size(); ++i) {
      world.SetNow(now);
      const auto answer = world.Ask(newest, questions[i]);
      if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
      const bool ends = answer->valid_until != absl::InfiniteFuture();
      ending += ends;
      if (answer->valid_until <= now)
        return Disagreement{i, Cat(ToText(questions[i]), " ended before it was asked")};
      const absl::Time last =
          ends ? answer->valid_until - absl::Microseconds(1) : now + absl::Hours(100'000);
      world.SetNow(last);
      const std::string then = AnswerText(world.Ask(newest, questions[i]));
      world.SetNow(now);
      if (then != "YES") {
        return Disagreement{
            i, Cat(ToText(questions[i]), "\n  is allowed until ",
                   absl::FormatTime(answer->valid_until, absl::UTCTimeZone()), "\n  but at ",
                   absl::FormatTime(last, absl::UTCTimeZone()), " ", then)};
      }
    }
    return std::nullopt;
  });
  std::cerr << "answers that end: " << ending << "\n";
}

}  // namespace
}  // namespace mandate
