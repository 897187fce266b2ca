#include "service/test_server.h"
#include "service/token.h"

namespace mandate {
namespace {

using testing::HasSubstr;

absl::Status TryRead(TestServer& server, const v1::Consistency& consistency, v1::ReadSchemaResponse* response) {
  v1::ReadSchemaRequest request;
  *request.mutable_consistency() = consistency;
  return server.Call(*server.schemas, &v1::SchemaService::Stub::ReadSchema, request, response);
}

std::string ReadSchema(TestServer& server, const v1::Consistency& consistency = {}) {
  v1::ReadSchemaResponse response;
  const absl::Status status = TryRead(server, consistency, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response.schema();
}

// The status with which the schema is refused, and the errors among its details.
grpc::Status Refused(TestServer& server, const std::string& schema, v1::SchemaErrors* errors) {
  grpc::ClientContext context;
  v1::WriteSchemaRequest request;
  request.set_schema(schema);
  v1::WriteSchemaResponse response;
  const grpc::Status status = server.schemas->WriteSchema(&context, request, &response);
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  for (const auto& detail : details.details()) detail.UnpackTo(errors);
  return status;
}

TEST(ReadSchema, BeforeTheFirstOneFindsNone) {
  TestServer server;
  v1::ReadSchemaResponse response;
  EXPECT_EQ(Fault(TryRead(server, {}, &response)), "NOT_FOUND NO_SCHEMA");
}

TEST(ReadSchema, GivesTheTextAsItWasWrittenAtEachRevision) {
  TestServer server;
  const std::string first = "// the first\ndefinition   user {}\n";
  const std::string second = "definition user {}\n\n\ndefinition team {} // ✓";
  const std::string at_first = server.WriteSchema(first);
  const std::string at_second = server.WriteSchema(second);
  EXPECT_EQ(ReadSchema(server), second);
  EXPECT_EQ(ReadSchema(server, AtLeast(at_first)), second);
  EXPECT_EQ(ReadSchema(server, Exactly(at_first)), first);
  EXPECT_EQ(ReadSchema(server, Exactly(at_second)), second);
  v1::ReadSchemaResponse response;
  EXPECT_EQ(
      Fault(TryRead(server, Exactly(EncodeToken(server.database().store().database_id(), Revision(99))), &response)),
      "OUT_OF_RANGE REVISION_UNKNOWN consistency.at_exact_snapshot.token");
}

TEST(WriteSchema, NamesEveryErrorWithItsPlace) {
  TestServer server;
  v1::SchemaErrors errors;
  const std::string text =
      "definition user {}\ndefinition doc {\n  relation viewer: usr\n  permission view = "
      "viewr\n}\n";
  const grpc::Status status = Refused(server, text, &errors);
  EXPECT_EQ(Fault(FromGrpc(status)), "INVALID_ARGUMENT SCHEMA_INVALID schema");
  EXPECT_THAT(status.error_message(), HasSubstr("the schema has 2 errors; line 3, column 20: "));
  ASSERT_EQ(errors.errors_size(), 2);
  EXPECT_EQ(text.substr(errors.errors(0).offset(), errors.errors(0).length()), "usr");
  EXPECT_EQ(errors.errors(0).line(), 3u);
  EXPECT_EQ(errors.errors(0).column(), 20u);
  EXPECT_THAT(errors.errors(0).message(), HasSubstr("did you mean `user`?"));
  EXPECT_EQ(text.substr(errors.errors(1).offset(), errors.errors(1).length()), "viewr");
  v1::ReadSchemaResponse response;
  EXPECT_EQ(Fault(TryRead(server, {}, &response)), "NOT_FOUND NO_SCHEMA") << "nothing was written";
}

// The errors travel in a header, which peers take up to 8 KiB.
TEST(WriteSchema, WithMoreErrorsThanFitCountsThemAndNamesTheFirst) {
  TestServer server;
  std::string text = "definition user {}\n";
  for (int i = 0; i < 500; ++i) {
    text += Cat("definition doc", i, " {\n  relation viewer: a_rather_long_name_that_nobody_defined_", i, "\n}\n");
  }
  v1::SchemaErrors errors;
  const grpc::Status status = Refused(server, text, &errors);
  EXPECT_EQ(Fault(FromGrpc(status)), "INVALID_ARGUMENT SCHEMA_INVALID schema") << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("the schema has 500 errors"));
  EXPECT_GE(errors.errors_size(), 20);
  for (int i = 0; i < errors.errors_size(); ++i) EXPECT_EQ(errors.errors(i).line(), 3u * i + 3);
  EXPECT_LE(status.error_details().size(), kDetailsBytesMax);
}

TEST(WriteSchema, GivesEachWarningWithItsNameAndPlace) {
  TestServer server;
  v1::WriteSchemaRequest request;
  request.set_schema(
      "definition user {}\ndefinition doc {\n  relation aaa: user\n  permission ppp = aaa + "
      "aaa\n}");
  v1::WriteSchemaResponse response;
  ASSERT_TRUE(server.TryWriteSchema(request, &response).ok());
  ASSERT_EQ(response.warnings_size(), 1);
  EXPECT_EQ(response.warnings(0).name(), "operand-twice");
  EXPECT_EQ(response.warnings(0).line(), 4u);
  EXPECT_EQ(response.warnings(0).column(), 26u);
}

TEST(WriteSchema, ThatWouldOrphanRelationshipsIsRefusedAndNamesThem) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  server.Touch({"team:core#member@user:bob", "team:core#member@team:web#member"});
  for (const char* id : {"d1", "d2", "d3", "d4"}) server.Touch({Cat("document:", id, "#viewer@user:bob")});
  v1::WriteSchemaRequest request;
  request.set_schema("definition user {}");
  v1::WriteSchemaResponse response;
  const absl::Status status = server.TryWriteSchema(request, &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ORPHANS_RELATIONSHIPS");
  EXPECT_EQ(std::string(status.message()),
            "the new schema does not allow 6 relationships that are stored; delete them first, or "
            "keep what allows them:\n"
            "  4 of document#viewer@user: document:d1#viewer@user:bob, document:d2#viewer@user:bob, "
            "document:d3#viewer@user:bob, ...\n"
            "  1 of team#member@team#member: team:core#member@team:web#member\n"
            "  1 of team#member@user: team:core#member@user:bob");
  EXPECT_EQ(ReadSchema(server), kDocumentSchema);
  request.set_dry_run(true);
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "FAILED_PRECONDITION ORPHANS_RELATIONSHIPS");
}

constexpr char kAgents[] = R"(
use delegation
use expiration

definition user {
  relation acts_on_behalf_of: bot with expiration
}

definition document {
  relation viewer: user
  permission view = viewer
}

agent bot {%s
}

task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: document#view
}
)";

TEST(WriteSchema, ThatWidensWhatAgentsMayDoMustSaySo) {
  TestServer server;
  const auto agents = [](const std::string& boundary) {
    std::string text = kAgents;
    return text.replace(text.find("%s"), 2, boundary);
  };
  server.WriteSchema(agents("\n  relation boundary: document:*#view"));
  v1::WriteSchemaRequest request;
  request.set_schema(agents(""));
  v1::WriteSchemaResponse response;
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "FAILED_PRECONDITION WIDENS_AUTHORITY");
  request.add_drops("bot#boundary");
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "OK");
}

TEST(WriteSchema, ThatDropsOrWeakensARuleOfATaskMustNameIt) {
  TestServer server;
  const auto rules = [](const std::string& text) {
    std::string schema = kAgents;
    schema.replace(schema.find("%s"), 2, "");
    return schema.insert(schema.rfind('}'), text);
  };
  server.WriteSchema(rules("limit document#view to 5 per task\nafter document#view forbid document#viewer\n"));
  v1::WriteSchemaRequest request;
  v1::WriteSchemaResponse response;
  request.set_schema(rules("after document#view forbid document#viewer; limit document # view to 4 per task\n"));
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "OK") << "stricter";
  request.set_schema(rules("limit document#view to 5 per task\n"));
  request.set_dry_run(true);
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "FAILED_PRECONDITION WIDENS_AUTHORITY");
  request.set_dry_run(false);
  const absl::Status status = server.TryWriteSchema(request, &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION WIDENS_AUTHORITY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("\n  errand: after document#view forbid document#viewer"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\n  errand: limit document#view to 4 per task"));
  request.add_drops("errand: limit document#view to 4 per task");
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "FAILED_PRECONDITION WIDENS_AUTHORITY");
  request.add_drops("errand: after document#view forbid document#viewer");
  EXPECT_EQ(Fault(server.TryWriteSchema(request, &response)), "OK");
}

TEST(WriteSchema, AsADryRunWritesNothingAndGivesNoToken) {
  TestServer server;
  server.WriteSchema("definition user {}");
  v1::WriteSchemaRequest request;
  request.set_schema(kDocumentSchema);
  request.set_dry_run(true);
  v1::WriteSchemaResponse response;
  ASSERT_EQ(Fault(server.TryWriteSchema(request, &response)), "OK");
  EXPECT_FALSE(response.has_written_at());
  EXPECT_EQ(ReadSchema(server), "definition user {}");
}

TEST(WriteSchema, CountsForTheNextCall) {
  TestServer server;
  server.WriteSchema("definition user {}");
  EXPECT_EQ(server.TryCheck("document:plan#view@user:alice"), "INVALID_ARGUMENT UNKNOWN_DEFINITION item.resource.type");
  server.WriteSchema(kDocumentSchema);
  EXPECT_FALSE(server.Allowed("document:plan#view@user:alice"));
}

}  // namespace
}  // namespace mandate
