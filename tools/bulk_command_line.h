// bulk_command_line.h: the options of the commands that move many relationships: import, export, sync.
//
//   BulkCommandLine commands(&client, add_client);
//   commands.AddTo(&app);                        // parsing leaves in `run` what is to be done
//
// Threads     One command line on one thread.
// Ownership   What is handed in outlives it; it outlives the parsing and the run.
#ifndef MANDATE_TOOLS_BULK_COMMAND_LINE_H_
#define MANDATE_TOOLS_BULK_COMMAND_LINE_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "tools/bulk_commands.h"

namespace mandate {

class BulkCommandLine {
 public:
  // Gives a command that speaks to a server its options, and what to run.
  using AddClient = std::function<void(CLI::App*, std::function<int()>)>;

  BulkCommandLine(const ClientOptions* client, AddClient add_client)
      : client_(*client), add_client_(std::move(add_client)) {}

  void AddTo(CLI::App* app);

 private:
  void AddImport(CLI::App* app);
  void AddExport(CLI::App* app);
  void AddSync(CLI::App* app);

  const ClientOptions& client_;
  const AddClient add_client_;

  ImportOptions import_;
  ExportOptions export_;
  SyncOptions sync_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_COMMAND_LINE_H_
