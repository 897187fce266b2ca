// Worlds of unusual size or shape: right answers within the usual budgets, on the usual stack, in memory that is
// stated.
#include <malloc.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "service/database/database.h"

namespace mandate {
namespace {

constexpr char kScaleSchema[] = R"(
definition user {}
definition group {
  relation member: user | group#member
}
definition folder {
  relation parent: folder
  relation viewer: user | group#member
  permission view = viewer + parent->view
}
definition document {
  relation parent: folder
  relation viewer: user | group#member
  relation banned: user
  permission view = viewer + parent->view
  permission read = view - banned
}
)";

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

class Scale : public testing::Test {
 protected:
  Scale() : directory_(Cat(testing::TempDir(), "/mandate-scale-", getpid())) {
    std::filesystem::remove_all(directory_);
    auto database = Database::Open({.directory = directory_});
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    EXPECT_TRUE(database_->WriteSchema(kScaleSchema, {}, DryRun::kNo, nullptr).ok());
  }
  ~Scale() override {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  // `make(i)` is relationship number i of `count`.
  void Load(size_t count, const std::function<Relationship(size_t)>& make) {
    constexpr size_t kBatch = 100'000;
    for (size_t done = 0; done < count;) {
      std::vector<TupleChange> changes;
      for (; done < count && changes.size() < kBatch; ++done) {
        changes.push_back({ChangeOp::kTouch, make(done)});
      }
      auto revision = database_->Write(std::move(changes), {});
      ASSERT_TRUE(revision.ok()) << revision.status();
    }
  }
  static Relationship Rel(const char* type, size_t id, const char* relation, SubjectRef subject) {
    return {.resource = {type, std::to_string(id)}, .relation = relation, .subject = std::move(subject)};
  }

  Decision Ask(const std::string& text) {
    auto question = ParseQuestion(text);
    auto answer =
        database_->CheckerFor(*database_->Head())
            .Check({.resource = question->resource, .permission = question->permission, .subject = question->subject});
    EXPECT_TRUE(answer.ok()) << text << ": " << answer.status();
    return answer.ok() ? answer->decision : Decision::kConditional;
  }
  size_t CountResources(const std::string& type, const std::string& permission, const SubjectRef& subject) {
    size_t count = 0;
    std::string last;
    const absl::Status status = database_->LookupResourcesAt(
        *database_->Head(), {.resource_type = type, .permission = permission, .subject = subject}, {},
        [&](const Found& found) {
          EXPECT_LT(last, found.id) << "out of order, or twice";
          last = found.id;
          EXPECT_EQ(found.decision, Decision::kAllowed);
          return ++count > 0;
        });
    EXPECT_TRUE(status.ok()) << status;
    return count;
  }
  size_t CountSubjects(const ObjectRef& resource, const std::string& permission) {
    size_t count = 0;
    const absl::Status status = database_->LookupSubjectsAt(
        *database_->Head(), {.resource = resource, .permission = permission, .subject_type = "user"}, {},
        [&](const Found&) { return ++count > 0; });
    EXPECT_TRUE(status.ok()) << status;
    return count;
  }

  // Runs `what`, and says how long it took and how much memory it added.
  template <typename What>
  auto Measured(const std::string& name, const What& what) {
    malloc_trim(0);
    const uint64_t before = ResidentBytes();
    const absl::Time began = absl::Now();
    auto result = what();
    const uint64_t after = ResidentBytes();
    std::cout << "  " << name << ": " << absl::FormatDuration(absl::Now() - began) << ", "
              << (after > before ? (after - before) >> 20 : 0) << " MiB more resident\n";
    added_bytes_ = after > before ? after - before : 0;
    return result;
  }

  const std::string directory_;
  std::unique_ptr<Database> database_;
  uint64_t added_bytes_ = 0;  // By what was measured last.
};

TEST_F(Scale, ACircleOfTenThousandGroups) {
  constexpr size_t kGroups = 10'000;
  Load(kGroups, [&](size_t i) {
    return Rel("group", i, "member", {"group", std::to_string((i + 1) % kGroups), "member"});
  });
  Load(1, [](size_t) { return Rel("group", 5000, "member", {"user", "eve", ""}); });
  Load(1, [](size_t) { return Rel("document", 1, "viewer", {"group", "0", "member"}); });
  EXPECT_EQ(Measured("member", [&] { return Ask("document:1#view@user:eve"); }), Decision::kAllowed);
  EXPECT_EQ(Measured("not a member", [&] { return Ask("document:1#view@user:mallory"); }), Decision::kDenied);
  EXPECT_EQ(Ask("group:5001#member@user:eve"), Decision::kAllowed) << "the way round";
  EXPECT_EQ(Measured("all groups of one",
                     [&] {
                       return CountResources("group", "member", {"user", "eve", ""});
                     }),
            kGroups);
  EXPECT_EQ(Measured("all members of one", [&] { return CountSubjects({"group", "17"}, "member"); }), 1u);
}

TEST_F(Scale, AChainOfAHundredThousandFolders) {
  constexpr size_t kFolders = 100'000;
  Load(kFolders - 1, [](size_t i) { return Rel("folder", i + 1, "parent", {"folder", std::to_string(i), ""}); });
  Load(1, [](size_t) { return Rel("folder", 0, "viewer", {"user", "eve", ""}); });
  Load(1, [](size_t) { return Rel("document", 1, "parent", {"folder", std::to_string(kFolders - 1), ""}); });
  EXPECT_EQ(Measured("allowed", [&] { return Ask("document:1#view@user:eve"); }), Decision::kAllowed);
  EXPECT_EQ(Measured("denied", [&] { return Ask("document:1#view@user:mallory"); }), Decision::kDenied);
  EXPECT_EQ(Measured("all folders of one",
                     [&] {
                       return CountResources("folder", "view", {"user", "eve", ""});
                     }),
            kFolders);
  EXPECT_EQ(Measured("all viewers of one", [&] { return CountSubjects({"document", "1"}, "view"); }), 1u);
}

TEST_F(Scale, AFolderWithAMillionDocuments) {
  constexpr size_t kDocuments = 1'000'000;
  Load(kDocuments, [](size_t i) { return Rel("document", i, "parent", {"folder", "big", ""}); });
  Load(1, [](size_t) {
    return Relationship{.resource = {"folder", "big"}, .relation = "viewer", .subject = {"user", "eve", ""}};
  });
  EXPECT_EQ(Measured("allowed", [&] { return Ask("document:777777#view@user:eve"); }), Decision::kAllowed);
  EXPECT_EQ(Measured("all of them",
                     [&] {
                       return CountResources("document", "view", {"user", "eve", ""});
                     }),
            kDocuments);
  EXPECT_LT(added_bytes_, 256u << 20) << "the answer is not kept in memory";
  Load(1, [](size_t) { return Rel("document", 5, "banned", {"user", "eve", ""}); });
  EXPECT_EQ(Measured("all but one, each checked",
                     [&] {
                       return CountResources("document", "read", {"user", "eve", ""});
                     }),
            kDocuments - 1);
  EXPECT_LT(added_bytes_, 160u << 20) << "lists that are kept take what they say they take: 64 MiB, and marks";
}

TEST_F(Scale, ADocumentWithAMillionViewers) {
  constexpr size_t kViewers = 1'000'000;
  Load(kViewers, [](size_t i) { return Rel("document", 1, "viewer", {"user", std::to_string(i), ""}); });
  Load(kViewers, [](size_t i) { return Rel("group", 1, "member", {"user", std::to_string(i), ""}); });
  Load(1, [](size_t) { return Rel("document", 2, "viewer", {"group", "1", "member"}); });
  EXPECT_EQ(Measured("direct", [&] { return Ask("document:1#view@user:999999"); }), Decision::kAllowed);
  EXPECT_EQ(Measured("not one of them", [&] { return Ask("document:1#view@user:mallory"); }), Decision::kDenied);
  EXPECT_EQ(Measured("through a group of a million", [&] { return Ask("document:2#view@user:999999"); }),
            Decision::kAllowed);
  EXPECT_EQ(Measured("all of them", [&] { return CountSubjects({"document", "1"}, "view"); }), kViewers);
  EXPECT_LT(added_bytes_, 256u << 20) << "the answer is not kept in memory";
  EXPECT_EQ(Measured("all through the group", [&] { return CountSubjects({"document", "2"}, "view"); }), kViewers);
  const auto expanded = Measured("expanded", [&] {
    return database_->ExpandAt(*database_->Head(), {.resource = {"document", "1"}, .permission = "view"}, {});
  });
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  CheckLimits small;
  small.budget.memory_bytes_max = 16 << 20;
  EXPECT_EQ(database_->ExpandAt(*database_->Head(), {.resource = {"document", "1"}, .permission = "view"}, small)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace mandate
