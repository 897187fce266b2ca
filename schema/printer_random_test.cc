// Schemas thrown together at random are printed without loss.
#include <gmock/gmock.h>

#include <random>

#include "schema/comment.h"
#include "schema/lexer.h"
#include "schema/printer_testing.h"

namespace mandate {
namespace {

// Schemas of every construct, with comments and blanks thrown in wherever they may stand.
class SchemaText {
 public:
  explicit SchemaText(uint32_t seed) : random_(seed) {}

  std::string Make() {
    text_ = Pick({"", "// head\n\n", "/* head\n  of it */ "});
    for (const char* flag : {"expiration", "self", "partial", "delegation", "import"}) {
      Add({"use", flag});
      text_ += Pick({"\n", " ", " // c\n", "\n// c\n"});
    }
    for (uint32_t n = Below(5); n > 0; --n) {
      text_ += Pick({"", "// doc\n", "/* a\n   b */\n\n", "/** c */ "});
      Below(4) == 0 ? MakeCaveat() : Below(8) == 0 ? Add({"import", "'x'"}) : MakeDefinition();
      text_ += Pick({"\n", "\n\n", " // after\n", "; /* c */\n\n\n"});
    }
    return text_ + Pick({"", "// end", "\n\n/* end */\n"});
  }

 private:
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string Pick(std::initializer_list<const char*> choices) {
    return choices.begin()[Below(static_cast<uint32_t>(choices.size()))];
  }
  // Between any two tokens.
  std::string Gap() { return Pick({" ", " ", " ", " ", "\t", " /* c */ ", " /** d\n * e */ ", " /* f\n  g\n*/ "}); }
  // Where a line may end without ending the statement.
  std::string WideGap() {
    return Below(2) == 0 ? Gap() : Pick({"\n", " // c\n", "\n\n", "\n// c\n\n // d\n", " /* e */\n"});
  }
  void Add(std::initializer_list<std::string> words) {
    for (const std::string& word : words) text_ += Cat(word, Gap());
  }
  std::string Name() {
    return Pick({"aaa", "bbb", "a_name_of_middle_length", "the_longest_of_all_the_names_that_are"});
  }

  void MakeDefinition() {
    const std::string kind = Pick({"definition", "partial", "agent", "task", "session"});
    Add({kind, Name(), "{"});
    text_ += Pick({"", "\n", " // x\n", "\n\n\n"});
    for (uint32_t n = Below(5); n > 0; --n) {
      text_ += Pick({"", "\n\n", "// c\n", "/* c */ ", "\n\n// d\n\n"});
      Below(2) == 0                ? MakePermission()
      : Below(5) == 0              ? Add({"...", Name()})
      : kind == "task" && Below(2) ? MakeRule()
                                   : MakeRelation();
      text_ += Pick({"\n", ";", " // c\n", " /* c */\n\n", ";;\n\n\n", ";\n\n"});
    }
    text_ += Cat(Pick({"", "// end\n", "\n\n", "\n\n/* end\n */\n"}), "}");
  }

  void MakeRelation() {
    Add({"relation", Name(), ":"});
    for (uint32_t n = Below(4);; --n) {
      text_ += WideGap();
      Add({Pick({"user", "acme/user", "a_type_with_a_rather_long_name"})});
      if (Below(4) == 0) Add({":", "*"});
      if (Below(3) == 0) Add({"#", Name()});
      if (Below(3) == 0)
        Add({"with", "cav"});
      else if (Below(3) == 0)
        Add({"with", "cav", "and", "expiration"});
      else if (Below(3) == 0)
        Add({"with", "expiration"});
      if (n == 0) return;
      Add({"|"});
    }
  }

  void MakePermission() {
    Add({"permission", Name()});
    if (Below(4) == 0) Add({":", "user", "|", "bot"});
    Add({"="});
    int open = 0;
    for (uint32_t n = Below(8);; --n) {
      text_ += WideGap();
      for (; Below(3) == 0; ++open) text_ += Cat("(", WideGap());
      Add({Pick({"aaa", "nil", "self", "aaa->bbb", "aaa . all ( bbb )", "aaa->b.any(c)->d"})});
      for (; open > 0 && (n == 0 || Below(3) == 0); --open) Add({")"});
      if (n == 0) return;
      Add({Pick({"+", "+", "&", "-"})});
    }
  }

  void MakeRule() {
    const auto permission = [&] { Add({Pick({"doc", "acme/doc"}), "#", Name()}); };
    const std::string word = Pick({"limit", "after", "contain", "require"});
    Add({word});
    if (word == "require") Add({"approval", "for"});
    permission();
    if (word == "limit") return Add({"to", Pick({"1", "007"}), "per", Pick({"task", "session"})});
    if (word == "require") return Add({"by", Name(), "other", "than", "principal"});
    if (Below(2) == 0) Add({"when", Name()});
    Add({word == "after" ? "forbid" : "at"});
    permission();
  }

  void MakeCaveat() {
    Add({"caveat", Pick({"Cav", "cav/9", "x"}), "("});
    for (uint32_t n = Below(3);; --n) {
      text_ += WideGap();
      Add({Cat("a_parameter_", n), Pick({"int", "list < map<string> >", "any"})});
      if (n == 0) break;
      Add({","});
    }
    Add({")", "{"});
    for (uint32_t n = Below(6) + 1; n > 0; --n) {
      text_ +=
          Cat(Pick({"a", "(", "]", "'}'", "\"\"\"x\n y\"\"\"", "==", "[", ")"}),
              Pick({"", " ", "\n", "\n\n\n", " // }\n", "/* }\n    } */", "\r\n\t", "\r", "// } a\r\n", "// a\r\r\n"}));
    }
    text_ += "}";
  }

  std::mt19937 random_;
  std::string text_;
};

TEST(Printer, IsReadBackAsTheSameTreeWhateverTheText) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    const std::string text = SchemaText(seed).Make();
    SCOPED_TRACE(Cat("seed ", seed, "\n", text));
    ExpectRoundTrip(text);
    if (HasFailure()) return;
  }
}

TEST(Printer, LosesNoCommentAndTellsNoneTwice) {
  const auto comments_of = [](std::string_view text) {
    DiagnosticSink sink(text);
    std::vector<std::string> out;
    for (const LexedComment& comment : LexSchema(text, sink).comments)
      out.push_back(syntax::DedentComment(text.substr(comment.span.offset, comment.span.length)));
    return out;
  };
  for (uint32_t seed = 0; seed < 500; ++seed) {
    const std::string text = SchemaText(seed).Make();
    SCOPED_TRACE(Cat("seed ", seed, "\n", text));
    ASSERT_THAT(comments_of(Format(text)), ::testing::UnorderedElementsAreArray(comments_of(text)));
  }
}

}  // namespace
}  // namespace mandate
