// Relationships over authzed.api.v1: each call, and each error of the table that it can end in.
#include "service/test_authzed.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kAuthzedRelationshipsSchema[] = R"(
use expiration
caveat office_hours(hour int, opens int) { hour >= opens && hour < 18 }
definition user {}
definition team { relation member: user }
definition document {
  relation viewer: user | team#member | user with office_hours
  relation guest: user with expiration
  permission view = viewer
}
)";

struct Rows : AuthzedServer {
  Rows() { WriteSchema(kAuthzedRelationshipsSchema); }

  // The relationships, then the fault if there is one.
  std::vector<std::string> ReadAz(const std::string& request, az::ReadRelationshipsResponse* last = nullptr) {
    std::vector<az::ReadRelationshipsResponse> responses;
    const absl::Status status =
        Stream(az_permissions, &az::PermissionsService::Stub::ReadRelationships, request, &responses);
    std::vector<std::string> texts;
    for (const auto& response : responses) texts.push_back(Text(response.relationship()));
    if (last != nullptr && !responses.empty()) *last = responses.back();
    if (!status.ok()) texts.push_back(Fault(status));
    return texts;
  }
  absl::Status Delete(const std::string& request, az::DeleteRelationshipsResponse* response = nullptr) {
    return Unary(az_permissions, &az::PermissionsService::Stub::DeleteRelationships, request, response);
  }
};

TEST(AuthzedWrite, CreatesTouchesAndDeletes) {
  Rows server;
  az::WriteRelationshipsResponse response;
  EXPECT_TRUE(server
                  .TryUpdate({"create document:plan#viewer@user:ann",
                              R"(touch document:plan#viewer@user:kim[office_hours:{"opens":9}])",
                              "touch document:plan#guest@user:eve[expiration:2026-06-01T00:00:00Z]"},
                             "", &response)
                  .ok());
  EXPECT_EQ(server.ReadAz(R"(relationship_filter { resource_type: "document" })").size(), 3u);
  EXPECT_NE(response.written_at().token(), "");
  EXPECT_TRUE(server.TryUpdate({"delete document:plan#viewer@user:ann", "delete document:plan#viewer@user:zoe"}).ok());
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" })"),
              testing::UnorderedElementsAre("document:plan#guest@user:eve[expiration:2026-06-01T00:00:00Z]",
                                            R"(document:plan#viewer@user:kim[office_hours:{"opens":9}])"));
}

TEST(AuthzedWrite, RefusesWhatTheSchemaDoesNotAllow) {
  Rows server;
  const struct {
    std::string update, fault;
    Facts facts;
  } kCases[] = {
      {"touch paper:plan#viewer@user:ann",
       "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION updates[0].relationship.resource.object_type",
       {{"definition_name", "paper"}}},
      {"touch document:plan#viewer@person:ann",
       "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION updates[0].relationship.subject.object.object_type",
       {{"definition_name", "person"}}},
      {"touch document:plan#vewer@user:ann",
       "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION updates[0].relationship.relation",
       {{"definition_name", "document"}, {"relation_or_permission_name", "vewer"}}},
      {"touch document:plan#viewer@team:core#boss",
       "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION "
       "updates[0].relationship.subject.optional_relation",
       {{"definition_name", "team"}, {"relation_or_permission_name", "boss"}}},
      {"touch document:plan#view@user:ann",
       "INVALID_ARGUMENT ERROR_REASON_CANNOT_UPDATE_PERMISSION updates[0].relationship.relation",
       {{"definition_name", "document"}, {"permission_name", "view"}}},
      {"touch document:plan#viewer@team:core",
       "INVALID_ARGUMENT ERROR_REASON_INVALID_SUBJECT_TYPE updates[0].relationship.subject",
       {{"definition_name", "document"}, {"relation_name", "viewer"}, {"subject_type", "team"}}},
      {"touch document:plan#viewer@user:*",
       "INVALID_ARGUMENT ERROR_REASON_INVALID_SUBJECT_TYPE updates[0].relationship.subject",
       {{"definition_name", "document"}, {"relation_name", "viewer"}, {"subject_type", "user:*"}}},
      {"touch document:plan#guest@user:ann",
       "INVALID_ARGUMENT ERROR_REASON_INVALID_SUBJECT_TYPE updates[0].relationship.optional_expires_at",
       {{"definition_name", "document"}, {"relation_name", "guest"}, {"subject_type", "user"}}},
      {"touch document:plan#viewer@team:core#member[office_hours]",
       "INVALID_ARGUMENT ERROR_REASON_INVALID_SUBJECT_TYPE updates[0].relationship.optional_caveat",
       {{"definition_name", "document"}, {"relation_name", "viewer"}, {"subject_type", "team#member"}}},
      {"touch document:plan#viewer@user:ann[weekend]",
       "INVALID_ARGUMENT ERROR_REASON_INVALID_SUBJECT_TYPE updates[0].relationship.optional_caveat",
       {{"definition_name", "document"}, {"relation_name", "viewer"}, {"subject_type", "user"}}},
      {R"(touch document:plan#viewer@user:ann[office_hours:{"opens":"x"}])",
       "INVALID_ARGUMENT ERROR_REASON_CAVEAT_PARAMETER_TYPE_ERROR updates[0].relationship.optional_caveat.context",
       {{"caveat_name", "office_hours"}, {"parameter_name", "opens"}}},
      {R"(touch document:plan#viewer@user:ann[office_hours:{"shut":1}])",
       "INVALID_ARGUMENT ERROR_REASON_CAVEAT_PARAMETER_TYPE_ERROR updates[0].relationship.optional_caveat.context",
       {{"caveat_name", "office_hours"}, {"parameter_name", "shut"}}},
  };
  for (const auto& c : kCases) {
    const absl::Status status = server.TryUpdate({c.update});
    EXPECT_EQ(Fault(status), c.fault) << status;
    EXPECT_EQ(DetailsOf(status), c.facts) << c.update;
  }
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" })"), ElementsAre());
}

TEST(AuthzedWrite, RefusesWhatIsThereAndWhatComesTwice) {
  Rows server;
  server.Touch({"document:plan#viewer@team:core#member"});
  absl::Status status =
      server.TryUpdate({"touch document:plan#viewer@user:ann", "create document:plan#viewer@team:core#member"});
  EXPECT_EQ(Fault(status), "ALREADY_EXISTS ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP updates[1].relationship");
  EXPECT_EQ(DetailsOf(status), (Facts{{"relationship", "document:plan#viewer@team:core#member"},
                                      {"resource_type", "document"},
                                      {"resource_object_id", "plan"},
                                      {"resource_relation", "viewer"},
                                      {"subject_type", "team"},
                                      {"subject_object_id", "core"},
                                      {"subject_relation", "member"}}));
  status = server.TryUpdate({"touch document:plan#viewer@user:ann", "delete document:plan#viewer@user:ann"});
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_UPDATES_ON_SAME_RELATIONSHIP updates[1].relationship");
  EXPECT_THAT(std::string(status.message()), HasSubstr("updates[0] and updates[1]"));
  EXPECT_EQ(DetailsOf(status),
            (Facts{{"definition_name", "document"}, {"relationship", "document:plan#viewer@user:ann"}}));
  EXPECT_EQ(server.ReadAz(R"(relationship_filter { resource_type: "document" })").size(), 1u);
}

TEST(AuthzedWrite, HoldsPreconditionsAndNamesTheOneThatFails) {
  Rows server;
  server.Touch({"document:plan#viewer@user:ann"});
  const std::string must = R"(optional_preconditions { operation: OPERATION_MUST_MATCH filter {
      resource_type: "document" optional_resource_id: "plan" optional_relation: "viewer"
      optional_subject_filter { subject_type: "user" optional_subject_id: "ann" } } })";
  EXPECT_TRUE(server.TryUpdate({"touch document:plan#viewer@user:bob"}, must).ok());
  const std::string must_not = R"(optional_preconditions { operation: OPERATION_MUST_NOT_MATCH filter {
      resource_type: "document" optional_resource_id_prefix: "pl"
      optional_subject_filter { subject_type: "team" optional_relation { relation: "member" } } } })";
  EXPECT_TRUE(server.TryUpdate({"touch document:plan#viewer@team:core#member"}, must_not).ok());
  const absl::Status status = server.TryUpdate({"touch document:plan#viewer@user:eve"}, must + must_not);
  EXPECT_EQ(Fault(status),
            "FAILED_PRECONDITION ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE "
            "optional_preconditions[1]");
  EXPECT_EQ(DetailsOf(status), (Facts{{"precondition_operation", "OPERATION_MUST_NOT_MATCH"},
                                      {"precondition_resource_type", "document"},
                                      {"precondition_resource_id", ""},
                                      {"precondition_resource_id_prefix", "pl"},
                                      {"precondition_relation", ""},
                                      {"precondition_subject_type", "team"},
                                      {"precondition_subject_id", ""},
                                      {"precondition_subject_relation", "member"}}));
  EXPECT_EQ(Fault(server.TryUpdate({"touch document:plan#viewer@user:eve"},
                                   "optional_preconditions { operation: OPERATION_MUST_MATCH filter { } }")),
            "INVALID_ARGUMENT ERROR_REASON_EMPTY_PRECONDITION optional_preconditions[0].filter");
  EXPECT_EQ(Fault(server.TryUpdate({"touch document:plan#viewer@user:eve"},
                                   R"(optional_preconditions { operation: OPERATION_MUST_MATCH
                                      filter { resource_type: "paper" } })")),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION optional_preconditions[0].filter.resource_type");
}

TEST(AuthzedWrite, HoldsItsLimits) {
  Rows server;
  std::vector<std::string> updates;
  for (int i = 0; i < 1001; ++i) updates.push_back(Cat("touch document:d", i, "#viewer@user:ann"));
  absl::Status status = server.TryUpdate(updates);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_TOO_MANY_UPDATES_IN_REQUEST");
  EXPECT_EQ(DetailsOf(status), (Facts{{"update_count", "1001"}, {"maximum_updates_allowed", "1000"}}));
  std::string preconditions;
  for (int i = 0; i < 1001; ++i) preconditions += "optional_preconditions { } ";
  status = server.TryUpdate({"touch document:plan#viewer@user:ann"}, preconditions);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_TOO_MANY_PRECONDITIONS_IN_REQUEST");
  EXPECT_EQ(DetailsOf(status), (Facts{{"precondition_count", "1001"}, {"maximum_updates_allowed", "1000"}}));
  const std::string long_text(70'000, 'x');
  status = server.TryUpdate(
      {"touch document:plan#viewer@user:ann"},
      Cat(R"(optional_transaction_metadata { fields { key: "k" value { string_value: ")", long_text, "\" } } }"));
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_TRANSACTION_METADATA_TOO_LARGE");
  EXPECT_EQ(DetailsOf(status)["maximum_allowed_metadata_byte_size"], "32768");
  status = server.TryUpdate({}, Cat(R"(updates { operation: OPERATION_TOUCH relationship {
      resource { object_type: "document" object_id: "plan" } relation: "viewer"
      subject { object { object_type: "user" object_id: "ann" } }
      optional_caveat { caveat_name: "office_hours" context { fields { key: "k" value { string_value: ")",
                                    long_text.substr(0, 26'000), "\" } } } } } }"));
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_MAX_RELATIONSHIP_CONTEXT_SIZE");
  EXPECT_EQ(DetailsOf(status)["max_allowed_size"], "25000");
  EXPECT_EQ(Fault(server.TryUpdate({})), "INVALID_ARGUMENT MISSING_FIELD updates");
  EXPECT_EQ(Fault(server.TryUpdate({}, "updates { operation: OPERATION_TOUCH }")),
            "INVALID_ARGUMENT MISSING_FIELD updates[0].relationship");
  EXPECT_EQ(Fault(server.TryUpdate({}, "updates { }")), "INVALID_ARGUMENT OPERATION_UNKNOWN updates[0].operation");
}

TEST(AuthzedRead, FiltersPagesAndKeepsItsRevision) {
  Rows server;
  server.Touch({"document:a#viewer@user:ann", "document:b#viewer@team:core#member", "document:b#viewer@user:bob",
                "document:c#guest@user:ann[expiration:2026-01-01T00:00:01Z]", "team:core#member@user:ann"});
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" optional_relation: "viewer"
                               optional_subject_filter { subject_type: "team" } })"),
              ElementsAre("document:b#viewer@team:core#member"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { optional_subject_filter { subject_type: "team"
                               optional_relation { } } })"),
              ElementsAre());
  az::ReadRelationshipsResponse last;
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" } optional_limit: 1)", &last),
              ElementsAre("document:a#viewer@user:ann"));
  server.Write({"touch document:aa#viewer@user:ann"});
  server.clock.Advance(absl::Seconds(2));
  const std::string cursor = Cat("optional_cursor { token: \"", last.after_result_cursor().token(), "\" }");
  EXPECT_THAT(server.ReadAz(Cat(R"(relationship_filter { resource_type: "document" } )", cursor)),
              ElementsAre("document:b#viewer@user:bob", "document:b#viewer@team:core#member"));
  EXPECT_THAT(server.ReadAz(Cat(R"(relationship_filter { resource_type: "team" } )", cursor)),
              ElementsAre("INVALID_ARGUMENT ERROR_REASON_INVALID_CURSOR optional_cursor"));
}

TEST(AuthzedRead, RefusesFilters) {
  Rows server;
  EXPECT_THAT(server.ReadAz("relationship_filter { }"),
              ElementsAre("INVALID_ARGUMENT ERROR_REASON_INVALID_FILTER relationship_filter"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { optional_resource_id: "a" optional_resource_id_prefix: "a" })"),
              ElementsAre("INVALID_ARGUMENT ERROR_REASON_INVALID_FILTER "
                          "relationship_filter.optional_resource_id_prefix"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" optional_relation: "view" })"),
              ElementsAre("FAILED_PRECONDITION ERROR_REASON_SCHEMA_TYPE_ERROR relationship_filter.optional_relation"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" optional_relation: "vewer" })"),
              ElementsAre("FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION "
                          "relationship_filter.optional_relation"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "paper" })"),
              ElementsAre("FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION relationship_filter.resource_type"));
  EXPECT_THAT(server.ReadAz(R"(relationship_filter { resource_type: "document" } optional_limit: 1001)"),
              ElementsAre("INVALID_ARGUMENT ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT optional_limit"));
}

TEST(AuthzedDelete, DeletesUpToALimitAndSaysIfMoreMatch) {
  Rows server;
  server.Touch({"document:a#viewer@user:ann", "document:b#viewer@user:ann", "document:c#viewer@user:ann"});
  const std::string all = R"(relationship_filter { resource_type: "document" } )";
  const absl::Status status = server.Delete(Cat(all, "optional_limit: 2"));
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE");
  EXPECT_EQ(DetailsOf(status), (Facts{{"limit", "2"}, {"filter_resource_type", "document"}}));
  az::DeleteRelationshipsResponse response;
  EXPECT_TRUE(server.Delete(Cat(all, "optional_limit: 2 optional_allow_partial_deletions: true"), &response).ok());
  EXPECT_EQ(response.deletion_progress(), az::DeleteRelationshipsResponse::DELETION_PROGRESS_PARTIAL);
  EXPECT_EQ(response.relationships_deleted_count(), 2u);
  EXPECT_TRUE(server.Delete(all, &response).ok());
  EXPECT_EQ(response.deletion_progress(), az::DeleteRelationshipsResponse::DELETION_PROGRESS_COMPLETE);
  EXPECT_EQ(response.relationships_deleted_count(), 1u);
  EXPECT_NE(response.deleted_at().token(), "");
  EXPECT_EQ(Fault(server.Delete(Cat(all, "optional_limit: 1001"))),
            "INVALID_ARGUMENT ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT optional_limit");
  EXPECT_EQ(Fault(server.Delete(Cat(all, R"(optional_preconditions { operation: OPERATION_MUST_MATCH
                                            filter { resource_type: "document" } })"))),
            "FAILED_PRECONDITION ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE optional_preconditions[0]");
}

// Several messages, `rows` in each.
std::string Import(Rows& server, const std::vector<std::vector<std::string>>& messages, uint64_t* loaded) {
  grpc::ClientContext context;
  az::ImportBulkRelationshipsResponse response;
  auto writer = server.az_permissions->ImportBulkRelationships(&context, &response);
  for (const auto& rows : messages) {
    az::ImportBulkRelationshipsRequest request;
    for (const std::string& row : rows) ToWire(*ParseRelationship(row), request.add_relationships());
    if (!writer->Write(request)) break;
  }
  writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  *loaded = response.num_loaded();
  return Fault(status);
}

TEST(AuthzedImport, CreatesEverythingOrNothing) {
  Rows server;
  uint64_t loaded = 0;
  EXPECT_EQ(
      Import(server, {{"document:a#viewer@user:ann", "document:b#viewer@user:ann"}, {"team:core#member@user:kim"}},
             &loaded),
      "OK");
  EXPECT_EQ(loaded, 3u);
  EXPECT_EQ(Import(server, {{"document:z#viewer@user:ann"}, {"document:b#viewer@user:ann"}}, &loaded),
            "ALREADY_EXISTS ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP relationships[1]");
  EXPECT_EQ(Import(server, {{"document:z#view@user:ann"}}, &loaded),
            "INVALID_ARGUMENT ERROR_REASON_CANNOT_UPDATE_PERMISSION relationships[0].relation");
  EXPECT_EQ(server.ReadAz(R"(relationship_filter { resource_type: "document" })").size(), 2u);
  EXPECT_EQ(Import(server, {}, &loaded), "OK");
  EXPECT_EQ(loaded, 0u);
}

TEST(AuthzedExport, PagesThroughEverythingAndGoesOnBehindACursor) {
  Rows server;
  server.Touch({"document:a#viewer@user:ann", "document:b#viewer@user:ann", "document:c#viewer@user:ann"});
  std::vector<az::ExportBulkRelationshipsResponse> pages;
  EXPECT_TRUE(server
                  .Stream(server.az_permissions, &az::PermissionsService::Stub::ExportBulkRelationships,
                          "optional_limit: 2", &pages)
                  .ok());
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].relationships_size(), 2);
  EXPECT_EQ(server.Text(pages[1].relationships(0)), "document:c#viewer@user:ann");
  const std::string cursor = Cat("optional_cursor { token: \"", pages[0].after_result_cursor().token(), "\" }");
  std::vector<az::ExportBulkRelationshipsResponse> rest;
  EXPECT_TRUE(
      server.Stream(server.az_permissions, &az::PermissionsService::Stub::ExportBulkRelationships, cursor, &rest).ok());
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(server.Text(rest[0].relationships(0)), "document:c#viewer@user:ann");
  rest.clear();
  EXPECT_TRUE(server
                  .Stream(server.az_permissions, &az::PermissionsService::Stub::ExportBulkRelationships,
                          R"(optional_relationship_filter { optional_resource_id: "b" })", &rest)
                  .ok());
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(Fault(server.Stream(server.az_permissions, &az::PermissionsService::Stub::ExportBulkRelationships,
                                "optional_limit: 10001", &rest)),
            "INVALID_ARGUMENT ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT optional_limit");
}

TEST(AuthzedExperimental, ImportsAndExportsUnderTheEarlierNames) {
  Rows server;
  grpc::ClientContext context;
  az::BulkImportRelationshipsResponse response;
  auto writer = server.az_experimental->BulkImportRelationships(&context, &response);
  az::BulkImportRelationshipsRequest request;
  ToWire(*ParseRelationship("document:a#viewer@user:ann"), request.add_relationships());
  writer->Write(request);
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(response.num_loaded(), 1u);
  std::vector<az::BulkExportRelationshipsResponse> pages;
  EXPECT_TRUE(
      server.Stream(server.az_experimental, &az::ExperimentalService::Stub::BulkExportRelationships, "", &pages).ok());
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(server.Text(pages[0].relationships(0)), "document:a#viewer@user:ann");
}

}  // namespace
}  // namespace mandate
