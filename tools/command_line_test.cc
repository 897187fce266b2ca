// The command line as a user sees it: the built binary, its output and its exit codes.
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kDemo[] = MANDATE_SOURCE_DIR "/tools/demo/";

// One server with the demo's schema and relationships, for tests that read, or write to objects of
// their own.
class CommandLine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDirectory;
    server_ = new ServingProcess(directory_->File("db"));
    EXPECT_EQ(Run({"schema", "write", Cat(kDemo, "demo.zed")}).code, kExitOk);
    EXPECT_EQ(Run({"import", Cat(kDemo, "demo.tuples")}).code, kExitOk);
  }
  static void TearDownTestSuite() {
    delete server_;
    delete directory_;
  }

  static Finished Run(std::vector<std::string> arguments, const std::string& input = "") {
    return RunMandate(arguments, input, {"MANDATE_SERVER=" + server_->address()});
  }
  // The error of a command that fails, without its end of line.
  static std::string ErrorOf(const std::vector<std::string>& arguments) {
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.code, kExitError) << finished.out << finished.err;
    EXPECT_EQ(finished.out, "");
    return finished.err.substr(0, finished.err.size() - 1);
  }
  static json JsonOf(std::vector<std::string> arguments, int code = kExitOk) {
    arguments.push_back("--json");
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.code, code) << finished.err;
    return json::parse(finished.out, nullptr, false);
  }

  static TempDirectory* directory_;
  static ServingProcess* server_;
};
TempDirectory* CommandLine::directory_ = nullptr;
ServingProcess* CommandLine::server_ = nullptr;

TEST_F(CommandLine, CheckTellsItsAnswerByItsExitCode) {
  const Finished allowed = Run({"check", "document:plan#view@user:bob"});
  EXPECT_EQ(allowed.out, "allowed\n");
  EXPECT_EQ(allowed.code, kExitOk);
  const Finished denied = Run({"check", "document:plan#view@user:mallory"});
  EXPECT_EQ(denied.out, "denied\n");
  EXPECT_EQ(denied.code, kExitDenied);
  EXPECT_EQ(allowed.err + denied.err, "");
  EXPECT_EQ(Run({"check", "document:plan#vie@user:bob"}).code, kExitError);
  EXPECT_EQ(Run({"check"}).code, kExitUsage);
}

TEST_F(CommandLine, LookupListsOnWhatAndWho) {
  const Finished resources = Run({"lookup", "resources", "document#view@user:bob"});
  EXPECT_THAT(resources.out, HasSubstr("document:plan\n"));
  EXPECT_EQ(resources.code, kExitOk);
  const Finished subjects = Run({"lookup", "subjects", "document:plan#view@user", "--limit", "1"});
  EXPECT_THAT(subjects.out, StartsWith("user:"));
  EXPECT_THAT(subjects.err, StartsWith("there may be more: --cursor "));
  EXPECT_EQ(Run({"lookup", "resources", "document#view@user:mallory"}).code, kExitDenied);
  EXPECT_THAT(ErrorOf({"lookup", "resources", "document:plan#view@user:bob"}),
              HasSubstr("write it like `document#view@user:alice`"));
  EXPECT_THAT(ErrorOf({"lookup", "subjects", "document:plan#view@user:bob"}),
              HasSubstr("write it like `document:plan#view@user`"));
}

TEST_F(CommandLine, AQuestionBringsRelationshipsAlong) {
  EXPECT_EQ(Run({"check", "document:plan#view@user:zoe"}).code, kExitDenied);
  EXPECT_EQ(Run({"check", "document:plan#view@user:zoe", "--with", "team:core#member@user:zoe"}).code, kExitOk);
  EXPECT_THAT(ErrorOf({"check", "document:plan#view@user:mallory", "--with", "mallory"}),
              StartsWith("error: --with `mallory`"));
}

TEST_F(CommandLine, AnExplanationIsDrawnForGraphviz) {
  const Finished drawn = Run({"check", "document:plan#view@user:bob", "--dot"});
  EXPECT_EQ(drawn.code, kExitOk);
  EXPECT_THAT(drawn.out, AllOf(StartsWith("digraph explanation {"), HasSubstr("s0 -> s1;")));
}

TEST_F(CommandLine, CheckOfAnAgentNamesTheReasonAndTheEnd) {
  EXPECT_EQ(Run({"check", "document:plan#view@assistant:bot"}).out, "denied: NO_TASK at assistant:bot\n");
  EXPECT_EQ(Run({"check", "document:plan#view@assistant:bot", "--task", "errand:42"}).out,
            "allowed, valid until 2099-01-01T00:00:00Z\n");
  EXPECT_EQ(Run({"check", "document:plan#view@run:1", "--principal", "user:alice", "--agent", "assistant:bot"}).code,
            kExitOk);
  EXPECT_THAT(Run({"check", "document:plan#view@run:1", "--principal", "user:bob"}).out,
              StartsWith("denied: CLAIM_MISMATCH at "));
}

TEST_F(CommandLine, CheckExplains) {
  const Finished finished = Run({"check", "document:plan#view@user:bob", "--explain"});
  EXPECT_THAT(finished.out, AllOf(StartsWith("allowed\n✓ document:plan#view\n"),
                                  HasSubstr("team:core#member@user:bob  [revision 2]\n"), HasSubstr(", checked at ")));
  const Finished denied = Run({"check", "document:plan#view@user:mallory", "--explain"});
  EXPECT_THAT(denied.out, HasSubstr("✓ document:plan#banned@user:mallory"));
}

TEST_F(CommandLine, CheckGivesTheServersAnswerAsJson) {
  const json allowed = JsonOf({"check", "document:plan#view@user:bob", "--explain"});
  EXPECT_EQ(allowed["result"]["decision"], "DECISION_ALLOWED");
  EXPECT_EQ(allowed["result"]["explanation"][0]["kind"], "KIND_PERMISSION");
  EXPECT_TRUE(allowed["checked_at"]["token"].is_string());
  const json denied = JsonOf({"check", "document:diary#view@assistant:bot", "--task", "errand:42"}, kExitDenied);
  EXPECT_EQ(denied["result"]["decision"], "DECISION_DENIED");
  EXPECT_EQ(denied["result"]["reason"], "DENIAL_REASON_OUT_OF_SCOPE");
}

TEST_F(CommandLine, ExpandShowsTheTree) {
  EXPECT_EQ(Run({"expand", "document:plan#edit"}).out,
            "document:plan#edit: any of\n  document:plan#owner\n    user:alice\n");
  const json expanded = JsonOf({"expand", "document:plan#edit"});
  EXPECT_EQ(expanded["nodes"][1]["subjects"][0]["subject"]["id"], "alice");
  EXPECT_EQ(ErrorOf({"expand", "document:plan"}),
            "error: `document:plan` names no permission of an object; write document:plan#view");
  EXPECT_EQ(ErrorOf({"expand", "document:plan#"}),
            "error: `document:plan#` names no permission of an object; write document:plan#view");
  EXPECT_EQ(ErrorOf({"expand", "plan#view"}), "error: `plan#view`: `plan` has no `:`; an object is written `type:id`");
}

TEST_F(CommandLine, RelationshipsAreWrittenReadAndDeleted) {
  const Finished written =
      Run({"relationship", "write", "document:wrd#owner@user:olga", "document:wrd#viewer@team:core#member"});
  EXPECT_THAT(written.out, StartsWith("2 relationships written, token "));
  EXPECT_EQ(written.code, kExitOk);
  // Relations in the order in which the database first met their names.
  EXPECT_EQ(Run({"relationship", "read", "document:wrd"}).out,
            "document:wrd#viewer@team:core#member\ndocument:wrd#owner@user:olga\n");
  EXPECT_EQ(Run({"relationship", "read", "document:wrd", "--limit", "1"}).out,
            "document:wrd#viewer@team:core#member\n");
  EXPECT_EQ(Run({"relationship", "read", "document:wrd#viewer@team:core#member"}).out,
            "document:wrd#viewer@team:core#member\n");
  EXPECT_THAT(Run({"relationship", "delete", "document:wrd#owner@user:olga"}).out,
              StartsWith("1 relationship deleted, token "));
  EXPECT_EQ(Run({"relationship", "read", "@user:olga"}).out, "");
  const std::string token = written.out.substr(written.out.rfind(' ') + 1);
  EXPECT_EQ(Run({"relationship", "read", "document:wrd#owner", "--at", token.substr(0, token.size() - 1)}).out,
            "document:wrd#owner@user:olga\n")
      << "the past";
}

TEST_F(CommandLine, RelationshipReadGivesOneJsonObjectALine) {
  const Finished finished = Run({"relationship", "read", "team", "--json"});
  std::istringstream lines(finished.out);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json entry = json::parse(line, nullptr, false);
    EXPECT_EQ(entry["relationship"]["resource"]["type"], "team") << line;
    EXPECT_TRUE(entry["cursor"].is_string());
  }
  EXPECT_EQ(count, 3u);
}

TEST_F(CommandLine, CreateRefusesWhatIsStored) {
  EXPECT_EQ(ErrorOf({"relationship", "write", "--create", "team:core#member@user:bob"}),
            "error: `team:core#member@user:bob` is stored already; use TOUCH to replace it "
            "[ALREADY_EXISTS, "
            "updates[0].relationship]");
}

TEST_F(CommandLine, NamesTheRelationshipThatIsMalformed) {
  EXPECT_EQ(ErrorOf({"relationship", "write", "team:core#member@user:ann", "team:core"}),
            "error: `team:core` has no `@`; it is written `type:id#relation@type:id`");
  EXPECT_THAT(ErrorOf({"relationship", "delete", "team:core#member@user:a nn"}),
              StartsWith("error: `team:core#member@user:a nn`: subject id `a nn` contains ` `"));
  EXPECT_THAT(ErrorOf({"relationship", "write", "team:core#member@user:ann", "team:core#member@user:ann"}),
              HasSubstr("is named twice, by updates[0] and updates[1]"));
  EXPECT_EQ(Run({"relationship", "read", "@user:ann"}).out, "") << "nothing was written";
}

TEST_F(CommandLine, NamesWhatIsWrongWithAQuestion) {
  EXPECT_EQ(ErrorOf({"check", "document:plan"}),
            "error: `document:plan` has no `@`; it is written `type:id#relation@type:id`; a "
            "question looks like "
            "document:plan#view@user:alice");
  EXPECT_EQ(ErrorOf({"check", "document:plan#vie@user:bob"}),
            "error: relation or permission `vie` is not defined on `document`; did you mean `view`? "
            "[UNKNOWN_PERMISSION, item.permission]");
  EXPECT_EQ(ErrorOf({"check", "document:plan#view@user:*"}),
            "error: a wildcard asks for nobody in particular; name one subject [WILDCARD_NOT_ALLOWED, "
            "item.subject.id]");
  EXPECT_EQ(ErrorOf({"check", "document:plan#view@assistant:bot", "--task", "errand"}),
            "error: --task `errand` has no `:`; an object is written `type:id`");
  EXPECT_THAT(ErrorOf({"check", "document:plan#view@user:bob", "--at", "garbage"}),
              HasSubstr("[TOKEN_MALFORMED, consistency.at_exact_snapshot.token]"));
}

TEST_F(CommandLine, SaysWhatToDoWhenNoServerAnswers) {
  // A port that nobody listens on: it was the system's choice for a server that is gone.
  std::string address;
  {
    TempDirectory directory;
    address = ServingProcess(directory.File("db")).address();
  }
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"check", "document:plan#view@user:bob"},
                                             {"expand", "document:plan#view"},
                                             {"relationship", "read", "document"},
                                             {"relationship", "write", "document:plan#owner@user:bob"},
                                             {"schema", "read"},
                                             {"schema", "write", Cat(kDemo, "demo.zed")},
                                             {"import", Cat(kDemo, "demo.tuples")}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--server", address});
    EXPECT_THAT(ErrorOf(arguments),
                StartsWith(Cat("error: no server answers at `", address,
                               "`; start one with `mandate serve`, or name another with --server")));
  }
}

TEST_F(CommandLine, ServerOptionGoesBeforeTheEnvironment) {
  const Finished finished = RunMandate({"check", "document:plan#view@user:bob", "--server", server_->address()}, "",
                                       {"MANDATE_SERVER=nobody.invalid:1"});
  EXPECT_EQ(finished.out, "allowed\n");
  EXPECT_THAT(RunMandate({"check", "document:plan#view@user:bob"}, "", {"MANDATE_SERVER=nobody.invalid:1"}).err,
              HasSubstr("no server answers at `nobody.invalid:1`"));
}

TEST_F(CommandLine, SchemaIsWrittenAndReadAsItWasWritten) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  const auto run = [&](std::vector<std::string> arguments, const std::string& input = "") {
    return RunMandate(arguments, input, {"MANDATE_SERVER=" + server.address()});
  };
  EXPECT_EQ(run({"schema", "read"}).err, "error: no schema was written yet [NO_SCHEMA]\n");
  EXPECT_EQ(run({"check", "document:plan#view@user:bob"}).err,
            "error: no schema was written yet; write one first (mandate schema write FILE) "
            "[NO_SCHEMA]\n");
  const std::string text = "// mine\ndefinition user {}\n";
  EXPECT_EQ(run({"schema", "write", "-", "--dry-run"}, text).out, "schema would be accepted; nothing written\n");
  EXPECT_EQ(run({"schema", "read"}).code, kExitError);
  EXPECT_THAT(run({"schema", "write", "-"}, text).out, StartsWith("schema written, token "));
  EXPECT_EQ(run({"schema", "read"}).out, text);
  EXPECT_EQ(json::parse(run({"schema", "read", "--json"}).out, nullptr, false)["schema"], text);
}

constexpr char kBadSchema[] =
    "definition user {}\ndefinition doc {\n  relation viewer: usr\n  permission view = viewr\n}\n";

TEST_F(CommandLine, SchemaErrorsAreAllShownAndUnderlined) {
  const std::string file = directory_->File("bad.zed", kBadSchema);
  const std::string shown = Cat(file, ":3:20: error: definition `usr` does not exist; did you mean `user`?\n",
                                "  relation viewer: usr\n                   ^~~\n", file,
                                ":4:21: error: relation or permission `viewr` is not defined on `doc`; did you mean "
                                "`viewer`?\n  permission view = viewr\n                    ^~~~~\n");
  EXPECT_EQ(ErrorOf({"schema", "write", file}) + "\n", shown);
  EXPECT_EQ(ErrorOf({"schema", "check", file}) + "\n", shown);
  const json checked = JsonOf({"schema", "check", file}, kExitError);
  EXPECT_EQ(checked["ok"], false);
  ASSERT_EQ(checked["findings"].size(), 2u);
  EXPECT_EQ(checked["findings"][1]["line"], 4);
  EXPECT_EQ(Run({"schema", "check", "-"}, "definition user {}").out, "standard input: 1 definition, no errors\n");
}

TEST_F(CommandLine, SchemaWarningsAreShownWithTheirName) {
  const std::string text = "definition user {}\ndefinition doc { relation user: doc }\n";
  const std::string shown =
      "standard input:2:27: warning: relation `user` has the name of a definition, which it cannot "
      "hold [name-shadows-type]\ndefinition doc { relation user: doc }\n"
      "                          ^~~~\n";
  EXPECT_EQ(Run({"schema", "check", "-"}, text).err, shown);
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  const Finished written = Run({"schema", "write", "-", "--server", server.address()}, text);
  EXPECT_EQ(written.code, kExitOk);
  EXPECT_EQ(written.err, shown);
  const json checked = JsonOf({"schema", "check", directory.File("warned.zed", text)});
  EXPECT_EQ(checked["findings"][0]["name"], "name-shadows-type");
}

TEST_F(CommandLine, SchemaErrorsThatDoNotFitAreCounted) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += Cat("definition doc", i, " {\n  relation viewer: nobody_defined_me\n}\n");
  EXPECT_THAT(ErrorOf({"schema", "write", directory_->File("long.zed", text)}),
              HasSubstr(" more; `mandate schema check` shows them all"));
}

TEST_F(CommandLine, SchemaThatWouldOrphanRelationshipsIsRefused) {
  const std::string file = directory_->File("orphans.zed", "definition user {}");
  EXPECT_THAT(ErrorOf({"schema", "write", file, "--drop", "assistant#boundary"}), HasSubstr("ORPHANS_RELATIONSHIPS"));
}

TEST_F(CommandLine, SchemaWriteTakesEachDropByItself) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  const auto run = [&](std::vector<std::string> arguments) {
    return RunMandate(arguments, "", {"MANDATE_SERVER=" + server.address()});
  };
  const auto schema = [](const std::string& boundary, const std::string& rule) {
    return Cat(
        "use delegation\nuse expiration\ndefinition user { relation acts_on_behalf_of: bot with expiration }\n"
        "definition mail { relation send: user }\nagent bot {",
        boundary,
        "}\n"
        "task errand {\n relation delegator: user\n relation delegated_for_task: bot with expiration\n"
        " relation scope: mail#send\n ",
        rule, "\n}\n");
  };
  const std::string strict =
      directory.File("strict.zed", schema("relation boundary: mail:*#send", "limit mail#send to 5 per task"));
  const std::string loose = directory.File("loose.zed", schema("", ""));
  EXPECT_EQ(run({"schema", "write", strict}).code, kExitOk);
  const Finished refused = run({"schema", "write", loose});
  EXPECT_EQ(refused.code, kExitError);
  EXPECT_THAT(refused.err, HasSubstr("--drop 'bot#boundary'"));
  EXPECT_THAT(refused.err, HasSubstr("\n  errand: limit mail#send to 5 per task"));
  const Finished written =
      run({"schema", "write", "--drop", "bot#boundary", "--drop", "errand: limit mail#send to 5 per task", loose});
  EXPECT_EQ(written.code, kExitOk) << written.err;
}

TEST_F(CommandLine, FilesThatCannotBeReadAreNamed) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"import"}, {"schema", "write"}, {"schema", "check"}}) {
    std::vector<std::string> missing = command, folder = command;
    missing.push_back("/no/such/file");
    folder.push_back("/");
    EXPECT_EQ(ErrorOf(missing), "error: cannot read `/no/such/file`; is the name right?");
    EXPECT_EQ(ErrorOf(folder), "error: `/` is a directory; name a file");
  }
}

TEST_F(CommandLine, ImportShowsTheBadLinesAndWritesNothing) {
  const std::string file = directory_->File(
      "bad.tuples", "// the first is good\nfolder:imp#viewer@user:ann\n\nbogus\nfolder:imp#viewer@user:b b\r\n");
  const Finished finished = Run({"import", file});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_EQ(finished.err, Cat(file, ":4: error: `bogus` has no `@`; it is written `type:id#relation@type:id`\n", file,
                              ":5: error: subject id `b b` contains ` `: an id is 1 to 1024 bytes of letters, digits "
                              "and `/_|-=+`\nerror: 2 lines are no relationship; nothing was written\n"));
  EXPECT_EQ(Run({"relationship", "read", "folder:imp"}).out, "");
}

TEST_F(CommandLine, ImportShowsTheLineThatTheSchemaDoesNotAllow) {
  const std::string file =
      directory_->File("refused.tuples", "// c\nfolder:imp#viewer@user:ann\n\n  folder:imp#viewer@document:plan\n");
  EXPECT_EQ(Run({"import", file}).err,
            Cat(file,
                ":4: error: `document` cannot be a subject of `folder#viewer`; allowed: `user`, "
                "`team#member`\nerror: 1 line is no relationship; nothing was written\n"));
  EXPECT_EQ(Run({"relationship", "read", "folder:imp"}).out, "");
}

TEST_F(CommandLine, ImportOfNothingIsAnError) {
  EXPECT_EQ(ErrorOf({"import", directory_->File("empty.tuples", "// nothing\n\n")}),
            Cat("error: `", directory_->File("empty.tuples"), "` holds no relationship"));
}

TEST_F(CommandLine, ImportReadsStandardInput) {
  EXPECT_THAT(Run({"import", "-"}, "folder:stdin#viewer@user:ann").out, StartsWith("1 relationship imported in "));
  EXPECT_EQ(Run({"relationship", "read", "folder:stdin"}).out, "folder:stdin#viewer@user:ann\n");
}

}  // namespace
}  // namespace mandate
