#include "service/database/database.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "service/database/test_words.h"

namespace mandate {
namespace {

std::unique_ptr<Database> InMemory() {
  auto database = Database::Open({.store = {.in_memory = true}});
  EXPECT_TRUE(database.ok()) << database.status();
  return *std::move(database);
}

TupleChange Touch(const std::string& relationship) { return {ChangeOp::kTouch, *ParseRelationship(relationship)}; }

bool Allowed(const Database& database, const View& view, const std::string& question) {
  auto parsed = ParseQuestion(question);
  auto answer = database.CheckerFor(view).Check(
      {.resource = parsed->resource, .permission = parsed->permission, .subject = parsed->subject});
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() && answer->decision == Decision::kAllowed;
}

// A schema under which users, or teams, may view documents.
std::string ViewersAre(const std::string& type) {
  return Cat("definition user {}\ndefinition team {}\ndefinition document {\n  relation viewer: ", type,
             "\n  permission view = viewer\n}\n");
}

TEST(Database, RefusesEverythingBeforeTheFirstSchema) {
  auto database = InMemory();
  EXPECT_EQ(Fault(database->Head().status()), "FAILED_PRECONDITION NO_SCHEMA");
  EXPECT_EQ(Fault(database->Write({Touch("document:plan#viewer@user:alice")}, {}).status()),
            "FAILED_PRECONDITION NO_SCHEMA");
}

TEST(Database, NamesTheChangeThatTheSchemaDoesNotAllow) {
  auto database = InMemory();
  ASSERT_TRUE(database->WriteSchema(kDocumentSchema, {}, DryRun::kNo, nullptr).ok());
  const TupleChange good = Touch("document:plan#viewer@user:alice");
  const auto fault = [&](const std::string& bad) { return Fault(database->Write({good, Touch(bad)}, {}).status()); };
  EXPECT_EQ(fault("document:plan#owner@team:core#member"),
            "INVALID_ARGUMENT SUBJECT_TYPE_NOT_ALLOWED changes[1].relationship.subject");
  EXPECT_EQ(fault("document:plan#edit@user:alice"), "INVALID_ARGUMENT NOT_A_RELATION changes[1].relationship.relation");
  EXPECT_EQ(fault("folder:plan#viewer@user:alice"),
            "INVALID_ARGUMENT UNKNOWN_DEFINITION changes[1].relationship.resource.type");
  EXPECT_EQ(fault("document:plan#owner@user:alice[expiration:2099-01-01T00:00:00Z]"),
            "INVALID_ARGUMENT EXPIRATION_NOT_ALLOWED changes[1].relationship.expires_at");
  EXPECT_EQ(fault("document:plan#viewer@user:alice"), "INVALID_ARGUMENT DUPLICATE_UPDATE changes[1].relationship");
}

TEST(Database, AnswersThePastWithTheSchemaOfThePast) {
  auto database = InMemory();
  auto with_users = database->WriteSchema(ViewersAre("user"), {}, DryRun::kNo, nullptr);
  ASSERT_TRUE(with_users.ok());
  auto written = database->Write({Touch("document:plan#viewer@user:alice")}, {});
  ASSERT_TRUE(written.ok());
  ASSERT_TRUE(database->Write({{ChangeOp::kDelete, Touch("document:plan#viewer@user:alice").relationship}}, {}).ok());
  // More schemas than plans are kept.
  for (int i = 0; i < 20; ++i) {
    auto revision = database->WriteSchema(ViewersAre(i % 2 == 0 ? "team" : "user"), {}, DryRun::kNo, nullptr);
    ASSERT_TRUE(revision.ok()) << revision.status();
  }
  auto past = database->At(*written);
  ASSERT_TRUE(past.ok()) << past.status();
  EXPECT_TRUE(Allowed(*database, *past, "document:plan#view@user:alice"));
  EXPECT_EQ(past->plan->schema_revision(), *with_users);
  auto head = database->Head();
  ASSERT_TRUE(head.ok());
  EXPECT_FALSE(Allowed(*database, *head, "document:plan#view@user:alice"));
}

TEST(Database, DryRunOfASchemaSaysWhatWouldHappenAndChangesNothing) {
  auto database = InMemory();
  ASSERT_TRUE(database->WriteSchema(ViewersAre("user"), {}, DryRun::kNo, nullptr).ok());
  ASSERT_TRUE(database->Write({Touch("document:plan#viewer@user:alice")}, {}).ok());
  const Revision before = database->store().Head()->revision();
  EXPECT_TRUE(database->WriteSchema(ViewersAre("user | team"), {}, DryRun::kYes, nullptr).ok());
  EXPECT_EQ(Fault(database->WriteSchema(ViewersAre("team"), {}, DryRun::kYes, nullptr).status()),
            "FAILED_PRECONDITION ORPHANS_RELATIONSHIPS");
  EXPECT_EQ(database->store().Head()->revision(), before);
  EXPECT_EQ((*database->Head()).plan->schema_revision(), Revision(1));
}

// Every relationship of a snapshot is allowed by that snapshot's own schema.
void ExpectAllowedByItsSchema(const View& view) {
  auto cursor = view.snapshot->Read({.resource_type = "document"}, std::nullopt);
  for (; cursor->Valid(); cursor->Next()) {
    const Relationship relationship = ToRelationship(cursor->row(), view.snapshot->names());
    EXPECT_TRUE(ValidateRelationship(view.plan->schema(), relationship, Intent::kStore).ok())
        << ToText(relationship) << " is stored at " << view.revision().value();
  }
  ASSERT_TRUE(cursor->status().ok()) << cursor->status();
}

// Writers of both kinds of viewers, while two threads alternate the schemas that allow one of them
// alone. A relationship that was valid when it was judged must not slip in behind a schema that
// forbids it, nor a schema behind it.
TEST(Database, NeverHoldsWhatTheSchemaInForceDisallows) {
  constexpr int kWriters = 4;
  constexpr int kWritesEach = 60;
  auto database = InMemory();
  ASSERT_TRUE(database->WriteSchema(ViewersAre("user"), {}, DryRun::kNo, nullptr).ok());
  std::atomic<bool> writing = true;
  std::atomic<int> accepted = 0, refused = 0, schemas = 0, orphaned = 0;
  std::vector<std::thread> threads;
  for (const char* const type : {"user", "team"}) {
    threads.emplace_back([&, type] {
      while (writing) {
        const absl::Status status = database->WriteSchema(ViewersAre(type), {}, DryRun::kNo, nullptr).status();
        if (status.ok()) {
          ++schemas;
        } else if (ReasonOf(status) == "ORPHANS_RELATIONSHIPS") {
          ++orphaned;
        } else {
          EXPECT_EQ(Fault(status), "ABORTED SCHEMA_CHANGED");
        }
      }
    });
  }
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kWritesEach; ++i) {
        const TupleChange touch = Touch(Cat("document:d", w, "#viewer@", i % 2 == 0 ? "user" : "team", ":x"));
        const absl::Status status = database->Write({touch}, {}).status();
        if (!status.ok()) {
          ++refused;
          if (Fault(status) != "ABORTED SCHEMA_CHANGED") {
            EXPECT_EQ(Fault(status), "INVALID_ARGUMENT SUBJECT_TYPE_NOT_ALLOWED changes[0].relationship.subject");
          }
          continue;
        }
        ++accepted;
        auto view = database->Head();
        if (view.ok()) ExpectAllowedByItsSchema(*view);
        // Out of the way of the next schema.
        while (!database->Write({{ChangeOp::kDelete, touch.relationship}}, {}).ok()) {
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  writing = false;
  for (std::thread& thread : threads) thread.join();
  for (uint64_t r = 1; r <= database->store().Head()->revision().value(); ++r) {
    auto view = database->At(Revision(r));
    ASSERT_TRUE(view.ok()) << view.status();
    ExpectAllowedByItsSchema(*view);
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(schemas, 0);
  std::cout << "accepted " << accepted << ", refused " << refused << ", schemas " << schemas << ", kept from orphaning "
            << orphaned << "\n";
}

// One schema change in the middle of many writes costs no caller a retry of its own: the write is
// validated again.
TEST(Database, ValidatesAWriteAgainWhenTheSchemaChangesUnderIt) {
  auto database = InMemory();
  ASSERT_TRUE(database->WriteSchema(ViewersAre("user"), {}, DryRun::kNo, nullptr).ok());
  std::atomic<int> writes = 0;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(Fault(database->Write({Touch(Cat("document:d", w, "#viewer@user:u", i))}, {}).status()), "OK");
        ++writes;
      }
    });
  }
  for (int changed = 0; changed < 8;) {
    if (writes < changed * 40) {
      std::this_thread::yield();
      continue;
    }
    const std::string type = ++changed % 2 == 0 ? "user" : "user | team";
    ASSERT_TRUE(database->WriteSchema(ViewersAre(type), {}, DryRun::kNo, nullptr).ok());
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(database->store().Head()->revision(), Revision(1 + 8 + 400));
}

// What is kept in memory while others write: each answer must be that of its own revision.
TEST(Database, RecallsNoAnswerOfAnotherRevision) {
  auto database = InMemory();
  ASSERT_TRUE(database->WriteSchema(kDocumentSchema, {}, DryRun::kNo, nullptr).ok());
  ASSERT_TRUE(database
                  ->Write({Touch("document:plan#parent@document:top"), Touch("document:top#viewer@team:core#member"),
                           Touch("team:core#member@team:inner#member")},
                          {})
                  .ok());
  constexpr int kRounds = 400;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < kRounds; ++i) {
      const bool joins = i % 2 == 0;
      TupleChange change = Touch("team:inner#member@user:alice");
      if (!joins) change.op = ChangeOp::kDelete;
      const auto written = database->Write({change}, {});
      EXPECT_TRUE(written.ok());
      EXPECT_EQ(Allowed(*database, *database->Head(), "document:plan#view@user:alice"), joins)
          << "a write that returned is seen by whoever asks next";
      (void)database->Write({Touch(Cat("document:other#owner@user:u", i))}, {});
    }
    done = true;
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        const View view = *database->Head();
        const auto names = [&](const char* name) { return *view.snapshot->names().Find(name); };
        const auto stored = view.snapshot->Find({names("team"), "inner"}, names("member"), {names("user"), "alice"});
        ASSERT_TRUE(stored.ok());
        EXPECT_EQ(Allowed(*database, view, "document:plan#view@user:alice"), stored->has_value());
        const auto past = database->At(Revision(view.revision().value() - 1));
        if (!past.ok()) continue;
        const auto then = past->snapshot->Find({names("team"), "inner"}, names("member"), {names("user"), "alice"});
        EXPECT_EQ(Allowed(*database, *past, "document:plan#view@user:alice"), then->has_value());
      }
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace mandate
