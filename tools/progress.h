// progress.h: how far a long command has come, on standard error: a bar that is drawn over itself on a terminal, a line
// now and then elsewhere, and nothing for what is over soon.
//
//   Progress progress("importing");
//   progress.Show({.done = 120000, .part = file.read_bytes(), .whole = file.size_bytes()});
//   progress.Clear();                                         // before anything else is printed
//
// Threads     Belongs to one thread.
#ifndef MANDATE_TOOLS_PROGRESS_H_
#define MANDATE_TOOLS_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace mandate {

struct ProgressState {
  uint64_t done = 0;  // Relationships.
  uint64_t part = 0;  // Of `whole`, which is 0 where nobody knows it: bytes, or relationships.
  uint64_t whole = 0;
};

// `importing  [#####     ]  50 %  120000 relationships, 240000/s, 3s left`; without the bar where it is not wanted.
std::string ProgressText(const std::string& what, const ProgressState& state, absl::Duration elapsed, bool bar);

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress() { Clear(); }

  // Cheap: looks at the clock, and writes when it is time to.
  void Show(const ProgressState& state);
  void Clear();

 private:
  const std::string what_;
  const bool terminal_;
  const absl::Time started_;
  absl::Time next_;
  bool drawn_ = false;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROGRESS_H_
