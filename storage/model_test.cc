// The store against a model: a map of maps that keeps every revision whole. Random writes over a
// small universe, so that names collide, and after each a few random questions, asked of both. The
// seed is printed and can be given (MANDATE_SEED).
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "storage/test_world.h"

namespace mandate {
namespace {

struct Stored {
  Relationship relationship;
  Revision written;
  Revision born;
};
// By identity: the relationship's text without attributes.
using State = std::map<std::string, Stored>;

std::string IdentityOf(Relationship relationship) {
  relationship.caveat.clear();
  relationship.caveat_context.clear();
  relationship.expires_at = absl::InfiniteFuture();
  return ToText(relationship);
}

uint64_t Seed() {
  const char* given = getenv("MANDATE_SEED");
  return given != nullptr ? strtoull(given, nullptr, 10) : std::random_device()();
}

class Model : public testing::TestWithParam<Home> {
 protected:
  Model() { RecordProperty("seed", std::to_string(seed_)); }

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  const std::string& Pick(const std::vector<std::string>& from) { return from[Below(from.size())]; }

  Relationship RandomIdentity() {
    Relationship r;
    r.resource = {Pick({"doc", "folder"}), Pick({"a", "ab", "b", "a/b"})};
    r.relation = Pick({"viewer", "owner"});
    r.subject.type = Pick({"user", "team"});
    r.subject.id = Pick({"x", "xy", "y", "*"});
    if (r.subject.id != "*" && Below(3) == 0) r.subject.relation = Pick({"member", "lead"});
    return r;
  }

  Relationship RandomRelationship() {
    Relationship r = RandomIdentity();
    if (Below(3) == 0) r.caveat = Pick({"office", "region"});
    if (!r.caveat.empty() && Below(2) == 0) r.caveat_context = Pick({R"({"a":1})", R"({"b":2})"});
    if (Below(4) == 0) r.expires_at = world_.now + absl::Seconds(static_cast<int>(Below(6)) - 2);
    return r;
  }

  void RandomWrite() {
    WriteRequest request;
    State next = states_.rbegin()->second;
    const uint64_t head = states_.rbegin()->first;
    const Revision revision(head + 1 + (Below(5) == 0 ? Below(4) : 0));
    if (revision.value() != head + 1) request.at = revision;
    std::map<std::string, bool> named;
    for (size_t i = 1 + Below(5); i > 0; --i) {
      TupleChange change;
      change.op = Below(3) == 0 ? ChangeOp::kDelete : ChangeOp::kTouch;
      change.relationship = RandomRelationship();
      const std::string identity = IdentityOf(change.relationship);
      if (!named.emplace(identity, true).second) continue;
      if (change.op == ChangeOp::kTouch && !next.contains(identity) && Below(2) == 0) {
        change.op = ChangeOp::kCreate;
      }
      if (change.op == ChangeOp::kDelete) {
        next.erase(identity);
      } else {
        Touch(change.relationship, revision, &next[identity]);
      }
      request.changes.push_back(std::move(change));
    }
    EXPECT_EQ(world_.Write(request), revision);
    states_[revision.value()] = std::move(next);
  }

  // The rule of edge ages, as snapshot.h says it.
  void Touch(const Relationship& wanted, Revision revision, Stored* stored) const {
    const bool same = stored->written != Revision() && world_.now < stored->relationship.expires_at &&
                      stored->relationship.caveat == wanted.caveat &&
                      stored->relationship.caveat_context == wanted.caveat_context;
    if (same && stored->relationship == wanted) return;
    stored->relationship = wanted;
    stored->written = revision;
    if (!same) stored->born = revision;
  }

  const State& StateAt(Revision revision) const { return std::prev(states_.upper_bound(revision.value()))->second; }

  // One snapshot, asked in every way.
  void Compare(const Snapshot& snapshot) {
    SCOPED_TRACE(testing::Message() << "seed " << seed_ << ", revision " << snapshot.revision().value() << " of "
                                    << states_.rbegin()->first);
    const State& state = StateAt(snapshot.revision());
    CompareFind(snapshot, state);
    CompareRead(snapshot, state);
    CompareLists(snapshot, state);
  }

  void CompareFind(const Snapshot& snapshot, const State& state) {
    for (int i = 0; i < 5; ++i) {
      const Relationship wanted = RandomIdentity();
      const auto found = FindEdge(snapshot, wanted);
      ASSERT_TRUE(found.ok()) << found.status();
      const auto stored = state.find(ToText(wanted));
      ASSERT_EQ(found->has_value(), stored != state.end()) << ToText(wanted);
      if (!found->has_value()) continue;
      EXPECT_EQ((*found)->written, stored->second.written) << ToText(wanted);
      EXPECT_EQ((*found)->born, stored->second.born) << ToText(wanted);
      EXPECT_EQ((*found)->expires_at, stored->second.relationship.expires_at) << ToText(wanted);
      EXPECT_EQ((*found)->caveat_context, stored->second.relationship.caveat_context);
    }
  }

  TupleFilter RandomFilter() {
    const Relationship r = RandomIdentity();
    TupleFilter filter;
    if (Below(2) == 0) filter.resource_type = r.resource.type;
    if (Below(3) == 0) filter.resource_id = r.resource.id;
    if (filter.resource_id.empty() && Below(3) == 0) filter.resource_id_prefix = "a";
    if (Below(3) == 0) filter.relation = r.relation;
    if (Below(2) == 0) filter.subject_type = r.subject.type;
    if (Below(3) == 0) filter.subject_id = r.subject.id;
    if (Below(3) == 0) filter.subject_relation = r.subject.relation;
    return filter;
  }

  // Page by page of random sizes, going on behind the last row of each.
  void CompareRead(const Snapshot& snapshot, const State& state) {
    const TupleFilter filter = RandomFilter();
    std::vector<std::string> wanted, read;
    for (const auto& [identity, stored] : state) {
      if (filter.Matches(stored.relationship)) wanted.push_back(ToText(stored.relationship));
    }
    const std::vector<std::string> whole = ReadAll(snapshot, filter);
    std::optional<Relationship> after;
    for (bool more = true; more;) {
      const auto cursor = snapshot.Read(filter, after);
      for (size_t page = 1 + Below(4); page > 0 && cursor->Valid(); --page, cursor->Next()) {
        after = ToRelationship(cursor->row(), snapshot.names());
        read.push_back(ToText(*after));
      }
      more = cursor->Valid();
      ASSERT_TRUE(cursor->status().ok()) << cursor->status();
    }
    EXPECT_EQ(read, whole);
    EXPECT_THAT(read, testing::UnorderedElementsAreArray(wanted));
  }

  void CompareLists(const Snapshot& snapshot, const State& state) {
    const Relationship r = RandomIdentity();
    const ObjectKey object{IdOf(snapshot, r.resource.type), r.resource.id};
    const SubjectKey subject{IdOf(snapshot, r.subject.type), r.subject.id, IdOf(snapshot, r.subject.relation)};
    const NameId relation = IdOf(snapshot, r.relation);
    const std::string after = Below(2) == 0 ? "" : RandomIdentity().resource.id;
    std::vector<std::string> direct, sets, of_type, resources;
    for (const auto& [identity, stored] : state) {
      const Relationship& s = stored.relationship;
      if (s.resource == r.resource && s.relation == r.relation) {
        (s.subject.relation.empty() ? direct : sets).push_back(ToText(s));
        if (s.subject.type == r.subject.type && s.subject.relation == r.subject.relation && s.subject.id > after) {
          of_type.push_back(ToText(s));
        }
      }
      if (s.subject == r.subject && s.relation == r.relation && s.resource.type == r.resource.type &&
          s.resource.id > after) {
        resources.push_back(ToText(s));
      }
    }
    const auto expect = [&](std::unique_ptr<TupleCursor> cursor, const std::vector<std::string>& wanted) {
      EXPECT_THAT(Texts(std::move(cursor), snapshot.names()), testing::UnorderedElementsAreArray(wanted));
    };
    expect(snapshot.Subjects(object, relation, SubjectsOf::kDirect), direct);
    expect(snapshot.Subjects(object, relation, SubjectsOf::kSubjectSets), sets);
    expect(snapshot.SubjectsOfType(object, relation, subject.type, subject.relation, after), of_type);
    expect(snapshot.Resources(subject, object.type, relation, after), resources);
  }

  const uint64_t seed_ = Seed();
  std::mt19937_64 random_{seed_};
  // Small tables, so that reads meet several of them.
  World world_{GetParam(), {}, {.write_buffer_bytes = 64 << 10}};
  std::map<uint64_t, State> states_{{0, {}}};
};

INSTANTIATE_TEST_SUITE_P(Homes, Model, testing::Values(Home::kMemory, Home::kDisk, Home::kReopened), HomeName);

TEST_P(Model, AgreesAtEveryRevision) {
  const int steps = GetParam() == Home::kReopened ? 25 : 300;
  for (int step = 0; step < steps && !HasFailure(); ++step) {
    if (Below(3) == 0) world_.now += absl::Seconds(1);
    RandomWrite();
    if (GetParam() == Home::kDisk && Below(60) == 0) world_.Reopen();
    Compare(*world_.Head());
    for (int i = 0; i < 2; ++i) Compare(*world_.At(Revision(Below(states_.rbegin()->first + 1))));
  }
}

TEST_P(Model, TheChangelogReplaysIntoTheSameRelationships) {
  for (int step = 0; step < 20; ++step) RandomWrite();
  World replayed(Home::kMemory);
  const auto records = world_.store().Changes(Revision(0), 1000);
  ASSERT_TRUE(records.ok());
  for (const ChangeRecord& record : *records) {
    WriteRequest request;
    request.changes.assign(record.changes.begin(), record.changes.end());
    request.at = record.revision;
    replayed.Write(request);
  }
  EXPECT_EQ(ReadAll(*replayed.Head()).size(), states_.rbegin()->second.size());
  for (const auto& [identity, stored] : states_.rbegin()->second) {
    const auto edge = FindEdge(*replayed.Head(), stored.relationship);
    ASSERT_TRUE(edge.ok() && edge->has_value()) << identity << " seed " << seed_;
    EXPECT_EQ((*edge)->written, stored.written) << identity << " seed " << seed_;
  }
}

TEST_P(Model, ASnapshotHeldThroughLaterWritesAndCollectionsStaysTheSame) {
  std::vector<std::shared_ptr<const Snapshot>> held;
  const int steps = GetParam() == Home::kReopened ? 0 : 60;  // a reopened store has no old snapshots
  for (int step = 0; step < steps && !HasFailure(); ++step) {
    world_.now += absl::Hours(1);
    RandomWrite();
    held.push_back(world_.Head());
    const Revision oldest = world_.store().Stats()->oldest;
    const uint64_t span = states_.rbegin()->first - oldest.value() + 1;
    held.push_back(world_.At(Revision(oldest.value() + Below(span))));
    EXPECT_TRUE(world_.store().Collect().ok());
    Compare(*held[Below(held.size())]);
  }
}

}  // namespace
}  // namespace mandate
