// Random questions about a random world.
#include "test/random_world.h"

namespace mandate {
namespace {

class QuestionMaker {
 public:
  QuestionMaker(const RandomWorld& world, uint64_t seed)
      : dice_(seed ^ 0x9e3779b97f4a7c15), world_(world), objects_(world.objects) {
    for (const ObjectRef& object : objects_)
      by_kind_[static_cast<size_t>(KindOf(object))].push_back(object);
  }

  std::vector<CheckQuestion> Make() {
    AskEverything({.subject = AsSubject(dice_.Pick(Of(Kind::kDefinition)))}, 45);
    AskEverything({.subject = {"user", dice_.Percent(90) ? "a" : "nobody", ""}}, 60);
    if (dice_.Percent(60)) AskEverything({.subject = SubjectSet()}, 35);
    if (world_.schema->has_delegation()) AskDelegated();
    return std::move(questions_);
  }

 private:
  Kind KindOf(const ObjectRef& object) const {
    return world_.schema->definition(*world_.schema->FindType(object.type)).kind;
  }
  const std::vector<ObjectRef>& Of(Kind kind) const { return by_kind_[static_cast<size_t>(kind)]; }
  static SubjectRef AsSubject(const ObjectRef& object) { return {object.type, object.id, ""}; }

  std::vector<std::string> Askable(const ObjectRef& object) const {
    std::vector<std::string> names;
    for (MemberId id : world_.schema->definition(*world_.schema->FindType(object.type)).members) {
      const Member& member = world_.schema->member(id);
      if (member.reserved == Reserved::kNone) names.push_back(member.name);
    }
    return names;
  }

  SubjectRef SubjectSet() {
    for (int i = 0; i < 20; ++i) {
      const ObjectRef& object = dice_.Pick(objects_);
      const auto names = Askable(object);
      if (!names.empty()) return {object.type, object.id, dice_.Pick(names)};
    }
    return {"user", "a", ""};
  }

  void AskEverything(const CheckQuestion& pattern, size_t percent) {
    for (const ObjectRef& object : objects_) {
      for (const std::string& name : Askable(object)) {
        if (!dice_.Percent(percent)) continue;
        CheckQuestion question = pattern;
        question.resource = object;
        question.permission = name;
        question.explain = dice_.Percent(50);
        questions_.push_back(question);
      }
    }
  }

  void AskDelegated() {
    const auto& sessions = Of(Kind::kSession);
    const auto& agents = Of(Kind::kAgent);
    const auto& tasks = Of(Kind::kTask);
    for (const ObjectRef& session : sessions) {
      CheckQuestion pattern{.subject = AsSubject(session)};
      if (dice_.Percent(15)) pattern.task = dice_.Pick(tasks);
      if (dice_.Percent(15)) AddClaims(pattern);
      AskEverything(pattern, session.id == "unknown" ? 2 : 25);
    }
    for (const TupleChange& change : Delegations()) {
      if (!dice_.Percent(40)) continue;
      CheckQuestion pattern{.subject = change.relationship.subject,
                            .task = change.relationship.resource};
      if (dice_.Percent(15)) AddClaims(pattern);
      AskEverything(pattern, 20);
    }
    CheckQuestion odd{.subject = AsSubject(dice_.Pick(agents)), .task = dice_.Pick(tasks)};
    AskEverything(odd, 6);
    odd.task = dice_.Pick(objects_);
    AskEverything(odd, 2);
    odd.task.reset();
    AskEverything(odd, 2);
    AskEverything({.subject = AsSubject(dice_.Pick(tasks)), .task = dice_.Pick(tasks)}, 2);
    AskEverything(
        {.subject = AsSubject(dice_.Pick(Of(Kind::kDefinition))), .task = dice_.Pick(tasks)}, 3);
  }

  std::vector<TupleChange> Delegations() const {
    std::vector<TupleChange> found;
    for (const WorldWrite& write : world_.writes) {
      for (const TupleChange& change : write.changes) {
        if (change.relationship.relation == "delegated_for_task") found.push_back(change);
      }
    }
    return found;
  }

  void AddClaims(CheckQuestion& question) {
    const auto& agents = Of(Kind::kAgent);
    if (dice_.Percent(40)) question.claims.principal = {"user", dice_.Percent(50) ? "a" : "b"};
    if (dice_.Percent(40)) question.claims.agent = dice_.Pick(agents);
    if (dice_.Percent(40)) question.claims.chain = {dice_.Pick(agents)};
    if (dice_.Percent(20)) question.claims.chain.push_back(dice_.Pick(agents));
  }

  Dice dice_;
  const RandomWorld& world_;
  const std::vector<ObjectRef> objects_;
  std::vector<ObjectRef> by_kind_[4];
  std::vector<CheckQuestion> questions_;
};

}  // namespace

std::vector<CheckQuestion> MakeQuestions(const RandomWorld& world, uint64_t seed) {
  return QuestionMaker(world, seed).Make();
}

}  // namespace mandate
