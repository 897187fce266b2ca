// bulk_world.h: as many relationships as wanted, each once, in no order of keys; the same seed gives the same ones.
//
//   BulkWorld world(10'000'000, 1);
//   for (uint64_t i = 0; i < world.size(); ++i) world.AppendLine(i, &text);
//
// Seven of eight say who views a document, four each; the eighth is a member of a team.
//
// Threads     Immutable; safe to share.
#ifndef MANDATE_BENCH_BULK_WORLD_H_
#define MANDATE_BENCH_BULK_WORLD_H_

#include <cstdint>
#include <numeric>
#include <string>

#include "schema/text.h"

namespace mandate {

inline constexpr char kBulkSchema[] =
    "definition user {}\n"
    "definition team { relation member: user }\n"
    "definition document { relation viewer: user | team#member\n permission view = viewer }\n";

class BulkWorld {
 public:
  BulkWorld(uint64_t size, uint64_t seed) : size_(size), seed_(seed), people_(size / 10 + 16) {
    while (std::gcd(step_, size_) != 1) step_ += 2;
  }
  uint64_t size() const { return size_; }

  void AppendLine(uint64_t number, std::string* text) const {
    const uint64_t i = (number * step_ + seed_) % size_;  // Every number below size_, once.
    // Those of one object differ in the last bits of `i`, and so in the person.
    const uint64_t person = (Mixed(i / 4) + i % 4) % people_;
    if (i / 4 % 8 == 7) {
      *text += Cat("team:t", i / 4, "#member@user:u", person, "\n");
    } else {
      *text += Cat("document:d", i / 4, "#viewer@user:u", person, "\n");
    }
  }

 private:
  uint64_t Mixed(uint64_t x) const {
    x = (x + seed_) * 0x9e3779b97f4a7c15;
    return (x ^ (x >> 29)) >> 8;
  }

  const uint64_t size_;
  const uint64_t seed_;
  const uint64_t people_;
  uint64_t step_ = 7'368'787;
};

}  // namespace mandate

#endif  // MANDATE_BENCH_BULK_WORLD_H_
