// cost.h: what an evaluation, or compiling, may spend, and has spent.
//
// Threads     One evaluation or compilation, one thread.
// Errors      None: whoever charges looks at the answer and stops; Program::Evaluate or Compile reports it.
// Units       One unit is one step, some 30 ns: a node visited, an element compared, kBytesPerUnit bytes of
//             text looked at, two types compared.
#ifndef MANDATE_SCHEMA_CEL_COST_H_
#define MANDATE_SCHEMA_CEL_COST_H_

#include <cstddef>
#include <cstdint>

namespace mandate::cel {

class Cost {
 public:
  static constexpr size_t kBytesPerUnit = 16;

  explicit Cost(uint64_t limit) : limit_(limit) {}

  // False once the limit is exceeded, and ever after.
  bool Charge(uint64_t units) {
    if (units > limit_ - used_) {
      exceeded_ = true;
      used_ = limit_;
    } else {
      used_ += units;
    }
    return !exceeded_;
  }
  bool ChargeBytes(size_t bytes) { return Charge(1 + bytes / kBytesPerUnit); }

  bool exceeded() const { return exceeded_; }
  uint64_t used() const { return used_; }

 private:
  uint64_t limit_;
  uint64_t used_ = 0;
  bool exceeded_ = false;
};

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_COST_H_
