// bulk_commands.h: many relationships in and out: import, export, sync. Each returns an ExitCode.
#ifndef MANDATE_TOOLS_BULK_COMMANDS_H_
#define MANDATE_TOOLS_BULK_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/commands.h"

namespace mandate {

// What a server takes at one revision.
inline constexpr uint64_t kImportBatchMax = 100'000'000;

struct ImportOptions {
  std::vector<std::string> files;
  std::string format;
  std::string skip_invalid;  // A file for the lines that are wrong; empty: none may be.
  bool create = false;
  bool touch = false;  // The default, said aloud.
  uint64_t batch = kImportBatchMax;
  uint64_t errors_max = 20;
};
int ImportFiles(const ClientOptions& client, const ImportOptions& options);

struct ExportOptions {
  std::string pattern;
  std::string output = "-";
  std::string format;
  std::string at;
  std::string cursor;
};
int ExportRelationships(const ClientOptions& client, const ExportOptions& options);

struct SyncOptions {
  std::vector<std::string> sources;
  std::string format;
  std::string mapping;
  std::string max_delete = "5%";
  bool skip_refused = false;
  bool dry_run = false;
  bool lines = false;
};
int SyncSource(const ClientOptions& client, const SyncOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_COMMANDS_H_
