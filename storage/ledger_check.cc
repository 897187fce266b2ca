// Each record says the hash that its writer computed over its body and its predecessor's hash. From there on:
//
//   a body was changed        its digest differs, so the record's hash is not what its body gives
//   a record was replaced     with a hash to match: the next record's hash does not follow from it
//   a record was removed      its number is missing
//   records were swapped      the hash of the first one does not follow from its predecessor
//   the last ones were cut    the head, kept apart, says more; and so does whoever noted an earlier head
//
// Who rewrites everything behind some record, head included, leaves a ledger that follows from itself: that is found by
// a head noted elsewhere before (`mandate ledger verify --expect`), and by nothing else in the database.
#include "storage/ledger_check.h"

#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kFaultsMax = 100;

}  // namespace

absl::Status CheckLedger(const Snapshot& snapshot, LedgerReport* report,
                         const std::function<void(const LedgerRecord&)>& visit) {
  report->head = snapshot.ledger_head();
  const auto fault = [&](uint64_t sequence, std::string_view what) {
    if (report->faults.size() == kFaultsMax) return;
    report->faults.push_back({sequence, Cat("ledger record ", sequence, " ", what)});
  };
  uint64_t expected = report->head.base + 1;
  std::string before = report->head.base_hash;
  bool follows = true;  // Behind a gap the next hash cannot be told.
  auto cursor = snapshot.Ledger({}, report->head.base);
  for (; cursor->Valid(); cursor->Next()) {
    const LedgerRecord& record = cursor->record();
    if (record.sequence > report->head.sequence) break;
    for (; expected < record.sequence; ++expected) {
      fault(expected, "was removed");
      follows = false;
      if (report->faults.size() == kFaultsMax) expected = record.sequence - 1;
    }
    if (follows && record.hash != ChainHash(before, record.digest)) {
      fault(record.sequence,
            "was changed, replaced or moved: its hash does not follow from its body and "
            "the record before it");
    }
    ++report->records;
    report->retired += record.retired;
    if (visit) visit(record);
    before = record.hash;
    follows = true;
    expected = record.sequence + 1;
  }
  if (!cursor->status().ok()) {
    if (!absl::IsDataLoss(cursor->status())) return cursor->status();
    fault(expected, Cat("cannot be read: ", cursor->status().message()));
    return absl::OkStatus();
  }
  if (expected <= report->head.sequence) {
    fault(expected, Cat("and those behind it, up to ", report->head.sequence, ", were removed"));
  } else if (follows && before != report->head.hash) {
    fault(report->head.sequence, "is not the one that the head of the ledger names");
  }
  return absl::OkStatus();
}

}  // namespace mandate
