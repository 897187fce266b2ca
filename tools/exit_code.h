// exit_code.h: what the commands of `mandate` end with.
#ifndef MANDATE_TOOLS_EXIT_CODE_H_
#define MANDATE_TOOLS_EXIT_CODE_H_

namespace mandate {

enum ExitCode : int {
  kExitOk = 0,           // Done; of `check`: allowed.
  kExitDenied = 1,       // `check`: denied. A lookup: nothing found.
  kExitDifferent = 1,    // `schema diff`, `schema fmt --check`: there are differences.
  kExitFailed = 1,       // `test`: something is not as it was expected.
  kExitConditional = 2,  // `check`: it depends on context that was not given.
  kExitError = 3,        // The server refused or was not reached, a file is wrong, or standard output took not all.
  kExitUsage = 4,        // The command line itself is wrong.
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_EXIT_CODE_H_
