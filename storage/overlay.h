// overlay.h: changes that are not committed yet, and the view of a state with such changes on top.
//
//   Overlay mine;
//   mine.Put(Family::kLive, key, value);
//   OverlayView after(&base, {&mine, &group});   // newest first
//
// Threads     An Overlay belongs to one thread; views of it read it, and it must not change under
//             their Scans.
// Ownership   A view borrows its base and its overlays.
#ifndef MANDATE_STORAGE_OVERLAY_H_
#define MANDATE_STORAGE_OVERLAY_H_

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "storage/state_view.h"

namespace mandate {

// Changes are put down as they come, and sorted in when somebody reads: an import of a million relationships is read by
// nobody before it is committed, and finding a place for each would be most of its cost.
class Overlay {
 public:
  // A key with its new value, or with none: deleted.
  using Entries = absl::btree_map<std::string, std::optional<std::string>, std::less<>>;

  void Put(Family family, std::string key, std::string value);
  void Delete(Family family, std::string key);
  void MergeFrom(Overlay&& newer);  // What `newer` says counts.

  const Entries& entries(Family family) const;

  // Every change; of several to one key the last counts. In the order of keys, but for what was read already, which
  // comes before the rest.
  using Visit = std::function<void(const std::string& key, const std::optional<std::string>& value)>;
  void ForEach(Family family, const Visit& visit) const;

 private:
  using Pending = std::vector<std::pair<std::string, std::optional<std::string>>>;
  mutable std::array<Entries, kFamilies> entries_;
  mutable std::array<Pending, kFamilies> pending_;  // Newer than the entries, the last ones newest.
};

class OverlayView : public StateView {
 public:
  OverlayView(const StateView* base, std::vector<const Overlay*> newest_first)
      : base_(base), layers_(std::move(newest_first)) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const override;
  std::unique_ptr<Scan> NewScan(Family family, std::string begin, std::string end) const override;

 private:
  const StateView* const base_;
  const std::vector<const Overlay*> layers_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_OVERLAY_H_
