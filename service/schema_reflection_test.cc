#include "schema/diff.h"
#include "schema/text.h"
#include "service/test_server.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAgentSchema[] = R"(
use delegation
use expiration

// Who asks.
definition user {
  relation acts_on_behalf_of: assistant with expiration
}
agent assistant {
  relation boundary: mailbox:*#send
}
task errand {
  relation delegated_for_task: assistant with expiration
  relation delegator: user
  relation scope: mailbox:*#send | mailbox#send
  // Never more.
  limit mailbox#send to 5 per task
}
caveat at_work(hour int, days list<string>) { hour < 18 && "mon" in days }
definition mailbox {
  relation owner: user | user:* with at_work
  // To write in its name.
  permission send = owner
}
)";

template <typename Request, typename Response>
absl::Status Call(TestServer& server,
                  grpc::Status (v1::SchemaService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const std::string& request, Response* response) {
  return server.Call(*server.schemas, method, Proto<Request>(request), response);
}

std::vector<std::string> Names(const google::protobuf::RepeatedPtrField<v1::MemberReference>& members) {
  std::vector<std::string> names;
  for (const auto& member : members) names.push_back(Cat(member.definition(), "#", member.name()));
  return names;
}

TEST(ReflectSchema, SaysEverythingThatTheSchemaDeclares) {
  TestServer server;
  const std::string token = server.WriteSchema(kAgentSchema);
  v1::ReflectSchemaResponse response;
  ASSERT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectSchema, "", &response)), "OK");
  EXPECT_EQ(response.read_at().token(), token);
  ASSERT_EQ(response.definitions_size(), 4);
  EXPECT_EQ(response.definitions(0).name(), "user");
  EXPECT_EQ(response.definitions(0).doc(), "Who asks.");
  EXPECT_EQ(response.definitions(0).kind(), v1::ReflectedDefinition::KIND_DEFINITION);
  EXPECT_EQ(response.definitions(1).kind(), v1::ReflectedDefinition::KIND_AGENT);
  const auto& errand = response.definitions(2);
  EXPECT_EQ(errand.kind(), v1::ReflectedDefinition::KIND_TASK);
  ASSERT_EQ(errand.rules_size(), 1);
  EXPECT_EQ(errand.rules(0).text(), "limit mailbox#send to 5 per task");
  EXPECT_EQ(errand.rules(0).doc(), "Never more.");
  const auto& scope = errand.members(2);
  ASSERT_EQ(scope.subject_types_size(), 2);
  EXPECT_THAT(scope.subject_types(0).ShortDebugString(), R"(type: "mailbox" relation: "send" wildcard: true)");
  const auto& mailbox = response.definitions(3);
  EXPECT_EQ(mailbox.members(0).subject_types(1).ShortDebugString(), R"(type: "user" wildcard: true caveat: "at_work")");
  EXPECT_TRUE(mailbox.members(1).is_permission());
  EXPECT_EQ(mailbox.members(1).expression(), "owner");
  EXPECT_EQ(mailbox.members(1).doc(), "To write in its name.");
  EXPECT_THAT(Names(mailbox.members(1).names()), ElementsAre("mailbox#owner"));
  EXPECT_TRUE(response.definitions(0).members(0).subject_types(0).expiration());
  ASSERT_EQ(response.caveats_size(), 1);
  EXPECT_EQ(response.caveats(0).ShortDebugString(),
            R"(name: "at_work" parameters { name: "hour" type: "int" } )"
            R"(parameters { name: "days" type: "list<string>" } expression: "hour < 18 && \"mon\" in days")");
}

TEST(ReflectSchema, OfSomeDefinitionsLeavesTheRestOut) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  v1::ReflectSchemaResponse response;
  ASSERT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectSchema, "definitions: 'team'", &response)), "OK");
  ASSERT_EQ(response.definitions_size(), 1);
  EXPECT_EQ(response.definitions(0).name(), "team");
  EXPECT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectSchema, "definitions: 'team' definitions: 'docment'",
                       &response)),
            "INVALID_ARGUMENT UNKNOWN_DEFINITION definitions[1]");
}

TEST(ReflectSchema, BeforeTheFirstSchemaIsRefused) {
  TestServer server;
  v1::ReflectSchemaResponse response;
  EXPECT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectSchema, "", &response)),
            "FAILED_PRECONDITION NO_SCHEMA");
}

TEST(ReflectMember, SaysWhatItRestsOnAndWhatRestsOnIt) {
  TestServer server;
  server.WriteSchema(kDocumentSchema);
  v1::ReflectMemberResponse response;
  ASSERT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectMember,
                       "member { definition: 'document' name: 'view' }", &response)),
            "OK");
  EXPECT_THAT(Names(response.depends_on()), ElementsAre("team#member", "document#parent", "document#owner",
                                                        "document#viewer", "document#banned", "document#edit"));
  EXPECT_THAT(Names(response.feeds()), IsEmpty());
  response.Clear();
  ASSERT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectMember, "member { definition: 'team' name: 'member' }",
                       &response)),
            "OK");
  EXPECT_THAT(Names(response.feeds()), ElementsAre("document#viewer", "document#view"));
  EXPECT_EQ(Fault(Call(server, &v1::SchemaService::Stub::ReflectMember,
                       "member { definition: 'document' name: 'veiw' }", &response)),
            "INVALID_ARGUMENT UNKNOWN_PERMISSION member.name");
}

TEST(DiffSchema, NamesEachDifferenceAndWhatItWidens) {
  TestServer server;
  server.WriteSchema(kAgentSchema);
  std::string other = kAgentSchema;
  const auto replace = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(other.find(from), std::string::npos) << from;
    other.replace(other.find(from), from.size(), to);
  };
  replace("to 5 per task", "to 9 per task");
  replace("permission send = owner", "permission send = owner\n  permission read = owner");
  v1::DiffSchemaRequest request;
  request.set_schema(other);
  v1::DiffSchemaResponse response;
  ASSERT_EQ(Fault(server.Call(*server.schemas, &v1::SchemaService::Stub::DiffSchema, request, &response)), "OK");
  std::vector<std::string> kinds;
  for (const auto& difference : response.differences()) {
    kinds.push_back(v1::SchemaDifference::Kind_Name(difference.kind()) + " " + difference.name() + " " +
                    difference.before() + difference.after());
  }
  EXPECT_THAT(kinds, testing::UnorderedElementsAre("KIND_RULE_REMOVED errand limit mailbox#send to 5 per task",
                                                   "KIND_RULE_ADDED errand limit mailbox#send to 9 per task",
                                                   "KIND_PERMISSION_ADDED mailbox owner"));
  EXPECT_THAT(response.widened(), ElementsAre("errand: limit mailbox#send to 5 per task"));
}

TEST(DiffSchema, BeforeTheFirstSchemaAddsEverything) {
  TestServer server;
  v1::DiffSchemaRequest request;
  request.set_schema("definition user {}");
  v1::DiffSchemaResponse response;
  ASSERT_EQ(Fault(server.Call(*server.schemas, &v1::SchemaService::Stub::DiffSchema, request, &response)), "OK");
  ASSERT_EQ(response.differences_size(), 1);
  EXPECT_EQ(response.differences(0).kind(), v1::SchemaDifference::KIND_DEFINITION_ADDED);
}

TEST(DiffSchema, OfATextWithErrorsNamesThem) {
  TestServer server;
  v1::DiffSchemaRequest request;
  request.set_schema("definition user { relation a: usr }");
  v1::DiffSchemaResponse response;
  const absl::Status status = server.Call(*server.schemas, &v1::SchemaService::Stub::DiffSchema, request, &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT SCHEMA_INVALID schema");
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 1, column"));
}

TEST(DiffSchema, HasAKindForEachDifference) {
  for (int i = 0; i <= static_cast<int>(DifferenceKind::kParameterTypeChanged); ++i) {
    v1::SchemaDifference::Kind kind;
    const std::string name = Cat("KIND_", DifferenceName(static_cast<DifferenceKind>(i)));
    EXPECT_TRUE(v1::SchemaDifference::Kind_Parse(name, &kind)) << name;
  }
}

}  // namespace
}  // namespace mandate
