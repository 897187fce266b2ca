#include "tools/delegation_command_line.h"

#include "tools/connection_options.h"

namespace mandate {
namespace {

constexpr const char* kContextHelp = "Values for caveats, a JSON object: '{\"hour\": 12}'";

// One value each time, so that an option does not swallow what stands behind it.
CLI::Option* AddRepeated(CLI::App* command, const char* name, std::vector<std::string>* values, const char* help) {
  return command->add_option(name, *values, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// --for or --until.
void AddEnd(CLI::App* command, std::string* for_how_long, std::string* until) {
  CLI::Option* duration = command->add_option("--for", *for_how_long, "For how long: 90s, 2h30m, 7d");
  command->add_option("--until", *until, "Or until when, as 2026-12-01T00:00:00Z")->excludes(duration);
}

// Of what is made: its name, or else its type.
void AddMade(CLI::App* command, const char* named, std::string* name, const char* typed, std::string* type,
             const char* example) {
  CLI::Option* name_option = command->add_option(
      named, *name, std::string("Its name, never used before, as ") + example + "; else one is made up");
  command->add_option(typed, *type, "Its type, where the schema has several")->excludes(name_option);
}

}  // namespace

void AddAudience(CLI::App* command, std::vector<std::string>* audience) {
  AddRepeated(command, "--audience", audience, "Whom it reaches, as user:bob; may be repeated");
}

void DelegationCommandLine::AddTo(CLI::App* app) {
  AddDelegate(app);
  AddSession(app);
  AddAuthorize(app);
  AddApprove(app);
  AddRevoke(app);
  AddWhoCan(app);
  AddLedger(app);
  AddProof(app);
}

void DelegationCommandLine::AddDelegate(CLI::App* app) {
  CLI::App* command = app->add_subcommand("delegate", "Give an agent a task, and no more than its scope");
  command->add_option("--by", delegate_.by, "Who asks for it, as user:alice; an agent with --parent")->required();
  command->add_option("--to", delegate_.to, "The agent, which acts on behalf of --by, as assistant:bot")->required();
  AddRepeated(command, "--scope", &delegate_.scope,
              "What it is for, as document:plan#view or 'document:*#view'; may be repeated");
  AddEnd(command, &delegate_.for_how_long, &delegate_.until);
  AddMade(command, "--task", &delegate_.task, "--task-type", &delegate_.task_type, "errand:42");
  command->add_option("--parent", delegate_.parent, "The task of the agent that passes a part of it on");
  command->add_option("--caveat", delegate_.caveat, "Its condition, as 'office_hours:{\"opens\": 9}'");
  add_client_(command, [this] { return DelegateTask(client_, delegate_); });
}

void DelegationCommandLine::AddSession(CLI::App* app) {
  CLI::App* session = app->add_subcommand("session", "Open, show or close one run of an agent on a task");
  session->require_subcommand(1);
  CLI::App* open = session->add_subcommand("open", "Begin a run: only a session acts");
  open->add_option("--agent", session_open_.agent, "As assistant:bot")->required();
  open->add_option("--task", session_open_.task, "Delegated to it, as errand:42")->required();
  AddEnd(open, &session_open_.for_how_long, &session_open_.until);
  AddMade(open, "--session", &session_open_.session, "--session-type", &session_open_.session_type, "run:7");
  open->add_option("--caveat", session_open_.caveat, "Its condition, as 'office_hours:{\"opens\": 9}'");
  add_client_(open, [this] { return OpenOneSession(client_, session_open_); });
  CLI::App* close = session->add_subcommand("close", "End a run for good");
  close->add_option("SESSION", session_, "As run:7")->required();
  add_client_(close, [this] { return CloseOneSession(client_, session_); });
  CLI::App* show =
      session->add_subcommand("show", "For whom it acts, its scopes, what its rules have left, until when");
  show->add_option("SESSION", session_show_.subject, "As run:7; or an agent, with --task")->required();
  show->add_option("--task", session_show_.task, "The task of an agent, as errand:42");
  show->add_option("--context", session_show_.context, kContextHelp);
  show->add_option("--at", session_show_.at, "The token of the revision to ask at");
  add_client_(show, [this] { return ShowAuthority(client_, session_show_); });
}

void DelegationCommandLine::AddAuthorize(CLI::App* app) {
  CLI::App* command =
      app->add_subcommand("authorize", "May a session do this now? Decided, and recorded in the ledger");
  command
      ->add_option("ACTION", authorize_.questions,
                   "As mailbox:m#send@run:7; several are a plan, allowed as a whole or not at all")
      ->required();
  AddAudience(command, &authorize_.audience);
  AddRepeated(command, "--digest", &authorize_.digests,
              "Of the action's parameters, as an approval names it; in a plan one for all, or one for each");
  command->add_option("--key", authorize_.key, "Idempotency key: a repeat gets the first answer and counts once");
  command->add_option("--context", authorize_.context, kContextHelp);
  command->add_option("--principal", authorize_.principal, "Claim: at whom the chain ends");
  command->add_option("--agent", authorize_.agent, "Claim: who acts");
  command->add_option("--task", authorize_.task, "Claim: on what task");
  command->add_flag("--explain", authorize_.explain, "Say why");
  add_client_(command, [this] { return AuthorizeActions(client_, authorize_); });
}

void DelegationCommandLine::AddApprove(CLI::App* app) {
  CLI::App* command = app->add_subcommand("approve", "Approve one action, for a rule that asks for it");
  command->add_option("ACTION", approve_.action, "As mailbox:m#send")->required();
  command->add_option("--by", approve_.by, "The person who approves, as user:alice")->required();
  CLI::Option* session = command->add_option("--for-session", approve_.for_session, "The session, as run:7");
  command->add_option("--for-task", approve_.for_task, "Or the task, as errand:42")->excludes(session);
  command->add_option("--digest", approve_.digest, "Of the parameters that are approved")->required();
  AddEnd(command, &approve_.for_how_long, &approve_.until);
  command->add_option("--context", approve_.context, kContextHelp);
  add_client_(command, [this] { return ApproveAction(client_, approve_); });
}

void DelegationCommandLine::AddRevoke(CLI::App* app) {
  CLI::App* command = app->add_subcommand("revoke", "Take authority back, in one write");
  command->add_option("WHAT", revoke_.object, "An agent, a task or a session; with --lent, who lent")->required();
  command->add_flag("--lent", revoke_.lent, "Everything that this person, or agent, lent to agents");
  add_client_(command, [this] { return RevokeAuthority(client_, revoke_); });
}

void DelegationCommandLine::AddWhoCan(CLI::App* app) {
  CLI::App* command =
      app->add_subcommand("who-can", "Everybody who has a permission, and the agents that act for them there");
  command->add_option("GOAL", who_can_.goal, "As document:plan#view")->required();
  command->add_option("--context", who_can_.context, kContextHelp);
  command->add_option("--at", who_can_.at, "The token of the revision to ask at");
  add_client_(command, [this] { return WhoCan(client_, who_can_); });
}

void DelegationCommandLine::AddLedger(CLI::App* app) {
  CLI::App* ledger =
      app->add_subcommand("ledger", "What was authorized and approved, in order, and whether that is whole");
  ledger->require_subcommand(1);
  AddLedgerRead(ledger);
  CLI::App* exported =
      ledger->add_subcommand("export", "Everything, one JSON object a line, for `verify` or another program");
  add_client_(exported, [this] { return ExportLedger(client_); });
  CLI::App* verify = ledger->add_subcommand("verify", "Follow the chain of hashes, and name what was tampered with");
  verify->add_option("FILE", ledger_verify_.file, "An exported ledger, - for standard input; none: the server's");
  verify->add_option("--expect", ledger_verify_.expect, "SEQUENCE:HASH, a head that was noted before");
  add_client_(verify, [this] { return VerifyLedger(client_, ledger_verify_); });
  CLI::App* replay = ledger->add_subcommand("replay", "Decide a recorded call again, as of then");
  replay->add_option("SEQUENCE", sequence_, "The entry's number")->required();
  add_client_(replay, [this] { return ReplayLedgerEntry(client_, sequence_); });
}

void DelegationCommandLine::AddLedgerRead(CLI::App* ledger) {
  CLI::App* read = ledger->add_subcommand("read", "One line an entry, oldest first");
  read->add_option("--session", ledger_read_.session, "Of this session");
  read->add_option("--task", ledger_read_.task, "With this task on the chain");
  read->add_option("--agent", ledger_read_.agent, "With this agent on the chain");
  read->add_option("--principal", ledger_read_.principal, "On behalf of this person");
  read->add_option("--resource", ledger_read_.resource, "On this object");
  read->add_option("--decision", ledger_read_.decision, "allowed, denied or conditional");
  read->add_option("--since", ledger_read_.since, "From then on: a moment, or how long ago (2h)");
  read->add_option("--until", ledger_read_.until, "Before then");
  read->add_option("--after", ledger_read_.after, "Only behind the entry of this number");
  read->add_option("--limit", ledger_read_.limit, "At most so many; 0 for all")->capture_default_str();
  read->add_flag("--follow", ledger_read_.follow, "Then go on, as entries come");
  add_client_(read, [this] { return ReadLedgerEntries(client_, ledger_read_); });
}

void DelegationCommandLine::AddProof(CLI::App* app) {
  CLI::App* proof = app->add_subcommand("proof", "Proofs of allowed answers, as `check --proof FILE` writes them");
  proof->require_subcommand(1);
  CLI::App* verify = proof->add_subcommand("verify", "Does it hold? With the schema alone, and no server");
  verify->add_option("PROOF", proof_verify_.proof, "The file, - for standard input")->required();
  verify->add_option("--schema", proof_verify_.schema, "The schema file that it is to hold under")->required();
  verify->add_option("--server", proof_verify_.server, "HOST:PORT of a server to confirm what was stored");
  AddConnectionOptions(verify, &client_);
  verify->add_flag("--json", proof_verify_.json, "The findings as JSON");
  verify->callback([this] {
    run_ = [this] {
      if (absl::Status key = LoadKey(&client_); !key.ok()) return Fail(key);
      client_.server.address = proof_verify_.server;
      proof_verify_.endpoint = client_.server;
      return VerifyProofFile(proof_verify_);
    };
  });
}

}  // namespace mandate
