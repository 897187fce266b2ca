// ledger_cursor.h: reading the ledger and the facts from any StateView.
//
// Threads, Ownership, Errors     As ledger.h and snapshot.h.
#ifndef MANDATE_STORAGE_LEDGER_CURSOR_H_
#define MANDATE_STORAGE_LEDGER_CURSOR_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/ledger.h"
#include "storage/snapshot.h"
#include "storage/state_view.h"

namespace mandate {

// The records behind `after` that carry every one of `terms` (none: all records), oldest first. REQUIRES: the view
// outlives the cursor.
std::unique_ptr<LedgerCursor> NewLedgerCursor(const StateView& view, const std::vector<std::string>& terms,
                                              uint64_t after);

// The facts whose key begins with `prefix`, by key.
std::unique_ptr<FactCursor> NewFactCursor(const StateView& view, std::string_view prefix);

}  // namespace mandate

#endif  // MANDATE_STORAGE_LEDGER_CURSOR_H_
