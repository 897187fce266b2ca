#include "service/http/authzen_resolve.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "service/http/authzen_names.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

absl::Status Refused(std::string_view reason, const std::string& message) {
  return WithReason(absl::NotFoundError(message), reason);
}

absl::Status Contradiction(const std::string& message) {
  return WithReason(absl::PermissionDeniedError(message), ReasonName(DenialReason::kClaimMismatch));
}

absl::StatusOr<std::string> StoredId(const std::string& text) {
  auto id = IdOf(text);
  if (!id) return Refused("UNKNOWN_ID", Cat("nothing is stored about ", Quote(text), ": it is too long for an id"));
  return *std::move(id);
}

absl::StatusOr<ObjectRef> Object(const std::string& type, const std::string& text) {
  auto id = StoredId(text);
  if (!id.ok()) return id.status();
  return ObjectRef{type, *std::move(id)};
}

// What a name may mean.
struct Expected {
  absl::Span<const Kind> kinds;
  std::string default_type;  // Of a name without a type; empty: it needs one.
  std::string_view reason;   // Of a refusal.
  std::string_view noun;
};

// The schema's only type of a kind; empty if there are several, or none.
std::string OnlyType(const Schema& schema, Kind kind) {
  std::string only;
  for (const Definition& definition : schema.definitions()) {
    if (definition.kind != kind) continue;
    if (!only.empty()) return "";
    only = definition.name;
  }
  return only;
}

absl::StatusOr<ObjectRef> Named(const Schema& schema, const AuthzenName& name, const Expected& expected) {
  std::string type = name.type;
  std::string text = name.text;
  if (type.empty()) {
    const size_t colon = text.find(':');
    if (colon != text.npos && schema.FindType(text.substr(0, colon))) {
      type = text.substr(0, colon);
      text = text.substr(colon + 1);
    } else {
      type = expected.default_type;
    }
  }
  if (type.empty()) {
    return Refused(expected.reason, Cat("`", name.path, "` is ", Quote(name.text), ", of no one type of ",
                                        expected.noun, " that the schema has; name it as `type:id`"));
  }
  const auto id = schema.FindType(type);
  const bool fits = id && std::find(expected.kinds.begin(), expected.kinds.end(), schema.definition(*id).kind) !=
                              expected.kinds.end();
  if (!fits) return Refused(expected.reason, Cat("`", name.path, "`: ", Quote(type), " is no type of ", expected.noun));
  return Object(type, text);
}

constexpr Kind kActingKinds[] = {Kind::kAgent, Kind::kSession};
constexpr Kind kAgentKinds[] = {Kind::kAgent};
constexpr Kind kTaskKinds[] = {Kind::kTask};
constexpr Kind kOrdinaryKinds[] = {Kind::kDefinition};

Kind KindOf(const Schema& schema, const std::string& type) {
  const auto id = schema.FindType(type);
  return id ? schema.definition(*id).kind : Kind::kDefinition;
}

// Who acts, out of all that is claimed about it.
struct Acting {
  std::optional<ObjectRef> session;
  std::optional<ObjectRef> agent;
  std::vector<ObjectRef> chain;
};

// Sets `slot`, or sees that it is the same.
absl::Status Agree(const ObjectRef& named, const std::string& path, std::optional<ObjectRef>* slot) {
  if (*slot && **slot != named) {
    return Contradiction(Cat("`", path, "` names `", ToText(named), "`, and another claim `", ToText(**slot), "`"));
  }
  *slot = named;
  return absl::OkStatus();
}

absl::StatusOr<Acting> ResolveActor(const Schema& schema, const AuthzenActor& actor) {
  Acting acting;
  const std::string agent_type = OnlyType(schema, Kind::kAgent);
  for (const AuthzenName& name : actor.acting) {
    auto object = Named(schema, name, {kActingKinds, agent_type, "UNKNOWN_AGENT", "agent or session"});
    if (!object.ok()) return object.status();
    const bool is_session = KindOf(schema, object->type) == Kind::kSession;
    absl::Status status = Agree(*object, name.path, is_session ? &acting.session : &acting.agent);
    if (!status.ok()) return status;
  }
  for (const auto& names : actor.chains) {
    std::vector<ObjectRef> chain;
    for (const AuthzenName& name : names) {
      auto object = Named(schema, name, {kAgentKinds, agent_type, "UNKNOWN_AGENT", "agent"});
      if (!object.ok()) return object.status();
      chain.push_back(*std::move(object));
    }
    if (absl::Status status = Agree(chain.front(), names.front().path, &acting.agent); !status.ok()) return status;
    if (!acting.chain.empty() && acting.chain != chain) {
      return Contradiction(Cat("`", names.front().path, "` states another chain of agents than `context.actor`"));
    }
    acting.chain = std::move(chain);
  }
  return acting;
}

// Subject, task and claims of a question, from who asks and who acts for them.
absl::Status ResolveCaller(const Schema& schema, const AuthzenQuestion& authzen, CheckQuestion* question) {
  auto subject = Object(authzen.subject.type, authzen.subject.id);
  if (!subject.ok()) return subject.status();
  auto acting = ResolveActor(schema, authzen.actor);
  if (!acting.ok()) return acting.status();
  const Kind kind = KindOf(schema, subject->type);
  if (kind == Kind::kSession || kind == Kind::kAgent) {
    absl::Status status = Agree(*subject, "subject", kind == Kind::kSession ? &acting->session : &acting->agent);
    if (!status.ok()) return status;
  } else if (acting->session || acting->agent) {
    question->claims.principal = *subject;
  } else if (authzen.actor.mission) {
    return Invalid("`context.mission` names a task, and nothing names the agent that acts on it", "MALFORMED_FIELD",
                   "context.mission");
  }
  ObjectRef asks = *subject;
  if (acting->session) {
    asks = *acting->session;
    question->claims.agent = acting->agent;
  } else if (acting->agent) {
    asks = *acting->agent;
  }
  if (authzen.record && KindOf(schema, asks.type) != Kind::kSession) {
    return Invalid(Cat("only a session acts, and `", ToText(asks), "` is none; name it as the subject or the agent"),
                   "NOT_A_SESSION", "context.mandate.record");
  }
  question->subject = {asks.type, asks.id, ""};
  question->claims.chain = std::move(acting->chain);
  if (!authzen.actor.mission) return absl::OkStatus();
  auto task =
      Named(schema, *authzen.actor.mission, {kTaskKinds, OnlyType(schema, Kind::kTask), "UNKNOWN_TASK", "task"});
  if (!task.ok()) return task.status();
  question->task = *std::move(task);
  return absl::OkStatus();
}

// Audience and digest of what an agent or a session does.
absl::Status ResolveReach(const Schema& schema, AuthzenQuestion* authzen, CheckQuestion* question) {
  const Kind kind = KindOf(schema, question->subject.type);
  if (kind != Kind::kAgent && kind != Kind::kSession) return absl::OkStatus();
  if (absl::Status status = ReadReach(authzen); !status.ok()) return status;
  question->parameter_digest = authzen->parameter_digest;
  const bool person = KindOf(schema, authzen->subject.type) == Kind::kDefinition;
  for (const AuthzenName& name : authzen->audience) {
    auto member = Named(
        schema, name, {kOrdinaryKinds, person ? authzen->subject.type : "", "UNKNOWN_AUDIENCE", "person or resource"});
    if (!member.ok()) return member.status();
    question->audience.push_back({member->type, member->id, ""});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ResolveContext(const Schema& schema, const AuthzenQuestion& authzen) {
  if (schema.caveats().empty()) return std::string();
  absl::flat_hash_set<std::string> declared;
  for (const Caveat& caveat : schema.caveats()) {
    for (const CaveatParameter& parameter : caveat.parameters) declared.insert(parameter.name);
  }
  Json values = Json::object();
  const auto add = [&](const char* entity, const Json& properties) {
    for (const auto& [name, value] : properties.items()) {
      std::string flat = Cat(entity, "_", name);
      if (declared.contains(flat)) values[std::move(flat)] = value;
    }
    std::string all = Cat(entity, "_properties");
    if (declared.contains(all)) values[std::move(all)] = properties;
  };
  add("subject", *authzen.subject.properties);
  add("resource", *authzen.resource.properties);
  add("action", *authzen.action.properties);
  for (const auto& [name, value] : authzen.context->items()) {
    if (declared.contains(name)) values[name] = value;
  }
  if (values.empty()) return std::string();
  auto compact = CompactContext(JsonText(values));
  if (compact.ok()) return compact;
  return Invalid(std::string(compact.status().message()), "CONTEXT_INVALID", "context");
}

absl::StatusOr<std::string> ResolveAction(const AuthzenAction& action) {
  auto permission = PermissionOf(action.name);
  if (permission) return *std::move(permission);
  return Refused("UNKNOWN_PERMISSION",
                 Cat("the action ", Quote(action.name), " is too long to be a permission of any schema"));
}

// Who asks, for what reach, with which context: all but resource and permission.
absl::Status ResolveAsker(const Schema& schema, AuthzenQuestion* authzen, CheckQuestion* question) {
  if (absl::Status status = ResolveCaller(schema, *authzen, question); !status.ok()) return status;
  if (absl::Status status = ResolveReach(schema, authzen, question); !status.ok()) return status;
  auto context = ResolveContext(schema, *authzen);
  if (!context.ok()) return context.status();
  question->context = *std::move(context);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckQuestion> ResolveActions(const Schema& schema, AuthzenQuestion authzen) {
  CheckQuestion question;
  if (absl::Status status = ResolveAsker(schema, &authzen, &question); !status.ok()) return status;
  auto resource = Object(authzen.resource.type, authzen.resource.id);
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  return question;
}

absl::StatusOr<CheckQuestion> ResolveQuestion(const Schema& schema, AuthzenQuestion authzen) {
  auto permission = ResolveAction(authzen.action);
  auto question = ResolveActions(schema, std::move(authzen));
  if (!question.ok()) return question;  // What is wrong with the request comes before what is not known.
  if (!permission.ok()) return permission.status();
  question->permission = *std::move(permission);
  return question;
}

absl::StatusOr<ResourcesQuestion> ResolveResources(const Schema& schema, AuthzenQuestion authzen) {
  auto permission = ResolveAction(authzen.action);
  ResourcesQuestion question{.resource_type = authzen.resource.type};
  CheckQuestion asker;
  if (absl::Status status = ResolveAsker(schema, &authzen, &asker); !status.ok()) return status;
  if (!permission.ok()) return permission.status();
  question.permission = *std::move(permission);
  question.subject = std::move(asker.subject);
  question.task = std::move(asker.task);
  question.claims = std::move(asker.claims);
  question.audience = std::move(asker.audience);
  question.parameter_digest = std::move(asker.parameter_digest);
  question.context = std::move(asker.context);
  return question;
}

absl::StatusOr<SubjectsQuestion> ResolveSubjects(const Schema& schema, AuthzenQuestion authzen) {
  if (authzen.actor.names_agent() || authzen.actor.mission) {
    return Invalid("a search for subjects names no agent; search for subjects of the agents' or sessions' type instead",
                   "MALFORMED_FIELD", "context");
  }
  SubjectsQuestion question{.subject_type = authzen.subject.type};
  auto permission = ResolveAction(authzen.action);
  const Kind kind = KindOf(schema, authzen.subject.type);
  if (kind == Kind::kAgent || kind == Kind::kSession) {
    CheckQuestion reach{.subject = {authzen.subject.type, "any", ""}};
    if (absl::Status status = ResolveReach(schema, &authzen, &reach); !status.ok()) return status;
    question.audience = std::move(reach.audience);
    question.parameter_digest = std::move(reach.parameter_digest);
  }
  auto context = ResolveContext(schema, authzen);
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  if (!permission.ok()) return permission.status();
  question.permission = *std::move(permission);
  auto resource = Object(authzen.resource.type, authzen.resource.id);
  if (!resource.ok()) return resource.status();
  question.resource = *std::move(resource);
  return question;
}

bool IsRefusal(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  // What the caller's key does not allow is an error: it says nothing about the subject.
  for (std::string_view key : {"ROLE_NOT_ALLOWED", "OUTSIDE_OF_KEY", "ONLY_DELEGATED"}) {
    if (reason == key) return false;
  }
  if (absl::IsNotFound(status) || absl::IsPermissionDenied(status)) return true;
  for (std::string_view known : {"UNKNOWN_DEFINITION", "UNKNOWN_PERMISSION", "RESERVED_RELATION", "NO_SCHEMA"}) {
    if (reason == known) return true;
  }
  return false;
}

}  // namespace mandate
