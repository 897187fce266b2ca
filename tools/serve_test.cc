// `mandate serve` as a process: how it starts, stops, and what is left after it was killed.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "gmock/gmock.h"
#include "service/client.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kServeSchema[] =
    "definition user {}\ndefinition document {\n  relation viewer: user\n  permission view = "
    "viewer\n}\n";

TEST(Serve, StopsGracefullyOnSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    TempDirectory directory;
    ServingProcess server(directory.File("db"));
    EXPECT_TRUE(Client(server.address()).WriteSchema(kServeSchema, {}, false, nullptr).ok());
    EXPECT_EQ(server.Stop(signal), kExitOk);
    EXPECT_THAT(server.log(), AllOf(HasSubstr(Cat("info serving ", directory.File("db"), " on ", server.address())),
                                    HasSubstr("info stopping: "), HasSubstr("info stopped\n")));
  }
}

TEST(Serve, SaysWhereHttpListensAndTakesItsAddressForTaken) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  EXPECT_TRUE(server.http_address().starts_with("127.0.0.1:")) << server.http_address();
  EXPECT_NE(server.http_address(), server.address());
  const Finished second = RunMandate(
      {"serve", "--data", directory.File("db2"), "--listen", "127.0.0.1:0", "--http", server.http_address()});
  EXPECT_EQ(second.code, kExitError);
  EXPECT_EQ(second.err, Cat("error: cannot listen on `", server.http_address(),
                            "`; is the port taken, or the address not of this machine?\n"));
}

TEST(Serve, KeepsEverythingAcrossARestart) {
  TempDirectory directory;
  std::string token;
  {
    ServingProcess server(directory.File("db"));
    EXPECT_TRUE(Client(server.address()).WriteSchema(kServeSchema, {}, false, nullptr).ok());
    auto written =
        Client(server.address()).Write({{ChangeOp::kTouch, *ParseRelationship("document:plan#viewer@user:ann")}});
    ASSERT_TRUE(written.ok());
    token = written->token;
    EXPECT_EQ(server.Stop(SIGTERM), kExitOk);
  }
  ServingProcess server(directory.File("db"));
  auto checked =
      Client(server.address())
          .Check({.resource = {"document", "plan"}, .permission = "view", .subject = {"user", "ann"}}, token);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->answer.decision, Decision::kAllowed);
  EXPECT_EQ(checked->token, token);
}

TEST(Serve, RefusesADirectoryThatAnotherServerHolds) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  const Finished second =
      RunMandate({"serve", "--data", directory.File("db"), "--listen", "127.0.0.1:0", "--http", ""});
  EXPECT_EQ(second.code, kExitError);
  EXPECT_THAT(second.err, AllOf(HasSubstr("error: "), HasSubstr(directory.File("db")), HasSubstr("another process")));
}

TEST(Serve, RefusesAPortThatIsTaken) {
  TempDirectory directory;
  ServingProcess server(directory.File("db"));
  const Finished second =
      RunMandate({"serve", "--data", directory.File("db2"), "--listen", server.address(), "--http", ""});
  EXPECT_EQ(second.code, kExitError);
  EXPECT_EQ(second.err, Cat("error: cannot listen on `", server.address(),
                            "`; is the port taken, or the address not of this machine?\n"));
}

TEST(Serve, RefusesAnAddressAndADirectoryThatAreNone) {
  TempDirectory directory;
  const Finished address = RunMandate({"serve", "--data", directory.File("db"), "--listen", "127.0.0.1:99999"});
  EXPECT_EQ(address.code, kExitError);
  EXPECT_EQ(address.err, "error: `127.0.0.1:99999` is no address; write HOST:PORT, as in 127.0.0.1:50051\n");
  const std::string file = directory.File("file", "something else");
  const Finished data = RunMandate({"serve", "--data", file, "--listen", "127.0.0.1:0", "--http", ""});
  EXPECT_EQ(data.code, kExitError);
  EXPECT_THAT(data.err, AllOf(HasSubstr("error: "), HasSubstr(file)));
}

TEST(Serve, ListensBeyondThisMachineOnlyWhenItIsToldHow) {
  TempDirectory directory;
  const std::string keys = directory.File("keys.json", "{\"keys\": []}");
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"serve", "--data", directory.File("db")});
    const Finished finished = RunMandate(more);
    EXPECT_EQ(finished.code, kExitError);
    return finished.err;
  };
  EXPECT_EQ(
      refused({"--listen", "0.0.0.0:0", "--http", ""}),
      "error: listening beyond this machine needs encryption and callers that are known: --tls-cert and --tls-key, and "
      "--keys FILE or --tls-client-ca FILE; or say --insecure\n");
  EXPECT_THAT(refused({"--listen", "127.0.0.1:0", "--http", "0.0.0.0:0", "--keys", keys}),
              HasSubstr("needs encryption and callers that are known: --tls-cert and --tls-key; or"));
  EXPECT_THAT(refused({"--listen", "[::]:0", "--http", "", "--tls-cert", "c", "--tls-key", "k"}),
              HasSubstr("known: --keys FILE or --tls-client-ca FILE; or"));
  EXPECT_THAT(refused({"--listen", "127.0.0.1.example.com:0", "--http", ""}), HasSubstr("beyond this machine"));
  ServingProcess loopback(directory.File("db"));
  loopback.Stop(SIGTERM);
  EXPECT_THAT(loopback.log(), testing::Not(HasSubstr("insecure")));
  ServingProcess everywhere(directory.File("db"), "0.0.0.0", {"--insecure"});
  everywhere.Stop(SIGTERM);
  EXPECT_THAT(everywhere.log(), HasSubstr("warning --insecure: whoever reaches the port can do everything"));
}

TEST(Serve, TakesItsOptionsFromAFileAndTheEnvironment) {
  TempDirectory directory;
  const auto run = [&](const std::string& config, const std::vector<std::string>& environment = {}) {
    return RunMandate({"serve", "--config", directory.File("c.conf", config), "--data", directory.File("db")}, "",
                      environment)
        .err;
  };
  // Each ends at the address, which is wrong on purpose: what is named is what counted.
  EXPECT_THAT(run("listen = \"127.0.0.1:70001\" # as in a file\nlog-level = \"warn\"\ninsecure = false\nhttp = \"\"\n"),
              HasSubstr("`127.0.0.1:70001` is no address"));
  EXPECT_THAT(run("listen = \"127.0.0.1:70001\"\n", {"MANDATE_SERVE_LISTEN=127.0.0.1:70002"}),
              HasSubstr("`127.0.0.1:70002` is no address"));
  EXPECT_THAT(RunMandate({"serve", "--config", directory.File("d.conf", "listen = \"127.0.0.1:70001\"\n"), "--data",
                          directory.File("db"), "--listen", "127.0.0.1:70003"},
                         "", {"MANDATE_SERVE_LISTEN=127.0.0.1:70002"})
                  .err,
              HasSubstr("`127.0.0.1:70003` is no address"));
  const std::string wrong = run("lissten = \"x\"\ncache-mib = 0\nlog-level = \"loud\"\ninsecure = 3\n");
  EXPECT_THAT(wrong, AllOf(HasSubstr("`lissten` is no option of `mandate serve`; did you mean `listen`?"),
                           HasSubstr("--cache-mib"), HasSubstr("--log-level"), HasSubstr("insecure")));
  EXPECT_THAT(RunMandate({"serve", "--config", directory.File("none")}).err, HasSubstr("none"));
}

TEST(Serve, TakesTheKeysThatTheCommandMakes) {
  TempDirectory directory;
  const std::string file = directory.File("keys.json");
  const auto create = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"key", "create", "--keys", file});
    const Finished made = RunMandate(more);
    EXPECT_EQ(made.code, kExitOk) << made.err;
    return made.out.substr(0, made.out.size() - 1);
  };
  const std::string admin = create({"root", "--role", "admin"});
  const std::string reader = create({"app", "--role", "reader", "--only", "document", "--expires", "90d"});
  EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::others_read,
            std::filesystem::perms::none);
  std::ifstream stored(file);
  const std::string text(std::istreambuf_iterator<char>(stored), {});
  EXPECT_THAT(text, AllOf(testing::Not(HasSubstr(admin)), testing::Not(HasSubstr(reader)), HasSubstr("sha256")));
  EXPECT_THAT(RunMandate({"key", "list", "--keys", file}).out,
              AllOf(HasSubstr("root  admin\n"), HasSubstr("app  reader  only document  until 20")));
  EXPECT_THAT(RunMandate({"key", "create", "app", "--keys", file, "--role", "reader"}).err,
              HasSubstr("is there already"));
  EXPECT_THAT(RunMandate({"key", "create", "App", "--keys", file, "--role", "reader"}).err, HasSubstr("is no id"));
  EXPECT_THAT(RunMandate({"key", "create", "b", "--keys", file, "--role", "reader", "--only", "Doc"}).err,
              HasSubstr("names no resources"));

  ServingProcess server(directory.File("db"), "127.0.0.1", {"--keys", file});
  const auto run = [&](const std::string& key, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", server.address()});
    return RunMandate(arguments, "", {"MANDATE_KEY=" + key});
  };
  const std::string schema = directory.File("s.zed", kServeSchema);
  EXPECT_THAT(run("", {"schema", "write", schema}).err, HasSubstr("this server wants an API key"));
  EXPECT_THAT(run(reader, {"schema", "write", schema}).err, HasSubstr("this key does not allow that"));
  EXPECT_EQ(run(admin, {"schema", "write", schema}).code, kExitOk);
  EXPECT_THAT(run(reader + "x", {"schema", "read"}).err, HasSubstr("the API key is not valid"));
  EXPECT_EQ(run(reader, {"schema", "read"}).code, kExitOk);
  const std::string key_file = directory.File("key", admin + "\n");
  EXPECT_EQ(RunMandate({"schema", "read", "--server", server.address(), "--key-file", key_file}).code, kExitOk);
  EXPECT_THAT(RunMandate({"schema", "read", "--server", "203.0.113.1:1", "--key-file", key_file}).err,
              HasSubstr("would travel to `203.0.113.1:1` unencrypted"));
  EXPECT_EQ(RunMandate({"key", "revoke", "app", "--keys", file}).code, kExitOk);
  EXPECT_EQ(RunMandate({"key", "revoke", "app", "--keys", file}).code, kExitError);
  int code = kExitOk;
  for (int i = 0; i < 100 && code == kExitOk; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    code = run(reader, {"schema", "read"}).code;
  }
  EXPECT_EQ(code, kExitError);
  server.Stop(SIGTERM);
  EXPECT_THAT(server.log(), AllOf(testing::Not(HasSubstr(admin)), testing::Not(HasSubstr(reader))));
}

// One that read the file while another wrote it would take back what that did, a revocation too.
TEST(Serve, KeysChangedAtTheSameTimeAreAllChanged) {
  TempDirectory directory;
  const std::string file = directory.File("keys.json");
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto at_once = [&](const std::string& prefix, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--keys", file});
    std::vector<pid_t> running;
    for (int i = 0; i < 8; ++i) {
      arguments[2] = Cat(prefix, i);
      running.push_back(StartMandate(arguments, {null, null, null}));
    }
    return running;
  };
  const auto wait = [](const std::vector<pid_t>& running) {
    for (const pid_t pid : running) EXPECT_EQ(WaitFor(pid), kExitOk);
  };
  wait(at_once("old", {"key", "create", "ID", "--role", "reader"}));
  const auto revoking = at_once("old", {"key", "revoke", "ID"});
  const auto creating = at_once("new", {"key", "create", "ID", "--role", "reader"});
  wait(revoking);
  wait(creating);
  close(null);
  const std::string listed = RunMandate({"key", "list", "--keys", file}).out;
  for (int i = 0; i < 8; ++i) EXPECT_THAT(listed, HasSubstr(Cat("new", i, "  reader\n")));
  EXPECT_THAT(listed, testing::Not(HasSubstr("old")));
  EXPECT_EQ(std::filesystem::status(file + ".lock").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(Serve, AKeyThatCouldNotBePrintedIsNotInTheFile) {
  TempDirectory directory;
  const std::string file = directory.File("keys/keys.json");
  std::filesystem::create_directory(directory.File("keys"));
  const auto create = [&](const std::string& id, FILE* out = tmpfile()) {
    return RunMandate({"key", "create", id, "--keys", file, "--role", "reader"}, "", {}, out);
  };
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory.File("keys"))) {
      names.insert(entry.path().filename().string());
    }
    return names;
  };
  const Finished made = create("app", FullDisk());
  EXPECT_EQ(made.code, kExitError);
  EXPECT_THAT(made.err, HasSubstr("error: not everything could be written to standard output, so no key was made"));
  EXPECT_EQ(files(), std::set<std::string>{"keys.json.lock"});
  EXPECT_EQ(create("first").code, kExitOk);
  EXPECT_EQ(create("app", FullDisk()).code, kExitError);
  EXPECT_EQ(RunMandate({"key", "list", "--keys", file}).out, "first  reader\n");
  const Finished again = create("app");
  EXPECT_EQ(again.code, kExitOk) << again.err;
  EXPECT_THAT(again.out, HasSubstr("mandate_app_"));
  EXPECT_EQ(files(), (std::set<std::string>{"keys.json", "keys.json.lock"}));
}

TEST(Serve, NoKeyIsPrintedThatTheFileMayNotHold) {
  TempDirectory directory;
  const Finished made =
      RunMandate({"key", "create", "app", "--keys", directory.File("keys.json"), "--role", "reader", "--only", "No"});
  EXPECT_EQ(made.code, kExitError);
  EXPECT_EQ(made.out, "");
}

// What clients were told about the documents that they wrote, each with three viewers in one write.
class Told {
 public:
  enum class State { kPresent, kAbsent, kUnknown };
  void Set(const std::string& document, State state) {
    std::lock_guard lock(mutex_);
    states_[document] = state;
    if (state != State::kUnknown) ++acknowledged_;
  }
  int acknowledged() const { return acknowledged_; }
  const std::map<std::string, State>& states() const { return states_; }

 private:
  std::mutex mutex_;
  std::map<std::string, State> states_;
  std::atomic<int> acknowledged_ = 0;
};

std::vector<TupleChange> Viewers(ChangeOp op, const std::string& document) {
  std::vector<TupleChange> changes;
  for (const char* user : {"ann", "bob", "eve"}) {
    changes.push_back({op, {.resource = {"document", document}, .relation = "viewer", .subject = {"user", user}}});
  }
  return changes;
}

// Writes documents, and deletes every third again, until the server is gone.
void WriteUntilItFails(const std::string& address, const std::string& prefix, Told* told) {
  Client client(address);
  for (int i = 0;; ++i) {
    const std::string document = Cat(prefix, i);
    for (const ChangeOp op : {ChangeOp::kCreate, ChangeOp::kDelete}) {
      if (op == ChangeOp::kDelete && i % 3 != 0) continue;
      told->Set(document, Told::State::kUnknown);
      if (!client.Write(Viewers(op, document)).ok()) return;
      told->Set(document, op == ChangeOp::kCreate ? Told::State::kPresent : Told::State::kAbsent);
    }
  }
}

void ExpectWhatWasTold(const std::string& address, const Told& told) {
  std::map<std::string, int> viewers;
  const absl::Status read = Client(address).Read({.resource_type = "document"}, "", 0, [&](const Client::ReadRow& row) {
    ++viewers[row.relationship.resource.id];
  });
  ASSERT_TRUE(read.ok()) << read;
  for (const auto& [document, count] : viewers) {
    EXPECT_EQ(count, 3) << "half a write of " << document;
    EXPECT_TRUE(told.states().contains(document)) << document;
  }
  for (const auto& [document, state] : told.states()) {
    if (state == Told::State::kPresent) {
      EXPECT_TRUE(viewers.contains(document)) << document << " is lost";
    }
    if (state == Told::State::kAbsent) {
      EXPECT_FALSE(viewers.contains(document)) << document << " is back";
    }
  }
}

TEST(Serve, KilledDuringWritesKeepsWhatItAcknowledgedAndNoHalfWrite) {
  constexpr int kRounds = 5;
  constexpr int kWriters = 6;
  const char* given = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  TempDirectory directory;
  Told told;
  for (int round = 0; round < kRounds; ++round) {
    ServingProcess server(directory.File("db"));
    if (round == 0) {
      EXPECT_TRUE(Client(server.address()).WriteSchema(kServeSchema, {}, false, nullptr).ok());
    }
    ExpectWhatWasTold(server.address(), told);
    const int enough = told.acknowledged() + 20 + static_cast<int>(random() % 200);
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back(WriteUntilItFails, server.address(), Cat("r", round, "w", w, "d"), &told);
    }
    while (told.acknowledged() < enough) std::this_thread::yield();
    EXPECT_EQ(server.Stop(SIGKILL), 128 + SIGKILL);
    for (std::thread& writer : writers) writer.join();
  }
  ServingProcess server(directory.File("db"));
  ExpectWhatWasTold(server.address(), told);
  EXPECT_EQ(server.Stop(SIGTERM), kExitOk);
}

}  // namespace
}  // namespace mandate
