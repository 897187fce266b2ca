#include "service/http/http_exchange.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

absl::Status Keep(const HttpRequest& request, size_t bytes) {
  if (request.may_keep(bytes)) return absl::OkStatus();
  return WithDetail(WithReason(absl::ResourceExhaustedError("the server holds as many bodies as it may; send it again"),
                               "BODIES_EXHAUSTED"),
                    kRetryAfterDetail, "1000");
}

absl::StatusOr<std::string> ReadWhole(const HttpRequest& request, size_t bytes_max) {
  std::string body;
  const absl::Status status = request.read_body([&](std::string_view piece) -> absl::Status {
    if (piece.size() > bytes_max - body.size()) {
      return WithReason(absl::OutOfRangeError(Cat("the body has more than the ", bytes_max, " bytes allowed here")),
                        "BODY_TOO_LONG");
    }
    if (absl::Status s = Keep(request, piece.size()); !s.ok()) return s;
    body.append(piece);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return body;
}

bool IsJson(const HttpRequest& request) {
  const std::string_view type = std::string_view(request.content_type).substr(0, request.content_type.find(';'));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(AbslView(type)), "application/json");
}

}  // namespace mandate
