#include "service/access/key_ring.h"

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string RingOf(const std::string& keys) { return Cat("{\"keys\": [", keys, "]}"); }

TEST(KeyRing, FindsAKeyByItsWholeText) {
  const NewKey app = *MakeKey("app");
  const NewKey sync = *MakeKey("sync-2");
  EXPECT_EQ(app.key.size(), std::string("mandate_app_").size() + 43);
  EXPECT_NE(MakeKey("app")->key, app.key);
  const auto ring =
      KeyRing::Parse(RingOf(Cat("{\"id\": \"app\", \"sha256\": \"", app.sha256, "\", \"role\": \"reader\"},",
                                "{\"id\": \"sync-2\", \"sha256\": \"", sync.sha256,
                                "\", \"role\": \"writer\", \"only\": [\"team\", \"document:eu-\"], "
                                "\"concurrency\": 3, \"expires\": \"2030-01-01T00:00:00Z\"}")));
  ASSERT_TRUE(ring.ok()) << ring.status();
  const Caller* caller = ring->FindKey(app.key, kNow);
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->id, "app");
  EXPECT_EQ(caller->role, Role::kReader);
  EXPECT_FALSE(caller->only.has_value());
  caller = ring->FindKey(sync.key, kNow);
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->role, Role::kWriter);
  EXPECT_EQ(caller->calls_max, 3);
  EXPECT_TRUE(caller->only->Covers("team", "core"));
  EXPECT_TRUE(caller->only->CoversType("team"));
  EXPECT_TRUE(caller->only->Covers("document", "eu-plan"));
  EXPECT_FALSE(caller->only->Covers("document", "us-plan"));
  EXPECT_FALSE(caller->only->CoversType("document"));
  EXPECT_FALSE(caller->only->CoversPrefix("document", "e"));
  EXPECT_TRUE(caller->only->CoversPrefix("document", "eu-1"));
  EXPECT_FALSE(caller->only->Covers("user", "eu-"));
}

TEST(KeyRing, TakesNoOtherKey) {
  const NewKey app = *MakeKey("app");
  const auto ring = KeyRing::Parse(
      RingOf(Cat("{\"id\": \"app\", \"sha256\": \"", app.sha256,
                 "\", \"role\": \"reader\", \"expires\": \"2027-01-15T08:00:00Z\"}, "
                 "{\"id\": \"cert\", \"certificate\": \"gateway.example.com\", \"role\": \"gateway\"}")));
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_NE(ring->FindKey(app.key, kNow - absl::Seconds(1)), nullptr);
  EXPECT_EQ(ring->FindKey(app.key, kNow), nullptr) << "expired at this very moment";
  const absl::Time before = kNow - absl::Hours(1);
  const std::string other = MakeKey("app")->key;
  for (const std::string& key :
       {std::string(), std::string("mandate_"), std::string("mandate_app"), std::string("mandate_app_"), other,
        app.key + "x", app.key.substr(0, app.key.size() - 1), app.key.substr(1), "mandate_cert_" + app.key.substr(12),
        "mandate_none_" + app.key.substr(12), "mandate_cert_" + std::string(43, '\0'), app.sha256,
        std::string(1 << 20, 'x')}) {
    EXPECT_EQ(ring->FindKey(key, before), nullptr) << key.substr(0, 80);
  }
  ASSERT_NE(ring->FindCertificate({"x", "gateway.example.com"}, before), nullptr);
  EXPECT_EQ(ring->FindCertificate({"gateway.example.org", ""}, before), nullptr);
  EXPECT_EQ(ring->FindCertificate({}, before), nullptr);
}

TEST(KeyRing, SaysWhereAFileIsWrong) {
  const std::string digest(64, 'a');
  const auto fault = [&](const std::string& json) {
    auto ring = KeyRing::Parse(json);
    EXPECT_FALSE(ring.ok()) << json;
    return std::string(ring.status().message());
  };
  const std::string good = Cat("{\"id\": \"app\", \"sha256\": \"", digest, "\", \"role\": \"reader\"}");
  ASSERT_TRUE(KeyRing::Parse(RingOf(good)).ok());
  ASSERT_TRUE(KeyRing::Parse(RingOf("")).ok()) << "nobody may call";
  const auto with = [&](const std::string& from, const std::string& to) {
    return RingOf(absl::StrReplaceAll(good, {{from, to}}));
  };
  EXPECT_THAT(fault(""), HasSubstr("empty"));
  EXPECT_THAT(fault("[]"), HasSubstr("object"));
  EXPECT_THAT(fault("{\"keys\": {}}"), HasSubstr("`keys` is all that the file holds"));
  EXPECT_THAT(fault("{\"keys\": [], \"kys\": []}"), HasSubstr("`keys` is all that the file holds"));
  EXPECT_THAT(fault("{\"keys\": [], \"keys\": []}"), HasSubstr("twice"));
  EXPECT_THAT(fault(RingOf("3")), HasSubstr("`keys[0]` is no object"));
  EXPECT_THAT(fault(RingOf(Cat(good, ",", good))), HasSubstr("`keys[1].id` is there twice"));
  EXPECT_THAT(fault(with("\"app\"", "\"App\"")), HasSubstr("`keys[0].id` is no id"));
  EXPECT_THAT(fault(with("\"app\"", "7")), HasSubstr("`keys[0].id` is not text"));
  EXPECT_THAT(fault(with("reader", "root")), HasSubstr("`keys[0].role` is none of"));
  EXPECT_THAT(fault(with("\"role\": \"reader\"", "\"rolle\": \"reader\"")), HasSubstr("`keys[0].rolle` is unknown"));
  EXPECT_THAT(fault(with(", \"role\": \"reader\"", "")), HasSubstr("`keys[0]` has no `role`"));
  EXPECT_THAT(fault(with(digest, "abc")), HasSubstr("`keys[0].sha256` is not the SHA-256 of a key"));
}

TEST(KeyRing, WantsOneWayToKnowACaller) {
  const auto fault = [](const std::string& parts) {
    auto ring = KeyRing::Parse(RingOf(Cat("{\"id\": \"app\", \"role\": \"reader\"", parts, "}")));
    return ring.ok() ? "" : std::string(ring.status().message());
  };
  const std::string digest = Cat(", \"sha256\": \"", std::string(64, '0'), "\"");
  EXPECT_THAT(fault(""), HasSubstr("`keys[0]` has either `sha256` or `certificate`"));
  EXPECT_THAT(fault(digest + ", \"certificate\": \"x\""), HasSubstr("has either"));
  EXPECT_EQ(fault(digest), "");
  EXPECT_THAT(fault(digest + ", \"only\": []"), HasSubstr("leave it out to allow everything"));
  EXPECT_THAT(fault(digest + ", \"only\": [\"Team\"]"), HasSubstr("`keys[0].only` is wrong"));
  EXPECT_THAT(fault(digest + ", \"only\": [\"team:\"]"), HasSubstr("names no resources"));
  EXPECT_THAT(fault(digest + ", \"only\": [\"team:*\"]"), HasSubstr("names no resources"));
  EXPECT_THAT(fault(digest + ", \"only\": [1]"), HasSubstr("`keys[0].only[0]` is not text"));
  for (const char* wrong : {"0", "-1", "1.5", "100001", "\"9\""}) {
    EXPECT_THAT(fault(Cat(digest, ", \"concurrency\": ", wrong)), HasSubstr("`keys[0].concurrency` is not")) << wrong;
  }
  EXPECT_THAT(fault(digest + ", \"expires\": \"tomorrow\""), HasSubstr("is no moment"));
}

TEST(KeyRing, NoKeyMatchesADigestOfZeros) {
  // What an unknown id is compared with must open nothing.
  auto ring = KeyRing::Parse(RingOf("{\"id\": \"cert\", \"certificate\": \"x\", \"role\": \"admin\"}"));
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(ring->FindKey("mandate_cert_x", kNow), nullptr);
}

}  // namespace
}  // namespace mandate
