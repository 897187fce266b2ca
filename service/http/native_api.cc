#include "service/http/native_api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/http/json_text.h"
#include "service/http/native_call.h"
#include "service/request_log.h"

namespace mandate {
namespace {

using google::protobuf::Message;
using std::chrono::milliseconds;

constexpr size_t kMessageBytesMax = 32 << 20;
// How long a stream may say nothing before its header is sent all the same. An error within it has its own HTTP code.
constexpr milliseconds kHeaderDelay{50};
// How often a call that says nothing looks whether anybody still listens.
constexpr milliseconds kReadEvery{200};

std::unique_ptr<Message> New(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// A parser's words, which may quote what it was given: on one line, valid UTF-8.
std::string Clean(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const size_t length = Utf8CharacterLength(text);
    clean += length == 0 ? "?" : text[0] == '\n' ? " " : text.substr(0, length);
    text.remove_prefix(std::max<size_t>(1, length));
  }
  return clean;
}

// One request as the bytes of its message. Names that it does not have are refused: a mistyped condition must not
// vanish.
absl::StatusOr<std::string> RequestBytes(const NativeMethod& method, const std::string& json) {
  const auto message = New(method.descriptor->input_type());
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, message.get());
  if (!parsed.ok()) {
    return JsonMalformed(Cat("the body is no ", method.descriptor->input_type()->name(), ": ",
                             Clean(std::string_view(parsed.message().data(), parsed.message().size()))));
  }
  std::string bytes;
  if (message->SerializeToString(&bytes)) return bytes;
  return JsonMalformed("the body is longer than a message may be");
}

absl::StatusOr<std::string> ResponseJson(const NativeMethod& method, const std::string& bytes) {
  const auto message = New(method.descriptor->output_type());
  std::string json;
  if (message->ParseFromString(bytes) && google::protobuf::util::MessageToJsonString(*message, &json).ok()) return json;
  return absl::InternalError("the answer cannot be written as JSON");
}

// Who calls, and by which name the call is found. What is not well-formed of the latter does not go on.
NativeCall::Metadata MetadataOf(const HttpRequest& request) {
  NativeCall::Metadata metadata;
  if (!request.authorization.empty()) metadata.emplace_back("authorization", request.authorization);
  const RequestNames names = NamesOfRequest(request.request_id, request.traceparent);
  if (!names.request_id.empty()) metadata.emplace_back("x-request-id", names.request_id);
  if (!names.trace_id.empty()) metadata.emplace_back("traceparent", request.traceparent);
  return metadata;
}

std::string ErrorJson(const absl::Status& status) {
  std::string json;
  if (google::protobuf::util::MessageToJsonString(ToRpcStatus(status), &json).ok()) return json;
  return R"({"code":13,"message":"the error cannot be written as JSON"})";
}

// The whole error of a call, its details as the service made them.
HttpReply ErrorReply(const grpc::Status& status) {
  google::rpc::Status wire;
  wire.ParseFromString(status.error_details());
  wire.set_code(status.error_code());
  wire.set_message(status.error_message());
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  HttpReply reply{.status = HttpCodeOf(code), .code = code, .is_told = true};
  reply.retry_after_seconds = RetryAfterSeconds(FromGrpc(status));
  if (!google::protobuf::util::MessageToJsonString(wire, &reply.body).ok()) reply.body = ErrorJson(FromGrpc(status));
  return reply;
}

// What is left of a call whose first response, or none, is there.
class ResponseStream final : public HttpBody {
 public:
  ResponseStream(const NativeMethod& method, std::unique_ptr<NativeCall> call,
                 std::shared_ptr<std::atomic<int>> streams)
      : method_(method), call_(std::move(call)), streams_(std::move(streams)) {}
  ~ResponseStream() override { --*streams_; }

  // REQUIRES: before Run.
  void StartWith(std::string first) { first_ = std::move(first); }

  void Run(const std::function<bool(std::string_view)>& send, const std::function<bool()>& gone) override {
    if (first_ && !SendResult(*first_, send)) return call_->Cancel();
    std::string bytes;
    while (true) {
      const NativeCall::Got got = call_->Read(&bytes, kReadEvery);
      if (got == NativeCall::Got::kEnd) break;
      if (got == NativeCall::Got::kMessage && !SendResult(bytes, send)) return call_->Cancel();
      if (got == NativeCall::Got::kNothingYet && gone()) call_->Cancel();  // Who still listens reads that it broke off.
    }
    const grpc::Status status = call_->Finish();
    if (!status.ok()) send(Cat("{\"error\":", ErrorReply(status).body, "}\n"));
  }

 private:
  bool SendResult(const std::string& bytes, const std::function<bool(std::string_view)>& send) {
    auto json = ResponseJson(method_, bytes);
    if (json.ok()) return send(Cat("{\"result\":", *json, "}\n"));
    send(Cat("{\"error\":", ErrorJson(json.status()), "}\n"));
    return false;
  }

  const NativeMethod& method_;
  std::unique_ptr<NativeCall> call_;
  std::shared_ptr<std::atomic<int>> streams_;
  std::optional<std::string> first_;
};

HttpReply Unary(const NativeMethod& method, const HttpRequest& request, NativeCall* call) {
  std::string bytes;
  NativeCall::Got got = NativeCall::Got::kNothingYet;
  while (got == NativeCall::Got::kNothingYet) {
    got = call->Read(&bytes, kReadEvery);
    if (got == NativeCall::Got::kNothingYet && request.gone()) call->Cancel();
  }
  const bool answered = got == NativeCall::Got::kMessage;
  const grpc::Status status = call->Finish();
  if (!status.ok()) return ErrorReply(status);
  auto json = answered ? ResponseJson(method, bytes) : absl::InternalError("the call ended without an answer");
  if (!json.ok()) return RpcErrorReply(json.status());
  return {.body = *std::move(json), .is_told = true};
}

// Cuts a body into lines as it arrives, and hands each that is not blank over. Of the body the longest line is kept.
class Lines {
 public:
  using Take = std::function<absl::Status(const std::string&)>;
  Lines(const HttpRequest& request, Take take) : request_(request), take_(std::move(take)) {}

  absl::Status Add(std::string_view piece) {
    while (true) {
      const size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      const size_t bytes = line_.size() + part.size();
      if (bytes > kMessageBytesMax) {
        return WithReason(absl::OutOfRangeError(Cat("a line has at most ", kMessageBytesMax, " bytes")),
                          "BODY_TOO_LONG");
      }
      if (bytes > longest_bytes_) {
        if (absl::Status status = Keep(request_, bytes - longest_bytes_); !status.ok()) return status;
        longest_bytes_ = bytes;
      }
      line_.append(part);
      if (end == piece.npos) return absl::OkStatus();
      if (absl::Status status = Finish(); !status.ok()) return status;
      piece.remove_prefix(end + 1);
    }
  }
  absl::Status Finish() {
    const std::string line = std::exchange(line_, "");
    return line.find_first_not_of(" \t\r") == line.npos ? absl::OkStatus() : take_(line);
  }

 private:
  const HttpRequest& request_;
  Take take_;
  std::string line_;
  size_t longest_bytes_ = 0;
};

}  // namespace

HttpReply RpcErrorReply(const absl::Status& status) {
  const bool too_long = ReasonOf(status) == "BODY_TOO_LONG";
  HttpReply reply{
      .status = too_long ? 413 : HttpCodeOf(status.code()), .code = status.code(), .body = ErrorJson(status)};
  reply.retry_after_seconds = RetryAfterSeconds(status);
  return reply;
}

NativeApi::NativeApi(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {
  for (const NativeMethod& method : NativeMethods()) by_path_[method.path] = &method;
}

const NativeMethod* NativeApi::Find(const std::string& path) const {
  const auto it = by_path_.find(path);
  return it == by_path_.end() ? nullptr : it->second;
}

HttpReply NativeApi::Handle(const NativeMethod& method, const HttpRequest& request, std::optional<Admission> admission,
                            NativeCall::Metadata vouched) {
  NativeCall::Metadata metadata = MetadataOf(request);
  std::move(vouched.begin(), vouched.end(), std::back_inserter(metadata));
  const bool many_requests = method.descriptor->client_streaming();
  if (many_requests) {
    admission.reset();  // The call is there while the body comes.
    NativeCall call(channel_, method.call, metadata);
    bool over = false;
    Lines lines(request, [&](const std::string& line) -> absl::Status {
      auto bytes = RequestBytes(method, line);
      if (!bytes.ok()) return bytes.status();
      over = over || !call.Write(*bytes);  // Why, says the end of the call.
      return absl::OkStatus();
    });
    absl::Status status = request.read_body([&](std::string_view piece) { return lines.Add(piece); });
    if (status.ok()) status = lines.Finish();
    if (!status.ok()) return RpcErrorReply(status);
    if (!over) call.CloseWrites();
    return Unary(method, request, &call);
  }
  auto body = ReadWhole(request, kMessageBytesMax);
  if (!body.ok()) return RpcErrorReply(body.status());
  auto bytes = RequestBytes(method, *body);
  if (!bytes.ok()) return RpcErrorReply(bytes.status());
  admission.reset();
  if (!method.descriptor->server_streaming()) {
    NativeCall call(channel_, method.call, metadata);
    if (call.Write(*bytes)) call.CloseWrites();
    return Unary(method, request, &call);
  }
  if (++*streams_ > kStreamsMax) {
    --*streams_;
    return RpcErrorReply(WithReason(absl::ResourceExhaustedError(Cat("there are ", kStreamsMax, " streams already")),
                                    "TOO_MANY_STREAMS"));
  }
  auto call = std::make_unique<NativeCall>(channel_, method.call, metadata);
  NativeCall* const raw = call.get();
  auto stream = std::make_shared<ResponseStream>(method, std::move(call), streams_);
  if (raw->Write(*bytes)) raw->CloseWrites();
  std::string first;
  const NativeCall::Got got = raw->Read(&first, kHeaderDelay);
  if (got == NativeCall::Got::kEnd) {
    const grpc::Status status = raw->Finish();
    if (!status.ok()) return ErrorReply(status);
    return {.content_type = "application/x-ndjson", .is_told = true};
  }
  if (got == NativeCall::Got::kMessage) stream->StartWith(std::move(first));
  return {.content_type = "application/x-ndjson", .stream = std::move(stream), .is_told = true};
}

}  // namespace mandate
