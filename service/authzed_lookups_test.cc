// Lookups over authzed.api.v1, and each error that they can end in.
#include "service/test_authzed.h"

namespace mandate {
namespace {

struct Lookups : AuthzedServer {
  explicit Lookups(DatabaseOptions options = {}) : AuthzedServer(std::move(options)) { WriteSchema(kQuestionSchema); }

  std::string Lookup(const std::string& request, az::LookupResourcesResponse* last = nullptr) {
    std::vector<az::LookupResourcesResponse> responses;
    const absl::Status status =
        Stream(az_permissions, &az::PermissionsService::Stub::LookupResources, request, &responses);
    std::string text;
    for (const auto& response : responses) {
      text += Cat(text.empty() ? "" : " ", response.resource_object_id(),
                  response.permissionship() == az::LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION ? "?" : "");
      if (last != nullptr) *last = response;
    }
    return status.ok() ? text : Cat(text, text.empty() ? "" : " ", Fault(status));
  }

  std::string Subjects(const std::string& request, az::LookupSubjectsResponse* last = nullptr) {
    std::vector<az::LookupSubjectsResponse> responses;
    const absl::Status status =
        Stream(az_permissions, &az::PermissionsService::Stub::LookupSubjects, request, &responses);
    std::string text;
    const auto mark = [](az::LookupPermissionship permissionship) {
      return permissionship == az::LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION ? "?" : "";
    };
    for (const auto& response : responses) {
      EXPECT_EQ(response.subject_object_id(), response.subject().subject_object_id());
      EXPECT_EQ(response.permissionship(), response.subject().permissionship());
      text += Cat(text.empty() ? "" : " ", response.subject().subject_object_id(),
                  mark(response.subject().permissionship()));
      for (const auto& excluded : response.excluded_subjects()) {
        text += Cat("-", excluded.subject_object_id(), mark(excluded.permissionship()));
      }
      if (last != nullptr) *last = response;
    }
    return status.ok() ? text : Cat(text, text.empty() ? "" : " ", Fault(status));
  }
};

constexpr char kViewers[] =
    R"(resource { object_type: "document" object_id: "plan" } permission: "view" subject_object_type: "user" )";
constexpr char kViewed[] = R"(resource_object_type: "document" permission: "view"
                              subject { object { object_type: "user" object_id: "ann" } } )";

TEST(AuthzedLookupResources, FindsEachOnceAndPagesAtOneRevision) {
  Lookups server;
  server.Touch({"document:a#viewer@user:ann", "document:b#viewer@user:ann", "document:b#viewer@team:core#member",
                "team:core#member@user:ann", "document:c#parent@folder:top", "folder:top#viewer@user:ann",
                "document:d#viewer@user:ann", "document:d#banned@user:ann",
                R"(document:e#viewer@user:ann[office_hours:{"opens":9}])"});
  EXPECT_EQ(server.Lookup(kViewed), "a b c e?");
  az::LookupResourcesResponse last;
  EXPECT_EQ(server.Lookup(Cat(kViewed, "optional_limit: 2"), &last), "a b");
  server.Write({"delete folder:top#viewer@user:ann", "touch document:z#viewer@user:ann"});
  const std::string cursor = Cat("optional_cursor { token: \"", last.after_result_cursor().token(), "\" }");
  // The cursor keeps its revision; the limit may differ.
  EXPECT_EQ(server.Lookup(Cat(kViewed, cursor, "optional_limit: 9")), "c e?");
  EXPECT_EQ(server.Lookup(kViewed), "a b e? z");
  EXPECT_EQ(server.Lookup(Cat(R"(resource_object_type: "document" permission: "viewer" subject { object {
                object_type: "user" object_id: "ann" } })",
                              cursor)),
            "INVALID_ARGUMENT ERROR_REASON_INVALID_CURSOR optional_cursor");
}

TEST(AuthzedLookupResources, RefusesWildcardsLimitsAndUnknownNames) {
  Lookups server;
  EXPECT_EQ(server.Lookup(Cat(kViewed, "optional_limit: 1001")),
            "INVALID_ARGUMENT ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT optional_limit");
  const std::string all = R"(resource_object_type: "document" permission: "view" subject { object {
                             object_type: "user" object_id: "*" } })";
  EXPECT_EQ(server.Lookup(all), "INVALID_ARGUMENT ERROR_REASON_WILDCARD_NOT_ALLOWED subject.object.object_id");
  const std::string of = R"(subject { object { object_type: "user" object_id: "ann" } })";
  EXPECT_EQ(server.Lookup(Cat(R"(resource_object_type: "paper" permission: "view" )", of)),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION resource_object_type");
  EXPECT_EQ(server.Lookup(Cat(R"(resource_object_type: "document" permission: "vew" )", of)),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION permission");
  EXPECT_EQ(server.Lookup(R"(resource_object_type: "document")"), "INVALID_ARGUMENT MISSING_FIELD permission");
}

TEST(AuthzedLookupResources, EndsInTheErrorOfAnIdWithoutAnAnswer) {
  Lookups server;
  server.Touch({"document:a#viewer@user:ann", "document:b#viewer@user:ann[broken]", "document:c#viewer@user:ann"});
  EXPECT_EQ(server.Lookup(Cat(kViewed, R"(context { fields { key: "n" value { number_value: 0 } } })")),
            "a INVALID_ARGUMENT ERROR_REASON_CAVEAT_EVALUATION_ERROR");
}

// What lies behind a page is not looked for: here nothing does, and to find that out takes more than there is.
TEST(AuthzedLookups, EndWithAFullPageWhateverLiesBehindIt) {
  DatabaseOptions options;
  options.check.budget.steps_max = 150;
  Lookups server(options);
  std::vector<std::string> rows = {"document:a#viewer@user:ann", "document:plan#viewer@user:ann"};
  for (int i = 0; i < 200; ++i) {
    for (const char* relation : {"viewer", "banned"}) {
      rows.push_back(Cat("document:b", i, "#", relation, "@user:ann"));
      rows.push_back(Cat("document:plan#", relation, "@user:b", i));
    }
  }
  server.Touch(rows);
  EXPECT_EQ(server.Lookup(kViewed), "a RESOURCE_EXHAUSTED STEPS_EXHAUSTED");
  EXPECT_EQ(server.Lookup(Cat(kViewed, "optional_limit: 1")), "a");
  EXPECT_EQ(server.Subjects(kViewers), "ann RESOURCE_EXHAUSTED STEPS_EXHAUSTED");
  EXPECT_EQ(server.Subjects(Cat(kViewers, "optional_concrete_limit: 1")), "ann");
}

TEST(AuthzedLookupSubjects, FindsEachOnceWithLimitAndCursor) {
  Lookups server;
  server.Touch({"document:plan#viewer@user:ann", "document:plan#viewer@team:core#member", "team:core#member@user:ann",
                "team:core#member@user:bob", R"(document:plan#viewer@user:kim[office_hours:{"opens":9}])"});
  EXPECT_EQ(server.Subjects(kViewers), "ann bob kim?");
  az::LookupSubjectsResponse last;
  EXPECT_EQ(server.Subjects(Cat(kViewers, "optional_concrete_limit: 1"), &last), "ann");
  EXPECT_EQ(server.Subjects(Cat(kViewers, "optional_cursor { token: \"", last.after_result_cursor().token(), "\" }")),
            "bob kim?");
  EXPECT_EQ(server.Subjects(R"(resource { object_type: "document" object_id: "plan" } permission: "view"
                               subject_object_type: "team" optional_subject_relation: "member")"),
            "core");
}

TEST(AuthzedLookupSubjects, SendsAWildcardWithEverybodyItDoesNotHoldFor) {
  Lookups server;
  server.Touch({"document:plan#viewer@user:*", "document:plan#viewer@user:ann", "document:plan#banned@user:eve",
                R"(document:plan#banned@user:kim[office_hours:{"opens":9}])"});
  EXPECT_EQ(server.Subjects(kViewers), "*-eve-kim? ann kim?");
  az::LookupSubjectsResponse last;
  EXPECT_EQ(server.Subjects(Cat(kViewers, "optional_concrete_limit: 1"), &last), "*-eve-kim? ann");
  EXPECT_EQ(server.Subjects(Cat(kViewers, "optional_cursor { token: \"", last.after_result_cursor().token(), "\" }")),
            "kim?");
  EXPECT_EQ(server.Subjects(Cat(kViewers, "wildcard_option: WILDCARD_OPTION_EXCLUDE_WILDCARDS")), "ann kim?");
}

TEST(AuthzedLookupSubjects, GivesTheResourceItselfForItsOwnTypeAlone) {
  Lookups server;
  server.Touch({"user:bob#related@user:ann"});
  const std::string of =
      R"(resource { object_type: "user" object_id: "bob" } permission: "mine" subject_object_type: )";
  EXPECT_EQ(server.Subjects(Cat(of, "\"user\"")), "ann bob");
  EXPECT_EQ(server.Subjects(Cat(of, "\"team\"")), "");
}

TEST(AuthzedLookupSubjects, RefusesUnknownNames) {
  Lookups server;
  const std::string of = R"(resource { object_type: "document" object_id: "plan" } permission: "view" )";
  EXPECT_EQ(server.Subjects(Cat(of, R"(subject_object_type: "person")")),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_DEFINITION subject_object_type");
  EXPECT_EQ(server.Subjects(Cat(of, R"(subject_object_type: "team" optional_subject_relation: "boss")")),
            "FAILED_PRECONDITION ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION optional_subject_relation");
  EXPECT_EQ(server.Subjects(Cat(of, R"(subject_object_type: "user" optional_cursor { token: "zzz" })")),
            "INVALID_ARGUMENT ERROR_REASON_INVALID_CURSOR optional_cursor");
}

}  // namespace
}  // namespace mandate
