// wire_form.h: how the parts of wire.h say what is wrong with a field.
#ifndef MANDATE_SERVICE_WIRE_FORM_H_
#define MANDATE_SERVICE_WIRE_FORM_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/field_path.h"

namespace mandate {

inline absl::Status Missing(const FieldPath& path) {
  return WithField(WithReason(absl::InvalidArgumentError(Cat("`", path.ToString(), "` is required")), "MISSING_FIELD"),
                   path.ToString());
}

// What relationship.h says about the form of a part, placed.
inline absl::Status At(const absl::Status& status, const FieldPath& path) {
  return status.ok() ? status : WithField(WithReason(status, "MALFORMED_FIELD"), path.ToString());
}

inline absl::Status Malformed(std::string_view message, const FieldPath& path) {
  return Invalid(Cat("`", path.ToString(), "` ", message), "MALFORMED_FIELD", path.ToString());
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_WIRE_FORM_H_
