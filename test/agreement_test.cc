// The engine against the reference, on random worlds: every way of asking, now and of the past.
#include <iostream>
#include <map>
#include <set>

#include "check/explanation.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "test/campaign.h"
#include "test/played_world.h"

namespace mandate {
namespace {

// How often each answer was given: what a campaign never reaches, it has not tested.
using Counts = std::map<std::string, size_t>;

void Add(const Counts& more, Counts* counts) {
  for (const auto& [kind, count] : more) (*counts)[kind] += count;
}

void Print(std::string_view name, size_t worlds, const Counts& counts) {
  std::cerr << name << ", " << worlds << " worlds:\n";
  for (const auto& [kind, count] : counts) std::cerr << "  " << kind << ": " << count << "\n";
}

void ExpectReached(const Counts& counts, const std::vector<std::string>& kinds) {
  for (const std::string& kind : kinds) {
    EXPECT_TRUE(counts.contains(kind)) << "`" << kind << "` was never the answer";
  }
}

bool IsOrdinary(const RandomWorld& world, const CheckQuestion& question) {
  const TypeId type = *world.schema->FindType(question.subject.type);
  return world.schema->definition(type).kind == Kind::kDefinition || !question.subject.relation.empty();
}

// Both listings of what is asked about, and trees: up to `goals_max` of each for people, and as
// many for agents.
class Sets {
 public:
  Sets(Agreement& agreement, const RandomWorld& world, size_t goals_max)
      : agreement_(agreement), world_(world), goals_max_(goals_max) {
    for (const ObjectRef& object : world.objects) {
      if (object.type == "user") people_.push_back(object);
    }
  }

  std::optional<Disagreement> Compare(Questions questions) {
    for (size_t i = 0; i < questions.size(); ++i) {
      const CheckQuestion& q = questions[i];
      if (!agreement_.IsValid(q)) continue;
      const Paging paging = i % 4 == 0 ? Paging::kOneByOne : Paging::kFromTheMiddle;
      if (auto wrong = CompareResources(q, paging)) return Disagreement{i, *wrong};
      if (auto wrong = CompareSubjects(q, paging)) return Disagreement{i, *wrong};
      if (auto wrong = CompareTree(q)) return Disagreement{i, *wrong};
    }
    return std::nullopt;
  }

 private:
  // Nothing like it was asked before, and there is room for it.
  bool IsNext(const CheckQuestion& q, std::string_view way, const std::string& asked) {
    const bool is_ordinary = IsOrdinary(world_, q);
    size_t& count = counts_[Cat(way, is_ordinary ? "" : " of agents")];
    const std::string brought =
        Cat(q.context, q.contextual.empty() ? "" : " and more", q.audience.empty() ? "" : " to somebody");
    if (count >= goals_max_ || !seen_.insert(Cat(way, " ", asked, " ", brought)).second) {
      return false;
    }
    ++count;
    return true;
  }

  std::optional<std::string> CompareResources(const CheckQuestion& q, Paging paging) {
    CheckQuestion who = q;
    who.resource = {q.resource.type, "any"};
    if (!IsNext(q, "resources", ToText(who))) return std::nullopt;
    return agreement_.OfResources({.resource_type = q.resource.type,
                                   .permission = q.permission,
                                   .subject = q.subject,
                                   .task = q.task,
                                   .claims = q.claims,
                                   .audience = q.audience,
                                   .context = q.context,
                                   .contextual = q.contextual},
                                  paging);
  }

  std::optional<std::string> CompareSubjects(const CheckQuestion& q, Paging paging) {
    // A task may do nothing, and sets of agents and sessions are nobody who may.
    const Kind kind = world_.schema->definition(*world_.schema->FindType(q.subject.type)).kind;
    const bool is_set = !q.subject.relation.empty();
    if (kind == Kind::kTask || (kind != Kind::kDefinition && is_set)) return std::nullopt;
    const std::string asked = Cat(ToText(q.resource), "#", q.permission, "@", q.subject.type, "#", q.subject.relation);
    if (!IsNext(q, "subjects", asked)) return std::nullopt;
    return agreement_.OfSubjects({.resource = q.resource,
                                  .permission = q.permission,
                                  .subject_type = q.subject.type,
                                  .subject_relation = q.subject.relation,
                                  .context = q.context,
                                  .contextual = q.contextual,
                                  .audience = q.audience},
                                 paging);
  }

  std::optional<std::string> CompareTree(const CheckQuestion& q) {
    const std::string asked = Cat(ToText(q.resource), "#", q.permission);
    if (!IsOrdinary(world_, q) || !IsNext(q, "tree", asked)) return std::nullopt;
    return agreement_.OfExpand(
        {.resource = q.resource, .permission = q.permission, .context = q.context, .contextual = q.contextual},
        people_);
  }

  Agreement& agreement_;
  const RandomWorld& world_;
  const size_t goals_max_;
  std::vector<ObjectRef> people_;
  std::set<std::string> seen_;
  std::map<std::string, size_t> counts_;
};

std::vector<std::string> Kinds(const std::vector<std::string>& ways, const std::vector<std::string>& answers) {
  std::vector<std::string> kinds;
  for (const std::string& way : ways) {
    for (const std::string& answer : answers) kinds.push_back(Cat(way, " ", answer));
  }
  return kinds;
}

const char kCircle[] = "ERROR CYCLE_THROUGH_EXCLUSION";
const char kBroken[] = "ERROR CAVEAT_EVALUATION_ERROR";
const char kWrongType[] = "ERROR CAVEAT_PARAMETER_TYPE_ERROR";

// What some worlds in a few hundred lead to.
void ExpectCommonKinds(const Counts& counts) {
  ExpectReached(counts,
                Kinds({"check", "resources", "subjects", "expand", "everybody", "delegated resources", "actors"},
                      {"YES", "CONDITIONAL"}));
  ExpectReached(counts, Kinds({"check", "resources", "subjects"}, {kCircle, kBroken}));
  ExpectReached(counts, Kinds({"check", "expand"}, {"NO"}));
  ExpectReached(counts, Kinds({"check INVALID"}, {"CONTEXT_INVALID", "NOT_A_TASK", "TASK_NOT_ALLOWED"}));
  for (int reason = 1; reason <= static_cast<int>(DenialReason::kPrincipalLacksPermission); ++reason) {
    ExpectReached(counts, {Cat("check NO ", ReasonName(static_cast<DenialReason>(reason)))});
  }
}

// What takes many more.
void ExpectRareKinds(const Counts& counts) {
  ExpectReached(counts, Kinds({"check", "resources", "subjects", "everybody", "actors", "delegated resources"},
                              {kCircle, kBroken, kWrongType}));
  ExpectReached(counts, Kinds({"expand"}, {kCircle, "ERROR CAVEAT"}));
  ExpectReached(counts, {"subjects NO", "check NO NOT_CONTAINED", "check NO APPROVAL_REQUIRED",
                         "check INVALID CONTEXTUAL_NOT_ALLOWED"});
}

TEST(Agreement, EveryWayOfAskingAnswersAsTheReferenceDoes) {
  Counts counts;
  size_t worlds = 0;
  RunPlayed(1000, PlayedWorld::Storage::kMemory,
            [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
              ++worlds;
              const size_t newest = world.writes() - 1;
              Agreement agreement(world.EngineAt(newest), &world.ReferenceAt(newest), world.world().objects);
              for (size_t i = 0; i < questions.size(); ++i) {
                if (auto wrong = agreement.OfCheck(questions[i])) return Disagreement{i, *wrong};
              }
              if (worlds % 3 == 0) {
                if (auto wrong = agreement.OfBatch(questions)) {
                  return Disagreement{wrong->question, wrong->text};
                }
              }
              auto wrong = Sets(agreement, world.world(), 5).Compare(questions);
              Add(agreement.counts(), &counts);
              return wrong;
            });
  Print("every way of asking", worlds, counts);
  if (!IsDefaultCampaign()) return;
  ExpectCommonKinds(counts);
  if (worlds >= 10'000) ExpectRareKinds(counts);
}

// Relationships as of then, expiry as of now. On the real store, each revision by its number.
TEST(Agreement, QuestionsAboutThePastAreAnsweredAsOfThen) {
  Counts counts;
  size_t worlds = 0;
  RunPlayed(ATenth(60), PlayedWorld::Storage::kRocks,
            [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
              ++worlds;
              for (size_t write = 0; write < world.writes(); ++write) {
                Agreement agreement(world.EngineAt(write), &world.ReferenceAt(write), world.world().objects);
                if (auto wrong = agreement.OfBatch(questions)) {
                  return Disagreement{wrong->question, wrong->text};
                }
                auto wrong = Sets(agreement, world.world(), 2).Compare(questions);
                if (wrong) return wrong;
                Add(agreement.counts(), &counts);
              }
              return std::nullopt;
            });
  Print("the past", worlds, counts);
}

// A session acts again and again, while people approve and relationships come and go.
class Acting {
 public:
  Acting(PlayedWorld& world, Questions questions, Counts* counts)
      : world_(world),
        questions_(questions),
        counts_(*counts),
        dice_(questions.size() * 7919 + world.world().objects.size()) {
    for (size_t i = 0; i < questions.size(); ++i) {
      const TypeId type = *TheSchema().FindType(questions[i].subject.type);
      const bool is_session = TheSchema().definition(type).kind == Kind::kSession;
      if (is_session && questions[i].subject.relation.empty()) sessions_.push_back(i);
    }
    for (const ObjectRef& object : world.world().objects) {
      const TypeId type = *TheSchema().FindType(object.type);
      if (TheSchema().definition(type).kind == Kind::kTask) tasks_.push_back(object);
      if (object.type != "document" && object.type != "mailbox") continue;
      for (const MemberId member : TheSchema().definition(type).members) {
        const std::string& name = TheSchema().member(member).name;
        // Mostly what tasks are delegated for.
        const bool is_usual = name == "view" || name == "edit" || name == "send" || name == "draft";
        if (is_usual || dice_.Percent(10)) actions_.push_back({object, name});
      }
    }
  }

  std::optional<Disagreement> Run() {
    if (sessions_.empty() || actions_.empty()) return std::nullopt;
    for (int round = 0; round < 16; ++round) {
      const size_t which = dice_.Pick(sessions_);
      const CheckQuestion call = Call(questions_[which]);
      if (dice_.Percent(25)) Approve(call);
      if (dice_.Percent(15)) Toggle();
      const std::string answer = AcceptedTexts(Reference().Check(call))[0];
      ++counts_[answer.substr(0, answer.find(" at "))];
      if (auto wrong = world_.Authorize(call)) return Disagreement{which, *wrong};
      if (round % 8 != 7) continue;
      Agreement agreement(world_.EngineAt(world_.writes() - 1), &Reference(), world_.world().objects);
      if (auto wrong = agreement.OfBatch(questions_)) return Disagreement{wrong->question, wrong->text};
      if (auto wrong = Sets(agreement, world_.world(), 1).Compare(questions_)) return wrong;
    }
    return std::nullopt;
  }

 private:
  const mandate::Schema& TheSchema() const { return *world_.world().schema; }
  ReferenceEvaluator& Reference() { return world_.ReferenceAt(world_.writes() - 1); }

  CheckQuestion Call(const CheckQuestion& question) {
    const std::vector<std::vector<SubjectRef>> audiences = {
        {}, {{"user", "a", ""}}, {{"user", "b", ""}}, {{"user", "a", ""}, {"user", "b", ""}}};
    CheckQuestion call{.subject = question.subject, .context = question.context};
    std::tie(call.resource, call.permission) = dice_.Pick(actions_);
    call.audience = dice_.Pick(audiences);
    if (dice_.Percent(60)) call.parameter_digest = "d1";
    return call;
  }

  void Approve(const CheckQuestion& call) {
    CheckQuestion approval{.resource = call.resource,
                           .permission = call.permission,
                           .subject = {"user", dice_.Percent(50) ? "a" : "b", ""},
                           .task = dice_.Pick(tasks_),
                           .parameter_digest = "d1"};
    const absl::Time end = world_.world().now + absl::Hours(dice_.Percent(85) ? 1 : -1);
    if (world_.Approve(approval, end)) ++counts_["approved"];
  }

  // An ordinary relationship that was there at first goes, or comes back.
  void Toggle() {
    const std::vector<TupleChange>& first = world_.world().writes.front().changes;
    TupleChange change = dice_.Pick(first);
    const std::string& type = change.relationship.resource.type;
    if (type != "document" && type != "mailbox") return;
    const bool is_there = world_.StoredAt(world_.writes() - 1).Find(change.relationship) != nullptr;
    change.op = is_there ? ChangeOp::kDelete : ChangeOp::kTouch;
    world_.Change({change});
  }

  PlayedWorld& world_;
  const Questions questions_;
  Counts& counts_;
  Dice dice_;
  std::vector<size_t> sessions_;  // Questions of sessions.
  std::vector<ObjectRef> tasks_;
  std::vector<std::pair<ObjectRef, std::string>> actions_;
};

// What is done is a part of the world: the engine counts with what it keeps in the ledger, the reference with a list.
TEST(Agreement, CallsAreDecidedAndRecordedAsTheReferenceDoes) {
  Counts counts;
  size_t worlds = 0;
  RunCampaign(ATenth(100), &MakeRuledWorld, [&](const RandomWorld& world, Questions questions) {
    PlayedWorld played(world, ++worlds % 20 == 0 ? PlayedWorld::Storage::kRocks : PlayedWorld::Storage::kMemory);
    return Acting(played, questions, &counts).Run();
  });
  Print("calls", worlds, counts);
  if (!IsDefaultCampaign()) return;
  ExpectReached(counts, {"approved", "YES", "NO FORBIDDEN_AFTER", "NO NOT_CONTAINED", "NO APPROVAL_REQUIRED",
                         "NO LIMIT_REACHED", "NO OUT_OF_SCOPE", "NO PRINCIPAL_LACKS_PERMISSION"});
}

TEST(Agreement, AYesHoldsUntilTheMomentItNames) {
  size_t ending = 0;
  RunPlayed(ATenth(100), PlayedWorld::Storage::kMemory,
            [&](PlayedWorld& world, Questions questions) -> std::optional<Disagreement> {
              const size_t newest = world.writes() - 1;
              const absl::Time now = world.world().now;
              for (size_t i = 0; i < questions.size(); ++i) {
                world.SetNow(now);
                const auto answer = world.Ask(newest, questions[i]);
                if (!answer.ok() || answer->decision != Decision::kAllowed) continue;
                const bool ends = answer->valid_until != absl::InfiniteFuture();
                ending += ends;
                if (answer->valid_until <= now) {
                  return Disagreement{i, Cat(ToText(questions[i]), " ended before it was asked")};
                }
                const absl::Time last = ends ? answer->valid_until - absl::Microseconds(1) : now + absl::Hours(100'000);
                world.SetNow(last);
                const std::string then = AnswerText(world.Ask(newest, questions[i]));
                world.SetNow(now);
                if (then != "YES") {
                  return Disagreement{i, Cat(ToText(questions[i]), "\n  is allowed until ",
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
