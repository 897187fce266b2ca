#include "service/http/native_call.h"

namespace mandate {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

NativeCall::NativeCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const Metadata& metadata) {
  for (const auto& [name, value] : metadata) context_.AddMetadata(name, value);
  stream_ = grpc::GenericStub(channel).PrepareCall(&context_, method, &queue_);
  stream_->StartCall(this);
  Wait();
}

NativeCall::~NativeCall() {
  if (!finished_) {
    Cancel();
    Finish();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool NativeCall::Wait() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

bool NativeCall::Write(const std::string& message) {
  stream_->Write(ToBuffer(message), this);
  return Wait();
}

bool NativeCall::CloseWrites() {
  stream_->WritesDone(this);
  return Wait();
}

NativeCall::Got NativeCall::Read(std::string* message, std::chrono::milliseconds patience) {
  if (!reading_) {
    stream_->Read(&incoming_, this);
    reading_ = true;
  }
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + patience) == grpc::CompletionQueue::TIMEOUT) {
    return Got::kNothingYet;
  }
  reading_ = false;
  if (!ok) return Got::kEnd;
  *message = ToBytes(incoming_);
  return Got::kMessage;
}

grpc::Status NativeCall::Finish() {
  if (reading_) Wait();
  reading_ = false;
  grpc::Status status;
  stream_->Finish(&status, this);
  Wait();
  finished_ = true;
  return status;
}

}  // namespace mandate
