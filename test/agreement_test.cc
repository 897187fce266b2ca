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
#include "test/reference_proof_world.h"
#include "tools/proof/proof_verifier.h"

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
      ReferenceProofWorld stored(world.StoredAt(newest), world.ReferenceAt(newest));
      const std::string flaw = FindFlaw(*world.world().schema, question, *answer, stored);
      if (!flaw.empty()) {
        return Disagreement{
            i, Cat(ToText(question), "\n  ", flaw, "\n", RenderExplanation(answer->explanation))};
      }
    }
    return std::nullopt;
  });
  std::cerr << "proofs: " << proofs << "\n";
}

// The flaw of a proof as the verifier sees it, which has nothing but the schema; and whether it
// takes for granted that a relation holds nothing else.
std::string VerifiedFlaw(const RandomWorld& world, const CheckQuestion& question,
                         const Answer& answer, bool* rests_on_all = nullptr) {
  const auto findings =
      VerifyProof(world.draft.Text(), {.question = question, .answer = answer, .moment = world.now});
  if (!findings.ok()) return std::string(findings.status().message());
  for (const Premise& premise : findings->premises) {
    if (rests_on_all != nullptr) *rests_on_all |= premise.text.find("holds nothing") != premise.text.npos;
  }
  return findings->flaw;
}

using ProvenProperty =
    std::function<std::string(const RandomWorld&, const CheckQuestion&, const Answer&)>;

// Explains each question of the worlds, and hands what is allowed to the property.
void RunProven(size_t worlds, const ProvenProperty& property) {
  size_t proofs = 0;
  RunPlayed(worlds, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    for (size_t i = 0; i < questions.size(); ++i) {
      CheckQuestion question = questions[i];
      question.explain = true;
      const auto answer = world.Ask(world.writes() - 1, question);
      if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
      ++proofs;
      const std::string wrong = property(world.world(), question, *answer);
      if (!wrong.empty()) {
        return Disagreement{
            i, Cat(ToText(question), "\n  ", wrong, "\n", RenderExplanation(answer->explanation))};
      }
    }
    return std::nullopt;
  });
  std::cerr << "proofs: " << proofs << "\n";
}

TEST(Agreement, AProofHoldsWithTheSchemaAlone) {
  RunProven(30, [](const RandomWorld& world, const CheckQuestion& question, const Answer& answer) {
    return VerifiedFlaw(world, question, answer);
  });
}

TEST(Agreement, AProofThatLacksAStepIsRefused) {
  RunProven(15, [](const RandomWorld& world, const CheckQuestion& question, const Answer& answer) {
    for (size_t i = 0; i < answer.explanation.steps.size(); ++i) {
      Answer changed = answer;
      changed.explanation.steps.erase(changed.explanation.steps.begin() + i);
      bool rests_on_all = false;
      // One of all objects less: it is for the reader to know that there are no more than are shown.
      const bool of_all = answer.explanation.steps[i].kind == StepKind::kRelationship;
      if (!VerifiedFlaw(world, question, changed, &rests_on_all).empty()) continue;
      if (of_all && rests_on_all) continue;
      return Cat("holds without step ", i + 1);
    }
    return std::string();
  });
}

TEST(Agreement, AProofWithAnotherRelationshipOrForAnotherSubjectIsRefused) {
  RunProven(15, [](const RandomWorld& world, const CheckQuestion& question, const Answer& answer) {
    const auto refuses = [&](const CheckQuestion& asked, const Answer& told) {
      return !VerifiedFlaw(world, asked, told).empty();
    };
    for (size_t i = 0; i < answer.explanation.steps.size(); ++i) {
      if (!answer.explanation.steps[i].relationship) continue;
      for (int part = 0; part < 2; ++part) {
        Answer changed = answer;
        ExplanationStep& step = changed.explanation.steps[i];
        (part == 0 ? step.relationship->resource.id : step.relationship->subject.id) = "elsewhere";
        step.text = ToText(*step.relationship);
        if (!refuses(question, changed)) return Cat("holds with another step ", i + 1);
      }
    }
    CheckQuestion of_another = question;
    of_another.subject.id = "nobody";
    const bool everybody = answer.explanation.steps.size() > 0 &&
                           RenderExplanation(answer.explanation).find(":*") != std::string::npos;
    if (!everybody && !refuses(of_another, answer)) return std::string("holds for another subject");
    CheckQuestion on_another = question;
    on_another.resource.id = "elsewhere";
    return refuses(on_another, answer) ? std::string() : std::string("holds on another resource");
  });
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
