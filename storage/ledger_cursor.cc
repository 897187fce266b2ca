// Records that carry several terms are found by walking the index of each term in step: the one that stands on the
// smallest number is moved to where another one stands, until all stand on the same.
//
//     session run:42    3     7     9    12
//     agent bot         1  3  4  7       12       ->  3, 7, 12
#include "storage/ledger_cursor.h"

#include "schema/text.h"
#include "storage/key_codec.h"
#include "storage/ledger_codec.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// The numbers in one term's index.
class TermScan {
 public:
  TermScan(const StateView& view, const std::string& term, uint64_t after)
      : term_(term),
        scan_(view.NewScan(Family::kLedger, TermKey(term, after + 1),
                           PrefixEnd(TermKey(term, 0).substr(0, term.size() + 2)))) {}
  bool Valid() const { return scan_->Valid(); }
  bool Sequence(uint64_t* sequence) const { return DecodeTermKey(scan_->key(), sequence); }
  void SeekTo(uint64_t sequence) { scan_->Seek(TermKey(term_, sequence)); }
  void Next() { scan_->Next(); }
  std::string_view key() const { return scan_->key(); }
  absl::Status status() const { return scan_->status(); }

 private:
  const std::string term_;
  std::unique_ptr<Scan> scan_;
};

class AllRecords : public LedgerCursor {
 public:
  AllRecords(const StateView& view, uint64_t after) : scan_(view.NewScan(Family::kLedger, RecordKey(after + 1), "F")) {
    Load();
  }
  bool Valid() const override { return valid_; }
  const LedgerRecord& record() const override { return record_; }
  void Next() override {
    scan_->Next();
    Load();
  }
  absl::Status status() const override { return status_.ok() ? scan_->status() : status_; }

 private:
  void Load() {
    valid_ = scan_->Valid();
    if (!valid_) return;
    valid_ = DecodeRecordKey(scan_->key(), &record_.sequence) && DecodeRecord(scan_->value(), &record_);
    if (!valid_) status_ = DoesNotDecode("ledger record", Family::kLedger, scan_->key());
  }

  const std::unique_ptr<Scan> scan_;
  LedgerRecord record_;
  absl::Status status_;
  bool valid_ = false;
};

class RecordsWithTerms : public LedgerCursor {
 public:
  RecordsWithTerms(const StateView& view, const std::vector<std::string>& terms, uint64_t after) : view_(view) {
    for (const std::string& term : terms) scans_.emplace_back(view, term, after);
    Settle();
  }
  bool Valid() const override { return valid_; }
  const LedgerRecord& record() const override { return record_; }
  void Next() override {
    scans_.front().Next();
    Settle();
  }
  absl::Status status() const override { return status_; }

 private:
  // Moves to the next number on which all scans stand, and loads its record.
  void Settle() {
    valid_ = false;
    uint64_t wanted = 0;
    for (size_t agreeing = 0, i = 0; agreeing < scans_.size(); i = (i + 1) % scans_.size()) {
      TermScan& scan = scans_[i];
      if (scan.Valid() && wanted > 0) scan.SeekTo(wanted);
      if (!scan.Valid()) {
        status_ = scan.status();
        return;
      }
      uint64_t sequence = 0;
      if (!scan.Sequence(&sequence)) {
        status_ = DoesNotDecode("term of the ledger", Family::kLedger, scan.key());
        return;
      }
      agreeing = sequence == wanted ? agreeing + 1 : 1;
      wanted = sequence;
    }
    Load(wanted);
  }

  void Load(uint64_t sequence) {
    rocksdb::PinnableSlice value;
    const std::string key = RecordKey(sequence);
    const absl::StatusOr<bool> found = view_.Get(Family::kLedger, key, &value);
    if (!found.ok()) {
      status_ = found.status();
      return;
    }
    record_.sequence = sequence;
    valid_ = *found && DecodeRecord(std::string_view(value.data(), value.size()), &record_);
    if (!valid_) status_ = DoesNotDecode("ledger record", Family::kLedger, key);
  }

  const StateView& view_;
  std::vector<TermScan> scans_;
  LedgerRecord record_;
  absl::Status status_;
  bool valid_ = false;
};

class FactsUnder : public FactCursor {
 public:
  FactsUnder(const StateView& view, std::string_view prefix) {
    std::string begin = FactKey(prefix);
    std::string end = PrefixEnd(begin);
    scan_ = view.NewScan(Family::kMeta, std::move(begin), std::move(end));
  }
  bool Valid() const override { return scan_->Valid(); }
  std::string_view key() const override { return scan_->key().substr(1); }
  std::string_view value() const override { return scan_->value(); }
  void Next() override { scan_->Next(); }
  absl::Status status() const override { return scan_->status(); }

 private:
  std::unique_ptr<Scan> scan_;
};

}  // namespace

std::unique_ptr<LedgerCursor> NewLedgerCursor(const StateView& view, const std::vector<std::string>& terms,
                                              uint64_t after) {
  if (terms.empty()) return std::make_unique<AllRecords>(view, after);
  return std::make_unique<RecordsWithTerms>(view, terms, after);
}

std::unique_ptr<FactCursor> NewFactCursor(const StateView& view, std::string_view prefix) {
  return std::make_unique<FactsUnder>(view, prefix);
}

}  // namespace mandate
