// store_command_line.h: the options of the commands for operators: backup, restore, check-store, compact, stats.
//
//   StoreCommandLine commands(&client, add_client, &run);
//   commands.AddTo(&app);                        // parsing leaves in `run` what is to be done
//
// Threads     One command line on one thread.
// Ownership   What is handed in outlives it; it outlives the parsing and the run.
#ifndef MANDATE_TOOLS_STORE_COMMAND_LINE_H_
#define MANDATE_TOOLS_STORE_COMMAND_LINE_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "tools/store_commands.h"

namespace mandate {

class StoreCommandLine {
 public:
  // Gives a command that speaks to a server its options, and what to run.
  using AddClient = std::function<void(CLI::App*, std::function<int()>)>;

  StoreCommandLine(const ClientOptions* client, AddClient add_client, std::function<int()>* run)
      : client_(*client), add_client_(std::move(add_client)), run_(*run) {}

  void AddTo(CLI::App* app);

 private:
  void AddBackup(CLI::App* app);
  void AddRestore(CLI::App* app);
  void AddCheckStore(CLI::App* app);

  const ClientOptions& client_;
  const AddClient add_client_;
  std::function<int()>& run_;

  BackupOptions backup_;
  RestoreOptions restore_;
  CheckStoreOptions check_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_STORE_COMMAND_LINE_H_
