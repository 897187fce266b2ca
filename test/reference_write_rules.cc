#include "test/reference_write_rules.h"

namespace mandate {
namespace {

Kind KindOf(const Schema& schema, std::string_view type) { return schema.definition(*schema.FindType(type)).kind; }

// The tasks and sessions that a write names, as the object or as the subject of what it stores.
std::set<ObjectRef> NamedBy(const Schema& schema, const std::vector<TupleChange>& changes) {
  std::set<ObjectRef> named;
  for (const TupleChange& change : changes) {
    if (change.op == ChangeOp::kDelete) continue;
    const Relationship& r = change.relationship;
    for (const ObjectRef& object : {r.resource, ObjectRef{r.subject.type, r.subject.id}}) {
      const Kind kind = KindOf(schema, object.type);
      if (kind == Kind::kTask || kind == Kind::kSession) named.insert(object);
    }
  }
  return named;
}

std::vector<SubjectRef> Subjects(const ReferenceStore& store, const ObjectRef& object, std::string_view relation) {
  std::vector<SubjectRef> subjects;
  for (const StoredRelationship& stored : store.All()) {
    const Relationship& r = stored.relationship;
    if (r.resource == object && r.relation == relation) subjects.push_back(r.subject);
  }
  return subjects;
}

bool Contains(const std::vector<SubjectRef>& subjects, const SubjectRef& subject) {
  for (const SubjectRef& each : subjects) {
    if (each == subject) return true;
  }
  return false;
}

// Does some object come back to itself over `relation`, from object to subject?
bool HasCycle(const ReferenceStore& store, std::string_view relation) {
  std::set<std::pair<ObjectRef, ObjectRef>> reaches;
  for (const StoredRelationship& stored : store.All()) {
    const Relationship& r = stored.relationship;
    if (r.relation == relation) reaches.insert({r.resource, {r.subject.type, r.subject.id}});
  }
  for (size_t before = 0; before != reaches.size();) {
    before = reaches.size();
    const auto known = reaches;
    for (const auto& [a, b] : known) {
      for (const auto& [c, d] : known) {
        if (b == c) reaches.insert({a, d});
      }
    }
  }
  for (const auto& [from, to] : reaches) {
    if (from == to) return true;
  }
  return false;
}

void JudgeBirth(const Schema& schema, const ReferenceStore& after, const ObjectRef& object,
                std::set<std::string>& faults) {
  if (KindOf(schema, object.type) == Kind::kSession) {
    if (Subjects(after, object, "agent").size() != 1 || Subjects(after, object, "task").size() != 1) {
      faults.insert("INCOMPLETE");
    }
    return;
  }
  const auto delegators = Subjects(after, object, "delegator");
  const auto parents = Subjects(after, object, "parent_task");
  if (delegators.size() != 1) {
    faults.insert("INCOMPLETE");
    return;
  }
  const SubjectRef& delegator = delegators[0];
  if (KindOf(schema, delegator.type) != Kind::kAgent) {
    if (!parents.empty()) faults.insert("DELEGATOR_NOT_DELEGATE");
    return;
  }
  if (parents.size() != 1) {
    faults.insert("INCOMPLETE");
    faults.insert("DELEGATOR_NOT_DELEGATE");  // An agent as delegator without its parent.
    return;
  }
  const ObjectRef parent{parents[0].type, parents[0].id};
  if (!Contains(Subjects(after, parent, "delegated_for_task"), delegator)) {
    faults.insert("DELEGATOR_NOT_DELEGATE");
  }
}

}  // namespace

std::set<std::string> ReferenceWriteRules::Judge(const Schema& schema, const ReferenceStore& before,
                                                 const ReferenceStore& after,
                                                 const std::vector<TupleChange>& changes) const {
  std::set<std::string> faults;
  for (const ObjectRef& object : NamedBy(schema, changes)) {
    if (!named_.contains(object)) JudgeBirth(schema, after, object, faults);
  }
  for (const TupleChange& change : changes) {
    if (change.op == ChangeOp::kDelete) continue;
    const Relationship& r = change.relationship;
    const Kind kind = KindOf(schema, r.resource.type);
    const bool is_of_birth = (kind == Kind::kTask && (r.relation == "delegator" || r.relation == "parent_task")) ||
                             (kind == Kind::kSession && (r.relation == "agent" || r.relation == "task"));
    if (is_of_birth && named_.contains(r.resource)) faults.insert("IMMUTABLE");
    if (kind == Kind::kTask && r.relation == "scope" && sealed_.contains(r.resource)) {
      const StoredRelationship* stored = before.Find(r);
      const bool is_same_or_shorter = stored != nullptr && stored->relationship.expires_at >= r.expires_at &&
                                      stored->relationship.caveat == r.caveat &&
                                      stored->relationship.caveat_context == r.caveat_context;
      if (!is_same_or_shorter) faults.insert("SCOPE_SEALED");
    }
  }
  if (HasCycle(after, "acts_on_behalf_of") || HasCycle(after, "parent_task")) faults.insert("CYCLE");
  return faults;
}

void ReferenceWriteRules::Admit(const Schema& schema, const std::vector<TupleChange>& changes) {
  for (const ObjectRef& object : NamedBy(schema, changes)) named_.insert(object);
  for (const TupleChange& change : changes) {
    const Relationship& r = change.relationship;
    if (change.op == ChangeOp::kDelete) continue;
    if (KindOf(schema, r.subject.type) == Kind::kTask) sealed_.insert({r.subject.type, r.subject.id});
  }
}

}  // namespace mandate
