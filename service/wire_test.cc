#include "service/wire.h"

#include "gmock/gmock.h"
#include "service/test_server.h"

namespace mandate {
namespace {

constexpr int64_t kSecondsMin = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kSecondsMax = 253402300799;  // 9999-12-31T23:59:59Z

google::protobuf::Timestamp Timestamp(int64_t seconds, int32_t nanos) {
  google::protobuf::Timestamp wire;
  wire.set_seconds(seconds);
  wire.set_nanos(nanos);
  return wire;
}

TEST(WireTime, GoesOverAndBack) {
  const std::vector<absl::Time> times = {
      absl::UnixEpoch(),
      absl::UnixEpoch() - absl::Microseconds(1),
      absl::UnixEpoch() - absl::Seconds(1),
      absl::UnixEpoch() - absl::Milliseconds(1500),
      absl::UnixEpoch() + absl::Microseconds(1),
      absl::FromUnixSeconds(kSecondsMin),
      absl::FromUnixSeconds(kSecondsMax) + absl::Microseconds(999'999),
  };
  for (const absl::Time time : times) {
    google::protobuf::Timestamp wire;
    ToWire(time, &wire);
    EXPECT_GE(wire.nanos(), 0) << time;
    EXPECT_LE(wire.nanos(), 999'999'999) << time;
    EXPECT_EQ(FromWire(wire), time);
  }
}

TEST(WireTime, BeforeTheEpochCountsNanosForward) {
  google::protobuf::Timestamp wire;
  ToWire(absl::UnixEpoch() - absl::Milliseconds(250), &wire);
  EXPECT_EQ(wire.seconds(), -1);
  EXPECT_EQ(wire.nanos(), 750'000'000);
}

TEST(WireTime, CutsWhatIsFinerThanAMicrosecond) {
  EXPECT_EQ(FromWire(Timestamp(-1, 999)), absl::UnixEpoch() - absl::Seconds(1));
  EXPECT_EQ(FromWire(Timestamp(0, 1'999)), absl::UnixEpoch() + absl::Microseconds(1));
}

TEST(WireTime, OutsideOfTheYears1To9999IsRefusedAsAnExpiry) {
  v1::Relationship wire;
  ToWire(*ParseRelationship("document:plan#viewer@user:alice"), &wire);
  for (const auto& time : {Timestamp(kSecondsMin, 0), Timestamp(kSecondsMax, 999'999'999)}) {
    *wire.mutable_expires_at() = time;
    EXPECT_TRUE(FromWire(wire, "r").ok()) << time.DebugString();
  }
  for (const auto& time :
       {Timestamp(kSecondsMin - 1, 0), Timestamp(kSecondsMax + 1, 0), Timestamp(0, -1), Timestamp(0, 1'000'000'000),
        Timestamp(std::numeric_limits<int64_t>::min(), 0), Timestamp(std::numeric_limits<int64_t>::max(), 0)}) {
    *wire.mutable_expires_at() = time;
    EXPECT_EQ(Fault(FromWire(wire, "r").status()), "INVALID_ARGUMENT TIME_OUT_OF_RANGE r.expires_at")
        << time.DebugString();
  }
}

TEST(WireRelationship, GoesOverAndBack) {
  for (const char* text : {"document:plan#viewer@user:alice", "document:plan#viewer@team:core#member",
                           "document:plan#viewer@user:*", "errand:42#scope@document:*#view", "abc/cd9:x|y=z#rel@usr:1",
                           "document:plan#viewer@user:bob[expiration:2026-12-01T00:00:00.000001Z]",
                           "document:plan#viewer@user:bob[expiration:0001-01-01T00:00:00Z]",
                           "document:plan#viewer@user:bob[expiration:9999-12-31T23:59:59.999999Z]"}) {
    auto relationship = ParseRelationship(text);
    ASSERT_TRUE(relationship.ok()) << relationship.status();
    v1::Relationship wire;
    ToWire(*relationship, &wire);
    auto back = FromWire(wire, "r");
    ASSERT_TRUE(back.ok()) << text << back.status();
    EXPECT_EQ(*back, *relationship) << text;
  }
}

TEST(WireFilter, GoesOverAndBack) {
  const std::vector<TupleFilter> filters = {
      {.resource_type = "document"},
      {.resource_type = "document", .resource_id = "plan", .relation = "viewer"},
      {.resource_type = "document", .resource_id_prefix = "pl"},
      {.subject_type = "user", .subject_id = "*"},
      {.subject_type = "team", .subject_id = "core", .subject_relation = "member"},
      {.subject_relation = ""},
  };
  for (const TupleFilter& filter : filters) {
    v1::RelationshipFilter wire;
    ToWire(filter, &wire);
    auto back = FromWire(wire, "filter");
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(std::tie(back->resource_type, back->resource_id, back->resource_id_prefix, back->relation,
                       back->subject_type, back->subject_id, back->subject_relation),
              std::tie(filter.resource_type, filter.resource_id, filter.resource_id_prefix, filter.relation,
                       filter.subject_type, filter.subject_id, filter.subject_relation))
        << wire.DebugString();
  }
}

TEST(WireQuestion, GoesOverAndBack) {
  CheckQuestion question{.resource = {"document", "plan"},
                         .permission = "view",
                         .subject = {"assistant", "bot", ""},
                         .task = ObjectRef{"errand", "42"}};
  question.claims.principal = ObjectRef{"user", "alice"};
  question.claims.agent = ObjectRef{"assistant", "bot"};
  question.claims.chain = {{"assistant", "bot"}, {"assistant", "chief"}};
  v1::CheckItem wire;
  ToWire(question, &wire);
  auto back = FromWire(wire, "item");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->resource, question.resource);
  EXPECT_EQ(back->permission, question.permission);
  EXPECT_EQ(back->subject, question.subject);
  EXPECT_EQ(back->task, question.task);
  EXPECT_EQ(back->claims.principal, question.claims.principal);
  EXPECT_EQ(back->claims.agent, question.claims.agent);
  EXPECT_EQ(back->claims.chain, question.claims.chain);
}

// The numbers of a wire enumeration but its UNSPECIFIED.
std::vector<int> Numbers(const google::protobuf::EnumDescriptor* wire) {
  std::vector<int> numbers;
  for (int i = 0; i < wire->value_count(); ++i) {
    if (wire->value(i)->number() != 0) numbers.push_back(wire->value(i)->number());
  }
  return numbers;
}

TEST(WireEnumerations, EveryDecisionGoesOverAndBack) {
  for (const int number : Numbers(v1::Decision_descriptor())) {
    v1::CheckResult wire;
    wire.set_decision(static_cast<v1::Decision>(number));
    const Answer answer = AnswerFromWire(wire);
    EXPECT_EQ("DECISION_" + std::string(DecisionName(answer.decision)), v1::Decision_Name(wire.decision()));
    v1::CheckResult back;
    ToWire(answer, &back);
    EXPECT_EQ(back.decision(), wire.decision());
  }
}

TEST(WireEnumerations, EveryDenialReasonGoesOverAndBack) {
  const auto numbers = Numbers(v1::DenialReason_descriptor());
  EXPECT_EQ(numbers.size(), static_cast<size_t>(kLastReason));
  for (const int number : numbers) {
    v1::CheckResult wire;
    wire.set_decision(v1::DECISION_DENIED);
    wire.set_reason(static_cast<v1::DenialReason>(number));
    wire.set_reason_at("errand:42");
    const Answer answer = AnswerFromWire(wire);
    EXPECT_NE(answer.reason, DenialReason::kNone) << v1::DenialReason_Name(wire.reason());
    v1::CheckResult back;
    ToWire(answer, &back);
    EXPECT_EQ(back.reason(), wire.reason());
    EXPECT_EQ(back.reason_at(), "errand:42");
  }
}

TEST(WireEnumerations, EveryStepKindGoesOverAndBack) {
  const auto numbers = Numbers(v1::ExplanationStep_Kind_descriptor());
  EXPECT_EQ(numbers.size(), static_cast<size_t>(StepKind::kCut) + 1);
  for (const int number : numbers) {
    v1::CheckResult wire;
    v1::ExplanationStep* step = wire.add_explanation();
    step->set_kind(static_cast<v1::ExplanationStep::Kind>(number));
    v1::CheckResult back;
    ToWire(AnswerFromWire(wire), &back);
    EXPECT_EQ(back.explanation(0).kind(), step->kind()) << v1::ExplanationStep_Kind_Name(step->kind());
  }
}

TEST(WireEnumerations, EveryExpandKindGoesOverAndBack) {
  const auto numbers = Numbers(v1::ExpandNode_Kind_descriptor());
  EXPECT_EQ(numbers.size(), static_cast<size_t>(ExpandKind::kRepeated) + 1);
  for (const int number : numbers) {
    v1::ExpandResponse wire;
    wire.add_nodes()->set_kind(static_cast<v1::ExpandNode::Kind>(number));
    v1::ExpandResponse back;
    ToWire(NodesFromWire(wire), &back);
    EXPECT_EQ(back.nodes(0).kind(), wire.nodes(0).kind()) << v1::ExpandNode_Kind_Name(wire.nodes(0).kind());
  }
}

TEST(WireAnswer, GoesOverAndBackWithItsExplanation) {
  Answer answer;
  answer.decision = Decision::kAllowed;
  answer.valid_until = absl::FromUnixSeconds(2'000'000'000);
  ExplanationStep step{.depth = 3,
                       .kind = StepKind::kRelationship,
                       .decision = Decision::kAllowed,
                       .text = "document:plan#viewer@user:alice",
                       .relationship = *ParseRelationship("document:plan#viewer@user:alice"),
                       .revision = Revision(17)};
  answer.explanation.steps.push_back(step);
  v1::CheckResult wire;
  ToWire(answer, &wire);
  const Answer back = AnswerFromWire(wire);
  EXPECT_EQ(back.decision, answer.decision);
  EXPECT_EQ(back.valid_until, answer.valid_until);
  ASSERT_EQ(back.explanation.steps.size(), 1u);
  const ExplanationStep& got = back.explanation.steps[0];
  EXPECT_EQ(std::tie(got.depth, got.kind, got.decision, got.text, got.relationship),
            std::tie(step.depth, step.kind, step.decision, step.text, step.relationship));
  EXPECT_EQ(got.revision, step.revision);
}

}  // namespace
}  // namespace mandate
