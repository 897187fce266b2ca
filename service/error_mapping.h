// error_mapping.h: absl::Status to gRPC and back; the one table.
//
// The code carries over as it is (both number them alike); the message too. A reason becomes google.rpc.ErrorInfo
// (domain `mandate`), a field's path google.rpc.BadRequest, in the standard error details.
//
// INTERNAL and DATA_LOSS messages are for the operator's log as well as for the caller.
#ifndef MANDATE_SERVICE_ERROR_MAPPING_H_
#define MANDATE_SERVICE_ERROR_MAPPING_H_

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace mandate {

// The whole error as a message, for a place inside a response.
google::rpc::Status ToRpcStatus(const absl::Status& status);

grpc::Status ToGrpc(const absl::Status& status);

// What a client got, with the reason and field as ReasonOf and FieldOf find them.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ERROR_MAPPING_H_
