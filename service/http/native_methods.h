// native_methods.h: every method of mandate.v1 and its path, derived from the descriptors, so that none can be missing.
//
//   PermissionService.CheckBatch   POST /v1/permission/check-batch
//
// Threads     Immutable; safe to share.
#ifndef MANDATE_SERVICE_HTTP_NATIVE_METHODS_H_
#define MANDATE_SERVICE_HTTP_NATIVE_METHODS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace mandate {

struct NativeMethod {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string path;  // Of HTTP.
  std::string call;  // Of gRPC: `/mandate.v1.PermissionService/CheckBatch`
};

// In the order of the services and their methods.
const std::vector<NativeMethod>& NativeMethods();

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_NATIVE_METHODS_H_
