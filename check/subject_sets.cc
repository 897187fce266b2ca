// What is found must be neither more nor less than what the evaluator finds on its way down (evaluator_expand.cc), or a
// question would have two answers:
//
// - Both go over the same rows: those of a relation whose form the schema allows now, that have not expired. The way up
//   reads them from the reverse index, which every commit writes together with the forward one.
// - A row with a caveat is never judged here. What hangs on one is a "may be", and the evaluator walks down there as if
//   nothing were known; only what is certain on the way up, or not even a "may be", is taken from here.
// - A subject that is a set itself stands in that very set. `user:*` stands for every object of the type, not for sets.
// - An item on every object (`document:*#view`) is nobody's set, on either way.
//
// A membership is certain by the first certain way that was found; another might last longer. That can make an answer's
// valid_until early, never late.
#include "check/subject_sets.h"

#include "check/evaluator.h"
#include "check/plan.h"
#include "schema/text.h"

namespace mandate {

SetPlan::SetPlan(const Schema& schema)
    : plain_sets_(schema.members().size(), false),
      of_object_(schema.definitions().size()),
      of_everybody_(schema.definitions().size()),
      of_set_(schema.members().size()) {
  const auto index = [](MemberId id) { return static_cast<size_t>(id); };
  // Plain until something says otherwise: circles of groups are plain.
  std::vector<bool> plain(schema.members().size());
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = !schema.members()[i].is_permission;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < plain.size(); ++i) {
      if (!plain[i]) continue;
      for (const SubjectType& allowed : schema.members()[i].subject_types) {
        if (allowed.relation == MemberId::kNone || plain[index(allowed.relation)]) continue;
        plain[i] = false;
        changed = true;
        break;
      }
    }
  }
  for (const Member& member : schema.members()) {
    for (const SubjectType& allowed : member.subject_types) {
      if (allowed.relation == MemberId::kNone || !plain[index(allowed.relation)]) continue;
      plain_sets_[index(allowed.relation)] = true;
    }
  }
  const auto add = [](std::vector<MemberId>& to, MemberId set) {
    if (to.empty() || to.back() != set) to.push_back(set);
  };
  for (size_t i = 0; i < plain_sets_.size(); ++i) {
    if (!plain_sets_[i]) continue;
    const auto set = static_cast<MemberId>(i);
    for (const SubjectType& allowed : schema.members()[i].subject_types) {
      if (allowed.relation != MemberId::kNone) {
        add(of_set_[index(allowed.relation)], set);
      } else {
        add((allowed.wildcard ? of_everybody_ : of_object_)[static_cast<size_t>(allowed.type)], set);
      }
    }
  }
}

const SubjectSets::Membership* SubjectSets::Find(MemberId set, std::string_view id) const {
  const auto sets = sets_.find(set);
  if (sets == sets_.end()) return nullptr;
  const auto found = sets->second.memberships.find(AbslView(id));
  return found == sets->second.memberships.end() ? nullptr : &found->second;
}

const std::vector<std::string>& SubjectSets::Of(MemberId set) const {
  static const std::vector<std::string> none;
  const auto sets = sets_.find(set);
  return sets == sets_.end() ? none : sets->second.ids;
}

class SubjectSetsFinder {
 public:
  SubjectSetsFinder(const Plan& plan, const Snapshot& snapshot, absl::Time now, Budget* budget, size_t rows_max)
      : plan_(plan), snapshot_(snapshot), now_(now), budget_(*budget), rows_left_(rows_max) {}

  absl::StatusOr<SubjectSets> Find(const SubjectTerm& subject) {
    const SetPlan& sets = plan_.sets();
    constexpr SubjectSets::Membership kItself{.certain = true};
    const SubjectKey key{plan_.name(subject.type), subject.id, plan_.name(subject.relation)};
    if (subject.relation == MemberId::kNone) {
      if (absl::Status s = GoUp(key, sets.Holding(subject.type), kItself); !s.ok()) return s;
      const SubjectKey everybody{key.type, "*", NameId::kNone};
      if (absl::Status s = GoUp(everybody, sets.HoldingEverybody(subject.type), kItself); !s.ok()) return s;
    } else {
      if (sets.IsPlainSet(subject.relation)) {
        Add(subject.relation, subject.id, kItself);
      } else if (absl::Status s = GoUp(key, sets.Holding(subject.relation), kItself); !s.ok()) {
        return s;
      }
    }
    while (!work_.empty() && !exhausted_) {
      const auto [set, id] = std::move(work_.back());
      work_.pop_back();
      const SubjectSets::Membership membership = found_.sets_[set].memberships[id];
      const TypeId type = plan_.schema().member(set).type;
      const SubjectKey as_subject{plan_.name(type), id, plan_.name(set)};
      if (absl::Status s = GoUp(as_subject, sets.Holding(set), membership); !s.ok()) return s;
    }
    found_.complete = !exhausted_;
    return std::move(found_);
  }

 private:
  // The sets that hold `subject`, which is a member of what it stands for as `via` says.
  absl::Status GoUp(const SubjectKey& subject, const std::vector<MemberId>& holding, SubjectSets::Membership via) {
    for (const MemberId set : holding) {
      const TypeId type = plan_.schema().member(set).type;
      auto cursor = snapshot_.Resources(subject, plan_.name(type), plan_.name(set), "");
      for (; cursor->Valid(); cursor->Next()) {
        if (absl::Status status = budget_.Charge(1, kSetBytes); !status.ok()) return status;
        if (rows_left_ == 0) {
          exhausted_ = true;
          return absl::OkStatus();
        }
        --rows_left_;
        const Edge& edge = cursor->row().edge;
        if (!edge.LiveAt(now_)) continue;
        const bool certain = via.certain && edge.caveat == NameId::kNone;
        Add(set, cursor->row().resource.id, {certain, std::min(via.until, edge.expires_at)});
      }
      if (!cursor->status().ok()) return cursor->status();
    }
    return absl::OkStatus();
  }

  // Each set is walked on from when it is found, and once more when it turns out to be certain.
  void Add(MemberId set, std::string_view id, SubjectSets::Membership membership) {
    SubjectSets::Sets& sets = found_.sets_[set];
    auto [at, is_new] = sets.memberships.try_emplace(std::string(id), membership);
    if (is_new) {
      sets.ids.emplace_back(id);
    } else if (membership.certain && !at->second.certain) {
      at->second = membership;
    } else {
      return;
    }
    work_.emplace_back(set, std::string(id));
  }

  static constexpr uint64_t kSetBytes = 160;

  const Plan& plan_;
  const Snapshot& snapshot_;
  const absl::Time now_;
  Budget& budget_;
  size_t rows_left_;
  bool exhausted_ = false;
  SubjectSets found_;
  std::vector<std::pair<MemberId, std::string>> work_;
};

absl::StatusOr<SubjectSets> FindSubjectSets(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                            const SubjectTerm& subject, Budget* budget, size_t rows_max) {
  return SubjectSetsFinder(plan, snapshot, now, budget, rows_max).Find(subject);
}

}  // namespace mandate
