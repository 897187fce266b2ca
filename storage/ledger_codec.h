// ledger_codec.h: the keys and values of the ledger. FORMAT.md is the grammar.
//
// Threads     Free functions; safe anywhere.
// Errors      A decoder returns false when the bytes are not such a value; no input makes it read outside them.
#ifndef MANDATE_STORAGE_LEDGER_CODEC_H_
#define MANDATE_STORAGE_LEDGER_CODEC_H_

#include <string>
#include <string_view>

#include "storage/ledger.h"

namespace mandate {

inline constexpr size_t kTermBytesMax = 2048;

std::string RecordKey(uint64_t sequence);
bool DecodeRecordKey(std::string_view key, uint64_t* sequence);

std::string TermKey(std::string_view term, uint64_t sequence);
// The sequence that a term's key ends in.
bool DecodeTermKey(std::string_view key, uint64_t* sequence);

std::string EncodeRecord(const LedgerRecord& record);
// Sets all but the sequence, which is in the key.
bool DecodeRecord(std::string_view value, LedgerRecord* record);

std::string LedgerHeadKey();  // Of the meta family.
std::string EncodeLedgerHead(const LedgerHead& head);
bool DecodeLedgerHead(std::string_view value, LedgerHead* head);

// The head of a ledger without records. `database_id` in hex.
LedgerHead EmptyLedger(std::string_view database_id);

}  // namespace mandate

#endif  // MANDATE_STORAGE_LEDGER_CODEC_H_
