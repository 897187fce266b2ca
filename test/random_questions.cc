// Random questions about a random world.
#include <set>

#include "schema/text.h"
#include "test/random_caveats.h"
#include "test/random_world.h"

namespace mandate {
namespace {

class QuestionMaker {
 public:
  QuestionMaker(const RandomWorld& world, uint64_t seed)
      : dice_(seed ^ 0x9e3779b97f4a7c15), world_(world), objects_(world.objects) {
    std::set<ObjectRef> resources;
    for (const WorldWrite& write : world.writes) {
      for (const TupleChange& change : write.changes) {
        resources.insert(change.relationship.resource);
      }
    }
    for (const ObjectRef& object : objects_) {
      by_kind_[static_cast<size_t>(KindOf(object))].push_back(object);
      // Mostly where there is something to find.
      const size_t percent = resources.contains(object) ? 100 : object.id == "unknown" ? 10 : 40;
      for (const std::string& name : Askable(object)) {
        if (dice_.Percent(percent)) askable_.push_back({object, name});
      }
    }
    contexts_ = {""};
    if (world.schema->caveats().empty()) return;
    for (int i = 0; i < 2; ++i) contexts_.push_back(MakeAskedContext(dice_, *world.schema));
  }

  std::vector<CheckQuestion> Make() {
    if (askable_.empty()) return {};
    Ask({.subject = AsSubject(dice_.Pick(Of(Kind::kDefinition)))}, 5);
    Ask({.subject = {"user", dice_.Percent(90) ? "a" : "nobody", ""}}, 10);
    if (dice_.Percent(50)) Ask({.subject = SubjectSet()}, 5);
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
    const auto& [object, name] = dice_.Pick(askable_);
    return {object.type, object.id, name};
  }

  // The same subject and context about some of everything; those stand together.
  void Ask(const CheckQuestion& pattern, size_t count) {
    CheckQuestion question = pattern;
    question.context = dice_.Pick(contexts_);
    const ObjectRef subject{pattern.subject.type, pattern.subject.id};
    const bool is_ordinary = KindOf(subject) == Kind::kDefinition;
    if (dice_.Percent(is_ordinary ? 15 : 1)) question.contextual = world_.contextual;
    for (size_t i = 0; i < count; ++i) {
      std::tie(question.resource, question.permission) = dice_.Pick(askable_);
      question.explain = dice_.Percent(30);
      questions_.push_back(question);
    }
  }

  void AskDelegated() {
    const auto& sessions = Of(Kind::kSession);
    const auto& agents = Of(Kind::kAgent);
    const auto& tasks = Of(Kind::kTask);
    for (const ObjectRef& session : sessions) {
      CheckQuestion pattern{.subject = AsSubject(session), .audience = Audience()};
      if (dice_.Percent(15)) pattern.task = dice_.Pick(tasks);
      if (dice_.Percent(15)) AddClaims(pattern);
      Ask(pattern, session.id == "unknown" ? 1 : 4);
    }
    for (const TupleChange& change : Delegations()) {
      if (!dice_.Percent(40)) continue;
      CheckQuestion pattern{
          .subject = change.relationship.subject, .task = change.relationship.resource, .audience = Audience()};
      if (dice_.Percent(15)) AddClaims(pattern);
      Ask(pattern, 3);
    }
    CheckQuestion odd{.subject = AsSubject(dice_.Pick(agents)), .task = dice_.Pick(tasks)};
    Ask(odd, 1);
    if (!dice_.Percent(20)) return;
    odd.task = dice_.Pick(objects_);
    Ask(odd, 1);
    odd.task.reset();
    Ask(odd, 1);
    Ask({.subject = AsSubject(dice_.Pick(tasks)), .task = dice_.Pick(tasks)}, 1);
    Ask({.subject = AsSubject(dice_.Pick(Of(Kind::kDefinition))), .task = dice_.Pick(tasks)}, 1);
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

  std::vector<SubjectRef> Audience() {
    if (!dice_.Percent(20)) return {};
    return {{"user", dice_.Percent(50) ? "a" : "b", ""}};
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
  std::vector<std::pair<ObjectRef, std::string>> askable_;
  std::vector<std::string> contexts_;
  std::vector<CheckQuestion> questions_;
};

}  // namespace

std::vector<CheckQuestion> MakeQuestions(const RandomWorld& world, uint64_t seed) {
  return QuestionMaker(world, seed).Make();
}

}  // namespace mandate
