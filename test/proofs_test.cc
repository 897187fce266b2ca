// Explanations as proofs, on random worlds: each step follows, by the references and by the verifier, which has the
// schema alone; and what is changed in a proof is noticed.
#include <iostream>
#include <optional>

#include "check/explanation.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "test/campaign.h"
#include "test/played_world.h"
#include "test/reference_proof_world.h"
#include "tools/proof/proof_verifier.h"

namespace mandate {
namespace {

TEST(Proofs, AnExplainedYesIsAProof) {
  size_t proofs = 0;
  RunPlayed(
      100, PlayedWorld::Storage::kMemory, [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
        const size_t newest = world.writes() - 1;
        for (size_t i = 0; i < questions.size(); ++i) {
          CheckQuestion question = questions[i];
          question.explain = true;
          const auto answer = world.Ask(newest, question);
          if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
          ++proofs;
          ReferenceProofWorld stored(question, world.StoredAt(newest), world.ReferenceAt(newest));
          const std::string flaw = FindFlaw(*world.world().schema, question, *answer, stored);
          if (!flaw.empty()) {
            return Disagreement{i, Cat(ToText(question), "\n  ", flaw, "\n", RenderExplanation(answer->explanation))};
          }
        }
        return std::nullopt;
      });
  std::cerr << "proofs: " << proofs << "\n";
}

// The flaw of a proof as the verifier sees it, which has nothing but the schema; and whether it
// takes for granted that a relation holds nothing else.
std::string VerifiedFlaw(const RandomWorld& world, const CheckQuestion& question, const Answer& answer,
                         bool* rests_on_all = nullptr) {
  const auto findings = VerifyProof(world.draft.Text(), {.question = question, .answer = answer, .moment = world.now});
  if (!findings.ok()) return std::string(findings.status().message());
  for (const Premise& premise : findings->premises) {
    if (rests_on_all != nullptr) *rests_on_all |= premise.text.find("holds nothing") != premise.text.npos;
  }
  return findings->flaw;
}

using ProvenProperty = std::function<std::string(const RandomWorld&, const CheckQuestion&, const Answer&)>;

// Explains each question of the worlds, and hands what is allowed to the property.
void RunProven(size_t worlds, const ProvenProperty& property) {
  size_t proofs = 0;
  const auto explained = [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
    for (size_t i = 0; i < questions.size(); ++i) {
      CheckQuestion question = questions[i];
      question.explain = true;
      const auto answer = world.Ask(world.writes() - 1, question);
      if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
      ++proofs;
      const std::string wrong = property(world.world(), question, *answer);
      if (!wrong.empty()) {
        return Disagreement{i, Cat(ToText(question), "\n  ", wrong, "\n", RenderExplanation(answer->explanation))};
      }
    }
    return std::nullopt;
  };
  RunPlayed(worlds, PlayedWorld::Storage::kMemory, explained);
  std::cerr << "proofs: " << proofs << "\n";
}

TEST(Proofs, AProofHoldsWithTheSchemaAlone) {
  RunProven(30, [](const RandomWorld& world, const CheckQuestion& question, const Answer& answer) {
    return VerifiedFlaw(world, question, answer);
  });
}

TEST(Proofs, AProofThatLacksAStepIsRefused) {
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

TEST(Proofs, AProofWithAnotherRelationshipOrForAnotherSubjectIsRefused) {
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
    const bool everybody =
        answer.explanation.steps.size() > 0 && RenderExplanation(answer.explanation).find(":*") != std::string::npos;
    if (!everybody && !refuses(of_another, answer)) return std::string("holds for another subject");
    CheckQuestion on_another = question;
    on_another.resource.id = "elsewhere";
    return refuses(on_another, answer) ? std::string() : std::string("holds on another resource");
  });
}

}  // namespace
}  // namespace mandate
