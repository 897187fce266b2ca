#include "tools/reference/world_agreement.h"

#include <algorithm>
#include <set>

#include "schema/text.h"

namespace mandate {
namespace {

// An object of each type that nothing names.
constexpr char kUnnamed[] = "nothing-names-this";

// The items of an even sample of at most `taken` out of `all`.
class Sample {
 public:
  Sample(uint64_t all, uint64_t taken) : all_(all), taken_(std::min(all, taken)) {}
  uint64_t size() const { return taken_; }
  // Of the first item behind another, which differs from one sample to the next with `shift`.
  uint64_t At(uint64_t i, uint64_t shift = 0) const { return (i * all_ / taken_ + shift) % all_; }

 private:
  uint64_t all_;
  uint64_t taken_;
};

class WorldQuestions {
 public:
  WorldQuestions(const EngineView& engine, const ReferenceWorld& world, const std::vector<std::string>& contexts,
                 const AgreementBounds& bounds)
      : schema_(*world.schema), world_(world), contexts_(contexts), bounds_(bounds) {
    CollectObjects();
    CollectSubjects();
    reference_ = std::make_unique<ReferenceEvaluator>(world, std::vector<ObjectRef>(objects_.begin(), objects_.end()));
    agreement_ =
        std::make_unique<Agreement>(engine, reference_.get(), std::vector<ObjectRef>(objects_.begin(), objects_.end()));
  }

  WorldAgreement Run() {
    AskPairs();
    AskTrees();
    AskResources();
    AskSubjects();
    return std::move(result_);
  }

 private:
  struct Goal {
    ObjectRef object;
    std::string member;
  };

  Paging paging() const {
    return objects_.size() <= bounds_.paged_objects_max ? Paging::kOneByOne : Paging::kFromTheMiddle;
  }
  Kind KindOf(std::string_view type) const { return schema_.definition(*schema_.FindType(type)).kind; }
  bool IsDone() const { return result_.disagreements.size() >= bounds_.disagreements_max; }
  void Note(std::optional<std::string> wrong) {
    if (wrong) result_.disagreements.push_back(*std::move(wrong));
  }

  void CollectObjects() {
    for (const Definition& definition : schema_.definitions()) {
      objects_.insert({definition.name, kUnnamed});
    }
    for (const StoredRelationship& stored : world_.relationships) {
      const Relationship& r = stored.relationship;
      objects_.insert(r.resource);
      if (!r.subject.IsWildcard()) objects_.insert({r.subject.type, r.subject.id});
    }
    for (const ObjectRef& object : objects_) {
      const Definition& definition = schema_.definition(*schema_.FindType(object.type));
      for (MemberId id : definition.members) {
        const Member& member = schema_.member(id);
        if (member.reserved == Reserved::kNone) goals_.push_back({object, member.name});
        if (member.reserved == Reserved::kNone && object.id == kUnnamed) {
          members_.push_back({object, member.name});
        }
      }
    }
  }

  void CollectSubjects() {
    std::set<SubjectRef> sets;
    std::set<std::pair<SubjectRef, ObjectRef>> delegations;
    for (const StoredRelationship& stored : world_.relationships) {
      const Relationship& r = stored.relationship;
      if (!r.subject.relation.empty() && !r.subject.IsWildcard()) sets.insert(r.subject);
      if (KindOf(r.resource.type) == Kind::kTask && r.relation == "delegated_for_task") {
        delegations.insert({r.subject, r.resource});
      }
    }
    for (const ObjectRef& object : objects_) {
      if (KindOf(object.type) == Kind::kTask) continue;
      subjects_.push_back({.subject = {object.type, object.id, ""}});
    }
    for (const SubjectRef& set : sets) subjects_.push_back({.subject = set});
    for (const auto& [agent, task] : delegations) {
      subjects_.push_back({.subject = agent, .task = task});
    }
    std::set<std::pair<std::string, std::string>> kinds;
    for (const CheckQuestion& each : subjects_) {
      if (each.subject.relation.empty()) kinds.insert({each.subject.type, ""});
    }
    for (const SubjectRef& set : sets) kinds.insert({set.type, set.relation});
    subject_kinds_.assign(kinds.begin(), kinds.end());
  }

  // How many subjects the reference can afford, of all contexts together.
  uint64_t SubjectsMax() const {
    std::map<std::string, uint64_t> by_type;
    for (const Expression& e : schema_.expressions()) ++by_type[schema_.definition(e.type).name];
    uint64_t goals = 1;
    for (const ObjectRef& object : objects_) goals += by_type[object.type];
    return std::max<uint64_t>(bounds_.goals_max / goals, 4);
  }

  void AskPairs() {
    const uint64_t askers = subjects_.size() * contexts_.size();
    result_.pairs_of_world = askers * goals_.size();
    if (result_.pairs_of_world == 0) return;
    const Sample chosen(askers, std::min(SubjectsMax(), bounds_.pairs_max));
    const Sample asked(goals_.size(), std::max<uint64_t>(bounds_.pairs_max / chosen.size(), 1));
    for (uint64_t i = 0; i < chosen.size() && !IsDone(); ++i) {
      const uint64_t asker = chosen.At(i);
      CheckQuestion question = subjects_[asker / contexts_.size()];
      question.context = contexts_[asker % contexts_.size()];
      std::vector<CheckQuestion> questions;
      for (uint64_t k = 0; k < asked.size(); ++k) {
        const Goal& goal = goals_[asked.At(k, i)];
        question.resource = goal.object;
        question.permission = goal.member;
        questions.push_back(question);
      }
      AskAll(questions);
      askers_.push_back(question);
    }
  }

  void AskAll(const std::vector<CheckQuestion>& questions) {
    result_.pairs += questions.size();
    for (const CheckQuestion& question : questions) {
      if (auto wrong = agreement_->OfCheck(question)) return Note(wrong);
    }
    if (auto wrong = agreement_->OfBatch(questions)) Note(wrong->text);
  }

  // For those subjects whose meaning is known from the pairs; all of them, unless the world is too
  // large.
  void AskTrees() {
    const uint64_t trees = goals_.size() * contexts_.size();
    result_.listings_of_world += trees;
    if (trees == 0) return;
    std::map<std::string, std::vector<ObjectRef>> known;
    for (const CheckQuestion& each : askers_) {
      if (!each.subject.relation.empty() || KindOf(each.subject.type) != Kind::kDefinition) continue;
      known[each.context].push_back({each.subject.type, each.subject.id});
    }
    const Sample chosen(trees, bounds_.listings_max);
    for (uint64_t i = 0; i < chosen.size() && !IsDone(); ++i, ++result_.listings) {
      const Goal& goal = goals_[chosen.At(i) / contexts_.size()];
      const std::string& context = contexts_[chosen.At(i) % contexts_.size()];
      Note(agreement_->OfExpand({.resource = goal.object, .permission = goal.member, .context = context},
                                known[context]));
    }
  }

  void AskResources() {
    result_.listings_of_world += subjects_.size() * contexts_.size() * members_.size();
    const uint64_t known = askers_.size() * members_.size();
    if (known == 0) return;
    const Sample chosen(known, bounds_.listings_max);
    for (uint64_t i = 0; i < chosen.size() && !IsDone(); ++i, ++result_.listings) {
      const CheckQuestion& asker = askers_[chosen.At(i) / members_.size()];
      const Goal& member = members_[chosen.At(i) % members_.size()];
      Note(agreement_->OfResources({.resource_type = member.object.type,
                                    .permission = member.member,
                                    .subject = asker.subject,
                                    .task = asker.task,
                                    .context = asker.context},
                                   paging()));
    }
  }

  // Every object of the type is held against the listing, so this is asked only where all of them
  // can be afforded.
  void AskSubjects() {
    const uint64_t kinds = subject_kinds_.size() * contexts_.size();
    const uint64_t all = goals_.size() * kinds;
    result_.listings_of_world += all;
    if (all == 0 || subjects_.size() * contexts_.size() > SubjectsMax()) return;
    const Sample chosen(all, bounds_.listings_max);
    for (uint64_t i = 0; i < chosen.size() && !IsDone(); ++i, ++result_.listings) {
      const Goal& goal = goals_[chosen.At(i) / kinds];
      const auto& [type, relation] = subject_kinds_[chosen.At(i) % kinds / contexts_.size()];
      Note(agreement_->OfSubjects({.resource = goal.object,
                                   .permission = goal.member,
                                   .subject_type = type,
                                   .subject_relation = relation,
                                   .context = contexts_[chosen.At(i) % contexts_.size()]},
                                  paging()));
    }
  }

  const Schema& schema_;
  const ReferenceWorld& world_;
  const std::vector<std::string> contexts_;
  const AgreementBounds bounds_;
  std::set<ObjectRef> objects_;
  std::vector<Goal> goals_;    // All that may be asked about.
  std::vector<Goal> members_;  // The same by type.
  std::vector<CheckQuestion> subjects_;
  std::vector<std::pair<std::string, std::string>> subject_kinds_;  // A type, and a relation or none.
  std::vector<CheckQuestion> askers_;                               // Subjects and contexts that pairs were asked for.
  std::unique_ptr<ReferenceEvaluator> reference_;
  std::unique_ptr<Agreement> agreement_;
  WorldAgreement result_;
};

}  // namespace

WorldAgreement AgreeOnWorld(const EngineView& engine, const ReferenceWorld& world,
                            const std::vector<std::string>& contexts, const AgreementBounds& bounds) {
  return WorldQuestions(engine, world, contexts, bounds).Run();
}

absl::StatusOr<ReferenceWorld> ReadReferenceWorld(std::shared_ptr<const Schema> schema, const Snapshot& snapshot,
                                                  absl::Time now, size_t chain_agents_max, size_t relationships_max) {
  ReferenceWorld world{std::move(schema), {}, now, chain_agents_max};
  auto cursor = snapshot.Read({}, std::nullopt);
  for (; cursor->Valid(); cursor->Next()) {
    if (world.relationships.size() == relationships_max) {
      return absl::ResourceExhaustedError(Cat("it holds more than ", relationships_max, " relationships"));
    }
    const TupleRow& row = cursor->row();
    world.relationships.push_back({ToRelationship(row, snapshot.names()), row.edge.written, row.edge.born});
  }
  if (!cursor->status().ok()) return cursor->status();
  return world;
}

}  // namespace mandate
