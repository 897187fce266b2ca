// The commands on schema files as a user sees them: fmt, diff, graph.
#include <sys/stat.h>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "schema/compiler.h"
#include "tools/exit_code.h"
#include "tools/schema_dot.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kUgly[] = "definition   user{}  // people\n";
constexpr char kCanonical[] = "definition user {} // people\n";
constexpr char kBroken[] = "definition user {\n";

std::string Read(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST(SchemaFmt, PrintsTheCanonicalFormOfFilesAndOfStandardInput) {
  TempDirectory directory;
  const std::string one = directory.File("one.zed", kUgly);
  const std::string two = directory.File("two.zed", "definition team{}");
  const Finished files = RunMandate({"schema", "fmt", one, two});
  EXPECT_EQ(files.out, Cat(kCanonical, "definition team {}\n"));
  EXPECT_EQ(files.code, kExitOk);
  EXPECT_EQ(Read(one), kUgly) << "nothing is written";
  EXPECT_EQ(RunMandate({"schema", "fmt"}, kUgly).out, kCanonical);
  EXPECT_EQ(RunMandate({"schema", "fmt", "-"}, kUgly).out, kCanonical);
}

TEST(SchemaFmt, ReadsWhatDoesNotCompile) {
  EXPECT_EQ(RunMandate({"schema", "fmt"},
                       "use import\nimport 'x.zed'\ndefinition doc{relation "
                       "rrr:defined/elsewhere}")
                .out,
            "use import\n\nimport 'x.zed'\n\ndefinition doc {\n\trelation rrr: "
            "defined/elsewhere\n}\n");
}

TEST(SchemaFmt, WriteChangesWhatDiffersAndNamesIt) {
  TempDirectory directory;
  const std::string ugly = directory.File("ugly.zed", kUgly);
  const std::string canonical = directory.File("canonical.zed", kCanonical);
  chmod(ugly.c_str(), 0640);
  std::filesystem::create_symlink(ugly, directory.File("link.zed"));
  const Finished finished = RunMandate({"schema", "fmt", "--write", directory.File("link.zed"), canonical});
  EXPECT_EQ(finished.code, kExitOk) << finished.err;
  EXPECT_EQ(finished.out, Cat(directory.File("link.zed"), "\n"));
  EXPECT_EQ(Read(ugly), kCanonical);
  EXPECT_TRUE(std::filesystem::is_symlink(directory.File("link.zed")));
  struct stat status;
  ASSERT_EQ(stat(ugly.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u) << "permissions stay";
  EXPECT_EQ(RunMandate({"schema", "fmt", "--write", ugly}).out, "") << "there is nothing more to do";
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(ugly).parent_path()))
    ++files;
  EXPECT_EQ(files, 3u) << "no temporary file is left";
}

TEST(SchemaFmt, CheckNamesTheFilesThatDifferAndEndsWithOne) {
  TempDirectory directory;
  const std::string ugly = directory.File("ugly.zed", kUgly);
  const std::string canonical = directory.File("canonical.zed", kCanonical);
  const Finished differs = RunMandate({"schema", "fmt", "--check", canonical, ugly});
  EXPECT_EQ(differs.out, ugly + "\n");
  EXPECT_EQ(differs.code, kExitDifferent);
  EXPECT_EQ(Read(ugly), kUgly);
  const Finished same = RunMandate({"schema", "fmt", "--check", canonical});
  EXPECT_EQ(same.out + same.err, "");
  EXPECT_EQ(same.code, kExitOk);
  EXPECT_EQ(RunMandate({"schema", "fmt", "--check"}, kUgly).out, "standard input\n");
}

TEST(SchemaFmt, AFileThatCannotBeReadIsToldAndTheOthersAreDone) {
  TempDirectory directory;
  const std::string broken = directory.File("broken.zed", kBroken);
  const std::string ugly = directory.File("ugly.zed", kUgly);
  const Finished finished = RunMandate({"schema", "fmt", "--write", broken, "/no/such", ugly});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_EQ(finished.err, Cat(broken,
                              ":1:17: error: the body of definition `user` is never closed; end it with "
                              "`}`\ndefinition user {\n                ^\n",
                              "error: cannot read `/no/such`; is the name right?\n"));
  EXPECT_EQ(Read(broken), kBroken);
  EXPECT_EQ(Read(ugly), kCanonical);
  EXPECT_EQ(RunMandate({"schema", "fmt", "--check", broken, ugly}).code, kExitError)
      << "an error goes before a difference";
}

TEST(SchemaFmt, WriteNeedsFilesAndGoesWithoutCheck) {
  for (const std::vector<std::string>& rest : std::vector<std::vector<std::string>>{{}, {"-"}, {"x", "-"}}) {
    std::vector<std::string> arguments = {"schema", "fmt", "--write"};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    const Finished finished = RunMandate(arguments, kUgly);
    EXPECT_EQ(finished.code, kExitUsage);
    EXPECT_EQ(finished.err, "error: --write needs files; standard input cannot be written to\n");
  }
  EXPECT_EQ(RunMandate({"schema", "fmt", "--write", "--check", "x"}).code, kExitUsage);
}

constexpr char kOld[] = R"(use expiration
use delegation
caveat hours(hour int) { hour > 9 }
definition user { relation acts_on_behalf_of: bot with expiration }
definition team { relation member: user }
agent bot { relation boundary: doc:*#view }
definition doc {
  relation viewer: user | user:* | team#member
  relation owner: user
  permission view = viewer + owner
  permission lost = nil
}
)";
constexpr char kNew[] = R"(use expiration
use delegation
caveat hours(hour int, day string) {
  hour > 9 &&
    day != "sun"
}
definition user { relation acts_on_behalf_of: bot with expiration }
agent bot {}
// A comment is no difference.
definition doc {
  relation viewer: user with hours
  relation owner: user
  permission view = (owner + viewer) - owner
}
definition folder {}
)";

TEST(SchemaDiff, ShowsWhatDiffersUnderWhatItBelongsTo) {
  TempDirectory directory;
  const std::string before = directory.File("old.zed", kOld);
  const std::string after = directory.File("new.zed", kNew);
  const Finished finished = RunMandate({"schema", "diff", before, after});
  EXPECT_EQ(finished.code, kExitDifferent) << finished.err;
  EXPECT_EQ(finished.out, R"(- definition team
~ agent bot
    - relation boundary: doc:*#view
~ definition doc
    ~ relation viewer
        - user
        - user:*
        - team#member
        + user with hours
    ~ permission view
        - viewer + owner
        + (owner + viewer) - owner
    - permission lost = nil
+ definition folder
~ caveat hours
    + parameter day string
    - hour > 9
    + hour > 9 && day != "sun"
! this widens what agents may do; write it with --drop 'bot#boundary'
)");
  EXPECT_EQ(finished.err, "");
}

TEST(SchemaDiff, OfFilesThatSayTheSameIsNothing) {
  TempDirectory directory;
  const std::string one = directory.File("one.zed",
                                         "definition user {}\ndefinition doc { relation "
                                         "aaa: user; permission ppp = aaa + nil }");
  const Finished finished = RunMandate({"schema", "diff", one, "-"},
                                       "definition doc {\n // why\n permission ppp = (aaa)\n "
                                       "relation aaa: user\n}\ndefinition user {}");
  EXPECT_EQ(finished.out + finished.err, "");
  EXPECT_EQ(finished.code, kExitOk);
  EXPECT_EQ(RunMandate({"schema", "diff", one, one, "--json"}).out, "{\"differences\":[],\"widened\":[]}\n");
}

TEST(SchemaDiff, IsGivenAsJson) {
  TempDirectory directory;
  const Finished finished =
      RunMandate({"schema", "diff", directory.File("old.zed", kOld), directory.File("new.zed", kNew), "--json"});
  EXPECT_EQ(finished.code, kExitDifferent);
  const json parsed = json::parse(finished.out, nullptr, false);
  ASSERT_EQ(parsed["differences"].size(), 11u) << finished.out;
  EXPECT_EQ(parsed["differences"][0],
            (json{{"kind", "DEFINITION_REMOVED"}, {"definition", "team"}, {"before", "definition"}}));
  EXPECT_EQ(parsed["differences"][5], (json{{"kind", "SUBJECT_TYPE_ADDED"},
                                            {"definition", "doc"},
                                            {"relation", "viewer"},
                                            {"after", "user with hours"}}));
  EXPECT_EQ(parsed["differences"][8],
            (json{{"kind", "DEFINITION_ADDED"}, {"definition", "folder"}, {"after", "definition"}}));
  EXPECT_EQ(parsed["widened"], json{"bot#boundary"});
}

TEST(SchemaDiff, OfASchemaWithErrorsIsAnError) {
  TempDirectory directory;
  const std::string good = directory.File("good.zed", kCanonical);
  const std::string bad = directory.File("bad.zed", "definition doc { relation rrr: usr }");
  const Finished finished = RunMandate({"schema", "diff", good, bad});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, StartsWith(bad + ":1:32: error: definition `usr` does not exist"));
  EXPECT_EQ(RunMandate({"schema", "diff", good, "/no/such"}).code, kExitError);
  EXPECT_EQ(RunMandate({"schema", "diff", good, good, good}).code, kExitUsage);
  EXPECT_EQ(RunMandate({"schema", "diff"}).code, kExitUsage);
}

// Against a server with kOld and relationships.
class SchemaDiffInForce : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDirectory;
    server_ = new ServingProcess(directory_->File("db"));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete directory_;
  }
  static Finished Run(const std::vector<std::string>& arguments, const std::string& input = "") {
    return RunMandate(arguments, input, {"MANDATE_SERVER=" + server_->address()});
  }

  static TempDirectory* directory_;
  static ServingProcess* server_;
};
TempDirectory* SchemaDiffInForce::directory_ = nullptr;
ServingProcess* SchemaDiffInForce::server_ = nullptr;

TEST_F(SchemaDiffInForce, SaysWhatTheChangeWouldOrphan) {
  EXPECT_EQ(Run({"schema", "diff", "-"}, "definition user {}").out, "+ definition user\n")
      << "without a schema everything is new";
  ASSERT_EQ(Run({"schema", "write", "-"}, kOld).code, kExitOk);
  const Finished same = Run({"schema", "diff", "-"}, kOld);
  EXPECT_EQ(same.out + same.err, "");
  EXPECT_EQ(same.code, kExitOk);

  const std::string fewer = "definition user {}\ndefinition doc { relation owner: user }";
  ASSERT_EQ(Run({"relationship", "write", "doc:a#owner@user:u", "doc:a#viewer@user:u", "doc:b#viewer@user:u",
                 "doc:c#viewer@user:u", "doc:d#viewer@user:u", "doc:a#viewer@user:*"})
                .code,
            kExitOk);
  const Finished orphans = Run({"schema", "diff", "-"}, fewer);
  EXPECT_EQ(orphans.code, kExitDifferent) << orphans.err;
  EXPECT_THAT(orphans.out, AllOf(HasSubstr("- definition team\n"),
                                 HasSubstr("\n! the new schema does not allow 5 relationships that are stored; delete "
                                           "them first, or keep what allows them:\n"
                                           "  4 of doc#viewer@user: doc:a#viewer@user:u, doc:b#viewer@user:u, "
                                           "doc:c#viewer@user:u, ...\n"
                                           "  1 of doc#viewer@user:*: doc:a#viewer@user:*\n")));
  const json parsed = json::parse(Run({"schema", "diff", "-", "--json"}, fewer).out, nullptr, false);
  EXPECT_EQ(parsed["accepted"], false);
  EXPECT_EQ(parsed["refusal"]["reason"], "ORPHANS_RELATIONSHIPS");
  EXPECT_EQ(Run({"schema", "read"}).out, kOld) << "nothing is written";
}

TEST_F(SchemaDiffInForce, SaysWhatTheChangeWouldWiden) {
  ASSERT_EQ(Run({"schema", "write", "-"}, kOld).code, kExitOk);
  std::string wider = kOld;
  wider.replace(wider.find("relation boundary: doc:*#view"), 29, "");
  const Finished finished = Run({"schema", "diff", "-"}, wider);
  EXPECT_EQ(finished.code, kExitDifferent);
  EXPECT_EQ(finished.out,
            "~ agent bot\n    - relation boundary: doc:*#view\n! this widens what agents may do; write "
            "it with --drop 'bot#boundary'\n");
  const json parsed = json::parse(Run({"schema", "diff", "-", "--json"}, wider).out, nullptr, false);
  EXPECT_EQ(parsed["accepted"], false);
  EXPECT_FALSE(parsed.contains("refusal"));
}

TEST_F(SchemaDiffInForce, NeedsTheServer) {
  TempDirectory directory;
  const std::string file = directory.File("one.zed", kCanonical);
  std::string address;
  address = ServingProcess(directory.File("db")).address();
  const Finished finished = RunMandate({"schema", "diff", file, "--server", address});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_THAT(finished.err, StartsWith(Cat("error: no server answers at `", address)));
}

TEST(SchemaGraph, PrintsDot) {
  const Finished finished = RunMandate({"schema", "graph", "-"}, kOld);
  EXPECT_EQ(finished.out, SchemaToDot(*CompileSchema(kOld).schema));
  EXPECT_EQ(finished.code, kExitOk);
  EXPECT_EQ(RunMandate({"schema", "graph", "-"}, kBroken).code, kExitError);
  EXPECT_EQ(RunMandate({"schema", "graph", "/no/such"}).err, "error: cannot read `/no/such`; is the name right?\n");
}

// A program of this text in place of Graphviz's, which need not be installed.
Finished GraphWith(const TempDirectory& directory, const std::string& dot) {
  chmod(directory.File("dot", dot).c_str(), 0755);
  return RunMandate({"schema", "graph", "-", "--svg"}, kOld, {Cat("PATH=", directory.File(""), ":/usr/bin:/bin")});
}

TEST(SchemaGraph, SvgIsWhatDotMakesOfIt) {
  TempDirectory directory;
  const Finished finished = GraphWith(directory, "#!/bin/sh\necho \"$@\"\ncat\n");
  EXPECT_EQ(finished.out, Cat("-Tsvg\n", SchemaToDot(*CompileSchema(kOld).schema)));
  EXPECT_EQ(finished.code, kExitOk) << finished.err;
}

TEST(SchemaGraph, SvgSaysWhenDotFailsOrIsMissing) {
  TempDirectory directory;
  const Finished failed = GraphWith(directory, "#!/bin/sh\necho no >&2\nexit 1\n");
  EXPECT_EQ(failed.code, kExitError);
  EXPECT_EQ(failed.err, "no\nerror: `dot` failed; see what it says above\n");
  const Finished missing =
      RunMandate({"schema", "graph", "-", "--svg"}, kOld, {Cat("PATH=", directory.File("nothing"))});
  EXPECT_EQ(missing.code, kExitError);
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(missing.err,
            "error: `dot` is not installed; install Graphviz (on Debian: apt-get install graphviz), "
            "or leave out --svg for its input\n");
}

}  // namespace
}  // namespace mandate
