// ledger_file.h: a ledger in a file: what `mandate ledger export` writes and `mandate ledger verify FILE` reads.
//
// Form        One JSON object a line. The first says of what ledger it is, where its chain begins and what its newest
//             entry is; each other one is an entry. Hashes are in hex; the body is a string, exactly as it was hashed.
//
//   {"base_hash":"..","base_sequence":0,"database_id":"..","hash":"..","sequence":12}
//   {"body":"{\"at\":...}","digest":"..","hash":"..","sequence":1}
//   {"digest":"..","hash":"..","retired":true,"sequence":2}
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, saying what the line lacks.
#ifndef MANDATE_TOOLS_LEDGER_FILE_H_
#define MANDATE_TOOLS_LEDGER_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/ledger.h"

namespace mandate {

inline constexpr size_t kLedgerHashBytes = 32;  // SHA-256.

struct LedgerHeading {
  std::string database_id;  // In hex.
  LedgerHead head;
};

std::string ToLine(const LedgerHeading& heading);
std::string ToLine(const LedgerRecord& record);

absl::StatusOr<LedgerHeading> ParseLedgerHeading(std::string_view line);
absl::StatusOr<LedgerRecord> ParseLedgerLine(std::string_view line);

}  // namespace mandate

#endif  // MANDATE_TOOLS_LEDGER_FILE_H_
