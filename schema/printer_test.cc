#include "schema/printer_testing.h"
#include "schema/schema_testing.h"

namespace mandate {
namespace {

constexpr std::string_view kUgly = R"(// Header of the file.

use   expiration   use self // why
use partial


/** People,
  *   of every kind.
  */
definition user{} // one line
partial base{relation owner:user}
caveat  cav ( a int,b  list< string > ){
     a == 1 // one
       &&   b == ["}"] }
definition acme/doc { // first
  relation rrr:user|user : *with cav|acme/doc#rrr with cav and expiration// last
  /* a */ /* b */ relation sss : user#... ;; ...base


  permission ppp=rrr+sss&rrr-(sss)   // mixed

  // loose

  // doc of qqq
  permission qqq : user | bot = rrr . any( ppp ) + sss->ppp->qqq.all(ppp) +
     // in the middle
     (self - (nil - rrr)) + (rrr + sss)

  // end of body
}
// end of file
)";

constexpr std::string_view kCanonical = R"(// Header of the file.

use expiration
use self // why
use partial

/** People,
 *   of every kind.
 */
definition user {} // one line

partial base {
	relation owner: user
}

caveat cav(a int, b list<string>) {
	a == 1 // one
	&& b == ["}"]
}

definition acme/doc { // first
	relation rrr: user | user:* with cav | acme/doc#rrr with cav and expiration // last
	/* a */
	/* b */
	relation sss: user
	...base

	permission ppp = ((rrr + sss) & rrr) - sss // mixed

	// loose

	// doc of qqq
	permission qqq: user | bot =
		rrr.any(ppp) +
		sss->ppp->qqq.all(ppp) +
		// in the middle
		(self - (nil - rrr)) +
		(rrr + sss)

	// end of body
}

// end of file
)";

TEST(Printer, WritesOneCanonicalForm) { EXPECT_EQ(Format(kUgly), kCanonical); }

TEST(Printer, LeavesCanonicalTextAlone) { EXPECT_EQ(Format(kCanonical), kCanonical); }

TEST(Printer, PrintsAgentsTasksSessionsAndImports) {
  EXPECT_EQ(Format("use delegation use import\nimport   'a/b.zed' // theirs\nagent bot{}\ntask "
                   "job{}\nsession run{relation agent:bot with expiration}"),
            "use delegation\nuse import\n\nimport 'a/b.zed' // theirs\n\nagent bot {}\n\ntask job "
            "{}\n\nsession run {\n\trelation agent: bot with expiration\n}\n");
}

TEST(Printer, BreaksWhatDoesNotFitIntoAHundredColumns) {
  const std::string name(30, 'n');
  const std::string head(22, 'h');
  EXPECT_EQ(Format(Cat("definition d_1 {\nrelation ", head, ":", name, "|", name, "\n}")),
            Cat("definition d_1 {\n\trelation ", head, ": ", name, " | ", name, "\n}\n"))
      << "a hundred columns fit, a tab being four";
  EXPECT_EQ(Format(Cat("definition d_1 {\nrelation h", head, ":", name, "|", name, "\n}")),
            Cat("definition d_1 {\n\trelation h", head, ":\n\t\t", name, " |\n\t\t", name, "\n}\n"));
  EXPECT_EQ(Format(Cat("definition d_1 {\npermission p_1 = ", name, "+", name, "-(", name, "&", name, "&", name, ")+",
                       name, "\n}")),
            Cat("definition d_1 {\n\tpermission p_1 =\n\t\t(", name, " + ", name, ") -\n\t\t((", name, " &\n\t\t\t\t",
                name, " &\n\t\t\t\t", name, ") +\n\t\t\t", name, ")\n}\n"));
  EXPECT_EQ(Format(Cat("caveat ", head, "(", name, " int, ", name, " list<string>) { a == 1 }")),
            Cat("caveat ", head, "(\n\t", name, " int,\n\t", name, " list<string>) {\n\ta == 1\n}\n"));
}

TEST(Printer, KeepsCommentsWhereTheyStand) {
  constexpr std::string_view kText = R"(definition doc { // what people write
	relation viewer:
		user | // by name
		// everybody
		// in it
		team#member | /* soon */
		bot
	relation owner: /* one */ user | /* or */ team /* at least */
	permission view = // who
		// first
		viewer +
		// taken away
		(owner -
			// but not
			viewer) + // more
		/* last */
		owner // end

	// nothing else
}

caveat cav( // when
	// from
	a int,
	b int) {
	a == b
}
)";
  EXPECT_EQ(Format(kText), kText);
}

TEST(Printer, ACommentInTheHeadOfADefinitionMovesBeforeIt) {
  EXPECT_EQ(Format("definition /* a */ doc /* b */ { /* c */ relation rrr: doc }"),
            "/* a */\n/* b */\ndefinition doc {\n\t/* c */\n\trelation rrr: doc\n}\n");
  EXPECT_EQ(Format("definition doc { /* a */ }"), "definition doc { /* a */\n}\n");
}

TEST(Printer, MovesABlockCommentAsAWhole) {
  EXPECT_EQ(Format("definition doc {\n\t\t/* like\n\t\t     this:\n\n\t\t   end */\n  /**\n* starred\n"
                   "    *   list\n*/ relation rrr: doc\n}"),
            "definition doc {\n\t/* like\n\t  this:\n\n\tend */\n\t/**\n\t * starred\n\t *   list\n"
            "\t */\n\trelation rrr: doc\n}\n");
}

TEST(Printer, IndentsCaveatsByTheirBrackets) {
  EXPECT_EQ(Format("caveat cav(a int, b list<string>) {   b.exists(x,\n x in [\n'}'  ,  \"\"\" two\n"
                   "  lines\"\"\"\n]) &&\n\n\n      {1: (2)}[1]\t== a || r'\\' == ')' /* c\n   c */\n"
                   "// end\n}"),
            "caveat cav(a int, b list<string>) {\n\tb.exists(x,\n\t\tx in [\n\t\t\t'}' , \"\"\" two\n"
            "  lines\"\"\"\n\t]) &&\n\n\t{1: (2)}[1] == a || r'\\' == ')' /* c\n\tc */\n\t// end\n"
            "}\n");
}

// A line that CEL took for part of a comment was printed as one of its own: {"xxx": 2} was allowed from then on.
TEST(Printer, TakesNothingOutOfACaveatsComments) {
  EXPECT_FALSE(Parse("caveat cav(xxx int) {\n\txxx == 1 // note\r || xxx == 2\n}\n").ok);
  ExpectRoundTrip("caveat cav(xxx int) {\r\txxx == // note || xxx\r\n1\r||\rxxx == 2 // end\r}\r");
}

TEST(Printer, IsReadBackAsTheSameTree) {
  for (std::string_view text : {
           kUgly,
           kCanonical,
           std::string_view(""),
           std::string_view("// only a comment"),
           std::string_view("/* a\n\n   b */\n\n\n// c\n"),
           std::string_view("definition user { // only a comment\n}"),
           std::string_view("definition user {\n\n// c\n\n}\n\n\n// d\n\n"),
           std::string_view("use delegation\nagent bot {}\ntask errand {}\nsession run { relation agent: bot }"),
           std::string_view("use self /* a */ // b\ndefinition /* c */ user /* d */ { /* e */ "
                            "relation /* f */ rrr: user /* g\n h */; /* i */ }"),
           std::string_view("definition user {\n  relation rrr: user // a\n  // b\n\n  relation sss: user\n}"),
           std::string_view("definition user {\n relation rrr: user#... // a\n // b\n ; // c\n}"),
           std::string_view("definition user {\n permission rrr = (aaa /* a */) /* b\n c */ // d\n}"),
           std::string_view("definition user {\n permission rrr = /* a */ (/* b */ (aaa + /* c */ "
                            "((bbb - /* d\n */ aaa))))\n}"),
       }) {
    ExpectRoundTrip(text);
  }
}

TEST(Printer, KeepsTheMeaning) {
  const std::string text = InDoc(
      "permission p_1 = viewer + wild & parent->view - viewer\npermission p_2 = viewer - (wild - "
      "viewer)");
  const auto before = MustCompile(text);
  const auto after = MustCompile(Format(text));
  for (const char* permission : {"p_1", "p_2"}) {
    EXPECT_EQ(ShowPermission(*after, "doc", permission), ShowPermission(*before, "doc", permission));
  }
}

}  // namespace
}  // namespace mandate
