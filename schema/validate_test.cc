#include "schema/reason.h"
#include "schema/schema_testing.h"

namespace mandate {
namespace {

constexpr std::string_view kValidateSchema = R"(
use expiration
use delegation
caveat cav(aaa int) { aaa == 1 }
caveat other(aaa int) { aaa == 1 }
definition user { relation acts_on_behalf_of: bot with expiration }
definition team { relation member: user | team#member }
definition doc {
  relation viewer: user | team#member | user:*
  relation guest: user with expiration
  relation maybe: user | user with cav
  relation strict: user with cav and expiration
  relation either: user with cav | user with other | user with expiration
  permission view = viewer
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: doc#view | doc:*#view
}
)";

absl::Status Validate(std::string_view text, Intent intent = Intent::kStore) {
  static const auto schema = MustCompile(kValidateSchema);
  return ValidateRelationship(*schema, ParseRelationship(text).value(), intent);
}

TEST(Validate, AcceptsWhatTheSchemaAllows) {
  for (const char* text : {
           "doc:plan#viewer@user:bob",
           "doc:plan#viewer@team:core#member",
           "doc:plan#viewer@user:*",
           "doc:plan#guest@user:bob[expiration:2030-01-01T00:00:00Z]",
           "doc:plan#maybe@user:bob",
           "doc:plan#maybe@user:bob[cav:{\"aaa\":1}]",
           "doc:plan#strict@user:bob[cav][expiration:2030-01-01T00:00:00Z]",
           "doc:plan#either@user:bob[other]",
           "doc:plan#either@user:bob[expiration:2030-01-01T00:00:00Z]",
           "user:bob#acts_on_behalf_of@bot:mail[expiration:2030-01-01T00:00:00Z]",
           "errand:1#scope@doc:plan#view",
           "errand:1#scope@doc:*#view",
       }) {
    EXPECT_TRUE(Validate(text).ok()) << text << ": " << Validate(text);
  }
}

TEST(Validate, SaysWhatIsNotAllowedAndWhere) {
  struct {
    const char* text;
    const char* reason;
    const char* field;
    const char* message;
  } rows[] = {
      {"dok:plan#viewer@user:bob", "UNKNOWN_DEFINITION", "resource.type",
       "definition `dok` does not exist; did you mean `doc`?"},
      {"doc:plan#viewer@usr:bob", "UNKNOWN_DEFINITION", "subject.type",
       "definition `usr` does not exist; did you mean `user`?"},
      {"doc:plan#viewr@user:bob", "UNKNOWN_RELATION", "relation",
       "relation `viewr` is not defined on `doc`; did you mean `viewer`?"},
      {"doc:plan#viewer@team:core#membr", "UNKNOWN_RELATION", "subject.relation",
       "relation `membr` is not defined on `team`; did you mean `member`?"},
      {"doc:plan#view@user:bob", "NOT_A_RELATION", "relation",
       "`view` of `doc` is a permission; relationships are written to relations"},
      {"doc:plan#viewer@team:core", "SUBJECT_TYPE_NOT_ALLOWED", "subject",
       "`team` cannot be a subject of `doc#viewer`; allowed: `user`, `team#member`, `user:*`"},
      {"doc:plan#viewer@bot:mail", "SUBJECT_TYPE_NOT_ALLOWED", "subject",
       "`bot` cannot be a subject of `doc#viewer`; allowed: `user`, `team#member`, `user:*`"},
      {"doc:plan#maybe@user:*", "SUBJECT_TYPE_NOT_ALLOWED", "subject",
       "`user:*` cannot be a subject of `doc#maybe`; allowed: `user`"},
      {"doc:plan#viewer@doc:*#view", "SUBJECT_TYPE_NOT_ALLOWED", "subject",
       "`doc:*#view` cannot be a subject of `doc#viewer`; allowed: `user`, `team#member`, "
       "`user:*`"},
      {"doc:plan#guest@user:bob", "EXPIRATION_REQUIRED", "expires_at",
       "a relationship of `doc#guest` with `user` must have an expiration"},
      {"doc:plan#viewer@user:bob[expiration:2030-01-01T00:00:00Z]", "EXPIRATION_NOT_ALLOWED", "expires_at",
       "a relationship of `doc#viewer` with `user` takes no expiration"},
      {"doc:plan#viewer@user:bob[cav]", "CAVEAT_NOT_ALLOWED", "caveat",
       "a relationship of `doc#viewer` with `user` cannot have the caveat `cav`; it takes none"},
      {"doc:plan#maybe@user:bob[other]", "CAVEAT_NOT_ALLOWED", "caveat",
       "a relationship of `doc#maybe` with `user` cannot have the caveat `other`; allowed: `cav`, "
       "or none"},
      {"doc:plan#strict@user:bob[expiration:2030-01-01T00:00:00Z]", "CAVEAT_REQUIRED", "caveat",
       "a relationship of `doc#strict` with `user` must have a caveat: `cav`"},
      {"doc:plan#strict@user:bob[cav]", "EXPIRATION_REQUIRED", "expires_at",
       "a relationship of `doc#strict` with `user` must have an expiration"},
  };
  for (const auto& row : rows) {
    const absl::Status status = Validate(row.text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.text;
    EXPECT_EQ(ReasonOf(status), row.reason) << row.text;
    EXPECT_EQ(FieldOf(status), row.field) << row.text;
    EXPECT_EQ(StdView(status.message()), row.message) << row.text;
  }
}

TEST(Validate, LooksAtNeitherCaveatNorExpiryForADeletion) {
  EXPECT_TRUE(Validate("doc:plan#guest@user:bob", Intent::kDelete).ok());
  EXPECT_TRUE(Validate("doc:plan#strict@user:bob", Intent::kDelete).ok());
  EXPECT_EQ(ReasonOf(Validate("doc:plan#guest@team:core", Intent::kDelete)), "SUBJECT_TYPE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Validate("doc:plan#view@user:bob", Intent::kDelete)), "NOT_A_RELATION");
}

}  // namespace
}  // namespace mandate
