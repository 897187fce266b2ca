// ledger_verifier.h: is a ledger what it was? Follows the chain of hashes over records that come from anywhere, a
// server or a file, and trusts nothing but the bodies.
//
//   LedgerVerifier verifier(start, head);
//   for (const LedgerRecord& record : records) verifier.Add(record);
//   const LedgerFindings findings = verifier.Finish();
//
// It finds a record that was changed, removed, put in, moved or cut off, and one that was emptied though no later entry
// says so. Who rewrites everything from some record on, to the head, leaves a chain that follows from itself: that is
// found by a head noted elsewhere before (`expected`), and by nothing else.
//
// Threads     One verifier on one thread.
// Errors      What is wrong is a fault, not an error.
// Costs       Memory for the numbers of the retired entries alone.
#ifndef MANDATE_TOOLS_LEDGER_VERIFIER_H_
#define MANDATE_TOOLS_LEDGER_VERIFIER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/ledger.h"

namespace mandate {

// An entry's number and its hash, as somebody noted them: `12:9f86d081...`, in hex.
struct LedgerPlace {
  uint64_t sequence = 0;
  std::string hash;  // 32 bytes.
};
absl::StatusOr<LedgerPlace> ParseLedgerPlace(const std::string& text);
std::string ToText(const LedgerPlace& place);

struct LedgerFindings {
  uint64_t entries = 0;
  uint64_t retired = 0;             // Of them.
  LedgerPlace head;                 // As it was found.
  std::vector<std::string> faults;  // By place in the ledger; at most 100.
};

class LedgerVerifier {
 public:
  // The chain begins behind `base`; before entry 1 stands the hash of the database's id. `head` is what the ledger
  // itself says its newest entry is, `expected` what was noted of one.
  LedgerVerifier(LedgerPlace base, LedgerPlace head, std::optional<LedgerPlace> expected);

  // In the order in which they are found.
  void Add(const LedgerRecord& record);

  // REQUIRES: is called once, last.
  LedgerFindings Finish();

 private:
  void Follow(const LedgerRecord& record);
  void ReadBody(const LedgerRecord& record);
  void CompareExpected(const LedgerPlace& place);
  void FindUnannounced();
  void Fault(uint64_t sequence, std::string what);

  const LedgerPlace base_;
  const LedgerPlace claimed_head_;
  const std::optional<LedgerPlace> expected_;
  bool met_expected_ = false;

  LedgerPlace newest_;              // The newest so far.
  LedgerPlace last_;                // The one before, in the order of the records.
  std::set<uint64_t> missing_;      // Numbers that were left out so far,
  bool missing_more_ = false;       // as many as are kept.
  std::set<uint64_t> unannounced_;  // Retired entries that no later entry named so far.
  std::set<uint64_t> announced_;    // Of those that are gone altogether.
  std::multimap<uint64_t, std::string> faults_;
  LedgerFindings findings_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_LEDGER_VERIFIER_H_
