#include "check/authorize.h"

#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// The names of the call, resolved.
struct Resolved {
  MemberId permission = MemberId::kNone;
  SubjectTerm session;
};

absl::StatusOr<Resolved> Resolve(const Schema& schema, const CheckQuestion& question) {
  Resolved resolved;
  auto subject_type = ResolveType(schema, question.subject.type, "session.type");
  if (!subject_type.ok()) return subject_type.status();
  if (schema.definition(*subject_type).kind != Kind::kSession || !question.subject.relation.empty() ||
      question.subject.IsWildcard()) {
    return WithField(WithReason(InvalidArgument(Cat("`", ToText(question.subject),
                                                    "` is no session, and only a "
                                                    "session acts; open one for the agent and its task")),
                                "NOT_A_SESSION"),
                     "session");
  }
  resolved.session = {.type = *subject_type, .id = question.subject.id};
  auto type = ResolveType(schema, question.resource.type, "resource.type");
  if (!type.ok()) return type.status();
  auto member = ResolvePermission(schema, *type, question.permission, "permission");
  if (!member.ok()) return member.status();
  if (question.resource.id == "*") {
    return WithField(WithReason(InvalidArgument("`*` is no object; name one"), "WILDCARD_NOT_ALLOWED"), "resource.id");
  }
  resolved.permission = *member;
  return resolved;
}

LedgerEntry ToEntry(const Snapshot& snapshot, absl::Time now, const AuthorizeCall& call, const Answer& answer) {
  const CheckQuestion& question = call.question;
  LedgerEntry entry;
  entry.at = now;
  entry.revision = snapshot.revision();
  entry.session = ObjectRef{question.subject.type, question.subject.id};
  const std::optional<ObjectRef> root = answer.lineage ? answer.lineage->root_task() : std::optional<ObjectRef>();
  entry.root = ToText(root ? *root : *entry.session);
  entry.resource = question.resource;
  entry.permission = Cat(question.resource.type, "#", question.permission);
  entry.parameter_digest = question.parameter_digest;
  entry.task_claim = question.task;
  entry.claims = question.claims;
  entry.context = question.context;
  entry.audience = question.audience;
  entry.idempotency_key = call.idempotency_key;
  entry.decision = answer.decision;
  entry.reason = answer.reason;
  entry.reason_at = answer.reason_at;
  entry.missing_context = answer.missing_context;
  entry.lineage = answer.lineage;
  entry.valid_until = answer.valid_until;
  entry.approvals = answer.approvals;
  return entry;
}

}  // namespace

absl::StatusOr<DecidedCall> DecideCall(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                       const CheckLimits& limits, const AuthorizeCall& call,
                                       const LedgerSource& source) {
  auto resolved = Resolve(plan.schema(), call.question);
  if (!resolved.ok()) return resolved.status();
  auto context = CaveatContext::Parse(call.question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  Conditions conditions(plan, Moment{now, *std::move(context)});
  Budget budget(limits.budget);
  DelegatedCheck check(plan, snapshot, &conditions, limits, &budget);
  check.set_ledgers(source);
  CheckQuestion question = call.question;
  question.lineage = true;
  auto answer = check.Decide(resolved->permission, question, resolved->session);
  if (!answer.ok()) return answer.status();
  DecidedCall decided{*std::move(answer), {}};
  decided.entry = ToEntry(snapshot, now, call, decided.answer);
  if (decided.answer.decision == Decision::kAllowed) {
    auto marks = check.MarksToKeep();
    if (!marks.ok()) return marks.status();
    decided.entry.marks = *std::move(marks);
  }
  return decided;
}

absl::StatusOr<Answer> DecideChain(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                   const CheckLimits& limits, const CheckQuestion& question) {
  auto resolved = Resolve(plan.schema(), question);
  if (!resolved.ok()) return resolved.status();
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  Conditions conditions(plan, Moment{now, *std::move(context)});
  Budget budget(limits.budget);
  CheckQuestion with_lineage = question;
  with_lineage.lineage = true;
  return DelegatedCheck(plan, snapshot, &conditions, limits, &budget).DecideChain(with_lineage, resolved->session);
}

absl::StatusOr<std::vector<DecidedCall>> DecidePlan(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                                    const CheckLimits& limits,
                                                    const std::vector<AuthorizeCall>& calls) {
  std::vector<DecidedCall> decided;
  std::map<std::string, std::unique_ptr<StoredTaskLedger>> stored;
  std::map<std::string, std::unique_ptr<TaskLedgerOverlay>> layered;
  const LedgerSource source = [&](const std::string& root) -> const TaskLedger& {
    auto& layer = layered[root];
    if (layer == nullptr) {
      stored[root] = std::make_unique<StoredTaskLedger>(snapshot, root);
      layer = std::make_unique<TaskLedgerOverlay>(stored[root].get());
    }
    return *layer;
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    auto one = DecideCall(plan, snapshot, now, limits, calls[i], source);
    if (!one.ok()) {
      if (calls.size() == 1) return one.status();
      const std::string field = FieldOf(one.status());
      return WithField(one.status(), Cat("actions[", i, "]", field.empty() ? "" : ".", field));
    }
    one->entry.batch_index = static_cast<uint32_t>(i);
    one->entry.batch_size = static_cast<uint32_t>(calls.size());
    const bool allowed = one->answer.decision == Decision::kAllowed;
    if (allowed) {
      layered[one->entry.root]->Add(one->entry);
    } else {
      for (const DecidedCall& earlier : decided) one->entry.before.push_back(earlier.entry);
    }
    decided.push_back(*std::move(one));
    if (!allowed) break;
  }
  return decided;
}

Answer RecordedAnswer(const LedgerEntry& entry) {
  Answer answer;
  answer.decision = entry.decision;
  answer.reason = entry.reason;
  answer.reason_at = entry.reason_at;
  answer.missing_context = entry.missing_context;
  answer.valid_until = entry.valid_until;
  answer.lineage = entry.lineage;
  answer.approvals = entry.approvals;
  return answer;
}

AuthorizeCall RecordedCall(const LedgerEntry& entry) {
  AuthorizeCall call;
  call.question.resource = entry.resource;
  call.question.permission = entry.permission.substr(entry.permission.find('#') + 1);
  if (entry.session) call.question.subject = {entry.session->type, entry.session->id, ""};
  call.question.task = entry.task_claim;
  call.question.claims = entry.claims;
  call.question.context = entry.context;
  call.question.audience = entry.audience;
  call.question.parameter_digest = entry.parameter_digest;
  call.idempotency_key = entry.idempotency_key;
  return call;
}

}  // namespace mandate
