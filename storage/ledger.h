// ledger.h: the append-only record beside the relationships, as it is read.
//
//   for (auto cursor = snapshot->Ledger({"session run:42"}, /*after=*/0); cursor->Valid(); cursor->Next()) {
//     Use(cursor->record());
//   }
//
// Records are numbered from 1 without gaps, in the order in which they were committed. Each holds a hash over its own
// body and the hash of the one before it, so that a record that was removed, changed or moved is found
// (ledger_check.h). What a body says is its writer's business; storage keeps bytes. A body that retention retired
// leaves its digest, so that the chain can still be followed.
//
//   hash(0) = SHA-256(database id);  hash(n) = SHA-256(hash(n - 1) digest(n));  digest(n) = SHA-256(body(n))
//
// Hashes and digests are 32 bytes (FIPS 180-4); the database id goes in as its 16 bytes.
//
// Threads     Values; safe anywhere. A cursor belongs to one thread.
// Ownership   A cursor's record lives until its next move.
// Errors      DATA_LOSS if a stored record does not decode; UNAVAILABLE if the disk fails. A cursor that failed is not
//             Valid() and says why in status().
#ifndef MANDATE_STORAGE_LEDGER_H_
#define MANDATE_STORAGE_LEDGER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace mandate {

// A record to append. By each of its terms it can be found again; a term is 1 to 2,048 bytes without NUL.
struct LedgerAppend {
  std::string body;
  std::vector<std::string> terms;
};

struct LedgerRecord {
  uint64_t sequence = 0;
  std::string body;                // Empty once retired.
  std::vector<std::string> terms;  // None once retired.
  bool retired = false;
  std::string digest;
  std::string hash;
};

// The newest record; sequence 0 before the first.
struct LedgerHead {
  uint64_t sequence = 0;
  std::string hash;
  // Records up to and including this one are gone altogether, hash and all; `base_hash` is where the chain now begins.
  uint64_t base = 0;
  std::string base_hash;
};

class LedgerCursor {
 public:
  virtual ~LedgerCursor() = default;
  virtual bool Valid() const = 0;
  virtual const LedgerRecord& record() const = 0;  // REQUIRES: Valid()
  virtual void Next() = 0;                         // REQUIRES: Valid()
  virtual absl::Status status() const = 0;
};

std::string Sha256(std::string_view bytes);
// The hash of the record behind one with the hash `before`.
std::string ChainHash(std::string_view before, std::string_view digest);

}  // namespace mandate

#endif  // MANDATE_STORAGE_LEDGER_H_
