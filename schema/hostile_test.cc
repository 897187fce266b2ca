// Texts made to break the compiler, or to keep it busy: each is refused with a few clear words.
// There is no clock here; at these sizes anything quadratic would outlast the test program's own
// time limit.
#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kMebibyte = 1 << 20;

std::string Repeat(std::string_view text, size_t bytes = kMebibyte) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

// What `make` gives for 0 to `count` - 1, one after the other.
template <typename Make>
std::string Concatenate(int count, Make make) {
  std::string out;
  for (int i = 0; i < count; ++i) out += make(i);
  return out;
}

// The first error, and how many there are. Rendered as well, since that is what a user waits for.
std::pair<size_t, std::string> FirstError(const std::string& text) {
  const CompileResult result = CompileSchema(text);
  EXPECT_FALSE(result.ok());
  EXPECT_LT(RenderDiagnostics("schema.zed", text, result.diagnostics).size(), 2 * kMebibyte);
  const std::vector<std::string> errors = Messages(text, result, Severity::kError);
  return {errors.size(), errors.empty() ? "" : errors[0].substr(errors[0].find(" | ") + 3)};
}

TEST(Hostile, AMegabyteOfBracketsIsOneError) {
  for (const char* bracket : {"(", "[{(<"}) {
    const auto [count, first] = FirstError(Repeat(bracket));
    EXPECT_EQ(count, 1u) << bracket;
    EXPECT_THAT(first, HasSubstr("expected `definition`, found `")) << bracket;
  }
  EXPECT_EQ(FirstError(Repeat("}")).second, "this `}` closes nothing");
}

TEST(Hostile, AMegabyteOfParenthesesInAnExpressionIsTooDeep) {
  const auto [count, first] = FirstError(InDoc(Cat("permission ppp = ", Repeat("("))));
  EXPECT_EQ(count, 1u);
  EXPECT_THAT(first, HasSubstr("parentheses are nested more than 256 deep"));
  EXPECT_EQ(FirstError(InDoc(Cat("permission ppp = viewer", Repeat(")")))).second, "this `)` closes nothing");
}

TEST(Hostile, DeepTypesAndDeepCaveatsAreRefused) {
  EXPECT_EQ(FirstError(Cat("caveat cav(a ", Repeat("list<"), "int) { a == [] }")).second,
            "parameter types are nested more than 16 deep");
  EXPECT_EQ(FirstError(Cat("caveat cav(a int) {", Repeat("(", 90'000), "}")).second,
            "the expression is nested more than 250 deep");
  EXPECT_EQ(FirstError(Cat("caveat cav(a string) { a == \"", Repeat("x"), "\" }")).second,
            "a caveat's expression has at most 100,000 bytes");
}

TEST(Hostile, GarbageOnOneLineIsCountedAndShownInPart) {
  EXPECT_THAT(FirstError(Repeat("#$%^ ~ ")), ::testing::Pair(1000u, "`$` has no meaning in a schema"));
  EXPECT_EQ(FirstError(Repeat("oops ")).first, 1u);
  EXPECT_EQ(FirstError(Cat("definition doc {", Repeat("oops "), "}")).first, 1u);
  EXPECT_EQ(FirstError(Repeat("\xff")).second, "these 1048576 bytes are not valid UTF-8");
  EXPECT_THAT(FirstError(Cat("definition ", Repeat("aaa"), " {}")).second,
              HasSubstr("aaa...` cannot name a definition"));
}

TEST(Hostile, AHundredThousandErrorsAreAThousandAndACount) {
  const std::string text =
      Concatenate(100'000, [](int i) { return Cat("definition d_", i, " { relation rr: user }\n"); });
  const auto [count, first] = FirstError(text);
  EXPECT_EQ(count, 1001u);
  EXPECT_THAT(first, HasSubstr("`rr` cannot name a relation"));
  EXPECT_THAT(Errors(text).back(), HasSubstr("too many errors; "));
}

TEST(Hostile, UnknownNamesAmongManyGetNoSuggestionsInTheEnd) {
  const std::string text =
      Cat("definition user {}\ndefinition doc {\n",
          Concatenate(20'000,
                      [](int i) { return Cat("relation rel_", i, ": user\npermission per_", i, " = rle_", i, "\n"); }),
          "}");
  const std::vector<std::string> errors = Errors(text);
  ASSERT_THAT(errors, SizeIs(1001));
  EXPECT_THAT(errors[0], HasSubstr("did you mean `rel_0`?"));
  EXPECT_THAT(errors[999], Not(HasSubstr("did you mean")));
}

TEST(Hostile, PartialsThatMultiplyAreRefused) {
  EXPECT_THAT(
      Errors(Cat(
          "use partial\n",
          Concatenate(2000, [](int i) { return Cat("partial x_", i, " {", i == 0 ? "" : Cat("...x_", i - 1), "}\n"); }),
          Concatenate(2000, [](int i) { return Cat("definition d_", i, " { ...x_1999 }\n"); }))),
      ElementsAre(HasSubstr("the schema has more than 1,048,576 members")));
  for (const std::string& member :
       {Cat("permission ppp = ", Repeat("aaa->bbb + "), "nil"), Cat("// ", Repeat("x"), "\n permission ppp = nil")}) {
    EXPECT_THAT(Errors(Cat("use partial\npartial base {\n relation aaa: doc_0\n", member, "\n}\n",
                           Concatenate(1000, [](int i) { return Cat("definition doc_", i, " {...base}\n"); }))),
                ElementsAre(HasSubstr("with its partials put in, the schema is longer than 16 MiB")));
  }
}

// A partial's unread words were once copied into every definition that it is put into.
TEST(Hostile, APartialThatCannotBeReadCostsOnce) {
  const std::string text = Cat(
      "use partial\npartial base {\n", Repeat("what is "), "\n}\n",
      Concatenate(10'000, [](int i) { return Cat("definition doc_", i, " { ...base\n permission ppp = aaa }\n"); }));
  EXPECT_THAT(FirstError(text).second, HasSubstr("expected `relation`, `permission` or `}`"));
}

// Many arrows over many types: 70,000 times 50,000 steps out of three megabytes.
TEST(Hostile, ArrowsOverTooManyTypesAreRefused) {
  std::string text = Concatenate(20'000, [](int i) { return Cat("definition d_", i, " {}\n"); });
  text += "definition doc { relation rrr: d_0";
  text += Concatenate(20'000, [](int i) { return i == 0 ? "" : Cat("|d_", i); });
  text += "\n permission ppp = nil";
  text += Concatenate(20'000, [](int i) { return Cat(" + rrr->xyz_", i); });
  EXPECT_THAT(Errors(text + "}"), ElementsAre(HasSubstr("the arrows of this schema lead over too many types")));
}

TEST(Hostile, AnnotationsOverTooManyTypesAreRefused) {
  std::string text = "use typechecking\n";
  text += Concatenate(20'000, [](int i) { return Cat("definition d_", i, " {}\n"); });
  text += "definition doc { relation p_0: d_0";
  text += Concatenate(20'000, [](int i) { return i == 0 ? "" : Cat("|d_", i); });
  text += Concatenate(20'000, [](int i) { return Cat("\n permission p_", i + 1, ": d_0 = p_", i); });
  EXPECT_THAT(Errors(text + "}"), ElementsAre(HasSubstr("can be held by too many types to check annotations")));
}

// Rules ask what each type of person and of principal can hold, and which tasks it stands above.
TEST(Hostile, RulesOverTooManyTypesAreRefused) {
  const std::string head =
      "use delegation use expiration\nagent bot { relation acts_on_behalf_of: bot with expiration "
      "}\n";
  const std::string task = "relation delegated_for_task: bot with expiration; relation scope: doc#aaa\n";
  const auto list = [](const char* type, int count) {
    return Concatenate(count, [&](int i) { return Cat(i == 0 ? "" : "|", type, "_", i); });
  };
  const std::string refusal = "this schema has too many types of principals, or of people, to check";
  EXPECT_THAT(Errors(Cat(head, Concatenate(15'000, [](int i) { return Cat("definition d_", i, " {}\n"); }),
                         "definition doc {\n relation aaa: ", list("d", 15'000),
                         "\n permission none = nil\n permission p_0 = aaa\n",
                         Concatenate(15'000, [](int i) { return Cat("permission p_", i + 1, " = p_", i, "\n"); }),
                         "}\ntask job { relation delegator: bot; relation parent_task: job\n", task,
                         "require approval for doc#aaa by none\n}")),
              ElementsAre(HasSubstr(refusal)));
  EXPECT_THAT(
      Errors(Cat(head,
                 Concatenate(8000,
                             [](int i) {
                               return Cat("definition d_", i, " { relation acts_on_behalf_of: bot with expiration }\n");
                             }),
                 "definition doc { relation aaa: ", list("d", 8000), "}\n",
                 "task job_0 { relation parent_task: job_0; relation delegator: bot|", list("d", 8000), "\n", task,
                 "after doc#aaa when aaa forbid doc#aaa\n}\n",
                 Concatenate(500,
                             [&](int i) {
                               return Cat("task job_", i + 1,
                                          " { relation delegator: bot; relation "
                                          "parent_task: ",
                                          list("job", 100), "\n", task, "}\n");
                             }))),
      ElementsAre(HasSubstr(refusal)));
}

TEST(Hostile, CirclesOfManyPermissionsAreNamedInPart) {
  const auto circle = [](const char* rest) {
    return Cat(
        "definition doc {\n",
        Concatenate(50'000, [&](int i) { return Cat("permission p_", i, " = p_", (i + 1) % 50'000, rest, "\n"); }),
        "}");
  };
  EXPECT_THAT(FirstError(circle("")).second,
              HasSubstr("`p_0` is only another name of itself through `p_1`, `p_2`, `p_3`, ..., "));
  for (const char* rest : {" & nil", " + nil"}) {
    const std::vector<std::string> warnings = Warnings(circle(rest));
    ASSERT_THAT(warnings, SizeIs(1001));
    EXPECT_THAT(warnings, Each(SizeIs(::testing::Lt(300u))));
  }
}

TEST(Hostile, ManyParametersAreNoWork) {
  const std::string text =
      Cat("caveat cav(a0 int", Concatenate(100'000, [](int i) { return Cat(", b", i, " int"); }), ") { a0 == 1 }");
  EXPECT_THAT(FirstError(text), ::testing::Pair(1001u, "parameter `b0` is not used by the caveat"));
  EXPECT_EQ(FirstError(Cat("caveat cav(aa int", Repeat(", aa int"), ") { aa == 1 }")).second,
            "parameter `aa` is declared twice");
}

// A budget for all caveats; what it does not cover is one error, at the caveat where it ran out.
TEST(Hostile, CaveatsThatAreTooLargeTogetherAreRefused) {
  const auto caveats = [](std::string_view expression) {
    return Concatenate(1500, [&](int i) { return Cat("caveat c_", i, "(aa int, ss string) { ", expression, " }\n"); });
  };
  const std::string terms = Concatenate(150, [](int) { return "1+"; });
  for (const std::string& expression :
       {Cat("aa == ", terms, "1 && ss == ''"), std::string("aa == 1 && ss.matches(\"\\\\pL{4}\")")}) {
    EXPECT_THAT(Errors(caveats(expression)), ElementsAre(HasSubstr(" | the caveats of this schema are too large")))
        << expression;
  }
  // Each of these costs as much as a pattern may, and is an error besides.
  const std::vector<std::string> errors = Errors(caveats("aa == 1 && ss.matches(\"\\\\pL{900}\")"));
  EXPECT_LT(errors.size(), 500u);
  EXPECT_THAT(errors[0], HasSubstr("is not a regular expression: pattern too large"));
  EXPECT_THAT(errors.back(), HasSubstr("the caveats of this schema are too large"));
}

TEST(Hostile, CaveatsAfterAThousandErrorsAreNotCompiled) {
  EXPECT_THAT(Errors(Concatenate(1500, [](int i) { return Cat("caveat c_", i, "(aa int) { aa }\n"); })),
              AllOf(SizeIs(1000), Each(HasSubstr("the expression must be `bool`, not `int`"))));
}

TEST(Hostile, AThousandOrdinaryCaveatsAreCompiled) {
  EXPECT_THAT(Errors(Concatenate(1000,
                                 [](int i) {
                                   return Cat("caveat c_", i,
                                              "(hour int, days list<string>, day string, ip ipaddress, "
                                              "name string) {\n hour >= 9 && hour < 18 && day in days || "
                                              "ip.in_cidr(\"10.0.0.0/8\") && (days.size() > ",
                                              i,
                                              " || days.exists(d, d.startsWith(\"s\") && d != day)) ||\n "
                                              "name.matches(\"^[\\\\p{L}\\\\p{N}_-]+@example[.]com$\")\n}\n");
                                 })),
              IsEmpty());
}

TEST(Hostile, WideRelationsAndLongExpressionsAreBorne) {
  EXPECT_THAT(Errors(Cat(Concatenate(20'000, [](int i) { return Cat("definition d_", i, " {}\n"); }),
                         "definition doc { relation rrr: d_0",
                         Concatenate(20'000, [](int i) { return i == 0 ? "" : Cat(" | d_", i); }), "}")),
              IsEmpty());
  for (const char* operation : {"viewer + ", "viewer & ", "viewer - ", "viewer + wild - viewer & "}) {
    const std::string text = InDoc(Cat("permission ppp = ", Repeat(operation, kMebibyte / 4), "nil"));
    EXPECT_THAT(Errors(text), IsEmpty());
    DiagnosticSink sink(text);
    EXPECT_GT(syntax::FormatSchema(syntax::ParseSchema(text, sink)).size(), text.size());
  }
}

TEST(Hostile, MoreThanFourMebibytesAreRefused) {
  EXPECT_THAT(Errors(std::string(4 * kMebibyte, ' ')), IsEmpty());
  EXPECT_THAT(Errors(std::string(4 * kMebibyte + 1, ' ')), ElementsAre(" | a schema has at most 4 MiB"));
}

}  // namespace
}  // namespace mandate
