#include "service/http/authzen_actor.h"

#include "schema/text.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

// As many as a chain of claims may have (service/wire_question.cc); the server's own limit on chains is far below.
constexpr size_t kChainMax = 16;

absl::Status TooLong(const std::string& path) {
  return Invalid(Cat("`", path, "` names more than ", kChainMax, " agents"), "TOO_MANY", path);
}

absl::Status ReadContextActor(const Json& json, AuthzenActor* actor) {
  const std::string path = "context.actor";
  if (!json.is_object()) return Malformed("is not an object with `client_id` and `act`", path);
  const auto client = json.find("client_id");
  const auto act = json.find("act");
  if (client == json.end() && act == json.end()) return Malformed("has neither `client_id` nor `act`", path);
  if (client != json.end()) {
    auto name = ReadName(*client, path + ".client_id");
    if (!name.ok()) return name.status();
    actor->acting.push_back(*std::move(name));
  }
  if (act == json.end()) return absl::OkStatus();
  if (!act->is_array() || act->empty()) return Malformed("is not a list of agents, from the root down", path + ".act");
  if (act->size() > kChainMax) return TooLong(path + ".act");
  std::vector<AuthzenName> chain;
  for (size_t i = act->size(); i-- > 0;) {
    auto name = ReadName((*act)[i], Cat(path, ".act[", i, "]"));
    if (!name.ok()) return name.status();
    chain.push_back(*std::move(name));
  }
  actor->chains.push_back(std::move(chain));
  return absl::OkStatus();
}

absl::Status ReadNestedActor(const Json& outermost, AuthzenActor* actor) {
  std::string path = "subject.properties.act";
  std::vector<AuthzenName> chain;
  for (const Json* act = &outermost; act != nullptr;) {
    if (!act->is_object()) return Malformed("is not an object with `sub`", path);
    if (chain.size() == kChainMax) return TooLong("subject.properties.act");
    auto name = ReadName(*act, path);
    if (!name.ok()) return name.status();
    chain.push_back(*std::move(name));
    const auto before = act->find("act");
    act = before == act->end() ? nullptr : &*before;
    path += ".act";
  }
  actor->chains.push_back(std::move(chain));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AuthzenName> ReadName(const Json& json, const std::string& path) {
  AuthzenName name{.path = path};
  if (json.is_string()) {
    name.text = json.get<std::string>();
  } else if (json.is_object()) {
    for (const char* key : {"id", "sub", "client_id"}) {
      const auto field = json.find(key);
      if (field == json.end()) continue;
      if (!field->is_string()) return Malformed("is not text", Cat(path, ".", key));
      const auto text = field->get<std::string>();
      if (!name.text.empty() && name.text != text) return Malformed("gives two names", path);
      name.text = text;
    }
    if (const auto type = json.find("type"); type != json.end()) {
      if (!type->is_string() || type->get_ref<const std::string&>().empty()) {
        return Malformed("is not text", path + ".type");
      }
      name.type = type->get<std::string>();
    }
  } else {
    return Malformed("is neither text nor an object with `id`", path);
  }
  if (name.text.empty()) return Malformed("names nobody", path);
  return name;
}

absl::StatusOr<AuthzenActor> ReadActor(const Json& subject_properties, const Json& context) {
  AuthzenActor actor;
  if (const auto agent = context.find("agent"); agent != context.end()) {
    auto name = ReadName(*agent, "context.agent");
    if (!name.ok()) return name.status();
    actor.acting.push_back(*std::move(name));
  }
  if (const auto json = context.find("actor"); json != context.end()) {
    if (absl::Status status = ReadContextActor(*json, &actor); !status.ok()) return status;
  }
  if (const auto act = subject_properties.find("act"); act != subject_properties.end()) {
    if (absl::Status status = ReadNestedActor(*act, &actor); !status.ok()) return status;
  }
  if (const auto mission = context.find("mission"); mission != context.end()) {
    auto name = ReadName(*mission, "context.mission");
    if (!name.ok()) return name.status();
    actor.mission = *std::move(name);
  }
  return actor;
}

}  // namespace mandate
