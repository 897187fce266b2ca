// key_commands.h: the file of API keys that `mandate serve --keys` reads (service/access/key_ring.h says its form). A
// change is one rename, so that a server never reads half a file. Each command returns an ExitCode.
//
// Threads     Once in a process; two at a time on one file lose a change.
// Errors      To standard error, as the other commands.
#ifndef MANDATE_TOOLS_KEY_COMMANDS_H_
#define MANDATE_TOOLS_KEY_COMMANDS_H_

#include <string>
#include <vector>

namespace mandate {

struct KeyOptions {
  std::string file;
  std::string id;
  std::string role;
  std::string certificate;  // In place of a key.
  std::vector<std::string> only;
  int concurrency = 0;  // 0: as many as the server takes.
  std::string expires;  // RFC 3339, or how long from now (`90d`); empty: never.
};

int CreateKey(const KeyOptions& options);  // Prints the key, which is nowhere else.
int ListKeys(const KeyOptions& options);
int RevokeKey(const KeyOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_KEY_COMMANDS_H_
