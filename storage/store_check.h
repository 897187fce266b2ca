// store_check.h: is everything in a database's directory as FORMAT.md says? Reads all of it and changes nothing.
//
//   StoreReport report;
//   absl::Status status = CheckStore("./mandate-data", &report);
//   if (status.ok() && !report.faults.empty()) Say(report.faults.front());
//
// What is held against what: the checksums of every table; every key and value against its form; the two indexes
// against one another, of the newest state and of the past; expiries against relationships; the changelog, in which no
// revision may be missing, against what is stored and the past, both ways; versions of one relationship, and what is
// stored of it, against each other; the ledger's chain and its terms.
//
// Threads     One thread.
// Errors      Those of OpenRocksStore for a directory that is none, or is in use: UNAVAILABLE. What is wrong with the
//             database is a fault in the report, not an error, unless it does not open at all: DATA_LOSS.
// Costs       Reads the database twice, and looks up what the changelog and the past name; its memory does not grow
//             with the database.
#ifndef MANDATE_STORAGE_STORE_CHECK_H_
#define MANDATE_STORAGE_STORE_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/revision.h"

namespace mandate {

struct StoreReport {
  std::string database_id;
  Revision head;
  Revision oldest;             // The oldest revision that can be asked.
  uint64_t relationships = 0;  // Stored, expired or not.
  uint64_t versions = 0;       // Of the past.
  uint64_t commits = 0;        // In the changelog.
  uint64_t schemas = 0;
  uint64_t facts = 0;
  uint64_t ledger_records = 0;
  uint64_t faults_count = 0;
  std::vector<std::string> faults;  // The first 100.
};

// `progress` is called now and then with what is done and how many keys were read of it.
using StoreProgress = std::function<void(const std::string& doing, uint64_t keys)>;
absl::Status CheckStore(const std::string& directory, StoreReport* report, const StoreProgress& progress = {});

}  // namespace mandate

#endif  // MANDATE_STORAGE_STORE_CHECK_H_
