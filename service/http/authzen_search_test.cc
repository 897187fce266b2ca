// Searches of AuthZEN over HTTP: pages, tokens, what is found and what is not.
#include "service/http/test_http.h"

namespace mandate {
namespace {

constexpr char kAuthzenSearchSchema[] = R"(
use expiration
caveat office_hours(hour int) { hour >= 9 }
definition user {}
definition record {
  relation reader: user | user:* | user with office_hours
  relation banned: user
  permission read = reader - banned
  permission view__x2dall = reader
  permission a___b = reader
})";

struct AuthzenSearch : testing::Test {
  AuthzenSearch() {
    server.WriteSchema(kAuthzenSearchSchema);
    std::vector<std::string> rows;
    for (int i = 10; i < 35; ++i) {
      rows.push_back(Cat("record:shared#reader@user:u", i));
      rows.push_back(Cat("record:r", i, "#reader@user:alice"));
    }
    server.Touch(rows);
  }

  static std::vector<std::string> Ids(const Json& answer) {
    std::vector<std::string> ids;
    for (const Json& one : answer["results"]) ids.push_back(one.contains("id") ? one["id"] : one["name"]);
    return ids;
  }
  // All pages of a search.
  std::vector<std::string> Pages(const std::string& what, Json request, int limit, int* pages = nullptr) {
    std::vector<std::string> all;
    request["page"] = {{"limit", limit}};
    for (int page = 0; page < 100; ++page) {
      const Json answer = server.Ask("search/" + what, request);
      const auto ids = Ids(answer);
      EXPECT_LE(ids.size(), static_cast<size_t>(limit));
      EXPECT_EQ(answer["page"]["count"], ids.size());
      all.insert(all.end(), ids.begin(), ids.end());
      if (pages != nullptr) *pages = page + 1;
      if (answer["page"]["next_token"] == "") return all;
      request["page"]["token"] = answer["page"]["next_token"];
    }
    ADD_FAILURE() << "it does not end";
    return all;
  }

  HttpTestServer server;
};

TEST_F(AuthzenSearch, PagesTogetherAreTheWholeInOrder) {
  for (const auto& [what, request] : std::map<std::string, Json>{{"subject", Question("", "read", "shared")},
                                                                 {"resource", Question("alice", "read", "")}}) {
    Json without_id = request;
    without_id[what].erase("id");
    const auto whole = Ids(server.Ask("search/" + what, without_id));
    EXPECT_EQ(whole.size(), 25u);
    int pages = 0;
    EXPECT_EQ(Pages(what, without_id, 10, &pages), whole);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(Pages(what, without_id, 25, &pages), whole);
    EXPECT_EQ(pages, 1);
    EXPECT_EQ(Pages(what, without_id, 1), whole);
  }
  EXPECT_EQ(Pages("action", Question("alice", "", "r10"), 1), (std::vector<std::string>{"read", "view-all"}));
}

TEST_F(AuthzenSearch, AllPagesAreOfOneRevision) {
  Json request = Question("", "read", "shared");
  request["page"] = {{"limit", 20}};
  const Json first = server.Ask("search/subject", request);
  server.Touch({"record:shared#reader@user:u99", "record:shared#banned@user:u30"});
  request["page"]["token"] = first["page"]["next_token"];
  EXPECT_EQ(Ids(server.Ask("search/subject", request)), (std::vector<std::string>{"u30", "u31", "u32", "u33", "u34"}));
}

TEST_F(AuthzenSearch, ATokenIsBoundToItsRequestAndDatabase) {
  Json request = Question("", "read", "shared");
  request["page"] = {{"limit", 5}};
  const std::string token = server.Ask("search/subject", request)["page"]["next_token"];
  const std::string invalid = "400 PAGE_TOKEN_INVALID page.token";
  const auto with = [&](HttpTestServer& to, const std::string& what, Json question, const std::string& sent) {
    question["page"] = {{"limit", 7}, {"token", sent}};
    return HttpTestServer::Verdict(to.Ask("search/" + what, question));
  };
  EXPECT_EQ(with(server, "subject", request, token), "found") << "another limit is no other request";
  EXPECT_EQ(with(server, "subject", Question("", "read", "r10"), token), invalid);
  EXPECT_EQ(with(server, "resource", Question("alice", "read", ""), token), invalid);
  EXPECT_EQ(with(server, "subject", request, "x" + token), invalid);
  EXPECT_EQ(with(server, "subject", request, token.substr(0, token.size() - 2)), invalid);
  EXPECT_EQ(with(server, "subject", request, "nonsense"), invalid);
  EXPECT_EQ(with(server, "subject", request, "."), invalid);
  HttpTestServer other;
  other.WriteSchema(kAuthzenSearchSchema);
  EXPECT_EQ(with(other, "subject", request, token), invalid);
}

TEST_F(AuthzenSearch, RefusesAPageThatIsNone) {
  const auto page = [&](const Json& value) {
    Json request = Question("", "read", "shared");
    request["page"] = value;
    return HttpTestServer::Verdict(server.Ask("search/subject", request));
  };
  EXPECT_EQ(page(1), "400 MALFORMED_FIELD page");
  EXPECT_EQ(page({{"token", 1}}), "400 MALFORMED_FIELD page.token");
  for (const Json& limit : {Json(0), Json(-1), Json(1.5), Json("5"), Json(nullptr)}) {
    EXPECT_EQ(page({{"limit", limit}}), "400 MALFORMED_FIELD page.limit") << limit;
  }
  EXPECT_EQ(page({{"properties", "x"}}), "400 MALFORMED_FIELD page.properties");
  EXPECT_EQ(page({{"limit", 1'000'000}, {"properties", {{"a", 1}}}}), "found") << "taken, and cut to what is allowed";
}

TEST_F(AuthzenSearch, WhatIsNotKnownFindsNothing) {
  const auto none = [&](const std::string& what, const Json& request) {
    const Json answer = server.Ask("search/" + what, request);
    return answer["results"] == Json::array() && answer["page"]["next_token"] == "";
  };
  EXPECT_TRUE(none("subject", Question("", "read", "nothing-there")));
  EXPECT_TRUE(none("subject", Question("", "fly", "shared")));
  EXPECT_TRUE(none("subject", Question("", "read", "shared", {{"subject", {{"type", "alien"}}}})));
  EXPECT_TRUE(none("subject", Question("", "read", "shared", {{"resource", {{"type", "ship"}}}})));
  EXPECT_TRUE(none("resource", Question("nobody", "read", "")));
  EXPECT_TRUE(none("resource", Question("alice", "read", "", {{"resource", {{"type", "ship"}}}})));
  EXPECT_TRUE(none("action", Question("nobody", "", "shared")));
  EXPECT_TRUE(none("action", Question("alice", "", "shared", {{"resource", {{"type", "ship"}}}})));
  EXPECT_TRUE(none("action", Question("alice", "", "shared", {{"subject", {{"type", "alien"}}}})));
}

TEST_F(AuthzenSearch, RefusesWhatLacksAField) {
  const auto fault = [&](const std::string& what, Json request, const char* pointer) {
    const Json::json_pointer field(pointer);
    if (field.parent_pointer().empty()) {
      request.erase(field.back());
    } else {
      request[field.parent_pointer()].erase(field.back());
    }
    return HttpTestServer::Verdict(server.Ask("search/" + what, request));
  };
  const Json whole = Question("alice", "read", "shared");
  EXPECT_EQ(fault("subject", whole, "/subject"), "400 MISSING_FIELD subject");
  EXPECT_EQ(fault("subject", whole, "/subject/type"), "400 MISSING_FIELD subject.type");
  EXPECT_EQ(fault("subject", whole, "/resource/id"), "400 MISSING_FIELD resource.id");
  EXPECT_EQ(fault("subject", whole, "/action"), "400 MISSING_FIELD action");
  EXPECT_EQ(fault("resource", whole, "/subject/id"), "400 MISSING_FIELD subject.id");
  EXPECT_EQ(fault("resource", whole, "/resource/type"), "400 MISSING_FIELD resource.type");
  EXPECT_EQ(fault("action", whole, "/resource/id"), "400 MISSING_FIELD resource.id");
}

TEST_F(AuthzenSearch, FindsOnlyWhatIsSurelyAllowed) {
  server.Touch({"record:shared#reader@user:maybe[office_hours]"});
  const Json request = Question("", "read", "shared");
  EXPECT_THAT(Ids(server.Ask("search/subject", request)), testing::Not(testing::Contains("maybe")));
  Json at_ten = request;
  at_ten["context"] = {{"hour", 10}};
  EXPECT_THAT(Ids(server.Ask("search/subject", at_ten)), testing::Contains("maybe"));
}

TEST_F(AuthzenSearch, SaysWhenEverybodyIsFoundBesidesThoseNamed) {
  const Json request = Question("", "read", "open");
  server.Touch({"record:open#reader@user:*", "record:open#reader@user:alice", "record:open#banned@user:mallory"});
  const Json answer = server.Ask("search/subject", request);
  EXPECT_EQ(Ids(answer), (std::vector<std::string>{"alice"}));
  EXPECT_EQ(answer["context"]["everybody"], true);
  EXPECT_FALSE(server.Ask("search/subject", Question("", "read", "shared")).contains("context"));
}

}  // namespace
}  // namespace mandate
