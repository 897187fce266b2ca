// test_process.h: the built `mandate` as a user runs it: processes, their output and their end.
//
//   TempDirectory directory;
//   ServingProcess server(directory.File("db"));
//   Finished check = RunMandate({"check", "document:plan#view@user:alice", "--server",
//   server.address()}); EXPECT_EQ(check.code, 0);
//
// Threads     Free functions are safe anywhere; a ServingProcess belongs to one thread, but for
// address(). Errors      A process that does not start is a test failure.
#ifndef MANDATE_TOOLS_TEST_PROCESS_H_
#define MANDATE_TOOLS_TEST_PROCESS_H_

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "schema/text.h"
#include "tools/test_directory.h"

namespace mandate {

struct ProcessFiles {
  int in, out, err;
};

// Starts the binary. It dies with the thread that started it.
inline pid_t StartMandate(const std::vector<std::string>& arguments, const ProcessFiles& files,
                          const std::vector<std::string>& environment = {}) {
  std::vector<std::string> texts = arguments;
  texts.insert(texts.begin(), MANDATE_BINARY);
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  std::vector<std::string> settings = environment;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    if (strncmp(*setting, "MANDATE_SERVER=", 15) != 0) settings.push_back(*setting);
  }
  std::vector<char*> envp;
  for (std::string& text : settings) envp.push_back(text.data());
  envp.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {  // Nothing here but what is safe after a fork among threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(files.in, STDIN_FILENO);
    dup2(files.out, STDOUT_FILENO);
    dup2(files.err, STDERR_FILENO);
    execve(MANDATE_BINARY, argv.data(), envp.data());
    _exit(127);
  }
  EXPECT_GT(pid, 0);
  return pid;
}

// The exit code, or 128 + the signal that ended it, as a shell says it.
inline int WaitFor(pid_t pid) {
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Finished {
  int code = 0;
  std::string out, err;
};

// For standard output: takes nothing.
inline FILE* FullDisk() { return fopen("/dev/full", "w"); }

// Runs a command to its end. `environment` holds NAME=VALUE; MANDATE_SERVER is not inherited. `out` is read and closed.
inline Finished RunMandate(const std::vector<std::string>& arguments, const std::string& input = "",
                           const std::vector<std::string>& environment = {}, FILE* out = tmpfile()) {
  const auto file = [](const std::string& text) {
    FILE* opened = tmpfile();
    fwrite(text.data(), 1, text.size(), opened);
    rewind(opened);
    return opened;
  };
  const auto take = [](FILE* opened) {
    std::string text;
    char buffer[4096];
    rewind(opened);
    while (const size_t got = fread(buffer, 1, sizeof buffer, opened)) text.append(buffer, got);
    fclose(opened);
    return text;
  };
  FILE* const in = file(input);
  FILE* const err = file("");
  Finished finished;
  finished.code = WaitFor(StartMandate(arguments, {fileno(in), fileno(out), fileno(err)}, environment));
  fclose(in);
  finished.out = take(out);
  finished.err = take(err);
  return finished;
}

// `mandate serve` on a port that the system chooses, ready to answer once constructed.
class ServingProcess {
 public:
  explicit ServingProcess(const std::string& data, const std::string& host = "127.0.0.1",
                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"serve", "--data", data, "--listen", host + ":0", "--http", host + ":0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    int log[2];
    EXPECT_EQ(pipe2(log, O_CLOEXEC), 0);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_ = StartMandate(arguments, {null, null, log[1]});
    close(null);
    close(log[1]);
    log_ = log[0];
    while (address_.empty() && ReadLog()) {
      const size_t on = text_.find(Cat(" on ", host, ":"));
      const size_t comma = text_.find(", revision", on) == std::string::npos ? std::string::npos : text_.find(',', on);
      if (comma != std::string::npos) address_ = text_.substr(on + 4, comma - on - 4);
    }
    EXPECT_NE(address_, "") << text_;
  }
  ~ServingProcess() {
    if (pid_ > 0) Stop(SIGKILL);
    close(log_);
  }

  const std::string& address() const { return address_; }
  std::string http_address() const {
    const size_t on = text_.find(", HTTP on ");
    return text_.substr(on + 10, text_.find(',', on + 10) - on - 10);
  }

  // Sends the signal and waits for the end. Returns as WaitFor does.
  int Stop(int signal) {
    kill(pid_, signal);
    const int code = WaitFor(pid_);
    pid_ = -1;
    while (ReadLog()) {
    }
    return code;
  }
  const std::string& log() const { return text_; }  // Whole after Stop.

 private:
  bool ReadLog() {
    char buffer[4096];
    const ssize_t got = read(log_, buffer, sizeof buffer);
    if (got > 0) text_.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int log_ = -1;
  std::string text_;
  std::string address_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_TEST_PROCESS_H_
