// Backups, restoring, checking and numbers as an operator runs them.
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/client.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kOperatorSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: assistant with expiration }
definition document {
  relation viewer: user
  permission view = viewer
}
agent assistant {}
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document:*#view
}
session run {
  relation agent: assistant with expiration
  relation task: errand
}
)";

class StoreCommands : public testing::Test {
 protected:
  void SetUp() override {
    Start(directory_.File("db"));
    ASSERT_TRUE(Client(server_->address()).WriteSchema(kOperatorSchema, {}, false, nullptr).ok());
    Write({"document:plan#viewer@user:ann", "document:menu#viewer@user:bob"});
  }
  void Start(const std::string& data) {
    server_ = std::make_unique<ServingProcess>(data, "127.0.0.1",
                                               std::vector<std::string>{"--backups", directory_.File("backups")});
  }
  Finished Run(std::vector<std::string> arguments) {
    return RunMandate(arguments, "", {"MANDATE_SERVER=" + (server_ ? server_->address() : "127.0.0.1:1")});
  }
  void Write(std::vector<std::string> relationships) {
    relationships.insert(relationships.begin(), {"relationship", "write"});
    const Finished finished = Run(relationships);
    ASSERT_EQ(finished.code, kExitOk) << finished.err;
  }
  bool Allowed(const std::string& question) { return Run({"check", question}).code == kExitOk; }
  uint64_t Revision() { return std::stoull(json::parse(Run({"stats", "--json"}).out)["revision"].get<std::string>()); }

  TempDirectory directory_;
  std::unique_ptr<ServingProcess> server_;
};

TEST_F(StoreCommands, ABackupIsMadeListedVerifiedAndRestored) {
  const Finished made = Run({"backup", "create"});
  EXPECT_EQ(made.code, kExitOk) << made.err;
  EXPECT_THAT(made.out, StartsWith("backup 1 made, "));
  Write({"document:later#viewer@user:ann"});
  EXPECT_EQ(Run({"backup", "create", "--json"}).code, kExitOk);
  const std::string backups = directory_.File("backups");
  EXPECT_THAT(Run({"backup", "list", "--from", backups}).out,
              AllOf(HasSubstr("backup 1  20"), HasSubstr("backup 2  20")));
  EXPECT_EQ(json::parse(Run({"backup", "list", "--from", backups, "--json"}).out)["backups"].size(), 2u);
  EXPECT_THAT(Run({"backup", "verify", "--from", backups}).out, HasSubstr("it has the bytes that were written"));
  const Finished restored = Run({"restore", "--from", backups, "--backup", "1", "--to", directory_.File("one")});
  EXPECT_EQ(restored.code, kExitOk) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("goes on at revision"));
  EXPECT_EQ(Run({"restore", "--from", backups, "--to", directory_.File("one")}).code, kExitError) << "it is not empty";
  EXPECT_THAT(Run({"check-store", "--data", directory_.File("one")}).out, HasSubstr("nothing is wrong"));
  EXPECT_EQ(Run({"backup", "delete", "--from", backups, "--keep", "1"}).out, "1 backup deleted\n");
  const std::string token = json::parse(Run({"stats", "--json"}).out)["token"]["token"];
  server_.reset();
  Start(directory_.File("one"));
  EXPECT_TRUE(Allowed("document:plan#view@user:ann"));
  EXPECT_FALSE(Allowed("document:later#view@user:ann"));
  EXPECT_THAT(Run({"check", "document:plan#view@user:ann", "--at", token}).err, HasSubstr("REVISION_LOST"));
}

TEST_F(StoreCommands, RestoredToARevisionItGivesBackGrantsAndRevivesNoAgent) {
  const std::string until = "[expiration:2040-01-01T00:00:00Z]";
  Write({"user:ann#acts_on_behalf_of@assistant:bot" + until, "errand:1#delegator@user:ann",
         "errand:1#scope@document:*#view", "errand:1#delegated_for_task@assistant:bot" + until,
         "run:1#agent@assistant:bot" + until, "run:1#task@errand:1"});
  ASSERT_TRUE(Allowed("document:plan#view@run:1"));
  const uint64_t then = Revision();
  ASSERT_EQ(Run({"relationship", "delete", "document:menu#viewer@user:bob", "run:1#agent@assistant:bot"}).code,
            kExitOk);
  Write({"document:wrong#viewer@user:mallory"});
  ASSERT_EQ(Run({"backup", "create"}).code, kExitOk);
  const Finished restored =
      Run({"restore", "--from", directory_.File("backups"), "--to", directory_.File("then"), "--at", Cat(then)});
  ASSERT_EQ(restored.code, kExitOk) << restored.err;
  EXPECT_THAT(restored.out,
              AllOf(HasSubstr(Cat("as it was at revision ", then, ": 1 relationships written, 1 deleted")),
                    HasSubstr("1 relationships of agents, tasks and sessions that ended since stay as they are")));
  server_.reset();
  EXPECT_THAT(Run({"check-store", "--data", directory_.File("then")}).out, HasSubstr("nothing is wrong"));
  Start(directory_.File("then"));
  EXPECT_TRUE(Allowed("document:menu#view@user:bob"));
  EXPECT_FALSE(Allowed("document:wrong#view@user:mallory"));
  EXPECT_FALSE(Allowed("document:plan#view@run:1")) << "the session was ended, and stays so";
}

TEST_F(StoreCommands, RestoredToARevisionItDropsNothingThatHoldsAgentsBackUnlessThatIsNamed) {
  const uint64_t then = Revision();
  std::string held_back = kOperatorSchema;
  held_back.insert(held_back.find("scope: document:*#view") + 22, "\n  limit document#view to 5 per task");
  ASSERT_TRUE(Client(server_->address()).WriteSchema(held_back, {}, false, nullptr).ok());
  ASSERT_EQ(Run({"backup", "create"}).code, kExitOk);
  std::vector<std::string> restore = {"restore", "--from", directory_.File("backups"), "--to", directory_.File("then"),
                                      "--at",    Cat(then)};
  const Finished refused = Run(restore);
  EXPECT_EQ(refused.code, kExitError) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("--drop 'errand: limit document#view to 5 per task'"));
  EXPECT_FALSE(std::filesystem::exists(directory_.File("then")));
  restore.insert(restore.end(), {"--drop", "errand: limit document#view to 5 per task"});
  const Finished restored = Run(restore);
  EXPECT_EQ(restored.code, kExitOk) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("and the schema set back"));
}

TEST_F(StoreCommands, ARestoreThatCannotGoToItsRevisionLeavesNothing) {
  ASSERT_EQ(Run({"backup", "create"}).code, kExitOk);
  std::vector<std::string> restore = {"restore", "--from", directory_.File("backups"), "--to", directory_.File("then")};
  std::vector<std::string> at_none = restore;
  at_none.insert(at_none.end(), {"--at", "1000"});
  const Finished refused = Run(at_none);
  EXPECT_EQ(refused.code, kExitError);
  EXPECT_THAT(refused.err, HasSubstr("REVISION_LOST"));
  EXPECT_FALSE(std::filesystem::exists(directory_.File("then")));
  EXPECT_EQ(Run(restore).code, kExitOk);
}

TEST_F(StoreCommands, CheckStoreTellsWhatIsWrongAndThatAServerHoldsIt) {
  const std::string data = directory_.File("db");
  const Finished held = Run({"check-store", "--data", data});
  EXPECT_EQ(held.code, kExitError);
  EXPECT_THAT(held.err, HasSubstr("another process"));
  server_.reset();
  const Finished whole = Run({"check-store", "--data", data, "--json"});
  EXPECT_EQ(whole.code, kExitOk);
  EXPECT_EQ(json::parse(whole.out)["relationships"], 2);
  EXPECT_EQ(Run({"check-store", "--data", directory_.File("none")}).code, kExitError);
}

TEST_F(StoreCommands, NumbersAndCompaction) {
  EXPECT_THAT(Run({"stats"}).out, AllOf(HasSubstr("relationships  about 2\n"), HasSubstr("answers        0 allowed")));
  EXPECT_THAT(Run({"compact"}).out, StartsWith("tables rewritten: "));
  EXPECT_EQ(Run({"backup"}).code, kExitUsage);
}

TEST(ServeLog, IsJsonWhereItIsWanted) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"), "127.0.0.1", {"--log-format", "json", "--log-calls", "all"});
  ASSERT_TRUE(Client(server.address()).WriteSchema(kOperatorSchema, {}, false, nullptr).ok());
  EXPECT_EQ(RunMandate({"backup", "create", "--server", server.address()}).code, kExitError)
      << "it has no directory for them";
  server.Stop(SIGTERM);
  std::istringstream log(server.log());
  int calls = 0;
  for (std::string line; std::getline(log, line);) {
    const json event = json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    EXPECT_TRUE(event.contains("time") && event.contains("level") && event.contains("message")) << line;
    if (event["message"] != "call") continue;
    ++calls;
    EXPECT_TRUE(event.contains("request_id")) << line;
  }
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace mandate
