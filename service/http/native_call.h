// native_call.h: one gRPC call of any method, in bytes, on the calling thread, which never waits blindly.
//
//   NativeCall call(channel, "/mandate.v1.WatchService/Watch");
//   call.Write(bytes); call.CloseWrites();
//   while (call.Read(&bytes, still_wanted)) ...
//   grpc::Status status = call.Finish();
//
// Threads     One call on one thread.
// Errors      As Finish says; a call that is let go of unfinished is cancelled.
#ifndef MANDATE_SERVICE_HTTP_NATIVE_CALL_H_
#define MANDATE_SERVICE_HTTP_NATIVE_CALL_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace mandate {

class NativeCall {
 public:
  // What goes along: names and values of metadata. REQUIRES: printable ASCII.
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  NativeCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const Metadata& metadata);
  ~NativeCall();
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;

  // False: the call is over.
  bool Write(const std::string& message);
  bool CloseWrites();

  enum class Got { kMessage, kEnd, kNothingYet };
  // Waits up to `patience` for the next message; what was begun goes on with the next Read.
  Got Read(std::string* message, std::chrono::milliseconds patience);

  // REQUIRES: Read said kEnd, or a write failed, or nothing more is wanted (then call Cancel first).
  grpc::Status Finish();
  void Cancel() { context_.TryCancel(); }

 private:
  // Waits for the one operation under way.
  bool Wait();

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer incoming_;
  bool reading_ = false;
  bool finished_ = false;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_NATIVE_CALL_H_
