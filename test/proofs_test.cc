// Explanations as proofs, on random worlds: each step follows, by the references and by the verifier, which has the
// schema alone; and what is changed in a proof is noticed.
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "check/explanation.h"
#include "check/ruled_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/proof.h"
#include "service/token.h"
#include "test/campaign.h"
#include "test/played_world.h"
#include "test/reference_proof_world.h"
#include "tools/proof/proof_verifier.h"
#include "tools/proof_commands.h"
#include "tools/test_directory.h"

namespace mandate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

// The flaw of a proof as the verifier sees it, which has nothing but the schema; and what it takes for granted.
std::string VerifiedFlaw(const PlayedWorld& world, const CheckQuestion& question, const Answer& answer,
                         std::string* premises = nullptr) {
  const auto findings =
      VerifyProof(world.world().draft.Text(), {.question = question,
                                               .answer = answer,
                                               .moment = world.world().now,
                                               .revision = world.EngineAt(world.writes() - 1).snapshot->revision()});
  if (!findings.ok()) return std::string(findings.status().message());
  for (const Premise& premise : findings->premises) {
    if (premises != nullptr) *premises += Cat(premise.text, "\n");
  }
  return findings->flaw;
}

using ProvenProperty = std::function<std::string(const PlayedWorld&, const CheckQuestion&, const Answer&)>;

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
      const std::string wrong = property(world, question, *answer);
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
  RunProven(30, [](const PlayedWorld& world, const CheckQuestion& question, const Answer& answer) {
    return VerifiedFlaw(world, question, answer);
  });
}

// The same under rules, of calls before which others were made and approved.
TEST(Proofs, AProofOfACallUnderRulesHoldsWithTheSchemaAlone) {
  size_t proofs = 0, with_others = 0;
  const auto act = [&](const RandomWorld& world, Questions questions) -> std::optional<Disagreement> {
    const auto kind_of = [&](const std::string& type) {
      return world.schema->definition(*world.schema->FindType(type)).kind;
    };
    std::vector<size_t> sessions;
    for (size_t i = 0; i < questions.size(); ++i) {
      const SubjectRef& subject = questions[i].subject;
      if (subject.relation.empty() && kind_of(subject.type) == Kind::kSession) sessions.push_back(i);
    }
    std::vector<ObjectRef> tasks;
    std::vector<std::pair<ObjectRef, std::string>> actions;
    for (const ObjectRef& object : world.objects) {
      if (kind_of(object.type) == Kind::kTask) tasks.push_back(object);
      for (const std::string name : {"view", "edit", "send"}) {
        const bool fits = object.type == (name == "send" ? "mailbox" : "document");
        if (fits && world.schema->FindMember(*world.schema->FindType(object.type), name)) {
          actions.push_back({object, name});
        }
      }
    }
    if (sessions.empty() || tasks.empty() || actions.empty()) return std::nullopt;
    PlayedWorld played(world, PlayedWorld::Storage::kMemory);
    Dice dice(questions.size() * 31 + world.objects.size());
    for (int round = 0; round < 24; ++round) {
      const size_t which = dice.Pick(sessions);
      CheckQuestion call{.subject = questions[which].subject, .context = questions[which].context};
      std::tie(call.resource, call.permission) = dice.Pick(actions);
      call.audience = {{"user", "a", ""}};
      if (dice.Percent(50)) call.audience.push_back({"user", "b", ""});
      call.parameter_digest = "d1";
      const CheckQuestion approval{.resource = call.resource,
                                   .permission = call.permission,
                                   .subject = {"user", dice.Percent(50) ? "a" : "b", ""},
                                   .task = dice.Pick(tasks),
                                   .parameter_digest = "d1"};
      played.Approve(approval, world.now + absl::Hours(1));
      CheckQuestion explained = call;
      explained.explain = true;
      const auto answer = played.Ask(played.writes() - 1, explained);
      if (answer.ok() && answer->decision == Decision::kAllowed) {
        ++proofs;
        const std::string text = RenderExplanation(answer->explanation);
        with_others += text.find(" of the audience") != text.npos || text.find(" who approved it") != text.npos;
        const std::string flaw = VerifiedFlaw(played, explained, *answer);
        if (!flaw.empty()) return Disagreement{which, Cat(ToText(call), "\n  ", flaw, "\n", text)};
      }
      if (auto wrong = played.Authorize(call)) return Disagreement{which, *wrong};
    }
    return std::nullopt;
  };
  RunCampaign(ATenth(30), &MakeRuledWorld, act);
  std::cerr << "proofs: " << proofs << ", " << with_others << " of them name what others may\n";
}

TEST(Proofs, AProofThatLacksAStepIsRefused) {
  RunProven(15, [](const PlayedWorld& world, const CheckQuestion& question, const Answer& answer) {
    for (size_t i = 0; i < answer.explanation.steps.size(); ++i) {
      Answer changed = answer;
      changed.explanation.steps.erase(changed.explanation.steps.begin() + i);
      std::string premises;
      if (!VerifiedFlaw(world, question, changed, &premises).empty()) continue;
      // One of all objects less: it is for the reader to know that there are no more than are shown. The same of a
      // rule that governs the call only by what else is stored.
      const StepKind kind = answer.explanation.steps[i].kind;
      if (kind == StepKind::kRelationship && premises.find("holds nothing") != premises.npos) continue;
      if (kind == StepKind::kRule && premises.find("does not govern it") != premises.npos) continue;
      return Cat("holds without step ", i + 1);
    }
    return std::string();
  });
}

TEST(Proofs, AProofWithAnotherRelationshipOrForAnotherSubjectIsRefused) {
  RunProven(15, [](const PlayedWorld& world, const CheckQuestion& question, const Answer& answer) {
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

// The proof of a call, as `mandate check --proof` asks for it.
Proof ProofOf(const Ruled& world, const AuthorizeCall& call) {
  Proof proof{.question = call.question, .moment = world.now, .revision = world.store->Head()->revision()};
  proof.question.context = world.context;
  proof.question.explain = true;
  const auto snapshot = world.store->Head();
  const auto answer = Checker(*world.plan, *snapshot, world.now, world.limits).Check(proof.question);
  EXPECT_TRUE(answer.ok() && answer->decision == Decision::kAllowed) << ToText(proof.question);
  if (answer.ok()) proof.answer = *answer;
  return proof;
}

// Without the first step whose text has `part`, and what is below it.
Proof Without(Proof proof, std::string_view part) {
  std::vector<ExplanationStep>& steps = proof.answer.explanation.steps;
  for (auto it = steps.begin(); it != steps.end(); ++it) {
    if (it->text.find(part) == it->text.npos) continue;
    auto end = it + 1;
    while (end != steps.end() && end->depth > it->depth) ++end;
    steps.erase(it, end);
    return proof;
  }
  ADD_FAILURE() << "no step has `" << part << "`";
  return proof;
}

// `flaw: ...`; or `proved` and on a line each what it quotes and takes for granted.
std::string Verified(const std::string& schema, const Proof& proof) {
  const auto findings = VerifyProof(schema, proof);
  if (!findings.ok()) return std::string(findings.status().message());
  if (!findings->flaw.empty()) return Cat("flaw: ", findings->flaw);
  std::string text = "proved\n";
  for (const QuotedRelationship& quoted : findings->relationships) text += Cat(ToText(quoted.relationship), "\n");
  for (const Premise& premise : findings->premises) text += Cat(PremiseKindName(premise.kind), " ", premise.text, "\n");
  return text;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(Proofs, WithoutTheStepOfARuleThatMayGovernTheCallNothingIsAssumedSilently) {
  const std::string rule = "limit document#view to 5 per task";
  Ruled by_schema(rule);
  const Proof implied = ProofOf(by_schema, Ruled::Call("document:plan#edit@run:a"));
  EXPECT_THAT(Verified(SchemaWith(rule), Without(implied, "rule `limit")), StartsWith("flaw: no step says how"));

  // Here to edit is to view by a relationship that the proof does not quote.
  std::string schema = Replaced(SchemaWith(rule), "relation viewer: user |", "relation viewer: document#edit | user |");
  schema = Replaced(schema, "permission view = viewer + edit", "permission view = viewer");
  Ruled by_data(Ruled::Whole{schema, Cat(kRuledWorld, "\ndocument:plan#viewer@document:plan#edit")});
  const Proof honest = ProofOf(by_data, Ruled::Call("document:plan#edit@run:a"));
  EXPECT_THAT(Verified(schema, honest), AllOf(HasSubstr("ledger order:1, rule `limit document#view to 5 per task`: 0"),
                                              Not(HasSubstr("does not govern it"))));
  EXPECT_THAT(Verified(schema, Without(honest, "rule `limit")),
              HasSubstr("absence `document:plan#edit` is not also `view`, so that `order:1, rule limit document#view "
                        "to 5 per task` does not govern it\n"));
  EXPECT_THAT(Verified(schema, ProofOf(by_data, Ruled::Call("mailbox:m#send@run:a"))),
              AllOf(StartsWith("proved"), Not(HasSubstr("does not govern it"))));
}

TEST(Proofs, NameWhatTheAudienceAndAnApproverMay) {
  const std::string rules =
      "contain document#view when confidential at mailbox#send\n  require approval for mailbox#send by approve";
  const std::string schema = SchemaWith(rules);
  Ruled world(rules);
  world.Touch("document:plan#confidential@user:*\ndocument:plan#viewer@user:bob[expiration:2026-01-01T02:00:00Z]");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:memo#view@run:a"), "ALLOWED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  const Proof honest = ProofOf(world, Ruled::Call("mailbox:m#send@run:a", {"user:bob", "user:alice"}, "d1"));
  EXPECT_THAT(Verified(schema, honest),
              AllOf(StartsWith("proved\n"), HasSubstr("\ndocument:plan#viewer@user:bob"),
                    HasSubstr("\ndocument:plan#owner@user:alice\n"), HasSubstr("\nmailbox:m#deputy@user:bob\n"),
                    HasSubstr("rule `contain document#view when confidential at mailbox#send`: nothing that counts was "
                              "done, but on `document:plan`\n"),
                    HasSubstr("rule `require approval for mailbox#send by approve`: `user:bob` approved it\n")));

  EXPECT_THAT(Verified(schema, Without(honest, "user:bob of the audience")), HasSubstr("not exactly the audience"));
  EXPECT_THAT(Verified(schema, Without(honest, "user:bob who approved it")), HasSubstr("who approved this call"));
  EXPECT_THAT(Verified(schema, Without(honest, "document:plan#viewer@user:bob")), StartsWith("flaw: "));
  Proof to_more = honest;
  to_more.question.audience.push_back({"user", "mallory", ""});
  EXPECT_THAT(Verified(schema, to_more), HasSubstr("not exactly the audience"));
  Proof for_longer = honest;
  for_longer.answer.valid_until += absl::Seconds(1);
  EXPECT_THAT(Verified(schema, for_longer), HasSubstr("valid for longer"));
  // What was done only the ledger knows.
  EXPECT_THAT(Verified(schema, Without(Without(honest, "user:bob of the audience"), "user:alice of the audience")),
              HasSubstr("`: nothing that counts was done\n"));
}

TEST(Proofs, OfFourEyesAreNotThePrincipalsOwn) {
  const std::string rule = "require approval for mailbox#send by approve";
  Ruled world(rule);
  world.Approve("user:alice", "d1", "mailbox#approve");
  const Proof own = ProofOf(world, Ruled::Call("mailbox:m#send@run:a", {}, "d1"));
  EXPECT_THAT(Verified(SchemaWith(rule), own), HasSubstr("`user:alice` approved it\n"));
  Proof told_otherwise = own;
  for (ExplanationStep& step : told_otherwise.answer.explanation.steps) {
    if (step.kind != StepKind::kRule) continue;
    step.text = Replaced(step.text, "by approve`", "by approve other than principal`");
  }
  EXPECT_THAT(Verified(SchemaWith(Cat(rule, " other than principal")), told_otherwise),
              HasSubstr("the principal is not to approve it itself"));
}

TEST(Proofs, JudgeTheCaveatsOfWhatTheAudienceMay) {
  const std::string rule = "contain document#view at mailbox#send";
  const std::string schema =
      Replaced(SchemaWith(rule), "relation viewer: user |", "relation viewer: user with weekday | user |");
  Ruled world(Ruled::Whole{schema, kRuledWorld});
  world.Touch("document:plan#viewer@user:bob[weekday]");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  world.context = R"({"day": "monday"})";
  Proof proof = ProofOf(world, Ruled::Call("mailbox:m#send@run:a", {"user:bob"}));
  EXPECT_THAT(Verified(schema, proof), StartsWith("proved\n"));
  proof.question.context = R"({"day": "sunday"})";
  EXPECT_THAT(Verified(schema, proof), HasSubstr("do not suffice for `document:plan#view@user:bob`"));
}

TEST(Proofs, TakeForGrantedThatTheirRevisionWasTheNewest) {
  Ruled world("");
  const Proof honest = ProofOf(world, Ruled::Call("document:plan#view@run:a"));
  EXPECT_THAT(Verified(SchemaWith(""), honest),
              HasSubstr(Cat("moment revision ", honest.revision.value(), " was the newest at 2026-01-01T00:00:00Z\n")));
  Proof earlier = honest;
  earlier.revision = Revision(honest.revision.value() - 1);
  EXPECT_THAT(Verified(SchemaWith(""), earlier), HasSubstr("it was written after the revision of the answer"));
}

constexpr char kViewerAnswer[] = R"({
  "result": {"decision": "DECISION_ALLOWED", "explanation": [
    {"kind": "KIND_RELATION", "decision": "DECISION_ALLOWED", "text": "document:plan#viewer"},
    {"depth": 1, "kind": "KIND_RELATIONSHIP", "decision": "DECISION_ALLOWED", "text": "document:plan#viewer@user:bob",
     "relationship": {"resource": {"type": "document", "id": "plan"}, "relation": "viewer",
                      "subject": {"type": "user", "id": "bob"}}, "revision": 5}]},
  "checked_at": {"token": "TOKEN"}, "moment": "2026-01-01T00:00:00Z"})";

TEST(Proofs, AFileIsOfTheRevisionOfItsToken) {
  const CheckQuestion question{
      .resource = {"document", "plan"}, .permission = "viewer", .subject = {"user", "bob", ""}, .explain = true};
  const std::string token = EncodeToken("00112233445566778899aabbccddeeff", Revision(7));
  const std::string text = ProofToJson(question, Replaced(kViewerAnswer, "TOKEN", token));
  const auto proof = ProofFromJson(text);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->revision, Revision(7));
  EXPECT_EQ(FieldOf(ProofFromJson(Replaced(text, token, "elsewhere")).status()), "answer.checked_at.token");
  const std::string no_token = Replaced(kViewerAnswer, R"("checked_at": {"token": "TOKEN"}, )", "");
  EXPECT_EQ(FieldOf(ProofFromJson(ProofToJson(question, no_token)).status()), "answer.checked_at");
  EXPECT_THAT(std::string(ProofFromJson(Replaced(text, "KIND_RELATION\"", "KIND_CUT\"")).status().message()),
              HasSubstr("cut"));

  TempDirectory directory;
  testing::internal::CaptureStdout();
  const int code = VerifyProofFile(
      {.schema = directory.File("schema.zed", "definition user {}\ndefinition document { relation viewer: user }\n"),
       .proof = directory.File("plan.proof", text)});
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              AllOf(StartsWith(Cat("proved: document:plan#viewer@user:bob is allowed as stored at revision 7 (token ",
                                   token, "), expiries judged as of 2026-01-01T00:00:00Z, if\n")),
                    HasSubstr("moment     revision 7 was the newest at 2026-01-01T00:00:00Z\n")));
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace mandate
