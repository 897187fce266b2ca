#include "schema/resolver.h"

#include "schema/schema_testing.h"

namespace mandate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(Resolver, NumbersEverythingInTheOrderOfTheText) {
  const auto schema = MustCompile(
      "// Header.\n\n/** People. */\ndefinition user {}\n\n"
      "definition doc {\n  // Who reads.\n  // All of them.\n  relation rrr: user | doc#ppp | "
      "user:*\n"
      "  permission ppp = rrr\n}");
  const TypeId user = *schema->FindType("user");
  const TypeId doc = *schema->FindType("doc");
  EXPECT_EQ(user, TypeId{0});
  EXPECT_EQ(doc, TypeId{1});
  EXPECT_EQ(schema->definition(user).doc, "People.");
  const MemberId rrr = *schema->FindMember(doc, "rrr");
  const MemberId ppp = *schema->FindMember(doc, "ppp");
  EXPECT_EQ(rrr, MemberId{0});
  EXPECT_EQ(schema->member(rrr).doc, "Who reads.\nAll of them.");
  EXPECT_TRUE(schema->member(ppp).is_permission);
  EXPECT_THAT(schema->definition(doc).members, ElementsAre(rrr, ppp));
  EXPECT_THAT(schema->member(rrr).subject_types,
              ElementsAre(SubjectType{user}, SubjectType{doc, ppp}, SubjectType{user, MemberId::kNone, true}));
  EXPECT_EQ(schema->FindType("nobody"), std::nullopt);
  EXPECT_EQ(schema->FindMember(user, "rrr"), std::nullopt);
  EXPECT_FALSE(schema->has_delegation());
  EXPECT_FALSE(schema->definition(user).IsPrincipal());
}

TEST(Resolver, FlattensUnionsAndIntersectionsOfOneKindOnly) {
  const auto schema = MustCompile(
      "definition user {}\ndefinition doc {\n relation aaa: user\n relation bbb: user\n relation "
      "ccc: user\n"
      " permission p_1 = aaa + (bbb + (ccc + nil))\n permission p_2 = (aaa & bbb) & (ccc & aaa)\n"
      " permission p_3 = aaa - bbb - ccc\n permission p_4 = aaa - (bbb - ccc)\n"
      " permission p_5 = (aaa + bbb) & (ccc + p_1)\n permission p_6 = aaa + p_1 + aaa\n}");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_1"), "(aaa + bbb + ccc + nil)");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_2"), "(aaa & bbb & ccc & aaa)");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_3"), "((aaa - bbb) - ccc)");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_4"), "(aaa - (bbb - ccc))");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_5"), "((aaa + bbb) & (ccc + p_1))");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_6"), "(aaa + p_1 + aaa)") << "a permission stays one node";
}

TEST(Resolver, AnArrowAsksEachTypeThatTheRelationHoldsAndHasTheTarget) {
  const auto schema =
      MustCompile(InDoc("relation place: folder | group#member | user | folder#view\npermission p_1 = place->view\n"
                        "permission p_2 = place.all(member)\npermission p_3 = place.any(viewer)"));
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_1"), "place->{folder: view}");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_2"), "place.all{group: member}");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_3"), "place->{folder: viewer}");
}

TEST(Resolver, AnArrowOfSeveralStepsIsBuiltFromItsEndForEachTypeOnTheWay) {
  const auto schema = MustCompile(
      "definition user {}\ndefinition team { relation member: user; relation lead: team }\n"
      "definition folder { relation owner: team }\ndefinition org { relation owner: team | org; "
      "relation member: user }\n"
      "definition site {}\n"
      "definition doc {\n relation parent: folder | org | site\n permission p_1 = "
      "parent->owner->member\n"
      " permission p_2 = parent.all(owner).any(lead)->member\n}");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_1"),
            "parent->{folder: owner->{team: member}, org: owner->{team: member, org: member}}");
  EXPECT_EQ(ShowPermission(*schema, "doc", "p_2"),
            "parent.all{folder: owner->{team: lead->{team: member}}, org: owner->{team: "
            "lead->{team: member}}}");
}

TEST(Resolver, SelfIsTheObjectAfterUseSelf) {
  const auto schema = MustCompile("use self\ndefinition user { permission ppp = self }");
  EXPECT_EQ(ShowPermission(*schema, "user", "ppp"), "self");
}

TEST(Resolver, AcceptsWhatExistingSchemasDo) {
  const std::pair<const char*, std::string> rows[] = {
      {"an empty schema", ""},
      {"only comments", "// nothing\n/* here */\n"},
      {"a relation that holds its own subject set", InDoc("relation rrr: doc#rrr")},
      {"an alias cycle with a way out", InDoc("permission ppp = ppp + viewer")},
      {"two of them", InDoc("permission ppp = qqq + viewer\npermission qqq = ppp + viewer")},
      {"an annotation of an unknown type, without typechecking", InDoc("permission ppp: nobody = viewer")},
      {"a permission as a subject set", InDoc("relation rrr: folder#view")},
      {"a permission that contains a wildcard as a subject set", InDoc("permission ppp = wild\nrelation rrr: doc#ppp")},
      {"a relation that contains a wildcard as a subject set", InDoc("relation rrr: doc#wild")},
      {"a wildcard on the right of an arrow", InDoc("relation rrr: doc\npermission ppp = rrr->wild")},
      {"a wildcard with caveat and expiration",
       InDoc("relation rrr: user:* with cav and expiration", "use expiration\ncaveat cav(aaa int) { aaa == 1 }\n")},
      {"blanks in subject types", InDoc("relation rrr: group # member | user : *")},
      {"a reference to what comes later", "definition doc { relation rrr: user }\ndefinition user {}"},
      {"names with prefixes",
       "definition acme/user {}\ndefinition acme/org/doc { relation rrr: acme/user | "
       "acme/org/doc#rrr }"},
      {"a relation with the name of a type", InDoc("relation user: user\nrelation folder: folder")},
  };
  for (const auto& [name, schema] : rows) EXPECT_THAT(Errors(schema), IsEmpty()) << name;
}

TEST(Resolver, SaysWhatIsWrong) {
  const Refused rows[] = {
      {"an unknown type", "relation rrr: usr", {"usr | definition `usr` does not exist; did you mean `user`?"}},
      {"an unknown subject relation",
       "relation rrr: group#membr",
       {"membr | relation or permission `membr` is not defined on `group`; did you mean "
        "`member`?"}},
      {"an unknown name in an expression",
       "permission ppp = viewr + parent->view",
       {"viewr | relation or permission `viewr` is not defined on `doc`; did you mean `viewer`?"}},
      {"an unknown name left of an arrow",
       "permission ppp = parnt->view",
       {"parnt | relation or permission `parnt` is not defined on `doc`; did you mean `parent`?"}},
      {"self without use",
       "permission ppp = self",
       {"self | relation or permission `self` is not defined on `doc`; for the object itself, put "
        "`use self` at the top "
        "of the schema"}},
      {"a permission left of an arrow",
       "permission ppp = viewer\npermission qqq = ppp->view",
       {"ppp | `ppp` is a permission of `doc`; only a relation can stand to the left of an arrow"}},
      {"a permission in the middle of an arrow",
       "permission ppp = parent->view->viewer",
       {"view | `view` is a permission of `folder`; only a relation can stand to the left of an "
        "arrow"}},
      {"a wildcard left of an arrow",
       "permission ppp = wild->view",
       {"wild | relation `wild` of `doc` can hold `user:*`, which names no object to go to, so it "
        "cannot stand to the left "
        "of an arrow"}},
      {"a wildcard in the middle of an arrow",
       "relation rrr: doc\npermission ppp = rrr->wild->view",
       {"wild | relation `wild` of `doc` can hold `user:*`, which names no object to go to, so it "
        "cannot stand to the left "
        "of an arrow"}},
      {"a wildcard with a relation",
       "relation rrr: group:*#member",
       {"group:*#member | a wildcard has no relation: write `group:*` or `group#member`"}},
      {"a subject type twice",
       "relation rrr: user | group#member | user#...",
       {"user#... | this subject type is listed twice in `rrr`"}},
      {"a member twice",
       "relation viewer: user",
       {"viewer | `viewer` is declared twice on `doc`; relations and permissions "
        "share one set of names"}},
      {"a permission with a relation's name",
       "permission viewer = parent->view",
       {"viewer | `viewer` is declared twice on `doc`; relations and permissions share one set of "
        "names"}},
      {"what holds where it does not hold",
       "permission ppp = viewer - ppp",
       {"viewer - ppp | this subtracts itself: it would hold just where it does not hold"}},
      {"another name of itself",
       "permission ppp = ppp",
       {"ppp | permission `ppp` is only another name of itself, so nothing says who holds it; name "
        "a relation, or `nil` for nobody"}},
      {"a circle of names, told once, and not of what leads into it",
       "permission aaa = ppp\npermission ppp = qqq\npermission qqq = (rrr)\npermission rrr = ppp",
       {"ppp | permission `ppp` is only another name of itself through `qqq`, `rrr`, so nothing "
        "says who holds it; name a relation, or `nil` for nobody"}},
      {"the same, the long way round",
       "permission ppp = viewer - (wild & qqq)\npermission qqq = ppp + viewer",
       {"viewer - (wild & qqq) | this subtracts itself: it would hold just where it does not "
        "hold"}},
  };
  for (const Refused& row : rows) EXPECT_THAT(Errors(InDoc(row.schema)), ElementsAreArray(row.errors)) << row.name;
}

TEST(Resolver, PutsPartialsIntoTheirPlace) {
  const auto schema = MustCompile(
      "use partial\npartial base {\n relation owner: user\n}\npartial more {\n ...base\n relation "
      "viewer: user\n}\n"
      "definition user {}\ndefinition doc {\n relation first: user\n ...more\n permission view = "
      "viewer + owner + first\n}\n"
      "definition file { ...more }");
  std::vector<std::string> names;
  for (MemberId id : schema->definition(*schema->FindType("doc")).members) names.push_back(schema->member(id).name);
  EXPECT_THAT(names, ElementsAre("first", "owner", "viewer", "view"));
  EXPECT_TRUE(schema->FindMember(*schema->FindType("file"), "owner").has_value());
  EXPECT_EQ(schema->FindType("base"), std::nullopt);
}

TEST(Resolver, SaysWhatIsWrongWithPartials) {
  const std::string head = "use partial\ndefinition user {}\npartial base { relation owner: user }\n";
  const Refused rows[] = {
      {"unknown", "definition doc { ...bse }", {"bse | partial `bse` is not defined; did you mean `base`?"}},
      {"unknown, in a partial that nothing uses",
       "partial other { ...nothing }",
       {"nothing | partial `nothing` is not defined"}},
      {"around in a circle",
       "partial one { ...two }\npartial two { ...one }\ndefinition doc { ...one }",
       {"one | partial `one` comes back to itself here"}},
      {"itself", "partial one { ...one }", {"one | partial `one` comes back to itself here"}},
      {"twice", "definition doc { ...base; ...base }", {"base | partial `base` is put into `doc` twice"}},
      {"twice, over another",
       "partial one { ...base }\ndefinition doc { ...base; ...one }",
       {"base | partial `base` is put into `doc` twice"}},
      {"a member that is there",
       "definition doc { relation owner: user; ...base }",
       {"owner | `owner` is declared twice on `doc`; relations and permissions share one set of "
        "names"}},
      {"as a type",
       "definition doc { relation rrr: base }",
       {"base | `base` is a partial, not a definition; it has no objects"}},
      {"a name in use",
       "definition base {}",
       {"base | the name `base` is already taken; definitions, partials and caveats share one set "
        "of names"}},
      {"an error in a partial, told once",
       "partial one { relation rrr: usr }\ndefinition d_1 { ...one }\ndefinition d_2 { ...one }",
       {"usr | definition `usr` does not exist; did you mean `user`?"}},
      {"with a prefix", "definition doc { ...acme/base }", {"acme/base | partial `acme/base` is not defined"}},
  };
  for (const Refused& row : rows) EXPECT_THAT(Errors(Cat(head, row.schema)), ElementsAreArray(row.errors)) << row.name;
}

TEST(Resolver, TypecheckingWantsEveryTypeThatCanHoldThePermission) {
  const std::string head = "use typechecking\ndefinition bot {}\n";
  EXPECT_THAT(Errors(InDoc("relation rrr: bot | group#member\npermission ppp: user = rrr", head)),
              ElementsAre("user | the annotation of `ppp` leaves out `bot`, which can hold it"));
  EXPECT_THAT(Errors(InDoc("relation rrr: bot | group#member\npermission ppp: user | bot = rrr + parent->view", head)),
              IsEmpty());
  EXPECT_THAT(Errors(InDoc("relation rrr: bot | user\npermission ppp: user = rrr & viewer\n"
                           "permission qqq: user = viewer - rrr",
                           head)),
              IsEmpty());
  EXPECT_THAT(Errors(InDoc("relation rrr: bot | group#member\npermission ppp: user = rrr", "definition bot {}\n")),
              IsEmpty())
      << "without `use typechecking` annotations are ignored";
}

}  // namespace
}  // namespace mandate
