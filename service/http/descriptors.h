// descriptors.h: the .proto files of mandate.v1 as the compiler read them, comments included; embedded by the build.
#ifndef MANDATE_SERVICE_HTTP_DESCRIPTORS_H_
#define MANDATE_SERVICE_HTTP_DESCRIPTORS_H_

#include <string_view>

namespace mandate {

// A google.protobuf.FileDescriptorSet.
std::string_view EmbeddedDescriptors();

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_DESCRIPTORS_H_
