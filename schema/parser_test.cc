#include "schema/parser.h"

#include "schema/printer.h"
#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// How the expression is read, with every pair of parentheses written out.
std::string ReadAs(std::string_view expression) {
  const std::string text = Cat("definition doc {\n  permission ppp = ", expression, "\n}");
  DiagnosticSink sink(text);
  const syntax::File file = syntax::ParseSchema(text, sink);
  const auto& definition = std::get<syntax::Definition>(file.items.at(0));
  if (sink.has_errors() || definition.members.at(0).broken) return "error";
  return syntax::FormatExpression(file, definition.members[0].root);
}

TEST(Parser, UnionBindsTighterThanIntersectionAndIntersectionTighterThanExclusion) {
  EXPECT_EQ(ReadAs("aaa - bbb + ccc"), "aaa - (bbb + ccc)");
  EXPECT_EQ(ReadAs("aaa + bbb & ccc"), "(aaa + bbb) & ccc");
  EXPECT_EQ(ReadAs("aaa - bbb & ccc"), "aaa - (bbb & ccc)");
  EXPECT_EQ(ReadAs("aaa & bbb + ccc - ddd + eee"), "(aaa & (bbb + ccc)) - (ddd + eee)");
}

TEST(Parser, OperatorsOfOneKindGoTogetherFromTheLeft) {
  EXPECT_EQ(ReadAs("aaa - bbb - ccc"), "aaa - bbb - ccc");
  EXPECT_EQ(ReadAs("(aaa - bbb) - ccc"), "(aaa - bbb) - ccc");
  EXPECT_EQ(ReadAs("aaa - (bbb - ccc)"), "aaa - (bbb - ccc)");
}

TEST(Parser, ReadsEveryPrimary) {
  EXPECT_EQ(ReadAs("nil"), "nil");
  EXPECT_EQ(ReadAs("((aaa))"), "aaa");
  EXPECT_EQ(ReadAs("aaa->bbb"), "aaa->bbb");
  EXPECT_EQ(ReadAs("aaa . any ( bbb )"), "aaa.any(bbb)");
  EXPECT_EQ(ReadAs("aaa.all(bbb) + any->all"), "aaa.all(bbb) + any->all");
  EXPECT_EQ(ReadAs("aaa->bbb->ccc.all(ddd)->eee"), "aaa->bbb->ccc.all(ddd)->eee");
}

TEST(Parser, AnExpressionGoesOnAfterAnOperatorAtTheEndOfALine) {
  EXPECT_EQ(ReadAs("aaa +\n\n // comment\n bbb + /* another */\r\n ccc"), "aaa + bbb + ccc");
  EXPECT_EQ(ReadAs("(aaa +\n bbb\n)"), "error") << "the line break after `bbb` ends the statement";
}

TEST(Parser, AStatementEndsAtASemicolonALineBreakOrTheBrace) {
  EXPECT_THAT(Errors("definition user {} definition doc { relation abc: user; relation def: user }"), IsEmpty());
  EXPECT_THAT(Errors("definition user {}\r\ndefinition doc {\r\n\trelation abc: "
                     "user:*\r\n\tpermission ppp = (abc)\r\n}"),
              IsEmpty());
  EXPECT_THAT(Errors("definition user {}\ndefinition doc {\n relation abc: user#...;\n relation def: user\n}"),
              IsEmpty());
  EXPECT_THAT(Errors("definition user {}\ndefinition doc {\n relation abc: user |\n user : * |\n "
                     "doc # abc\n}"),
              IsEmpty());
}

TEST(Parser, SaysWhatIsWrongWithAStatement) {
  const std::string name_rule =
      "a name has 3 to 64 of `a-z`, `0-9` and `_`, starts with a letter and does not end in `_`";
  const std::string arrow_rule =
      "only a relation can stand to the left of `->`: it goes over the objects that a relation "
      "holds";
  const Refused rows[] = {
      {"a short name", "relation ab: user", {Cat("ab | `ab` cannot name a relation: ", name_rule)}},
      {"upper case",
       "relation Viewer2: user",
       {Cat("Viewer2 | `Viewer2` cannot name a relation: ", name_rule, "; try `viewer2`")}},
      {"camel case",
       "permission canView = viewer",
       {Cat("canView | `canView` cannot name a permission: ", name_rule, "; try `can_view`")}},
      {"a foreign letter", "relation vié_wer: user", {Cat("vié_wer | `vié_wer` cannot name a relation: ", name_rule)}},
      {"digits", "relation 123: user", {Cat("123 | `123` cannot name a relation: ", name_rule)}},
      {"an underscore at the end",
       "relation abc_: user",
       {Cat("abc_ | `abc_` cannot name a relation: ", name_rule, "; try `abc`")}},
      {"a line that begins with an operator",
       "permission ppp = viewer\n  + wild",
       {"+ | a line cannot begin with `+`: the statement ended with the line before; put the "
        "operator at its end"}},
      {"a line break after `...`",
       "relation rrr: user#...\nrelation sss: user",
       {"... | a line break after `...` does not end the statement; drop `#...` or add `;`"}},
      {"nil as a name",
       "relation nil: user",
       {"nil | expected the name of a relation, found `nil`, which is a keyword"}},
      {"with as a name",
       "relation with: user",
       {"with | expected the name of a relation, found `with`, which is a keyword"}},
      {"no type", "relation rrr:", {": | expected a subject type after `:`"}},
      {"no colon", "relation rrr user", {"user | expected `:`, found `user`"}},
      {"a comma", "relation rrr: user, group", {", | subject types are separated by `|`, not by `,`"}},
      {"a relation with `=`",
       "relation rrr = user",
       {"= | a relation has subject types behind `:`; what has `=` is a permission"}},
      {"a permission with a type",
       "permission ppp: viewer",
       {": | a permission has an expression behind `=`; what has only subject types is a "
        "relation"}},
      {"an arrow after parentheses", "permission ppp = (parent)->view", {Cat("-> | ", arrow_rule)}},
      {"an arrow after nil", "permission ppp = nil->view", {Cat("-> | ", arrow_rule)}},
      {"an unknown arrow", "permission ppp = parent.none(view)", {"none | expected `any` or `all`, found `none`"}},
      {"nothing after an arrow",
       "permission ppp = parent->",
       {"-> | expected the name of a relation or permission after `->`"}},
      {"nothing after an operator",
       "permission ppp = viewer +\npermission qqq = viewer",
       {"+ | expected a relation or permission after `+`"}},
      {"nothing after `=`", "permission ppp =", {"= | expected a relation or permission after `=`"}},
      {"no operator",
       "permission ppp = viewer wild",
       {"wild | expected `+`, `&`, `-` or the end of the line, found `wild`"}},
      {"a bar", "permission ppp = viewer | wild", {"| | a union is written `+`, not `|`"}},
      {"the word or", "permission ppp = viewer or wild", {"or | a union is written `+`, not `or`"}},
      {"a double ampersand", "permission ppp = viewer && wild", {"&& | an intersection is written `&`, not `&&`"}},
      {"an open parenthesis", "permission ppp = (viewer + (wild)", {"( | this `(` is never closed"}},
      {"empty parentheses", "permission ppp = ()", {") | expected a relation or permission, found `)`"}},
      {"one parenthesis too many", "permission ppp = (viewer))", {") | this `)` closes nothing"}},
      {"an annotation with a path",
       "permission ppp: acme/user = viewer",
       {"/ | a type annotation takes plain names; a name with `/` cannot be annotated"}},
      {"a mistyped keyword",
       "relaton rrr: user\npermission ppp = rrr",
       {"relaton | expected `relation`, `permission` or `}`, found `relaton`; did you mean "
        "`relation`?"}},
      {"another mistyped keyword",
       "permision ppp = viewer\npermission qqq = ppp",
       {"permision | expected `relation`, `permission` or `}`, found `permision`; did you mean "
        "`permission`?"}},
      {"no keyword", "rrr: user", {"rrr | expected `relation`, `permission` or `}`, found `rrr`"}},
      {"expiration first",
       "relation rrr: user with expiration and cav",
       {"and | `expiration` comes last: write `with CAVEAT and expiration`"}},
      {"two caveats",
       "relation rrr: user with one and two",
       {"one | caveat `one` is not defined",
        "two | a subject type takes one caveat; only `expiration` may follow `and`"}},
      {"nothing after with", "relation rrr: user with", {"with | expected a caveat or `expiration` after `with`"}},
      {"a bad character", "relation rrr: user @ group", {"@ | `@` has no meaning in a schema"}},
      {"a no-break space",
       "relation\u00A0rrr: user",
       {"\u00A0 | a no-break space (U+00A0) does not separate words here; use a plain space"}},
  };
  for (const Refused& row : rows) {
    EXPECT_THAT(Errors(InDoc(row.schema, "use expiration\n")), ElementsAreArray(row.errors)) << row.name;
  }
}

TEST(Parser, SaysWhatIsWrongWithAnItem) {
  const Refused rows[] = {
      {"an unknown feature",
       "use nope",
       {"nope | there is no feature `nope`; there are `delegation`, `expiration`, `import`, "
        "`partial`, `self` and "
        "`typechecking`"}},
      {"a mistyped feature",
       "use expiraton\ndefinition user {}\ndefinition doc { relation rrr: user with expiration }",
       {"expiraton | there is no feature `expiraton`; did you mean `expiration`?"}},
      {"use after a definition",
       "definition user {}\nuse self",
       {"use self | `use` comes before the first definition; move it to the top"}},
      {"use of nothing", "use\ndefinition user {}", {"use | expected the name of a feature after `use`"}},
      {"a mistyped keyword",
       "definitoin user {}\ndefinition doc { relation rrr: user }",
       {"definitoin | expected `definition`, found `definitoin`; did you mean `definition`?"}},
      {"no brace", "definition user\ndefinition doc {}", {"user | expected `{` after `user`"}},
      {"a brace on the next line",
       "definition user\n{\n relation r: user\n}",
       {"{ | `{` belongs on the line of `user`",
        "r | `r` cannot name a relation: a name has 3 to 64 of `a-z`, `0-9` and `_`, starts with a "
        "letter and does not "
        "end in `_`"}},
      {"no name",
       "definition {}\ndefinition doc { relation r: user2 }",
       {"{ | expected the name of a definition, found `{`",
        "r | `r` cannot name a relation: a name has 3 to 64 of `a-z`, `0-9` and `_`, starts with a "
        "letter and does not "
        "end in `_`",
        "user2 | definition `user2` does not exist"}},
      {"a body that the next definition interrupts",
       "definition user {\n\ndefinition doc {}",
       {"definition | the body of definition `user` is not closed; put `}` before `definition`"}},
      {"a body without end",
       "definition user {\n\n",
       {"{ | the body of definition `user` is never closed; end it with `}`"}},
      {"a brace too many",
       "definition user {}\n}\ndefinition user {}",
       {"} | this `}` closes nothing",
        "user | the name `user` is already taken; definitions, partials and caveats share one set "
        "of names"}},
      {"partial without use", "partial ppp {}", {"partial | `partial` needs `use partial` at the top of the schema"}},
      {"agent without use", "agent bot {}", {"agent | `agent` needs `use delegation` at the top of the schema"}},
      {"import",
       "use import\nimport \"a/b.zed\"",
       {"import \"a/b.zed\" | `import` is not supported: put the files together into one text "
        "first"}},
      {"a comment without end", "definition user {} /* never", {"/* | this comment is never closed; end it with `*/`"}},
      {"a comment without end in a body",
       "definition user { /* never\n}",
       {"/* | this comment is never closed; end it with `*/`"}},
      {"a nested comment",
       "/* a /* b */ */ definition user {}",
       {"*/ | this `*/` closes nothing; comments do not nest"}},
      {"a byte-order mark",
       "\uFEFFdefinition user {}",
       {"\uFEFF | a byte-order mark (U+FEFF) is not part of a schema; remove it"}},
      {"invalid UTF-8",
       "definition user {} // \xff\xfe\ndefinition user {}",
       {"\xff\xfe | these 2 bytes are not valid UTF-8",
        "user | the name `user` is already taken; definitions, partials and caveats share one set "
        "of names"}},
      {"a short name",
       "definition us {}",
       {"us | `us` cannot name a definition: a name has 3 to 64 of `a-z`, `0-9` and `_`, starts "
        "with a letter and does "
        "not end in `_`"}},
      {"a leading underscore",
       "definition _user {}",
       {"_user | `_user` cannot name a definition: a name has 3 to 64 of `a-z`, `0-9` and `_`, "
        "starts with a letter and "
        "does not end in `_`; try `user`"}},
      {"a short prefix",
       "definition aa/user {}",
       {"aa/user | `aa/user` cannot name a definition: a name has 3 to 64 of `a-z`, `0-9` and `_`, "
        "starts with a letter "
        "and does not end in `_`, for each part between `/`, 128 bytes in all"}},
      {"a keyword as a name",
       "definition with {}",
       {"with | expected the name of a definition, found `with`, which is a keyword"}},
  };
  for (const Refused& row : rows) EXPECT_THAT(Errors(row.schema), ElementsAreArray(row.errors)) << row.name;
}

TEST(Parser, WordsAreKeywordsOnlyAfterTheirUse) {
  const std::string body =
      "relation expiration: user\nrelation self: user\nrelation any: user\nrelation all: user\n"
      "relation and: user\nrelation partial: user\nrelation use: user\nrelation typechecking: "
      "user\n"
      "relation import: user\nrelation agent: user\nrelation task: user\nrelation session: user\n"
      "relation limit: user\npermission ppp = any->any + all.all(all) + self";
  EXPECT_THAT(Errors(Cat("definition user {\n", body, "\n}")), IsEmpty());
  EXPECT_THAT(Errors("use self\nuse expiration use typechecking\ndefinition user {\nrelation self: user\n"
                     "relation expiration: user\nrelation and: user\nrelation typechecking: user\n}"),
              ElementsAre("self | expected the name of a relation, found `self`, which is a keyword",
                          "expiration | expected the name of a relation, found `expiration`, which is a keyword",
                          "and | expected the name of a relation, found `and`, which is a keyword",
                          "typechecking | expected the name of a relation, found `typechecking`, which is a "
                          "keyword"));
  EXPECT_THAT(Errors("use delegation\ndefinition user {\nrelation agent: user\nrelation task: user\n"
                     "relation scope: user\nrelation session: user\npermission limit = agent + task + "
                     "scope\n}"),
              IsEmpty());
}

TEST(Parser, ReportsEveryErrorOnceAndInSourceOrder) {
  const std::string text = InDoc(
      "relation ab: user\npermission ppp = viewr + (wild\nrelation rrr: usr | user with cav\n"
      "relaton sss: user\npermission qqq = ppp->view + sss");
  EXPECT_THAT(Errors(text), SizeIs(6));
  const std::vector<Diagnostic> diagnostics = CompileSchema(text).diagnostics;
  for (size_t i = 1; i < diagnostics.size(); ++i) {
    EXPECT_LT(diagnostics[i - 1].range.offset, diagnostics[i].range.offset);
  }
}

TEST(Parser, KeepsSilentAboutWhatFollowsFromAnError) {
  EXPECT_THAT(Errors(InDoc("relation rrr: user,\npermission ppp = rrr + parent->view")), SizeIs(1));
  EXPECT_THAT(Errors(InDoc("relation @: user\nrel owner2 user\npermission ppp = owner2")), SizeIs(2));
  EXPECT_THAT(Errors("defn user2 {}\ndefinition doc { relation rrr: user2 }"), SizeIs(1));
}

TEST(Parser, GivesLineAndColumnInCharacters) {
  const std::vector<Diagnostic> diagnostics =
      CompileSchema("definition user {}\r\n\t/* éé */ defintion doc {}").diagnostics;
  ASSERT_THAT(diagnostics, SizeIs(1));
  EXPECT_EQ(diagnostics[0].range.line, 2);
  EXPECT_EQ(diagnostics[0].range.column, 11);
  EXPECT_EQ(diagnostics[0].range.length, 9u);
}

TEST(Parser, TellsTextThatCannotBeReadFromTextThatIsWrong) {
  EXPECT_EQ(CompileSchema("definition us {}").diagnostics.at(0).fault, Fault::kSyntax);
  EXPECT_EQ(CompileSchema("definition doc { relation rrr: usr }").diagnostics.at(0).fault, Fault::kMeaning);
  EXPECT_EQ(CompileSchema("definition doc { relation rrr: doc:*#rrr }").diagnostics.at(0).fault, Fault::kSyntax);
}

TEST(Parser, RefusesParenthesesNestedTooDeep) {
  const std::string fits = Cat(std::string(256, '('), "viewer", std::string(256, ')'));
  EXPECT_THAT(Errors(InDoc(Cat("permission ppp = ", fits))), IsEmpty());
  const std::string message =
      "( | parentheses are nested more than 256 deep; name a part of the expression as a "
      "permission of its own";
  EXPECT_THAT(Errors(InDoc(Cat("permission ppp = (", fits, ")\nrelation abc: usr"))),
              ElementsAre(message, "usr | definition `usr` does not exist; did you mean `user`?"));
  EXPECT_THAT(Errors(InDoc(Cat("permission ppp = ", std::string(1 << 20, '(')))), ElementsAre(message));
}

}  // namespace
}  // namespace mandate
