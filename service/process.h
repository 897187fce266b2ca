// process.h: what a program that serves sets for the whole process.
#ifndef MANDATE_SERVICE_PROCESS_H_
#define MANDATE_SERVICE_PROCESS_H_

#include <malloc.h>

#include <algorithm>
#include <thread>

#include "absl/synchronization/mutex.h"

namespace mandate {

// Call it first in main; tests go without.
//
// Locks: Debian builds abseil without NDEBUG, so each lock of gRPC's mutexes is entered into a graph that is searched
// for deadlocks: an aid for abseil's developers that costs a call a tenth or more.
// Memory: glibc's malloc makes eight arenas for each core, each with holes of its own, so that a server grows for hours
// though nothing is kept; one for each core is as fast (DECISIONS.md has both measured).
inline void PrepareProcess() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, static_cast<int>(std::max(2u, std::thread::hardware_concurrency())));
#endif
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_PROCESS_H_
