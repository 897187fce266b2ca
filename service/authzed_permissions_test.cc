// Questions over authzed.api.v1: answers, trees, agents, and each error that they can end in.
#include "service/test_authzed.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Pair;

struct Questions : AuthzedServer {
  Questions() { WriteSchema(kQuestionSchema); }
};

TEST(AuthzedCheck, AnswersAsTheNativeApiDoes) {
  Questions server;
  server.Touch({"document:plan#viewer@user:ann", "document:plan#viewer@team:core#member", "team:core#member@user:bob",
                "document:plan#banned@user:eve", "document:plan#viewer@user:eve",
                R"(document:plan#viewer@user:kim[office_hours:{"opens":9}])"});
  EXPECT_EQ(server.Ask("document:plan#view@user:ann"), "HAS");
  EXPECT_EQ(server.Ask("document:plan#view@user:bob"), "HAS");
  EXPECT_EQ(server.Ask("document:plan#view@user:eve"), "NO");
  EXPECT_EQ(server.Ask("document:plan#viewer@user:eve"), "HAS");
  EXPECT_EQ(server.Ask("team:core#member@team:core#member"), "HAS");
  EXPECT_EQ(server.Ask("document:plan#view@user:kim"), "CONDITIONAL hour");
  const std::string noon = R"(context { fields { key: "hour" value { number_value: 12 } } })";
  EXPECT_EQ(server.Ask("document:plan#view@user:kim", noon), "HAS");
}

TEST(AuthzedCheck, SaysUntilWhenAndAtWhichRevision) {
  Questions server;
  const std::string before = server.Touch({"document:plan#viewer@user:ann[expiration:2026-01-01T01:00:00Z]"});
  az::CheckPermissionResponse response;
  EXPECT_TRUE(server.TryAsk(server.Question("document:plan#view@user:ann"), &response).ok());
  EXPECT_EQ(response.optional_expires_at().seconds(), 1767229200);
  EXPECT_EQ(response.checked_at().token(), before);
  server.Write({"delete document:plan#viewer@user:ann"});
  const std::string token = Cat("{ token: \"", before, "\" }");
  EXPECT_EQ(server.Ask("document:plan#view@user:ann"), "NO");
  EXPECT_EQ(server.Ask("document:plan#view@user:ann", Cat("consistency { at_exact_snapshot ", token, "}")), "HAS");
  EXPECT_EQ(server.Ask("document:plan#view@user:ann", Cat("consistency { at_least_as_fresh ", token, "}")), "NO");
  EXPECT_EQ(server.Ask("document:plan#view@user:ann", "consistency { fully_consistent: true }"), "NO");
  EXPECT_EQ(server.Ask("document:plan#view@user:ann", "consistency { minimize_latency: true }"), "NO");
}

TEST(AuthzedCheck, RefusesAConsistencyWithoutAChoiceAndTokensOfOthers) {
  Questions server;
  const std::string question = "document:plan#view@user:ann";
  EXPECT_EQ(server.Ask(question, "consistency { }"), "INVALID_ARGUMENT MISSING_FIELD consistency");
  EXPECT_EQ(server.Ask(question, "consistency { minimize_latency: false }"),
            "INVALID_ARGUMENT MISSING_FIELD consistency");
  EXPECT_EQ(server.Ask(question, "consistency { fully_consistent: false }"),
            "INVALID_ARGUMENT MISSING_FIELD consistency");
  EXPECT_EQ(server.Ask(question, R"(consistency { at_exact_snapshot { token: "nonsense" } })"),
            "INVALID_ARGUMENT TOKEN_MALFORMED consistency.at_exact_snapshot.token");
  Questions other;
  const std::string token = other.Touch({"document:plan#viewer@user:ann"});
  EXPECT_EQ(server.Ask(question, Cat("consistency { at_least_as_fresh { token: \"", token, "\" } }")),
            "INVALID_ARGUMENT TOKEN_OF_ANOTHER_DATABASE consistency.at_least_as_fresh.token");
}

TEST(AuthzedCheck, NamesWhatTheSchemaDoesNotKnow) {
  Questions server;
  az::CheckPermissionResponse response;
  absl::Status status = server.TryAsk(server.Question("paper:plan#view@user:ann"), &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION resource.object_type");
  EXPECT_THAT(DetailsOf(status), ElementsAre(Pair("definition_name", "paper")));
  status = server.TryAsk(server.Question("document:plan#view@person:ann"), &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION subject.object.object_type");
  EXPECT_THAT(DetailsOf(status), ElementsAre(Pair("definition_name", "person")));
  status = server.TryAsk(server.Question("document:plan#vew@user:ann"), &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission");
  EXPECT_THAT(DetailsOf(status), (Facts{{"definition_name", "document"}, {"relation_or_permission_name", "vew"}}));
  status = server.TryAsk(server.Question("document:plan#view@team:core#boss"), &response);
  EXPECT_EQ(Fault(status), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION subject.optional_relation");
  EXPECT_THAT(DetailsOf(status), (Facts{{"definition_name", "team"}, {"relation_or_permission_name", "boss"}}));
  az::CheckPermissionRequest unnamed = server.Question("document:plan#view@user:ann");
  unnamed.clear_permission();
  EXPECT_EQ(Fault(server.TryAsk(unnamed, &response)),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission");
}

TEST(AuthzedCheck, SaysUnknownDefinitionBeforeTheFirstSchema) {
  AuthzedServer server;
  EXPECT_EQ(server.Ask("document:plan#view@user:ann"), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION");
}

TEST(AuthzedCheck, RefusesWildcardsAndWhatHasNoForm) {
  Questions server;
  az::CheckPermissionResponse response;
  const absl::Status status = server.TryAsk(server.Question("document:plan#view@user:*"), &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_WILDCARD_NOT_ALLOWED subject.object.object_id");
  EXPECT_THAT(DetailsOf(status), ElementsAre(Pair("field", "subject.object_id")));
  auto request = server.Question("document:plan#view@user:ann");
  request.mutable_resource()->set_object_id("*");
  EXPECT_EQ(Fault(server.TryAsk(request, &response)), "INVALID_ARGUMENT MALFORMED_FIELD resource.object_id");
  request.mutable_resource()->set_object_id("a b");
  EXPECT_EQ(Fault(server.TryAsk(request, &response)), "INVALID_ARGUMENT MALFORMED_FIELD resource.object_id");
  request = server.Question("document:plan#view@user:ann");
  request.set_permission("View!");
  EXPECT_EQ(Fault(server.TryAsk(request, &response)), "INVALID_ARGUMENT MALFORMED_FIELD permission");
  request.clear_subject();
  request.set_permission("view");
  EXPECT_EQ(Fault(server.TryAsk(request, &response)), "INVALID_ARGUMENT MISSING_FIELD subject");
}

TEST(AuthzedCheck, NamesTheCaveatThatCannotBeEvaluated) {
  Questions server;
  server.Touch({R"(document:plan#viewer@user:kim[office_hours:{"opens":9}])", "document:plan#viewer@user:ann[broken]"});
  az::CheckPermissionResponse response;
  absl::Status status =
      server.TryAsk(server.Question("document:plan#view@user:kim",
                                    R"(context { fields { key: "hour" value { string_value: "x" } } })"),
                    &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_CAVEAT_PARAMETER_TYPE_ERROR");
  EXPECT_THAT(DetailsOf(status), (Facts{{"caveat_name", "office_hours"}, {"parameter_name", "hour"}}));
  status = server.TryAsk(
      server.Question("document:plan#view@user:ann", R"(context { fields { key: "n" value { number_value: 0 } } })"),
      &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_CAVEAT_EVALUATION_ERROR");
  EXPECT_THAT(DetailsOf(status), ElementsAre(Pair("caveat_name", "broken")));
}

TEST(AuthzedCheck, TracesEachGoal) {
  Questions server;
  server.Touch({"document:plan#parent@folder:top", R"(document:plan#viewer@user:kim[office_hours:{"opens":9}])",
                "folder:top#viewer@user:ann"});
  az::CheckPermissionResponse response;
  EXPECT_TRUE(server.TryAsk(server.Question("document:plan#view@user:ann", "with_tracing: true"), &response).ok());
  EXPECT_EQ(response.debug_trace().schema_used(), kQuestionSchema);
  std::vector<std::string> goals;
  std::vector<const az::CheckDebugTrace*> work = {&response.debug_trace().check()};
  while (!work.empty()) {
    const az::CheckDebugTrace& trace = *work.back();
    work.pop_back();
    EXPECT_EQ(trace.subject().object().object_id(), "ann");
    if (trace.result() == az::CheckDebugTrace::PERMISSIONSHIP_HAS_PERMISSION) {
      goals.push_back(Cat(trace.resource().object_type(), ":", trace.resource().object_id(), "#", trace.permission()));
    }
    for (const auto& below : trace.sub_problems().traces()) work.push_back(&below);
  }
  EXPECT_THAT(goals, IsSupersetOf({"document:plan#view", "folder:top#view", "folder:top#viewer"}));
  EXPECT_TRUE(server.TryAsk(server.Question("document:plan#viewer@user:kim", "with_tracing: true"), &response).ok());
  const auto& caveat = response.debug_trace().check().caveat_evaluation_info();
  EXPECT_EQ(caveat.caveat_name(), "office_hours");
  EXPECT_EQ(caveat.result(), az::CaveatEvalInfo::RESULT_MISSING_SOME_CONTEXT);
  EXPECT_EQ(caveat.context().fields().at("opens").number_value(), 9);
}

std::string Items(const std::vector<std::string>& questions) {
  az::CheckBulkPermissionsRequest request;
  for (const std::string& text : questions) {
    auto question = AuthzedServer::Question(text);
    auto* item = request.add_items();
    *item->mutable_resource() = question.resource();
    item->set_permission(question.permission());
    *item->mutable_subject() = question.subject();
  }
  return request.DebugString();
}

TEST(AuthzedBulkCheck, AnswersInOrderAndKeepsErrorsToTheirItems) {
  Questions server;
  server.Touch({"document:plan#viewer@user:ann"});
  const std::string items = Items({"document:plan#view@user:ann", "document:plan#vew@user:ann",
                                   "document:plan#view@user:eve", "document:plan#view@user:ann"});
  az::CheckBulkPermissionsResponse response;
  const absl::Status status =
      server.Unary(server.az_permissions, &az::PermissionsService::Stub::CheckBulkPermissions, items, &response);
  ASSERT_TRUE(status.ok()) << status;
  std::vector<std::string> answers;
  for (const auto& pair : response.pairs()) {
    answers.push_back(pair.has_error() ? Fault(FromRpcStatus(pair.error()))
                                       : server.Verdict(pair.item().permissionship(), {}));
  }
  EXPECT_THAT(answers, ElementsAre("HAS", "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission",
                                   "NO", "HAS"));
  EXPECT_EQ(response.pairs(1).request().permission(), "vew");
  EXPECT_NE(response.checked_at().token(), "");
  az::BulkCheckPermissionResponse earlier;
  EXPECT_TRUE(
      server.Unary(server.az_experimental, &az::ExperimentalService::Stub::BulkCheckPermission, items, &earlier).ok());
  // Metadata has no order.
  earlier.mutable_pairs(1)->mutable_error()->clear_details();
  response.mutable_pairs(1)->mutable_error()->clear_details();
  EXPECT_EQ(earlier.SerializeAsString(), response.SerializeAsString());
}

TEST(AuthzedBulkCheck, RefusesTooManyAndWhatHasNoForm) {
  Questions server;
  az::CheckBulkPermissionsRequest request;
  for (int i = 0; i < 10'001; ++i) request.add_items();
  az::CheckBulkPermissionsResponse response;
  absl::Status status =
      server.Call(*server.az_permissions, &az::PermissionsService::Stub::CheckBulkPermissions, request, &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT ERROR_REASON_TOO_MANY_CHECKS_IN_REQUEST");
  EXPECT_THAT(DetailsOf(status), (Facts{{"check_count", "10001"}, {"maximum_checks_allowed", "10000"}}));
  status =
      server.Unary(server.az_permissions, &az::PermissionsService::Stub::CheckBulkPermissions, "items { }", &response);
  EXPECT_EQ(Fault(status), "INVALID_ARGUMENT MISSING_FIELD items[0].resource");
}

TEST(AuthzedBulkCheck, WithTracesThatNoResponseHoldsEnds) {
  AuthzedServer server;
  std::string schema = kQuestionSchema;
  while (schema.size() < 2 << 20) schema += Cat("// ", std::string(100, 'c'), "\n");
  server.WriteSchema(schema);
  const auto ask = [&](int items, const std::string& more) {
    az::CheckBulkPermissionsResponse response;
    return Fault(server.Unary(server.az_permissions, &az::PermissionsService::Stub::CheckBulkPermissions,
                              Cat(Items(std::vector<std::string>(items, "document:plan#view@user:ann")), more),
                              &response));
  };
  EXPECT_EQ(ask(1, "with_tracing: true"), "OK");
  EXPECT_EQ(ask(20, "with_tracing: true"), "RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE") << "each has the schema's text";
  EXPECT_EQ(ask(20, ""), "OK");
}

// `union(document:plan#viewer[user:ann], ...)`
std::string Show(const az::PermissionRelationshipTree& tree) {
  std::string text;
  if (tree.has_leaf()) {
    text = Cat(tree.expanded_object().object_id(), "#", tree.expanded_relation(), "[");
    for (const auto& subject : tree.leaf().subjects()) {
      auto value = FromWire(subject, "subject");
      text += Cat(text.ends_with("[") ? "" : " ", ToText(*value));
    }
    return text + "]";
  }
  text = az::AlgebraicSubjectSet::Operation_Name(tree.intermediate().operation()).substr(strlen("OPERATION_")) + "(";
  for (const auto& child : tree.intermediate().children()) text += Cat(text.ends_with("(") ? "" : ", ", Show(child));
  return text + ")";
}

TEST(AuthzedExpand, ShowsTheExpressionAndLeavesSubjectSetsClosed) {
  Questions server;
  server.Touch({"document:plan#viewer@user:ann", "document:plan#viewer@team:core#member", "document:plan#viewer@user:*",
                "team:core#member@user:bob", "document:plan#parent@folder:top", "folder:top#viewer@user:kim"});
  az::ExpandPermissionTreeResponse response;
  const auto expand = [&](const std::string& permission) {
    const absl::Status status = server.Unary(
        server.az_permissions, &az::PermissionsService::Stub::ExpandPermissionTree,
        Cat(R"(resource { object_type: "document" object_id: "plan" } permission: ")", permission, "\""), &response);
    return status.ok() ? Show(response.tree_root()) : Fault(status);
  };
  EXPECT_EQ(expand("viewer"), "plan#viewer[user:* user:ann team:core#member]");
  EXPECT_EQ(expand("view"),
            "UNION(EXCLUSION(UNION(plan#viewer[user:* user:ann team:core#member], "
            "UNION(UNION(top#viewer[user:kim], UNION()))), plan#banned[]))");
  EXPECT_EQ(expand("nobody"), "UNION(plan#nobody[])");
  EXPECT_EQ(expand("vew"), "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission");
}

TEST(AuthzedExpand, ShowsAgainWhatComesTwiceAndEndsInCircles) {
  Questions server;
  server.Touch({"folder:a#parent@folder:b", "folder:a#parent@folder:c", "folder:b#parent@folder:top",
                "folder:c#parent@folder:top", "folder:top#viewer@user:ann", "folder:top#parent@folder:a"});
  az::ExpandPermissionTreeResponse response;
  const absl::Status status =
      server.Unary(server.az_permissions, &az::PermissionsService::Stub::ExpandPermissionTree,
                   R"(resource { object_type: "folder" object_id: "a" } permission: "view")", &response);
  ASSERT_TRUE(status.ok()) << status;
  const std::string top = "UNION(top#viewer[user:ann], UNION(a#view[folder:a#view]))";
  EXPECT_EQ(Show(response.tree_root()),
            Cat("UNION(a#viewer[], UNION(UNION(b#viewer[], UNION(", top, ")), UNION(c#viewer[], UNION(", top, "))))"));
}

TEST(AuthzedExpand, RefusesATreeThatNoReaderTakes) {
  Questions server;
  std::vector<std::string> rows;
  for (int i = 0; i < 30; ++i) rows.push_back(Cat("folder:f", i, "#parent@folder:f", i + 1));
  server.Touch(rows);
  az::ExpandPermissionTreeResponse response;
  const auto expand = [&](const std::string& id) {
    return Fault(server.Unary(server.az_permissions, &az::PermissionsService::Stub::ExpandPermissionTree,
                              Cat(R"(resource { object_type: "folder" object_id: ")", id, R"(" } permission: "view")"),
                              &response));
  };
  EXPECT_EQ(expand("f0"), "FAILED_PRECONDITION ERROR_REASON_MAXIMUM_DEPTH_EXCEEDED");
  EXPECT_EQ(expand("f15"), "OK");
}

constexpr char kAgents[] = R"(
use expiration
use delegation

definition user { relation acts_on_behalf_of: assistant with expiration }
agent assistant { relation acts_on_behalf_of: assistant with expiration }
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document:*#view
}
session run {
  relation agent: assistant with expiration
  relation task: errand
}
definition document {
  relation viewer: user
  permission view = viewer
  permission edit = viewer
}
)";

TEST(AuthzedAgents, AreAskedAboutByNamingTheirSession) {
  AuthzedServer server;
  server.WriteSchema(kAgents);
  const std::string forever = "[expiration:2027-01-01T00:00:00Z]";
  const absl::Status written = server.TryUpdate(
      {"touch document:plan#viewer@user:ann", Cat("touch user:ann#acts_on_behalf_of@assistant:bot", forever),
       "touch errand:1#delegator@user:ann", Cat("touch errand:1#delegated_for_task@assistant:bot", forever),
       "touch errand:1#scope@document:*#view", Cat("touch run:7#agent@assistant:bot", forever),
       "touch run:7#task@errand:1"});
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_EQ(server.Ask("document:plan#view@run:7"), "HAS");
  EXPECT_EQ(server.Ask("document:plan#edit@run:7"), "NO");
  EXPECT_EQ(server.Ask("document:plan#view@assistant:bot"), "NO");  // On no task.
  std::vector<az::LookupSubjectsResponse> found;
  const std::string of =
      R"(resource { object_type: "document" object_id: "plan" } permission: "view" subject_object_type: )";
  EXPECT_TRUE(
      server.Stream(server.az_permissions, &az::PermissionsService::Stub::LookupSubjects, Cat(of, "\"run\""), &found)
          .ok());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].subject().subject_object_id(), "7");
  EXPECT_EQ(Fault(server.Stream(server.az_permissions, &az::PermissionsService::Stub::LookupSubjects,
                                Cat(of, "\"assistant\""), &found)),
            "UNIMPLEMENTED");
  std::vector<az::LookupResourcesResponse> resources;
  EXPECT_TRUE(server
                  .Stream(server.az_permissions, &az::PermissionsService::Stub::LookupResources,
                          R"(resource_object_type: "document" permission: "view"
                             subject { object { object_type: "run" object_id: "7" } })",
                          &resources)
                  .ok());
  EXPECT_EQ(resources.size(), 1u);
}

TEST(AuthzedAgents, RulesOfDelegationKeepTheirOwnReasons) {
  AuthzedServer server;
  server.WriteSchema(kAgents);
  const absl::Status status = server.TryUpdate({"touch run:7#agent@assistant:bot[expiration:2027-01-01T00:00:00Z]"});
  EXPECT_EQ(Fault(status).substr(0, 30), "FAILED_PRECONDITION INCOMPLETE") << status;
}

}  // namespace
}  // namespace mandate
