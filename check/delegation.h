// delegation.h: what an agent or a session may do, derived at the moment of the question from its principal's own
// permission: chain, covers, allowed, and the order of reasons.
//
// It is a conjunction of ordinary questions at one snapshot; the evaluator is the same as for people.
//
//   allowed(agent, task, r, p) = chain(agent, task) ends at principal P
//                              & for each task on it:   its scope covers r#p
//                              & for each agent on it:  its boundary (where its type declares one) covers r#p
//                              & P has p on r
//                              & no rule over time of a task on it refuses the call (rule_check.h)
//
// A question is prepared once (who acts, for whom: the chain) and may then be decided on many resources.
//
// Threads     One question on one thread.
// Errors      Those of evaluator.h; INVALID_ARGUMENT where the task is no task, a claim no object, or one of the
//             audience no ordinary subject.
#ifndef MANDATE_CHECK_DELEGATION_H_
#define MANDATE_CHECK_DELEGATION_H_

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/checker.h"
#include "check/question.h"
#include "check/rule_check.h"
#include "check/task_ledger.h"

namespace mandate {

class DelegatedCheck {
 public:
  DelegatedCheck(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, const CheckLimits& limits,
                 Budget* budget);

  // What was done so far under a root task, instead of what the snapshot's ledger says.
  using LedgerSource = std::function<const TaskLedger&(const std::string& root)>;
  void set_ledgers(LedgerSource source) { ledgers_ = std::move(source); }

  // Prepares and decides on the question's own resource. REQUIRES: `subject` is an object of a type that is an agent,
  // task or session.
  absl::StatusOr<Answer> Decide(MemberId permission, const CheckQuestion& question, const SubjectTerm& subject);

  // The chain alone: session, claims, edges, ages, shape. Everything else of the question is kept for DecideOn.
  absl::StatusOr<Answer> DecideChain(const CheckQuestion& question, const SubjectTerm& subject);
  // REQUIRES: DecideChain() was OK, or had no answer (HasNoAnswer). If it was a denial, so is this.
  absl::StatusOr<Answer> DecideOn(MemberId permission, const std::string& resource_id);
  // Whoever may have `permission` on an object as far as this question goes is one of these: the items of the acting
  // task's scope, or, where one stands for every object of a type, the principal. REQUIRES: DecideChain() was no
  // denial.
  absl::StatusOr<std::vector<SubjectTerm>> CandidateSubjects(MemberId permission);
  // Forgets what was found out about subjects, but not the chain.
  void Forget() { evaluators_.Clear(); }

  // What is to be kept with the ledger's entry. REQUIRES: Decide() allowed the question.
  absl::StatusOr<std::map<std::string, Mark>> MarksToKeep() { return rules_->MarksToKeep(); }

 private:
  struct Party {
    TypeId type = TypeId::kNone;
    std::string id;
    friend bool operator==(const Party&, const Party&) = default;
  };

  // One agent on one task, and who lent it the authority.
  struct Hop {
    Party agent;
    Party task;
    std::optional<Party> delegator;  // Absent where the task has none, or more than one.
    std::optional<Edge> delegated;   // task#delegated_for_task@agent, live or not
    std::optional<Edge> acting;      // delegator#acts_on_behalf_of@agent, live or not
    std::optional<Edge> lent;        // task#delegator@delegator
    std::optional<Party> parent;     // Where the delegator is an agent.
    std::optional<Edge> below;       // task#parent_task@parent
  };

  enum class ChainEnd { kPrincipal, kBroken, kTooDeep };

  struct Chain {
    std::vector<Hop> hops;  // From the acting agent upward.
    ChainEnd end = ChainEnd::kBroken;
    std::string ended_at;  // What it broke at.
    Party principal;       // With kPrincipal.
  };

  struct Session {
    Party self;
    Party agent;
    Party task;
    Edge agent_edge;
    Edge task_edge;
    Revision born;
  };

  // A set of items of a task or an agent against the asked permission.
  enum class Cover { kNo, kConditional, kYes };

  // A live item of a scope or boundary, or one that may be.
  struct ItemRow {
    SubjectTerm term;
    JudgedEdge judged;
    Relationship relationship;
    Revision written;
  };

  // What is known of the answer so far.
  struct State {
    bool going = true;  // Not denied.
    Answer answer;
    bool conditional = false;
    OpenConditions open;  // Of what is conditional.
  };

  using Part = absl::StatusOr<bool> (DelegatedCheck::*)();
  absl::StatusOr<bool> Begin(const CheckQuestion& question, const SubjectTerm& subject);
  absl::Status Go(std::initializer_list<Part> parts);
  absl::StatusOr<Answer> ToAnswer() const;
  absl::Status TakeAudience(const std::vector<SubjectRef>& audience);

  // The parts of Decide, in the order of their reasons. Each returns false once the answer is a denial.
  absl::StatusOr<bool> FindSession(const Party& self);
  absl::StatusOr<bool> CheckClaims(const CheckQuestion& question);
  absl::StatusOr<bool> CheckEdges();
  absl::StatusOr<bool> CheckAges();
  absl::StatusOr<bool> CheckShape();
  absl::StatusOr<bool> CheckScopes();
  absl::StatusOr<bool> CheckBoundaries();
  absl::StatusOr<bool> CheckPrincipal();
  absl::StatusOr<bool> CheckRules();

  absl::Status Walk(Party agent, Party task);
  absl::Status WalkHop(const Party& agent, const Party& task, std::optional<Party>* next_agent,
                       std::optional<Party>* next_task);
  absl::StatusOr<Cover> Covers(const Party& holder, MemberId items);
  absl::StatusOr<const std::vector<ItemRow>*> ItemsOf(const Party& holder, MemberId items);
  absl::StatusOr<std::vector<Party>> Holders(const Party& object, MemberId relation);
  absl::StatusOr<std::optional<Edge>> FindEdge(const Party& object, MemberId relation, const Party& subject);
  absl::StatusOr<bool> RequireEdge(const Party& object, MemberId relation, const Party& subject,
                                   const std::optional<Edge>& edge, DenialReason reason);

  bool Deny(DenialReason reason, std::string at);
  RuledCaller ToRuledCaller() const;
  Lineage ToLineage() const;
  void NoteExpiry(absl::Time expires_at);
  void ExplainEdge(const Party& object, MemberId relation, const Party& subject, const std::optional<Edge>& edge,
                   Decision decision);
  void ExplainStep(uint32_t depth, StepKind kind, Decision decision, std::string text);
  MemberId ReservedOf(TypeId type, Reserved which) const { return plan_.schema().definition(type).reserved(which); }
  Kind KindOf(const Party& party) const { return plan_.schema().definition(party.type).kind; }
  ObjectKey Key(const Party& party) const { return {plan_.name(party.type), party.id}; }
  std::string Text(const Party& party) const;
  std::string EdgeText(const Party& object, MemberId relation, const Party& subject) const;

  const Plan& plan_;
  const Snapshot& snapshot_;
  Conditions& conditions_;
  const CheckLimits& limits_;
  Budget* budget_;

  EvaluatorPool evaluators_;
  bool explain_ = false;
  bool wants_lineage_ = false;
  State state_;
  State of_chain_;  // As the chain left it: what each resource starts from.

  MemberId permission_ = MemberId::kNone;
  std::string resource_id_;
  std::optional<Session> session_;
  Chain chain_;
  std::vector<SubjectTerm> audience_;
  std::string parameter_digest_;
  LedgerSource ledgers_;
  std::unique_ptr<StoredTaskLedger> stored_ledger_;
  std::unique_ptr<RuleCheck> rules_;
  std::map<std::pair<std::string, MemberId>, std::vector<ItemRow>> items_;  // by holder
};

}  // namespace mandate

#endif  // MANDATE_CHECK_DELEGATION_H_
