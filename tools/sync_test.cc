// `mandate sync` as a user runs it: a real directory a year later, what guards against a broken source or somebody else
// who writes, and being killed.
#include <sys/stat.h>

#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "service/client.h"
#include "tools/exit_code.h"
#include "tools/test_process.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const char kOrganization[] = MANDATE_SOURCE_DIR "/../shared/data/kubernetes-org/";

constexpr char kSyncSchema[] = R"(
use expiration
definition user {}
definition team { relation member: user | team#member | user with expiration; relation owner: user }
definition folder { relation viewer: user }
)";

// People by `uid`, teams by `cn`.
constexpr char kLdapMapping[] = R"(
domain:
  - {type: team, relations: [member]}
entries:
  - when: {objectClass: inetOrgPerson}
    type: user
    id: uid
  - when: {objectClass: groupOfNames}
    type: team
    id: cn
    members:
      - attribute: member
        refers_to: dn
        as: {user: member, team: flatten}
)";

class Syncing : public testing::Test {
 protected:
  Syncing() : server_(std::make_unique<ServingProcess>(directory_.File("db"))) { WriteSchema(kSyncSchema); }

  void WriteSchema(const std::string& schema) {
    EXPECT_TRUE(Client(server_->address()).WriteSchema(schema, {}, false, nullptr).ok());
  }
  Finished Run(const std::vector<std::string>& arguments, const std::string& input = "") {
    return RunMandate(arguments, input, {"MANDATE_SERVER=" + server_->address()});
  }
  Finished RunSync(const std::string& source, const std::string& mapping, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"sync", "--source", source, "--mapping", mapping};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  // What a sync that succeeds reports.
  json Report(const std::string& source, const std::string& mapping, std::vector<std::string> more = {}) {
    more.push_back("--json");
    const Finished finished = RunSync(source, mapping, more);
    EXPECT_EQ(finished.code, kExitOk) << finished.err;
    return json::parse(finished.out, nullptr, false);
  }
  // Added, removed, changed, unchanged.
  static std::vector<int> Counts(const json& report) {
    return {report["added"], report["removed"], report["changed"], report["unchanged"]};
  }
  // What a refused sync says; and it wrote nothing.
  std::string Refusal(const std::string& source, const std::string& mapping,
                      const std::vector<std::string>& more = {}) {
    const auto before = Stored();
    const Finished finished = RunSync(source, mapping, more);
    EXPECT_EQ(finished.code, kExitError) << finished.out;
    EXPECT_EQ(Stored(), before);
    return finished.err;
  }
  std::set<std::string> Stored() {
    std::set<std::string> stored;
    const absl::Status status =
        BulkClient(server_->address()).Export(std::nullopt, "", "", [&](BulkClient::Page& page) {
          for (const Relationship& r : page.relationships) stored.insert(ToText(r));
          return true;
        });
    EXPECT_TRUE(status.ok()) << status;
    return stored;
  }
  void Store(const std::string& lines) { EXPECT_EQ(Run({"import", "-"}, lines).code, kExitOk); }
  std::string File(const std::string& name, const std::string& text) { return directory_.File(name, text); }

  TempDirectory directory_;
  std::unique_ptr<ServingProcess> server_;
};

// Team -> everybody with the permission `member`.
std::map<std::string, std::set<std::string>> Members(const std::string& address, const std::set<std::string>& teams) {
  Client client(address);
  std::map<std::string, std::set<std::string>> members;
  for (const std::string& team : teams) {
    SubjectsQuestion question;
    question.resource = {"team", team};
    question.permission = "member";
    question.subject_type = "user";
    const absl::Status status = client.LookupSubjects(question, {}, [&](const Client::LookedUp& page) {
      for (const Found& found : page.found) members[team].insert(found.id);
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  return members;
}

TEST_F(Syncing, BringsTheKubernetesOrganizationFromOneYearToTheNext) {
  if (!std::filesystem::exists(kOrganization)) {
    std::cout << "NOT RUN: the kubernetes-org data are not beside this checkout\n";
    return;
  }
  const std::string data = kOrganization;
  const std::string everything = File("org.yaml", "domain: [{type: organization}, {type: team}, {type: repository}]\n");
  const std::string people = R"(
domain:
  - {type: team, relations: [maintainer, direct_member]}
entries:
  - when: {objectClass: inetOrgPerson}
    type: user
    id: uid
  - when: {objectClass: groupOfNames}
    type: team
    id: {attribute: cn, replace: {_: /}}
    members: [{attribute: member, refers_to: dn, as: {user: direct_member}}]
  - when: {schemas: "urn:ietf:params:scim:schemas:core:2.0:User"}
    unless: {active: "false"}
    type: user
    id: id
  - when: {schemas: "urn:ietf:params:scim:schemas:core:2.0:Group"}
    type: team
    id: id
    members: [{attribute: members.value, refers_to: id, as: {user: direct_member}}]
)";
  const std::string directory = File("people.yaml", people);
  WriteSchema(*ReadFile(data + "schema.zed"));
  ASSERT_EQ(Run({"import", data + "2025-08-20.tuples"}).code, kExitOk);

  EXPECT_THAT(Counts(Report(data + "2026-08-21.tuples", everything, {"--dry-run"})), ElementsAre(1073, 227, 0, 6543));
  EXPECT_EQ(Stored().size(), 6770u) << "a dry run writes nothing";
  EXPECT_THAT(Counts(Report(data + "2026-08-21.tuples", everything)), ElementsAre(1073, 227, 0, 6543));
  std::set<std::string> lines, teams;
  std::ifstream file(data + "2026-08-21.tuples");
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    lines.insert(line);
    if (line.starts_with("team:")) teams.insert(line.substr(5, line.find('#') - 5));
  }
  EXPECT_EQ(Stored(), lines);
  EXPECT_THAT(Counts(Report(data + "2026-08-21.tuples", everything)), ElementsAre(0, 0, 0, 7616));
  const auto expected = Members(server_->address(), teams);
  EXPECT_GT(expected.size(), 600u);

  for (const char* format : {".ldif", ".scim.json"}) {
    ServingProcess other(directory_.File(Cat("db", format)));
    const auto sync = [&](const char* date) {
      return RunMandate({"sync", "--source", Cat(data, date, format), "--mapping", directory, "--server",
                         other.address(), "--max-delete",
                         "7%"});  // 190 of 3,076 left their teams: more than the default allows.
    };
    ASSERT_TRUE(Client(other.address()).WriteSchema(*ReadFile(data + "schema.zed"), {}, false, nullptr).ok());
    ASSERT_EQ(sync("2025-08-20").code, kExitOk);
    const Finished synced = sync("2026-08-21");
    EXPECT_EQ(synced.code, kExitOk) << synced.err;
    EXPECT_EQ(Members(other.address(), teams), expected) << format;
    EXPECT_THAT(sync("2026-08-21").out, StartsWith("0 added, 0 removed, 0 changed, 3323 unchanged"));
  }
}

TEST_F(Syncing, TouchesNothingOutsideOfItsDomain) {
  Store("team:x/a#member@user:ann\nteam:x/a#owner@user:ann\nteam:y#member@user:ann\nfolder:f#viewer@user:ann\n");
  const std::string mapping = File("m.yaml", "domain: [{type: team, relations: [member], id_prefix: x/}]\n");
  const std::string source = File("s.tuples", "team:x/b#member@user:bob\n");
  EXPECT_THAT(Counts(Report(source, mapping, {"--max-delete", "100%"})), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(Stored(), ElementsAre("folder:f#viewer@user:ann", "team:x/a#owner@user:ann", "team:x/b#member@user:bob",
                                    "team:y#member@user:ann"));
  const std::string outside = File("o.tuples", "team:x/b#member@user:bob\nteam:y#member@user:bob\n");
  EXPECT_THAT(Refusal(outside, mapping), HasSubstr(":2: team:y#member lies outside of the mapping's domain"));
  const std::string lenient =
      File("l.yaml", "outside: leave_out\ndomain: [{type: team, relations: [member], id_prefix: x/}]\n");
  EXPECT_THAT(Counts(Report(outside, lenient)), ElementsAre(0, 0, 0, 1));
}

TEST_F(Syncing, ShowsTheDifferenceAsLines) {
  Store("team:aaa#member@user:ann\nteam:aaa#member@user:bob\nteam:aaa#member@user:cid\n");
  const std::string mapping = File("m.yaml", "domain: [{type: team}]\n");
  const std::string source =
      File("s.csv",
           "resource_type,resource_id,relation,subject_type,subject_id,expires_at\nteam,aaa,member,user,dan,\n"
           "team,aaa,member,user,ann,2040-01-01T00:00:00Z\nteam,aaa,member,user,cid,\nteam,aaa,member,user,eve,2001-01-"
           "01T00:00:00Z\n");
  EXPECT_THAT(
      RunSync(source, mapping, {"--dry-run", "--lines"}).out,
      StartsWith(
          "~ team:aaa#member@user:ann[expiration:2040-01-01T00:00:00Z]\n+ team:aaa#member@user:dan\n"
          "- team:aaa#member@user:bob\nwould be: 1 added, 1 removed, 1 changed, 1 unchanged, 0 refused, 1 left out"));
}

TEST_F(Syncing, StopsBeforeATruncatedExportWipesTheOrganization) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += Cat("team:t", i, "#member@user:ann\n");
  Store(lines);
  const std::string mapping = File("m.yaml", "domain: [{type: team}]\n");
  const std::string most = File("most.tuples", lines.substr(0, lines.find("team:t94#")));
  EXPECT_THAT(Refusal(most, mapping),
              AllOf(HasSubstr("would remove 6 of 100 relationships, more than --max-delete 5%"),
                    HasSubstr("allow it with --max-delete 6%"), HasSubstr("Nothing was written")));
  EXPECT_THAT(Refusal(File("none.tuples", ""), mapping), HasSubstr("would remove 100 of 100"));
  EXPECT_THAT(Refusal(most, mapping, {"--max-delete", "5"}), HasSubstr("more than --max-delete 5;"));
  EXPECT_THAT(Refusal(most, mapping, {"--max-delete", "much"}), HasSubstr("is neither a share"));
  EXPECT_THAT(Counts(Report(most, mapping, {"--max-delete", "6"})), ElementsAre(0, 6, 0, 94));
}

TEST_F(Syncing, WritesNothingIfAnythingIsRefusedUnlessItIsTold) {
  const std::string mapping = File("m.yaml", "domain: [{type: team}]\n");
  const std::string source =
      File("s.tuples",
           "team:aaa#member@user:ann\nteam:aaa#member@folder:f\nteam:aaa#member@user:b b\n"
           "team:aaa#member@user:cid\nteam:aaa#member@user:cid[expiration:2040-01-01T00:00:00Z]\n");
  EXPECT_THAT(Refusal(source, mapping),
              AllOf(HasSubstr("s.tuples:2: `folder` cannot be a subject"), HasSubstr("s.tuples:3: "),
                    HasSubstr("error: 2 of the source cannot be taken over; nothing was written")));
  const json report = Report(source, mapping, {"--skip-refused"});
  EXPECT_THAT(Counts(report), ElementsAre(1, 0, 0, 0));
  EXPECT_EQ(report["refused"]["count"], 3);
  EXPECT_THAT(report["refused"]["reasons"][2], HasSubstr("the source gives it more than once"));
}

TEST_F(Syncing, NoticesSomebodyElseWhoWritesTheSame) {
  Store("team:aaa#member@user:ann\n");
  const std::string mapping = File("m.yaml", "domain: [{type: team}]\n");
  const std::string pipe = directory_.File("source");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  FILE* const err = tmpfile();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const pid_t pid = StartMandate(
      {"sync", "--source", pipe, "--format", "tuples", "--mapping", mapping, "--server", server_->address()},
      {null, null, fileno(err)});
  {
    std::ofstream source(pipe);  // Opened once the sync reads, and it has its snapshot by then.
    Store("team:aaa#member@user:bob\n");
    source << "team:aaa#member@user:ann\nteam:aaa#member@user:bob\nteam:aaa#member@user:cid\n";
  }
  EXPECT_EQ(WaitFor(pid), kExitError);
  close(null);
  rewind(err);
  std::string said(4096, '\0');
  said.resize(fread(said.data(), 1, said.size(), err));
  fclose(err);
  EXPECT_THAT(said,
              AllOf(HasSubstr("somebody else changed the same relationships meanwhile: `team:aaa#member@user:bob`"),
                    HasSubstr("CONCURRENT_CHANGE")));
  EXPECT_THAT(Stored(), ElementsAre("team:aaa#member@user:ann", "team:aaa#member@user:bob"));
}

TEST_F(Syncing, ReadsNestedAndCyclicGroupsOfADirectory) {
  const std::string mapping = File("m.yaml", kLdapMapping);
  const std::string source =
      File("s.ldif",
           "dn: uid=ann,dc=x\nobjectClass: inetOrgPerson\nuid: ann\n\n"
           "dn: cn=aaa,dc=x\nobjectClass: groupOfNames\ncn: aaa\nmember: cn=bbb,dc=x\n\n"
           "dn: cn=bbb,dc=x\nobjectClass: groupOfNames\ncn: bbb\nmember: cn=aaa,dc=x\nmember: uid=ann,dc=x\n");
  EXPECT_THAT(Counts(Report(source, mapping)), ElementsAre(2, 0, 0, 0));
  EXPECT_THAT(Stored(), ElementsAre("team:aaa#member@user:ann", "team:bbb#member@user:ann"));
  const std::string shipped = MANDATE_SOURCE_DIR "/docs/sync/ldap.yaml";
  EXPECT_THAT(Counts(Report(source, shipped, {"--max-delete", "100%"})), ElementsAre(2, 1, 0, 1));
  EXPECT_THAT(Stored(), ElementsAre("team:aaa#member@team:bbb#member", "team:bbb#member@team:aaa#member",
                                    "team:bbb#member@user:ann"));
}

TEST_F(Syncing, OfADamagedSourceWritesNothingAndSaysWhatIsWrong) {
  Store("team:aaa#member@user:ann\n");
  const std::string mapping = File("m.yaml", kLdapMapping);
  EXPECT_THAT(Refusal(File("twice.ldif",
                           "dn: uid=ann\nobjectClass: inetOrgPerson\nuid: ann\n\n"
                           "dn: UID=ann\nobjectClass: inetOrgPerson\nuid: ann\n"),
                      mapping),
              HasSubstr("twice.ldif:5: the dn `uid=ann` stands at"));
  EXPECT_THAT(Refusal(File("bad.ldif", "dn: uid=ann\nuid: \xff\n"), mapping),
              HasSubstr("bad.ldif:2: the value of `uid` is no text"));
  EXPECT_THAT(Refusal(File("cut.json", "{\"Resources\":[{\"id\":"), mapping),
              HasSubstr("cut.json:1: the JSON ends too early"));
  EXPECT_THAT(Refusal(File("cut.ldif.gz", "\x1f\x8b\x08"), mapping), HasSubstr("it was cut off"));
  EXPECT_THAT(Refusal(File("s.ldif", ""), File("n.yaml", "domain: [{type: team}]\n")), HasSubstr("has no `entries`"));
  EXPECT_THAT(Refusal(File("s.tuples", ""), File("a.yaml", "domain: &a [{type: team}]\n")),
              HasSubstr("a.yaml:1: a mapping has no anchors"));
  EXPECT_THAT(Refusal(File("s.tuples", ""), "/no/such/file"), HasSubstr("cannot read `/no/such/file`"));
}

TEST_F(Syncing, KilledAnywhereAndRunAgainEndsAsIfItHadNotBeen) {
  const char* given = getenv("MANDATE_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "MANDATE_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  // Of each team of some people one goes and one comes: one batch for many teams, and each team in one.
  std::set<std::string> before, after;
  std::string lines, source_lines;
  for (int team = 0; team < 2000; ++team) {
    for (int person = 0; person < 5; ++person) {
      const std::string text = Cat("team:t", team, "#member@user:u", person);
      if (person < 4) before.insert(text);
      if (person > 0) after.insert(text);
    }
  }
  for (const std::string& text : before) lines += text + "\n";
  for (const std::string& text : after) source_lines += text + "\n";
  Store(lines);
  const std::string mapping = File("m.yaml", "domain: [{type: team}]\n");
  const std::string source = File("s.tuples", source_lines);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto gone = [&](const std::set<std::string>& stored) {
    size_t count = 0;
    for (const std::string& text : before) count += !stored.contains(text);
    return count;
  };
  size_t applied = 0;
  for (int round = 0; round < 6; ++round) {
    const pid_t pid = StartMandate(
        {"sync", "--source", source, "--mapping", mapping, "--max-delete", "100%", "--server", server_->address()},
        {null, null, null});
    const size_t enough = round == 0 ? 0 : applied + random() % 700;
    while (gone(Stored()) < enough && waitpid(pid, nullptr, WNOHANG) == 0) std::this_thread::yield();
    if (round % 2 == 1) {
      EXPECT_EQ(server_->Stop(SIGKILL), 128 + SIGKILL);
      server_ = std::make_unique<ServingProcess>(directory_.File("db"));
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, nullptr, 0);
    const std::set<std::string> stored = Stored();
    applied = gone(stored);
    for (int team = 0; team < 2000; ++team) {
      const bool has_new = stored.contains(Cat("team:t", team, "#member@user:u4"));
      const bool has_old = stored.contains(Cat("team:t", team, "#member@user:u0"));
      ASSERT_NE(has_new, has_old) << "t" << team << " is half changed";
    }
  }
  close(null);
  EXPECT_EQ(RunSync(source, mapping, {"--max-delete", "100%"}).code, kExitOk);
  EXPECT_EQ(Stored(), after);
  EXPECT_THAT(Counts(Report(source, mapping)), ElementsAre(0, 0, 0, 8000));
}

}  // namespace
}  // namespace mandate
