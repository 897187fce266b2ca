// authzen_resolve.h: a question of AuthZEN in the words of the schema.
//
//   absl::StatusOr<CheckQuestion> question = ResolveQuestion(schema, authzen);
//
// The subject of a question that names an agent is that agent, or session, with its task; the subject sent becomes the
// claim of its principal. What nothing can be stored about, or the schema does not know, is a refusal with a reason,
// not an error of the request.
//
// Context of caveats: each property as `subject_x`, `resource_x`, `action_x`; all of them as `subject_properties`,
// `resource_properties`, `action_properties`, which are there even if none is sent; and what `context` holds, which
// wins. Names that no caveat of the schema declares are left out.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT with the field's path; refusals are NOT_FOUND or PERMISSION_DENIED (IsRefusal).
#ifndef MANDATE_SERVICE_HTTP_AUTHZEN_RESOLVE_H_
#define MANDATE_SERVICE_HTTP_AUTHZEN_RESOLVE_H_

#include <string>

#include "absl/status/statusor.h"
#include "check/lookup.h"
#include "check/question.h"
#include "schema/schema.h"
#include "service/http/authzen_request.h"

namespace mandate {

absl::StatusOr<CheckQuestion> ResolveQuestion(const Schema& schema, AuthzenQuestion question);

// `question` was read for a search of that kind.
absl::StatusOr<ResourcesQuestion> ResolveResources(const Schema& schema, AuthzenQuestion question);
absl::StatusOr<SubjectsQuestion> ResolveSubjects(const Schema& schema, AuthzenQuestion question);
// All but the permission.
absl::StatusOr<CheckQuestion> ResolveActions(const Schema& schema, AuthzenQuestion question);

// What the answer to such an error is: `decision: false`, or nothing found. These are the errors above, those of a
// question about names that the schema does not have, and there being no schema. REQUIRES: !status.ok().
bool IsRefusal(const absl::Status& status);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_AUTHZEN_RESOLVE_H_
