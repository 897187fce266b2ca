#include "service/test_server.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct WritableDocuments : TestServer {
  WritableDocuments() { WriteSchema(kDocumentSchema); }

  std::string TryUpdates(const std::vector<std::string>& updates) { return TryWrite(Updates(updates)); }

  // `must` or `mustnot`, and a filter in text form.
  std::string TryUnder(const std::string& must, const std::string& filter) {
    v1::WriteRequest request = Updates({"touch document:new#owner@user:nina"});
    v1::Precondition* precondition = request.add_preconditions();
    precondition->set_operation(must == "must" ? v1::Precondition::OPERATION_MUST_MATCH
                                               : v1::Precondition::OPERATION_MUST_NOT_MATCH);
    *precondition->mutable_filter() = Proto<v1::RelationshipFilter>(filter);
    return TryWrite(request);
  }
};

TEST(Write, AppliesAllOfItAtOneRevision) {
  WritableDocuments server;
  const std::string before = server.Touch({"document:plan#owner@user:olga"});
  const std::string after =
      server.Write({"create document:plan#viewer@user:alice", "touch document:plan#banned@user:bob",
                    "delete document:plan#owner@user:olga"});
  EXPECT_THAT(server.Read("document", Exactly(before)), ElementsAre("document:plan#owner@user:olga"));
  EXPECT_THAT(server.Read("document", Exactly(after)),
              UnorderedElementsAre("document:plan#viewer@user:alice", "document:plan#banned@user:bob"));
}

TEST(Write, TouchAndDeleteCanBeRepeatedAndCreateCannot) {
  WritableDocuments server;
  server.Write({"create document:plan#viewer@user:alice"});
  server.Write({"touch document:plan#viewer@user:alice"});
  EXPECT_EQ(server.TryUpdates({"touch document:plan#owner@user:olga", "create document:plan#viewer@user:alice"}),
            "ALREADY_EXISTS ALREADY_EXISTS updates[1].relationship");
  EXPECT_THAT(server.Read("document"), ElementsAre("document:plan#viewer@user:alice")) << "nothing of it was written";
  server.Write({"delete document:plan#viewer@user:alice"});
  server.Write({"delete document:plan#viewer@user:alice"});
  server.Write({"create document:plan#viewer@user:alice"});
}

TEST(Write, CreateOfAnExpiredRelationshipIsRefused) {
  WritableDocuments server;
  server.Touch({"document:plan#viewer@user:alice[expiration:2026-01-01T01:00:00Z]"});
  server.clock.Advance(absl::Hours(2));
  EXPECT_THAT(server.Read("document"), IsEmpty());
  EXPECT_EQ(server.TryUpdates({"create document:plan#viewer@user:alice"}),
            "ALREADY_EXISTS ALREADY_EXISTS updates[0].relationship");
}

TEST(Write, NamesTheUpdateThatTheSchemaDoesNotAllow) {
  WritableDocuments server;
  const std::string good = "touch document:plan#viewer@user:alice";
  EXPECT_EQ(server.TryUpdates({good, "touch document:plan#owner@user:*"}),
            "INVALID_ARGUMENT SUBJECT_TYPE_NOT_ALLOWED updates[1].relationship.subject");
  EXPECT_EQ(server.TryUpdates({good, good, "touch document:plan#owner@team:core#member"}),
            "INVALID_ARGUMENT SUBJECT_TYPE_NOT_ALLOWED updates[2].relationship.subject");
  EXPECT_EQ(server.TryUpdates({"touch document:plan#view@user:alice"}),
            "INVALID_ARGUMENT NOT_A_RELATION updates[0].relationship.relation");
  EXPECT_EQ(server.TryUpdates({"touch document:plan#seer@user:alice"}),
            "INVALID_ARGUMENT UNKNOWN_RELATION updates[0].relationship.relation");
  EXPECT_EQ(server.TryUpdates({"touch document:plan#owner@user:alice[expiration:2099-01-01T00:00:00Z]"}),
            "INVALID_ARGUMENT EXPIRATION_NOT_ALLOWED updates[0].relationship.expires_at");
  EXPECT_THAT(server.Read("document"), IsEmpty());
}

TEST(Write, NamesBothPlacesOfARelationshipThatComesTwice) {
  WritableDocuments server;
  v1::WriteResponse response;
  const absl::Status status = server.TryWrite(
      Updates({"touch document:plan#viewer@user:alice", "delete document:plan#viewer@user:alice"}), &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT DUPLICATE_UPDATE updates[1].relationship");
  EXPECT_THAT(std::string(status.message()), HasSubstr("by updates[0] and updates[1]"));
}

TEST(Write, HappensOnlyUnderItsPreconditions) {
  WritableDocuments server;
  server.Touch({"document:plan#owner@user:olga", "document:plan#viewer@user:alice[expiration:2026-01-01T01:00:00Z]"});
  const std::string failed = "FAILED_PRECONDITION PRECONDITION_FAILED preconditions[0]";
  EXPECT_EQ(server.TryUnder("must", "resource_type: 'document' relation: 'banned'"), failed);
  EXPECT_EQ(server.TryUnder("mustnot", "resource_id_prefix: 'pl'"), failed);
  EXPECT_EQ(server.TryUnder("must", "subject {type: 'user' id: 'olga' relation: 'member'}"), failed);
  EXPECT_THAT(server.Read("document"), testing::SizeIs(2)) << "nothing was written";
  EXPECT_EQ(server.TryUnder("must", "subject {id: 'alice'}"), "OK");
  EXPECT_EQ(server.TryUnder("mustnot", "relation: 'nobody_stored_that'"), "OK");
  server.clock.Advance(absl::Hours(2));
  EXPECT_EQ(server.TryUnder("must", "subject {id: 'alice'}"), failed) << "an expired one does not count";
  EXPECT_EQ(server.TryUnder("mustnot", "subject {id: 'alice'}"), "OK");
}

TEST(Write, IsJudgedByItsPreconditionsBeforeItsUpdates) {
  WritableDocuments server;
  EXPECT_EQ(server.TryUnder("must", "resource_id: 'new'"), "FAILED_PRECONDITION PRECONDITION_FAILED preconditions[0]");
  EXPECT_EQ(server.TryUnder("mustnot", "resource_id: 'new'"), "OK");
}

TEST(Read, PagedByCursorGivesWhatItGivesUnpaged) {
  WritableDocuments server;
  std::vector<std::string> stored;
  for (int i = 0; i < 25; ++i) {
    stored.push_back(Cat("document:d", i % 5, "#viewer@user:u", i));
    stored.push_back(Cat("document:d", i % 5, "#viewer@team:t", i, "#member"));
    stored.push_back(Cat("document:d", i % 5, "#banned@user:u", i));
  }
  stored.push_back("document:d0#viewer@user:*");
  stored.push_back("document:d0#viewer@user:late[expiration:2030-01-01T00:00:00Z]");
  const std::string token = server.Touch(stored);
  server.Write({"touch document:d1#owner@user:later", "delete document:d2#viewer@user:u2"});

  for (const char* filter :
       {"resource_type: 'document'", "resource_type: 'document' resource_id: 'd0'",
        "resource_type: 'document' resource_id_prefix: 'd' relation: 'viewer'", "subject {type: 'user' id: 'u7'}",
        "subject {type: 'user'}", "resource_type: 'document' subject {relation: 'member'}"}) {
    v1::ReadRequest request;
    *request.mutable_filter() = Proto<v1::RelationshipFilter>(filter);
    *request.mutable_consistency() = Exactly(token);
    std::vector<v1::ReadResponse> whole;
    ASSERT_EQ(Fault(server.TryRead(request, &whole)), "OK");
    EXPECT_THAT(whole, testing::Not(IsEmpty())) << filter;
    for (const uint32_t limit : {1u, 2u, 7u, 100u}) {
      std::vector<v1::ReadResponse> paged;
      request.set_limit(limit);
      request.clear_cursor();
      for (size_t before = SIZE_MAX; paged.size() != before;) {
        before = paged.size();
        ASSERT_EQ(Fault(server.TryRead(request, &paged)), "OK");
        ASSERT_LE(paged.size() - before, limit);
        if (!paged.empty()) request.set_cursor(paged.back().cursor());
      }
      EXPECT_THAT(TestServer::Texts(paged), ElementsAreArray(TestServer::Texts(whole))) << filter << " by " << limit;
      EXPECT_EQ(paged.back().read_at().token(), token);
    }
    request.set_limit(0);
    request.clear_cursor();
  }
}

TEST(Read, GoesOnBehindARelationshipThatIsGone) {
  WritableDocuments server;
  server.Touch({"document:plan#viewer@user:u1", "document:plan#viewer@user:u2", "document:plan#viewer@user:u3"});
  v1::ReadRequest request;
  request.mutable_filter()->set_resource_type("document");
  request.set_limit(2);
  std::vector<v1::ReadResponse> responses;
  ASSERT_EQ(Fault(server.TryRead(request, &responses)), "OK");
  server.Write({"delete document:plan#viewer@user:u2"});
  request.set_cursor(responses.back().cursor());
  responses.clear();
  ASSERT_EQ(Fault(server.TryRead(request, &responses)), "OK");
  EXPECT_THAT(TestServer::Texts(responses), ElementsAre("document:plan#viewer@user:u3"));
}

TEST(Read, RefusesACursorOfAnotherFilter) {
  WritableDocuments server;
  server.Touch({"document:plan#viewer@user:u1"});
  v1::ReadRequest request;
  request.mutable_filter()->set_resource_type("document");
  std::vector<v1::ReadResponse> responses;
  ASSERT_EQ(Fault(server.TryRead(request, &responses)), "OK");
  request.set_cursor(responses.back().cursor());
  request.mutable_filter()->set_resource_type("team");
  EXPECT_EQ(Fault(server.TryRead(request, &responses)), "INVALID_ARGUMENT CURSOR_MALFORMED cursor");
}

TEST(Read, CursorOfTheLongestRelationshipIsUnder4KiB) {
  WritableDocuments server;
  const std::string id(1024, 'x');
  server.Touch({Cat("document:", id, "#viewer@team:", id, "#member")});
  v1::ReadRequest request;
  request.mutable_filter()->set_resource_type("document");
  std::vector<v1::ReadResponse> responses;
  ASSERT_EQ(Fault(server.TryRead(request, &responses)), "OK");
  EXPECT_LT(responses[0].cursor().size(), 4096u);
  request.set_cursor(responses[0].cursor());
  responses.clear();
  EXPECT_EQ(Fault(server.TryRead(request, &responses)), "OK");
  EXPECT_THAT(responses, IsEmpty());
}

TEST(Read, OfATypeThatNobodyStoredIsEmpty) {
  WritableDocuments server;
  EXPECT_THAT(server.Read("folder"), IsEmpty());
}

v1::ImportRequest Relationships(const std::vector<std::string>& texts) {
  v1::ImportRequest request;
  for (const std::string& text : texts) ToWire(*ParseRelationship(text), request.add_relationships());
  return request;
}

TEST(Export, EndsAMessageThatIsLongBeforeItIsFull) {
  TestServer server;
  server.WriteSchema(
      "caveat noted(note string) { note != '' }\ndefinition user {}\n"
      "definition document { relation viewer: user with noted }");
  std::vector<std::string> texts;
  const std::string note(30 << 10, 'n');
  for (int i = 0; i < 150; ++i)
    texts.push_back(Cat("document:d", i, "#viewer@user:u[noted:{\"note\":\"", note, "\"}]"));
  v1::ImportResponse imported;
  ASSERT_EQ(Fault(server.TryImport({Relationships(texts)}, &imported)), "OK");
  grpc::ClientContext context;
  auto reader = server.relationships->Export(&context, v1::ExportRequest());
  std::vector<int> sizes;
  for (v1::ExportResponse page; reader->Read(&page);) sizes.push_back(page.relationships_size());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(sizes.size(), 2u) << "150 of 30 KiB are more than 3 MiB";
}

TEST(Import, WritesAllMessagesAtOneRevision) {
  WritableDocuments server;
  server.Touch({"document:d1#viewer@user:u1"});
  std::vector<v1::ImportRequest> requests;
  for (int message = 0; message < 5; ++message) {
    std::vector<std::string> texts;
    for (int i = 0; i < 100; ++i) texts.push_back(Cat("document:d", message, "#viewer@user:u", i));
    requests.push_back(Relationships(texts));
  }
  v1::ImportResponse response;
  ASSERT_EQ(Fault(server.TryImport(requests, &response)), "OK");
  EXPECT_EQ(response.relationships_count(), 500u);
  EXPECT_EQ(server.database().store().Head()->revision(), Revision(3));
  EXPECT_THAT(server.Read("document", Exactly(response.written_at().token())), testing::SizeIs(500));
}

TEST(Import, WithOneBadRelationshipWritesNothingAndNamesIt) {
  WritableDocuments server;
  const std::string token = server.Touch({"document:plan#owner@user:olga"});
  const auto fault = [&](const std::string& bad) {
    v1::ImportResponse response;
    return Fault(server.TryImport({Relationships({"document:d1#viewer@user:u1", "document:d2#viewer@user:u1"}),
                                   Relationships({"document:d3#viewer@user:u1", bad})},
                                  &response));
  };
  EXPECT_EQ(fault("document:d4#owner@team:core#member"),
            "INVALID_ARGUMENT SUBJECT_TYPE_NOT_ALLOWED relationships[3].subject");
  EXPECT_EQ(fault("folder:d4#owner@user:u1"), "INVALID_ARGUMENT UNKNOWN_DEFINITION relationships[3].resource.type");
  EXPECT_EQ(fault("document:d4#owner@user:u1[expiration:2099-01-01T00:00:00Z]"),
            "INVALID_ARGUMENT EXPIRATION_NOT_ALLOWED relationships[3].expires_at");
  EXPECT_EQ(fault("document:d2#viewer@user:u1"), "INVALID_ARGUMENT DUPLICATE_UPDATE relationships[3]");
  EXPECT_THAT(server.Read("document"), ElementsAre("document:plan#owner@user:olga"));
  EXPECT_EQ(server.Check("document:plan#view@user:olga").checked_at().token(), token);
}

TEST(Import, CreatesOnlyWhatIsNotStoredWhenItsFirstMessageSaysSo) {
  WritableDocuments server;
  server.Touch({"document:d1#viewer@user:u1"});
  const auto fault = [&](std::vector<v1::ImportRequest> requests) {
    requests.front().set_create(true);
    v1::ImportResponse response;
    return Fault(server.TryImport(std::move(requests), &response));
  };
  EXPECT_EQ(fault({Relationships({"document:d2#viewer@user:u1"}), Relationships({"document:d1#viewer@user:u1"})}),
            "ALREADY_EXISTS ALREADY_EXISTS relationships[1]");
  EXPECT_THAT(server.Read("document"), ElementsAre("document:d1#viewer@user:u1"));
  EXPECT_EQ(fault({Relationships({"document:d2#viewer@user:u1"})}), "OK");
}

TEST(Import, OfNothingIsRefused) {
  WritableDocuments server;
  v1::ImportResponse response;
  EXPECT_EQ(Fault(server.TryImport({}, &response)), "INVALID_ARGUMENT MISSING_FIELD relationships");
}

// A connection lost in the middle looks to the server like the end of the stream.
TEST(Import, ThatEndsWithoutSayingThatItIsCompleteWritesNothing) {
  WritableDocuments server;
  grpc::ClientContext context;
  v1::ImportResponse response;
  auto writer = server.relationships->Import(&context, &response);
  ASSERT_TRUE(writer->Write(Relationships({"document:d1#viewer@user:u1"})));
  ASSERT_TRUE(writer->WritesDone());
  EXPECT_EQ(Fault(FromGrpc(writer->Finish())), "INVALID_ARGUMENT IMPORT_INCOMPLETE complete");
  EXPECT_EQ(server.database().store().Head()->revision(), Revision(1)) << "the schema alone";
}

TEST(Import, ThatIsCancelledWritesNothing) {
  WritableDocuments server;
  grpc::ClientContext context;
  v1::ImportResponse response;
  auto writer = server.relationships->Import(&context, &response);
  ASSERT_TRUE(writer->Write(Relationships({"document:d1#viewer@user:u1"})));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  server.server().Stop(absl::InfiniteDuration());
  EXPECT_EQ(server.database().store().Head()->revision(), Revision(1)) << "the schema alone";
}

}  // namespace
}  // namespace mandate
