#include "schema/reason.h"

#include "absl/strings/cord.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr std::string_view kReasonUrl = "mandate.dev/reason";
constexpr std::string_view kFieldUrl = "mandate.dev/field";

std::string PayloadOf(const absl::Status& status, std::string_view url) {
  const auto payload = status.GetPayload(AbslView(url));
  return payload ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status WithReason(absl::Status status, std::string_view reason) {
  status.SetPayload(AbslView(kReasonUrl), absl::Cord(AbslView(reason)));
  return status;
}

std::string ReasonOf(const absl::Status& status) { return PayloadOf(status, kReasonUrl); }

absl::Status WithField(absl::Status status, std::string_view field_path) {
  status.SetPayload(AbslView(kFieldUrl), absl::Cord(AbslView(field_path)));
  return status;
}

std::string FieldOf(const absl::Status& status) { return PayloadOf(status, kFieldUrl); }

}  // namespace mandate
