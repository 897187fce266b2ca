// process.h: what a program that serves sets for the whole process.
#ifndef MANDATE_SERVICE_PROCESS_H_
#define MANDATE_SERVICE_PROCESS_H_

#include "absl/synchronization/mutex.h"

namespace mandate {

// Debian builds abseil without NDEBUG, so each lock of gRPC's mutexes is entered into a graph that is searched for deadlocks: an aid
// for abseil's developers that costs a call a tenth or more (DECISIONS.md). Call it first in main; tests go without.
inline void SkipDeadlockDetection() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace mandate

#endif  // MANDATE_SERVICE_PROCESS_H_
