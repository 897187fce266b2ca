// reference_evaluator.h: what every question means, straight from the definitions, too simple to be
// wrong.
//
//   ReferenceEvaluator reference({schema, relationships, now}, {{"document", "plan"}});
//   ReferenceAnswer answer = reference.Check(question);
//   reference.MeaningFor({"user", "alice", ""}).Of({"document", "plan"}, "view");   // kNo,
//   kUndefined or kYes
//
// For one subject it fills a table of every expression on every object by iterating to the fixed
// point: no work list, no cache, no order of evaluation. Exclusion has the well-founded meaning
// (the alternating fixed point): what depends on its own absence is undefined, and there the engine
// must answer CYCLE_THROUGH_EXCLUSION.
//
// It shares with the engine the compiled expressions of the Schema and the types of question and
// answer, nothing else.
//
// Threads     A test's own.
// Ownership   Everything is copied.
// Costs       Objects times expressions times the length of the longest path, for each subject. For
// small worlds.
#ifndef MANDATE_TEST_REFERENCE_EVALUATOR_H_
#define MANDATE_TEST_REFERENCE_EVALUATOR_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "check/answer.h"
#include "check/question.h"
#include "schema/schema.h"
#include "storage/revision.h"

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
};

enum class Truth : uint8_t { kNo, kUndefined, kYes };
std::string_view TruthName(Truth truth);

// The meaning of every member on every object, for one subject.
class ReferenceMeaning {
 public:
  // `subject` is a person's object, a subject set, or an item on every object of a type
  // (`document:*#view`). `more` are objects that may be asked about besides those that occur in the
  // world.
  ReferenceMeaning(const ReferenceWorld& world, const SubjectRef& subject,
                   const std::vector<ObjectRef>& more);

  // REQUIRES: the object occurs in the world or in `more`; its type has the member.
  Truth Of(const ObjectRef& object, std::string_view member) const;
  Truth Of(const ObjectRef& object, ExprId expr) const;

 private:
  using Table = std::vector<bool>;  // by Slot(expression, object)

  // A stored, unexpired subject of some `object#relation`.
  struct Holder {
    SubjectRef subject;
    size_t object;  // The subject's object; meaningless for a wildcard.
  };

  size_t Slot(ExprId expr, size_t object) const {
    return static_cast<size_t>(expr) * objects_.size() + object;
  }
  void AddObject(const ObjectRef& object);
  const std::vector<Holder>& HoldersOf(size_t object, MemberId relation) const;

  // The least fixed point when the right side of each exclusion holds exactly where `assumed` says
  // so.
  Table LeastFixedPoint(const Table& assumed) const;
  bool Holds(const Expression& e, size_t object, const Table& table, const Table& assumed) const;
  bool RelationHolds(const Expression& e, size_t object, const Table& table) const;
  bool IsIdentity(const Expression& e, size_t object) const;

  std::shared_ptr<const Schema> schema_;
  SubjectRef subject_;
  std::vector<ObjectRef> objects_;
  std::map<ObjectRef, size_t> index_;
  std::map<std::pair<size_t, MemberId>, std::vector<Holder>> holders_;
  Table certain_;   // What holds.
  Table possible_;  // What holds or is undefined.
};

struct ReferenceAnswer {
  Truth allowed = Truth::kNo;
  DenialReason reason = DenialReason::kNone;
  std::string at;       // The edge, task or agent that `reason` failed at; empty for CLAIM_MISMATCH.
  std::string invalid;  // The reason of an INVALID_ARGUMENT; then nothing else is set.
  friend bool operator==(const ReferenceAnswer&, const ReferenceAnswer&) = default;
};
std::string ToText(const ReferenceAnswer& answer);

class ReferenceEvaluator {
 public:
  // `more` are objects that may be asked about besides those that occur in the world.
  ReferenceEvaluator(ReferenceWorld world, std::vector<ObjectRef> more)
      : world_(std::move(world)), more_(std::move(more)) {}

  // delegation.md, sections 3 and 4. REQUIRES: the schema knows the question's types and its
  // permission.
  ReferenceAnswer Check(const CheckQuestion& question);

  const ReferenceMeaning& MeaningFor(const SubjectRef& subject);
  const ReferenceWorld& world() const { return world_; }

 private:
  const ReferenceWorld world_;
  const std::vector<ObjectRef> more_;
  std::map<SubjectRef, ReferenceMeaning> meanings_;
};

}  // namespace mandate

#endif  // MANDATE_TEST_REFERENCE_EVALUATOR_H_
