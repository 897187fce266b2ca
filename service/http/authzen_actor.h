// authzen_actor.h: who acts for the subject of an AuthZEN question, as the three conventions in use say it.
//
//   context.agent            "assistant:bot"                                   the agent, or the session, that acts
//   context.actor            {"client_id": "bot", "act": ["root", ..., "bot"]}  the agents of the chain, from the top
//                            down
//   context.mission          {"id": "42"}                                      the task
//   subject.properties.act   {"sub": "bot", "act": {"sub": "root"}}            the agents, the acting one outermost
//
// A name is text, or an object with `id`, `sub` or `client_id`, and `type` where it is known. Text may say `type:id`;
// which of it is a type is for the schema to say. All of this is claimed, and believed nowhere: the engine compares it
// with the chain that is stored.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT with the field's path (MALFORMED_FIELD, TOO_MANY).
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_ACTOR_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_ACTOR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/http/json_text.h"

namespace mandate {

struct AuthzenName {
  std::string type;  // Empty: not stated apart from `text`.
  std::string text;
  std::string path;  // Where it stood.
};

struct AuthzenActor {
  std::vector<AuthzenName> acting;               // Every name given to the one who acts; they must agree.
  std::vector<std::vector<AuthzenName>> chains;  // Each from the acting agent upward; they must agree.
  std::optional<AuthzenName> mission;
  bool names_agent() const { return !acting.empty() || !chains.empty(); }
};

absl::StatusOr<AuthzenActor> ReadActor(const Json& subject_properties, const Json& context);

// Text, or an object as above.
absl::StatusOr<AuthzenName> ReadName(const Json& json, const std::string& path);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_ACTOR_H_
