#include <random>

#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/rule_testing.h"
#include "schema/syntax_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

std::string Format(std::string_view text) {
  DiagnosticSink sink(text);
  const syntax::File file = syntax::ParseSchema(text, sink);
  EXPECT_FALSE(sink.has_errors()) << text;
  return syntax::FormatSchema(file);
}

std::string Show(std::string_view text) {
  DiagnosticSink sink(text);
  return syntax::ShowFile(syntax::ParseSchema(text, sink));
}

TEST(ParserRules, ReadEveryForm) {
  const auto schema =
      MustCompile(WithRules("limit mail#send to 5 per task\nlimit mail#send to 2 per session\n"
                            "after doc#view forbid doc#edit;after doc#edit when secret forbid mail#send\n"
                            "contain doc#view at mail#send\ncontain doc#edit when secret at mail#send\n"
                            "require approval for mail#send by send\n"
                            "require approval for doc#edit by owner other than principal"));
  EXPECT_THAT(
      RulesOf(*schema, "errand"),
      ElementsAre("limit mail#send to 5 per task", "limit mail#send to 2 per session", "after doc#view forbid doc#edit",
                  "after doc#edit when secret forbid mail#send", "contain doc#view at mail#send",
                  "contain doc#edit when secret at mail#send", "require approval for mail#send by send",
                  "require approval for doc#edit by owner other than principal"));
}

TEST(ParserRules, HaveOneCanonicalForm) {
  EXPECT_EQ(Format("use delegation\ntask errand{limit  acme / mail # send  to 007 per   task // why\n\n\n"
                   "/** Once. */ after doc#view\twhen /* a */ secret forbid doc #edit ;"
                   "require approval for doc# edit by view other than principal }"),
            "use delegation\n\ntask errand {\n\tlimit acme/mail#send to 7 per task // why\n\n"
            "\t/** Once. */\n\tafter doc#view when secret forbid doc#edit /* a */\n"
            "\trequire approval for doc#edit by view other than principal\n}\n");
}

TEST(ParserRules, TakeTheirOwnWordsAsNames) {
  const char* words[] = {"limit", "after", "contain", "require",   "when",     "forbid", "per",
                         "for",   "other", "than",    "principal", "approval", "task",   "session"};
  for (const std::string word : words) {
    const std::string own = Cat(word, "#", word);
    const std::string text =
        Cat("use delegation use expiration\ndefinition user { relation acts_on_behalf_of: bot with "
            "expiration }\n"
            "agent bot {}\ndefinition ",
            word, " {\n relation ", word, ": user\n permission see = ", word, "\n}\n",
            "task errand {\n relation delegator: user\n relation delegated_for_task: bot with "
            "expiration\n"
            " relation scope: ",
            own, "\n relation ", word,
            "_by: user\n"
            " limit ",
            own, " to 5 per task\n after ", own, " when ", word, " forbid ", own,
            "\n"
            " contain ",
            own, " when ", word, " at ", own,
            "\n"
            " require approval for ",
            own, " by ", word, " other than principal\n}\n");
    const auto schema = MustCompile(text);
    EXPECT_THAT(RulesOf(*schema, "errand"),
                ElementsAre(Cat("limit ", own, " to 5 per task"), Cat("after ", own, " when ", word, " forbid ", own),
                            Cat("contain ", own, " when ", word, " at ", own),
                            Cat("require approval for ", own, " by ", word, " other than principal")));
  }
  const std::string names = WithRules(
      "relation limit: user\n relation after: user | user:*\n permission contain = limit\n"
      " permission require = after + contain");
  EXPECT_THAT(Errors(names), IsEmpty()) << "beside the rules of the same body too";
}

TEST(ParserRules, SayWhatIsWrongWithOne) {
  const Refused rows[] = {
      {"no type",
       "limit send to 5 per task",
       {"send | a rule names a permission together with its type: write `TYPE#send`"}},
      {"no permission",
       "limit acme/mail to 5 per task",
       {"acme/mail | a rule names a permission together with its type: write "
        "`acme/mail#PERMISSION`"}},
      {"nothing at all", "limit to 5 per task", {"to | expected a permission, as `TYPE#PERMISSION`, found `to`"}},
      {"every object",
       "limit mail:*#send to 5 per task",
       {": | a rule is about the permission on every object: write `mail#PERMISSION`"}},
      {"one object",
       "after doc:plan#view forbid doc#edit",
       {": | a rule is about the permission on every object: write `doc#PERMISSION`"}},
      {"a line break in the name", "limit mail#\nsend to 5 per task", {"# | expected a permission after `#`"}},
      {"a number in words", "limit mail#send to five per task", {"five | expected a whole number, found `five`"}},
      {"a negative number", "limit mail#send to -5 per task", {"- | expected a whole number, found `-`"}},
      {"a broken number", "limit mail#send to 1.5 per task", {". | expected `per`, found `.`"}},
      {"no number", "limit mail#send per task", {"per | expected `to`, found `per`"}},
      {"no per", "limit mail#send to 5", {"5 | expected `per` after `5`"}},
      {"another per", "limit mail#send to 5 per day", {"day | expected `task` or `session`, found `day`"}},
      {"a mistyped per",
       "limit mail#send to 5 per sesion",
       {"sesion | expected `task` or `session`, found `sesion`; did you mean `session`?"}},
      {"a limit with a condition",
       "limit mail#send to 5 per task when secret",
       {"when | only `after` and `contain` take a `when`"}},
      {"a mistyped forbid",
       "after doc#view forbit doc#edit",
       {"forbit | expected `when` or `forbid`, found `forbit`; did you mean `forbid`?"}},
      {"nothing forbidden", "after doc#view", {"view | expected `when` or `forbid` after `view`"}},
      {"the condition last",
       "after doc#view forbid doc#edit when secret",
       {"when | `when` stands before `forbid`, behind the permission that it is asked with"}},
      {"the condition last",
       "contain doc#view at mail#send when secret",
       {"when | `when` stands before `at`, behind the permission that it is asked with"}},
      {"a condition with a type",
       "after doc#view when doc#secret forbid doc#edit",
       {"doc# | what stands behind `when` is asked on the object of the permission before: write "
        "its "
        "name alone, without a type"}},
      {"two forbidden",
       "after doc#view forbid doc#edit, mail#send",
       {", | one rule says one thing: write another rule instead of `,`"}},
      {"forbid in contain", "contain doc#view forbid mail#send", {"forbid | expected `when` or `at`, found `forbid`"}},
      {"a keyword",
       "after doc#nil forbid doc#edit",
       {"nil | expected a relation or permission, found `nil`, which is a keyword"}},
      {"a mistyped approval",
       "require aproval for mail#send by send",
       {"aproval | expected `approval`, found `aproval`; did you mean `approval`?"}},
      {"nobody to approve", "require approval for mail#send", {"send | expected `by` after `send`"}},
      {"an approver with a type",
       "require approval for mail#send by mail#send",
       {"mail# | what stands behind `by` is asked on the object of the permission before: write "
        "its "
        "name alone, without a type"}},
      {"half of four eyes",
       "require approval for mail#send by send other than the principal",
       {"the | expected `principal`, found `the`"}},
      {"something more",
       "require approval for mail#send by send twice",
       {"twice | expected `other than principal` or the end of the line, found `twice`"}},
      {"a mistyped rule",
       "limt mail#send to 5 per task",
       {"limt | expected `relation`, `permission`, a rule or `}`, found `limt`; did you mean "
        "`limit`?"}},
      {"no such rule",
       "forget doc#view",
       {"forget | expected `relation`, `permission`, a rule or `}`, found `forget`"}},
      {"a rule over two lines",
       "after doc#view when secret\n  forbid doc#edit",
       {"forbid | a rule stands on one line: `forbid` belongs at the end of the line before"}},
      {"an approval over two lines",
       "require approval for doc#edit by owner\n  other than principal",
       {"other | a rule stands on one line: `other` belongs at the end of the line before"}},
  };
  for (const Refused& row : rows) {
    EXPECT_THAT(Errors(WithRules(row.schema)), ElementsAreArray(row.errors)) << row.schema;
    std::vector<std::string> with_more = row.errors;
    with_more.push_back("usr | definition `usr` does not exist; did you mean `user`?");
    EXPECT_THAT(Errors(WithRules(Cat(row.schema, "\nrelation rrr: usr"))), ElementsAreArray(with_more))
        << "and what follows: " << row.schema;
  }
}

TEST(ParserRules, StandInTasksOnly) {
  const auto message = [](std::string_view word) {
    return Cat(word, " | `", word, "` is a rule over time; it stands only in the body of a `task`");
  };
  const std::string rules =
      "limit doc#view to 5 per task; after doc#view forbid doc#edit\n contain doc#view at "
      "mail#send\n"
      " require approval for doc#edit by owner\n relation rrr: usr";
  const std::string usr = "usr | definition `usr` does not exist; did you mean `user`?";
  for (const char* kind : {"definition", "agent", "partial"}) {
    std::vector<std::string> errors = {message("limit"), message("after"), message("contain"), message("require")};
    if (kind != std::string_view("partial")) errors.push_back(usr);
    std::string text = WithRules("", Cat(kind, " other {\n ", rules, "\n}"));
    text.insert(0, "use partial\n");
    EXPECT_THAT(Errors(text), ElementsAreArray(errors)) << kind;
  }
  EXPECT_THAT(Errors(InDoc("limit doc#view to 5 per task")), ElementsAre(message("limit")))
      << "without `use delegation` too";
}

TEST(ParserRules, OfATaskThatIsNotClosedEndAtTheNextItem) {
  EXPECT_THAT(Errors("use delegation\ntask errand {\n limit doc#view to 5 per task\ntask other {\n}"),
              ::testing::Contains("task | the body of task `errand` is not closed; put `}` before `task`"));
  EXPECT_THAT(Errors("use delegation\ntask errand {\n require approval for doc#view by\ntask other {\n}"),
              ::testing::Contains("by | expected a relation or permission after `by`"));
}

// Rules, comments and blanks thrown together at random.
std::string RandomTask(std::mt19937& random) {
  const auto pick = [&](std::initializer_list<const char*> choices) {
    return std::string(choices.begin()[random() % choices.size()]);
  };
  const auto gap = [&] { return pick({" ", " ", "  ", "\t", " /* c */ "}); };
  const auto permission = [&] {
    return pick({"doc", "acme/doc", "when", "to", "limit"}) + pick({"#", " # ", "#/* c */"}) +
           pick({"view", "at", "forbid", "by"});
  };
  const auto name = [&] { return pick({"secret", "when", "other", "at", "forbid"}); };
  const auto when = [&] { return random() % 2 == 0 ? Cat("when", gap(), name(), gap()) : std::string(); };
  std::string text = "use delegation\n" + pick({"", "// doc\n"}) + "task errand {" + pick({"", "\n", " // x\n"});
  for (uint32_t i = random() % 6; i > 0; --i) {
    text += pick({"", "\n", "// c\n", "/** doc */ "});
    switch (random() % 5) {
      case 0:
        text += Cat("limit", gap(), permission(), gap(), "to", gap(), pick({"5", "0", "012", "99999999999999999999"}),
                    gap(), "per", gap(), pick({"task", "session"}));
        break;
      case 1: text += Cat("after", gap(), permission(), gap(), when(), "forbid", gap(), permission()); break;
      case 2: text += Cat("contain", gap(), permission(), gap(), when(), "at", gap(), permission()); break;
      case 3:
        text += Cat("require", gap(), "approval", gap(), "for", gap(), permission(), gap(), "by", gap(), name(),
                    pick({"", " other than principal"}));
        break;
      default: text += "relation rrr: user";
    }
    text += pick({"\n", ";", " // c\n", " /* c */\n\n", ";;\n\n\n"});
  }
  return text + pick({"", "// end\n", "\n\n"}) + "}" + pick({"\n", " ", " // after\n"});
}

TEST(ParserRules, AreReadBackAsTheSameTreeWhateverTheText) {
  std::mt19937 random(42);
  for (int i = 0; i < 500; ++i) {
    const std::string text = RandomTask(random);
    const std::string printed = Format(text);
    EXPECT_EQ(Show(printed), Show(text)) << text;
    EXPECT_EQ(Format(printed), printed) << text;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace mandate
