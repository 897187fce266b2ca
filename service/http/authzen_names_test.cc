#include "service/http/authzen_names.h"

#include <random>

#include "gmock/gmock.h"
#include "schema/relationship.h"
#include "schema/text.h"

namespace mandate {
namespace {

TEST(AuthzenNames, AnActionThatIsAPermissionsNameIsThatPermission) {
  for (const char* name : {"read", "can_edit", "a2b", "x_ray", "tools"}) EXPECT_EQ(PermissionOf(name), name);
}

TEST(AuthzenNames, OtherActionsAreEscapedAsTheHeaderSays) {
  const std::pair<const char*, const char*> kRows[] = {
      {"tools/call", "tools__call"},
      {"resources/read", "resources__read"},
      {"can-read", "can__x2dread"},
      {"doc.read", "doc__x2eread"},
      {"Read", "x__x52ead"},
      {"do", "x__x64o"},
      {"r", "x__x72"},
      {"xA", "x__x78__x41"},
      {"a__b", "a__x5f__x5fb"},
      {"a/", "a__x2f"},
      {"a/x41", "a__x2fx41"},
      {"1st", "x__x31st"},
      {"_read", "x__x5fread"},
      {"é", "x__xc3__xa9"},
      {"x/x1", "x__x78__x1"},
  };
  for (const auto& [action, permission] : kRows) {
    EXPECT_EQ(PermissionOf(action), permission) << action;
    EXPECT_EQ(ActionOf(permission), action) << permission;
  }
}

TEST(AuthzenNames, AnActionThatIsTooLongIsNoPermission) {
  EXPECT_EQ(PermissionOf(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(PermissionOf(std::string(65, 'a')), std::nullopt);
  EXPECT_EQ(PermissionOf(""), std::nullopt);
}

TEST(AuthzenNames, APermissionThatNoActionBecomesHasNone) {
  for (const char* name : {"a___b", "x__x1", "a__x61b"}) EXPECT_EQ(ActionOf(name), std::nullopt) << name;
}

TEST(AuthzenNames, IdsKeepTheirCharactersAndEscapeOthers) {
  const std::pair<std::string, const char*> kRows[] = {
      {"alice", "alice"},
      {"a@example.com", "a=40example=2Ecom"},
      {"file:///etc", "file=3A///etc"},
      {"YWxpY2U=", "YWxpY2U="},
      {"=40", "=3D40"},
      {"=41", "=41"},
      {"*", "=2A"},
      {"a b", "a=20b"},
      {std::string("a\0b", 3), "a=00b"},
  };
  for (const auto& [text, id] : kRows) {
    EXPECT_EQ(IdOf(text), id);
    EXPECT_EQ(TextOfId(id), text);
  }
  EXPECT_EQ(IdOf(""), std::nullopt);
  EXPECT_EQ(IdOf(std::string(1025, 'a')), std::nullopt);
}

// Short texts over the characters that the rules are about, and random bytes.
TEST(AuthzenNames, NoTwoNamesBecomeTheSame) {
  const std::string letters = "ax_/4=A1D3";
  std::vector<std::string> texts{""};
  for (size_t from = 0; texts.back().size() < 5; ++from) {
    for (const char c : letters) texts.push_back(texts[from] + c);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) text.push_back(static_cast<char>(random()));
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    if (const auto permission = PermissionOf(text)) {
      ASSERT_TRUE(ValidateRelationName(*permission).ok()) << *permission;
      ASSERT_EQ(ActionOf(*permission), text) << *permission;
    } else {
      ASSERT_TRUE(text.empty() || text.size() > 12) << text;
    }
    if (const auto id = IdOf(text)) {
      ASSERT_TRUE(ValidateObjectId(*id, Wildcard::kRefused).ok()) << *id;
      ASSERT_EQ(TextOfId(*id), text) << *id;
    } else {
      ASSERT_EQ(text, "");
    }
  }
}

}  // namespace
}  // namespace mandate
