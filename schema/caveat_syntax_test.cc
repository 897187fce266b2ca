// Caveats as far as the schema is concerned: their parameters, where their body ends, and their
// use.
#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(CaveatSyntax, KeepsParametersTypesAndTheBodyAsWritten) {
  const auto schema = MustCompile(
      "/** Why. */\ncaveat Some_Cav9/x(a int, b list< map<string> >, c ipaddress) {\n"
      "  // a } in a comment\n  a in [1, 2] && b.all(m, m[\"}\"] == '\\'}') && "
      "c.in_cidr(\"10.0.0.0/8\") || {'x': 1}.x == 1\n}");
  const Caveat& caveat = schema->caveat(*schema->FindCaveat("Some_Cav9/x"));
  EXPECT_EQ(caveat.doc, "Why.");
  EXPECT_EQ(caveat.parameters[1].name, "b");
  EXPECT_EQ(caveat.parameters[1].type, "list<map<string>>");
  EXPECT_EQ(caveat.expression,
            "// a } in a comment\n  a in [1, 2] && b.all(m, m[\"}\"] == '\\'}') && "
            "c.in_cidr(\"10.0.0.0/8\") || {'x': 1}.x == 1");
}

TEST(CaveatSyntax, StringsOfAllKindsHideBraces) {
  for (const char* body : {"a == \"}\"", "a == '}'", "a == '''}\n\"'''", "a == \"\"\"}\n'\"\"\"", "a == \"\\\"}\"",
                           "a == r\"\\\" + \"}\"", "a == \"x\" && b'}' == b'}'"}) {
    EXPECT_THAT(Errors(Cat("caveat cav(a string) {", body, "}\ndefinition user {}")), IsEmpty()) << body;
  }
}

TEST(CaveatSyntax, CarriageReturnsThatMeanTheSameInCelDoNoHarm) {
  for (const char* body : {"a == // one\r\n1", "a == // one\r\r\n1", "a == 1 // one\r", "a\r== /* one */\r1"}) {
    EXPECT_THAT(Errors(Cat("caveat cav(a int) {", body, "}\ndefinition user {}")), IsEmpty()) << body;
  }
}

TEST(CaveatSyntax, ResolvesUses) {
  const auto schema = MustCompile(
      "use expiration\ncaveat cav(a int) { a == 1 }\ndefinition user {}\n"
      "definition doc { relation rrr: user | user with cav | user:* with cav and expiration }");
  const Member& rrr = schema->member(*schema->FindMember(*schema->FindType("doc"), "rrr"));
  const CaveatId cav = *schema->FindCaveat("cav");
  EXPECT_THAT(rrr.subject_types,
              ElementsAre(SubjectType{TypeId{0}}, SubjectType{TypeId{0}, MemberId::kNone, false, cav},
                          SubjectType{TypeId{0}, MemberId::kNone, true, cav, true}));
}

TEST(CaveatSyntax, SaysWhatIsWrong) {
  const Refused rows[] = {
      {"no parameters", "caveat cav() { true }", {") | a caveat has at least one parameter, like `(hour int)`"}},
      {"no parameter list", "caveat cav { true }", {"{ | expected `(` and the parameters, found `{`"}},
      {"an empty body", "caveat cav(a int) { }", {"{ } | a caveat needs an expression in its body"}},
      {"an unknown type",
       "caveat cav(a strng) { a }",
       {"strng | there is no parameter type `strng`; did you mean `string`?"}},
      {"a type that is nothing",
       "caveat cav(a whatever) { a }",
       {"whatever | there is no parameter type `whatever`; there are `any`, `bool`, `bytes`, "
        "`double`, `duration`, `int`, "
        "`ipaddress`, `list<T>`, `map<T>`, `string`, `timestamp` and `uint`"}},
      {"no type argument", "caveat cav(a list) { a }", {"list | `list` takes one type, like `list<string>`"}},
      {"two type arguments",
       "caveat cav(a map<string, int>) { a }",
       {"map<string, int> | `map` takes one type, like `map<string>`"}},
      {"a type argument too many", "caveat cav(a int<int>) { a }", {"int<int> | `int` takes no type in `<>`"}},
      {"a keyword as a parameter",
       "caveat cav(with int) { a }",
       {"with | expected the name of a parameter, found `with`, which is a keyword"}},
      {"a parameter twice", "caveat cav(a int, a int) { a }", {"a | parameter `a` is declared twice"}},
      {"a parameter not used", "caveat cav(a int, b int) { a == 2 }", {"b | parameter `b` is not used by the caveat"}},
      {"a bad character", "caveat cav(a int) { a @ 2 }", {"@ | `@` has no meaning in a schema"}},
      {"a string without end",
       "caveat cav(a string) { a == \"x\n }",
       {"\" | this string is never closed; end it with \""}},
      {"a comment that ends for the schema and goes on for CEL",
       "caveat cav(a int, b int) { a == 1 // note\r || b == 2\n}",
       {"// note | a carriage return alone does not end a comment in a caveat; end the line with a line feed"}},
      {"a comment that for CEL hides the start of another",
       "caveat cav(a int) { a == // one\r\t/* two\n */ 1 }",
       {"// one | a carriage return alone does not end a comment in a caveat; end the line with a line feed"}},
      {"a body without end",
       "caveat cav(a int) { a == {1",
       {"{ | the body of caveat `cav` is never closed; end it with `}`"}},
      {"a name in use",
       "definition cav {}\ncaveat cav(a int) { a == 1 }",
       {"cav | the name `cav` is already taken; definitions, partials and caveats share one set of "
        "names"}},
      {"an unknown caveat",
       "caveat cav(a int) { a == 1 }\ndefinition doc { relation rrr: doc with cva }",
       {"cva | caveat `cva` is not defined; did you mean `cav`?"}},
      {"a caveat as a type",
       "caveat cav(a int) { a == 1 }\ndefinition doc { relation rrr: cav }",
       {"cav | `cav` is a caveat, not a definition; write `TYPE with cav`"}},
      {"expiration without use",
       "definition doc { relation rrr: doc with expiration }",
       {"expiration | `with expiration` needs `use expiration` at the top of the schema"}},
      {"errors go on behind a caveat",
       "caveat cav(a) { a }\nimport \"x\"\ndefinition d {}",
       {") | expected the type of the parameter, found `)`",
        "import \"x\" | `import` is not supported: put the files together into one text first",
        "d | `d` cannot name a definition: a name has 3 to 64 of `a-z`, `0-9` and `_`, starts with "
        "a letter and does not "
        "end in `_`"}},
  };
  for (const Refused& row : rows) EXPECT_THAT(Errors(row.schema), ElementsAreArray(row.errors)) << row.name;
}

}  // namespace
}  // namespace mandate
