#include "schema/relationship.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(Relationship, ReadsEveryPartOfItsText) {
  const Relationship r = ParseRelationship(
                             "acme/document:plan#viewer@team:core#member[office_hours:{\"tz\" : "
                             "\"UTC\"}][expiration:2026-12-01T00:00:00Z]")
                             .value();
  EXPECT_EQ(r.resource, (ObjectRef{"acme/document", "plan"}));
  EXPECT_EQ(r.relation, "viewer");
  EXPECT_EQ(r.subject, (SubjectRef{"team", "core", "member"}));
  EXPECT_EQ(r.caveat, "office_hours");
  EXPECT_EQ(r.caveat_context, R"({"tz":"UTC"})");
  EXPECT_EQ(r.expires_at, absl::FromUnixSeconds(1796083200));
}

TEST(Relationship, PrintsWhatItReads) {
  for (const char* text : {
           "document:plan#viewer@user:alice",
           "document:plan#viewer@team:core#member",
           "document:plan#viewer@user:*",
           "errand:42#scope@document:*#view",
           "document:plan#viewer@user:bob[cav]",
           "document:plan#viewer@user:bob[Some/Cav|x-1:{}]",
           R"(document:plan#viewer@user:bob[cav:{"a":"]}\"[expiration:","b":[1,[2.5,{"c":null}]]}])",
           R"(document:plan#viewer@user:bob[expiration:{"a":1}])",
           "document:plan#viewer@user:bob[cav:{\"a\":\"b\x7f\\u0001\",\"\x7f\":1}]",
           "document:plan#viewer@user:bob[cav][expiration:2026-12-01T00:00:00Z]",
           "document:plan#viewer@user:bob[expiration:2026-12-01T00:00:00.000001Z]",
           "document:plan#viewer@user:bob[expiration:0001-01-01T00:00:00Z]",
           "document:plan#viewer@user:bob[expiration:9999-12-31T23:59:59.999999Z]",
           "document:--=base64YWZz+/|_#viewer@user:--=YW==",
       }) {
    const absl::StatusOr<Relationship> r = ParseRelationship(text);
    ASSERT_TRUE(r.ok()) << text << ": " << r.status();
    EXPECT_EQ(ToText(*r), text);
    EXPECT_EQ(ParseRelationship(ToText(*r)).value(), *r);
  }
}

// The text was once held to the limit of the context alone, so an export could not be imported again.
TEST(Relationship, ReadsTheLongestThatItPrints) {
  const std::string segment(64, 'a');
  const std::string type = Cat(segment.substr(1), "/", segment);
  const std::string id(1024, 'b');
  const Relationship r = {
      .resource = {type, id},
      .relation = segment,
      .subject = {type, id, segment},
      .caveat = std::string(128, 'c'),
      .caveat_context = Cat("{\"txt\":\"", std::string(kContextBytesMax - 10, 'x'), "\"}"),
      .expires_at = absl::FromUnixSeconds(1796083200) + absl::Microseconds(1),
  };
  ASSERT_TRUE(ValidateForm(r).ok()) << ValidateForm(r);
  const absl::StatusOr<Relationship> again = ParseRelationship(ToText(r));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(*again == r);
}

TEST(Relationship, TreatsAnEllipsisAsNoRelation) {
  EXPECT_EQ(ParseRelationship("document:plan#viewer@user:alice#...").value(),
            ParseRelationship("document:plan#viewer@user:alice").value());
}

TEST(Relationship, ReadsAnyOffsetAndPrintsUtc) {
  const Relationship r =
      ParseRelationship("document:plan#viewer@user:bob[expiration:2026-12-01t02:30:00.5+02:30]").value();
  EXPECT_EQ(ToText(r), "document:plan#viewer@user:bob[expiration:2026-12-01T00:00:00.5Z]");
}

TEST(Relationship, KeepsTheContextCompactAndItsNamesSorted) {
  EXPECT_EQ(CompactContext(" { \"b\" : [ 42 , 43 ] , \"a\" : \"x y\" } ").value(), R"({"a":"x y","b":[42,43]})");
}

struct Bad {
  std::string text;
  std::string field;
  std::string message;
};

TEST(Relationship, NamesThePartThatIsWrongAndWhatIsAllowed) {
  const std::string name_rule = "3 to 64 of `a-z`, `0-9` and `_`, starting with a letter and not ending in `_`";
  const std::string id_rule = "an id is 1 to 1024 bytes of letters, digits and `/_|-=+`";
  const std::string type_rule = Cat("segments of ", name_rule, ", joined by `/`, 128 bytes in all");
  const Bad rows[] = {
      {"", "subject", "`` has no `@`; it is written `type:id#relation@type:id`"},
      {"document:plan#viewer", "subject",
       "`document:plan#viewer` has no `@`; it is written `type:id#relation@type:id`"},
      {"document:plan@user:bob", "relation",
       "`document:plan@user:bob` has no `#` before its `@`; it is written "
       "`type:id#relation@type:id`"},
      {"plan#viewer@user:bob", "resource", "resource `plan` has no `:`; an object is written `type:id`"},
      {"document:plan#viewer@bob", "subject", "subject `bob` has no `:`; an object is written `type:id`"},
      {"Document:plan#viewer@user:bob", "resource.type",
       Cat("resource type `Document` is not a type name: ", type_rule)},
      {"document:#viewer@user:bob", "resource.id", Cat("resource id is empty: ", id_rule)},
      {"document:a b#viewer@user:bob", "resource.id", Cat("resource id `a b` contains ` `: ", id_rule)},
      {"document:*#viewer@user:bob", "resource.id",
       "resource id `*` is not allowed here: only a subject can be a wildcard"},
      {"document:plan#v@user:bob", "relation", Cat("relation `v` is not a relation name: ", name_rule)},
      {"document:plan#viewer@user:é", "subject.id", Cat("subject id `é` contains `é`: ", id_rule)},
      {"document:plan#viewer@user:b@b", "subject.id", Cat("subject id `b@b` contains `@`: ", id_rule)},
      {"document:plan#viewer@user:b*", "subject.id", Cat("subject id `b*` contains `*`: ", id_rule)},
      {"document:plan#viewer@user:b\x7f", "subject.id", Cat("subject id `b\\x7f` contains `\\x7f`: ", id_rule)},
      {"document:plan#viewer@user:bob#", "subject.relation", "there is no relation after the subject's `#`"},
      {"document:plan#viewer@user:bob#M", "subject.relation",
       Cat("subject relation `M` is not a relation name: ", name_rule)},
      {"document:plan#viewer@user:bob[]", "caveat", "there is no caveat name after `[`"},
      {"document:plan#viewer@user:bob[cav", "", "`[cav` has no matching `]`"},
      {"document:plan#viewer@user:bob[cav]x", "", "`x` is left over at the end of the relationship"},
      {"document:plan#viewer@user:bob[cav][cav]", "caveat", "a relationship carries one caveat at most"},
      {"document:plan#viewer@user:bob[-cav]", "caveat",
       "caveat `-cav` is not a caveat name: 1 to 128 of letters, digits and `/_|-`, starting with "
       "a letter, a digit or `_`"},
      {"document:plan#viewer@user:bob[cav:1]", "caveat_context",
       "caveat context `1` is not a JSON object, like `{\"tz\":\"UTC\"}`"},
      {"document:plan#viewer@user:bob[cav:{a}]", "caveat_context", "caveat context `{a}` is not valid JSON"},
      {"document:plan#viewer@user:bob[cav:{\"a\":1,\"a\":2}]", "caveat_context", "caveat context gives `a` twice"},
      {"document:plan#viewer@user:bob[expiration:tomorrow]", "expires_at",
       "expiration `tomorrow` is not an RFC 3339 time, like `2026-12-01T00:00:00Z`"},
      {"document:plan#viewer@user:bob[expiration:2026-12-01]", "expires_at",
       "expiration `2026-12-01` is not an RFC 3339 time, like `2026-12-01T00:00:00Z`"},
      {"document:plan#viewer@user:bob[expiration:2026-13-01T00:00:00Z]", "expires_at",
       "expiration `2026-13-01T00:00:00Z` is not an RFC 3339 time, like `2026-12-01T00:00:00Z`"},
      {"document:plan#viewer@user:bob[expiration:2026-12-01T00:00:00.0000001Z]", "expires_at",
       "expiration `2026-12-01T00:00:00.0000001Z` is finer than a microsecond"},
      {"document:plan#viewer@user:bob[expiration:2026-12-01T00:00:00Z][cav]", "", "nothing may follow the expiration"},
      {"document:plan#viewer@user:bob\n", "",
       "`document:plan#viewer@user:bob\\x0a` contains a control character or a line break"},
  };
  for (const Bad& row : rows) {
    const absl::Status status = ParseRelationship(row.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.text;
    EXPECT_EQ(Message(status), row.message) << row.text;
    EXPECT_EQ(FieldOf(status), row.field) << row.text;
  }
}

TEST(Relationship, HasLimits) {
  const std::string longest_id(1024, 'a');
  EXPECT_TRUE(ParseRelationship(Cat("document:", longest_id, "#viewer@user:", longest_id)).ok());
  EXPECT_THAT(Message(ParseRelationship(Cat("document:plan#viewer@user:", longest_id, "a")).status()),
              HasSubstr("has 1025 bytes"));
  const std::string segment(64, 'a');
  EXPECT_TRUE(ValidateRelationName(segment).ok());
  EXPECT_FALSE(ValidateRelationName(segment + "a").ok());
  EXPECT_TRUE(ValidateTypeName(Cat(segment.substr(1), "/", segment)).ok());
  EXPECT_FALSE(ValidateTypeName(Cat(segment, "/", segment)).ok()) << "129 bytes";
  EXPECT_THAT(Message(ParseRelationship(std::string(40000, 'a')).status()), HasSubstr("at most 36864"));
  const std::string deep = Cat("{\"a\":", std::string(30, '['), std::string(30, ']'), "}");
  EXPECT_THAT(Message(CompactContext(deep).status()), HasSubstr("nested more than 30 deep"));
}

TEST(CompactContext, TakesNothingThatItWouldRefuseOnceItIsCompact) {
  std::string numbers = "{\"a\":[1e9";
  for (int i = 1; i < 2600; ++i) numbers += ",1e9";
  EXPECT_THAT(Message(CompactContext(numbers + "]}").status()), HasSubstr("has 33807 bytes; at most 32768"));
}

// Once each object was compared with all before it in its array, in the time of a minute under sanitizers.
TEST(CompactContext, OfThousandsOfSmallObjectsIsReadOnce) {
  std::string many = "{\"a\":[{}";
  for (int i = 0; i < 10'000; ++i) many += ",{}";
  const auto compact = CompactContext(many + "]}");
  ASSERT_TRUE(compact.ok()) << compact.status();
  EXPECT_EQ(*compact, many + "]}");
  EXPECT_THAT(Message(CompactContext(many + ",{\"b\":1,\"b\":2}]}").status()), HasSubstr("gives `b` twice"));
}

TEST(Relationship, NamesAreWhatExistingClientsAllow) {
  for (const char* name : {"abc", "a_b", "a12", "view_all"}) EXPECT_TRUE(ValidateRelationName(name).ok()) << name;
  for (const char* name : {"", "ab", "Abc", "_abc", "abc_", "1bc", "a-b", "abc/def"}) {
    EXPECT_FALSE(ValidateRelationName(name).ok()) << name;
  }
  for (const char* name : {"abc", "abc/def", "abc/def/ghi"}) EXPECT_TRUE(ValidateTypeName(name).ok()) << name;
  for (const char* name : {"", "/abc", "abc/", "abc//def", "aa/user", "ABC"}) {
    EXPECT_FALSE(ValidateTypeName(name).ok()) << name;
  }
}

TEST(Relationship, FormRefusesWhatOnlyAProgramCouldMake) {
  Relationship r = ParseRelationship("document:plan#viewer@user:bob").value();
  r.caveat_context = "{}";
  EXPECT_EQ(FieldOf(ValidateForm(r)), "caveat_context");
  r = ParseRelationship("document:plan#viewer@user:bob").value();
  r.expires_at = absl::UnixEpoch() + absl::Nanoseconds(1);
  EXPECT_EQ(FieldOf(ValidateForm(r)), "expires_at");
  r.expires_at = absl::InfinitePast();
  EXPECT_EQ(FieldOf(ValidateForm(r)), "expires_at");
  r.expires_at = absl::InfiniteFuture();
  r.caveat = "cav";
  r.caveat_context = R"({ "a": 1 })";
  EXPECT_TRUE(ValidateForm(r).ok()) << "blanks do no harm";
}

TEST(Relationship, HostileBytesDoNotReachTheMessage) {
  const absl::Status status = ParseRelationship("document:\xff\x1b[31m#viewer@user:bob").status();
  for (char c : Message(status)) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(Object, IsATypeAndAnId) {
  EXPECT_EQ(ParseObject("document:plan").value(), (ObjectRef{"document", "plan"}));
  EXPECT_FALSE(ParseObject("document").ok());
  EXPECT_FALSE(ParseObject("document:*").ok());
  EXPECT_FALSE(ParseObject("document:plan#viewer").ok());
}

TEST(Subject, IsAnObjectASetOrAWildcard) {
  EXPECT_EQ(ParseSubject("user:bob").value(), (SubjectRef{"user", "bob", ""}));
  EXPECT_EQ(ParseSubject("user:bob#...").value(), (SubjectRef{"user", "bob", ""}));
  EXPECT_EQ(ParseSubject("team:core#member").value(), (SubjectRef{"team", "core", "member"}));
  EXPECT_TRUE(ParseSubject("user:*").value().IsWildcard());
  EXPECT_FALSE(ParseSubject("user").ok());
  EXPECT_FALSE(ParseSubject("user:bob[cav]").ok());
}

TEST(Question, IsARelationshipWithoutAttributes) {
  const Question question = ParseQuestion("document:plan#view@user:bob").value();
  EXPECT_EQ(question.permission, "view");
  EXPECT_EQ(FieldOf(ParseQuestion("document:plan#V@user:bob").status()), "permission");
  EXPECT_FALSE(ParseQuestion("document:plan#view@user:bob[cav]").ok());
}

}  // namespace
}  // namespace mandate
