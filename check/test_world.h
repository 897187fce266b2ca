// test_world.h: a small world in memory for the tests of this room: a schema, relationships, a clock that stands still.
#ifndef MANDATE_CHECK_TEST_WORLD_H_
#define MANDATE_CHECK_TEST_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "check/checker.h"
#include "check/delegation_rules.h"
#include "check/expand.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "storage/tuple_store.h"

namespace mandate {

class TestWorld {
 public:
  explicit TestWorld(const std::string& schema, const std::string& relationships = "") {
    StoreOptions options{.read_cache_bytes = 1 << 20, .in_memory = true, .clock = [this] { return now; }};
    auto opened = OpenRocksStore("", options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    store = *std::move(opened);
    CompileResult compiled = CompileSchema(schema);
    EXPECT_TRUE(compiled.ok()) << RenderDiagnostics("schema", schema, compiled.diagnostics);
    WriteRequest request{.schema_text = schema};
    for (const auto& definition : compiled.schema->definitions()) {
      request.schema_names.push_back(definition.name);
    }
    for (const auto& member : compiled.schema->members()) request.schema_names.push_back(member.name);
    for (const auto& caveat : compiled.schema->caveats()) {
      request.schema_names.push_back(caveat.name);
    }
    auto revision = store->Write(request);
    EXPECT_TRUE(revision.ok()) << revision.status();
    plan = std::make_unique<Plan>(compiled.schema, store->Head()->names(), *revision);
    if (!relationships.empty()) Touch(relationships);
  }

  // One relationship a line; the schema is not asked, so that what it refuses can be planted.
  void Touch(const std::string& relationships) {
    WriteRequest request;
    for (absl::string_view line : absl::StrSplit(relationships, '\n')) {
      line = absl::StripAsciiWhitespace(line);
      if (line.empty()) continue;
      auto relationship = ParseRelationship(StdView(line));
      ASSERT_TRUE(relationship.ok()) << line << ": " << relationship.status();
      request.changes.push_back({ChangeOp::kTouch, *relationship});
    }
    auto revision = store->Write(request);
    ASSERT_TRUE(revision.ok()) << revision.status();
  }

  absl::StatusOr<Answer> Ask(const std::string& text, const std::string& task = "") {
    auto question = ParseQuestion(text);
    EXPECT_TRUE(question.ok()) << text << ": " << question.status();
    CheckQuestion check{.resource = question->resource,
                        .permission = question->permission,
                        .subject = question->subject,
                        .context = context,
                        .explain = explain};
    if (!task.empty()) check.task = *ParseObject(task);
    auto snapshot = store->Head();
    return Checker(*plan, *snapshot, now, limits, &answers).Check(check);
  }

  Decision Decide(const std::string& text, const std::string& task = "") {
    auto answer = Ask(text, task);
    EXPECT_TRUE(answer.ok()) << text << ": " << answer.status();
    return answer.ok() ? answer->decision : Decision::kConditional;
  }

  absl::StatusOr<std::vector<ExpandNode>> ExpandGoal(const std::string& object, const std::string& permission,
                                                     uint32_t depth) {
    auto snapshot = store->Head();
    Budget budget(limits.budget);
    return Expand(*plan, *snapshot, now, &budget, {*ParseObject(object), permission, depth, context});
  }

  absl::Time now = absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone());
  CheckLimits limits;
  bool explain = false;
  std::string context;  // Of every question.
  std::unique_ptr<TupleStore> store;
  std::unique_ptr<Plan> plan;
  AnswerCache answers{1 << 20};  // Of this store.
};

}  // namespace mandate

#endif  // MANDATE_CHECK_TEST_WORLD_H_
