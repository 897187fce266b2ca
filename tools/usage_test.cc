// What every command says of itself, what it says of a wrong one, and the patterns that commands take.
#include "gmock/gmock.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Usage, HelpAndVersionSucceed) {
  EXPECT_THAT(RunMandate({"--version"}).out, StartsWith("mandate "));
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{},
                                                                                       {"serve"},
                                                                                       {"schema"},
                                                                                       {"schema", "write"},
                                                                                       {"schema", "fmt"},
                                                                                       {"schema", "diff"},
                                                                                       {"schema", "graph"},
                                                                                       {"relationship"},
                                                                                       {"relationship", "read"},
                                                                                       {"import"},
                                                                                       {"check"},
                                                                                       {"expand"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back("--help");
    const Finished finished = RunMandate(arguments);
    EXPECT_EQ(finished.code, kExitOk);
    EXPECT_THAT(finished.out,
                HasSubstr("Exit codes: 0 done or allowed, 1 denied, different, nothing found or a failed test, "
                          "2 conditional, 3 error, 4 wrong usage."));
    EXPECT_EQ(finished.err, "");
  }
}

TEST(Usage, WrongIsOneLineAndExitCode4) {
  struct Row {
    std::vector<std::string> arguments;
    const char* error;
  };
  const std::vector<Row> rows = {
      {{},
       "`mandate` needs a command, one of serve, schema, relationship, import, export, sync, check, expand, lookup, "
       "delegate, session, authorize, approve, revoke, who-can, ledger, proof, test, key, backup, restore, "
       "check-store, compact, stats; see mandate --help"},
      {{"chek", "x"}, "`chek` is no command of `mandate`; did you mean `check`?"},
      {{"bogus"},
       "`bogus` is no command of `mandate`; write one of serve, schema, relationship, import, export, sync, "
       "check, expand, lookup, delegate, session, authorize, approve, revoke, who-can, ledger, proof, test, key, "
       "backup, restore, check-store, compact, stats"},
      {{"--bogus"}, "`--bogus` is no option of `mandate`; see mandate --help"},
      {{"schema"},
       "`mandate schema` needs a command, one of write, read, check, fmt, diff, graph; see mandate schema --help"},
      {{"schema", "wirte"}, "`wirte` is no command of `mandate schema`; did you mean `write`?"},
      {{"check"}, "QUESTION is required; see mandate check --help"},
      {{"check", "a", "b"}, "The following argument was not expected: b; see mandate check --help"},
      {{"relationship", "write"}, "RELATIONSHIP is required; see mandate relationship write --help"},
      {{"expand", "document:plan#view", "--depth", "-1"}, "Could not convert: --depth = -1; see mandate expand --help"},
      {{"serve", "--cache-mib", "0"}, "--cache-mib: Value 0 not in range 1 to 1048576; see mandate serve --help"},
      {{"serve", "--chain-agents-max", "17"},
       "--chain-agents-max: Value 17 not in range 1 to 16; see mandate serve --help"},
  };
  for (const Row& row : rows) {
    const Finished finished = RunMandate(row.arguments);
    EXPECT_EQ(finished.code, kExitUsage);
    EXPECT_EQ(finished.err, Cat("error: ", row.error, "\n"));
    EXPECT_EQ(finished.out, "");
  }
}

TEST(Usage, WhatCouldNotBePrintedIsAnError) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"--help"}, {"schema", "fmt"}, {"schema", "fmt", "--check"}}) {
    const Finished finished = RunMandate(command, "definition   user {}", {}, FullDisk());
    EXPECT_EQ(finished.code, kExitError);
    EXPECT_EQ(finished.err, "error: not everything could be written to standard output\n");
  }
  EXPECT_EQ(RunMandate({"chek"}, "", {}, FullDisk()).code, kExitUsage) << "nothing was to be printed";
}

TEST(Pattern, NamesWhatItMatches) {
  struct Row {
    const char* pattern;
    TupleFilter filter;
  };
  const std::vector<Row> rows = {
      {"document", {.resource_type = "document"}},
      {"document:plan", {.resource_type = "document", .resource_id = "plan"}},
      {"document:plan#viewer", {.resource_type = "document", .resource_id = "plan", .relation = "viewer"}},
      {"#viewer", {.relation = "viewer"}},
      {"document#viewer@user", {.resource_type = "document", .relation = "viewer", .subject_type = "user"}},
      {"@user:alice", {.subject_type = "user", .subject_id = "alice"}},
      {"@user:*", {.subject_type = "user", .subject_id = "*"}},
      {"@team:core#member", {.subject_type = "team", .subject_id = "core", .subject_relation = "member"}},
      {"@user:alice#...", {.subject_type = "user", .subject_id = "alice", .subject_relation = ""}},
      {"@#member", {.subject_relation = "member"}},
      {"document:plan#viewer@team:core#member",
       {.resource_type = "document",
        .resource_id = "plan",
        .relation = "viewer",
        .subject_type = "team",
        .subject_id = "core",
        .subject_relation = "member"}},
  };
  for (const Row& row : rows) {
    auto filter = ParsePattern(row.pattern);
    ASSERT_TRUE(filter.ok()) << row.pattern << filter.status();
    const auto parts = [](const TupleFilter& f) {
      return std::tie(f.resource_type, f.resource_id, f.relation, f.subject_type, f.subject_id, f.subject_relation);
    };
    EXPECT_EQ(parts(*filter), parts(row.filter)) << row.pattern;
  }
}

TEST(Pattern, WithAnEmptyPartIsRefused) {
  for (const char* pattern : {"", "@", "#", ":", "document:", ":plan", "document#", "document@", "document@user:",
                              "document@:alice", "document@user#", "document:plan#viewer@team:core#"}) {
    EXPECT_THAT(std::string(ParsePattern(pattern).status().message()),
                StartsWith(Cat("`", pattern, "` is no pattern; write ")));
  }
}

}  // namespace
}  // namespace mandate
