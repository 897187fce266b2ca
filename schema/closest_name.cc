// Edit distance with neighbours swapped counted as one step (`veiwer` is one away from `viewer`).
#include <algorithm>
#include <vector>

#include "schema/compiler.h"

namespace mandate {
namespace {

constexpr size_t kNameBytesMax = 128;  // Longer ones are no typing mistakes, and the table is quadratic.

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string ClosestName(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > kNameBytesMax) return {};
  // One slip in a short name, one for every three letters in a long one.
  const size_t allowed = std::max<size_t>(1, name.size() / 3);
  size_t best_distance = allowed + 1;
  std::string_view best;
  for (const std::string& candidate : candidates) {
    const size_t gap = std::max(candidate.size(), name.size()) - std::min(candidate.size(), name.size());
    if (gap >= best_distance || candidate.size() > kNameBytesMax || candidate == name) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace mandate
