// commands.h: what each command does once its options are read. Each returns an ExitCode.
#ifndef MANDATE_TOOLS_COMMANDS_H_
#define MANDATE_TOOLS_COMMANDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "schema/relationship.h"
#include "service/access/load_gate.h"
#include "service/access/tls_files.h"
#include "service/endpoint.h"
#include "storage/snapshot.h"
#include "tools/validation/input.h"

namespace mandate {

// What every client command shares.
struct ClientOptions {
  Endpoint server;
  std::string key_file;  // Where the API key is; empty: in MANDATE_KEY, or there is none.
  bool json = false;
};

struct ServeOptions {
  std::string data = "./mandate-data";
  std::string listen = "127.0.0.1:50051";
  std::string http = "127.0.0.1:8080";
  std::string http_url;
  TlsFiles tls;
  std::string key_file;
  bool insecure = false;
  double retention_hours = 24;
  double ledger_retention_days = 0;  // 0: for ever.
  uint64_t cache_mib = 256;
  uint64_t write_buffer_mib = 128;
  uint64_t answer_cache_mib = 128;
  uint64_t check_steps_max = 5'000'000;
  double check_seconds_max = 10;
  uint32_t chain_agents_max = 4;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string log_calls = "failed";
  uint64_t slow_ms = 1000;
  LoadLimits load;
  std::string backups;
};
int Serve(const ServeOptions& options);

struct SchemaWriteOptions {
  std::string file;
  std::vector<std::string> drops;
  bool dry_run = false;
};
int WriteSchemaFile(const ClientOptions& client, const SchemaWriteOptions& options);
int ReadSchemaText(const ClientOptions& client, const std::string& at);
int CheckSchemaFile(const ClientOptions& client, const std::string& file);

struct SchemaFormatOptions {
  std::vector<std::string> files;  // None: standard input.
  bool write = false;
  bool check = false;
};
int FormatSchemaFiles(const SchemaFormatOptions& options);

struct SchemaDiffOptions {
  std::vector<std::string> files;  // Two, or one to compare with the schema in force.
};
int DiffSchemaFiles(const ClientOptions& client, const SchemaDiffOptions& options);

struct SchemaGraphOptions {
  std::string file;
  bool svg = false;
};
int GraphSchemaFile(const SchemaGraphOptions& options);

struct RelationshipWriteOptions {
  std::vector<std::string> relationships;
  bool create = false;
};
int WriteRelationships(const ClientOptions& client, const RelationshipWriteOptions& options);
int DeleteRelationships(const ClientOptions& client, const std::vector<std::string>& relationships);
struct RelationshipReadOptions {
  std::string pattern;
  std::string at;
  uint32_t limit = 0;
};
int ReadRelationships(const ClientOptions& client, const RelationshipReadOptions& options);

struct CheckOptions {
  std::string question;
  std::string task;
  std::string principal;
  std::string agent;
  std::vector<std::string> audience;
  std::string digest;
  std::string at;
  bool explain = false;
  bool dot = false;
  std::string proof;  // A file to write it to.
  std::string context;
  std::vector<std::string> contextual;
};
int CheckOne(const ClientOptions& client, const CheckOptions& options);

struct ExpandOptions {
  std::string goal;
  std::string at;
  uint32_t depth = 0;
  std::string context;
  std::vector<std::string> contextual;
};
int ExpandOne(const ClientOptions& client, const ExpandOptions& options);

struct LookupOptions {
  std::string question;
  std::string task;  // Of resources alone, as are the claims.
  std::string principal;
  std::string agent;
  std::vector<std::string> audience;
  std::string digest;
  std::string at;
  std::string context;
  std::vector<std::string> contextual;
  uint32_t limit = 0;
  std::string cursor;
};
int LookupResourcesOf(const ClientOptions& client, const LookupOptions& options);
int LookupSubjectsOf(const ClientOptions& client, const LookupOptions& options);

struct TestOptions {
  std::vector<std::string> files;
  std::string junit;
  size_t jobs = 0;  // 0: as many as there are cores.
  bool no_agreement = false;
};
int TestWorlds(const TestOptions& options);

// The values of --context in their compact form, and of --with.
absl::StatusOr<std::string> ContextOption(const std::string& text);
absl::StatusOr<std::vector<Relationship>> ContextualOption(const std::vector<std::string>& texts);

// Which relationships a pattern means: `document`, `document:plan`, `document:plan#viewer`, `@user:alice`,
// `document#viewer@team:core#member`. Parts that are left out match everything.
absl::StatusOr<TupleFilter> ParsePattern(const std::string& pattern);

// `error: MESSAGE`, with the reason and the field where there are any, to standard error. Returns kExitError.
int Fail(const absl::Status& status);

// What messages call it: its name, or `standard input`.
std::string FileName(const std::string& file);

}  // namespace mandate

#endif  // MANDATE_TOOLS_COMMANDS_H_
