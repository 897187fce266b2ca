// rules.h: what each role may call, and of a request what a caller limited to some resources may ask.
//
// Every request type of every service has its rule; a type without one is refused for everybody, so that a new method
// is closed until somebody thought about it.
//
// A caller with `only` names resources of its own alone: of whole types where a type is named (a lookup, a filter
// without ids), and it sees nothing of how an answer comes about, which rests on resources of others: no explanations,
// no expansion, no contextual relationships, nothing of delegation and the ledger.
//
// A gateway asks about agents with their task and sessions alone (CheckLimits::only_delegated, which the engine holds
// at the very snapshot of the answer), and brings no relationships of its own: they could delegate anything.
//
// Threads     Free functions; safe anywhere.
// Errors      PERMISSION_DENIED: ROLE_NOT_ALLOWED, OUTSIDE_OF_KEY (with the field).
#ifndef MANDATE_SERVICE_ACCESS_RULES_H_
#define MANDATE_SERVICE_ACCESS_RULES_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "schema/relationship.h"
#include "service/access/key_ring.h"
#include "service/access/load_gate.h"

namespace mandate {

// What a call does.
enum class Need { kCheck, kRead, kAuthorize, kWrite, kAdmin };

// What one request costs the server. Of one without a rule, a question.
Work WorkOf(const google::protobuf::Message& request);

// What a request of a type does, whatever it says. Of one without a rule, what an admin alone may.
Need NeedOf(const google::protobuf::Descriptor& type);

absl::Status MayDo(const Caller& caller, Need need);

// The whole rule of one request; of a stream of requests, each.
absl::Status MayCall(const Caller& caller, const google::protobuf::Message& request);

// Whether one resource is the caller's to name, at `field`.
absl::Status MayName(const Caller& caller, const ObjectRef& resource, const std::string& field);
// The same of every resource of a type.
absl::Status MayNameType(const Caller& caller, std::string_view type, const std::string& field);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_RULES_H_
