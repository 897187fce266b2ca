// delegation_commands.h: making authority, showing it, and taking it back: what each command does once its options are
// read. Each returns an ExitCode.
//
// Threads     Once in a process.
// Errors      To standard error, as the other commands.
#ifndef MANDATE_TOOLS_DELEGATION_COMMANDS_H_
#define MANDATE_TOOLS_DELEGATION_COMMANDS_H_

#include <string>
#include <vector>

#include "tools/commands.h"

namespace mandate {

struct DelegateOptions {
  std::string by;
  std::string to;
  std::vector<std::string> scope;
  std::string for_how_long;  // One of these two.
  std::string until;
  std::string task;  // Which one is made, or of which type; neither: the schema has one type of task.
  std::string task_type;
  std::string parent;
  std::string caveat;
};
int DelegateTask(const ClientOptions& client, const DelegateOptions& options);

struct SessionOpenOptions {
  std::string agent;
  std::string task;
  std::string for_how_long;
  std::string until;
  std::string session;
  std::string session_type;
  std::string caveat;
};
int OpenOneSession(const ClientOptions& client, const SessionOpenOptions& options);
int CloseOneSession(const ClientOptions& client, const std::string& session);

struct SessionShowOptions {
  std::string subject;  // A session, or with `task` an agent.
  std::string task;
  std::string context;
  std::string at;
};
int ShowAuthority(const ClientOptions& client, const SessionShowOptions& options);

struct ApproveOptions {
  std::string action;
  std::string by;
  std::string for_session;  // One of these two.
  std::string for_task;
  std::string digest;
  std::string for_how_long;
  std::string until;
  std::string context;
};
int ApproveAction(const ClientOptions& client, const ApproveOptions& options);

struct RevokeOptions {
  std::string object;
  bool lent = false;
};
int RevokeAuthority(const ClientOptions& client, const RevokeOptions& options);

struct AuthorizeOptions {
  std::vector<std::string> questions;
  std::vector<std::string> audience;
  std::vector<std::string> digests;  // One for all, or one for each question.
  std::string key;
  std::string context;
  std::string principal;
  std::string agent;
  std::string task;
  bool explain = false;
};
int AuthorizeActions(const ClientOptions& client, const AuthorizeOptions& options);

struct WhoCanOptions {
  std::string goal;
  std::string context;
  std::string at;
};
int WhoCan(const ClientOptions& client, const WhoCanOptions& options);

}  // namespace mandate

#endif  // MANDATE_TOOLS_DELEGATION_COMMANDS_H_
