#include "tools/progress.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "absl/time/clock.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(200);
constexpr absl::Duration kLine = absl::Seconds(10);
constexpr uint64_t kBarCells = 30;

std::string Seconds(double seconds) {
  return absl::FormatDuration(absl::Seconds(static_cast<int64_t>(std::min(seconds, 1e9) + 0.5)));
}

}  // namespace

std::string ProgressText(const std::string& what, const ProgressState& state, absl::Duration elapsed, bool bar) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  std::string text = what;
  double left = -1;
  if (state.whole > 0) {
    const double share = std::min(1.0, static_cast<double>(state.part) / static_cast<double>(state.whole));
    if (bar) {
      const auto cells = static_cast<uint64_t>(share * kBarCells);
      text += Cat("  [", std::string(cells, '#'), std::string(kBarCells - cells, ' '), "]");
    }
    text += Cat("  ", static_cast<int>(share * 100), " %");
    if (share > 0) left = seconds / share - seconds;
  }
  text += Cat("  ", state.done, " relationships");
  if (seconds > 0) text += Cat(", ", static_cast<uint64_t>(static_cast<double>(state.done) / seconds), "/s");
  if (left >= 0) text += Cat(", ", Seconds(left), " left");
  return text;
}

Progress::Progress(std::string what)
    : what_(std::move(what)),
      terminal_(isatty(STDERR_FILENO) == 1),
      started_(absl::Now()),
      next_(started_ + (terminal_ ? kRedraw : kLine)) {}

void Progress::Show(const ProgressState& state) {
  const absl::Time now = absl::Now();
  if (now < next_) return;
  next_ = now + (terminal_ ? kRedraw : kLine);
  const std::string text = ProgressText(what_, state, now - started_, terminal_);
  if (terminal_) {
    std::cerr << "\r" << text << "\x1b[K" << std::flush;
    drawn_ = true;
  } else {
    std::cerr << text << "\n";
  }
}

void Progress::Clear() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace mandate
