// authzed_errors.h: our errors in the words of authzed.api.v1; the one table.
//
//   return ToAuthzed(answer.status(), Relationship{question.resource, question.permission, question.subject});
//
// A reason that those clients know replaces ours, with the code and the metadata that they expect; everything else goes
// over as it is, with our own reason and domain. Paths of fields are put in the words of those messages.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SERVICE_AUTHZED_ERRORS_H_
#define MANDATE_SERVICE_AUTHZED_ERRORS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "authzed/api/v1/error_reason.pb.h"
#include "grpcpp/support/status.h"
#include "schema/relationship.h"

namespace mandate {

namespace az = ::authzed::api::v1;

// An error of theirs.
absl::Status AuthzedError(absl::StatusCode code, az::ErrorReason reason, std::string_view message,
                          const std::map<std::string, std::string>& metadata = {});

// `named` holds the names that the request was about: a question, a relationship or a filter, whose permission counts
// as the relation. What is not set is empty.
absl::Status AsAuthzed(const absl::Status& status, const Relationship& named = {});

grpc::Status ToAuthzed(const absl::Status& status, const Relationship& named = {});

// INVALID_ARGUMENT (EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT) past `allowed`.
absl::Status AdmitLimit(uint64_t limit, uint64_t allowed);

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHZED_ERRORS_H_
