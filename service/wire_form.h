// wire_form.h: how the parts of wire.h say what is wrong with a field.
#ifndef MANDATE_SERVICE_WIRE_FORM_H_
#define MANDATE_SERVICE_WIRE_FORM_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

inline std::string Sub(const std::string& path, const std::string& field) {
  return path.empty() ? field : Cat(path, ".", field);
}

inline absl::Status Missing(const std::string& path) {
  return WithField(WithReason(absl::InvalidArgumentError(Cat("`", path, "` is required")),
                              "MISSING_FIELD"),
                   path);
}

// What relationship.h says about the form of a part, placed.
inline absl::Status At(const absl::Status& status, const std::string& path) {
  return status.ok() ? status : WithField(WithReason(status, "MALFORMED_FIELD"), path);
}

inline absl::Status Malformed(std::string_view message, const std::string& path) {
  return Invalid(Cat("`", path, "` ", message), "MALFORMED_FIELD", path);
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_WIRE_FORM_H_
