// delegation_command_line.h: the options of the commands about agents: what they may do, what they did, and the proof
// of it.
//
//   DelegationCommandLine commands(&client, add_client, &run);
//   commands.AddTo(&app);                        // parsing leaves in `run` what is to be done
//
// Threads     One command line on one thread.
// Ownership   What is handed in outlives it; it outlives the parsing and the run.
#ifndef MANDATE_TOOLS_DELEGATION_COMMAND_LINE_H_
#define MANDATE_TOOLS_DELEGATION_COMMAND_LINE_H_

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "tools/delegation_commands.h"
#include "tools/ledger_commands.h"
#include "tools/proof_commands.h"

namespace mandate {

class DelegationCommandLine {
 public:
  // Gives a command that speaks to a server its options, and what to run.
  using AddClient = std::function<void(CLI::App*, std::function<int()>)>;

  DelegationCommandLine(ClientOptions* client, AddClient add_client, std::function<int()>* run)
      : client_(*client), add_client_(std::move(add_client)), run_(*run) {}

  void AddTo(CLI::App* app);

 private:
  void AddDelegate(CLI::App* app);
  void AddSession(CLI::App* app);
  void AddAuthorize(CLI::App* app);
  void AddApprove(CLI::App* app);
  void AddRevoke(CLI::App* app);
  void AddWhoCan(CLI::App* app);
  void AddLedger(CLI::App* app);
  void AddLedgerRead(CLI::App* ledger);
  void AddProof(CLI::App* app);

  ClientOptions& client_;
  const AddClient add_client_;
  std::function<int()>& run_;

  DelegateOptions delegate_;
  SessionOpenOptions session_open_;
  SessionShowOptions session_show_;
  std::string session_;
  AuthorizeOptions authorize_;
  ApproveOptions approve_;
  RevokeOptions revoke_;
  WhoCanOptions who_can_;
  LedgerReadOptions ledger_read_;
  LedgerVerifyOptions ledger_verify_;
  uint64_t sequence_ = 0;
  ProofVerifyOptions proof_verify_;
};

// --audience, which may be repeated, and --digest: of what an action sends, and with what parameters.
void AddAudience(CLI::App* command, std::vector<std::string>* audience);

}  // namespace mandate

#endif  // MANDATE_TOOLS_DELEGATION_COMMAND_LINE_H_
