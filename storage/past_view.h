// past_view.h: the live relationships as of an older revision, put together from live and history.
//
// Threads     Safe to share.
// Ownership   Shares the newest state it was made from.
// Errors      As StateView; a version that does not decode is DATA_LOSS.
#ifndef MANDATE_STORAGE_PAST_VIEW_H_
#define MANDATE_STORAGE_PAST_VIEW_H_

#include <memory>

#include "storage/revision.h"
#include "storage/state_view.h"

namespace mandate {

// Answers for Family::kLive as of `revision`; the other families it passes through.
class PastView : public StateView {
 public:
  PastView(std::shared_ptr<const StateView> newest, Revision revision)
      : newest_(std::move(newest)), revision_(revision) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const override;
  std::unique_ptr<Scan> NewScan(Family family, std::string begin, std::string end) const override;

 private:
  const std::shared_ptr<const StateView> newest_;
  const Revision revision_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_PAST_VIEW_H_
