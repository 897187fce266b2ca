#include "tools/command_line.h"

#include <cstdlib>
#include <functional>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_join.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "tools/bulk_command_line.h"
#include "tools/commands.h"
#include "tools/connection_options.h"
#include "tools/delegation_command_line.h"
#include "tools/exit_code.h"
#include "tools/key_commands.h"
#include "tools/serve_command_line.h"
#include "tools/store_command_line.h"

namespace mandate {
namespace {

constexpr const char* kVersion = "mandate 0.1.0";

// One command line being read: every option has its place here, and the command chosen leaves what to run.
class CommandLine {
 public:
  CommandLine() : app_("Mandate: who, and which agent for whom, may do what to what.", "mandate") {
    app_.set_version_flag("--version", kVersion);
    app_.require_subcommand(1);
    // Read here and not by the option: every command has one, and the library lets the environment of any of them win
    // over what was written for another.
    if (const char* server = getenv("MANDATE_SERVER"); server != nullptr && *server != '\0') {
      client_.server.address = server;
    }
    app_.footer(
        "Questions and relationships are written alike: type:id#relation@type:id\n"
        "Exit codes: 0 done or allowed, 1 denied, different, nothing found or a failed test, 2 conditional, "
        "3 error, 4 wrong usage.");
    serve_.AddTo(&app_);
    AddSchema();
    AddRelationship();
    bulk_.AddTo(&app_);
    AddQuestions();
    AddDelegation();
    AddTest();
    AddKey();
    store_.AddTo(&app_);
  }

  int Run(int argc, char** argv) {
    // gRPC would write its own lines beside our errors; set the variable to see them.
    setenv("GRPC_VERBOSITY", "NONE", 0);
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& help) {
      return app_.exit(help);
    } catch (const CLI::ParseError& error) {
      std::cerr << "error: " << Wrong(error, argc, argv) << "\n";
      return kExitUsage;
    }
    return run_();
  }

 private:
  // What is wrong with the command line, and where to read on.
  std::string Wrong(const CLI::ParseError& error, int argc, char** argv) const {
    const CLI::App* command = &app_;
    std::string path = "mandate";
    std::vector<std::string> names;
    int next = 1;
    for (;; ++next) {
      names.clear();
      const CLI::App* chosen = nullptr;
      for (const CLI::App* sub : command->get_subcommands({})) {
        names.push_back(sub->get_name());
        if (next < argc && names.back() == argv[next]) chosen = sub;
      }
      if (chosen == nullptr) break;
      command = chosen;
      path += Cat(" ", argv[next]);
    }
    const std::string help = Cat("; see ", path, " --help");
    if (names.empty()) return Cat(error.what(), help);
    const std::string list = Cat("one of ", absl::StrJoin(names, ", "));
    if (next >= argc) return Cat("`", path, "` needs a command, ", list, help);
    if (argv[next][0] == '-') return Cat(Quote(argv[next]), " is no option of `", path, "`", help);
    const std::string closest = ClosestName(argv[next], names);
    return Cat(Quote(argv[next]), " is no command of `", path, "`; ",
               closest.empty() ? Cat("write ", list) : Cat("did you mean `", closest, "`?"));
  }

  void AddSchema() {
    CLI::App* schema = app_.add_subcommand("schema", "Write, read, check, format, compare or draw the schema");
    schema->require_subcommand(1);
    CLI::App* write = schema->add_subcommand("write", "Replace the schema by a file's");
    write->add_option("FILE", schema_write_.file, "Schema file, - for standard input")->required();
    write
        ->add_option("--drop", schema_write_.drops,
                     "A restriction that goes on purpose, as 'assistant#boundary' or "
                     "'errand: limit mailbox#send to 5 per task'; may be given again")
        ->allow_extra_args(false);  // Else it would take the file for one, too.
    write->add_flag("--dry-run", schema_write_.dry_run, "Check against what is stored, write nothing");
    AddClient(write, [this] { return WriteSchemaFile(client_, schema_write_); });
    CLI::App* read = schema->add_subcommand("read", "Print the schema in force");
    read->add_option("--at", at_, "The token of the revision to read at");
    AddClient(read, [this] { return ReadSchemaText(client_, at_); });
    CLI::App* check = schema->add_subcommand("check", "Check a schema file, without a server");
    check->add_option("FILE", file_, "Schema file, - for standard input")->required();
    check->add_flag("--json", client_.json, "Findings as JSON");
    check->callback([this] { run_ = [this] { return CheckSchemaFile(client_, file_); }; });
    CLI::App* format = schema->add_subcommand("fmt", "Print schema files in canonical form");
    format->add_option("FILE", schema_format_.files, "Schema files; none or - for standard input");
    CLI::Option* rewrite =
        format->add_flag("--write", schema_format_.write, "Change the files instead, and name those that changed");
    format
        ->add_flag("--check", schema_format_.check,
                   "Only name the files that would change; exit code 1 if there are any")
        ->excludes(rewrite);
    format->callback([this] { run_ = [this] { return FormatSchemaFiles(schema_format_); }; });
    CLI::App* diff = schema->add_subcommand(
        "diff", "What differs between two schema files, or between the schema in force and a file");
    diff->add_option("FILE", schema_diff_.files, "OLD NEW, or the file to compare with the schema in force")
        ->required()
        ->expected(1, 2);
    AddClient(diff, [this] { return DiffSchemaFiles(client_, schema_diff_); });
    CLI::App* graph = schema->add_subcommand("graph", "A picture of a schema file, for Graphviz");
    graph->add_option("FILE", schema_graph_.file, "Schema file, - for standard input")->required();
    graph->add_flag("--svg", schema_graph_.svg, "The picture itself, drawn by Graphviz's `dot`");
    graph->callback([this] { run_ = [this] { return GraphSchemaFile(schema_graph_); }; });
  }

  void AddRelationship() {
    CLI::App* relationship = app_.add_subcommand("relationship", "Write, read or delete relationships");
    relationship->require_subcommand(1);
    CLI::App* write = relationship->add_subcommand("write", "Write relationships, all or none");
    write
        ->add_option("RELATIONSHIP", relationship_write_.relationships,
                     "As document:plan#viewer@user:alice, with [expiration:RFC3339] where needed")
        ->required();
    write->add_flag("--create", relationship_write_.create, "Refuse those that are stored already");
    AddClient(write, [this] { return WriteRelationships(client_, relationship_write_); });
    CLI::App* read = relationship->add_subcommand("read", "Print relationships that match");
    read->add_option("PATTERN", relationship_read_.pattern,
                     "As document, document:plan, document:plan#viewer, @user:alice, "
                     "document#viewer@user:alice")
        ->required();
    read->add_option("--limit", relationship_read_.limit, "At most so many; 0 for all")->capture_default_str();
    read->add_option("--at", relationship_read_.at, "The token of the revision to read at");
    AddClient(read, [this] { return ReadRelationships(client_, relationship_read_); });
    CLI::App* remove = relationship->add_subcommand("delete", "Delete relationships, all or none");
    remove->add_option("RELATIONSHIP", relationship_write_.relationships, "As document:plan#viewer@user:alice")
        ->required();
    AddClient(remove, [this] { return DeleteRelationships(client_, relationship_write_.relationships); });
  }

  void AddQuestions() {
    CLI::App* check = app_.add_subcommand("check", "May this subject do this to that?");
    check->add_option("QUESTION", check_.question, "As document:plan#view@user:alice, or @assistant:bot with --task")
        ->required();
    AddChain(check, "The task an agent asks for, as errand:42", check_.task, check_.principal, check_.agent);
    AddAudience(check, &check_.audience);
    check->add_option("--digest", check_.digest, "Of the action's parameters, as an approval names it");
    check->add_option("--context", check_.context, "Values for caveats, a JSON object: '{\"hour\": 12}'");
    check->add_option("--at", check_.at, "The token of the revision to ask at");
    AddWith(check, check_.contextual);
    check->add_flag("--explain", check_.explain, "Say why");
    check->add_flag("--dot", check_.dot, "Say why, as a graph for Graphviz");
    check->add_option("--proof", check_.proof, "Write the proof of an allowed answer to this file");
    AddClient(check, [this] { return CheckOne(client_, check_); });
    CLI::App* expand = app_.add_subcommand("expand", "Who has a permission, and through what?");
    expand->add_option("GOAL", expand_.goal, "As document:plan#view")->required();
    expand->add_option("--depth", expand_.depth, "Levels of subject sets to open")->capture_default_str();
    expand->add_option("--context", expand_.context, "Values for caveats, a JSON object: '{\"hour\": 12}'");
    AddWith(expand, expand_.contextual);
    expand->add_option("--at", expand_.at, "The token of the revision to ask at");
    AddClient(expand, [this] { return ExpandOne(client_, expand_); });
    CLI::App* lookup = app_.add_subcommand("lookup", "On what, or who: a permission the other way round");
    lookup->require_subcommand(1);
    CLI::App* resources = AddLookup(lookup, "resources", "On which objects does the subject have the permission?",
                                    "As document#view@user:alice, or @assistant:bot with --task", &LookupResourcesOf);
    AddChain(resources, "The task an agent asks for, as errand:42", lookup_.task, lookup_.principal, lookup_.agent);
    AddLookup(lookup, "subjects", "Who of a type has the permission on the object?",
              "As document:plan#view@user, @team#member for subject sets, or an agent's or session's type",
              &LookupSubjectsOf);
  }

  // On whose behalf somebody asks.
  void AddChain(CLI::App* command, const char* task_help, std::string& task, std::string& principal,
                std::string& agent) {
    command->add_option("--task", task, task_help);
    command->add_option("--principal", principal, "Claim: at whom the chain ends");
    command->add_option("--agent", agent, "Claim: who acts");
  }

  CLI::App* AddLookup(CLI::App* lookup, const char* name, const char* description, const char* form,
                      int (*run)(const ClientOptions&, const LookupOptions&)) {
    CLI::App* command = lookup->add_subcommand(name, description);
    command->add_option("LOOKUP", lookup_.question, form)->required();
    command->add_option("--context", lookup_.context, "Values for caveats, a JSON object: '{\"hour\": 12}'");
    AddWith(command, lookup_.contextual);
    AddAudience(command, &lookup_.audience);
    command->add_option("--digest", lookup_.digest, "Of the action's parameters, as an approval names it");
    command->add_option("--limit", lookup_.limit, "At most so many; 0 for all")->capture_default_str();
    command->add_option("--cursor", lookup_.cursor, "Go on where an earlier lookup ended");
    command->add_option("--at", lookup_.at, "The token of the revision to ask at");
    AddClient(command, [this, run] { return run(client_, lookup_); });
    return command;
  }

  void AddDelegation() { delegation_.AddTo(&app_); }
  void AddTest() {
    CLI::App* command = app_.add_subcommand("test", "Run worlds with their expected answers, without a server");
    command->add_option("FILE", test_.files, "Validation files (YAML), folders of them, or patterns as worlds/*.yaml")
        ->required();
    command->add_option("-j,--jobs", test_.jobs, "Worlds run at the same time; 0 for one a core")
        ->capture_default_str()
        ->check(CLI::Range(0, 1024));
    command->add_option("--junit", test_.junit, "Write the outcome as JUnit XML to this file");
    command->add_flag("--no-agreement", test_.no_agreement,
                      "Ask what is asserted alone, and not everything in every way");
    command->callback([this] { run_ = [this] { return TestWorlds(test_); }; });
  }

  void AddKey() {
    CLI::App* key = app_.add_subcommand("key", "Make, list or revoke the API keys that a server takes, in their file");
    key->require_subcommand(1);
    const auto add = [&](const char* name, const char* description, int (*run)(const KeyOptions&)) {
      CLI::App* command = key->add_subcommand(name, description);
      command->add_option("--keys", key_.file, "The file, as `mandate serve --keys` reads it")->required();
      command->callback([this, run] { run_ = [this, run] { return run(key_); }; });
      return command;
    };
    CLI::App* create = add("create", "Make a key and print it; the file keeps its hash", &CreateKey);
    create->add_option("ID", key_.id, "What logs and metrics call it: a-z, 0-9, -")->required();
    create->add_option("--role", key_.role, "reader, writer, admin, or gateway: checks and Authorize for agents alone")
        ->required()
        ->check(CLI::IsMember({"reader", "writer", "admin", "gateway"}));
    create
        ->add_option("--only", key_.only,
                     "A type, or ids of one as document:eu-, that it is limited to; may be repeated")
        ->allow_extra_args(false);
    create->add_option("--concurrency", key_.concurrency, "Calls at one time; as many as the server takes without it")
        ->check(CLI::Range(1, 100000));
    create->add_option("--expires", key_.expires, "A moment as 2027-01-01T00:00:00Z, or how long from now, as 90d");
    create->add_option("--certificate", key_.certificate,
                       "No key: callers whose certificate bears this name, with mutual TLS");
    add("list", "Who may call", &ListKeys);
    add("revoke", "Take a key away", &RevokeKey)->add_option("ID", key_.id, "As it was created")->required();
  }

  void AddWith(CLI::App* command, std::vector<std::string>& contextual) {
    command->add_option("--with", contextual, "A relationship that counts for this question alone; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void AddClient(CLI::App* command, std::function<int()> run) {
    command->add_option("--server", client_.server.address, "HOST:PORT of the server; MANDATE_SERVER sets the default")
        ->capture_default_str();
    AddConnectionOptions(command, &client_);
    command->add_flag("--json", client_.json, "Print the server's answer as JSON");
    command->callback([this, run = std::move(run)] {
      run_ = [this, run] {
        const absl::Status key = LoadKey(&client_);
        return key.ok() ? run() : Fail(key);
      };
    });
  }

  CLI::App app_;
  ClientOptions client_;
  ServeCommandLine serve_{&run_};
  SchemaWriteOptions schema_write_;
  SchemaFormatOptions schema_format_;
  SchemaDiffOptions schema_diff_;
  SchemaGraphOptions schema_graph_;
  RelationshipWriteOptions relationship_write_;
  RelationshipReadOptions relationship_read_;
  CheckOptions check_;
  ExpandOptions expand_;
  LookupOptions lookup_;
  TestOptions test_;
  KeyOptions key_;
  std::string at_;
  std::string file_;
  std::function<int()> run_;
  StoreCommandLine store_{
      &client_, [this](CLI::App* command, std::function<int()> run) { AddClient(command, std::move(run)); }, &run_};
  BulkCommandLine bulk_{&client_,
                        [this](CLI::App* command, std::function<int()> run) { AddClient(command, std::move(run)); }};
  DelegationCommandLine delegation_{
      &client_, [this](CLI::App* command, std::function<int()> run) { AddClient(command, std::move(run)); }, &run_};
};

}  // namespace

int RunCommandLine(int argc, char** argv) {
  const int code = CommandLine().Run(argc, argv);
  std::cout.flush();
  if (std::cout.good() || code >= kExitError) return code;
  return Fail(absl::UnavailableError("not everything could be written to standard output"));
}

}  // namespace mandate
