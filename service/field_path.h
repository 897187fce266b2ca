// field_path.h: where in a request a field is: `items[3].subject.id`. Made for every field that is read and written out
// for those that are wrong, so it is a chain of views on the stack: thousands of items are read in a call.
//
//   absl::StatusOr<CheckQuestion> FromWire(const v1::CheckItem& wire, const FieldPath& path) {
//     ... FromWire(wire.subject(), Sub(path, "subject")) ...
//   FromWire(request.items(3), FieldPath("items", 3));
//
// Ownership   Views: of a parent and a text that outlive it. Make it where it is passed, never keep it.
#ifndef MANDATE_SERVICE_FIELD_PATH_H_
#define MANDATE_SERVICE_FIELD_PATH_H_

#include <concepts>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

class FieldPath {
 public:
  // NOLINTBEGIN(google-explicit-constructor): most paths are one literal.
  FieldPath(const char* text) : text_(text) {}
  FieldPath(const std::string& text) : text_(text) {}
  // NOLINTEND(google-explicit-constructor)
  FieldPath(std::string_view text, int64_t index) : text_(text), index_(index) {}
  FieldPath(const FieldPath* parent, std::string_view text) : parent_(parent), text_(text) {}

  bool empty() const { return text_.empty() && (parent_ == nullptr || parent_->empty()); }
  std::string ToString() const {
    std::string own = index_ < 0 ? std::string(text_) : Cat(text_, "[", index_, "]");
    const std::string above = parent_ == nullptr ? "" : parent_->ToString();
    return above.empty() ? own : own.empty() ? above : Cat(above, ".", own);
  }

 private:
  const FieldPath* parent_ = nullptr;
  std::string_view text_;
  int64_t index_ = -1;
};

// As schema/reason.h has them. For a FieldPath alone: a literal is a field already.
template <std::same_as<FieldPath> Path>
absl::Status WithField(const absl::Status& status, const Path& path) {
  return WithField(status, std::string_view(path.ToString()));
}
template <std::same_as<FieldPath> Path>
absl::Status Invalid(std::string_view message, std::string_view reason, const Path& path) {
  return Invalid(message, reason, std::string_view(path.ToString()));
}

inline FieldPath Sub(const FieldPath& path, std::string_view field) { return {&path, field}; }
FieldPath Sub(FieldPath&& path, std::string_view field) = delete;  // It would be gone before what is below it.

}  // namespace mandate

#endif  // MANDATE_SERVICE_FIELD_PATH_H_
