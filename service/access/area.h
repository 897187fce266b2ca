// area.h: the part of all resources that a caller may touch: whole types, and ids of a type that begin alike.
//
//   auto area = Area::Parse({"team", "document:eu-"});
//   area->Covers("document", "eu-plan")       // true
//   area->CoversType("document")              // false: not all of them
//
// Threads     Immutable; safe to share.
// Errors      INVALID_ARGUMENT for what is neither TYPE nor TYPE:PREFIX.
#ifndef MANDATE_SERVICE_ACCESS_AREA_H_
#define MANDATE_SERVICE_ACCESS_AREA_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mandate {

class Area {
 public:
  static absl::StatusOr<Area> Parse(const std::vector<std::string>& parts);

  bool Covers(std::string_view type, std::string_view id) const;
  // Every id of the type that begins so; an empty prefix: every one.
  bool CoversPrefix(std::string_view type, std::string_view prefix) const;
  bool CoversType(std::string_view type) const { return CoversPrefix(type, ""); }

  // As it is written: `team, document:eu-`.
  std::string ToString() const;

 private:
  struct Part {
    std::string type;
    std::string prefix;  // Empty: the whole type.
  };
  std::vector<Part> parts_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_AREA_H_
