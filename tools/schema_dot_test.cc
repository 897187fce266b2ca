#include "tools/schema_dot.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"

namespace mandate {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SchemaDot, DrawsEveryRelationAndPermission) {
  const CompileResult compiled = CompileSchema(R"(
use self
caveat cav(hour int) { hour == 1 }
definition user {}
definition team { relation member: user | team#member }
/** What "people" write \ read &lt;. */
definition doc {
  relation parent: doc
  relation viewer: user | user with cav | user:* | team#member
  relation banned: user
  permission view = (viewer + parent->parent->view) - (banned + self)
  permission both = viewer & parent.all(view)
  permission none = nil
})");
  ASSERT_TRUE(compiled.ok());
  const std::string dot = SchemaToDot(*compiled.schema);
  for (const char* line : {
           "\t\"user\" [label=<<B>user</B>> ",
           "\tsubgraph \"cluster doc\" {\n\t\tlabel=<<B>doc</B>> ",
           "tooltip=\"What \\\"people\\\" write \\\\ read &amp;lt;.\"",
           "\t\t\"doc\" [label=\"\" shape=circle",
           "\t\t\"doc#view\" [label=\"view\" color=\"#16a34a\"",
           "tooltip=\"view = (viewer + parent->parent->view) - (banned + self)\"]",
           "\t\t\"doc#viewer\" [label=\"viewer\" color=\"#2563eb\"",
           "\t\t\"doc#none\" [label=\"none\"",
           "\t\"doc#parent\" -> \"doc\" [color=\"#94a3b8\"]\n",
           "\t\"doc#viewer\" -> \"user\" [color=\"#94a3b8\" label=\"(with cav, *)\"]\n",
           "\t\"doc#viewer\" -> \"team#member\" [color=\"#94a3b8\"]\n",
           "\t\"team#member\" -> \"team#member\" [color=\"#94a3b8\"]\n",
           "\t\"doc#view\" -> \"doc#viewer\" [color=\"#16a34a\"]\n",
           "\t\"doc#view\" -> \"doc#view\" [color=\"#16a34a\" style=dashed "
           "label=\"parent->parent\"]\n",
           "\t\"doc#view\" -> \"doc#banned\" [color=\"#dc2626\" arrowhead=tee]\n",
           "\t\"doc#view\" -> \"doc\" [color=\"#dc2626\" arrowhead=tee]\n",
           "\t\"doc#both\" -> \"doc#viewer\" [color=\"#16a34a\" label=\"&amp;\"]\n",
           "\t\"doc#both\" -> \"doc#view\" [color=\"#16a34a\" style=dashed label=\"&amp; all "
           "parent\"]\n",
       }) {
    EXPECT_THAT(dot, HasSubstr(line));
  }
  EXPECT_THAT(dot, Not(HasSubstr("#9333ea"))) << "no delegation, no word of it";
  EXPECT_THAT(dot, Not(HasSubstr("\"team\" ["))) << "nothing holds a team itself, so there is no dot for it";
}

TEST(SchemaDot, CutsThePathOfALongArrow) {
  std::string text = "definition doc {\n relation aaa: doc\n permission ppp = aaa";
  for (int i = 0; i < 1000; ++i) text += "->aaa";
  const std::string dot = SchemaToDot(*CompileSchema(text + "\n}").schema);
  EXPECT_THAT(dot, HasSubstr("->aaa->aaa...\"]\n"));
}

constexpr char kDelegation[] = R"(use expiration
use delegation
definition user { relation acts_on_behalf_of: bot with expiration }
agent bot { relation boundary: doc:*#view }
definition doc { relation viewer: user; permission view = viewer }
task job {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: doc#view
  limit doc#view to 5 per task
})";

TEST(SchemaDot, DrawsDelegationInAColourOfItsOwn) {
  const CompileResult compiled = CompileSchema(kDelegation);
  ASSERT_TRUE(compiled.ok());
  const std::string dot = SchemaToDot(*compiled.schema);
  for (const char* line : {
           "label=<agent <B>bot</B>>",
           "label=<task <B>job</B><BR ALIGN=\"LEFT\"/>",
           ">limit doc#view to 5 per task</FONT>",
           "\"user#acts_on_behalf_of\" -> \"bot\" [color=\"#9333ea\"]",
           "\"bot#boundary\" -> \"doc#view\" [color=\"#9333ea\" label=\"*\"]",
           "\"bot#boundary\" [label=\"boundary\" color=\"#9333ea\"",
       }) {
    EXPECT_THAT(dot, HasSubstr(line));
  }
}

}  // namespace
}  // namespace mandate
