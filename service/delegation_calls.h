// delegation_calls.h: what a caller means when it makes, approves or takes back authority; the same values on both
// sides of the wire.
//
// Threads     Values; safe anywhere.
// Errors      None here: what does not fit the schema is said where the call is carried out.
#ifndef MANDATE_SERVICE_DELEGATION_CALLS_H_
#define MANDATE_SERVICE_DELEGATION_CALLS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "schema/relationship.h"

namespace mandate {

// Who asks whom for what, until when.
struct DelegateCall {
  std::string task_type;
  std::string task_id;  // Empty: one is made.
  ObjectRef delegator;
  ObjectRef delegate;
  std::vector<SubjectRef> scope;
  absl::Time expires_at;
  std::optional<ObjectRef> parent_task;
  std::string caveat;
  std::string caveat_context;
};

struct OpenSessionCall {
  std::string session_type;
  std::string session_id;  // Empty: one is made.
  ObjectRef agent;
  ObjectRef task;
  absl::Time expires_at;
  std::string caveat;
  std::string caveat_context;
};

// What a person approves, and for which task.
struct ApproveCall {
  std::optional<ObjectRef> session;  // One of these two.
  std::optional<ObjectRef> task;
  ObjectRef resource;
  std::string permission;
  std::string parameter_digest;
  ObjectRef approver;
  absl::Time expires_at;
  std::string context;
};

struct RevokeCall {
  enum class What { kAgent, kTask, kSession, kLender };
  What what = What::kAgent;
  ObjectRef object;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_DELEGATION_CALLS_H_
