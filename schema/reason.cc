#include "schema/reason.h"

#include "absl/strings/cord.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr std::string_view kReasonUrl = "mandate.dev/reason";
constexpr std::string_view kFieldUrl = "mandate.dev/field";
constexpr std::string_view kDetailUrl = "mandate.dev/detail/";

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

absl::Status Invalid(std::string_view message, std::string_view reason, std::string_view field_path) {
  return WithField(WithReason(InvalidArgument(message), reason), field_path);
}

absl::Status WithDetail(absl::Status status, std::string_view key, std::string_view value) {
  status.SetPayload(AbslView(Cat(kDetailUrl, key)), absl::Cord(AbslView(value)));
  return status;
}

std::map<std::string, std::string> DetailsOf(const absl::Status& status) {
  std::map<std::string, std::string> details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    const std::string_view key = StdView(url);
    if (key.starts_with(kDetailUrl)) details.emplace(key.substr(kDetailUrl.size()), std::string(value));
  });
  return details;
}

}  // namespace mandate
