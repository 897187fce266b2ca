// Directories as entries, and entries as relationships: LDIF, SCIM, and what they contradict themselves in.
#include "tools/sync/entry_mapper.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/text.h"
#include "tools/bulk/text_source.h"
#include "tools/sync/distinguished_name.h"
#include "tools/sync/ldif_reader.h"
#include "tools/sync/scim_reader.h"
#include "tools/sync/testing_mapping.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Mapped {
  absl::Status status;
  std::set<std::string> relationships;
  std::vector<std::string> refused;
  uint64_t left_out = 0;
  std::string error() const { return std::string(status.message()); }
};

template <typename Read>
Mapped Map(const Mapping& mapping, const std::string& identity, const std::string& text, const Read& read) {
  Mapped mapped;
  Refusals refusals;
  EntryMapper mapper(&mapping, identity, &refusals, [&](const Relationship& relationship) {
    mapped.relationships.insert(ToText(relationship));
    return absl::OkStatus();
  });
  mapper.BeginFile("in");
  TextSource source(text);
  mapped.status = read(&source, &mapper);
  if (mapped.status.ok()) mapped.status = mapper.Finish();
  mapped.refused = refusals.kept();
  mapped.left_out = mapper.left_out();
  return mapped;
}

Mapped Ldif(const std::string& text, const Mapping& mapping = TestingMapping("dn", "member")) {
  return Map(mapping, "dn", text, ReadLdif);
}

Mapped Scim(const std::string& resources, const std::string& rest = "") {
  Mapping mapping = TestingMapping("id", "members.value");
  mapping.entries[0].when = {{"username", {}}};
  mapping.entries[1].when = {{"displayname", {}}};
  for (EntryRule& rule : mapping.entries) rule.id.attribute = "id";
  return Map(mapping, "id", Cat("{", rest, "\"Resources\":[", resources, "]}"), ReadScim);
}

constexpr char kPeople[] = "dn: uid=ann,dc=x\nuid: ann\n\ndn: uid=bob,dc=x\nuid: bob\n\n";

TEST(Ldif, FoldedLinesBase64AndCommentsAreUnderstood) {
  EXPECT_THAT(Ldif(Cat("version: 1\r\n# c\r\n more of it\r\n\r\n", kPeople,
                       "dn:: Y249Y29yZSxkYz14\ncn: co\n re\nMEMBER: uid=an\n n,dc=x\nmember;lang-de:UID=Bob\\, , DC=x\n"
                       "member:: dWlkPWJvYixkYz14\n"))
                  .relationships,
              ElementsAre("team:core#member@user:ann", "team:core#member@user:bob"));
}

TEST(Ldif, WhatItCannotReadIsAnErrorWithItsLine) {
  EXPECT_EQ(Ldif("dn: cn=a\nnonsense\n").error(), "2: `nonsense` is no `attribute: value`");
  EXPECT_EQ(Ldif("cn: a\n").error(), "1: an entry begins with `dn:`, not with `cn`");
  EXPECT_EQ(Ldif(" x\n").error(), "1: a line that goes on an earlier one has none before it");
  EXPECT_EQ(Ldif("dn: cn=a\ndn: cn=b\n").error(), "2: an entry has a second `dn`; an empty line ends an entry");
  EXPECT_THAT(Ldif("dn: cn=a\nchangetype: delete\n").error(), HasSubstr("2: the file is a list of changes"));
  EXPECT_EQ(Ldif("dn: cn=a\nmember:: !!\n").error(), "2: the value of `member` is no base64");
  EXPECT_EQ(Ldif("dn: cn=a\ncn: \xff\n").error(), "2: the value of `cn` is no text in UTF-8");
  EXPECT_EQ(Ldif("dn: cn=a\ncn:: AA==\n").error(), "2: the value of `cn` is no text in UTF-8");
  EXPECT_THAT(Ldif("dn: cn=a\nmember:< file:///etc/passwd\n").error(),
              HasSubstr("2: the value of `member` stands elsewhere"));
  EXPECT_THAT(Ldif("dn: cn=a\nmember;range=0-1499: uid=a\n").error(), HasSubstr("is only a part of the values"));
  EXPECT_THAT(Ldif("dn: ,\ncn: a\n").error(), HasSubstr("`dn`: `,` is no LDAP name"));
}

TEST(Ldif, LongValuesMatterOnlyWhereTheyAreWanted) {
  const std::string much(1 << 20, 'A');
  EXPECT_TRUE(Ldif(Cat("dn: cn=a\njpegPhoto:: ", much, "\n ", much, "\ncn: abc\n")).status.ok());
  EXPECT_EQ(Ldif(Cat("dn: cn=a\ncn: ", much, "\n")).error(), "2: the value of `cn` has more than 65536 bytes");
}

TEST(DistinguishedName, TwoWritingsOfOneNameAreOneText) {
  const auto normal = [](std::string_view text) { return NormalizeDn(text).value_or("no name"); };
  EXPECT_EQ(normal("CN=Core  Team , OU=g"), "cn=core team,ou=g");
  EXPECT_EQ(normal("cn=a\\2Cb"), normal("cn=a\\,b"));
  EXPECT_EQ(normal("cn=\"a,b\""), normal("cn=a\\,b"));
  EXPECT_NE(normal("cn=a\\,ou=b"), normal("cn=a,ou=b")) << "an escaped comma separates nothing";
  EXPECT_EQ(normal("sn=b+cn=a,dc=x"), normal("CN=A+SN=B,DC=X"));
  EXPECT_EQ(normal("cn=a#'01'B"), "cn=a");
  EXPECT_EQ(normal(""), "");
  for (const char* wrong : {"cn", "=a", "cn=a,", "cn=a\\", "c n=a", "cn=\"a", "cn=\"a\"b", "cn=\\ff"}) {
    EXPECT_EQ(normal(wrong), "no name") << wrong;
  }
}

TEST(EntryMapper, NestedGroupsAreFlattenedWhateverCirclesTheyForm) {
  const std::string text =
      Cat(kPeople,
          "dn: cn=aaa\ncn: aaa\nmember: cn=bbb\nmember: uid=ann,dc=x\n\ndn: cn=bbb\ncn: bbb\nmember: cn=ccc\n\n"
          "dn: cn=ccc\ncn: ccc\nmember: cn=aaa\nmember: uid=bob,dc=x\n\ndn: cn=ddd\ncn: ddd\nmember: cn=ddd\nmember: "
          "cn=aaa\n");
  std::set<std::string> expected;
  for (const char* team : {"aaa", "bbb", "ccc", "ddd"}) {
    for (const char* user : {"ann", "bob"}) expected.insert(Cat("team:", team, "#member@user:", user));
  }
  EXPECT_EQ(Ldif(text).relationships, expected);
  EXPECT_THAT(
      Ldif(text, TestingMapping("dn", "member", Nested::kSubjectSets)).relationships,
      ElementsAre("team:aaa#member@team:bbb#member", "team:aaa#member@user:ann", "team:bbb#member@team:ccc#member",
                  "team:ccc#member@team:aaa#member", "team:ccc#member@user:bob", "team:ddd#member@team:aaa#member",
                  "team:ddd#member@team:ddd#member"));
}

TEST(EntryMapper, MembersOfAPosixGroupAreFoundByTheirUid) {
  EXPECT_THAT(Ldif(Cat("dn: cn=core\ncn: core\nmemberUid: ann\nmemberUid: zoe\n\n", kPeople),
                   TestingMapping("uid", "memberuid"))
                  .relationships,
              ElementsAre("team:core#member@user:ann"));
}

TEST(EntryMapper, AnEntryThatStandsTwiceIsAnError) {
  EXPECT_EQ(Ldif(Cat(kPeople, "dn: UID=ANN, dc=x\nuid: anna\n")).error(),
            "in:7: the dn `uid=ann,dc=x` stands at in:1 already; an entry that stands twice contradicts itself");
}

TEST(EntryMapper, TwoEntriesThatBecomeOneObjectAreAnError) {
  EXPECT_EQ(Ldif("dn: cn=core,ou=a\ncn: core\n\ndn: cn=core,ou=b\ncn: core\n").error(),
            "in:4: the entry becomes `team:core`, as does the one at in:1; the mapping has to tell them apart");
}

TEST(EntryMapper, WhatItCannotTakeOverIsRefusedWithItsPlace) {
  const Mapped mapped = Ldif(Cat(kPeople,
                                 "dn: cn=core\ncn: core\nmember: uid=zoe,dc=x\nmember: nobody\nmember: uid=ann,dc=x\n\n"
                                 "dn: uid=x\nuid: a b\n\ndn: cn=two\ncn: two\ncn: zwei\n"));
  EXPECT_TRUE(mapped.status.ok()) << mapped.status;
  EXPECT_THAT(mapped.relationships, ElementsAre("team:core#member@user:ann"));
  EXPECT_THAT(mapped.refused,
              ElementsAre("in:7: `member`: `nobody` is no LDAP name, like `cn=core,dc=example`",
                          HasSubstr("in:13: id `a b` contains ` `"),
                          "in:16: the entry has 2 values of `cn`, which is to be its id",
                          HasSubstr("in:7: `member` of team:core: `uid=zoe,dc=x` is no entry of the source")));
}

TEST(Scim, UsersThatAreNotActiveAreLeftOut) {
  const Mapped mapped = Scim(
      R"({"id":"g","displayName":"G","members":[{"value":"a","type":"User"},{"value":"b"},{"value":"h"}]},
         {"id":"a","userName":"A","active":true}, {"id":"b","userName":"B","active":false},
         {"id":"h","displayName":"H","members":[{"value":"a"},{"value":"c"},{"value":"g"}]}, {"id":"c","USERNAME":"C"})",
      R"("totalResults":5,)");
  EXPECT_TRUE(mapped.status.ok()) << mapped.status;
  EXPECT_THAT(mapped.relationships, ElementsAre("team:g#member@user:a", "team:g#member@user:c", "team:h#member@user:a",
                                                "team:h#member@user:c"));
  EXPECT_EQ(mapped.left_out, 1u);
}

TEST(Scim, APageOfSeveralIsRefused) {
  EXPECT_THAT(Scim(R"({"id":"a","userName":"A"})", R"("totalResults":2,)").error(),
              HasSubstr("this is one page of a response: it has 1 of 2 resources"));
}

TEST(Scim, WhatItCannotReadIsAnErrorWithItsLine) {
  const auto error = [](const std::string& text) {
    return Map(TestingMapping("id", "members.value"), "id", text, ReadScim).error();
  };
  EXPECT_EQ(error("{\n\"Resources\":[{\"id\":"), "2: the JSON ends too early; it was cut off");
  EXPECT_EQ(error(""), "1: the JSON ends too early; it was cut off");
  EXPECT_EQ(error("[]"), "1: this is no SCIM ListResponse: it is an array");
  EXPECT_EQ(error("{}"), "1: this is no SCIM ListResponse: it has no `Resources`");
  EXPECT_EQ(error("{\"Resources\":[7]}"), "1: a resource is an object");
  EXPECT_EQ(error("{\"Resources\":[{}]}"), "1: the entry has no `id`");
  EXPECT_THAT(error("{\"Resources\":[{\"id\":\"\xff\"}]}"), HasSubstr("this is no JSON"));
  EXPECT_THAT(error(Cat("{\"Resources\":", std::string(100, '['))), HasSubstr("nested too deep"));
  EXPECT_THAT(error(Cat("{\"Resources\":[{\"x\":\"", std::string(2 << 20, 'x'), "\"}]}")),
              HasSubstr("a value has more than"));
}

}  // namespace
}  // namespace mandate
