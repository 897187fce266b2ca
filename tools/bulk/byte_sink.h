// byte_sink.h: bytes into a file, packed if its name says so, whole or not at all.
//
//   auto sink = ByteSink::Open("users.csv.gz");     // `-` is standard output
//   sink->Write(text);
//   sink->Finish();                                 // now the file is there, under its name
//
// Until Finish a file is NAME.part; what stood under the name stays as long.
//
// Threads     Belongs to one thread.
// Errors      PERMISSION_DENIED or UNAVAILABLE for what cannot be written, RESOURCE_EXHAUSTED when the disk is full.
//             After one, all that follows ends in the same: the file lacks something.
#ifndef MANDATE_TOOLS_BULK_BYTE_SINK_H_
#define MANDATE_TOOLS_BULK_BYTE_SINK_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/bulk/byte_source.h"

namespace mandate {

class ByteSink {
 public:
  enum class Begin { kNew, kBehindPart };  // kBehindPart: behind what a Pause left.

  static absl::StatusOr<std::unique_ptr<ByteSink>> Open(const std::string& path, Begin begin);
  virtual ~ByteSink() = default;

  virtual absl::Status Write(std::string_view bytes) = 0;
  // Everything that was written is in the file, and readable as far as it goes. Once one of them.
  virtual absl::Status Finish() = 0;
  virtual absl::Status Pause() = 0;  // Leaves NAME.part.
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_BYTE_SINK_H_
