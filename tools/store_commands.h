// store_commands.h: what an operator does with a database: backups, restoring, checking, compacting, numbers. Each
// returns an ExitCode; `mandate check-store` kExitFailed where something is wrong.
#ifndef MANDATE_TOOLS_STORE_COMMANDS_H_
#define MANDATE_TOOLS_STORE_COMMANDS_H_

#include <cstdint>
#include <string>

#include "tools/commands.h"

namespace mandate {

// Of a server.
int MakeBackup(const ClientOptions& client);
int CompactStore(const ClientOptions& client);
int ShowStats(const ClientOptions& client);

// Of directories, without a server.
struct BackupOptions {
  std::string directory;
  uint32_t id = 0;  // 0: the newest.
  uint32_t keep = 0;
  bool json = false;
};
int ListBackups(const BackupOptions& options);
int VerifyBackups(const BackupOptions& options);
int DeleteBackups(const BackupOptions& options);

struct RestoreOptions {
  std::string from;
  uint32_t id = 0;  // 0: the newest.
  std::string to;
  uint64_t revision = 0;  // What is stored is made what it was at this one; 0: it stays as it is in the backup.
  std::vector<std::string> drops;  // What holds agents back and is not there at that revision: meant to be gone.
  bool json = false;
};
int RestoreStore(const RestoreOptions& options);

struct CheckStoreOptions {
  std::string directory = "./mandate-data";
  bool json = false;
};
int CheckStoreDirectory(const CheckStoreOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_STORE_COMMANDS_H_
