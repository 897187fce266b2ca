// error_mapping.h: absl::Status to gRPC, to HTTP, and back; the one table.
//
// The code carries over as it is (both number them alike); the message too. A reason becomes google.rpc.ErrorInfo
// (domain `mandate`; `authzed.com` for those of that API, which begin with `ERROR_REASON_`), with what DetailsOf has as
// its metadata; a field's path becomes google.rpc.BadRequest.
//
// Limits      All trailers of a call stay under 8 KiB, where many peers drop it: the message and what stands in the
//             details are cut, at whole characters.
#ifndef MANDATE_SERVICE_ERROR_MAPPING_H_
#define MANDATE_SERVICE_ERROR_MAPPING_H_

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace mandate {

// What the details may take, serialized; they travel as base64, a third longer.
inline constexpr size_t kDetailsBytesMax = 4096;

// The whole error as a message, for a place inside a response.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// When to try again, rounded up; 0: the error does not say.
int64_t RetryAfterSeconds(const absl::Status& status);

grpc::Status ToGrpc(const absl::Status& status);

// The same with more details than a status carries. REQUIRES: they are no longer than kDetailsBytesMax.
grpc::Status ToGrpc(const absl::Status& status, const google::rpc::Status& wire);

// The same error again, with the reason and field as ReasonOf and FieldOf find them.
absl::Status FromRpcStatus(const google::rpc::Status& wire);

// What a client got, with the reason and field as ReasonOf and FieldOf find them.
absl::Status FromGrpc(const grpc::Status& status);

// The status code of HTTP, as google.rpc.Code pairs them.
int HttpCodeOf(absl::StatusCode code);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ERROR_MAPPING_H_
