// The parts of a proof: for a person one goal; for an agent or a session the edges of the chain, a goal for each scope
// and boundary, whose subject is the item, the principal's own goal, and the rules, below which stands a goal for each
// that somebody else must be allowed.
#include "tools/proof/proof_steps.h"

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/text.h"
#include "tools/proof/goal_proof.h"
#include "tools/proof/step_tree.h"

namespace mandate {
namespace {

// Steps of these kinds say all there is to say.
bool StandsAlone(StepKind kind) {
  return kind == StepKind::kAbsence || kind == StepKind::kIdentity || kind == StepKind::kSelf ||
         kind == StepKind::kRepeated || kind == StepKind::kChain;
}

class StepChecker {
 public:
  StepChecker(const Schema& schema, const CheckQuestion& question, const Answer& answer, ProofWorld& world)
      : schema_(schema),
        question_(question),
        tree_(answer.explanation.steps),
        world_(world),
        type_(*schema.FindType(question.resource.type)),
        goal_{question.resource, *schema.FindMember(type_, question.permission)} {}

  std::string Run() {
    if (tree_.misplaced() != StepTree::kNone) {
      return tree_.At(tree_.misplaced(), "it is more than one level below the step before");
    }
    for (size_t i = 0; i < tree_.size(); ++i) {
      if (!CheckForm(i)) return flaw_;
    }
    const Kind kind = schema_.definition(*schema_.FindType(question_.subject.type)).kind;
    if (kind == Kind::kDefinition || !question_.subject.relation.empty()) {
      CheckGoal({0, tree_.size(), question_.subject}, tree_.roots(), goal_);
    } else if (SortRoots()) {
      CheckDelegated(kind);
    }
    return flaw_;
  }

 private:
  bool Flaw(std::string what) {
    if (flaw_.empty()) flaw_ = std::move(what);
    return false;
  }
  bool Flaw(size_t step, std::string_view what) { return Flaw(tree_.At(step, what)); }
  bool Accept(size_t step, const std::string& objection) { return objection.empty() || Flaw(step, objection); }

  bool CheckForm(size_t i) {
    const ExplanationStep& step = tree_[i];
    // Where every object has the target, it does not matter whether an open condition takes one out.
    const bool may_be_open = tree_.parent(i) != StepTree::kNone && tree_[tree_.parent(i)].kind == StepKind::kArrowAll;
    const bool is_open = may_be_open && step.decision == Decision::kConditional;
    if (step.decision != Decision::kAllowed && step.kind != StepKind::kAbsence && !is_open) {
      return Flaw(i, "it is not allowed");
    }
    if (StandsAlone(step.kind) && !tree_.below(i).empty()) return Flaw(i, "nothing belongs below it");
    const bool quotes = step.kind == StepKind::kRelationship || step.kind == StepKind::kChain;
    if (step.relationship && !quotes) return Flaw(i, "it quotes a relationship, and is no step over one");
    if (step.kind == StepKind::kRelationship && !step.relationship) return Flaw(i, "it quotes no relationship");
    if (!step.relationship) return true;
    const std::string text = ToText(*step.relationship);
    if (step.text != text && !(is_open && step.text.starts_with(text + " ("))) {
      return Flaw(i, Cat("it names another relationship than it quotes, `", text, "`"));
    }
    return Accept(i, world_.CheckQuote(step, may_be_open));
  }

  bool CheckGoal(const GoalProof::Region& region, const std::vector<size_t>& roots, const GoalProof::Claim& goal) {
    std::string flaw = GoalProof(schema_, tree_, world_).Check(region, roots, goal);
    return flaw.empty() || Flaw(std::move(flaw));
  }

  bool SortRoots() {
    for (size_t root : tree_.roots()) {
      const ExplanationStep& step = tree_[root];
      switch (step.kind) {
        case StepKind::kChain:
          if (step.relationship) {
            edges_[{step.relationship->resource, step.relationship->relation}].push_back(root);
          } else {
            chains_.push_back(root);
          }
          break;
        case StepKind::kAbsence: ages_.push_back(root); break;
        case StepKind::kScope: scopes_.push_back(root); break;
        case StepKind::kBoundary: boundaries_.push_back(root); break;
        case StepKind::kPrincipal: principals_.push_back(root); break;
        case StepKind::kRule: rules_.push_back(root); break;
        default: return Flaw(root, "it has no place at the top");
      }
    }
    return true;
  }

  bool CheckDelegated(Kind kind) {
    ObjectRef agent = question_.subject.object();
    std::optional<ObjectRef> task = question_.task;
    const bool is_session = kind == Kind::kSession;
    if (ages_.size() != (is_session ? 1 : 0)) {
      return Flaw(Cat("there are ", ages_.size(), " steps that say that no edge is younger than the session"));
    }
    if (is_session) {
      const ObjectRef session = agent;
      task = ObjectRef();
      if (!TakeOnly(session, "agent", &agent) || !TakeOnly(session, "task", &*task)) return false;
      if (!Accept(ages_[0], world_.CheckAges(session))) return false;
    }
    if (!task) return Flaw("an agent is asked about with its task");
    return CheckChain(agent, *task);
  }

  bool CheckChain(ObjectRef agent, ObjectRef task) {
    std::string chain = "chain: ";
    std::vector<ObjectRef> tasks;
    for (bool at_principal = false; !at_principal;) {
      chain += Cat(ToText(agent), " for ");
      tasks.push_back(task);
      ObjectRef lender;
      if (!CheckHop(agent, task, tasks.size() - 1, &lender)) return false;
      agent = std::move(lender);
      const auto type = schema_.FindType(agent.type);
      at_principal = !type || schema_.definition(*type).kind != Kind::kAgent;
      // Each hop took edges out of those that are there, so this ends.
      if (!at_principal && !TakeOnly(ObjectRef(task), "parent_task", &task)) return false;
    }
    if (!CheckNoParent(task)) return false;
    for (const auto& [of, edges] : edges_) {
      if (!edges.empty()) return Flaw(edges.front(), "it is no edge of the chain");
    }
    if (scopes_.size() != tasks.size() || boundaries_.size() != boundaries_taken_ || principals_.size() != 1) {
      return Flaw("there is a scope, a boundary or a principal too many or too few");
    }
    if (chains_.size() != 1 || tree_[chains_[0]].text != Cat(chain, ToText(agent))) {
      return Flaw(Cat("no step names this `", chain, ToText(agent), "`"));
    }
    const size_t principal = principals_[0];
    return CheckGoal({principal, tree_.end(principal), {agent.type, agent.id, ""}}, tree_.below(principal), goal_) &&
           CheckRules(tasks, agent);
  }

  bool CheckHop(const ObjectRef& agent, const ObjectRef& task, size_t index, ObjectRef* lender) {
    const auto type = schema_.FindType(agent.type);
    if (!type) return Flaw(Cat("the schema has no `", agent.type, "`"));
    if (!TakeEdge(task, "delegated_for_task", agent) || !TakeOnly(task, "delegator", lender) ||
        !TakeEdge(*lender, "acts_on_behalf_of", agent) || !CheckItems(scopes_, index, task, "scope")) {
      return false;
    }
    return !schema_.FindMember(*type, "boundary") || CheckItems(boundaries_, boundaries_taken_++, agent, "boundary");
  }

  // A principal's task hangs below no other.
  bool CheckNoParent(const ObjectRef& task) {
    const auto type = schema_.FindType(task.type);
    if (!type || !schema_.FindMember(*type, "parent_task")) return true;
    const std::string objection = world_.CheckOnly(task, "parent_task", {});
    return objection.empty() || Flaw(Cat("`", ToText(task), "`: ", objection));
  }

  bool TakeEdge(const ObjectRef& object, const std::string& relation, const ObjectRef& subject) {
    std::vector<size_t>& edges = edges_[{object, relation}];
    for (auto it = edges.begin(); it != edges.end(); ++it) {
      if (tree_[*it].relationship->subject != SubjectRef{subject.type, subject.id, ""}) continue;
      edges.erase(it);
      return true;
    }
    return Flaw(Cat("the chain lacks `", ToText(object), "#", relation, "@", ToText(subject), "`"));
  }

  // The edge from `object` over `relation`, which is to be the only one.
  bool TakeOnly(const ObjectRef& object, const std::string& relation, ObjectRef* subject) {
    std::vector<size_t>& edges = edges_[{object, relation}];
    if (edges.size() != 1) {
      return Flaw(Cat("the chain has ", edges.size(), " of `", ToText(object), "#", relation, "` where one is to be"));
    }
    const size_t step = edges.front();
    edges.clear();
    const SubjectRef& holder = tree_[step].relationship->subject;
    if (!holder.relation.empty() || holder.IsWildcard()) return Flaw(step, "its subject is no object");
    *subject = holder.object();
    return Accept(step, world_.CheckOnly(object, relation, {holder}));
  }

  bool CheckItems(const std::vector<size_t>& roots, size_t index, const ObjectRef& holder, const std::string& items) {
    if (index >= roots.size())
      return Flaw(Cat("nothing says that the ", items, " of `", ToText(holder), "` covers it"));
    const std::vector<size_t>& below = tree_.below(roots[index]);
    if (below.size() != 1) return Flaw(roots[index], "one item is to cover it");
    const size_t item = below[0];
    const std::optional<Relationship>& relationship = tree_[item].relationship;
    if (!relationship || relationship->resource != holder || relationship->relation != items) {
      return Flaw(item, Cat("it is no item of the ", items, " of `", ToText(holder), "`"));
    }
    return CheckGoal({item, tree_.end(item), relationship->subject}, tree_.below(item), goal_);
  }

  // `errand:42, rule `limit mailbox#send to 5 per task`: 1 of 5 were used`
  bool CheckRules(const std::vector<ObjectRef>& tasks, const ObjectRef& principal) {
    for (size_t root : rules_) {
      bool found = false;
      for (const ObjectRef& task : tasks) {
        const auto type = schema_.FindType(task.type);
        if (!type) continue;
        for (const TaskRule& rule : schema_.definition(*type).rules) {
          if (!tree_[root].text.starts_with(Cat(ToText(task), ", rule `", rule.text, "`: "))) continue;
          found = true;
          std::vector<ProofWorld::Grant> grants;
          if (!TakeGrants(root, rule, &grants) || !CheckGrants(root, rule, grants, principal) ||
              !Accept(root, world_.CheckRule(task, rule, tree_[root], grants))) {
            return false;
          }
        }
      }
      if (!found) return Flaw(root, "it is no rule of a task on the chain");
    }
    return true;
  }

  // `user:bob of the audience`, and below it `document:plan#view` with its own proof.
  bool TakeGrants(size_t root, const TaskRule& rule, std::vector<ProofWorld::Grant>* grants) {
    const bool of_audience = rule.kind == RuleKind::kContain;
    if (!of_audience && rule.kind != RuleKind::kApproval && !tree_.below(root).empty()) {
      return Flaw(root, "nothing belongs below it");
    }
    const std::string_view who = of_audience ? " of the audience" : " who approved it";
    for (size_t party : tree_.below(root)) {
      const std::string_view text = tree_[party].text;
      const std::vector<size_t>& below = tree_.below(party);
      if (tree_[party].kind != StepKind::kPrincipal || !text.ends_with(who) || below.empty()) {
        return Flaw(party, "nothing of the kind belongs below a rule");
      }
      auto subject = ParseObject(text.substr(0, text.size() - who.size()));
      auto resource = ParseObject(std::string_view(tree_[below[0]].text).substr(0, tree_[below[0]].text.rfind('#')));
      if (!subject.ok() || !schema_.FindType(subject->type) || !resource.ok())
        return Flaw(party, "it names no objects");
      const MemberId permission = of_audience ? rule.permission : rule.approver;
      const SubjectRef one{subject->type, subject->id, ""};
      if (!CheckGoal({party, tree_.end(party), one}, below, {*resource, permission})) return false;
      grants->push_back({one, *std::move(resource), permission});
    }
    return true;
  }

  // Are they as many as the rule asks for? On what something was done only the ledger knows.
  bool CheckGrants(size_t root, const TaskRule& rule, const std::vector<ProofWorld::Grant>& grants,
                   const ObjectRef& principal) {
    if (rule.kind == RuleKind::kContain) {
      const std::set<SubjectRef> audience(question_.audience.begin(), question_.audience.end());
      if (audience.empty()) return Flaw(root, "the question names no audience");
      std::map<ObjectRef, std::set<SubjectRef>> holders;
      for (const ProofWorld::Grant& grant : grants) holders[grant.resource].insert(grant.subject);
      for (const auto& [resource, subjects] : holders) {
        if (subjects != audience)
          return Flaw(root, Cat("not exactly the audience is shown for `", ToText(resource), "`"));
      }
    }
    if (rule.kind == RuleKind::kApproval) {
      if (grants.size() != 1 || grants[0].resource != question_.resource || question_.parameter_digest.empty()) {
        return Flaw(root, "one is to be shown who approved this call");
      }
      if (rule.other_than_principal && grants[0].subject.object() == principal) {
        return Flaw(root, "the principal is not to approve it itself");
      }
    }
    return true;
  }

  const Schema& schema_;
  const CheckQuestion& question_;
  const StepTree tree_;
  ProofWorld& world_;
  const TypeId type_;
  const GoalProof::Claim goal_;
  std::map<std::pair<ObjectRef, std::string>, std::vector<size_t>> edges_;  // By object and relation.
  std::vector<size_t> chains_, ages_, scopes_, boundaries_, principals_, rules_;
  size_t boundaries_taken_ = 0;
  std::string flaw_;
};

}  // namespace

std::string FindFlaw(const Schema& schema, const CheckQuestion& question, const Answer& answer, ProofWorld& world) {
  return StepChecker(schema, question, answer, world).Run();
}

}  // namespace mandate
