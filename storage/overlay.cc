// The scan over a view with overlays is a merge of ordered sources, newest first, then the base. At
// each step it stands on the smallest key that any source stands on; the newest source that has
// this key decides, and when it says "deleted" all of them step over it:
//
//     newest   b=2  c=deleted
//     older         c=7       e=5
//     base     a=1  c=3  d=4          ->  a=1 b=2 d=4 e=5
//
// There are at most two overlays (one request's, and that of its commit group), so the smallest is
// found by looking at each source.
#include "storage/overlay.h"

#include <algorithm>
#include <numeric>

namespace mandate {
namespace {

class OverlayScan : public Scan {
 public:
  OverlayScan(std::unique_ptr<Scan> base, const std::vector<const Overlay*>& layers, Family family,
              const std::string& begin, std::string end)
      : base_(std::move(base)), end_(std::move(end)) {
    for (const Overlay* layer : layers) {
      const Overlay::Entries& entries = layer->entries(family);
      layers_.push_back({entries.lower_bound(begin), &entries});
    }
    Settle();
  }

  bool Valid() const override { return valid_; }
  std::string_view key() const override { return layer_ ? std::string_view(layer_->at->first) : base_->key(); }
  std::string_view value() const override { return layer_ ? std::string_view(*layer_->at->second) : base_->value(); }

  void Next() override {
    StepOver();
    Settle();
  }

  void Seek(std::string_view key) override {
    if (base_->Valid()) base_->Seek(key);
    for (Layer& layer : layers_) layer.at = layer.entries->lower_bound(key);
    Settle();
  }

  absl::Status status() const override { return base_->status(); }

 private:
  struct Layer {
    Overlay::Entries::const_iterator at;
    const Overlay::Entries* entries;
    bool Valid(const std::string& end) const { return at != entries->end() && (end.empty() || at->first < end); }
  };

  // Finds the source that decides; steps over what is deleted.
  void Settle() {
    for (;;) {
      layer_ = nullptr;
      valid_ = base_->Valid();
      if (!valid_ && !base_->status().ok()) return;  // an error is never the end of the rows
      for (Layer& layer : layers_) {
        if (!layer.Valid(end_)) continue;
        if (!valid_ || layer.at->first < key() || (layer_ == nullptr && layer.at->first == key())) {
          layer_ = &layer;
          valid_ = true;
        }
      }
      if (!valid_ || layer_ == nullptr || layer_->at->second.has_value()) return;
      StepOver();
    }
  }

  // Moves every source that stands on the present key.
  void StepOver() {
    if (layer_ == nullptr) return base_->Next();         // a layer with this key would have decided
    const std::string_view present = layer_->at->first;  // stays when the iterators move
    if (base_->Valid() && base_->key() == present) base_->Next();
    for (Layer& layer : layers_) {
      if (layer.Valid(end_) && layer.at->first == present) ++layer.at;
    }
  }

  std::unique_ptr<Scan> base_;
  const std::string end_;
  std::vector<Layer> layers_;
  Layer* layer_ = nullptr;  // The one that decides; null: the base.
  bool valid_ = false;
};

}  // namespace

void Overlay::Put(Family family, std::string key, std::string value) {
  pending_[static_cast<size_t>(family)].emplace_back(std::move(key), std::move(value));
}

void Overlay::Delete(Family family, std::string key) {
  pending_[static_cast<size_t>(family)].emplace_back(std::move(key), std::nullopt);
}

const Overlay::Entries& Overlay::entries(Family family) const {
  Entries& entries = entries_[static_cast<size_t>(family)];
  Pending& pending = pending_[static_cast<size_t>(family)];
  for (auto& [key, value] : pending) entries.insert_or_assign(std::move(key), std::move(value));
  pending.clear();
  return entries;
}

void Overlay::ForEach(Family family, const Visit& visit) const {
  const Pending& pending = pending_[static_cast<size_t>(family)];
  for (const auto& [key, value] : entries_[static_cast<size_t>(family)]) visit(key, value);
  std::vector<uint32_t> order(pending.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const int compared = pending[a].first.compare(pending[b].first);
    return compared != 0 ? compared < 0 : a < b;
  });
  for (const uint32_t at : order) visit(pending[at].first, pending[at].second);
}

void Overlay::MergeFrom(Overlay&& newer) {
  for (size_t family = 0; family < kFamilies; ++family) {
    Pending& pending = pending_[family];
    if (entries_[family].empty() && pending.empty()) {
      entries_[family] = std::move(newer.entries_[family]);
      pending = std::move(newer.pending_[family]);
      continue;
    }
    for (auto& [key, value] : newer.entries_[family]) pending.emplace_back(key, std::move(value));
    for (auto& change : newer.pending_[family]) pending.push_back(std::move(change));
  }
}

absl::StatusOr<bool> OverlayView::Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const {
  for (const Overlay* layer : layers_) {
    const Overlay::Entries& entries = layer->entries(family);
    const auto found = entries.find(key);
    if (found == entries.end()) continue;
    if (!found->second) return false;
    value->Reset();
    value->PinSelf(*found->second);
    return true;
  }
  return base_->Get(family, key, value);
}

std::unique_ptr<Scan> OverlayView::NewScan(Family family, std::string begin, std::string end) const {
  auto base = base_->NewScan(family, begin, end);
  return std::make_unique<OverlayScan>(std::move(base), layers_, family, begin, std::move(end));
}

}  // namespace mandate
