// Two facts are kept for ever beside the relationships, because relationships can be deleted and collected: `born`,
// that the id of a task or session was ever named, and `sealed`, that a task ever had a session or a child. With them:
//
//   first write that names errand:1   no fact `born`: its delegator must come in this write; fact written with it
//   any later write                   fact `born`: delegator, parent_task, agent, task of it are refused
//   run:7#task@errand:1               fact `sealed` for errand:1, after the scope items of this write were judged
//
// Deletions name nothing: what is not stored stays unborn, and what is stored was born.
#include "check/delegation_rules.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// A walk over acts_on_behalf_of or parent_task longer than this is refused: it guards the commit, which nobody else
// can enter meanwhile.
constexpr size_t kWalkMax = 100'000;

absl::Status Refused(std::string message, std::string_view reason) {
  return WithReason(absl::FailedPreconditionError(std::move(message)), reason);
}

// An object named in the write, in order of text so that errors do not depend on hashing.
struct Named {
  TypeId type;
  std::string id;
  friend auto operator<=>(const Named&, const Named&) = default;
};

class Rules {
 public:
  Rules(const Plan& plan, PendingWrite& write) : plan_(plan), schema_(plan.schema()), write_(write) {}

  absl::Status Admit() {
    Sort();
    // The order only decides which of several faults is named first.
    for (auto part : {&Rules::CheckBirths, &Rules::CheckActing, &Rules::CheckParents, &Rules::CheckScopes}) {
      if (absl::Status status = (this->*part)(); !status.ok()) return status;
    }
    for (const Named& task : newly_sealed_) write_.SetFact(SealedKey(task), Stamp());
    return absl::OkStatus();
  }

 private:
  struct ReservedChange {
    const PendingChange* pending;
    Reserved reserved;
    Named object;
    Named subject;
  };

  // What of the write concerns delegation: reserved relations written, tasks and sessions named.
  void Sort() {
    for (const PendingChange& pending : write_.changes()) {
      if (pending.change->op == ChangeOp::kDelete) continue;
      const Relationship& relationship = pending.change->relationship;
      if (!ConcernsDelegation(schema_, relationship)) continue;
      auto type = schema_.FindType(relationship.resource.type);
      auto subject_type = schema_.FindType(relationship.subject.type);
      if (!type || !subject_type) continue;
      const Named object{*type, relationship.resource.id};
      const Named subject{*subject_type, relationship.subject.id};
      for (const Named& named : {object, subject}) {
        const Kind kind = KindOf(named);
        if (kind == Kind::kTask || kind == Kind::kSession) named_.insert(named);
      }
      auto member = schema_.FindMember(*type, relationship.relation);
      if (!member || schema_.member(*member).reserved == Reserved::kNone) continue;
      changes_.push_back({&pending, schema_.member(*member).reserved, object, subject});
    }
  }

  absl::Status CheckBirths() {
    absl::btree_set<Named> born_before;
    for (const Named& named : named_) {
      auto born = write_.after().Fact(BornKey(named));
      if (!born.ok()) return born.status();
      if (born->has_value()) {
        born_before.insert(named);
        continue;
      }
      if (absl::Status status = CheckComplete(named); !status.ok()) return status;
      write_.SetFact(BornKey(named), Stamp());
    }
    for (const ReservedChange& change : changes_) {
      const bool written_once = change.reserved == Reserved::kDelegator || change.reserved == Reserved::kParentTask ||
                                change.reserved == Reserved::kAgent || change.reserved == Reserved::kTask;
      if (!written_once) continue;
      if (born_before.contains(change.object)) {
        return Refused(Cat("`", ToText(change.pending->change->relationship), "`: `", Text(change.object),
                           "` was named before, and what makes it is written once, with "
                           "its first write; use a new id"),
                       "IMMUTABLE");
      }
      if (change.reserved == Reserved::kTask || change.reserved == Reserved::kParentTask) {
        newly_sealed_.insert(change.subject);
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckComplete(const Named& named) {
    using Need = std::pair<Reserved, const char*>;
    const std::vector<Need> needs = KindOf(named) == Kind::kTask
                                        ? std::vector<Need>{{Reserved::kDelegator, "delegator"}}
                                        : std::vector<Need>{{Reserved::kAgent, "agent"}, {Reserved::kTask, "task"}};
    for (const auto& [reserved, name] : needs) {
      auto holders = After(named, reserved);
      if (!holders.ok()) return holders.status();
      if (holders->size() == 1) continue;
      return Refused(Cat("`", Text(named), "` is named for the first time ",
                         holders->empty() ? "without its `" : "with more than one `", name, "`; write exactly one `",
                         Text(named), "#", name, "@...` in the same write"),
                     "INCOMPLETE");
    }
    return absl::OkStatus();
  }

  // D#acts_on_behalf_of@A closes a cycle exactly if D is already among those that act, at any remove, for A. Only
  // agents can be: a principal is nobody's agent.
  absl::Status CheckActing() {
    for (const ReservedChange& change : changes_) {
      if (change.reserved != Reserved::kActsOnBehalfOf) continue;
      if (KindOf(change.object) != Kind::kAgent) continue;
      std::vector<Named> work{change.subject};
      absl::btree_set<Named> seen{change.subject};
      while (!work.empty()) {
        const Named agent = work.back();
        work.pop_back();
        if (agent == change.object) {
          return Refused(Cat("`", ToText(change.pending->change->relationship), "` would let `", Text(agent),
                             "` act on its own behalf; delete the edge that closes the "
                             "cycle first"),
                         "CYCLE");
        }
        if (seen.size() > kWalkMax) return TooLong("acts_on_behalf_of");
        auto next = After(agent, Reserved::kActsOnBehalfOf);
        if (!next.ok()) return next.status();
        for (Named& named : *next) {
          if (seen.insert(named).second) work.push_back(std::move(named));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckParents() {
    for (const Named& task : named_) {
      if (KindOf(task) != Kind::kTask) continue;
      auto delegators = After(task, Reserved::kDelegator);
      if (!delegators.ok()) return delegators.status();
      auto parents = After(task, Reserved::kParentTask);
      if (!parents.ok()) return parents.status();
      // Without its delegator a task is dead, and complete ones are judged where they are born.
      if (delegators->size() != 1) continue;
      if (absl::Status status = CheckParentCycle(task); !status.ok()) return status;
      const Named& delegator = delegators->front();
      const bool from_agent = KindOf(delegator) == Kind::kAgent;
      if (!WrittenNow(task)) continue;
      if (from_agent != (parents->size() == 1) || parents->size() > 1) {
        return Refused(Cat("`", Text(task), "` was delegated by `", Text(delegator),
                           from_agent ? "`, an agent, so it needs exactly one `parent_task` in the same write"
                                      : "`, which is no agent, so it can have no `parent_task`"),
                       "DELEGATOR_NOT_DELEGATE");
      }
      if (!from_agent) continue;
      auto delegated = Stored(parents->front(), Reserved::kDelegatedForTask, delegator);
      if (!delegated.ok()) return delegated.status();
      if (!*delegated) {
        return Refused(Cat("`", Text(delegator), "` cannot delegate `", Text(task), "`: its parent `",
                           Text(parents->front()), "` was not delegated to it; write `", Text(parents->front()),
                           "#delegated_for_task@", Text(delegator), "` first"),
                       "DELEGATOR_NOT_DELEGATE");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckParentCycle(const Named& task) {
    Named current = task;
    absl::btree_set<Named> seen{task};
    while (seen.size() <= kWalkMax) {
      auto parents = After(current, Reserved::kParentTask);
      if (!parents.ok()) return parents.status();
      if (parents->empty()) return absl::OkStatus();
      current = parents->front();
      // The cycle need not go through the task itself: it may lie above it.
      if (!seen.insert(current).second) {
        return Refused(Cat("`", Text(current), "` would be its own `parent_task`"), "CYCLE");
      }
    }
    return TooLong("parent_task");
  }

  absl::Status CheckScopes() {
    for (const ReservedChange& change : changes_) {
      if (change.reserved != Reserved::kScope) continue;
      auto sealed = write_.after().Fact(SealedKey(change.object));
      if (!sealed.ok()) return sealed.status();
      if (!sealed->has_value()) continue;
      const std::optional<Edge>& before = change.pending->before;
      const Relationship& item = change.pending->change->relationship;
      const bool shortened = before.has_value() && item.expires_at <= before->expires_at &&
                             item.caveat == write_.before().names().Name(before->caveat) &&
                             item.caveat_context == before->caveat_context;
      if (shortened) continue;
      return Refused(Cat("`", ToText(item), "`: the scope of `", Text(change.object),
                         "` is sealed since it had its first session or child; items may "
                         "only be deleted or expire sooner; open a new task"),
                     "SCOPE_SEALED");
    }
    return absl::OkStatus();
  }

  // True if this write brings the task's delegator or parent: only then its shape can be new.
  bool WrittenNow(const Named& task) const {
    for (const ReservedChange& change : changes_) {
      if (change.object == task &&
          (change.reserved == Reserved::kDelegator || change.reserved == Reserved::kParentTask)) {
        return true;
      }
    }
    return false;
  }

  // The subjects of a reserved relation after the write, expired or not.
  absl::StatusOr<std::vector<Named>> After(const Named& object, Reserved reserved) {
    std::vector<Named> subjects;
    const MemberId relation = schema_.definition(object.type).reserved(reserved);
    if (relation == MemberId::kNone) return subjects;
    auto cursor =
        write_.after().Subjects({plan_.name(object.type), object.id}, plan_.name(relation), SubjectsOf::kDirect);
    for (; cursor->Valid(); cursor->Next()) {
      const TupleRow& row = cursor->row();
      subjects.push_back({plan_.TypeOf(row.subject.type), std::string(row.subject.id)});
      if (subjects.back().type == TypeId::kNone) {
        return absl::DataLossError(Cat("`", Text(object), "` holds a subject of a type the schema lacks"));
      }
      if (subjects.size() > kWalkMax) return TooLong(schema_.member(relation).name);
    }
    if (!cursor->status().ok()) return cursor->status();
    return subjects;
  }

  absl::StatusOr<bool> Stored(const Named& object, Reserved reserved, const Named& subject) {
    const MemberId relation = schema_.definition(object.type).reserved(reserved);
    if (relation == MemberId::kNone) return false;
    auto edge = write_.after().Find({plan_.name(object.type), object.id}, plan_.name(relation),
                                    {plan_.name(subject.type), subject.id, NameId::kNone});
    if (!edge.ok()) return edge.status();
    return edge->has_value();
  }

  absl::Status TooLong(std::string_view relation) const {
    return WithReason(absl::ResourceExhaustedError(Cat("the write would have to follow more than ", kWalkMax, " `",
                                                       relation, "` edges to be judged")),
                      "DELEGATION_TOO_LARGE");
  }

  Kind KindOf(const Named& named) const { return schema_.definition(named.type).kind; }
  std::string Text(const Named& named) const { return Cat(schema_.definition(named.type).name, ":", named.id); }
  std::string BornKey(const Named& named) const { return Cat("born ", Text(named)); }
  std::string SealedKey(const Named& named) const { return Cat("sealed ", Text(named)); }
  std::string Stamp() const { return Cat(write_.revision().value()); }

  const Plan& plan_;
  const Schema& schema_;
  PendingWrite& write_;
  absl::btree_set<Named> named_;
  absl::btree_set<Named> newly_sealed_;
  std::vector<ReservedChange> changes_;
};

}  // namespace

bool ConcernsDelegation(const Schema& schema, const Relationship& relationship) {
  const auto type = schema.FindType(relationship.resource.type);
  const auto subject_type = schema.FindType(relationship.subject.type);
  if (!type || !subject_type) return false;
  for (const TypeId named : {*type, *subject_type}) {
    const Kind kind = schema.definition(named).kind;
    if (kind == Kind::kTask || kind == Kind::kSession) return true;
  }
  const auto member = schema.FindMember(*type, relationship.relation);
  return member && schema.member(*member).reserved != Reserved::kNone;
}

absl::Status AdmitDelegation(const Plan& plan, PendingWrite& write) {
  if (!plan.schema().has_delegation()) return absl::OkStatus();
  return Rules(plan, write).Admit();
}

}  // namespace mandate
