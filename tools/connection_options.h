// connection_options.h: the options with which every client command finds its server and shows who it is.
//
//   --server, --tls, --tls-ca, --tls-cert, --tls-key, --key-file, --insecure; MANDATE_SERVER, MANDATE_KEY
//
// A key is no option by itself: command lines are seen by every user of a machine.
//
// Threads     Once in a process.
// Errors      NOT_FOUND, INVALID_ARGUMENT for a key file, naming it.
#ifndef MANDATE_TOOLS_CONNECTION_OPTIONS_H_
#define MANDATE_TOOLS_CONNECTION_OPTIONS_H_

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "tools/commands.h"

namespace mandate {

// All but --server. REQUIRES: the options outlive the command.
void AddConnectionOptions(CLI::App* command, ClientOptions* client);

// Reads the key from its file or MANDATE_KEY; there need not be one.
absl::Status LoadKey(ClientOptions* client);

}  // namespace mandate

#endif  // MANDATE_TOOLS_CONNECTION_OPTIONS_H_
