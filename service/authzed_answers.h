// authzed_answers.h: answers as the trees of authzed.api.v1.
//
// Threads     Free functions; safe anywhere.
// Errors      FAILED_PRECONDITION (MAXIMUM_DEPTH_EXCEEDED) and RESOURCE_EXHAUSTED for a tree that fits into no message.
#ifndef MANDATE_SERVICE_AUTHZED_ANSWERS_H_
#define MANDATE_SERVICE_AUTHZED_ANSWERS_H_

#include <vector>

#include "authzed/api/v1/permission_service.pb.h"
#include "check/answer.h"
#include "check/expand.h"
#include "check/question.h"
#include "schema/schema.h"

namespace mandate {

namespace az = ::authzed::api::v1;

// Readers of protobuf take messages nested 100 deep, and a level of a tree is two of them.
inline constexpr size_t kTreeLevelsMax = 48;

// What was shown before is shown again: those trees have no way to refer to it. In a circle the inner one is a leaf
// that names the subject set.
absl::Status TreeToWire(const std::vector<ExpandNode>& nodes, az::PermissionRelationshipTree* tree);

// The goals of an explanation, below each other; operators are left out, and what lies deeper than kTreeLevelsMax. Of
// an agent or a session: its decision alone, for the steps of a chain have no place there.
void TraceToWire(const Schema& schema, const CheckQuestion& question, const Answer& answer, az::CheckDebugTrace* trace);

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHZED_ANSWERS_H_
