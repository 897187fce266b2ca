#include "tools/proof/proof_verifier.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "check/checker.h"
#include "schema/compiler.h"
#include "schema/reach.h"
#include "schema/text.h"
#include "tools/answer_text.h"
#include "tools/proof/proof_steps.h"
#include "tools/proof/quoted_world.h"

namespace mandate {
namespace {

using Identity = std::tuple<ObjectRef, std::string, SubjectRef>;
Identity IdentityOf(const Relationship& r) { return {r.resource, r.relation, r.subject}; }

// The world as the proof itself tells it: what it quotes is taken down, and so is what it takes for granted.
class ToldWorld : public ProofWorld {
 public:
  ToldWorld(const Schema& schema, const Proof& proof) : schema_(schema), proof_(proof), reachability_(schema) {}

  std::string CheckQuote(const ExplanationStep& step, bool) override {
    const Relationship& relationship = *step.relationship;
    if (absl::Status status = ValidateRelationship(schema_, relationship, Intent::kStore); !status.ok()) {
      return Cat("the schema does not allow it: ", status.message());
    }
    if (relationship.expires_at <= proof_.moment) return "it had expired by the moment of the answer";
    if (relationship.expires_at < proof_.answer.valid_until) return "the answer says to be valid for longer than it";
    if (step.revision > proof_.revision) return "it was written after the revision of the answer";
    if (step.revision == Revision()) return CheckBrought(relationship);
    const auto [quoted, is_new] =
        quoted_.emplace(IdentityOf(relationship), QuotedRelationship{relationship, step.revision, std::nullopt});
    if (is_new) return "";
    const bool same = quoted->second.relationship == relationship && quoted->second.written == step.revision;
    return same ? "" : "it is quoted twice, and not alike";
  }

  std::string CheckAbsence(const Absence& absence) override {
    const Expression& e = schema_.expression(absence.expr);
    const TypeId type = *schema_.FindType(absence.subject.type);
    const MemberId relation =
        absence.subject.relation.empty() ? MemberId::kNone : *schema_.FindMember(type, absence.subject.relation);
    // No subject of this kind can hold it, whatever is stored: the schema says so.
    if (!reachability_.Of(type, relation).Contains(absence.expr)) return "";
    const bool named = e.op == Op::kRelation || e.op == Op::kPermission;
    Add(Premise::Kind::kAbsence,
        named ? Cat("`", ToText(absence.object), "#", schema_.member(e.member).name, "` does not hold for `",
                    ToText(absence.subject), "`")
              : Cat("what `", absence.goal, "` excludes does not hold for `", ToText(absence.subject), "`"));
    return "";
  }

  std::string CheckOnly(const ObjectRef& object, const std::string& relation,
                        const std::set<SubjectRef>& subjects) override {
    std::set<std::string> names;
    for (const SubjectRef& subject : subjects) names.insert(ToText(subject));
    Add(Premise::Kind::kAbsence, Cat("`", ToText(object), "#", relation, "` holds nothing",
                                     names.empty() ? "" : Cat(" but `", Listed(names), "`")));
    return "";
  }

  std::string CheckAges(const ObjectRef&) override {
    rests_on_ages_ = true;
    return "";
  }

  std::string CheckRule(const ObjectRef& task, const TaskRule& rule, const ExplanationStep& step,
                        const std::vector<Grant>& grants) override {
    if (rule.kind == RuleKind::kApproval && proof_.answer.approvals.empty()) return "the answer names no approval";
    rules_.insert({task, rule.text});
    grants_.insert(grants_.end(), grants.begin(), grants.end());
    const std::string named = Cat(ToText(task), ", rule `", rule.text, "`: ");
    std::set<std::string> names;
    for (const Grant& grant : grants) {
      names.insert(rule.kind == RuleKind::kContain ? ToText(grant.resource) : ToText(grant.subject));
    }
    switch (rule.kind) {
      case RuleKind::kContain:
        Add(Premise::Kind::kLedger,
            Cat(named, "nothing that counts was done", names.empty() ? "" : Cat(", but on `", Listed(names), "`")));
        break;
      case RuleKind::kApproval: Add(Premise::Kind::kLedger, Cat(named, "`", Listed(names), "` approved it")); break;
      default: Add(Premise::Kind::kLedger, step.text);
    }
    return "";
  }

  // The ages that the lineage tells, where it quotes the same.
  std::string TakeAges() {
    if (!proof_.answer.lineage) return "";
    for (const Lineage::StoredEdge& edge : proof_.answer.lineage->edges) {
      const auto quoted = quoted_.find(IdentityOf(edge.relationship));
      const bool same = quoted != quoted_.end() && quoted->second.relationship == edge.relationship &&
                        quoted->second.written == edge.written;
      if (!same || edge.born == Revision() || edge.born > edge.written) {
        return Cat("the lineage names `", ToText(edge.relationship), "` otherwise than the steps do");
      }
      quoted->second.born = edge.born;
      if (rests_on_ages_) AddAge(edge);
    }
    return "";
  }

  bool HasRule(const ObjectRef& task, const TaskRule& rule) const { return rules_.contains({task, rule.text}); }
  const std::vector<Grant>& grants() const { return grants_; }
  // For some store, an action with `permission` is one for `wanted`, of the same type, too.
  bool MayImply(MemberId permission, MemberId wanted) const {
    return reachability_.Of(schema_.member(permission).type, permission).Contains(schema_.member(wanted).root);
  }
  void Add(Premise::Kind kind, std::string text) {
    if (told_.insert({kind, text}).second) premises_.push_back({kind, std::move(text)});
  }

  std::vector<QuotedRelationship> Quoted() const {
    std::vector<QuotedRelationship> all;
    for (const auto& [identity, quoted] : quoted_) all.push_back(quoted);
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.written < b.written; });
    return all;
  }
  std::vector<Premise> TakePremises() {
    std::stable_sort(premises_.begin(), premises_.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
    return std::move(premises_);
  }

 private:
  // `a`, `b`, without the outer marks.
  static std::string Listed(const std::set<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += Cat(list.empty() ? "" : "`, `", name);
    return list;
  }

  // Of the session and of the edges whose ages are compared with its own.
  void AddAge(const Lineage::StoredEdge& edge) {
    const Relationship& r = edge.relationship;
    const std::string since = Cat(" since revision ", edge.born.value());
    if (r.relation == "task") Add(Premise::Kind::kAge, Cat("`", ToText(r.resource), "` is open", since));
    if (r.relation != "delegated_for_task" && r.relation != "acts_on_behalf_of") return;
    Add(Premise::Kind::kAge,
        Cat("`", ToText(r.resource), "#", r.relation, "@", ToText(r.subject), "` has stood", since));
  }

  std::string CheckBrought(const Relationship& relationship) {
    const auto& brought = proof_.question.contextual;
    if (std::find(brought.begin(), brought.end(), relationship) == brought.end()) {
      return "it is of no revision, and the question did not bring it along";
    }
    Add(Premise::Kind::kBrought, Cat("`", ToText(relationship), "`"));
    return "";
  }

  const Schema& schema_;
  const Proof& proof_;
  const Reachability reachability_;
  std::map<Identity, QuotedRelationship> quoted_;
  bool rests_on_ages_ = false;
  std::set<std::pair<ObjectRef, std::string>> rules_;
  std::vector<Grant> grants_;
  std::vector<Premise> premises_;
  std::set<std::pair<Premise::Kind, std::string>> told_;
};

// The names that FindFlaw needs to be known.
absl::Status CheckNames(const Schema& schema, const CheckQuestion& question) {
  auto type = ResolveType(schema, question.resource.type, "question.resource.type");
  if (!type.ok()) return type.status();
  auto permission = ResolvePermission(schema, *type, question.permission, "question.permission");
  if (!permission.ok()) return permission.status();
  return ResolveType(schema, question.subject.type, "question.subject.type").status();
}

// What the engine makes of the relationships alone must be what the proof says.
std::string CompareAnswers(const Answer& told, const absl::StatusOr<Answer>& found) {
  if (!found.ok()) return Cat("the relationships listed give no answer: ", found.status().message());
  if (found->decision != Decision::kAllowed) {
    return Cat(
        "the relationships listed do not suffice: the answer is ", DecisionName(found->decision),
        found->reason == DenialReason::kNone ? "" : Cat(", ", ReasonName(found->reason), " at ", found->reason_at));
  }
  if (told.valid_until > found->valid_until) return "it says to be valid for longer than its relationships are";
  if (told.lineage.has_value() != found->lineage.has_value()) return "it has no lineage, or one that nobody asked for";
  return !told.lineage || *told.lineage == *found->lineage ? "" : "its lineage is not that of its relationships";
}

// So it must be of what rules ask of others: the steps do not judge caveats.
std::string FindMissingGrant(const Schema& schema, const Proof& proof, const QuotedWorld& quoted,
                             const ToldWorld& world) {
  for (const ProofWorld::Grant& grant : world.grants()) {
    const std::string& permission = schema.member(grant.permission).name;
    const auto found = quoted.Ask({.resource = grant.resource,
                                   .permission = permission,
                                   .subject = grant.subject,
                                   .context = proof.question.context});
    if (found.ok() && found->decision == Decision::kAllowed && proof.answer.valid_until <= found->valid_until) continue;
    return Cat("the relationships listed do not suffice for `", ToText(grant.resource), "#", permission, "@",
               ToText(grant.subject), "`");
  }
  return "";
}

// Every rule that governs the call stands among the steps. Of one that governs it only by what else may be stored it is
// written down that it does not.
std::string FindMissingRule(const Schema& schema, const Proof& proof, const QuotedWorld& quoted, ToldWorld& world) {
  if (!proof.answer.lineage) return "";
  const CheckQuestion& question = proof.question;
  const TypeId type = *schema.FindType(question.resource.type);
  const MemberId asked = *schema.FindMember(type, question.permission);
  const bool in_session = schema.definition(*schema.FindType(question.subject.type)).kind == Kind::kSession;
  for (const Lineage::Hop& hop : proof.answer.lineage->hops) {
    const auto task_type = schema.FindType(hop.task.type);
    if (!task_type) continue;
    for (const TaskRule& rule : schema.definition(*task_type).rules) {
      const bool watches = rule.kind == RuleKind::kAfter || rule.kind == RuleKind::kContain;
      const MemberId governed = watches ? rule.governed : rule.permission;
      if (schema.member(governed).type != type || world.HasRule(hop.task, rule)) continue;
      if (rule.kind == RuleKind::kLimit && rule.per == LimitPer::kSession && !in_session) continue;
      if (governed != asked && !world.MayImply(asked, governed)) continue;
      const std::string& name = schema.member(governed).name;
      const std::string named = Cat("`", ToText(hop.task), ", rule ", rule.text, "`");
      if (governed == asked || !quoted.RulesOut(question, name)) {
        return Cat("no step says how ", named, " let it pass");
      }
      world.Add(Premise::Kind::kAbsence, Cat("`", ToText(question.resource), "#", question.permission,
                                             "` is not also `", name, "`, so that ", named, " does not govern it"));
    }
  }
  return "";
}

}  // namespace

std::string_view PremiseKindName(Premise::Kind kind) {
  switch (kind) {
    case Premise::Kind::kAbsence: return "absence";
    case Premise::Kind::kAge: return "age";
    case Premise::Kind::kLedger: return "ledger";
    case Premise::Kind::kBrought: return "brought";
    case Premise::Kind::kMoment: return "moment";
  }
  return "";
}

absl::StatusOr<ProofFindings> VerifyProof(const std::string& schema_text, const Proof& proof) {
  const CompileResult compiled = CompileSchema(schema_text);
  if (!compiled.ok()) return InvalidArgument(RenderDiagnostics("schema", schema_text, compiled.diagnostics));
  const Schema& schema = *compiled.schema;
  if (absl::Status status = CheckNames(schema, proof.question); !status.ok()) return status;
  ToldWorld world(schema, proof);
  ProofFindings findings;
  findings.flaw = FindFlaw(schema, proof.question, proof.answer, world);
  if (findings.flaw.empty()) findings.flaw = world.TakeAges();
  if (findings.flaw.empty()) {
    auto quoted = QuotedWorld::Open(schema_text, world.Quoted(), proof.moment);
    if (!quoted.ok() && !absl::IsInvalidArgument(quoted.status())) return quoted.status();
    findings.flaw = quoted.ok() ? CompareAnswers(proof.answer, (*quoted)->Ask(proof.question))
                                : std::string(quoted.status().message());
    if (findings.flaw.empty()) findings.flaw = FindMissingGrant(schema, proof, **quoted, world);
    if (findings.flaw.empty()) findings.flaw = FindMissingRule(schema, proof, **quoted, world);
  }
  world.Add(Premise::Kind::kMoment,
            Cat("revision ", proof.revision.value(), " was the newest at ", TimeText(proof.moment)));
  for (uint64_t approval : proof.answer.approvals) {
    world.Add(Premise::Kind::kLedger, Cat("an approval, entry ", approval));
  }
  findings.relationships = world.Quoted();
  findings.premises = world.TakePremises();
  return findings;
}

}  // namespace mandate
