// proof_commands.h: proofs of allowed answers, as files. Each command returns an ExitCode; `verify` ends with 1 when a
// proof does not hold.
//
// Threads     Once in a process.
// Errors      To standard error, as the other commands.
#ifndef MANDATE_TOOLS_PROOF_COMMANDS_H_
#define MANDATE_TOOLS_PROOF_COMMANDS_H_

#include <string>

#include "tools/commands.h"

namespace mandate {

struct ProofVerifyOptions {
  std::string schema;
  std::string proof;
  std::string server;  // Empty: nobody is asked.
  Endpoint endpoint;   // The same, with what it is shown.
  bool json = false;
};
int VerifyProofFile(const ProofVerifyOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_COMMANDS_H_
