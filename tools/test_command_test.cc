// `mandate test` as a user runs it: what it prints, what it writes, what it ends with.
#include "gmock/gmock.h"
#include "tools/exit_code.h"
#include "tools/test_directory.h"
#include "tools/test_process.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kWorld[] = R"(schema: |
  definition user {}
  definition document { relation viewer: user }
relationships: |
  document:plan#viewer@user:alice
assertions:
  assertTrue:
    - document:plan#viewer@user:)";

class TestCommand : public testing::Test {
 protected:
  TestCommand() {
    std::filesystem::create_directory(directory_.File("worlds"));
    directory_.File("worlds/good.yaml", std::string(kWorld) + "alice\n");
    directory_.File("bad.yaml", std::string(kWorld) + "bob\n");
    directory_.File("broken.yaml", "shcema: x\n");
  }
  TempDirectory directory_;
};

TEST_F(TestCommand, EndsWith0WhenEverythingIsAsExpected) {
  const Finished finished = RunMandate({"test", directory_.File("worlds"), "-j", "1"});
  EXPECT_EQ(finished.code, kExitOk) << finished.err;
  EXPECT_THAT(finished.out, AllOf(StartsWith(Cat("ok    ", directory_.File("worlds/good.yaml"),
                                                 ": 1 assertion, 8 pairs asked in every way\n")),
                                  HasSubstr("1 world: 1 passed, 0 failed, 0 not readable; 1 assertion\n")));
}

TEST_F(TestCommand, EndsWith1AndShowsWhatWasAskedExpectedAndGot) {
  const Finished finished =
      RunMandate({"test", directory_.File("worlds"), directory_.File("bad.yaml"), "--no-agreement"});
  EXPECT_EQ(finished.code, kExitFailed) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr(Cat("FAIL  ", directory_.File("bad.yaml"), ": 1 assertion\n  ",
                                          directory_.File("bad.yaml"), ":8: document:plan#viewer@user:bob\n",
                                          "    expected: allowed\n    got:      denied\n    because:  ✗ ")));
  EXPECT_THAT(finished.out, HasSubstr("2 worlds: 1 passed, 1 failed, 0 not readable"));
}

TEST_F(TestCommand, EndsWith3WhenAFileIsWrongAndRunsTheOthers) {
  const Finished finished = RunMandate({"test", directory_.File("*.yaml")});
  EXPECT_EQ(finished.code, kExitError);
  EXPECT_THAT(finished.err, StartsWith(Cat("error: ", directory_.File("broken.yaml"), ":1: unknown key `shcema`")));
  EXPECT_THAT(finished.out, HasSubstr("2 worlds: 0 passed, 1 failed, 1 not readable"));
  for (const char* nothing : {"nothing.yaml", "nothing/*.yaml"}) {
    const Finished missing = RunMandate({"test", directory_.File(nothing)});
    EXPECT_EQ(missing.code, kExitError);
    EXPECT_THAT(missing.err, HasSubstr("is no file, no folder and no pattern that matches one"));
  }
  std::filesystem::create_directory(directory_.File("empty"));
  EXPECT_THAT(RunMandate({"test", directory_.File("empty")}).err, HasSubstr("holds no .yaml and no .yml file"));
}

TEST_F(TestCommand, WritesTheOutcomeForContinuousIntegration) {
  const Finished finished = RunMandate({"test", directory_.File("bad.yaml"), "--junit", directory_.File("out.xml")});
  EXPECT_EQ(finished.code, kExitFailed);
  EXPECT_THAT(*ReadFile(directory_.File("out.xml")),
              AllOf(HasSubstr("<testsuites name=\"mandate test\" tests=\"2\" failures=\"1\""),
                    HasSubstr("<failure message=\"expected allowed, got denied\"")));
  EXPECT_EQ(RunMandate({"test", directory_.File("worlds"), "--junit", directory_.File("no/out.xml")}).code, kExitError);
}

TEST_F(TestCommand, HoldsTheDemoToWhatItSays) {
  const Finished finished = RunMandate({"test", MANDATE_SOURCE_DIR "/tools/demo"});
  EXPECT_EQ(finished.code, kExitOk) << finished.out << finished.err;
}

TEST_F(TestCommand, IsToldWhatIsWrongWithItsOptions) {
  EXPECT_EQ(RunMandate({"test"}).code, kExitUsage);
  EXPECT_EQ(RunMandate({"test", directory_.File("bad.yaml"), "-j", "many"}).code, kExitUsage);
}

}  // namespace
}  // namespace mandate
