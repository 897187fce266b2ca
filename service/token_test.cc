#include "service/token.h"

#include <limits>

#include "gtest/gtest.h"
#include "schema/reason.h"

namespace mandate {
namespace {

constexpr char kDatabase[] = "00112233445566778899aabbccddeeff";
constexpr char kOtherDatabase[] = "10112233445566778899aabbccddeeff";

constexpr uint64_t kRevisions[] = {0, 1, 2, 255, 256, 1'000'000, std::numeric_limits<uint64_t>::max()};

TEST(Token, GivesItsRevisionBack) {
  for (const uint64_t value : kRevisions) {
    auto revision = DecodeToken(kDatabase, EncodeToken(kDatabase, Revision(value)));
    ASSERT_TRUE(revision.ok()) << revision.status();
    EXPECT_EQ(revision->value(), value);
    revision = DecodeAnyToken(EncodeToken(kDatabase, Revision(value)));
    ASSERT_TRUE(revision.ok()) << revision.status();
    EXPECT_EQ(revision->value(), value);
  }
}

// The form is public (clients keep tokens across upgrades), so it is fixed here.
TEST(Token, KeepsItsForm) { EXPECT_EQ(EncodeToken(kDatabase, Revision(1)), "AQARIjNEVWZ3AAAAAAAAAAGXIAdv"); }

TEST(Token, WithOneCharacterChangedIsRefused) {
  for (const uint64_t value : kRevisions) {
    const std::string token = EncodeToken(kDatabase, Revision(value));
    for (size_t i = 0; i < token.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
        std::string changed = token;
        changed[i] = static_cast<char>(c);
        if (changed == token) continue;
        EXPECT_EQ(ReasonOf(DecodeToken(kDatabase, changed).status()), "TOKEN_MALFORMED") << changed;
      }
    }
  }
}

TEST(Token, LongerOrShorterIsRefused) {
  const std::string token = EncodeToken(kDatabase, Revision(7));
  for (size_t length = 0; length < token.size(); ++length) {
    EXPECT_EQ(ReasonOf(DecodeToken(kDatabase, token.substr(0, length)).status()), "TOKEN_MALFORMED");
  }
  for (const std::string surplus : {" ", "\n", "=", "==", ".", "A", "AAAA"}) {
    EXPECT_EQ(ReasonOf(DecodeToken(kDatabase, token + surplus).status()), "TOKEN_MALFORMED") << surplus;
    EXPECT_EQ(ReasonOf(DecodeToken(kDatabase, surplus + token).status()), "TOKEN_MALFORMED") << surplus;
  }
}

TEST(Token, OfAnotherDatabaseIsRefused) {
  const absl::Status status = DecodeToken(kOtherDatabase, EncodeToken(kDatabase, Revision(1))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "TOKEN_OF_ANOTHER_DATABASE");
}

}  // namespace
}  // namespace mandate
