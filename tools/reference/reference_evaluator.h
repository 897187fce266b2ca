// reference_evaluator.h: what every question means, straight from the definitions, too simple to be
// wrong.
//
//   ReferenceEvaluator reference({schema, relationships, now}, {{"document", "plan"}});
//   ReferenceAnswer answer = reference.Check(question);
//   reference.MeaningFor({"user", "alice", ""}, "").Of({"document", "plan"}, "view").truth;
//
// For one subject and one context it makes a goal of every expression on every object, with a step
// to each goal that it is defined by (goal_graph.h). A step over a relationship whose caveat is not
// decided is open. What depends on its own absence has no answer, and there the engine must say
// CYCLE_THROUGH_EXCLUSION; what hinges on a caveat that cannot be evaluated has none either, for
// that caveat's reason.
//
// It shares with the engine the compiled expressions of the Schema, the programs of single caveats,
// and the types of question and answer, nothing else.
//
// Threads     Belongs to one thread.
// Ownership   Everything is copied.
// Costs       goal_graph.h, for each subject and context. For small worlds.
#ifndef MANDATE_TOOLS_REFERENCE_REFERENCE_EVALUATOR_H_
#define MANDATE_TOOLS_REFERENCE_REFERENCE_EVALUATOR_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "check/answer.h"
#include "check/question.h"
#include "schema/schema.h"
#include "storage/revision.h"
#include "tools/reference/goal_graph.h"
#include "tools/reference/reference_ledger.h"

namespace mandate {

// A relationship as it stands at some revision, with its ages (storage/snapshot.h, Edge).
struct StoredRelationship {
  Relationship relationship;
  Revision written;
  Revision born;
};

struct ReferenceWorld {
  std::shared_ptr<const Schema> schema;
  std::vector<StoredRelationship> relationships;
  absl::Time now;
  size_t chain_agents_max = 4;
  ReferenceLedger ledger;
};

// The objects of a world, by number.
class ReferenceObjects {
 public:
  // All that occur in it, its ledger included, and `more`.
  ReferenceObjects(const ReferenceWorld& world, const std::vector<ObjectRef>& more);
  // The number of the object, which is added when it is not there. `*` is no object.
  size_t Add(const ObjectRef& object);
  size_t Find(const ObjectRef& object) const { return numbers_.at(object); }
  size_t size() const { return all_.size(); }
  const ObjectRef& operator[](size_t number) const { return all_[number]; }

 private:
  std::map<ObjectRef, size_t> numbers_;
  std::vector<ObjectRef> all_;
};

// A stored relationship at a moment, knowing a context: expired or failed by its caveat it is not
// there at all.
struct LiveRelationship {
  const StoredRelationship* stored;
  std::optional<OpenCondition> open;  // Its caveat is not decided.
  size_t resource;
  MemberId relation;
  size_t subject;              // Meaningless for a wildcard.
  ExprId set = ExprId::kNone;  // Of a subject set, what it means on `subject`.
};

// The meaning of every member on every object, for one subject.
class ReferenceMeaning {
 public:
  // `subject` is an ordinary object, a subject set, or an item on every object of a type
  // (`document:*#view`). REQUIRES: schema and `live` outlive it.
  ReferenceMeaning(const Schema& schema, const ReferenceObjects& objects, const std::vector<LiveRelationship>& live,
                   const SubjectRef& subject);

  // REQUIRES: the object is one of `objects`, or the subject's; its type has the member.
  Verdict Of(const ObjectRef& object, std::string_view member) const;
  Verdict Of(const ObjectRef& object, ExprId expr) const;

 private:
  using Goal = GoalGraph::Id;

  Goal GoalOf(size_t object, ExprId expr) const { return first_goals_[object] + places_[static_cast<size_t>(expr)]; }
  // The goal's steps, by the definition of its operator; those of relationships come from
  // DefineOver.
  void Define(size_t object, ExprId expr);
  void DefineOver(const LiveRelationship& row);
  bool IsIdentity(const Expression& e, size_t object) const;

  const Schema& schema_;
  const SubjectRef subject_;
  ReferenceObjects objects_;
  std::vector<size_t> places_;     // Of each expression among those of its type.
  std::vector<Goal> first_goals_;  // Of each object.
  GoalGraph graph_;
};

struct ReferenceAnswer {
  Verdict verdict;
  DenialReason reason = DenialReason::kNone;
  std::string at;       // The edge, task or agent that `reason` failed at; empty for CLAIM_MISMATCH.
  std::string invalid;  // The reason of an INVALID_ARGUMENT; then nothing else is set.
  // Of a delegated question that is not denied: for whom, and on what task.
  std::optional<ObjectRef> principal;
  std::optional<ObjectRef> task;
  // Of one that is allowed: what the ledger holds of it once it is done.
  std::optional<ReferenceCall> call;
};

class ReferenceEvaluator {
 public:
  // `more` are objects that may be asked about besides those that occur in the world.
  ReferenceEvaluator(ReferenceWorld world, std::vector<ObjectRef> more)
      : world_(std::move(world)), more_(std::move(more)), objects_(world_, more_) {}
  ReferenceEvaluator(const ReferenceEvaluator&) = delete;
  ReferenceEvaluator& operator=(const ReferenceEvaluator&) = delete;

  // delegation.md, sections 3 to 5.
  // REQUIRES: the schema knows the question's types and its permission, which is not reserved; the resource occurs in
  // the world or in `more`, or is the subject.
  ReferenceAnswer Check(const CheckQuestion& question);

  // Section 5: the question's subject approves what it asks about, for the root of its task. Nothing: it may not, or no
  // rule asks for it.
  std::optional<ReferenceApproval> Approve(const CheckQuestion& question, absl::Time expires_at);

  // Both REQUIRE: the context is a JSON object, or empty.
  const ReferenceMeaning& MeaningFor(const SubjectRef& subject, const std::string& context);
  const std::vector<LiveRelationship>& LiveIn(const std::string& context);

  // The world with `contextual` on top, as if they were stored; without any, this one.
  ReferenceEvaluator& With(const std::vector<Relationship>& contextual);

  const ReferenceWorld& world() const { return world_; }

 private:
  bool AsksFor(MemberId wanted, const CheckQuestion& question);

  const ReferenceWorld world_;
  const std::vector<ObjectRef> more_;
  const ReferenceObjects objects_;
  std::map<std::string, std::vector<LiveRelationship>> live_;
  std::map<std::pair<SubjectRef, std::string>, ReferenceMeaning> meanings_;
  std::map<std::string, std::unique_ptr<ReferenceEvaluator>> with_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_REFERENCE_EVALUATOR_H_
