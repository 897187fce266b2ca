// Approvals. What is decided outside is decided again inside the commit if anything was written meanwhile: it is a
// handful of ordinary questions.
#include <algorithm>

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "service/authorizer.h"
#include "service/authorizer_shared.h"

namespace mandate {
namespace {

class ApprovalDecision {
 public:
  ApprovalDecision(const Plan& plan, const Snapshot& snapshot, absl::Time now, const ApproveCall& call,
                   const CheckLimits& limits)
      : plan_(plan), schema_(plan.schema()), snapshot_(snapshot), now_(now), call_(call), limits_(limits) {}

  absl::StatusOr<LedgerEntry> Decide() {
    auto root = call_.session ? RootOfSession() : RootOfTask();
    if (!root.ok()) return root.status();
    if (absl::Status status = FindHeld(); !status.ok()) return status;
    if (wanted_.empty()) {
      return WithReason(absl::FailedPreconditionError(Cat("no rule asks for an approval of `", call_.permission,
                                                          "` on `", ToText(call_.resource), "`")),
                        "NO_APPROVAL_NEEDED");
    }
    if (held_.empty()) {
      return WithReason(
          absl::FailedPreconditionError(Cat("`", ToText(call_.approver), "` may not approve this: it takes ",
                                            absl::StrJoin(wanted_, " or "), " on `", ToText(call_.resource), "`")),
          "APPROVER_LACKS_PERMISSION");
    }
    return LedgerEntry{.kind = EntryKind::kApprove,
                       .at = now_,
                       .revision = snapshot_.revision(),
                       .root = ToText(*root),
                       .resource = call_.resource,
                       .permission = Cat(call_.resource.type, "#", call_.permission),
                       .parameter_digest = call_.parameter_digest,
                       .approver = SubjectRef{call_.approver.type, call_.approver.id, ""},
                       .held = held_,
                       .expires_at = call_.expires_at};
  }

 private:
  absl::StatusOr<ObjectRef> RootOfSession() const {
    CheckQuestion question{.resource = call_.resource,
                           .permission = call_.permission,
                           .subject = {call_.session->type, call_.session->id, ""}};
    auto chain = DecideChain(plan_, snapshot_, now_, limits_, question);
    if (!chain.ok()) return chain.status();
    if (chain->lineage && chain->lineage->root_task()) return *chain->lineage->root_task();
    return WithReason(absl::FailedPreconditionError(Cat("`", ToText(*call_.session), "` has no root task: ",
                                                        ReasonName(chain->reason), " at ", chain->reason_at)),
                      "NO_ROOT_TASK");
  }

  absl::StatusOr<ObjectRef> RootOfTask() const {
    ObjectRef task = *call_.task;
    for (size_t i = 0; i <= limits_.chain_agents_max; ++i) {
      auto type = ResolveType(schema_, task.type, "task.type");
      if (!type.ok()) return type.status();
      const Definition& definition = schema_.definition(*type);
      if (definition.kind != Kind::kTask) {
        return WithField(WithReason(InvalidArgument(Cat("`", ToText(task), "` is no task")), "NOT_A_TASK"), "task");
      }
      const MemberId parent = definition.reserved(Reserved::kParentTask);
      if (parent == MemberId::kNone) return task;
      auto cursor = snapshot_.Subjects({plan_.name(*type), task.id}, plan_.name(parent), SubjectsOf::kDirect);
      if (!cursor->status().ok()) return cursor->status();
      if (!cursor->Valid()) return task;
      task = {std::string(snapshot_.names().Name(cursor->row().subject.type)), std::string(cursor->row().subject.id)};
    }
    return WithReason(
        absl::FailedPreconditionError(Cat("`", ToText(*call_.task), "` lies deeper than any chain may go")),
        "NO_ROOT_TASK");
  }

  // Which permissions make the approver one that may approve, of those that the rules about this action ask for.
  absl::Status FindHeld() {
    auto type = ResolveType(schema_, call_.resource.type, "resource.type");
    if (!type.ok()) return type.status();
    auto permission = ResolvePermission(schema_, *type, call_.permission, "permission");
    if (!permission.ok()) return permission.status();
    auto approver = ResolveType(schema_, call_.approver.type, "approver.type");
    if (!approver.ok()) return approver.status();
    if (schema_.definition(*approver).kind != Kind::kDefinition) {
      return WithField(WithReason(InvalidArgument(Cat("`", ToText(call_.approver),
                                                      "` is no person; an agent, a "
                                                      "task or a session never approves")),
                                  "NOT_AN_APPROVER"),
                       "approver");
    }
    Checker checker(plan_, snapshot_, now_, limits_);
    for (const Definition& definition : schema_.definitions()) {
      for (const TaskRule& rule : definition.rules) {
        if (rule.kind != RuleKind::kApproval || schema_.member(rule.permission).type != *type) continue;
        if (rule.permission != *permission) {
          auto implied = Allows(checker, {call_.resource.type, call_.resource.id, call_.permission},
                                schema_.member(rule.permission).name);
          if (!implied.ok()) return implied.status();
          if (!*implied) continue;
        }
        const std::string& by = schema_.member(rule.approver).name;
        const std::string name = Cat(call_.resource.type, "#", by);
        if (std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end()) continue;
        wanted_.push_back(name);
        auto holds = Allows(checker, {call_.approver.type, call_.approver.id, ""}, by);
        if (!holds.ok()) return holds.status();
        if (*holds) held_.push_back(name);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Allows(Checker& checker, const SubjectRef& subject, const std::string& permission) const {
    auto answer = checker.Check(
        {.resource = call_.resource, .permission = permission, .subject = subject, .context = call_.context});
    if (!answer.ok()) return answer.status();
    return answer->decision == Decision::kAllowed;
  }

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  const absl::Time now_;
  const ApproveCall& call_;
  const CheckLimits& limits_;
  std::vector<std::string> wanted_;
  std::vector<std::string> held_;
};

}  // namespace

absl::StatusOr<Authorizer::Approved> Authorizer::Approve(const ApproveCall& call, const CheckLimits& limits) {
  if (call.expires_at <= database_.now()) {
    return WithField(WithReason(InvalidArgument("the approval would have expired already"), "ALREADY_EXPIRED"),
                     "expires_at");
  }
  absl::Status last = Retry("");
  for (int attempt = 0; attempt < kAttemptsMax && absl::IsAborted(last); ++attempt) {
    auto view = database_.Head();
    if (!view.ok()) return view.status();
    auto entry = ApprovalDecision(*view->plan, *view->snapshot, database_.now(), call, limits).Decide();
    if (!entry.ok()) return entry.status();
    uint64_t sequence = 0;
    WriteRequest request;
    request.records_only = true;
    request.expected_schema = view->plan->schema_revision();
    request.guard = [&](PendingWrite& write) -> absl::Status {
      if (write.before().revision() != view->revision()) {
        entry = ApprovalDecision(*view->plan, write.before(), write.now(), call, limits).Decide();
        if (!entry.ok()) return entry.status();
      }
      sequence = write.NextSequence();
      return Record(*entry, write);
    };
    last = database_.store().Write(request).status();
    if (last.ok()) return Approved{sequence, *ParseObject(entry->root)};
  }
  return absl::IsAborted(last) ? Contended() : last;
}

}  // namespace mandate
