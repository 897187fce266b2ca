// Mappings: the shipped ones are read, and what is wrong in one is named by its line.
#include "tools/sync/mapping.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/text.h"

namespace mandate {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const auto mapping = ParseMapping("m.yaml", text);
  return mapping.ok() ? "none" : std::string(mapping.status().message());
}

TEST(Mapping, CoversItsDomainAlone) {
  const auto mapping =
      ParseMapping("m.yaml", "domain:\n- {type: team, relations: [member], id_prefix: x/}\n- {type: folder}\n");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const auto covers = [&](const char* text) { return mapping->Covers(*ParseRelationship(text)); };
  EXPECT_TRUE(covers("team:x/a#member@user:a"));
  EXPECT_TRUE(covers("folder:y#viewer@user:a"));
  EXPECT_FALSE(covers("team:y#member@user:a"));
  EXPECT_FALSE(covers("team:x/a#owner@user:a"));
}

TEST(Mapping, FormsIdsInTheOrderOfItsKeys) {
  IdForm form{.attribute = "cn", .replace = {{"_", "/"}, {" ", "-"}}, .lower = true, .prefix = "x/"};
  EXPECT_EQ(form.Of("A_B c_d"), "x/a/b-c/d");
  EXPECT_EQ((IdForm{.attribute = "mail", .base64url = true}).Of("a@b.c"), "YUBiLmM");
}

TEST(Mapping, ErrorsNameTheLineAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("x: 1"), "m.yaml:1: unknown key `x`; allowed: domain, outside, entries");
  EXPECT_THAT(ErrorOf("outside: refuse"), HasSubstr("a mapping has a `domain`"));
  EXPECT_EQ(ErrorOf("domain: 7"), "m.yaml:1: `domain` takes a list");
  EXPECT_EQ(ErrorOf("domain:\n- type: team\n  type: team"), "m.yaml:3: `type` comes twice");
  EXPECT_THAT(ErrorOf("domain:\n- type: Te"), HasSubstr("m.yaml:2: "));
  EXPECT_THAT(ErrorOf("domain: [{type: team}]\nentries:\n- type: user"),
              HasSubstr("m.yaml:3: an entry has a `type` and an `id`"));
  EXPECT_THAT(ErrorOf("domain: [{type: team}]\nentries: [{id: cn, type: team, members: [{attribute: member}]}]"),
              HasSubstr("members have an `attribute`"));
  EXPECT_THAT(ErrorOf("domain: [{type: team, relations: []}]"), HasSubstr("no relations are named"));
  EXPECT_THAT(ErrorOf("a: [1"), HasSubstr("m.yaml:"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("m.yaml:1: here stands a map of domain"));
}

TEST(Mapping, OfABillionLaughsIsRefusedAtItsFirstAnchor) {
  std::string text = "domain:\n- &a0 {type: team}\n";
  for (int i = 1; i < 10; ++i) {
    text += Cat("- &a", i, " [");
    for (int j = 0; j < 10; ++j) text += Cat(j ? "," : "", "*a", i - 1);
    text += "]\n";
  }
  EXPECT_EQ(ErrorOf(text), "m.yaml:2: a mapping has no anchors (`&name`) and no aliases (`*name`)");
  EXPECT_THAT(ErrorOf(std::string(100'000, '[')), HasSubstr("m.yaml:"));
  EXPECT_THAT(ErrorOf(std::string(2 << 20, ' ')), HasSubstr("at most 1048576 bytes"));
}

TEST(Mapping, ThoseThatAreShippedAreRead) {
  for (const char* name : {"ldap.yaml", "scim.yaml"}) {
    std::ifstream file(Cat(MANDATE_SOURCE_DIR "/docs/sync/", name));
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto mapping = ParseMapping(name, text);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_EQ(mapping->entries.size(), 2u);
  }
}

}  // namespace
}  // namespace mandate
