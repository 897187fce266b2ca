#include "service/http/native_methods.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "mandate/v1/admin_service.pb.h"
#include "mandate/v1/delegation_service.pb.h"
#include "mandate/v1/permission_service.pb.h"
#include "mandate/v1/relationship_service.pb.h"
#include "mandate/v1/schema_service.pb.h"
#include "mandate/v1/watch_service.pb.h"
#include "schema/text.h"

namespace mandate {
namespace {

// `CheckBatch` as `check-batch`.
std::string InPath(std::string_view name) {
  std::string path;
  for (const char c : name) {
    if (absl::ascii_isupper(c) && !path.empty()) path.push_back('-');
    path.push_back(absl::ascii_tolower(c));
  }
  return path;
}

std::vector<NativeMethod> Collect() {
  std::vector<NativeMethod> methods;
  // Naming the files links them in.
  for (const google::protobuf::FileDescriptor* file :
       {mandate::v1::CheckRequest::descriptor()->file(), mandate::v1::WriteRequest::descriptor()->file(),
        mandate::v1::DelegateRequest::descriptor()->file(), mandate::v1::ReadSchemaRequest::descriptor()->file(),
        mandate::v1::WatchRequest::descriptor()->file(), mandate::v1::BackupRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const auto* service = file->service(s);
      const std::string folder = InPath(StdView(absl::StripSuffix(service->name(), "Service")));
      for (int m = 0; m < service->method_count(); ++m) {
        const auto* method = service->method(m);
        methods.push_back({method, Cat("/v1/", folder, "/", InPath(method->name())),
                           Cat("/", service->full_name(), "/", method->name())});
      }
    }
  }
  return methods;
}

}  // namespace

const std::vector<NativeMethod>& NativeMethods() {
  static const auto* const kMethods = new std::vector<NativeMethod>(Collect());
  return *kMethods;
}

}  // namespace mandate
