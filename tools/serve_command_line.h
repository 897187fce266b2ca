// serve_command_line.h: the options of `mandate serve`.
//
//   ServeCommandLine serve(&run);
//   serve.AddTo(&app);                           // parsing leaves in `run` what is to be done
//
// Threads     One command line on one thread.
// Ownership   `run` outlives it; it outlives the parsing and the run.
#ifndef MANDATE_TOOLS_SERVE_COMMAND_LINE_H_
#define MANDATE_TOOLS_SERVE_COMMAND_LINE_H_

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "tools/commands.h"

namespace mandate {

class ServeCommandLine {
 public:
  explicit ServeCommandLine(std::function<int()>* run) : run_(*run) {}
  void AddTo(CLI::App* app);

 private:
  std::function<int()>& run_;
  ServeOptions options_;
  std::string config_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SERVE_COMMAND_LINE_H_
