// schema_testing.h: what the tests of this room say, in few words.
//
//   EXPECT_THAT(Errors("definition user {}\ndefinition d12 { relation rrr: usr }"),
//               ElementsAre("usr | definition `usr` does not exist; did you mean `user`?"));
//
// Threads     Tests only.
#ifndef MANDATE_SCHEMA_SCHEMA_TESTING_H_
#define MANDATE_SCHEMA_SCHEMA_TESTING_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "schema/compiler.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {

// The errors (or warnings) of a text: `UNDERLINED | MESSAGE`.
inline std::vector<std::string> Messages(std::string_view text, const CompileResult& result, Severity severity) {
  std::vector<std::string> out;
  for (const Diagnostic& d : result.diagnostics) {
    if (d.severity == severity) out.push_back(Cat(text.substr(d.range.offset, d.range.length), " | ", d.message));
  }
  return out;
}
inline std::vector<std::string> Errors(std::string_view text) {
  return Messages(text, CompileSchema(text), Severity::kError);
}
inline std::vector<std::string> Warnings(std::string_view text) {
  return Messages(text, CompileSchema(text), Severity::kWarning);
}

// The names of the warnings of a text: `UNDERLINED | NAME`.
inline std::vector<std::string> Lints(std::string_view text) {
  std::vector<std::string> out;
  for (const Diagnostic& d : CompileSchema(text).diagnostics) {
    if (d.severity == Severity::kWarning)
      out.push_back(Cat(text.substr(d.range.offset, d.range.length), " | ", d.lint));
  }
  return out;
}

// A row of a table of schemas that are refused.
struct Refused {
  std::string name;
  std::string schema;
  std::vector<std::string> errors;
};

// `statements` as the body of a definition `doc`, among others that they may speak of.
inline std::string InDoc(std::string_view statements, std::string_view head = "") {
  return Cat(head, "definition user {}\ndefinition group {\n  relation member: user | group#member\n}\n",
             "definition folder {\n  relation parent: folder\n  relation viewer: user\n",
             "  permission view = viewer + parent->view\n}\ndefinition doc {\n  relation viewer: user\n",
             "  relation parent: folder\n  relation wild: user:*\n", statements, "\n}\n");
}

// The schema that `text` compiles to. The test fails if there is none.
inline std::shared_ptr<const Schema> MustCompile(std::string_view text) {
  CompileResult result = CompileSchema(text);
  EXPECT_TRUE(result.ok()) << RenderDiagnostics("schema.zed", text, result.diagnostics);
  return result.schema != nullptr ? result.schema : CompileSchema("").schema;
}

// An expression as text: members by name, `(a + b)`, `(a & b)`, `(a - b)`, `r->{type: rest, ...}`,
// `r.all{...}`.
inline std::string Show(const Schema& schema, ExprId id) {
  const Expression& e = schema.expression(id);
  const auto join = [&](std::string_view separator) {
    std::string out = "(";
    for (size_t i = 0; i < e.children.size(); ++i) out += Cat(i == 0 ? "" : separator, Show(schema, e.children[i]));
    return out + ")";
  };
  switch (e.op) {
    case Op::kRelation:
    case Op::kPermission: return schema.member(e.member).name;
    case Op::kNil: return "nil";
    case Op::kSelf: return "self";
    case Op::kUnion: return join(" + ");
    case Op::kIntersection: return join(" & ");
    case Op::kExclusion: return join(" - ");
    case Op::kArrowAny:
    case Op::kArrowAll: break;
  }
  std::string out = Cat(schema.member(e.member).name, e.op == Op::kArrowAll ? ".all{" : "->{");
  for (size_t i = 0; i < e.targets.size(); ++i) {
    out += Cat(i == 0 ? "" : ", ", schema.definition(e.targets[i].type).name, ": ", Show(schema, e.targets[i].expr));
  }
  return out + "}";
}

// The expression of permission `name` on `type`.
inline std::string ShowPermission(const Schema& schema, std::string_view type, std::string_view name) {
  const MemberId member = *schema.FindMember(*schema.FindType(type), name);
  return Show(schema, schema.expression(schema.member(member).root).children.at(0));
}

}  // namespace mandate

#endif  // MANDATE_SCHEMA_SCHEMA_TESTING_H_
