#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::HasSubstr;

std::string Render(std::string_view text) {
  return RenderDiagnostics("schema.zed", text, CompileSchema(text).diagnostics);
}

TEST(Render, ShowsTheLineAndUnderlinesTheText) {
  EXPECT_EQ(Render("definition user {}\ndefinition doc {\n\trelation viewer: user\n\tpermission "
                   "view = viewr + viewer\n}\n"),
            "schema.zed:4:20: error: relation or permission `viewr` is not defined on `doc`; did "
            "you mean `viewer`?\n"
            "\tpermission view = viewr + viewer\n"
            "\t                  ^~~~~\n");
}

TEST(Render, ShowsWarningsToo) {
  EXPECT_EQ(Render("definition doc { permission ppp = ppp & nil }"),
            "schema.zed:1:29: warning: permission `ppp` can never hold: every way to it comes back "
            "to itself [never-holds]\n"
            "definition doc { permission ppp = ppp & nil }\n"
            "                            ^~~\n");
}

TEST(Render, CountsCharactersNotBytes) {
  EXPECT_EQ(Render("/* éé */ oops"),
            "schema.zed:1:10: error: expected `definition`, found `oops`\n"
            "/* éé */ oops\n"
            "         ^~~~\n");
}

TEST(Render, UnderlinesOnlyTheFirstLineOfAReachAcrossLines) {
  EXPECT_THAT(Render("definition doc {\n permission ppp = nil -\n   ppp\n}"),
              HasSubstr(" permission ppp = nil -\n                  ^~~~~\n"));
}

TEST(Render, PointsBehindTheTextWhereSomethingIsMissing) {
  SourceRange range;
  range.offset = 3;
  range.column = 4;
  EXPECT_EQ(RenderDiagnostics("f", "abc", {{Severity::kError, range, "more"}}), "f:1:4: error: more\nabc\n   ^\n");
  EXPECT_EQ(RenderDiagnostics("f", "", {{Severity::kError, {}, "empty"}}), "f:1:1: error: empty\n\n^\n");
}

TEST(Render, CutsLongLinesAroundThePlace) {
  const std::string text = Cat("/* ", std::string(100'000, 'x'), " */ oops /* ", std::string(100'000, 'y'), " */");
  const std::string rendered = Render(text);
  EXPECT_LT(rendered.size(), 600u);
  const size_t line = rendered.find('\n') + 1;
  const size_t marks = rendered.find('\n', line) + 1;
  const size_t column = rendered.find('^') - marks;
  EXPECT_EQ(rendered.substr(line + column, 4), "oops");
}

TEST(Render, DisarmsTheTerminal) {
  const std::string rendered = Render("oops \x1b[31m \u202E \xff\n");
  EXPECT_EQ(rendered.find('\x1b'), std::string::npos);
  EXPECT_EQ(rendered.find("\u202E"), std::string::npos);
  EXPECT_EQ(rendered.find('\xff'), std::string::npos);
}

TEST(Diagnostics, AreCountedBeyondAThousand) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "definition a {}\n";
  const CompileResult result = CompileSchema(text);
  EXPECT_EQ(result.diagnostics.size(), 1001u);
  EXPECT_THAT(result.diagnostics.back().message, HasSubstr("too many errors; 999 more are not shown"));
}

}  // namespace
}  // namespace mandate
