#include "test/memory_store.h"

#include "storage/past_view.h"

namespace mandate {
namespace {

class NoScan : public Scan {
 public:
  bool Valid() const override { return false; }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  void Next() override {}
  void Seek(std::string_view) override {}
  absl::Status status() const override { return absl::OkStatus(); }
};

class NothingView : public StateView {
 public:
  absl::StatusOr<bool> Get(Family, std::string_view, rocksdb::PinnableSlice*) const override { return false; }
  std::unique_ptr<Scan> NewScan(Family, std::string, std::string) const override { return std::make_unique<NoScan>(); }
};

TupleSnapshot Nothing() {
  return TupleSnapshot(std::make_shared<NothingView>(), std::make_shared<NameTable>(), Revision(), Revision(),
                       LedgerHead());
}

}  // namespace

MemoryStore::MemoryStore(uint64_t read_cache_bytes)
    : cache_(read_cache_bytes > 0 ? std::make_shared<ReadCache>(read_cache_bytes, Revision()) : nullptr),
      state_(Nothing()) {
  if (cache_ != nullptr) state_.marks = &cache_->marks();
}

absl::StatusOr<Revision> MemoryStore::Write(const WriteRequest& request, absl::Time now) {
  if (absl::Status status = CheckForm(request); !status.ok()) return status;
  PendingCommit pending(&state_, request, now);
  if (absl::Status status = pending.Run(); !status.ok()) return status;
  pending.Accept();
  return state_.head;
}

std::shared_ptr<const Snapshot> MemoryStore::Head() const {
  return std::make_shared<TupleSnapshot>(std::make_shared<OverlayView>(state_.base.get(), std::vector{&state_.overlay}),
                                         state_.names, state_.head, state_.schema, state_.ledger, cache_);
}

std::shared_ptr<const Snapshot> MemoryStore::At(Revision revision) const {
  const auto newest = std::make_shared<OverlayView>(state_.base.get(), std::vector{&state_.overlay});
  return std::make_shared<TupleSnapshot>(std::make_shared<PastView>(newest, revision), state_.names, revision,
                                         state_.schema, state_.ledger, cache_);
}

}  // namespace mandate
