// A real directory: the Kubernetes project's organizations, teams and repositories. The reckoning of who may do what is
// made here from the relationships by plain set operations, without the engine, and must agree with it for everybody on
// every repository. Then an agent that a maintainer delegates to.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "schema/text.h"
#include "service/database/database.h"
#include "tools/commands.h"

namespace mandate {
namespace {

const char kData[] = MANDATE_SOURCE_DIR "/../shared/data/kubernetes-org/";

using People = std::set<std::string>;

// team, organization, repository -> relation -> direct people, and for repositories the teams.
struct Directory {
  std::map<std::string, std::map<std::string, People>> people;
  std::map<std::string, std::map<std::string, std::set<std::string>>> sets;
  std::set<std::string> repositories;
  People everybody;
};

Directory ReadDirectory(const std::vector<Relationship>& relationships) {
  Directory directory;
  for (const Relationship& r : relationships) {
    const std::string object = ToText(r.resource);
    if (r.resource.type == "repository") directory.repositories.insert(r.resource.id);
    if (r.subject.type == "user") {
      directory.people[object][r.relation].insert(r.subject.id);
      directory.everybody.insert(r.subject.id);
    } else {
      directory.sets[object][r.relation].insert(Cat(r.subject.type, ":", r.subject.id));
    }
  }
  return directory;
}

People Union(People a, const People& b) {
  a.insert(b.begin(), b.end());
  return a;
}

// Who holds a role on a repository: people named directly and members (or maintainers) of teams named.
People Role(Directory& d, const std::string& repository, const std::string& role) {
  People result = d.people[repository][role];
  for (const std::string& team : d.sets[repository][role]) {
    result = Union(result, Union(d.people[team]["maintainer"], d.people[team]["direct_member"]));
  }
  return result;
}

struct Reckoning {
  People administer, push, read;
};

Reckoning Reckon(Directory& d, const std::string& id) {
  const std::string repository = Cat("repository:", id);
  Reckoning may;
  People members;
  may.administer = Role(d, repository, "admin");
  for (const std::string& organization : d.sets[repository]["organization"]) {
    may.administer = Union(may.administer, d.people[organization]["admin"]);
    members = Union(members, Union(d.people[organization]["admin"], d.people[organization]["direct_member"]));
  }
  may.push = Union(Union(may.administer, Role(d, repository, "maintainer")), Role(d, repository, "writer"));
  may.read = Union(Union(Union(may.push, Role(d, repository, "triager")), Role(d, repository, "reader")), members);
  return may;
}

class KubernetesOrg : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData)) {
      // Not skipped in silence: the line says what was not shown.
      std::cout << "NOT RUN: the kubernetes-org data are not beside this checkout\n";
      return;
    }
    present_ = true;
    schema_ = *ReadFile(Cat(kData, "schema.zed"));
    std::ifstream file(Cat(kData, "2026-08-21.tuples"));
    for (std::string line; std::getline(file, line);) {
      if (line.empty()) continue;
      auto relationship = ParseRelationship(line);
      ASSERT_TRUE(relationship.ok()) << line << relationship.status();
      relationships_.push_back(*relationship);
    }
    ASSERT_EQ(relationships_.size(), 7616u);
    auto database = Database::Open({.store = {.in_memory = true}});
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
  }

  void Load(const std::string& schema) {
    auto written = database_->WriteSchema(schema, {}, DryRun::kNo, nullptr);
    ASSERT_TRUE(written.ok()) << written.status();
    Touch(relationships_);
  }

  void Touch(const std::vector<Relationship>& relationships) {
    std::vector<TupleChange> changes;
    for (const auto& r : relationships) changes.push_back({ChangeOp::kTouch, r});
    auto revision = database_->Write(std::move(changes), {});
    ASSERT_TRUE(revision.ok()) << revision.status();
  }

  void Apply(ChangeOp op, const std::vector<std::string>& texts) {
    std::vector<TupleChange> changes;
    for (const auto& text : texts) changes.push_back({op, *ParseRelationship(text)});
    auto revision = database_->Write(std::move(changes), {});
    ASSERT_TRUE(revision.ok()) << revision.status();
  }

  Answer Ask(const std::string& text, const std::string& task = "") {
    auto question = ParseQuestion(text);
    CheckQuestion check{question->resource, question->permission, question->subject};
    if (!task.empty()) check.task = *ParseObject(task);
    check.explain = true;
    auto answer = database_->CheckerFor(*database_->Head()).Check(check);
    EXPECT_TRUE(answer.ok()) << text << ": " << answer.status();
    return answer.ok() ? *std::move(answer) : Answer{};
  }

  bool present_ = false;
  std::string schema_;
  std::vector<Relationship> relationships_;
  std::unique_ptr<Database> database_;
};

TEST_F(KubernetesOrg, ChecksAgreeWithAnIndependentReckoning) {
  if (!present_) return;
  Load(schema_);
  Directory directory = ReadDirectory(relationships_);
  auto view = database_->Head();
  ASSERT_TRUE(view.ok());
  size_t asked = 0;
  size_t allowed = 0;
  std::map<std::string, Reckoning> reckonings;
  for (const std::string& id : directory.repositories) reckonings[id] = Reckon(directory, id);
  // Everybody on a sample of the repositories, and a sample of everybody on all of them: 1.6 million questions would
  // take minutes under a sanitizer.
  size_t person_number = 0;
  for (const std::string& person : directory.everybody) {
    const bool on_all = person_number++ % 97 == 0;
    Checker checker = database_->CheckerFor(*view);
    size_t repository_number = 0;
    for (const auto& [id, may] : reckonings) {
      if (!on_all && repository_number++ % 53 != 0) continue;
      for (const auto& [permission, people] :
           {std::pair{"administer", &may.administer}, {"push", &may.push}, {"read", &may.read}}) {
        auto answer = checker.Check({{"repository", id}, permission, {"user", person, ""}});
        ASSERT_TRUE(answer.ok()) << answer.status();
        const bool expected = people->contains(person);
        ASSERT_EQ(answer->decision == Decision::kAllowed, expected) << id << " " << permission << " " << person;
        ++asked;
        allowed += expected;
      }
    }
  }
  std::cout << directory.everybody.size() << " people, " << reckonings.size() << " repositories: asked " << asked
            << ", allowed " << allowed << "\n";
  EXPECT_GT(allowed, 1000u);
}

TEST_F(KubernetesOrg, AnAgentMayWhatItsMaintainerDelegatedAndNoMore) {
  if (!present_) return;
  std::string schema = schema_;
  const std::string person = "definition user {}";
  schema.replace(schema.find(person), person.size(),
                 "definition user { relation acts_on_behalf_of: assistant with expiration }");
  Load("use delegation\nuse expiration\n" + schema + R"(
agent assistant {
	relation boundary: repository:*#push
}
task errand {
	relation delegator: user
	relation delegated_for_task: assistant with expiration
	relation scope: repository#push | repository#read
}
session run {
	relation agent: assistant with expiration
	relation task: errand
}
)");
  // dims may push to kubernetes/kubernetes as a member of its maintainers' team.
  const std::string mine = "repository:kubernetes/kubernetes#push";
  ASSERT_EQ(Ask(mine + "@user:dims").decision, Decision::kAllowed);
  ASSERT_EQ(Ask("repository:kubernetes/kubernetes#administer@user:dims").decision, Decision::kDenied);
  const std::string until = "[expiration:2099-01-01T00:00:00Z]";
  Apply(ChangeOp::kTouch,
        {"assistant:fixer#boundary@repository:*#push", "user:dims#acts_on_behalf_of@assistant:fixer" + until,
         "errand:1#delegator@user:dims", "errand:1#delegated_for_task@assistant:fixer" + until,
         "errand:1#scope@repository:kubernetes/kubernetes#push", "run:1#agent@assistant:fixer" + until,
         "run:1#task@errand:1"});

  const Answer planned = Ask(mine + "@assistant:fixer", "errand:1");
  EXPECT_EQ(planned.decision, Decision::kAllowed);
  const Answer acting = Ask(mine + "@run:1");
  EXPECT_EQ(acting.decision, Decision::kAllowed);
  EXPECT_EQ(acting.valid_until, absl::FromCivil(absl::CivilYear(2099), absl::UTCTimeZone()));
  std::set<std::string> rested_on;
  for (const ExplanationStep& step : acting.explanation.steps) {
    if (step.relationship.has_value()) rested_on.insert(ToText(*step.relationship));
  }
  for (const std::string& text :
       {"user:dims#acts_on_behalf_of@assistant:fixer" + until, "errand:1#delegated_for_task@assistant:fixer" + until,
        std::string("errand:1#scope@repository:kubernetes/kubernetes#push"),
        std::string("repository:kubernetes/kubernetes#writer@team:kubernetes/kubernetes-maintainers#member"),
        std::string("team:kubernetes/kubernetes-maintainers#direct_member@user:dims")}) {
    EXPECT_TRUE(rested_on.contains(text)) << text << " is missing from the proof\n"
                                          << RenderExplanation(acting.explanation);
  }

  Directory directory = ReadDirectory(relationships_);
  size_t elsewhere = 0;
  for (const std::string& id : directory.repositories) {
    if (id == "kubernetes/kubernetes") continue;
    const Answer answer = Ask(Cat("repository:", id, "#push@run:1"));
    ASSERT_EQ(answer.decision, Decision::kDenied) << id;
    ASSERT_EQ(answer.reason, DenialReason::kOutOfScope) << id;
    ++elsewhere;
  }
  EXPECT_GT(elsewhere, 300u);

  Apply(ChangeOp::kDelete, {"errand:1#delegated_for_task@assistant:fixer"});
  for (const std::string& id : directory.repositories) {
    const Answer answer = Ask(Cat("repository:", id, "#push@run:1"));
    ASSERT_EQ(answer.decision, Decision::kDenied) << id;
    ASSERT_EQ(answer.reason, DenialReason::kNotDelegated) << id;
  }
}

}  // namespace
}  // namespace mandate
