// serve_config.h: the options of `mandate serve`, from a file and from the environment as well.
//
//   # /etc/mandate/mandate.conf
//   listen = "0.0.0.0:50051"
//   tls-cert = "/etc/mandate/server.pem"
//   insecure = false
//
// Names are those of the command line without `--`; `--log-level` is MANDATE_SERVE_LOG_LEVEL in the environment. The
// command line goes before the environment, and that before the file. Everything that is wrong is told at once.
//
// Threads     Once in a process.
// Errors      CLI::ParseError, as a command line that is wrong.
#ifndef MANDATE_TOOLS_SERVE_CONFIG_H_
#define MANDATE_TOOLS_SERVE_CONFIG_H_

#include <string>

#include "CLI/CLI.hpp"

namespace mandate {

// Gives each option of the command its variable. REQUIRES: all options are there already.
void NameVariables(CLI::App* command);

// Takes from the file what neither command line nor environment said. To be called once those were read.
void ReadConfigFile(CLI::App* command, const std::string& file);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SERVE_CONFIG_H_
