// ledger_commands.h: reading the ledger, taking it along, and finding out whether it is what it was. Each command
// returns an ExitCode; `verify` and `replay` end with 1 when they find something.
//
// Threads     Once in a process.
// Errors      To standard error, as the other commands.
#ifndef MANDATE_TOOLS_LEDGER_COMMANDS_H_
#define MANDATE_TOOLS_LEDGER_COMMANDS_H_

#include <cstdint>
#include <string>

#include "tools/commands.h"

namespace mandate {

struct LedgerReadOptions {
  std::string session;
  std::string task;
  std::string agent;
  std::string principal;
  std::string resource;
  std::string decision;
  std::string since;
  std::string until;
  uint64_t after = 0;
  uint32_t limit = 0;
  bool follow = false;
};
int ReadLedgerEntries(const ClientOptions& client, const LedgerReadOptions& options);

int ExportLedger(const ClientOptions& client);

struct LedgerVerifyOptions {
  std::string file;    // Empty: the server's ledger.
  std::string expect;  // SEQUENCE:HASH
};
int VerifyLedger(const ClientOptions& client, const LedgerVerifyOptions& options);

int ReplayLedgerEntry(const ClientOptions& client, uint64_t sequence);

}  // namespace mandate

#endif  // MANDATE_TOOLS_LEDGER_COMMANDS_H_
