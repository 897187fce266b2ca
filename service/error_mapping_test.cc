#include "service/error_mapping.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

using testing::EndsWith;
using testing::StartsWith;

// What the error takes as trailers: the message percent-encoded, the details as base64, and their
// names.
size_t TrailerBytes(const grpc::Status& status) {
  size_t bytes = 300;
  for (const char c : status.error_message()) bytes += c < 0x20 || c > 0x7e || c == '%' ? 3 : 1;
  return bytes + (status.error_details().size() + 2) / 3 * 4;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string Repeated(std::string_view unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

TEST(ErrorMapping, CarriesEveryCodeOverAndBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "what happened");
    const grpc::Status wire = ToGrpc(status);
    EXPECT_EQ(wire.error_code(), code);
    EXPECT_EQ(FromGrpc(wire), status);
  }
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(ErrorMapping, CarriesReasonAndFieldOverAndBack) {
  const absl::Status status =
      WithField(WithReason(absl::InvalidArgumentError("`x` is wrong"), "WRONG"), "updates[3].relationship");
  EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
}

TEST(ErrorMapping, SpeaksTheStandardDetails) {
  const google::rpc::Status wire =
      ToRpcStatus(WithField(WithReason(absl::NotFoundError("`x` is missing"), "MISSING"), "item.subject"));
  EXPECT_EQ(wire.code(), 5);
  EXPECT_EQ(wire.message(), "`x` is missing");
  ASSERT_EQ(wire.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(wire.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "MISSING");
  EXPECT_EQ(info.domain(), "mandate");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(wire.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "item.subject");
  EXPECT_EQ(bad.field_violations(0).description(), "`x` is missing");
}

TEST(ErrorMapping, UnderstandsAnErrorOfSomebodyElse) {
  const grpc::Status foreign(grpc::StatusCode::INTERNAL, "no details that we know", "\xff\xfe");
  EXPECT_EQ(FromGrpc(foreign), absl::InternalError("no details that we know"));
}

TEST(ErrorMapping, CutsLongMessagesAtWholeCharactersAndStaysBelow8KiB) {
  for (const std::string_view unit : {"a", "%", "\n", "\xc3\xa9", "\xe2\x9c\x93", "\xf0\x9f\x90\x98"}) {
    for (const size_t bytes :
         {200u, 256u, 257u, 1022u, 1023u, 1024u, 1025u, 2047u, 2048u, 2049u, 2050u, 2051u, 100'000u}) {
      SCOPED_TRACE(Cat(Quote(unit), " ", bytes));
      const std::string message = Repeated(unit, bytes);
      const absl::Status status =
          WithField(WithReason(absl::FailedPreconditionError(message), Repeated("R", bytes)), Repeated(unit, bytes));
      const grpc::Status wire = ToGrpc(status);
      EXPECT_LT(TrailerBytes(wire), 8192u);
      google::rpc::Status details;
      ASSERT_TRUE(details.ParseFromString(wire.error_details()));
      for (const std::string& text : {wire.error_message(), details.message()}) {
        EXPECT_TRUE(IsUtf8(text));
        if (text == message) continue;
        EXPECT_THAT(text, EndsWith(" ... (cut)"));
        EXPECT_THAT(message, StartsWith(text.substr(0, text.size() - 10)));
        EXPECT_GT(text.size(), 500u) << "a cut message still says what it can";
      }
      EXPECT_TRUE(IsUtf8(FieldOf(FromGrpc(wire))));
    }
  }
}

TEST(ErrorMapping, LeavesAMessageWholeThatFits) {
  const std::string message = Repeated("the new schema does not allow a relationship; ", 1000);
  EXPECT_EQ(ToGrpc(absl::AbortedError(message)).error_message(), message);
}

}  // namespace
}  // namespace mandate
