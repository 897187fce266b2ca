#include "schema/text.h"

#include <gtest/gtest.h>

namespace mandate {
namespace {

TEST(Cat, TakesTextOfEveryKindCharactersAndIntegers) {
  EXPECT_EQ(Cat("a", std::string("b"), std::string_view("c"), absl::string_view("d"), 'e', 6, size_t{7}, -8),
            "abcde67-8");
}

TEST(Quote, KeepsTextAndEscapesWhatWouldHarmATerminal) {
  EXPECT_EQ(Quote("viewer"), "`viewer`");
  EXPECT_EQ(Quote("é"), "`é`");
  EXPECT_EQ(Quote("a\nb\x7f"), "`a\\x0ab\\x7f`");
  EXPECT_EQ(Quote("\xff\xc3"), "`\\xff\\xc3`");
  EXPECT_EQ(Quote("a\u202Eb"), "`a\\xe2\\x80\\xaeb`");
  EXPECT_EQ(Quote(std::string(200, 'a')), Cat("`", std::string(80, 'a'), "...`"));
}

TEST(Utf8, KnowsItsCharacters) {
  EXPECT_EQ(Utf8CharacterLength("a"), 1u);
  EXPECT_EQ(Utf8CharacterLength("é"), 2u);
  EXPECT_EQ(Utf8CharacterLength("€"), 3u);
  EXPECT_EQ(Utf8CharacterLength("😀"), 4u);
  for (const char* bad : {"", "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(Utf8CharacterLength(bad), 0u);
  }
}

}  // namespace
}  // namespace mandate
