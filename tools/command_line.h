// command_line.h: `mandate` as a function, so that tests can call it.
//
// Threads     Once in a process: `serve` takes over SIGTERM and SIGINT.
// Errors      Written to standard error, one line where one is enough; the return value is an ExitCode.
#ifndef MANDATE_TOOLS_COMMAND_LINE_H_
#define MANDATE_TOOLS_COMMAND_LINE_H_

namespace mandate {

int RunCommandLine(int argc, char** argv);

}  // namespace mandate

#endif  // MANDATE_TOOLS_COMMAND_LINE_H_
