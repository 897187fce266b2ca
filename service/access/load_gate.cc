// Why a limit on what is under way, and not on a rate: how much a question costs is known only when it is answered, and
// it differs by a thousand. What is under way at a time, divided by the cores, is how much longer each takes than it
// has to; so a limit on it is a limit on latency, whatever the questions cost.
//
// How it adapts (after the gradient of Netflix's concurrency-limits). Each window gives the mean time of its questions.
// The smallest such mean is taken for the time without waiting. While no more is under way than there are cores, what
// questions take is learned anew, some percent a second; under load it is not, or waiting would soon be taken for what
// they take. A window whose mean is more than kPatience times that, while more was under way than there are cores,
// lowers the limit in proportion, to a half at most, but not below the cores; any other raises it. Few questions under
// way never lower it: what takes long then is long. And where questions take next to nothing it rises fast, whatever
// they took before.
#include "service/access/load_gate.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

using std::chrono::nanoseconds;

constexpr int64_t kWindowNs = 100'000'000;
constexpr uint64_t kWindowCountMin = 10;  // Fewer say nothing; the window goes on.
constexpr int kSlowWindowsMin = 3;        // In a row: a machine that stood still for a moment is no load.
constexpr double kPatience = 1.5;
// Questions that take less than this on average need no protection from one another: what is refused then would have
// been answered sooner than it can come back. So a cache that is cold, say, is no load.
constexpr double kConcernNs = 5e6;
constexpr double kCreep = 1.005;    // A window: about 5 % a second.
constexpr size_t kWaitingMin = 32;  // So many may wait, whatever the limit; none of them for long.
constexpr int64_t kWaitNsMin = 5'000'000;
constexpr int64_t kWaitNsMax = 100'000'000;

const char* NameOf(Work work) {
  switch (work) {
    case Work::kQuestion: return "questions";
    case Work::kWrite: return "writes";
    case Work::kList: return "lists";
    case Work::kWatch: return "watches";
  }
  return "calls";
}

absl::Status Overloaded(Work work, size_t limit) {
  // Spread, so that those who were refused together do not come back together.
  static std::atomic<uint32_t> turn = 0;
  const uint32_t after_ms = work == Work::kWatch ? 5000 : 200 + turn++ * 37 % 300;
  return WithDetail(WithReason(absl::ResourceExhaustedError(Cat("the server has as many ", NameOf(work),
                                                                " under way as it can bear (", limit,
                                                                "); try again in ", after_ms, " ms")),
                               "OVERLOADED"),
                    kRetryAfterDetail, Cat(after_ms));
}

}  // namespace

LoadGate::LoadGate(const LoadLimits& limits)
    : cores_(limits.cores > 0 ? limits.cores : std::max(1u, std::thread::hardware_concurrency())),
      questions_max_(std::max(limits.questions_max, cores_)),
      wait_max_ns_(kWaitNsMin) {
  Of(Work::kQuestion).limit = questions_max_;
  Of(Work::kWrite).limit = limits.writes_max;
  Of(Work::kList).limit = limits.lists_max;
  Of(Work::kWatch).limit = limits.watches_max;
}

LoadGate::Place& LoadGate::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  Leave();
  gate_ = std::exchange(other.gate_, nullptr);
  work_ = other.work_;
  entered_ = other.entered_;
  status_ = std::move(other.status_);
  return *this;
}

void LoadGate::Place::Leave() {
  if (gate_ != nullptr) std::exchange(gate_, nullptr)->Left(work_, entered_);
}

bool LoadGate::TryEnter(Kind* kind) {
  if (kind->under_way.fetch_add(1, std::memory_order_acq_rel) < kind->limit.load(std::memory_order_relaxed))
    return true;
  kind->under_way.fetch_sub(1, std::memory_order_acq_rel);
  return false;
}

LoadGate::Place LoadGate::Enter(Work work) {
  Place place;
  place.work_ = work;
  Kind& kind = Of(work);
  bool entered = TryEnter(&kind);
  if (!entered && work != Work::kWatch) {
    // Whoever leaves may miss that somebody has just begun to wait; so nobody waits long at a time.
    const Clock::time_point until = Clock::now() + nanoseconds(wait_max_ns_.load(std::memory_order_relaxed));
    if (kind.waiting.fetch_add(1) < std::max(kWaitingMin, kind.limit.load(std::memory_order_relaxed))) {
      std::unique_lock lock(kind.mutex);
      while (!(entered = TryEnter(&kind))) {
        if (kind.left.wait_until(lock, std::min(until, Clock::now() + std::chrono::milliseconds(5))) ==
                std::cv_status::timeout &&
            Clock::now() >= until) {
          break;
        }
      }
    }
    kind.waiting.fetch_sub(1);
  }
  if (!entered) {
    kind.refused.fetch_add(1, std::memory_order_relaxed);
    place.status_ = Overloaded(work, kind.limit.load(std::memory_order_relaxed));
    return place;
  }
  place.gate_ = this;
  place.entered_ = Clock::now();
  if (work == Work::kQuestion) {
    const size_t now = kind.under_way.load(std::memory_order_relaxed);
    size_t most = most_.load(std::memory_order_relaxed);
    while (now > most && !most_.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
  }
  return place;
}

void LoadGate::Left(Work work, Clock::time_point entered) {
  Kind& kind = Of(work);
  kind.under_way.fetch_sub(1, std::memory_order_acq_rel);
  if (kind.waiting.load(std::memory_order_relaxed) > 0) kind.left.notify_one();
  if (work != Work::kQuestion) return;
  const Clock::time_point now = Clock::now();
  Adapt(now, now - entered);
}

void LoadGate::Adapt(Clock::time_point now, nanoseconds took) {
  const uint64_t count = count_.fetch_add(1, std::memory_order_relaxed) + 1;
  took_ns_.fetch_add(static_cast<uint64_t>(took.count()), std::memory_order_relaxed);
  const int64_t now_ns = std::chrono::duration_cast<nanoseconds>(now.time_since_epoch()).count();
  int64_t ends = window_ends_ns_.load(std::memory_order_acquire);
  if (now_ns < ends || count < kWindowCountMin) return;
  // One call ends the window; the next cannot end before this one is done with what it writes.
  if (!window_ends_ns_.compare_exchange_strong(ends, now_ns + kWindowNs, std::memory_order_acq_rel)) return;
  const auto in_window = static_cast<double>(count_.exchange(0));
  const auto sum = static_cast<double>(took_ns_.exchange(0));
  const size_t most = most_.exchange(0);
  if (in_window < 1) return;
  const double mean = sum / in_window;
  const double before = unloaded_ns_.load();
  const bool loaded = most > cores_;
  const double unloaded = before == 0 ? mean : std::min(mean, loaded ? before : before * kCreep);
  unloaded_ns_.store(unloaded);
  Kind& kind = Of(Work::kQuestion);
  auto limit = static_cast<double>(kind.limit.load());
  const double gradient = std::clamp(kPatience * unloaded / mean, 0.5, 1.0);
  if (mean < kConcernNs) {
    limit = 2 * limit + std::sqrt(limit);
    slow_windows_ = 0;
  } else if (gradient < 1 && loaded) {
    if (slow_windows_.fetch_add(1) + 1 < kSlowWindowsMin) return;
    // From what was really under way: a limit that nobody came near says nothing.
    limit = std::min(limit, static_cast<double>(most)) * gradient;
  } else {
    limit += std::sqrt(limit);
    slow_windows_ = 0;
  }
  limit = std::clamp(limit, static_cast<double>(cores_), static_cast<double>(questions_max_));
  kind.limit.store(static_cast<size_t>(limit));
  wait_max_ns_.store(std::clamp(static_cast<int64_t>(unloaded), kWaitNsMin, kWaitNsMax));
}

}  // namespace mandate
