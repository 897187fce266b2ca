// test_world.h: the vocabulary of the storage tests. A World is a store with a clock that stands
// still.
//
//   World world(Home::kMemory);
//   world.Write({"touch document:plan#viewer@user:alice", "delete document:plan#viewer@user:bob"});
//   EXPECT_THAT(world.Subjects("document:plan#viewer"), ElementsAre("user:alice"));
//
// Threads     A test's own; store() may be shared.
// Ownership   A World on disk has a directory of its own and removes it.
#ifndef MANDATE_STORAGE_TEST_WORLD_H_
#define MANDATE_STORAGE_TEST_WORLD_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "schema/reason.h"
#include "storage/open.h"
#include "storage/scratch_directory.h"
#include "storage/tuple_store.h"

namespace mandate {

enum class Home {
  kMemory,
  kDisk,
  kReopened,  // On disk, closed and opened again before every step.
};

inline std::string HomeName(const testing::TestParamInfo<Home>& info) {
  switch (info.param) {
    case Home::kMemory: return "InMemory";
    case Home::kDisk: return "OnDisk";
    case Home::kReopened: return "Reopened";
  }
  return "";
}

inline Relationship Rel(std::string_view text) {
  absl::StatusOr<Relationship> parsed = ParseRelationship(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  return parsed.ok() ? *parsed : Relationship{};
}

// `touch REL`, `create REL` or `delete REL`.
inline TupleChange Change(std::string_view text) {
  const size_t space = text.find(' ');
  const std::string_view op = text.substr(0, space);
  TupleChange change;
  change.op = op == "create" ? ChangeOp::kCreate : op == "delete" ? ChangeOp::kDelete : ChangeOp::kTouch;
  change.relationship = Rel(text.substr(space + 1));
  return change;
}

inline WriteRequest Request(std::initializer_list<std::string_view> changes) {
  WriteRequest request;
  for (std::string_view change : changes) request.changes.push_back(Change(change));
  return request;
}

// `document:plan#viewer` in ids.
struct ObjectRelation {
  ObjectKey object;
  NameId relation = NameId::kNone;
};

inline std::vector<std::string> Texts(std::unique_ptr<TupleCursor> cursor, const NameTable& names) {
  std::vector<std::string> texts;
  for (; cursor->Valid(); cursor->Next()) {
    texts.push_back(ToText(ToRelationship(cursor->row(), names)));
  }
  EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  return texts;
}

inline std::vector<std::string> ReadAll(const Snapshot& snapshot, const TupleFilter& filter = {}) {
  return Texts(snapshot.Read(filter, std::nullopt), snapshot.names());
}

inline NameId IdOf(const Snapshot& snapshot, std::string_view name) {
  if (name.empty()) return NameId::kNone;
  return snapshot.names().Find(name).value_or(static_cast<NameId>(0x7fffffff));
}

// The edge of `relationship`'s identity.
inline absl::StatusOr<std::optional<Edge>> FindEdge(const Snapshot& snapshot, const Relationship& relationship) {
  return snapshot.Find({IdOf(snapshot, relationship.resource.type), relationship.resource.id},
                       IdOf(snapshot, relationship.relation),
                       {IdOf(snapshot, relationship.subject.type), relationship.subject.id,
                        IdOf(snapshot, relationship.subject.relation)});
}

class World {
 public:
  explicit World(Home home, StoreOptions options = {}, OpenSeams seams = {})
      : home_(home), options_(std::move(options)), seams_(seams) {
    options_.in_memory = home == Home::kMemory;
    options_.block_cache_bytes = 8 << 20;
    options_.clock = [this] { return now; };
    Open();
  }

  void Close() { store_.reset(); }
  void Reopen() {
    if (home_ == Home::kMemory) return;
    Close();
    Open();
  }

  // The store; reopened, if this world is.
  TupleStore& store() {
    if (home_ == Home::kReopened) Reopen();
    return *store_;
  }
  std::shared_ptr<const Snapshot> Head() { return store().Head(); }
  std::shared_ptr<const Snapshot> At(Revision revision) {
    auto snapshot = store().At(revision);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *snapshot : nullptr;
  }

  Revision Write(std::initializer_list<std::string_view> changes) { return Write(Request(changes)); }
  Revision Write(const WriteRequest& request) {
    absl::StatusOr<Revision> revision = store().Write(request);
    EXPECT_TRUE(revision.ok()) << revision.status();
    return revision.value_or(Revision());
  }
  absl::Status Try(std::initializer_list<std::string_view> changes) { return Try(Request(changes)); }
  absl::Status Try(const WriteRequest& request) { return store().Write(request).status(); }

  std::optional<Edge> Find(std::string_view text) { return Find(*Head(), text); }
  static std::optional<Edge> Find(const Snapshot& snapshot, std::string_view text) {
    auto edge = FindEdge(snapshot, Rel(text));
    EXPECT_TRUE(edge.ok()) << edge.status();
    return edge.ok() ? *edge : std::nullopt;
  }

  // `document:plan#viewer`: its subjects as text.
  std::vector<std::string> Subjects(std::string_view text, SubjectsOf which = SubjectsOf::kAll) {
    const auto head = Head();
    const Relationship rel = Rel(std::string(text) + "@any:any");
    auto cursor = head->Subjects({IdOf(*head, rel.resource.type), rel.resource.id}, IdOf(*head, rel.relation), which);
    std::vector<std::string> texts;
    for (; cursor->Valid(); cursor->Next()) {
      texts.push_back(ToText(ToRelationship(cursor->row(), head->names()).subject));
    }
    EXPECT_TRUE(cursor->status().ok()) << cursor->status();
    return texts;
  }

  const std::string& directory() const { return scratch_.path(); }
  const StoreOptions& options() const { return options_; }

  absl::Time now = absl::FromUnixSeconds(1'800'000'000);

 private:
  void Open() {
    auto store = OpenRocksStoreWith(home_ == Home::kMemory ? "" : directory(), options_, seams_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  const Home home_;
  StoreOptions options_;
  const OpenSeams seams_;
  ScratchDirectory scratch_;
  std::unique_ptr<TupleStore> store_;
};

#define EXPECT_REFUSED(status_expression, wanted_code, wanted_reason)    \
  do {                                                                   \
    const absl::Status refused = (status_expression);                    \
    EXPECT_EQ(refused.code(), absl::StatusCode::wanted_code) << refused; \
    EXPECT_EQ(ReasonOf(refused), wanted_reason) << refused;              \
  } while (false)

}  // namespace mandate

#endif  // MANDATE_STORAGE_TEST_WORLD_H_
