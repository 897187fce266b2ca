#include <gtest/gtest.h>

#include "schema/compiler.h"

namespace mandate {
namespace {

TEST(ClosestName, FindsOneSlipInAShortName) {
  EXPECT_EQ(ClosestName("viewr", {"editor", "viewer", "view"}), "viewer");
  EXPECT_EQ(ClosestName("usr", {"user", "group"}), "user");
  EXPECT_EQ(ClosestName("veiwer", {"viewer"}), "viewer") << "two letters swapped are one slip";
}

TEST(ClosestName, IsEmptyWhenNothingIsClose) {
  EXPECT_EQ(ClosestName("owner", {"viewer", "parent"}), "");
  EXPECT_EQ(ClosestName("abc", {}), "");
  EXPECT_EQ(ClosestName("abc", {"xyz"}), "");
}

TEST(ClosestName, PrefersTheNearestThenTheFirst) {
  EXPECT_EQ(ClosestName("viewers", {"viewed", "viewer"}), "viewer");
  EXPECT_EQ(ClosestName("cat1", {"cat2", "cat3"}), "cat2");
}

TEST(ClosestName, NeverSuggestsTheNameItself) { EXPECT_EQ(ClosestName("abc", {"abc", "abd"}), "abd"); }

}  // namespace
}  // namespace mandate
