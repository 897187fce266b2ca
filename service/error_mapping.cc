#include "service/error_mapping.h"

#include "absl/strings/numbers.h"
#include "google/rpc/error_details.pb.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// As it travels: gRPC writes every byte but printable ASCII as `%XX`.
constexpr size_t kMessageWireBytesMax = 2048;
// Inside the details the message comes again, and the description of the field once more; short ones come whole.
constexpr size_t kDetailMessageBytesMax = 1024;
constexpr size_t kDescriptionBytesMax = 256;
constexpr size_t kNameBytesMax = 256;
// Of all details of a status together; those that do not fit are left out.
constexpr size_t kMetadataBytesMax = 1536;

constexpr std::string_view kAuthzedReasonPrefix = "ERROR_REASON_";

constexpr std::string_view kCutMark = " ... (cut)";

size_t WireBytes(std::string_view text) {
  size_t bytes = 0;
  for (const char c : text) bytes += c < 0x20 || c > 0x7e || c == '%' ? 3 : 1;
  return bytes;
}

// `text`, or as many whole characters of it as fit into `bytes_max` (by `bytes_of`) with a mark that it was cut.
std::string Cut(std::string_view text, size_t bytes_max, size_t (*bytes_of)(std::string_view)) {
  if (bytes_of(text) <= bytes_max) return std::string(text);
  size_t kept = 0;
  size_t used = bytes_of(kCutMark);
  while (kept < text.size()) {
    const size_t length = std::max<size_t>(1, Utf8CharacterLength(text.substr(kept)));
    used += bytes_of(text.substr(kept, length));
    if (used > bytes_max) break;
    kept += length;
  }
  return Cat(text.substr(0, kept), kCutMark);
}

std::string Cut(std::string_view text, size_t bytes_max) {
  return Cut(text, bytes_max, [](std::string_view t) { return t.size(); });
}

}  // namespace

int64_t RetryAfterSeconds(const absl::Status& status) {
  const auto details = DetailsOf(status);
  const auto after = details.find(kRetryAfterDetail);
  int64_t ms = 0;
  return after != details.end() && absl::SimpleAtoi(after->second, &ms) ? (ms + 999) / 1000 : 0;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status wire;
  const std::string_view message = StdView(status.message());
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(Cut(message, kDetailMessageBytesMax));
  if (const std::string reason = ReasonOf(status); !reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(Cut(reason, kNameBytesMax));
    info.set_domain(reason.starts_with(kAuthzedReasonPrefix) ? "authzed.com" : "mandate");
    size_t bytes = 0;
    for (const auto& [key, value] : DetailsOf(status)) {
      const std::string cut = Cut(value, kNameBytesMax);
      bytes += key.size() + cut.size();
      if (bytes > kMetadataBytesMax) break;
      (*info.mutable_metadata())[key] = cut;
    }
    wire.add_details()->PackFrom(info);
  }
  const auto details = DetailsOf(status);
  int64_t after_ms = 0;
  if (const auto after = details.find(kRetryAfterDetail);
      after != details.end() && absl::SimpleAtoi(after->second, &after_ms)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(after_ms / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(after_ms % 1000) * 1'000'000);
    wire.add_details()->PackFrom(retry);
  }
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(Cut(field, kNameBytesMax));
    violation->set_description(Cut(message, kDescriptionBytesMax));
    wire.add_details()->PackFrom(bad);
  }
  return wire;
}

grpc::Status ToGrpc(const absl::Status& status) {
  return status.ok() ? grpc::Status::OK : ToGrpc(status, ToRpcStatus(status));
}

grpc::Status ToGrpc(const absl::Status& status, const google::rpc::Status& wire) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      Cut(StdView(status.message()), kMessageWireBytesMax, &WireBytes), wire.SerializeAsString());
}

absl::Status FromRpcStatus(const google::rpc::Status& wire) {
  absl::Status status(static_cast<absl::StatusCode>(wire.code()), wire.message());
  if (status.ok()) return status;
  for (const auto& detail : wire.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info)) {
      status = WithReason(std::move(status), info.reason());
      for (const auto& [key, value] : info.metadata()) status = WithDetail(std::move(status), key, value);
    } else if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      status = WithField(std::move(status), bad.field_violations(0).field());
    }
  }
  return status;
}

absl::Status FromGrpc(const grpc::Status& status) {
  google::rpc::Status wire;
  if (!status.error_details().empty()) wire.ParseFromString(status.error_details());
  // What the call says counts, whatever the details repeat.
  wire.set_code(status.error_code());
  wire.set_message(status.error_message());
  return FromRpcStatus(wire);
}

int HttpCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk: return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange: return 400;
    case absl::StatusCode::kUnauthenticated: return 401;
    case absl::StatusCode::kPermissionDenied: return 403;
    case absl::StatusCode::kNotFound: return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists: return 409;
    case absl::StatusCode::kResourceExhausted: return 429;
    case absl::StatusCode::kCancelled: return 499;
    case absl::StatusCode::kUnimplemented: return 501;
    case absl::StatusCode::kUnavailable: return 503;
    case absl::StatusCode::kDeadlineExceeded: return 504;
    default: return 500;
  }
}

}  // namespace mandate
