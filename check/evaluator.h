// evaluator.h: does a subject have a permission, as the least fixed point over the stored relationships.
//
//   Evaluator evaluator(plan, *snapshot, &conditions, &budget, {.type = user, .id = "alice"}, Trace::kOff);
//   absl::StatusOr<Evaluator::Verdict> verdict = evaluator.Ask(view, "plan");
//
// It knows nothing of delegation: an agent, task or session is never its subject.
//
// Threads     One question (or a batch with one subject) on one thread.
// Ownership   Plan, snapshot, conditions and budget outlive it.
// Errors      RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED (budget.h); DATA_LOSS, UNAVAILABLE from storage;
//             FAILED_PRECONDITION (CYCLE_THROUGH_EXCLUSION) where the data make a permission depend on its own absence;
//             those of conditions.h where the answer hinges on a caveat that cannot be evaluated.
// Costs       One get for each relation that can hold the subject directly, one or two short scans for each object
//             walked. No recursion: depth of the data costs memory, charged to the budget, never stack.
#ifndef MANDATE_CHECK_EVALUATOR_H_
#define MANDATE_CHECK_EVALUATOR_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "check/budget.h"
#include "check/conditions.h"
#include "check/explanation.h"
#include "check/object_table.h"
#include "check/plan.h"
#include "check/subject_sets.h"
#include "storage/snapshot.h"

namespace mandate {

// Whom a question is about.
struct SubjectTerm {
  TypeId type = TypeId::kNone;
  std::string id;
  MemberId relation = MemberId::kNone;  // A subject set `type:id#relation`.
  bool any_object = false;              // The item `type:*#relation`: holds `relation` on every object of `type`.
};

// What is to be explained afterwards: nothing, the proof of an allowed answer, or also what was tried in vain.
enum class Trace { kOff, kProof, kOn };

// True for the error of a question that was asked to the end and has no answer: a circle through an exclusion, a caveat
// that cannot be evaluated, rules of a task whose past was retired. Other questions of the same kind may have one.
bool HasNoAnswer(const absl::Status& status);

class Evaluator {
 public:
  using NodeId = uint32_t;

  struct Verdict {
    Decision decision = Decision::kDenied;
    NodeId node = 0;                   // For the questions below; 0 when no relationship could matter.
    std::vector<std::string> missing;  // kConditional: the context that would decide it, sorted.
  };

  Evaluator(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget, SubjectTerm subject,
            Trace trace);

  // What later calls are charged to. REQUIRES: it outlives them.
  void set_budget(Budget* budget) { budget_ = budget; }

  // Does the subject have `member` (a relation or permission) on the object `object_id` of its type? Answers that are
  // final are kept for later calls.
  absl::StatusOr<Verdict> Ask(MemberId member, std::string_view object_id);

  // The earliest expiry that an allowed or denied verdict rests on. An absence counts with everything that blocked
  // somebody in this evaluator, and so does a denial: this may be early, never late.
  absl::Time ValidUntil(const Verdict& verdict) const;

  // Appends why. For an allowed verdict the proof; else what was tried, if Trace::kOn. REQUIRES: not Trace::kOff.
  // `root` names the question's own goal for a verdict without a node.
  void Explain(const Verdict& verdict, MemberId member, std::string_view object_id, uint32_t depth,
               Explanation* explanation) const;

 private:
  using ObjectId = ObjectTable::Index;
  using EdgeId = uint32_t;
  static constexpr uint32_t kNoIndex = 0xffffffff;
  static constexpr uint32_t kRightPlace = 0xffffffff;  // Link::place of an exclusion's right side

  // A stored relationship that was read and matters.
  struct EdgeRecord {
    ObjectId resource;
    MemberId relation;
    ObjectId subject;
    NameId subject_relation;
    JudgedEdge judged;
    Revision written;
    absl::Time expires_at;
  };

  // From a node to one that waits for it.
  struct Link {
    NodeId parent;
    NodeId child;
    uint32_t next;   // The next link of the same child.
    EdgeId edge;     // The relationship that leads from parent to child, or kNoIndex.
    uint32_t place;  // Which child of the parent.
  };

  enum class Right : uint8_t { kUnasked, kAsking, kNo, kMaybe, kYes };

  // One goal: an expression asked of an object. `possible` and `holds` only ever rise; what has not risen when a
  // stratum has nothing left to do is false.
  struct Node {
    ExprId expr;
    ObjectId object;
    bool possible = false;
    bool holds = false;
    bool undefined = false;         // It depends on its own absence, or on a goal that does.
    bool left_holds = false;        // kExclusion
    Right right = Right::kUnasked;  // kExclusion
    uint32_t links = kNoIndex;
    // What made it hold: a child over `proof_edge`, or for a relation the edge alone.
    NodeId proof_child = 0;
    EdgeId proof_edge = kNoIndex;
    // kIntersection and kArrowAll: how many children were opened, may hold, hold.
    uint32_t opened = 0;
    uint32_t possible_children = 0;
    uint32_t holding_children = 0;
    uint32_t certain_edges = 0;     // kArrowAll
    uint32_t certain_possible = 0;  // kArrowAll: children over certain edges that may hold
    uint32_t children = kNoIndex;   // Index into child_lists_: children that are all part of the proof.
    NodeId right_node = 0;          // kExclusion
    uint32_t reads = 0;             // Rows read for it.
  };

  // How right sides of exclusions are treated: each in a stratum of its own, unless they form a circle.
  enum class Mode : uint8_t {
    kStrata,
    kDiscover,  // Every goal that could matter is opened in one stratum; `holds` does not rise.
    kReplay,    // The opened goals rise once more, with every right side decided beforehand.
  };

  // What the store alone made rise, kept to be replayed.
  struct Leaf {
    NodeId node;
    EdgeId edge;
    EdgeState state;
  };
  using NodeSet = std::vector<bool>;  // by NodeId, from the first goal of the circle's graph on

  enum class Task : uint8_t { kExpand, kScan, kAskRight };
  struct Work {
    NodeId node;
    Task task;
  };

  // A child rose; its parent over `link` is to hear of it. Each link hears of each rise exactly once.
  struct Event {
    Link link;
    NodeId child;
    bool holds;
  };

  // One monotone evaluation: unions, intersections, arrows. The right side of an exclusion is a stratum of its own,
  // finished before the exclusion that waits for it goes on.
  struct Stratum {
    NodeId root = 0;
    NodeId waiting = 0;  // The exclusion in the stratum below; 0 for the question itself.
    uint64_t root_key = 0;
    // Cheapest first: point gets, right sides whose left side holds, scans, right sides whose left side may hold.
    std::vector<Work> queues[4];
    absl::flat_hash_map<uint64_t, NodeId> nodes;
  };

  struct ChildRef {
    NodeId node;
    EdgeId edge;
  };

  // A conditional relationship by which a goal may hold: over it a child (0: the relationship is enough).
  struct ConditionalArc {
    NodeId parent;
    NodeId child;
    EdgeId edge;
  };

  // Links and conditional arcs by their upper end, as far as they were needed.
  struct Below {
    size_t links_seen = 0;
    size_t arcs_seen = 0;
    absl::flat_hash_map<NodeId, std::vector<NodeId>> children;
    absl::flat_hash_map<NodeId, std::vector<ConditionalArc>> arcs;
  };

  static uint64_t Key(ExprId expr, ObjectId object) { return static_cast<uint64_t>(expr) << 32 | object; }
  const Expression& expression(NodeId node) const { return plan_.schema().expression(nodes_[node].expr); }
  // Roots of definitions' members may be satisfied by the subject being that very set.
  bool IsIdentity(const Expression& expression, ObjectId object) const;

  EdgeId AddEdge(ObjectId resource, MemberId relation, ObjectId subject, NameId subject_relation, const Edge& edge,
                 JudgedEdge judged);

  // evaluator.cc: the monotone machine.
  absl::StatusOr<NodeId> Answer(ExprId expr, ObjectId object);
  absl::Status Run();
  absl::Status Step(const Work& work);
  absl::Status AskRight(NodeId exclusion);
  void OpenStratum(ExprId expr, ObjectId object, NodeId waiting);
  void CloseStratum(bool quiet);
  void SettleExclusion(NodeId exclusion, Right right, NodeId right_node);
  void RiseFromStore(NodeId node, EdgeId edge, EdgeState state);
  void SetPossible(NodeId node);
  void SetHolds(NodeId node, NodeId proof_child, EdgeId proof_edge);
  void Drain();
  void OnPossible(const Event& event);
  void OnHolds(const Event& event);
  void OpenNextOfIntersection(NodeId node);
  void CheckArrowAll(NodeId node);

  // evaluator_circles.cc: goals that exclude each other in circles.
  absl::StatusOr<NodeId> AnswerCircle(ExprId expr, ObjectId object);
  void OpenRight(NodeId exclusion);
  NodeSet Replay(NodeId first, const NodeSet& blocked, bool Node::*risen);
  void SettleCircle(NodeId first, const NodeSet& possible);
  void MarkUndefined(NodeId first);
  std::vector<NodeId> CircleMembers(NodeId first) const;

  // evaluator_expand.cc: from a goal to its sub-goals, reading storage.
  NodeId OpenNode(ExprId expr, ObjectId object, NodeId parent, EdgeId edge, uint32_t place);
  absl::Status Expand(NodeId node);
  absl::Status ExpandRelation(NodeId node, const Expression& expression);
  absl::Status TryDirect(NodeId node, const Expression& expression, std::string_view subject_id,
                         NameId subject_relation);
  absl::Status Scan(NodeId node);
  absl::Status ScanSubjectSets(NodeId node, const Expression& expression);
  absl::StatusOr<bool> HasSubjectSets();
  absl::Status AskSubjectSets(NodeId node, const Expression& expression, const SubjectType& set);
  absl::Status TakeSetRow(NodeId node, const Expression& expression, const SubjectType& set, std::string_view set_id,
                          const Edge& edge);
  absl::Status ScanArrow(NodeId node, const Expression& expression);
  // The queues, what costs least first.
  static constexpr size_t kGets = 0;
  static constexpr size_t kRights = 1;
  static constexpr size_t kScans = 2;
  static constexpr size_t kDoubtfulRights = 3;
  void Schedule(NodeId node, Task task, size_t queue);
  void NoteChild(NodeId parent, NodeId child, EdgeId edge);

  // evaluator_proof.cc
  struct Frame;
  absl::Time ProofExpiry(NodeId root) const;
  void ExplainProof(std::vector<Frame>* stack, const Frame& frame, Explanation* explanation) const;
  void ExplainTried(std::vector<Frame>* stack, const Frame& frame, Explanation* explanation) const;
  Relationship ToRelationship(const EdgeRecord& edge) const;
  std::vector<ChildRef> ProofChildren(NodeId node) const;
  std::string GoalText(ExprId expr, ObjectId object) const;
  std::string SubjectText() const;
  absl::StatusOr<std::vector<std::string>> MissingFor(NodeId root);
  Decision DecisionOf(NodeId node) const;

  const Plan& plan_;
  const Snapshot& snapshot_;
  Conditions& conditions_;
  Budget* budget_;
  SubjectTerm subject_;
  NameId subject_name_;
  NameId subject_relation_name_;
  Trace trace_;
  const Reach& reach_;
  std::optional<SubjectSets> subject_sets_;  // Once it was worth finding them.
  uint32_t sets_walked_ = 0;                 // Rows of plain sets that were gone down.

  ObjectTable objects_;
  std::vector<Node> nodes_;
  std::vector<Link> links_;
  std::vector<EdgeRecord> edges_;
  std::vector<ConditionalArc> conditional_arcs_;
  Below below_;
  std::vector<std::vector<ChildRef>> child_lists_;
  std::vector<std::vector<ChildRef>> traced_children_;  // by NodeId, with Trace::kOn
  std::vector<Stratum> strata_;
  absl::flat_hash_set<uint64_t> active_roots_;
  absl::flat_hash_map<uint64_t, NodeId> final_;  // Goals whose value is settled for good.
  std::vector<Event> events_;
  Mode mode_ = Mode::kStrata;
  bool met_circle_ = false;   // A right side needed itself.
  std::vector<Leaf> leaves_;  // Mode::kDiscover and kReplay
  bool has_expiry_ = false;   // Some edge that was read expires.
  // The earliest expiry of anything that took something away: what an absence rests on.
  absl::Time blocking_until_ = absl::InfiniteFuture();
};

}  // namespace mandate

#endif  // MANDATE_CHECK_EVALUATOR_H_
