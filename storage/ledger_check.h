// ledger_check.h: is the ledger whole? Follows the chain of hashes from its beginning to its newest record.
//
//   LedgerReport report;
//   absl::Status status = CheckLedger(*snapshot, &report);
//   if (status.ok() && !report.faults.empty()) Say(report.faults.front().what);
//
// Threads     Free function; safe anywhere.
// Errors      UNAVAILABLE if the disk fails. What is wrong with the ledger is a fault in the report, not an error.
#ifndef MANDATE_STORAGE_LEDGER_CHECK_H_
#define MANDATE_STORAGE_LEDGER_CHECK_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/snapshot.h"

namespace mandate {

struct LedgerFault {
  uint64_t sequence = 0;
  std::string what;  // `ledger record 7 was changed: ...`
};

struct LedgerReport {
  uint64_t records = 0;  // Followed, retired ones among them.
  uint64_t retired = 0;
  LedgerHead head;
  std::vector<LedgerFault> faults;  // In order; at most 100.
};

// `visit` sees each record that decodes, in order; empty: nobody does.
absl::Status CheckLedger(const Snapshot& snapshot, LedgerReport* report,
                         const std::function<void(const LedgerRecord&)>& visit = {});

}  // namespace mandate

#endif  // MANDATE_STORAGE_LEDGER_CHECK_H_
