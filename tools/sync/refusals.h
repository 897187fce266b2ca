// refusals.h: what a sync cannot take over, and why: counted, and the first of them kept.
//
// Threads     Belongs to one thread.
#ifndef MANDATE_TOOLS_SYNC_REFUSALS_H_
#define MANDATE_TOOLS_SYNC_REFUSALS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace mandate {

class Refusals {
 public:
  static constexpr size_t kKeptMax = 1000;

  // `text` says where and why: `people.ldif:12: ...`.
  void Add(std::string text) {
    if (++count_ <= kKeptMax) kept_.push_back(std::move(text));
  }
  uint64_t count() const { return count_; }
  const std::vector<std::string>& kept() const { return kept_; }

 private:
  uint64_t count_ = 0;
  std::vector<std::string> kept_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_REFUSALS_H_
