// revision.h: a point in the order of writes.
//
// Revisions are ordered, not counted: between two of them there may be none. Zero is before every write.
#ifndef MANDATE_STORAGE_REVISION_H_
#define MANDATE_STORAGE_REVISION_H_

#include <compare>
#include <cstdint>

namespace mandate {

class Revision {
 public:
  constexpr Revision() = default;
  constexpr explicit Revision(uint64_t value) : value_(value) {}
  constexpr uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(Revision, Revision) = default;

 private:
  uint64_t value_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_REVISION_H_
