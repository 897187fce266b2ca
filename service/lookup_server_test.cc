#include "service/test_server.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Lookups : TestServer {
  Lookups() {
    WriteSchema(kDocumentSchema);
    before = Touch({"document:plan#viewer@user:alice", "document:page#parent@document:plan",
                    "document:memo#viewer@team:core#member", "team:core#member@user:alice",
                    "document:secret#viewer@user:alice", "document:secret#banned@user:alice",
                    "document:open#viewer@user:*", "document:open#banned@user:mallory"});
    after = Touch({"document:late#owner@user:alice"});
  }

  v1::LookupResourcesRequest Resources(const std::string& subject = "alice") {
    return Proto<v1::LookupResourcesRequest>(
        Cat("resource_type: 'document' permission: 'view' subject {type: 'user' id: '", subject, "'}"));
  }
  v1::LookupSubjectsRequest Subjects(const std::string& document) {
    return Proto<v1::LookupSubjectsRequest>(
        Cat("resource {type: 'document' id: '", document, "'} permission: 'view' subject_type: 'user'"));
  }

  template <typename Response, typename Reader>
  std::string ReadAll(Reader reader, std::vector<Response>* responses) {
    Response response;
    while (reader->Read(&response)) responses->push_back(response);
    return Fault(FromGrpc(reader->Finish()));
  }
  std::string Try(const v1::LookupResourcesRequest& request, std::vector<v1::LookupResourcesResponse>* responses) {
    grpc::ClientContext context;
    return ReadAll(permissions->LookupResources(&context, request), responses);
  }
  std::string Try(const v1::LookupSubjectsRequest& request, std::vector<v1::LookupSubjectsResponse>* responses) {
    grpc::ClientContext context;
    return ReadAll(permissions->LookupSubjects(&context, request), responses);
  }

  // `id` of what is allowed, `id DECISION` of the rest.
  template <typename Response>
  static std::vector<std::string> Ids(const std::vector<Response>& responses) {
    std::vector<std::string> ids;
    for (const Response& response : responses) {
      for (const auto& result : response.results()) {
        const bool allowed = result.decision() == v1::DECISION_ALLOWED;
        ids.push_back(allowed ? result.id() : Cat(result.id(), " ", v1::Decision_Name(result.decision())));
      }
    }
    return ids;
  }
  template <typename Request>
  std::string Refusal(const Request& request) {
    if constexpr (std::is_same_v<Request, v1::LookupResourcesRequest>) {
      std::vector<v1::LookupResourcesResponse> responses;
      return Try(request, &responses);
    } else {
      std::vector<v1::LookupSubjectsResponse> responses;
      return Try(request, &responses);
    }
  }
  std::vector<std::string> Found(const v1::LookupResourcesRequest& request) {
    std::vector<v1::LookupResourcesResponse> responses;
    EXPECT_EQ(Try(request, &responses), "OK");
    return Ids(responses);
  }
  std::vector<std::string> Found(const v1::LookupSubjectsRequest& request) {
    std::vector<v1::LookupSubjectsResponse> responses;
    EXPECT_EQ(Try(request, &responses), "OK");
    return Ids(responses);
  }
  std::string before, after;
};

TEST(Lookup, FindsResourcesAtTheRevisionAskedFor) {
  Lookups server;
  EXPECT_THAT(server.Found(server.Resources()), ElementsAre("late", "memo", "open", "page", "plan"));
  auto past = server.Resources();
  *past.mutable_consistency() = Exactly(server.before);
  std::vector<v1::LookupResourcesResponse> responses;
  ASSERT_EQ(server.Try(past, &responses), "OK");
  EXPECT_THAT(Lookups::Ids(responses), ElementsAre("memo", "open", "page", "plan"));
  EXPECT_EQ(responses[0].looked_up_at().token(), server.before);
  EXPECT_THAT(server.Found(server.Resources("nobody")), ElementsAre("open"));
}

TEST(Lookup, FindsSubjectsAndWhomAWildcardDoesNotReach) {
  Lookups server;
  EXPECT_THAT(server.Found(server.Subjects("plan")), ElementsAre("alice"));
  EXPECT_THAT(server.Found(server.Subjects("secret")), IsEmpty());
  EXPECT_THAT(server.Found(server.Subjects("open")), ElementsAre("*", "mallory DECISION_DENIED"));
  auto sets = server.Subjects("memo");
  sets.set_subject_type("team");
  sets.set_subject_relation("member");
  EXPECT_THAT(server.Found(sets), ElementsAre("core"));
}

TEST(Lookup, GoesOnBehindACursorAndNowhereElse) {
  Lookups server;
  auto request = server.Resources();
  *request.mutable_consistency() = Exactly(server.after);
  request.set_limit(2);
  std::vector<std::string> all;
  for (int page = 0; page < 4; ++page) {
    std::vector<v1::LookupResourcesResponse> responses;
    ASSERT_EQ(server.Try(request, &responses), "OK");
    for (const std::string& id : Lookups::Ids(responses)) all.push_back(id);
    if (responses.empty()) break;
    request.set_cursor(responses.back().cursor());
  }
  EXPECT_THAT(all, ElementsAre("late", "memo", "open", "page", "plan"));
  auto other = server.Resources("bob");
  other.set_cursor(request.cursor());
  EXPECT_EQ(server.Refusal(other), "INVALID_ARGUMENT CURSOR_MALFORMED cursor");
  other.set_cursor("?");
  EXPECT_EQ(server.Refusal(other), "INVALID_ARGUMENT CURSOR_MALFORMED cursor");
}

TEST(Lookup, SendsTheFirstResultAloneAndTheOthersTogether) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  std::vector<std::string> many;
  for (int i = 0; i < 900; ++i) many.push_back(Cat("document:d", i, "#viewer@user:alice"));
  server.Touch(many);
  grpc::ClientContext context;
  auto reader = server.permissions->LookupResources(
      &context, Proto<v1::LookupResourcesRequest>(
                    "resource_type: 'document' permission: 'view' subject {type: 'user' id: 'alice'}"));
  v1::LookupResourcesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.results_size(), 1);
  size_t results = 1;
  while (reader->Read(&response)) results += response.results_size();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(results, 900u);
}

TEST(Lookup, CountsWhatTheRequestBringsAlong) {
  Lookups server;
  auto request = server.Resources("bob");
  *request.add_contextual() =
      Proto<v1::Relationship>("resource {type: 'team' id: 'core'} relation: 'member' subject {type: 'user' id: 'bob'}");
  EXPECT_THAT(server.Found(request), ElementsAre("memo", "open"));
}

TEST(Lookup, NamesTheFieldAtFault) {
  Lookups server;
  const auto resources = [&](const std::string& text) {
    return server.Refusal(Proto<v1::LookupResourcesRequest>(text));
  };
  const std::string subject = " subject {type: 'user' id: 'alice'}";
  EXPECT_EQ(resources("permission: 'view'" + subject), "INVALID_ARGUMENT MISSING_FIELD resource_type");
  EXPECT_EQ(resources("resource_type: 'Doc' permission: 'view'" + subject),
            "INVALID_ARGUMENT MALFORMED_FIELD resource_type");
  EXPECT_EQ(resources("resource_type: 'folder' permission: 'view'" + subject),
            "INVALID_ARGUMENT UNKNOWN_DEFINITION resource_type");
  EXPECT_EQ(resources("resource_type: 'document'" + subject), "INVALID_ARGUMENT MISSING_FIELD permission");
  EXPECT_EQ(resources("resource_type: 'document' permission: 'see'" + subject),
            "INVALID_ARGUMENT UNKNOWN_PERMISSION permission");
  EXPECT_EQ(resources("resource_type: 'document' permission: 'view'"), "INVALID_ARGUMENT MISSING_FIELD subject");
  EXPECT_EQ(resources("resource_type: 'document' permission: 'view' subject {type: 'user' id: '*'}"),
            "INVALID_ARGUMENT WILDCARD_NOT_ALLOWED subject.id");
  EXPECT_EQ(resources("resource_type: 'document' permission: 'view' contextual {}" + subject),
            "INVALID_ARGUMENT MISSING_FIELD contextual[0].resource");
  const auto subjects = [&](const std::string& text) { return server.Refusal(Proto<v1::LookupSubjectsRequest>(text)); };
  const std::string plan = "resource {type: 'document' id: 'plan'} ";
  EXPECT_EQ(subjects("permission: 'view' subject_type: 'user'"), "INVALID_ARGUMENT MISSING_FIELD resource");
  EXPECT_EQ(subjects(plan + "subject_type: 'user'"), "INVALID_ARGUMENT MISSING_FIELD permission");
  EXPECT_EQ(subjects(plan + "permission: 'view'"), "INVALID_ARGUMENT MISSING_FIELD subject_type");
  EXPECT_EQ(subjects(plan + "permission: 'view' subject_type: 'usr'"),
            "INVALID_ARGUMENT UNKNOWN_DEFINITION subject_type");
  EXPECT_EQ(subjects(plan + "permission: 'view' subject_type: 'team' subject_relation: 'Member'"),
            "INVALID_ARGUMENT MALFORMED_FIELD subject_relation");
}

}  // namespace
}  // namespace mandate
