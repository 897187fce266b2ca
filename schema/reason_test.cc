#include "schema/reason.h"

#include <gtest/gtest.h>

namespace mandate {
namespace {

TEST(Reason, TravelsWithTheStatusAndLeavesCodeAndMessageAlone) {
  absl::Status status = WithReason(absl::FailedPreconditionError("it closes on itself"), "CYCLE");
  EXPECT_EQ(ReasonOf(status), "CYCLE");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "it closes on itself");
}

TEST(Reason, AndFieldAreIndependentAndTheLastOneWins) {
  absl::Status status = WithField(absl::InvalidArgumentError("bad"), "subject.id");
  EXPECT_EQ(ReasonOf(status), "");
  status = WithReason(WithField(status, "updates[3].relationship.subject.id"), "X");
  EXPECT_EQ(FieldOf(status), "updates[3].relationship.subject.id");
  EXPECT_EQ(ReasonOf(status), "X");
}

TEST(Reason, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(FieldOf(absl::NotFoundError("gone")), "");
}

}  // namespace
}  // namespace mandate
