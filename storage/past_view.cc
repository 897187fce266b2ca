// Which version of a relationship stood at revision R.
//
// The versions of one index key are intervals [written, ended) that do not overlap: a version ends
// when its successor is written, or when the relationship is deleted. The live one has no end. So
// at most one contains R, and it is
//
//   - the live version, if written <= R; else
//   - the history version with the smallest ended > R, if written <= R; else
//   - none: R lies before the first version or in a gap between a deletion and the next write.
//
//     live      k  [9, -)
//     history   k 5  [2, 5)     k 7  [5, 7)        (the key holds `ended`, the value `written`)
//
//     R = 1: the smallest ended above 1 is 5, its written 2 > 1: none
//     R = 6: [5, 7)
//     R = 8: nothing ended above 8: none
//
// Why this stays true while writers and the collector work: both families are read through one
// RocksDB snapshot of a committed state, so what is read is the database as it was when the
// snapshot was taken, and that state holds every version that R needs (At() in rocks_store.cc
// argues about the collector).
#include "storage/past_view.h"

#include "storage/key_codec.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// Versions of one key that are stepped through one by one before a seek jumps over the rest: a seek
// costs about as much as this many steps.
constexpr int kStepsBeforeSeek = 8;

// Stands behind every history version of `index_key` and before the next key, since no index key is
// a prefix of another.
std::string BehindHistoryOf(std::string_view index_key) { return HistoryKey(index_key, Revision(~uint64_t{0})) + '\0'; }

// A merge of the live and the history range in the order of index keys.
class PastScan : public Scan {
 public:
  PastScan(const StateView& newest, Revision revision, std::string begin, std::string end)
      : revision_(revision),
        live_(newest.NewScan(Family::kLive, begin, end)),
        history_(newest.NewScan(Family::kHistory, begin, end)) {
    SkipHistoryBefore(begin);
    Settle();
  }

  bool Valid() const override { return valid_; }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return from_live_ ? live_->value() : history_->value(); }

  void Next() override {
    StepOver();
    Settle();
  }

  void Seek(std::string_view key) override {
    if (live_->Valid()) live_->Seek(key);
    if (history_->Valid()) history_->Seek(key);
    SkipHistoryBefore(key);
    Settle();
  }

  absl::Status status() const override {
    if (!error_.ok()) return error_;
    if (absl::Status status = live_->status(); !status.ok()) return status;
    return history_->status();
  }

 private:
  // A bound that is an index key and a little (`key` 00, to begin behind it) sorts among that key's
  // own history, whose keys are longer: what remains of it lies before the bound all the same.
  void SkipHistoryBefore(std::string_view bound) {
    while (HistoryAt() && history_key_ < bound) SkipHistory();
  }

  // Reads the key under the history scan; false at the end or on an error.
  bool HistoryAt() {
    if (!history_->Valid()) return false;
    if (DecodeHistoryKey(history_->key(), &history_key_, &ended_)) return true;
    error_ = DoesNotDecode("version key", Family::kHistory, history_->key());
    return false;
  }

  // Moves the history scan past all versions of the key it stands on.
  void SkipHistory() {
    const std::string present(history_key_);
    for (int step = 0; step < kStepsBeforeSeek; ++step) {
      history_->Next();
      if (!HistoryAt() || history_key_ != present) return;
    }
    history_->Seek(BehindHistoryOf(present));
  }

  bool Visible(const Scan& scan, Family family, bool* visible) {
    Revision written;
    if (!DecodeWritten(scan.value(), &written)) {
      error_ = DoesNotDecode("version", family, scan.key());
      return false;
    }
    *visible = written <= revision_;
    return true;
  }

  void Settle() {
    for (;;) {
      valid_ = false;
      const bool history = HistoryAt();
      const bool live = live_->Valid();
      if (!status().ok() || (!live && !history)) return;
      if (live && (!history || live_->key() <= history_key_)) {
        key_.assign(live_->key());
        from_live_ = true;
        if (!Visible(*live_, Family::kLive, &valid_) || valid_) return;
        if (!history || history_key_ != key_) {
          live_->Next();
          continue;
        }
      } else {
        key_.assign(history_key_);
      }
      from_live_ = false;
      if (!FindInHistory() || valid_) return;
      StepOver();
    }
  }

  // With the history scan on the first version of key_: goes to the one that ended first behind the
  // revision. Sets valid_ if it stood at the revision. False on an error.
  bool FindInHistory() {
    for (int step = 0; HistoryAt() && history_key_ == key_ && ended_ <= revision_; ++step) {
      if (step < kStepsBeforeSeek) {
        history_->Next();
      } else {
        history_->Seek(HistoryKey(key_, Revision(revision_.value() + 1)));
      }
    }
    if (!status().ok()) return false;
    if (!HistoryAt() || history_key_ != key_) return error_.ok();
    return Visible(*history_, Family::kHistory, &valid_);
  }

  void StepOver() {
    if (live_->Valid() && live_->key() == key_) live_->Next();
    if (HistoryAt() && history_key_ == key_) SkipHistory();
  }

  const Revision revision_;
  std::unique_ptr<Scan> live_;
  std::unique_ptr<Scan> history_;
  std::string_view history_key_;  // The index key under the history scan,
  Revision ended_;                // and when that version ended.
  std::string key_;
  bool from_live_ = true;
  bool valid_ = false;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<bool> PastView::Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const {
  absl::StatusOr<bool> found = newest_->Get(family, key, value);
  if (!found.ok() || family != Family::kLive) return found;
  Revision written;
  if (*found) {
    if (!DecodeWritten({value->data(), value->size()}, &written)) {
      return DoesNotDecode("relationship", family, key);
    }
    if (written <= revision_) return true;
  }
  const auto scan =
      newest_->NewScan(Family::kHistory, HistoryKey(key, Revision(revision_.value() + 1)), BehindHistoryOf(key));
  if (!scan->Valid()) {
    if (absl::Status status = scan->status(); !status.ok()) return status;
    return false;
  }
  if (!DecodeWritten(scan->value(), &written)) {
    return DoesNotDecode("version", Family::kHistory, scan->key());
  }
  if (written > revision_) return false;
  value->Reset();
  value->PinSelf({scan->value().data(), scan->value().size()});
  return true;
}

std::unique_ptr<Scan> PastView::NewScan(Family family, std::string begin, std::string end) const {
  if (family != Family::kLive) return newest_->NewScan(family, std::move(begin), std::move(end));
  return std::make_unique<PastScan>(*newest_, revision_, std::move(begin), std::move(end));
}

}  // namespace mandate
