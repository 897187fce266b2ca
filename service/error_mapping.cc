#include "service/error_mapping.h"

#include "google/rpc/error_details.pb.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// gRPC sends the message and the details as headers; past 8 KiB peers drop the whole call. The text is cut in the
// message; the details keep what a program needs.
constexpr size_t kMessageBytesMax = 4096;

std::string CutMessage(std::string message) {
  if (message.size() <= kMessageBytesMax) return message;
  message.resize(kMessageBytesMax);
  while (!message.empty() && (message.back() & 0xc0) == 0x80) message.pop_back();
  if (!message.empty() && (message.back() & 0x80) != 0) message.pop_back();
  return message + " ... (cut)";
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(CutMessage(std::string(status.message())));
  if (const std::string reason = ReasonOf(status); !reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain("mandate");
    wire.add_details()->PackFrom(info);
  }
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(CutMessage(std::string(status.message())));
    // The same text twice would not fit beside a long message.
    if (violation->description().size() > 512) violation->clear_description();
    wire.add_details()->PackFrom(bad);
  }
  return wire;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status wire = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(),
                      wire.details_size() == 0 ? "" : wire.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status wire;
  if (status.error_details().empty() || !wire.ParseFromString(status.error_details())) {
    return result;
  }
  for (const auto& detail : wire.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info)) {
      result = WithReason(std::move(result), info.reason());
    } else if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      result = WithField(std::move(result), bad.field_violations(0).field());
    }
  }
  return result;
}

}  // namespace mandate
