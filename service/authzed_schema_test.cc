// The schema over authzed.api.v1: read, written, reflected; and that the wire is what clients were built against.
#include "service/test_authzed.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAuthzedSchemaSchema[] = R"(caveat office_hours(hour int) { hour < 18 }
definition user {}
definition team { relation member: user | team#member }
/** What is written. */
definition document {
  // Who may read.
  relation viewer: user | user:* | team#member | user with office_hours
  relation banned: user
  permission view = viewer - banned
  permission list = view
}
)";

struct Schemas : AuthzedServer {
  absl::Status TryText(const std::string& text) {
    az::WriteSchemaRequest request;
    request.set_schema(text);
    az::WriteSchemaResponse response;
    return Call(*az_schemas, &az::SchemaService::Stub::WriteSchema, request, &response);
  }
  // `document#view`, permissions with a `*`.
  template <typename References>
  static std::vector<std::string> Names(const References& references) {
    std::vector<std::string> names;
    for (const auto& reference : references) {
      names.push_back(
          Cat(reference.definition_name(), "#", reference.relation_name(), reference.is_permission() ? "*" : ""));
    }
    return names;
  }
};

TEST(AuthzedSchema, IsReadAsItWasWritten) {
  Schemas server;
  az::ReadSchemaResponse response;
  EXPECT_EQ(Fault(server.Unary(server.az_schemas, &az::SchemaService::Stub::ReadSchema, "", &response)), "NOT_FOUND");
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  EXPECT_TRUE(server.Unary(server.az_schemas, &az::SchemaService::Stub::ReadSchema, "", &response).ok());
  EXPECT_EQ(response.schema_text(), kAuthzedSchemaSchema);
  EXPECT_NE(response.read_at().token(), "");
}

TEST(AuthzedSchema, TellsWhereATextCannotBeReadAndWhatIsWrongWithItsMeaning) {
  Schemas server;
  absl::Status status = server.TryText("definition user {}\ndefinition document { relation viewer user }");
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_SCHEMA_PARSE_ERROR");
  Facts facts = DetailsOf(status);
  EXPECT_EQ(facts["start_line_number"], "1");
  EXPECT_EQ(facts["start_column_position"], "38");
  EXPECT_EQ(facts["end_line_number"], "1");
  EXPECT_EQ(facts["end_column_position"], "42");
  EXPECT_EQ(facts["source_code"], "user");
  status = server.TryText("definition user {}\ndefinition document { permission view = viewer }");
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ERROR_REASON_SCHEMA_TYPE_ERROR");
  EXPECT_EQ(DetailsOf(status)["source_code"], "viewer");
  EXPECT_EQ(Fault(server.TryText("definition user {\n  permission one = two\n  permission two = one\n}")),
            "FAILED_PRECONDITION ERROR_REASON_SCHEMA_TYPE_ERROR");
  EXPECT_EQ(Fault(server.TryText(std::string((3 << 20) + 1, ' '))), "INVALID_ARGUMENT TOO_MANY schema");
}

TEST(AuthzedSchema, IsRefusedWhileItWouldOrphanWhatIsStored) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  server.Touch({"document:plan#viewer@team:core#member"});
  const struct {
    std::string schema, operation;
  } kCases[] = {
      {"definition user {}", "delete_object_definition"},
      {"definition user {} definition team { relation member: user } definition document {}", "delete_relation"},
      {"definition user {} definition team {} definition document { relation viewer: user }",
       "delete_relation_reverse_check"},
      {"definition user {} definition team { relation member: user } definition document { relation viewer: user }",
       "remove_allowed_type"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = server.TryText(c.schema);
    EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_SCHEMA_TYPE_ERROR") << c.schema;
    EXPECT_EQ(DetailsOf(status), (Facts{{"operation", c.operation},
                                        {"resource_type", "document"},
                                        {"relation", "viewer"},
                                        {"allowed_type", "team#member"},
                                        {"relationship", "document:plan#viewer@team:core#member"}}))
        << c.schema;
  }
}

TEST(AuthzedReflection, ShowsDefinitionsAndCaveats) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  az::ReflectSchemaResponse response;
  EXPECT_TRUE(server.Unary(server.az_schemas, &az::SchemaService::Stub::ReflectSchema, "", &response).ok());
  ASSERT_EQ(response.definitions_size(), 3);
  const az::ReflectionDefinition& document = response.definitions(2);
  EXPECT_EQ(document.name(), "document");
  EXPECT_EQ(document.comment(), "// What is written.");
  ASSERT_EQ(document.relations_size(), 2);
  EXPECT_EQ(document.relations(0).comment(), "// Who may read.");
  EXPECT_EQ(document.relations(0).parent_definition_name(), "document");
  const auto& types = document.relations(0).subject_types();
  ASSERT_EQ(types.size(), 4);
  EXPECT_TRUE(types[0].is_terminal_subject());
  EXPECT_TRUE(types[1].is_public_wildcard());
  EXPECT_EQ(types[2].optional_relation_name(), "member");
  EXPECT_EQ(types[3].optional_caveat_name(), "office_hours");
  EXPECT_EQ(document.permissions(0).name(), "view");
  EXPECT_EQ(response.caveats(0).parameters(0).type(), "int");
  EXPECT_EQ(response.caveats(0).parameters(0).parent_caveat_name(), "office_hours");
  az::ExperimentalReflectSchemaResponse earlier;
  EXPECT_TRUE(
      server.Unary(server.az_experimental, &az::ExperimentalService::Stub::ExperimentalReflectSchema, "", &earlier)
          .ok());
  EXPECT_EQ(earlier.SerializeAsString(), response.SerializeAsString());
}

TEST(AuthzedReflection, FiltersByBeginnings) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  az::ReflectSchemaResponse response;
  const auto reflect = [&](const std::string& request) {
    return Fault(server.Unary(server.az_schemas, &az::SchemaService::Stub::ReflectSchema, request, &response));
  };
  EXPECT_EQ(
      reflect(R"(optional_filters { optional_definition_name_filter: "doc" optional_permission_name_filter: "v" })"),
      "OK");
  ASSERT_EQ(response.definitions_size(), 1);
  EXPECT_EQ(response.definitions(0).relations_size(), 0);
  EXPECT_EQ(response.definitions(0).permissions_size(), 1);
  EXPECT_EQ(response.caveats_size(), 0);
  EXPECT_EQ(reflect(R"(optional_filters { optional_caveat_name_filter: "office" })"), "OK");
  EXPECT_EQ(response.definitions_size(), 0);
  EXPECT_EQ(response.caveats_size(), 1);
  const std::string refused = "INVALID_ARGUMENT ERROR_REASON_INVALID_FILTER";
  EXPECT_EQ(reflect(R"(optional_filters { optional_caveat_name_filter: "a" optional_definition_name_filter: "b" })"),
            refused);
  EXPECT_EQ(reflect(R"(optional_filters { optional_relation_name_filter: "a" })"), refused);
}

TEST(AuthzedReflection, FollowsPermissionsBothWays) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  az::ComputablePermissionsResponse computable;
  const auto compute = [&](const std::string& request) {
    const absl::Status status =
        server.Unary(server.az_schemas, &az::SchemaService::Stub::ComputablePermissions, request, &computable);
    return status.ok() ? server.Names(computable.permissions()) : std::vector<std::string>{Fault(status)};
  };
  EXPECT_THAT(compute(R"(definition_name: "document" relation_name: "viewer")"),
              ElementsAre("document#list*", "document#view*"));
  EXPECT_THAT(compute(R"(definition_name: "team" relation_name: "member")"),
              ElementsAre("document#list*", "document#view*", "document#viewer"));
  EXPECT_THAT(compute(R"(definition_name: "user" optional_definition_name_filter: "team")"),
              ElementsAre("team#member"));
  EXPECT_THAT(compute(R"(definition_name: "paper")"),
              ElementsAre("FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION definition_name"));
  az::DependentRelationsResponse dependent;
  const auto depend = [&](const std::string& request) {
    const absl::Status status =
        server.Unary(server.az_schemas, &az::SchemaService::Stub::DependentRelations, request, &dependent);
    return status.ok() ? server.Names(dependent.relations()) : std::vector<std::string>{Fault(status)};
  };
  EXPECT_THAT(depend(R"(definition_name: "document" permission_name: "list")"),
              ElementsAre("document#banned", "document#view*", "document#viewer", "team#member"));
  EXPECT_THAT(depend(R"(definition_name: "document" permission_name: "viewer")"),
              ElementsAre("INVALID_ARGUMENT ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION"));
  EXPECT_THAT(depend(R"(definition_name: "document" permission_name: "vew")"),
              ElementsAre("FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission_name"));
  az::ExperimentalDependentRelationsResponse earlier;
  EXPECT_TRUE(server
                  .Unary(server.az_experimental, &az::ExperimentalService::Stub::ExperimentalDependentRelations,
                         R"(definition_name: "document" permission_name: "list")", &earlier)
                  .ok());
  EXPECT_EQ(earlier.relations_size(), 4);
  az::ExperimentalComputablePermissionsResponse computed;
  EXPECT_TRUE(server
                  .Unary(server.az_experimental, &az::ExperimentalService::Stub::ExperimentalComputablePermissions,
                         R"(definition_name: "document" relation_name: "viewer")", &computed)
                  .ok());
  EXPECT_EQ(computed.permissions_size(), 2);
}

TEST(AuthzedDiff, NamesEachKindOfDifference) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  const std::string after = R"(
caveat office_hours(hour uint, day string) { hour < 17 && day != "x" }
caveat other(a int) { a > 0 }
definition user {}
definition folder {}
// New.
definition document {
  // Other.
  relation viewer: user | team#member | folder
  relation added: user
  // Doc.
  permission view = viewer
  permission edit = added
}
definition team { relation member: user | team#member }
)";
  az::DiffSchemaRequest request;
  request.set_comparison_schema(after);
  az::DiffSchemaResponse response;
  const absl::Status status = server.Call(*server.az_schemas, &az::SchemaService::Stub::DiffSchema, request, &response);
  ASSERT_TRUE(status.ok()) << status;
  std::map<int, int> kinds;
  for (const auto& diff : response.diffs()) {
    ++kinds[diff.diff_case()];
    if (diff.has_relation_subject_type_removed() &&
        diff.relation_subject_type_removed().changed_subject_type().is_public_wildcard()) {
      EXPECT_EQ(diff.relation_subject_type_removed().relation().name(), "viewer");
    }
    if (diff.has_caveat_parameter_type_changed()) {
      EXPECT_EQ(diff.caveat_parameter_type_changed().previous_type(), "int");
      EXPECT_EQ(diff.caveat_parameter_type_changed().parameter().type(), "uint");
    }
  }
  using Diff = az::ReflectionSchemaDiff;
  EXPECT_EQ(kinds, (std::map<int, int>{{Diff::kDefinitionAdded, 1},
                                       {Diff::kDefinitionDocCommentChanged, 1},
                                       {Diff::kRelationAdded, 1},
                                       {Diff::kRelationRemoved, 1},
                                       {Diff::kRelationDocCommentChanged, 1},
                                       {Diff::kRelationSubjectTypeAdded, 1},
                                       {Diff::kRelationSubjectTypeRemoved, 2},
                                       {Diff::kPermissionAdded, 1},
                                       {Diff::kPermissionRemoved, 1},
                                       {Diff::kPermissionDocCommentChanged, 1},
                                       {Diff::kPermissionExprChanged, 1},
                                       {Diff::kCaveatAdded, 1},
                                       {Diff::kCaveatExprChanged, 1},
                                       {Diff::kCaveatParameterAdded, 1},
                                       {Diff::kCaveatParameterTypeChanged, 1}}));
  // The other way round, and under the earlier name: what was added is removed.
  EXPECT_TRUE(server.TryText(after).ok());
  az::ExperimentalDiffSchemaRequest back;
  back.set_comparison_schema(kAuthzedSchemaSchema);
  az::ExperimentalDiffSchemaResponse removed;
  EXPECT_TRUE(
      server.Call(*server.az_experimental, &az::ExperimentalService::Stub::ExperimentalDiffSchema, back, &removed)
          .ok());
  std::map<int, int> backwards;
  for (const auto& diff : removed.diffs()) ++backwards[diff.diff_case()];
  EXPECT_EQ(backwards[az::ExpSchemaDiff::kDefinitionRemoved], 1);
  EXPECT_EQ(backwards[az::ExpSchemaDiff::kCaveatRemoved], 1);
  EXPECT_EQ(backwards[az::ExpSchemaDiff::kCaveatParameterRemoved], 1);
}

TEST(AuthzedDiff, RefusesWhatItCannotSay) {
  Schemas server;
  EXPECT_TRUE(server.TryText("use delegation\ndefinition user {}\n").ok());
  az::DiffSchemaResponse response;
  EXPECT_EQ(Fault(server.Unary(server.az_schemas, &az::SchemaService::Stub::DiffSchema,
                               R"(comparison_schema: "use delegation\ndefinition {")", &response)),
            "INVALID_ARGUMENT ERROR_REASON_SCHEMA_PARSE_ERROR");
  EXPECT_EQ(Fault(server.Unary(server.az_schemas, &az::SchemaService::Stub::DiffSchema,
                               R"(comparison_schema: "use delegation\nagent user {}")", &response)),
            "UNIMPLEMENTED");
}

TEST(AuthzedDiff, Takes3MiB) {
  Schemas server;
  EXPECT_TRUE(server.TryText(kAuthzedSchemaSchema).ok());
  az::DiffSchemaRequest request;
  request.set_comparison_schema(std::string((3 << 20) + 1, ' '));
  az::DiffSchemaResponse response;
  EXPECT_EQ(Fault(server.Call(*server.az_schemas, &az::SchemaService::Stub::DiffSchema, request, &response)),
            "INVALID_ARGUMENT TOO_MANY comparison_schema");
  az::ExperimentalDiffSchemaRequest earlier;
  earlier.set_comparison_schema(request.comparison_schema());
  az::ExperimentalDiffSchemaResponse ignored;
  EXPECT_EQ(Fault(server.Call(*server.az_experimental, &az::ExperimentalService::Stub::ExperimentalDiffSchema, earlier,
                              &ignored)),
            "INVALID_ARGUMENT TOO_MANY comparison_schema");
}

TEST(AuthzedExperimental, RefusesCounters) {
  Schemas server;
  using Stub = az::ExperimentalService::Stub;
  const auto refused = [](const absl::Status& status) { return Fault(status) == "UNIMPLEMENTED"; };
  az::ExperimentalRegisterRelationshipCounterResponse registered;
  az::ExperimentalCountRelationshipsResponse counted;
  az::ExperimentalUnregisterRelationshipCounterResponse unregistered;
  EXPECT_TRUE(
      refused(server.Unary(server.az_experimental, &Stub::ExperimentalRegisterRelationshipCounter, "", &registered)));
  EXPECT_TRUE(refused(server.Unary(server.az_experimental, &Stub::ExperimentalCountRelationships, "", &counted)));
  EXPECT_TRUE(refused(
      server.Unary(server.az_experimental, &Stub::ExperimentalUnregisterRelationshipCounter, "", &unregistered)));
}

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// `1 string name; ...`, below it what it is made of.
std::string Layout(const Descriptor* message) {
  std::string text;
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    text += Cat(field->number(), field->is_repeated() ? "*" : "", " ", field->name(), " ", field->type_name());
    const Descriptor* below = field->message_type();
    const bool ours =
        below != nullptr && below->full_name() != message->full_name() && below->full_name().find("google.") != 0;
    text += ours ? Cat("(", Layout(below), ");") : ";";
  }
  return text;
}

// AuthzedExperimental hands messages over by their bytes.
TEST(AuthzedWire, EarlierMessagesHaveTheLayoutsOfThoseThatTookTheirPlace) {
  const auto* earlier = az::BulkImportRelationshipsRequest::descriptor()->file();
  const auto* pool = earlier->pool();
  const std::map<std::string, std::string> kPairs = {
      {"BulkImportRelationshipsRequest", "ImportBulkRelationshipsRequest"},
      {"BulkExportRelationshipsRequest", "ExportBulkRelationshipsRequest"},
      {"BulkExportRelationshipsResponse", "ExportBulkRelationshipsResponse"},
      {"ExperimentalReflectSchemaRequest", "ReflectSchemaRequest"},
      {"ExperimentalReflectSchemaResponse", "ReflectSchemaResponse"},
      {"ExperimentalComputablePermissionsRequest", "ComputablePermissionsRequest"},
      {"ExperimentalComputablePermissionsResponse", "ComputablePermissionsResponse"},
      {"ExperimentalDependentRelationsRequest", "DependentRelationsRequest"},
      {"ExperimentalDependentRelationsResponse", "DependentRelationsResponse"},
      {"ExperimentalDiffSchemaRequest", "DiffSchemaRequest"},
      {"ExperimentalDiffSchemaResponse", "DiffSchemaResponse"},
  };
  for (const auto& [before, after] : kPairs) {
    const auto* old_message = pool->FindMessageTypeByName("authzed.api.v1." + before);
    const auto* new_message = pool->FindMessageTypeByName("authzed.api.v1." + after);
    ASSERT_TRUE(old_message != nullptr && new_message != nullptr) << before;
    EXPECT_EQ(Layout(old_message), Layout(new_message));
  }
}

}  // namespace
}  // namespace mandate
