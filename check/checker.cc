#include "check/checker.h"

#include <chrono>
#include <utility>

#include "check/contextual.h"
#include "check/delegation.h"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// What one question may take, each of a batch may not keep: beyond this part of it what was found out is forgotten.
constexpr uint64_t kKeptPart = 16;

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string closest = ClosestName(name, candidates);
  return closest.empty() ? "" : Cat("; did you mean `", closest, "`?");
}

}  // namespace

absl::StatusOr<TypeId> ResolveType(const Schema& schema, std::string_view name, std::string_view field) {
  if (auto type = schema.FindType(name)) return *type;
  std::vector<std::string> names;
  for (const Definition& definition : schema.definitions()) names.push_back(definition.name);
  return Invalid(Cat("`", name, "` is not defined in the schema", DidYouMean(name, names)), "UNKNOWN_DEFINITION",
                 field);
}

absl::StatusOr<MemberId> ResolvePermission(const Schema& schema, TypeId type, std::string_view name,
                                           std::string_view field) {
  const Definition& definition = schema.definition(type);
  auto member = schema.FindMember(type, name);
  if (!member) {
    std::vector<std::string> names;
    for (MemberId id : definition.members) {
      if (schema.member(id).reserved == Reserved::kNone) names.push_back(schema.member(id).name);
    }
    return Invalid(
        Cat("relation or permission `", name, "` is not defined on `", definition.name, "`", DidYouMean(name, names)),
        "UNKNOWN_PERMISSION", field);
  }
  if (schema.member(*member).reserved != Reserved::kNone) {
    return Invalid(Cat("`", definition.name, "#", name,
                       "` is a relation of delegation, not a permission; read its "
                       "relationships instead"),
                   "RESERVED_RELATION", field);
  }
  return *member;
}

Checker::Checker(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits,
                 AnswerCache* answers, DecisionTally* tally)
    : plan_(plan), snapshot_(snapshot), now_(now), limits_(limits), answers_(answers), tally_(tally) {
  if (snapshot.read_cache() != nullptr) cached_.emplace(snapshot, snapshot.read_cache().get());
}

void Checker::NoteReads(Reads* reads) {
  if (cached_) cached_->set_reads(reads);
}

void Checker::Remember(const std::string& key, const Reads& reads, const absl::StatusOr<Answer>& answer) {
  if (!key.empty() && answer.ok()) answers_->Put(key, snapshot_, now_, reads, *answer);
}

void Checker::ForgetWhatIsTooMuch() {
  if (kept_bytes_ <= limits_.budget.memory_bytes_max / kKeptPart) return;
  asked_.clear();  // Before what it rests on.
  conditions_.clear();
  layered_.clear();
  kept_bytes_ = 0;
}

absl::StatusOr<Conditions*> Checker::ConditionsFor(const std::string& context) {
  std::unique_ptr<Conditions>& conditions = conditions_[context];
  if (conditions == nullptr) {
    absl::StatusOr<CaveatContext> parsed = CaveatContext::Parse(context);
    if (!parsed.ok()) return WithField(parsed.status(), "context");
    conditions = std::make_unique<Conditions>(plan_, Moment{now_, *std::move(parsed)});
  }
  return conditions.get();
}

absl::StatusOr<const Snapshot*> Checker::SnapshotFor(const std::vector<Relationship>& contextual) {
  if (contextual.empty()) return cached_ ? &*cached_ : &snapshot_;
  std::string key;
  for (const Relationship& relationship : contextual) key += Cat(ToText(relationship), "\n");
  std::shared_ptr<const Snapshot>& layered = layered_[key];
  if (layered == nullptr) {
    auto admitted = WithContextual(plan_, snapshot_, contextual);
    if (!admitted.ok()) return admitted.status();
    layered = *std::move(admitted);
  }
  return layered.get();
}

absl::StatusOr<Answer> Checker::Check(const CheckQuestion& question) {
  const auto began = std::chrono::steady_clock::now();
  absl::StatusOr<Answer> answer = DecideOrRecall(question);
  if (tally_ != nullptr) tally_->Note(answer);
  if (answer.ok()) answer->duration = absl::FromChrono(std::chrono::steady_clock::now() - began);
  return answer;
}

absl::Status Checker::AdmitSubject(const SubjectRef& subject) const {
  if (!limits_.only_delegated) return absl::OkStatus();
  const Schema& schema = plan_.schema();
  const auto type = schema.FindType(subject.type);
  const bool delegated = type && schema.definition(*type).kind != Kind::kDefinition && subject.relation.empty();
  if (delegated) return absl::OkStatus();
  return WithField(
      WithReason(absl::PermissionDeniedError("this caller asks about agents with their task and sessions alone"),
                 "ONLY_DELEGATED"),
      "subject");
}

absl::StatusOr<Answer> Checker::DecideOrRecall(const CheckQuestion& question) {
  if (absl::Status s = AdmitSubject(question.subject); !s.ok()) return s;
  key_.clear();
  if (answers_ != nullptr && cached_) {
    AnswerKey(question, plan_.schema_revision(), limits_.chain_agents_max, &key_);
    if (!key_.empty()) {
      if (auto answer = answers_->Get(key_, snapshot_, now_)) {
        if (tally_ != nullptr) tally_->recalled.fetch_add(1, std::memory_order_relaxed);
        return *std::move(answer);
      }
    }
  }
  return Decide(question,
                std::string(key_));  // Its own: whatever it asks meanwhile, it keeps its answer under this key.
}

absl::StatusOr<Answer> Checker::Decide(const CheckQuestion& question, const std::string& key) {
  const Schema& schema = plan_.schema();
  auto type = ResolveType(schema, question.resource.type, "resource.type");
  if (!type.ok()) return type.status();
  auto member = ResolvePermission(schema, *type, question.permission, "permission");
  if (!member.ok()) return member.status();
  if (question.resource.id == "*") {
    return Invalid("`*` is no object; name one", "WILDCARD_NOT_ALLOWED", "resource.id");
  }
  auto subject_type = ResolveType(schema, question.subject.type, "subject.type");
  if (!subject_type.ok()) return subject_type.status();
  if (question.subject.IsWildcard()) {
    return Invalid("a wildcard asks for nobody in particular; name one subject", "WILDCARD_NOT_ALLOWED", "subject.id");
  }
  ForgetWhatIsTooMuch();
  auto conditions = ConditionsFor(question.context);
  if (!conditions.ok()) return conditions.status();
  SubjectTerm subject{.type = *subject_type, .id = question.subject.id};
  const bool delegated =
      schema.definition(*subject_type).kind != Kind::kDefinition && question.subject.relation.empty();
  if (delegated) {
    if (!question.contextual.empty()) {
      return Invalid("an agent, a task or a session cannot bring relationships along; write them",
                     "CONTEXTUAL_NOT_ALLOWED", "contextual");
    }
    Budget budget(limits_.budget);
    Reads reads(now_);
    NoteReads(&reads);
    const Snapshot& snapshot = cached_ ? *cached_ : snapshot_;
    DelegatedCheck check(plan_, snapshot, *conditions, limits_, &budget);
    absl::StatusOr<Answer> answer = check.Decide(*member, question, subject);
    kept_bytes_ += budget.bytes();  // More than its conditions, which alone are kept.
    Remember(key, reads, answer);
    return answer;
  }
  if (question.task.has_value() || !question.claims.empty()) {
    return Invalid(Cat("a task or a chain can be named only for an agent or a session, and `", ToText(question.subject),
                       "` is neither"),
                   "TASK_NOT_ALLOWED", question.task.has_value() ? "task" : "claims");
  }
  if (!question.audience.empty() || !question.parameter_digest.empty()) {
    return Invalid("an audience or a digest of parameters is looked at only for an agent or a session",
                   "AUDIENCE_NOT_ALLOWED", question.audience.empty() ? "parameter_digest" : "audience");
  }
  if (!question.subject.relation.empty()) {
    auto relation = ResolvePermission(schema, *subject_type, question.subject.relation, "subject.relation");
    if (!relation.ok()) return relation.status();
    subject.relation = *relation;
  }
  return CheckOrdinary(*member, question, std::move(subject), *conditions, key);
}

absl::StatusOr<Answer> Checker::CheckOrdinary(MemberId member, const CheckQuestion& question, SubjectTerm subject,
                                              Conditions* conditions, const std::string& key) {
  auto snapshot = SnapshotFor(question.contextual);
  if (!snapshot.ok()) return snapshot.status();
  Budget budget(limits_.budget);
  auto& asked = asked_[{*snapshot, conditions, ToText(question.subject), question.explain}];
  if (asked == nullptr) {
    asked = std::make_unique<Asked>(Asked{Reads(now_), nullptr});
    asked->evaluator = std::make_unique<Evaluator>(plan_, **snapshot, conditions, &budget, std::move(subject),
                                                   question.explain ? Trace::kOn : Trace::kOff);
  }
  const std::unique_ptr<Evaluator>& evaluator = asked->evaluator;
  NoteReads(&asked->reads);
  evaluator->set_budget(&budget);
  auto verdict = evaluator->Ask(member, question.resource.id);
  kept_bytes_ += budget.bytes();
  if (!verdict.ok()) return verdict.status();
  Answer answer;
  answer.decision = verdict->decision;
  answer.missing_context = verdict->missing;
  if (answer.decision == Decision::kAllowed) answer.valid_until = evaluator->ValidUntil(*verdict);
  if (question.explain) {
    evaluator->Explain(*verdict, member, question.resource.id, 0, &answer.explanation);
  }
  answer.steps = budget.steps();
  Remember(key, asked->reads, answer);
  return answer;
}

}  // namespace mandate
