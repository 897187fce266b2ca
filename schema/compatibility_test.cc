// What existing schemas may and may not say: every row of the tables that were made by running the
// existing compiler on it, and what becomes of it here. Where this one means to differ, the row
// says so; README.md lists these.
#include "schema/schema_testing.h"

namespace mandate {
namespace {

enum class Here {
  kAccepts,
  kRefusesText,     // It cannot be read; existing clients know it as SCHEMA_PARSE_ERROR.
  kRefusesMeaning,  // SCHEMA_TYPE_ERROR
};
using enum Here;

struct Row {
  std::string name;
  std::string schema;
};

void Expect(Here here, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const CompileResult result = CompileSchema(row.schema);
    const std::string said = RenderDiagnostics(row.name, row.schema, result.diagnostics);
    EXPECT_EQ(result.ok(), here == kAccepts) << row.name << "\n" << said;
    if (here == kAccepts || result.ok()) continue;
    bool has_error_of_that_sort = false;
    for (const Diagnostic& d : result.diagnostics) {
      has_error_of_that_sort |= d.severity == Severity::kError && (d.fault == Fault::kSyntax) == (here == kRefusesText);
    }
    EXPECT_TRUE(has_error_of_that_sort) << row.name << "\n" << said;
  }
}

// In a definition `doc` with relations rrr (docs and users), users (user) and wild (user:*).
std::string In(std::string_view statements, std::string_view head = "") {
  return Cat(head,
             "definition user {}\ncaveat cav(hour int) { hour == 1 }\ncaveat dov(hour int) { hour "
             "== 2 }\ndefinition grp {\n relation member: user\n relation open: user | user:*\n "
             "permission perm = open\n}\ndefinition doc {\n relation rrr: doc | user\n relation "
             "users: user\n relation wild: user:*\n",
             statements, "\n}\n");
}

std::string Caveat(std::string_view head_and_body) {
  return Cat("definition user {}\ncaveat new", head_and_body, "\n");
}

TEST(Compatibility, NamesThatAreRefused) {
  Expect(kRefusesText, {{"two letters", In("relation ab: user")},
                        {"upper case", In("relation Viewer: user")},
                        {"a letter beyond ASCII", In("relation vié_wer: user")},
                        {"digits", In("relation 123: user")},
                        {"an underscore first", In("relation _x_y: user")},
                        {"an underscore last", In("relation abc_: user")},
                        {"65 letters", In(Cat("relation ", std::string(65, 'a'), ": user"))},
                        {"a permission of two letters", In("permission ab = users")},
                        {"a definition of two letters", "definition us {}"},
                        {"a definition with an underscore first", "definition _user {}"},
                        {"a prefix of two letters", "definition aa/user {}"},
                        {"129 bytes", Cat("definition ", std::string(64, 'a'), "/", std::string(64, 'b'), " {}")}});
}

TEST(Compatibility, NamesThatAreAccepted) {
  Expect(kAccepts, {{"three letters", In("relation abc: user")},
                    {"64 letters", In(Cat("relation ", std::string(64, 'a'), ": user"))},
                    {"128 bytes", Cat("definition ", std::string(64, 'a'), "/", std::string(63, 'b'), " {}")},
                    {"many prefixes", "definition one/two/three/four {}"},
                    {"a caveat in upper case, of one letter", "caveat X(hour int) { hour == 1 }"},
                    {"a caveat with a digit first", "caveat 9to5(hour int) { hour == 1 }"},
                    {"a caveat with a prefix", "caveat Acme/Hours(hour int) { hour == 1 }"},
                    {"a parameter of one letter", "caveat cav(h int) { h == 1 }"},
                    {"words that are keywords only in places",
                     In("relation any: user\nrelation all: user\nrelation use: user\npermission ppp = any + "
                        "all")},
                    {"words that are keywords only after a use",
                     In("relation self: user\nrelation expiration: user\nrelation and: user\nrelation "
                        "partial: user\nrelation import: user\nrelation typechecking: user")}});
}

TEST(Compatibility, KeywordsThatAreRefusedAsNames) {
  Expect(kRefusesText, {{"nil", In("relation nil: user")},
                        {"with", In("relation with: user")},
                        {"definition", In("relation definition: user")},
                        {"caveat", In("permission caveat = users")},
                        {"relation", In("relation relation: user")},
                        {"permission", In("relation permission: user")},
                        {"a definition", "definition nil {}"},
                        {"self after its use", In("relation self: user", "use self\n")},
                        {"expiration after its use", In("relation expiration: user", "use expiration\n")},
                        {"and after the use of expiration", In("relation and: user", "use expiration\n")},
                        {"typechecking after its use", In("relation typechecking: user", "use typechecking\n")},
                        {"partial after its use", In("relation partial: user", "use partial\n")},
                        {"import after its use", In("relation import: user", "use import\n")},
                        {"a parameter", Caveat("(permission int) { permission == 1 }")}});
}

TEST(Compatibility, TextThatIsRefused) {
  Expect(kRefusesText,
         {{"a line that begins with an operator", In("permission ppp = users\n + wild")},
          {"a line break after `...`", In("relation sss: user#...\nrelation ttt: user")},
          {"a wildcard with a relation", In("relation sss: grp:*#member")},
          {"no type", In("relation sss:")},
          {"an arrow from parentheses", In("permission ppp = (rrr)->users")},
          {"an arrow from self", In("permission ppp = self->users", "use self\n")},
          {"an arrow that is none", In("permission ppp = rrr.none(users)")},
          {"an unknown use", "use nope"},
          {"a use behind a definition", "definition user {}\nuse self"},
          {"expiration before the caveat", In("relation sss: user with expiration and cav", "use expiration\n")},
          {"two caveats", In("relation sss: user with cav and dov", "use expiration\n")},
          {"an annotation with a path", In("permission ppp: acme/user = users", "definition acme/user {}\n")},
          {"import", "use import\nimport \"other.zed\""},
          {"a partial without its use", "partial base {}"},
          {"an unknown partial", "use partial\ndefinition doc {\n ...missing\n}"},
          {"a comment without end", "definition user {} /* never"},
          {"a comment in a comment", "/* a /* b */ */ definition user {}"},
          {"an at sign", In("relation sss: user @ grp")},
          {"a no-break space", In("relation\u00A0sss: user")},
          {"a byte-order mark", "\uFEFFdefinition user {}"},
          {"two definitions of one name", "definition doc {}\ndefinition doc {}"},
          {"a definition and a caveat of one name", "definition cav {}\ncaveat cav(hour int) { hour == 1 }"},
          {"a definition and a partial of one name", "use partial\ndefinition base {}\npartial base {}"}});
}

TEST(Compatibility, CaveatsThatAreRefused) {
  Expect(kRefusesText, {{"no parameters", Caveat("() { true }")},
                        {"an empty body", Caveat("(hour int) { }")},
                        {"an unknown type", Caveat("(hour hours) { hour == 1 }")},
                        {"no type argument", Caveat("(days list) { days == [] }")},
                        {"two type arguments", Caveat("(days map<string, int>) { days == {} }")},
                        {"a type argument too many", Caveat("(hour int<int>) { hour == 1 }")},
                        {"an at sign", Caveat("(hour int) { hour @ 1 }")}});
  Expect(kRefusesMeaning, {{"no bool", Caveat("(hour int) { hour + 1 }")},
                           {"an unknown function", Caveat("(hour int) { now() == hour }")},
                           {"types that do not compare", Caveat("(x uint) { x == 'a' }")},
                           {"a parameter not used", Caveat("(hour int, day int) { hour == 1 }")}});
}

TEST(Compatibility, MeaningThatIsRefused) {
  Expect(kRefusesMeaning, {{"an unknown relation", In("permission ppp = nothing")},
                           {"self without its use", In("permission ppp = self")},
                           {"an unknown definition", In("relation sss: nobody")},
                           {"an unknown subject relation", In("relation sss: grp#nothing")},
                           {"an unknown caveat", In("relation sss: user with nothing")},
                           {"expiration without its use", In("relation sss: user with expiration")},
                           {"a permission left of an arrow", In("permission ppp = users\npermission qqq = ppp->rrr")},
                           {"a wildcard left of an arrow", In("permission ppp = wild->rrr")},
                           {"a subject type twice", In("relation sss: user | grp#member | user")},
                           {"a relation twice", In("relation users: user")},
                           {"a permission with a relation's name", In("permission users = rrr")},
                           {"a name twice, through a partial",
                            "use partial\ndefinition user {}\npartial base {\n relation aaa: user\n}\ndefinition doc "
                            "{\n relation aaa: user\n ...base\n}"},
                           {"an annotation that leaves out a type",
                            In("relation sss: user | grp\npermission ppp: user = sss", "use typechecking\n")}});
}

// Refused there as well, with the code UNKNOWN and no place.
TEST(Compatibility, CirclesThatAreRefusedWithAPlace) {
  Expect(kRefusesMeaning,
         {{"of names", In("permission ppp = qqq\npermission qqq = ppp")}, {"of one name", In("permission ppp = ppp")}});
  Expect(kRefusesText, {{"of partials",
                         "use partial\npartial one {\n ...two\n}\npartial two {\n ...one\n}\ndefinition doc {\n "
                         "...one\n}"}});
}

TEST(Compatibility, WhatIsAccepted) {
  Expect(kAccepts,
         {{"a permission in its own union", In("permission ppp = ppp + users")},
          {"two permissions in each other's", In("permission ppp = qqq + users\npermission qqq = ppp + users")},
          {"a relation that holds its own subjects", In("relation sss: doc#sss")},
          {"an arrow to nowhere", In("permission ppp = rrr->nothing")},
          {"an annotation of an unknown type", In("permission ppp: nobody | user = users", "use typechecking\n")},
          {"an annotation without typechecking", In("permission ppp: grp = users")},
          {"an annotation of all types", In("permission ppp: user = users", "use typechecking\n")},
          {"a permission as a subject relation", In("relation sss: grp#perm")},
          {"a wildcard right of an arrow", In("permission ppp = rrr->wild")},
          {"a wildcard with caveat and expiration",
           In("relation sss: user:* with cav and expiration", "use expiration\n")},
          {"a caveat that may be left out", In("relation sss: user | user with cav")},
          {"an empty schema", ""},
          {"a caveat that nothing uses", "caveat cav(hour int) { hour == 1 }"},
          {"21 parameters",
           "caveat cav(a int,b int,c int,d int,e int,f int,g int,h int,i int,j int,k int,l int,m int,"
           "n int,o int,p int,q int,r int,s int,t int,u int) { "
           "a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u == 1 }"},
          {"blanks in subject types", In("relation sss: grp # member | user : * | user # ...;")},
          {"CRLF", "definition user {}\r\ndefinition doc {\r\n\trelation aaa: user\r\n}\r\n"},
          {"parentheses anywhere", In("permission ppp = ((users) + ((rrr)))")},
          {"a line that ends with an operator", In("permission ppp = users +\n rrr &\n\n wild")},
          {"several uses on a line, and one twice", "use self use expiration\nuse self\ndefinition user {}"},
          {"semicolons", "definition user {};; definition doc { relation aaa: user; relation bbb: user; }"},
          {"self after its use", In("permission ppp = self + users", "use self\n")},
          {"what comes later", "definition doc {\n relation aaa: user\n}\ndefinition user {}"},
          {"partials in partials",
           "use partial\ndefinition user {}\ndefinition doc {\n ...two\n permission ppp = aaa + "
           "bbb\n}\n"
           "partial two {\n ...one\n relation bbb: user\n}\npartial one {\n relation aaa: user\n}"}});
}

// What this compiler takes and the existing one refuses.
TEST(Compatibility, WhatIsAcceptedHereAlone) {
  Expect(kAccepts, {{"an arrow of several steps", In("permission ppp = rrr->rrr.all(rrr)->users")},
                    {"a wildcard reached through a subject set", In("relation sss: grp#open")},
                    {"an arrow over objects whose subject set holds a wildcard",
                     In("relation sss: grp#open\npermission ppp = sss->member")},
                    {"a body on one line", "definition user {}\ndefinition doc { relation abc: user }"},
                    {"a quote that is escaped", Caveat("(day string) { day == 'it\\'s' }")},
                    {"three single quotes", Caveat("(day string) { day == '''it's''' }")}});
}

}  // namespace
}  // namespace mandate
