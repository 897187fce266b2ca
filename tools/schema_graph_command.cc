// `mandate schema graph`.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iostream>

#include "schema/compiler.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/schema_dot.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// All of `text` into the pipe, or as much as its reader wants: why it stopped is told by its end.
void WriteAll(int pipe, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(pipe, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) done += static_cast<size_t>(written);
  }
}

// Graphviz's `dot` with `text` as its input; its output is ours.
absl::Status RunDot(const std::string& text) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  std::string program = "dot", format = "-Tsvg";
  char* arguments[] = {program.data(), format.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "dot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (failed != 0) {
    close(ends[1]);
    if (failed != ENOENT) return absl::ErrnoToStatus(failed, "cannot start `dot`");
    return absl::NotFoundError(
        "`dot` is not installed; install Graphviz (on Debian: apt-get install graphviz), or leave "
        "out --svg for its input");
  }
  signal(SIGPIPE, SIG_IGN);
  WriteAll(ends[1], text);
  close(ends[1]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) return absl::OkStatus();  // `| head`
  return absl::InternalError("`dot` failed; see what it says above");
}

}  // namespace

int GraphSchemaFile(const SchemaGraphOptions& options) {
  auto text = ReadFile(options.file);
  if (!text.ok()) return Fail(text.status());
  CompileResult compiled = CompileSchema(*text);
  if (!compiled.ok()) {
    std::cerr << RenderDiagnostics(FileName(options.file), *text, compiled.diagnostics);
    return kExitError;
  }
  const std::string dot = SchemaToDot(*compiled.schema);
  if (!options.svg) {
    std::cout << dot;
    return kExitOk;
  }
  const absl::Status run = RunDot(dot);
  return run.ok() ? kExitOk : Fail(run);
}

}  // namespace mandate
