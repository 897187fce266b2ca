// The rules over time: each alone, with what it refuses and what it leaves.
#include "check/rule_check.h"

#include "check/ruled_world.h"

namespace mandate {
namespace {

TEST(Limit, AllowsSoManyAndNoMore) {
  Ruled world("limit mailbox#send to 2 per task");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "ALLOWED") << "a check counts nothing";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:b"), "ALLOWED") << "the other session of the task";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:b"), "LIMIT_REACHED");
  EXPECT_EQ(world.Check("mailbox:m#send@assistant:bot", {}, "", "order:1"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED") << "another permission";
}

TEST(Limit, OfATaskCountsWhatItsChildrenDid) {
  Ruled world("limit mailbox#send to 2 per task", "limit mailbox#send to 1 per task");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:s"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:s"), "LIMIT_REACHED") << "the child's own";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED") << "one was the child's";
}

TEST(Limit, PerSessionCountsEachSessionAndDoesNotApplyToPlanning) {
  Ruled world("limit mailbox#send to 1 per session");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:b"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@assistant:bot", {}, "", "order:1"), "ALLOWED");
}

TEST(Limit, CountsWhatWasDoneByWayOfAPermissionThatImpliesIt) {
  Ruled world("limit document#view to 1 per task");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:memo#view@run:a"), "LIMIT_REACHED") << "what was edited was read";
  EXPECT_EQ(world.Authorize("document:memo#edit@run:a"), "LIMIT_REACHED") << "to edit is to read";
}

TEST(Limit, DoesNotCountWhatWasRefusedOrConditional) {
  Ruled world("limit mailbox#send to 1 per task");
  EXPECT_EQ(world.Authorize("mailbox:other#send@run:a"), "PRINCIPAL_LACKS_PERMISSION");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
}

TEST(After, ForbidsOnceItWasDone) {
  Ruled world("after document#view forbid mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:b"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "whichever session read it";
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
  EXPECT_EQ(world.Check("mailbox:m#send@run:s"), "FORBIDDEN_AFTER") << "the sub-agent stands under the same root";
}

TEST(After, WhenHoldsThenOrNow) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "ALLOWED") << "nothing confidential was read";
  world.Touch("document:plan#confidential@user:*");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "it is confidential now";
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  WriteRequest clear;
  clear.changes = {{ChangeOp::kDelete, *ParseRelationship("document:plan#confidential@user:*")}};
  ASSERT_TRUE(world.store->Write(clear).ok());
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER") << "clearing the mark opens nothing";
}

TEST(After, WhatHungOnContextWhenItWasDoneCountsAsDone) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  world.Touch("document:plan#confidential@user:*[weekday]");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Entries().back().marks["document#confidential"], Mark::kOpen);
  world.context = R"({"day": "sunday"})";
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
}

TEST(After, IsConditionalWhereItHangsOnContextNow) {
  Ruled world("after document#view when confidential forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  world.Touch("document:plan#confidential@user:*[weekday]");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "CONDITIONAL day");
  world.context = R"({"day": "monday"})";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
  world.context = R"({"day": "sunday"})";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
}

TEST(After, RemembersWhatItWasForThoughTheSchemaForgets) {
  Ruled world("after document#view forbid mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  std::string text = SchemaWith("after document#view forbid mailbox#send");
  text.replace(text.find("permission view = viewer + edit"), 31, "permission view = viewer + owner");
  CompileResult compiled = CompileSchema(text);
  ASSERT_TRUE(compiled.ok());
  WriteRequest request{.schema_text = text};
  auto revision = world.store->Write(request);
  ASSERT_TRUE(revision.ok());
  world.plan = std::make_unique<Plan>(compiled.schema, world.store->Head()->names(), *revision);
  EXPECT_EQ(world.Check("mailbox:m#send@run:a"), "FORBIDDEN_AFTER");
}

TEST(Contain, AsksEachOfTheAudienceForWhatWasRead) {
  Ruled world("contain document#view at mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "NOT_CONTAINED") << "no audience is a no";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "ALLOWED") << "nothing was read";
  EXPECT_EQ(world.Authorize("document:memo#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob"}), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob", "user:mallory"}), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "ALLOWED") << "the sub-agent reads more";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:bob"}), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}), "ALLOWED");
}

TEST(Contain, WhenLimitsItToWhatIsMarked) {
  Ruled world("contain document#view when confidential at mailbox#send");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "ALLOWED");
  world.Touch("document:plan#confidential@user:*");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:mallory"}), "NOT_CONTAINED");
}

TEST(Contain, TakesOrdinarySubjectsAlone) {
  Ruled world("contain document#view at mailbox#send");
  for (const char* member : {"assistant:bot", "user:*", "run:a", "document:plan#viewer"}) {
    const auto decided = world.Try({Ruled::Call("mailbox:m#send@run:a", {member})});
    EXPECT_EQ(ReasonOf(decided.status()), "AUDIENCE_INVALID") << member;
    EXPECT_EQ(FieldOf(decided.status()), "audience[0]") << member;
  }
}

TEST(Approval, IsForOneActionWithItsParametersAndUsedOnce) {
  Ruled world("require approval for mailbox#send by approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "APPROVAL_REQUIRED") << "without a digest nothing matches";
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d2"), "APPROVAL_REQUIRED");
  EXPECT_EQ(world.Check("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
  EXPECT_EQ(world.Entries().back().approvals, std::vector<uint64_t>{2});
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it was used";
}

TEST(Approval, MustBeLiveAndItsGiverStillAllowed) {
  Ruled world("require approval for mailbox#send by approve");
  world.Approve("user:bob", "d1", "mailbox#approve", world.now + absl::Minutes(5));
  world.now += absl::Minutes(5);
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it has expired";
  world.Approve("user:bob", "d1", "mailbox#send");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it was given by another right";
  world.Approve("user:bob", "d1", "mailbox#approve", absl::InfiniteFuture(), "errand:2");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "it is for another root task";
  world.Approve("user:bob", "d1", "mailbox#approve");
  WriteRequest demoted;
  demoted.changes = {{ChangeOp::kDelete, *ParseRelationship("mailbox:m#deputy@user:bob")}};
  ASSERT_TRUE(world.store->Write(demoted).ok());
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED") << "bob may not approve any more";
}

TEST(Approval, OfFourEyesIsNotThePrincipals) {
  Ruled world("require approval for mailbox#send by approve other than principal");
  world.Approve("user:alice", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {}, "d1"), "ALLOWED");
}

TEST(Rules, ReportTheFirstReasonInTheirOrder) {
  Ruled world(R"(limit mailbox#send to 1 per task
  require approval for mailbox#send by approve
  contain document#view at mailbox#send
  after document#edit forbid mailbox#send)");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "NOT_CONTAINED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}), "APPROVAL_REQUIRED");
  world.Approve("user:bob", "d1", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d1"), "ALLOWED");
  world.Approve("user:bob", "d2", "mailbox#approve");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d2"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#edit@run:a"), "ALLOWED");
  EXPECT_EQ(world.Authorize("mailbox:m#send@run:a", {"user:alice"}, "d2"), "FORBIDDEN_AFTER");
}

TEST(Rules, OfATaskDoNotReachAbove) {
  Ruled world("", "limit document#view to 1 per task");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "ALLOWED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:s"), "LIMIT_REACHED");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED") << "the parent has no such rule";
}

// A rule that does not refuse rests on what keeps it from that, and that may expire.
TEST(Contain, LetsACallPassForAsLongAsTheAudienceMayHaveWhatWasRead) {
  Ruled world("contain document#view at mailbox#send");
  world.Touch("document:plan#viewer@user:bob[expiration:2026-01-01T02:00:00Z]");
  EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
  EXPECT_EQ(world.ValidUntil("mailbox:m#send@run:a", {"user:bob"}), "2026-01-01T02:00:00Z");
  EXPECT_EQ(world.ValidUntil("mailbox:m#send@run:a", {"user:alice"}), "2030-01-01T00:00:00Z");
  world.now = absl::FromCivil(absl::CivilHour(2026, 1, 1, 2), absl::UTCTimeZone());
  EXPECT_EQ(world.Check("mailbox:m#send@run:a", {"user:bob"}), "NOT_CONTAINED");
}

TEST(Rules, LetACallPassForAsLongAsWhatTheyLookForIsHeldBack) {
  for (const char* rule :
       {"contain document#view when secret at mailbox#send", "after document#view when secret forbid mailbox#send"}) {
    Ruled world(rule);
    world.Touch("document:plan#confidential@user:*");
    world.Touch("document:plan#cleared@user:*[expiration:2026-01-01T02:00:00Z]");
    EXPECT_EQ(world.Authorize("document:plan#view@run:a"), "ALLOWED");
    EXPECT_EQ(world.ValidUntil("mailbox:m#send@run:a", {"user:mallory"}), "2026-01-01T02:00:00Z") << rule;
    world.now = absl::FromCivil(absl::CivilHour(2026, 1, 1, 2), absl::UTCTimeZone());
    EXPECT_NE(world.Check("mailbox:m#send@run:a", {"user:mallory"}), "ALLOWED") << rule;
  }
}

}  // namespace
}  // namespace mandate
