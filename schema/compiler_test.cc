// The compiler as a whole: sizes that it must bear.
#include "schema/compiler.h"

#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::SizeIs;

TEST(Compiler, BearsThousandsOfDefinitions) {
  std::string text = "definition user {}\n";
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    text +=
        Cat("definition doc", i, " {\n relation parent: doc", (i + 1) % kCount, " | user\n relation viewer: user | doc",
            (i * 7) % kCount, "#view\n relation owner: user\n permission edit = owner + parent->edit\n",
            " permission view = (viewer + edit) - parent->parent->owner\n}\n");
  }
  const auto schema = MustCompile(text);
  EXPECT_THAT(schema->definitions(), SizeIs(kCount + 1));
  EXPECT_THAT(schema->members(), SizeIs(5 * kCount));
}

TEST(Compiler, BearsOneLongExpression) {
  for (const char* op : {" + ", " & ", " - "}) {
    std::string text = "definition user {}\ndefinition doc {\n relation aaa: user\n permission ppp = aaa";
    for (int i = 0; i < 50'000; ++i) text += Cat(op, "aaa");
    MustCompile(text + "\n}");
  }
}

TEST(Compiler, BearsALongChainOfPermissionsAndPartials) {
  std::string text = "use partial\ndefinition user {}\ndefinition doc {\n relation p_0: user\n";
  for (int i = 1; i < 20'000; ++i) text += Cat(" permission p_", i, " = p_", i - 1, "\n");
  text += "}\npartial x_0 {}\n";
  for (int i = 1; i < 20'000; ++i) text += Cat("partial x_", i, " { ...x_", i - 1, " }\n");
  MustCompile(text + "definition file { ...x_19999 }");
}

TEST(Compiler, BearsAnArrowOfManySteps) {
  std::string text = "definition user {}\ndefinition doc {\n relation aaa: doc | doc2\n permission ppp = aaa";
  for (int i = 0; i < 2'000; ++i) text += "->aaa";
  MustCompile(text + "\n}\ndefinition doc2 { relation aaa: doc | doc2 }");
}

TEST(Compiler, GivesASchemaWithWarningsAndNoneWithErrors) {
  EXPECT_TRUE(CompileSchema("definition doc { permission ppp = ppp & ppp }").ok());
  EXPECT_FALSE(CompileSchema("definition doc { permission ppp = qqq }").ok());
}

}  // namespace
}  // namespace mandate
