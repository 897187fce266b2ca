#include "service/delegation_writes.h"

#include <random>

#include "absl/strings/escaping.h"
#include "check/checker.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kDefinition: return "an ordinary definition";
    case Kind::kAgent: return "an agent";
    case Kind::kTask: return "a task";
    case Kind::kSession: return "a session";
  }
  return "";
}

// The type `name`, which is to be of `kind`.
absl::StatusOr<TypeId> TypeOfKind(const Schema& schema, const std::string& name, Kind kind, const std::string& field) {
  if (!schema.has_delegation()) {
    return WithReason(
        absl::FailedPreconditionError("the schema has no agents, tasks or sessions; begin it with `use delegation`"),
        "NO_DELEGATION");
  }
  auto type = ResolveType(schema, name, field);
  if (!type.ok()) return type.status();
  if (schema.definition(*type).kind == kind) return type;
  std::vector<std::string> fitting;
  for (const Definition& definition : schema.definitions()) {
    if (definition.kind == kind) fitting.push_back(Cat("`", definition.name, "`"));
  }
  std::string list;
  for (const std::string& one : fitting) list += Cat(list.empty() ? "" : ", ", one);
  return WithField(WithReason(InvalidArgument(Cat("`", name, "` is ", KindName(schema.definition(*type).kind), ", and ",
                                                  KindName(kind), " is meant: ", list)),
                              "WRONG_KIND"),
                   field);
}

SubjectRef AsSubject(const ObjectRef& object) { return {object.type, object.id, ""}; }

TupleChange Create(const ObjectRef& resource, const std::string& relation, const SubjectRef& subject) {
  return {ChangeOp::kCreate, {.resource = resource, .relation = relation, .subject = subject}};
}

Precondition MustMatch(const ObjectRef& resource, const std::string& relation, const ObjectRef& subject) {
  return {Precondition::Kind::kMustMatch,
          {.resource_type = resource.type,
           .resource_id = resource.id,
           .relation = relation,
           .subject_type = subject.type,
           .subject_id = subject.id}};
}

}  // namespace

std::string MakeId() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const uint32_t word = random();
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(word >> shift));
  }
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<DelegationWrite> ToWrite(const Plan& plan, const DelegateCall& call) {
  const Schema& schema = plan.schema();
  auto type = TypeOfKind(schema, call.task_type, Kind::kTask, "task_type");
  if (!type.ok()) return type.status();
  auto delegate = TypeOfKind(schema, call.delegate.type, Kind::kAgent, "delegate.type");
  if (!delegate.ok()) return delegate.status();
  DelegationWrite write{.made = {call.task_type, call.task_id.empty() ? MakeId() : call.task_id}};
  write.changes.push_back(Create(write.made, "delegator", AsSubject(call.delegator)));
  if (call.parent_task) write.changes.push_back(Create(write.made, "parent_task", AsSubject(*call.parent_task)));
  TupleChange edge = Create(write.made, "delegated_for_task", AsSubject(call.delegate));
  edge.relationship.expires_at = call.expires_at;
  edge.relationship.caveat = call.caveat;
  edge.relationship.caveat_context = call.caveat_context;
  write.changes.push_back(std::move(edge));
  for (const SubjectRef& item : call.scope) write.changes.push_back(Create(write.made, "scope", item));
  write.preconditions.push_back(MustMatch(call.delegator, "acts_on_behalf_of", call.delegate));
  return write;
}

absl::StatusOr<DelegationWrite> ToWrite(const Plan& plan, const OpenSessionCall& call) {
  const Schema& schema = plan.schema();
  auto type = TypeOfKind(schema, call.session_type, Kind::kSession, "session_type");
  if (!type.ok()) return type.status();
  auto agent = TypeOfKind(schema, call.agent.type, Kind::kAgent, "agent.type");
  if (!agent.ok()) return agent.status();
  auto task = TypeOfKind(schema, call.task.type, Kind::kTask, "task.type");
  if (!task.ok()) return task.status();
  DelegationWrite write{.made = {call.session_type, call.session_id.empty() ? MakeId() : call.session_id}};
  TupleChange edge = Create(write.made, "agent", AsSubject(call.agent));
  edge.relationship.expires_at = call.expires_at;
  edge.relationship.caveat = call.caveat;
  edge.relationship.caveat_context = call.caveat_context;
  write.changes.push_back(std::move(edge));
  write.changes.push_back(Create(write.made, "task", AsSubject(call.task)));
  write.preconditions.push_back(MustMatch(call.task, "delegated_for_task", call.agent));
  return write;
}

std::vector<std::pair<SubjectRef, std::string>> UncoveredItems(const Database& database, const DelegateCall& call,
                                                               const CheckLimits& limits) {
  std::vector<std::pair<SubjectRef, std::string>> uncovered;
  auto view = database.Head();
  if (!call.parent_task || !view.ok()) return uncovered;
  Checker checker = database.CheckerFor(*view, limits);
  for (const SubjectRef& item : call.scope) {
    // An item on every object is asked about on one that nothing is known of: what covers that, covers all.
    const bool every = item.IsWildcard();
    const CheckQuestion question{.resource = {item.type, every ? MakeId() : item.id},
                                 .permission = item.relation,
                                 .subject = AsSubject(call.delegator),
                                 .task = call.parent_task};
    auto answer = checker.Check(question);
    if (!answer.ok()) {
      uncovered.push_back({item, std::string(answer.status().message())});
    } else if (answer->decision == Decision::kDenied &&
               !(every && answer->reason == DenialReason::kPrincipalLacksPermission)) {
      uncovered.push_back(
          {item, Cat("nothing will be allowed through `", ToText(item), "`: for `", ToText(call.delegator),
                     "` itself it is denied, ", ReasonName(answer->reason), " at ", answer->reason_at)});
    }
  }
  return uncovered;
}

absl::StatusOr<std::vector<TupleFilter>> ToFilters(const Plan& plan, const RevokeCall& call) {
  const Schema& schema = plan.schema();
  const auto of = [&](const char* relation) {
    return TupleFilter{.resource_type = call.object.type, .resource_id = call.object.id, .relation = relation};
  };
  const auto to = [&](const char* relation) {
    return TupleFilter{.relation = relation, .subject_type = call.object.type, .subject_id = call.object.id};
  };
  switch (call.what) {
    case RevokeCall::What::kAgent: {
      auto type = TypeOfKind(schema, call.object.type, Kind::kAgent, "agent.type");
      if (!type.ok()) return type.status();
      return std::vector<TupleFilter>{to("acts_on_behalf_of"), to("delegated_for_task"), to("agent"),
                                      of("acts_on_behalf_of")};
    }
    case RevokeCall::What::kTask: {
      auto type = TypeOfKind(schema, call.object.type, Kind::kTask, "task.type");
      if (!type.ok()) return type.status();
      return std::vector<TupleFilter>{of("delegated_for_task")};
    }
    case RevokeCall::What::kSession: {
      auto type = TypeOfKind(schema, call.object.type, Kind::kSession, "session.type");
      if (!type.ok()) return type.status();
      return std::vector<TupleFilter>{of("agent")};
    }
    case RevokeCall::What::kLender: {
      auto type = ResolveType(schema, call.object.type, "lender.type");
      if (!type.ok()) return type.status();
      if (schema.definition(*type).reserved(Reserved::kActsOnBehalfOf) == MemberId::kNone) {
        return WithField(WithReason(InvalidArgument(Cat("`", call.object.type,
                                                        "` lends no authority: it declares no "
                                                        "`acts_on_behalf_of`")),
                                    "WRONG_KIND"),
                         "lender.type");
      }
      return std::vector<TupleFilter>{of("acts_on_behalf_of")};
    }
  }
  return std::vector<TupleFilter>();
}

}  // namespace mandate
