#include "schema/printer.h"

#include <random>

#include "schema/parser.h"
#include "schema/schema_testing.h"
#include "schema/syntax_testing.h"

namespace mandate {
namespace {

struct Parsed {
  syntax::File file;
  bool ok;
};

Parsed Parse(std::string_view text) {
  DiagnosticSink sink(text);
  syntax::File file = syntax::ParseSchema(text, sink);
  return {std::move(file), !sink.has_errors()};
}

std::string Format(std::string_view text) { return syntax::FormatSchema(Parse(text).file); }

// Reading what was printed gives the same tree, and printing it again the same text.
void ExpectRoundTrip(std::string_view text) {
  const Parsed before = Parse(text);
  ASSERT_TRUE(before.ok) << text;
  const std::string printed = syntax::FormatSchema(before.file);
  const Parsed after = Parse(printed);
  EXPECT_TRUE(after.ok) << text << "\n--- printed:\n" << printed;
  EXPECT_EQ(syntax::ShowFile(after.file), syntax::ShowFile(before.file)) << "--- printed:\n"
                                                                         << printed;
  EXPECT_EQ(syntax::FormatSchema(after.file), printed);
}

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
       && b == ["}"] }
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

constexpr std::string_view kCanonical =
    "// Header of the file.\n\nuse expiration\nuse self // why\nuse partial\n\n"
    "/** People,\n *   of every kind.\n */\ndefinition user {} // one line\n\n"
    "partial base {\n\trelation owner: user\n}\n\n"
    "caveat cav(a int, b list<string>) {\n\ta == 1 // one\n       && b == [\"}\"]\n}\n\n"
    "definition acme/doc {\n\t// first\n"
    "\trelation rrr: user | user:* with cav | acme/doc#rrr with cav and expiration // last\n"
    "\t/* a */\n\t/* b */\n\trelation sss: user\n\t...base\n\n"
    "\tpermission ppp = ((rrr + sss) & rrr) - sss // mixed\n\n"
    "\t// loose\n\n\t// doc of qqq\n\t// in the middle\n"
    "\tpermission qqq: user | bot = rrr.any(ppp) + sss->ppp->qqq.all(ppp) + (self - (nil - rrr)) + "
    "(rrr + sss)\n"
    "\t// end of body\n}\n\n// end of file\n";

TEST(Printer, WritesOneCanonicalForm) { EXPECT_EQ(Format(kUgly), kCanonical); }

TEST(Printer, LeavesCanonicalTextAlone) { EXPECT_EQ(Format(kCanonical), kCanonical); }

TEST(Printer, IsReadBackAsTheSameTree) {
  for (std::string_view text : {
           kUgly,
           kCanonical,
           std::string_view(""),
           std::string_view("// only a comment"),
           std::string_view("/* a\n\n   b */\n\n\n// c\n"),
           std::string_view("definition user { // only a comment\n}"),
           std::string_view("definition user {\n\n// c\n\n}\n\n\n// d\n\n"),
           std::string_view(
               "use delegation\nagent bot {}\ntask errand {}\nsession run { relation agent: bot }"),
           std::string_view("use self /* a */ // b\ndefinition /* c */ user /* d */ { /* e */ "
                            "relation /* f */ rrr: user /* g\n h */; /* i */ }"),
           std::string_view(
               "definition user {\n  relation rrr: user // a\n  // b\n\n  relation sss: user\n}"),
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
    EXPECT_EQ(ShowPermission(*after, "doc", permission),
              ShowPermission(*before, "doc", permission));
  }
}

// Expressions, comments and blanks thrown together at random.
std::string RandomSchema(std::mt19937& random) {
  const auto pick = [&](std::initializer_list<const char*> choices) {
    return choices.begin()[random() % choices.size()];
  };
  const auto gap = [&] { return pick({" ", " ", " ", "\t", " /* c */ ", " /** d\n * e */ "}); };
  const auto after_operator = [&] { return pick({" ", " ", "\n", " // c\n", "\n\n"}); };
  std::string text = pick({"", "use self\n", "// head\n\nuse self use expiration\n"});
  for (int d = 0; d < 3; ++d) {
    text += Cat(pick({"", "// doc\n", "/* a\nb */\n\n"}), "definition", gap(), "d_", d, gap(), "{",
                pick({"", "\n", " // x\n"}));
    for (uint32_t m = random() % 4; m > 0; --m) {
      text += Cat(pick({"", "\n", "// c\n", "/* c */ "}), "permission p_", m, gap(), "=", gap());
      int open = 0;
      for (uint32_t n = random() % 6; n > 0; --n) {
        if (random() % 4 == 0) text += "(", ++open;
        text += Cat(pick({"aaa", "bbb", "nil", "aaa->bbb", "aaa . all ( bbb )"}), gap());
        if (open > 0 && random() % 3 == 0) text += ")", --open;
        text += Cat(pick({"+", "&", "-"}), after_operator());
      }
      text += Cat("zzz", std::string(static_cast<size_t>(open), ')'),
                  pick({"\n", ";", " // c\n", " /* c */\n\n", ";;\n\n\n"}));
    }
    text += Cat(pick({"", "// end\n", "\n\n"}), "}", pick({"\n", "\n\n", " ", " // after\n"}));
  }
  return text;
}

TEST(Printer, IsReadBackAsTheSameTreeWhateverTheText) {
  std::mt19937 random(42);
  for (int i = 0; i < 500; ++i) {
    const std::string text = RandomSchema(random);
    SCOPED_TRACE(text);
    ExpectRoundTrip(text);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace mandate
