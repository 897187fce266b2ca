// load_gate.h: how many calls are worked on at a time: under more load than the machine can bear, those that are let in
// take as long as ever, and the others are told at once to come back.
//
//   LoadGate gate({});
//   LoadGate::Place place = gate.Enter(Work::kQuestion);
//   if (!place.ok()) return place.status();          // RESOURCE_EXHAUSTED (OVERLOADED), with when to try again
//
// Of questions the limit adapts: it falls while they take more than half as long again as when there was nothing to
// wait for, and rises otherwise. A call that finds no place waits a little, so that what comes in a burst is not
// refused. Of the other kinds of work the limit is fixed: a write waits for the disk and shares it, a list goes at its
// reader's speed.
//
// Threads     Safe to share.
// Ownership   Outlives its places.
// Costs       Two atomic operations and two looks at the clock for a call that finds its place.
#ifndef MANDATE_SERVICE_ACCESS_LOAD_GATE_H_
#define MANDATE_SERVICE_ACCESS_LOAD_GATE_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/status/status.h"

namespace mandate {

// What a call costs the server.
enum class Work : uint8_t {
  kQuestion,  // Answered at once, by computing.
  kWrite,     // Waits for the disk, with others.
  kList,      // A stream of results.
  kWatch,     // Lasts as long as its caller likes.
};
inline constexpr size_t kWorks = 4;

struct LoadLimits {
  size_t questions_max = 1024;  // What the adapting limit never exceeds.
  size_t writes_max = 1024;
  size_t lists_max = 256;
  size_t watches_max = 1000;
  size_t cores = 0;  // 0: those of the machine.
};

class LoadGate {
 public:
  explicit LoadGate(const LoadLimits& limits);

  // A call under way; it leaves when this goes.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept;
    ~Place() { Leave(); }
    bool ok() const { return status_.ok(); }
    const absl::Status& status() const { return status_; }

   private:
    friend class LoadGate;
    void Leave();
    LoadGate* gate_ = nullptr;  // Null: of none.
    Work work_ = Work::kQuestion;
    std::chrono::steady_clock::time_point entered_;
    absl::Status status_;
  };
  Place Enter(Work work);

  size_t limit(Work work) const { return Of(work).limit.load(std::memory_order_relaxed); }
  size_t under_way(Work work) const { return Of(work).under_way.load(std::memory_order_relaxed); }
  uint64_t refused(Work work) const { return Of(work).refused.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Kind {
    std::atomic<size_t> limit = 0;
    std::atomic<size_t> under_way = 0;
    std::atomic<uint64_t> refused = 0;
    std::atomic<size_t> waiting = 0;
    std::mutex mutex;
    std::condition_variable left;
  };
  Kind& Of(Work work) { return kinds_[static_cast<size_t>(work)]; }
  const Kind& Of(Work work) const { return kinds_[static_cast<size_t>(work)]; }
  static bool TryEnter(Kind* kind);
  void Left(Work work, Clock::time_point entered);
  void Adapt(Clock::time_point now, std::chrono::nanoseconds took);

  const size_t cores_;
  const size_t questions_max_;
  std::array<Kind, kWorks> kinds_;

  // The questions of about a tenth of a second, together.
  std::atomic<uint64_t> count_ = 0;
  std::atomic<uint64_t> took_ns_ = 0;
  std::atomic<int> slow_windows_ = 0;  // In a row.
  std::atomic<size_t> most_ = 0;       // Under way at a time.
  std::atomic<int64_t> window_ends_ns_ = 0;
  std::atomic<int64_t> wait_max_ns_;
  std::atomic<double> unloaded_ns_ = 0;  // What a question takes without waiting. Whoever ends a window writes it.
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_LOAD_GATE_H_
