// What a write does and what is refused, each on a store in memory, on disk, and reopened before
// every step.
#include <gmock/gmock.h>

#include "schema/text.h"
#include "storage/test_world.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Store : public testing::TestWithParam<Home> {
 protected:
  World world{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Homes, Store, testing::Values(Home::kMemory, Home::kDisk, Home::kReopened), HomeName);

TEST_P(Store, BeginsEmptyAtRevisionZero) {
  EXPECT_EQ(world.Head()->revision(), Revision(0));
  EXPECT_THAT(ReadAll(*world.Head()), IsEmpty());
  EXPECT_EQ(world.Head()->Schema()->text, "");
  EXPECT_THAT(ReadAll(*world.At(Revision(0))), IsEmpty());
}

TEST_P(Store, EveryWriteGetsTheNextRevision) {
  EXPECT_EQ(world.Write({"touch doc:a#viewer@user:alice"}), Revision(1));
  EXPECT_EQ(world.Write({"touch doc:a#viewer@user:alice"}), Revision(2)) << "though a no-op";
  EXPECT_EQ(world.Write({"delete doc:a#viewer@user:nobody"}), Revision(3)) << "though a no-op";
  EXPECT_EQ(world.Head()->revision(), Revision(3));
}

TEST_P(Store, FindsWhatWasWrittenAndNothingElse) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@team:core#member"});
  EXPECT_TRUE(world.Find("doc:a#viewer@user:alice"));
  EXPECT_TRUE(world.Find("doc:a#viewer@team:core#member"));
  EXPECT_FALSE(world.Find("doc:a#viewer@team:core"));
  EXPECT_FALSE(world.Find("doc:a#viewer@user:alic"));
  EXPECT_FALSE(world.Find("doc:b#viewer@user:alice"));
  EXPECT_FALSE(world.Find("doc:a#owner@user:alice"));
}

TEST_P(Store, KeepsCaveatContextAndExpiry) {
  const std::string text =
      R"(doc:a#viewer@user:alice[office_hours:{"tz":"UTC"}][expiration:2030-01-02T03:04:05.678901Z])";
  world.Write({"create " + text});
  EXPECT_THAT(ReadAll(*world.Head()), ElementsAre(ToText(Rel(text))));
  const auto edge = world.Find(text);
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->expires_at, Rel(text).expires_at);
  EXPECT_EQ(world.Head()->names().Name(edge->caveat), "office_hours");
}

TEST_P(Store, ListsDirectSubjectsApartFromSubjectSets) {
  world.Write({"touch doc:a#viewer@user:bob", "touch doc:a#viewer@team:core#member", "touch doc:a#viewer@user:*",
               "touch doc:a#viewer@user:alice", "touch doc:ab#viewer@user:carol", "touch doc:a#owner@user:dan"});
  EXPECT_THAT(world.Subjects("doc:a#viewer", SubjectsOf::kDirect), ElementsAre("user:*", "user:alice", "user:bob"));
  EXPECT_THAT(world.Subjects("doc:a#viewer", SubjectsOf::kSubjectSets), ElementsAre("team:core#member"));
  EXPECT_THAT(world.Subjects("doc:a#viewer"), ElementsAre("user:*", "user:alice", "user:bob", "team:core#member"));
}

TEST_P(Store, ListsSubjectsOfOneTypeAndRelation) {
  world.Write({"touch doc:a#viewer@user:bob", "touch doc:a#viewer@service:ci", "touch doc:a#viewer@team:core#member",
               "touch doc:a#viewer@team:core#lead"});
  const auto head = world.Head();
  const ObjectKey doc{IdOf(*head, "doc"), "a"};
  const auto subjects = [&](std::string_view type, std::string_view relation) {
    return Texts(head->SubjectsOfType(doc, IdOf(*head, "viewer"), IdOf(*head, type), IdOf(*head, relation), ""),
                 head->names());
  };
  EXPECT_THAT(subjects("user", ""), ElementsAre("doc:a#viewer@user:bob"));
  EXPECT_THAT(subjects("service", ""), ElementsAre("doc:a#viewer@service:ci"));
  EXPECT_THAT(subjects("team", "lead"), ElementsAre("doc:a#viewer@team:core#lead"));
  EXPECT_THAT(subjects("team", ""), IsEmpty());
}

TEST_P(Store, ListsTheResourcesOfASubject) {
  world.Write({"touch doc:b#viewer@user:bob", "touch doc:a#viewer@user:bob", "touch doc:a#owner@user:bob",
               "touch folder:x#viewer@user:bob", "touch doc:c#viewer@user:bobby",
               "touch doc:d#viewer@user:bob#friend"});
  const auto head = world.Head();
  auto cursor = head->Resources({IdOf(*head, "user"), "bob"}, IdOf(*head, "doc"), IdOf(*head, "viewer"), "");
  EXPECT_THAT(Texts(std::move(cursor), head->names()), ElementsAre("doc:a#viewer@user:bob", "doc:b#viewer@user:bob"));
}

TEST_P(Store, PutsRelationshipsOnTopOfASnapshotWithoutStoringThem) {
  world.Write({"touch doc:b#viewer@user:alice", "touch doc:c#viewer@user:bob", "touch group:g#member@user:carol"});
  const auto head = world.Head();
  const auto layered =
      head->With({Rel("doc:a#viewer@user:alice"), Rel("doc:b#viewer@user:alice[expiration:2030-01-01T00:00:00Z]")});
  const auto viewers_of_alice = [&](const Snapshot& snapshot) {
    return Texts(
        snapshot.Resources({IdOf(snapshot, "user"), "alice"}, IdOf(snapshot, "doc"), IdOf(snapshot, "viewer"), ""),
        snapshot.names());
  };
  EXPECT_THAT(viewers_of_alice(*layered),
              ElementsAre("doc:a#viewer@user:alice", "doc:b#viewer@user:alice[expiration:2030-01-01T00:00:00Z]"));
  EXPECT_THAT(viewers_of_alice(*head), ElementsAre("doc:b#viewer@user:alice"));
  const auto edge =
      layered->Find({IdOf(*layered, "doc"), "a"}, IdOf(*layered, "viewer"), {IdOf(*layered, "user"), "alice"});
  ASSERT_TRUE(edge.ok() && edge->has_value()) << edge.status();
  EXPECT_EQ((*edge)->written, Revision());
  EXPECT_THAT(Texts(layered->Read({.resource_type = "doc"}, std::nullopt), layered->names()).size(), 3u);
}

TEST_P(Store, RefusesToCreateWhatIsStoredEvenExpired) {
  world.Write({"create doc:a#viewer@user:alice[expiration:2020-01-01T00:00:00Z]"});
  const WriteRequest again = Request({"touch doc:z#viewer@user:alice", "create doc:a#viewer@user:alice"});
  const absl::Status status = world.Try(again);
  EXPECT_REFUSED(status, kAlreadyExists, "ALREADY_EXISTS");
  EXPECT_THAT(std::string(status.message()), HasSubstr("`doc:a#viewer@user:alice`"));
  EXPECT_EQ(FieldOf(status), "changes[1].relationship");
  EXPECT_EQ(world.Head()->revision(), Revision(1));
  EXPECT_FALSE(world.Find("doc:z#viewer@user:alice")) << "a refused write leaves no trace";
}

TEST_P(Store, RefusesAnEmptyWriteAndOneThatNamesARelationshipTwice) {
  EXPECT_REFUSED(world.Try(WriteRequest{}), kInvalidArgument, "");
  const absl::Status status =
      world.Try({"touch doc:a#viewer@user:alice", "touch doc:b#viewer@user:alice", "delete doc:a#viewer@user:alice"});
  EXPECT_REFUSED(status, kInvalidArgument, "DUPLICATE_UPDATE");
  EXPECT_EQ(FieldOf(status), "changes[2].relationship");
  EXPECT_THAT(std::string(status.message()), HasSubstr("changes[0] and changes[2]"));
}

TEST_P(Store, RefusesANulByteInAnId) {
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.changes[0].relationship.resource.id = std::string("a\0b", 3);
  EXPECT_REFUSED(world.Try(request), kInvalidArgument, "");
}

TEST_P(Store, JudgesPreconditionsByWhatIsUnexpired) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:b#viewer@user:alice[expiration:2020-01-01T00:00:00Z]"});
  const auto write_if = [&](Precondition::Kind kind, std::string id) {
    WriteRequest request = Request({"touch doc:a#viewer@user:bob"});
    TupleFilter filter;
    filter.resource_type = "doc";
    filter.resource_id = std::move(id);
    request.preconditions.push_back({kind, filter});
    return world.Try(request);
  };
  EXPECT_TRUE(write_if(Precondition::Kind::kMustMatch, "a").ok());
  EXPECT_TRUE(write_if(Precondition::Kind::kMustNotMatch, "b").ok());
  EXPECT_REFUSED(write_if(Precondition::Kind::kMustNotMatch, "a"), kFailedPrecondition, "PRECONDITION_FAILED");
  EXPECT_REFUSED(write_if(Precondition::Kind::kMustMatch, "b"), kFailedPrecondition, "PRECONDITION_FAILED");
  EXPECT_EQ(FieldOf(write_if(Precondition::Kind::kMustMatch, "c")), "preconditions[0]");
}

// --- Edge ages ---

TEST_P(Store, TouchThatChangesOnlyTheExpiryKeepsTheAge) {
  world.Write({"touch doc:a#viewer@user:alice[office:{\"x\":1}]"});
  world.Write({"touch doc:a#viewer@user:alice[office:{\"x\":1}][expiration:2040-01-01T00:00:00Z]"});
  const auto edge = world.Find("doc:a#viewer@user:alice");
  EXPECT_EQ(edge->born, Revision(1));
  EXPECT_EQ(edge->written, Revision(2));
}

TEST_P(Store, TouchThatChangesNothingWritesNoNewVersion) {
  world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_EQ(world.Find("doc:a#viewer@user:alice")->written, Revision(1));
  EXPECT_TRUE(world.store().Changes(Revision(1), 9)->at(0).changes.empty());
}

TEST_P(Store, TouchThatChangesTheCaveatMakesANewEdge) {
  world.Write({"touch doc:a#viewer@user:alice[office:{\"x\":1}]"});
  world.Write({"touch doc:a#viewer@user:alice[office:{\"x\":2}]"});
  EXPECT_EQ(world.Find("doc:a#viewer@user:alice")->born, Revision(2));
  world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_EQ(world.Find("doc:a#viewer@user:alice")->born, Revision(3));
}

TEST_P(Store, TouchRevivesNoExpiredEdge) {
  world.Write({"touch doc:a#viewer@user:alice[expiration:2027-01-16T00:00:00Z]"});
  world.now = absl::FromUnixSeconds(1'800'100'000);  // 2027-01-16, later that day
  world.Write({"touch doc:a#viewer@user:alice[expiration:2027-01-16T00:00:00Z]"});
  EXPECT_EQ(world.Find("doc:a#viewer@user:alice")->born, Revision(2));
}

TEST_P(Store, AnEdgeThatWasDeletedAndWrittenAgainIsNew) {
  world.Write({"touch doc:a#viewer@user:alice"});
  world.Write({"delete doc:a#viewer@user:alice"});
  EXPECT_FALSE(world.Find("doc:a#viewer@user:alice"));
  world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_EQ(world.Find("doc:a#viewer@user:alice")->born, Revision(3));
}

// --- Revisions ---

TEST_P(Store, AnOlderRevisionShowsWhatStoodThen) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob"});
  world.Write({"touch doc:a#viewer@user:alice[office]"});
  world.Write({"delete doc:a#viewer@user:alice"});
  world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_THAT(ReadAll(*world.At(Revision(0))), IsEmpty());
  EXPECT_THAT(ReadAll(*world.At(Revision(1))), ElementsAre("doc:a#viewer@user:alice", "doc:a#viewer@user:bob"));
  EXPECT_THAT(ReadAll(*world.At(Revision(2))), ElementsAre("doc:a#viewer@user:alice[office]", "doc:a#viewer@user:bob"));
  EXPECT_THAT(ReadAll(*world.At(Revision(3))), ElementsAre("doc:a#viewer@user:bob"));
  EXPECT_FALSE(World::Find(*world.At(Revision(3)), "doc:a#viewer@user:alice"));
  EXPECT_EQ(World::Find(*world.At(Revision(4)), "doc:a#viewer@user:alice")->born, Revision(4));
}

TEST_P(Store, ReadsBehindARelationshipThatOnlyHistoryHolds) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob"});
  world.Write({"delete doc:a#viewer@user:alice"});
  const auto then = world.At(Revision(1));
  EXPECT_THAT(Texts(then->Read({}, Rel("doc:a#viewer@user:alice")), then->names()),
              ElementsAre("doc:a#viewer@user:bob"));
}

TEST_P(Store, RevisionsMayHaveGaps) {
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.at = Revision(10);
  EXPECT_EQ(world.Write(request), Revision(10));
  EXPECT_REFUSED(world.Try(request), kFailedPrecondition, "REVISION_TAKEN");
  request = Request({"touch doc:a#viewer@user:bob"});
  request.at = Revision(20);
  EXPECT_EQ(world.Write(request), Revision(20));
  EXPECT_EQ(world.Write({"delete doc:a#viewer@user:alice"}), Revision(21));
  EXPECT_THAT(ReadAll(*world.At(Revision(9))), IsEmpty());
  EXPECT_THAT(ReadAll(*world.At(Revision(15))), ElementsAre("doc:a#viewer@user:alice"));
  EXPECT_EQ(world.At(Revision(15))->revision(), Revision(15));
}

TEST_P(Store, RefusesARevisionAheadOfTheNewest) {
  world.Write({"touch doc:a#viewer@user:alice"});
  EXPECT_REFUSED(world.store().At(Revision(2)).status(), kOutOfRange, "REVISION_UNKNOWN");
  EXPECT_REFUSED(world.store().Changes(Revision(2), 1).status(), kOutOfRange, "REVISION_UNKNOWN");
}

TEST_P(Store, TellsEveryCommitInOrder) {
  world.Write({"touch doc:a#viewer@user:alice[office]", "touch doc:a#viewer@user:bob"});
  WriteRequest with_schema = Request({"delete doc:a#viewer@user:alice"});
  with_schema.schema_text = "definition doc {}";
  world.now += absl::Seconds(5);
  world.Write(with_schema);
  const auto records = world.store().Changes(Revision(0), 10);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ(records->at(0).revision, Revision(1));
  EXPECT_FALSE(records->at(0).schema_changed);
  EXPECT_EQ(ToText(records->at(0).changes.at(0).relationship), "doc:a#viewer@user:alice[office]");
  EXPECT_EQ(records->at(1).committed_at, world.now);
  EXPECT_TRUE(records->at(1).schema_changed);
  EXPECT_EQ(records->at(1).changes.at(0).op, ChangeOp::kDelete);
  EXPECT_EQ(ToText(records->at(1).changes.at(0).relationship), "doc:a#viewer@user:alice");
  EXPECT_EQ(world.store().Changes(Revision(0), 1)->size(), 1u);
  EXPECT_EQ(world.store().Changes(Revision(1), 9)->size(), 1u);
}

// --- Schemas, names, facts, guards ---

TEST_P(Store, EachRevisionHasTheSchemaInForceThen) {
  const auto write_schema = [&](std::string text) {
    WriteRequest request;
    request.schema_text = std::move(text);
    request.schema_names = {"doc", "viewer", "user"};
    return world.Write(request);
  };
  write_schema("one");
  world.Write({"touch doc:a#viewer@user:alice"});
  write_schema("three");
  EXPECT_EQ(world.Head()->Schema()->text, "three");
  EXPECT_EQ(world.Head()->SchemaRevision(), Revision(3));
  EXPECT_EQ(world.At(Revision(0))->Schema()->text, "");
  EXPECT_EQ(world.At(Revision(2))->Schema()->text, "one");
  EXPECT_EQ(world.At(Revision(2))->Schema()->revision, Revision(1));
}

TEST_P(Store, AWriteForAnotherSchemaIsAborted) {
  WriteRequest schema;
  schema.schema_text = "one";
  world.Write(schema);
  WriteRequest request = Request({"touch doc:a#viewer@user:alice"});
  request.expected_schema = Revision(0);
  EXPECT_REFUSED(world.Try(request), kAborted, "SCHEMA_CHANGED");
  request.expected_schema = Revision(1);
  EXPECT_TRUE(world.Try(request).ok());
}

TEST_P(Store, NamesKeepTheirIdsAndRefusedWritesLeaveNone) {
  WriteRequest schema;
  schema.schema_names = {"doc", "viewer"};
  world.Write(schema);
  const NameId viewer = IdOf(*world.Head(), "viewer");
  EXPECT_EQ(viewer, static_cast<NameId>(2));
  WriteRequest refused = Request({"touch secret:a#owner@user:x"});
  refused.guard = [](PendingWrite&) { return absl::PermissionDeniedError("no"); };
  EXPECT_FALSE(world.Try(refused).ok());
  EXPECT_FALSE(world.Head()->names().Find("secret"));
  world.Write({"touch doc:a#owner@user:x"});
  EXPECT_EQ(IdOf(*world.Head(), "viewer"), viewer);
  EXPECT_EQ(world.Head()->names().size(), 4u);
}

TEST_P(Store, AGuardSeesBeforeAndAfterAndMayRefuse) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob"});
  WriteRequest request = Request({"delete doc:a#viewer@user:alice", "touch page:b#viewer@user:carol"});
  bool refuse = true;
  request.guard = [&](PendingWrite& write) -> absl::Status {
    EXPECT_EQ(write.revision(), Revision(2));
    EXPECT_EQ(write.now(), world.now);
    EXPECT_THAT(ReadAll(write.before()), ElementsAre("doc:a#viewer@user:alice", "doc:a#viewer@user:bob"));
    EXPECT_THAT(ReadAll(write.after()), ElementsAre("doc:a#viewer@user:bob", "page:b#viewer@user:carol"));
    EXPECT_FALSE(World::Find(write.after(), "doc:a#viewer@user:alice"));
    EXPECT_TRUE(World::Find(write.after(), "page:b#viewer@user:carol"));
    EXPECT_EQ(write.changes().size(), 2u);
    EXPECT_EQ(write.changes()[0].before->born, Revision(1));
    EXPECT_FALSE(write.changes()[1].before);
    if (refuse) return absl::FailedPreconditionError("not today");
    return absl::OkStatus();
  };
  EXPECT_EQ(world.Try(request).message(), "not today");
  EXPECT_EQ(ReadAll(*world.Head()).size(), 2u);
  refuse = false;
  world.Write(request);
  EXPECT_THAT(ReadAll(*world.Head()), ElementsAre("doc:a#viewer@user:bob", "page:b#viewer@user:carol"));
}

TEST_P(Store, FactsCommitWithTheirWriteAndStay) {
  WriteRequest request;
  request.guard = [](PendingWrite& write) -> absl::Status {
    EXPECT_FALSE(write.after().Fact("used/42")->has_value());
    write.SetFact("used/42", "yes");
    EXPECT_EQ(**write.after().Fact("used/42"), "yes");
    return absl::OkStatus();
  };
  world.Write(request);
  request.guard = [](PendingWrite& write) -> absl::Status {
    EXPECT_EQ(**write.after().Fact("used/42"), "yes");
    write.SetFact("used/43", "yes");
    return absl::AbortedError("no");
  };
  EXPECT_FALSE(world.Try(request).ok());
  request.guard = [](PendingWrite& write) -> absl::Status {
    EXPECT_FALSE(write.after().Fact("used/43")->has_value()) << "refused together with its write";
    write.SetFact(std::string(9000, 'k'), "too long a key");
    return absl::OkStatus();
  };
  EXPECT_REFUSED(world.Try(request), kInvalidArgument, "");
}

TEST_P(Store, ReadsByEveryPartOfAFilter) {
  world.Write({"touch doc:a1#viewer@user:alice", "touch doc:a2#viewer@team:core#member", "touch doc:a2#owner@user:bob",
               "touch doc:b#viewer@user:bob#friend", "touch folder:a1#viewer@user:bob"});
  const auto read = [&](TupleFilter filter) { return ReadAll(*world.Head(), filter); };
  EXPECT_THAT(read({.resource_type = "doc", .resource_id_prefix = "a"}),
              ElementsAre("doc:a1#viewer@user:alice", "doc:a2#viewer@team:core#member", "doc:a2#owner@user:bob"));
  EXPECT_THAT(read({.subject_type = "user", .subject_id = "bob"}),
              ElementsAre("doc:a2#owner@user:bob", "folder:a1#viewer@user:bob", "doc:b#viewer@user:bob#friend"));
  EXPECT_THAT(read({.subject_type = "user", .subject_id = "bob", .subject_relation = ""}),
              ElementsAre("doc:a2#owner@user:bob", "folder:a1#viewer@user:bob"));
  EXPECT_THAT(read({.resource_id = "a1", .relation = "viewer"}),
              ElementsAre("doc:a1#viewer@user:alice", "folder:a1#viewer@user:bob"));
  EXPECT_THAT(read({.subject_relation = "member"}), ElementsAre("doc:a2#viewer@team:core#member"));
  EXPECT_THAT(read({.resource_type = "nothing"}), IsEmpty());
}

TEST_P(Store, LooksForNoMoreMatchesOnceNobodyWaits) {
  WriteRequest request = Request({"touch doc:b#viewer@team:core#member"});
  for (int i = 0; i < 3000; ++i) {
    request.changes.push_back({ChangeOp::kTouch, Rel(Cat("doc:a", i, "#viewer@user:alice"))});
  }
  world.Write(request);
  const auto head = world.Head();
  int looks = 0;
  const auto read = [&](int looks_max) {
    looks = 0;
    return head->Read({.subject_relation = "member"}, std::nullopt, [&, looks_max] { return ++looks == looks_max; });
  };
  auto cursor = read(1);
  EXPECT_FALSE(cursor->Valid());
  EXPECT_EQ(cursor->status(), absl::CancelledError("the caller went away"));
  cursor = read(100);
  EXPECT_TRUE(cursor->Valid()) << cursor->status();
  EXPECT_EQ(looks, 2);
}

TEST_P(Store, RefusesAFilterThatContradictsItself) {
  const auto cursor = world.Head()->Read({.resource_id = "a", .resource_id_prefix = "a"}, std::nullopt);
  EXPECT_FALSE(cursor->Valid());
  EXPECT_REFUSED(cursor->status(), kInvalidArgument, "");
}

TEST_P(Store, HasAnIdentityThatStays) {
  const std::string id = world.store().database_id();
  EXPECT_EQ(id.size(), 32u);
  if (GetParam() == Home::kMemory) return;
  world.Reopen();
  EXPECT_EQ(world.store().database_id(), id);
}

TEST_P(Store, CountsWhatItHolds) {
  world.Write({"touch doc:a#viewer@user:alice", "touch doc:a#viewer@user:bob"});
  const auto stats = world.store().Stats();
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->head, Revision(1));
  EXPECT_EQ(stats->oldest, Revision(0));
  EXPECT_EQ(stats->live_relationships_estimate, 2u);
  EXPECT_EQ(stats->disk_bytes > 0, GetParam() != Home::kMemory);
  EXPECT_GT(stats->write_buffer_bytes, 0u);
}

// Each family alone would take many times that.
TEST(StoreMemory, WriteBuffersTogetherStayWithinTheirBound) {
  World world(Home::kDisk, {.write_buffer_bytes = 4 << 20});
  uint64_t most = 0;
  for (int i = 0; i < 600; ++i) {
    WriteRequest request = Request({Cat("touch doc:d", i, "#viewer@user:alice")});
    request.metadata = Cat("{\"text\":\"", std::string(30'000, 'x'), "\"}");
    ASSERT_TRUE(world.store().Write(request).ok());
    most = std::max(most, world.store().Stats()->write_buffer_bytes);
  }
  EXPECT_LT(most, 12u << 20);  // While one is written out, another may fill.
}

TEST(StoreLifetime, ASnapshotMayOutliveTheStoreThatGaveIt) {
  auto world = std::make_unique<World>(Home::kDisk);
  world->Write({"touch doc:a#viewer@user:alice"});
  const auto head = world->Head();
  world.reset();
  EXPECT_TRUE(World::Find(*head, "doc:a#viewer@user:alice"));
}

}  // namespace
}  // namespace mandate
