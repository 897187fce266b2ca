#include "tools/delegation_commands.h"

#include <iostream>

#include "absl/time/clock.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/client.h"
#include "service/delegation_client.h"
#include "tools/answer_text.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/server_schema.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// What is made: `named` says type and id; else the id is the server's choice, and the type is said or the only one.
struct Made {
  std::string type;
  std::string id;
};
absl::StatusOr<Made> WhatIsMade(const ClientOptions& client, const char* named_option, const std::string& named,
                                const char* type_option, const std::string& type, Kind kind) {
  if (!named.empty()) {
    auto object = RequiredObject(named_option, named);
    if (!object.ok()) return object.status();
    return Made{object->type, object->id};
  }
  if (!type.empty()) return Made{type, ""};
  Client connection(client.server);
  auto schema = ReadServerSchema(connection);
  if (!schema.ok()) return schema.status();
  auto only = OnlyTypeOf(*schema->schema, kind, type_option);
  if (!only.ok()) return only.status();
  return Made{*only, ""};
}

absl::StatusOr<DelegateCall> ToCall(const ClientOptions& client, const DelegateOptions& options) {
  DelegateCall call;
  auto by = RequiredObject("--by", options.by);
  if (!by.ok()) return by.status();
  call.delegator = *std::move(by);
  auto to = RequiredObject("--to", options.to);
  if (!to.ok()) return to.status();
  call.delegate = *std::move(to);
  for (const std::string& text : options.scope) {
    auto item = ParseSubject(text);
    if (!item.ok()) return InvalidArgument(Cat("--scope ", About(text, item.status()).message()));
    if (item->relation.empty()) {
      return InvalidArgument(
          Cat("--scope ", Quote(text), " names no permission; write document:plan#view or 'document:*#view'"));
    }
    call.scope.push_back(*std::move(item));
  }
  auto until = EndOption(options.for_how_long, options.until, absl::Now());
  if (!until.ok()) return until.status();
  call.expires_at = *until;
  auto parent = ObjectOption("--parent", options.parent);
  if (!parent.ok()) return parent.status();
  call.parent_task = *std::move(parent);
  auto caveat = CaveatOption(options.caveat);
  if (!caveat.ok()) return caveat.status();
  std::tie(call.caveat, call.caveat_context) = *std::move(caveat);
  auto made = WhatIsMade(client, "--task", options.task, "--task-type", options.task_type, Kind::kTask);
  if (!made.ok()) return made.status();
  call.task_type = made->type;
  call.task_id = made->id;
  return call;
}

absl::StatusOr<OpenSessionCall> ToCall(const ClientOptions& client, const SessionOpenOptions& options) {
  OpenSessionCall call;
  auto agent = RequiredObject("--agent", options.agent);
  if (!agent.ok()) return agent.status();
  call.agent = *std::move(agent);
  auto task = RequiredObject("--task", options.task);
  if (!task.ok()) return task.status();
  call.task = *std::move(task);
  auto until = EndOption(options.for_how_long, options.until, absl::Now());
  if (!until.ok()) return until.status();
  call.expires_at = *until;
  auto caveat = CaveatOption(options.caveat);
  if (!caveat.ok()) return caveat.status();
  std::tie(call.caveat, call.caveat_context) = *std::move(caveat);
  auto made = WhatIsMade(client, "--session", options.session, "--session-type", options.session_type, Kind::kSession);
  if (!made.ok()) return made.status();
  call.session_type = made->type;
  call.session_id = made->id;
  return call;
}

absl::StatusOr<RevokeCall> ToCall(const ClientOptions& client, const RevokeOptions& options) {
  auto object = ParseObject(options.object);
  if (!object.ok()) return About(options.object, object.status());
  if (options.lent) return RevokeCall{RevokeCall::What::kLender, *std::move(object)};
  Client connection(client.server);
  auto schema = ReadServerSchema(connection);
  if (!schema.ok()) return schema.status();
  auto kind = KindOfType(*schema->schema, object->type);
  if (!kind.ok()) return kind.status();
  switch (*kind) {
    case Kind::kAgent: return RevokeCall{RevokeCall::What::kAgent, *std::move(object)};
    case Kind::kTask: return RevokeCall{RevokeCall::What::kTask, *std::move(object)};
    case Kind::kSession: return RevokeCall{RevokeCall::What::kSession, *std::move(object)};
    case Kind::kDefinition: break;
  }
  return InvalidArgument(Cat(Quote(options.object),
                             " is no agent, task or session; what it lent to agents is revoked "
                             "with --lent, and what it holds itself by `mandate relationship delete`"));
}

// What the server refused, in the words of the command: it speaks of the relationships that it was to write.
absl::Status Refused(const absl::Status& status, const ObjectRef& made, const std::string& precondition) {
  const std::string reason = ReasonOf(status);
  if (reason == "PRECONDITION_FAILED") return WithReason(absl::FailedPreconditionError(precondition), reason);
  if (reason == "ALREADY_EXISTS") {
    return WithReason(absl::AlreadyExistsError(Cat("`", ToText(made),
                                                   "` was used before, and no name is used twice; "
                                                   "name another, or none to have one made up")),
                      reason);
  }
  if (!FieldOf(status).starts_with("changes[")) return status;
  return WithReason(absl::Status(status.code(), status.message()), reason);
}

const char* Nothing(RevokeCall::What what) {
  switch (what) {
    case RevokeCall::What::kAgent: return "no edge of delegation names the agent";
    case RevokeCall::What::kTask: return "the task is delegated to nobody";
    case RevokeCall::What::kSession: return "no such session is open";
    case RevokeCall::What::kLender: return "it lends nothing to anybody";
  }
  return "";
}

}  // namespace

int DelegateTask(const ClientOptions& client, const DelegateOptions& options) {
  auto call = ToCall(client, options);
  if (!call.ok()) return Fail(call.status());
  auto delegated = DelegationClient(client.server).Delegate(*call);
  if (!delegated.ok()) {
    return Fail(
        Refused(delegated.status(), {call->task_type, call->task_id},
                Cat("`", options.by, "` does not let `", options.to, "` act on its behalf; that is written as `",
                    options.by, "#acts_on_behalf_of@", options.to, "[expiration:...]`")));
  }
  std::cout << (client.json ? delegated->json : ToText(delegated->task)) << "\n";
  for (const auto& [item, message] : delegated->warnings) std::cerr << "warning: " << message << "\n";
  return kExitOk;
}

int OpenOneSession(const ClientOptions& client, const SessionOpenOptions& options) {
  auto call = ToCall(client, options);
  if (!call.ok()) return Fail(call.status());
  auto opened = DelegationClient(client.server).OpenSession(*call);
  if (!opened.ok()) {
    return Fail(Refused(opened.status(), {call->session_type, call->session_id},
                        Cat("`", options.task, "` is not delegated to `", options.agent,
                            "`, or not any more; see "
                            "`mandate delegate`")));
  }
  std::cout << (client.json ? opened->json : ToText(opened->session)) << "\n";
  return kExitOk;
}

int CloseOneSession(const ClientOptions& client, const std::string& session) {
  auto object = ParseObject(session);
  if (!object.ok()) return Fail(About(session, object.status()));
  auto closed = DelegationClient(client.server).CloseSession(*object);
  if (!closed.ok()) return Fail(closed.status());
  std::cout << (client.json ? closed->json : Cat(session, " closed, token ", closed->token)) << "\n";
  return kExitOk;
}

int ApproveAction(const ClientOptions& client, const ApproveOptions& options) {
  auto goal = ParseGoal(options.action);
  if (!goal.ok()) return Fail(goal.status());
  ApproveCall call{.resource = goal->resource, .permission = goal->permission, .parameter_digest = options.digest};
  if (options.for_session.empty() && options.for_task.empty()) {
    return Fail(InvalidArgument("say for which run or task: --for-session run:7 or --for-task errand:42"));
  }
  auto by = RequiredObject("--by", options.by);
  if (!by.ok()) return Fail(by.status());
  call.approver = *std::move(by);
  auto session = ObjectOption("--for-session", options.for_session);
  if (!session.ok()) return Fail(session.status());
  call.session = *std::move(session);
  auto task = ObjectOption("--for-task", options.for_task);
  if (!task.ok()) return Fail(task.status());
  call.task = *std::move(task);
  auto until = EndOption(options.for_how_long, options.until, absl::Now());
  if (!until.ok()) return Fail(until.status());
  call.expires_at = *until;
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  call.context = *std::move(context);
  auto approved = DelegationClient(client.server).Approve(call);
  if (!approved.ok()) return Fail(approved.status());
  if (client.json) {
    std::cout << approved->json << "\n";
  } else {
    std::cout << "approved once for " << ToText(approved->root_task) << " until " << TimeText(call.expires_at)
              << ", ledger entry " << approved->sequence << "\n";
  }
  return kExitOk;
}

// Ends with 1 when there was nothing to revoke: a name that was mistyped must not pass for a revocation.
int RevokeAuthority(const ClientOptions& client, const RevokeOptions& options) {
  auto call = ToCall(client, options);
  if (!call.ok()) return Fail(call.status());
  auto revoked = DelegationClient(client.server).Revoke(*call);
  if (!revoked.ok()) return Fail(revoked.status());
  if (client.json) {
    std::cout << revoked->json << "\n";
  } else if (revoked->removed > 0) {
    std::cout << Counted(revoked->removed, "edge") << " of delegation removed, token " << revoked->token << "\n";
  } else {
    std::cerr << "nothing to revoke of " << options.object << ": " << Nothing(call->what) << "\n";
  }
  return revoked->removed > 0 ? kExitOk : kExitDenied;
}

}  // namespace mandate
