// Both lookups against Check, on random worlds: exactly those are found on which Check says yes or conditional, in the
// order of their ids, and page by page the same.
#include <iostream>
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "test/campaign.h"
#include "test/played_world.h"

namespace mandate {
namespace {

std::string Describe(const Found& found) {
  if (!found.error.ok()) return Cat("ERROR ", ReasonOf(found.error));
  std::string text(DecisionName(found.decision));
  for (const std::string& name : found.missing_context) text += Cat(" ", name);
  return text;
}

std::string Describe(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return Cat("ERROR ", ReasonOf(answer.status()));
  std::string text(DecisionName(answer->decision));
  for (const std::string& name : answer->missing_context) text += Cat(" ", name);
  return text;
}

using Listing = std::map<std::string, std::string>;

// The whole listing, and the same in pages; an error or a disorder as `problem`.
template <typename Question>
Listing List(Question question, std::string* problem,
             const std::function<absl::Status(const Question&, const FoundSink&)>& lookup) {
  Listing whole;
  std::string last;
  absl::Status status = lookup(question, [&](const Found& found) {
    if (!whole.emplace(found.id, Describe(found)).second) *problem = Cat(found.id, " came twice");
    if (found.id <= last) *problem = Cat(found.id, " came behind ", last);
    last = found.id;
    return true;
  });
  if (!status.ok()) *problem = status.ToString();
  Listing paged;
  for (bool more = true; more && problem->empty();) {
    more = false;
    status = lookup(question, [&](const Found& found) {
      paged.emplace(found.id, Describe(found));
      question.after = found.id;
      more = true;
      return false;
    });
    if (!status.ok()) *problem = status.ToString();
  }
  if (problem->empty() && paged != whole) *problem = "page by page it is another listing";
  return whole;
}

std::string Show(const Listing& listing) {
  std::string text;
  for (const auto& [id, answer] : listing) text += Cat("\n    ", id, " ", answer);
  return text;
}

struct Counts {
  size_t listings = 0;
  size_t found = 0;
  size_t wildcards = 0;
};

std::optional<Disagreement> CompareResources(PlayedWorld& world, size_t i, const CheckQuestion& q,
                                             Counts& counts) {
  const size_t newest = world.writes() - 1;
  const View view = world.ViewAt(newest);
  std::string problem;
  const Listing found = List<ResourcesQuestion>(
      {.resource_type = q.resource.type,
       .permission = q.permission,
       .subject = q.subject,
       .context = q.context},
      &problem,
      [&](const ResourcesQuestion& question, const FoundSink& sink) {
        return world.database().LookupResourcesAt(view, question, world.database().options().check,
                                                  sink);
      });
  Listing expected;
  std::set<ObjectRef> objects(world.world().objects.begin(), world.world().objects.end());
  objects.insert({q.subject.type, q.subject.id});
  for (const ObjectRef& object : objects) {
    if (object.type != q.resource.type) continue;
    CheckQuestion check = q;
    check.resource = object;
    const std::string answer = Describe(world.Ask(newest, check));
    if (answer != "DENIED") expected.emplace(object.id, answer);
  }
  ++counts.listings;
  counts.found += found.size();
  if (problem.empty() && found == expected) return std::nullopt;
  return Disagreement{i, Cat("resources ", q.resource.type, "#", q.permission, "@",
                             ToText(q.subject), " ", q.context, " ", problem,
                             "\n  found:", Show(found), "\n  by check:", Show(expected))};
}

std::optional<Disagreement> CompareSubjects(PlayedWorld& world, size_t i, const CheckQuestion& q,
                                            Counts& counts) {
  const size_t newest = world.writes() - 1;
  const View view = world.ViewAt(newest);
  std::string problem;
  const Listing found = List<SubjectsQuestion>(
      {.resource = q.resource,
       .permission = q.permission,
       .subject_type = q.subject.type,
       .subject_relation = q.subject.relation,
       .context = q.context},
      &problem,
      [&](const SubjectsQuestion& question, const FoundSink& sink) {
        return world.database().LookupSubjectsAt(view, question, world.database().options().check,
                                                 sink);
      });
  const auto everybody = found.find("*");
  counts.wildcards += everybody != found.end();
  ++counts.listings;
  counts.found += found.size();
  std::string wrong = problem;
  std::set<std::string> known;
  for (const ObjectRef& object : world.world().objects) {
    if (object.type == q.subject.type) known.insert(object.id);
  }
  if (q.resource.type == q.subject.type) known.insert(q.resource.id);
  known.insert("whom-nothing-names");
  for (const auto& [id, answer] : found) {
    if (id != "*" && !known.contains(id)) wrong += Cat("\n  unknown ", id);
  }
  for (const std::string& id : known) {
    CheckQuestion check = q;
    check.subject.id = id;
    const std::string expected = Describe(world.Ask(newest, check));
    const auto by_name = found.find(id);
    const std::string actual = by_name != found.end()     ? by_name->second
                               : everybody != found.end() ? everybody->second
                                                          : "DENIED";
    if (actual != expected) wrong += Cat("\n  ", id, " is ", actual, ", by check ", expected);
  }
  if (wrong.empty()) return std::nullopt;
  return Disagreement{i, Cat("subjects ", ToText(q.resource), "#", q.permission, "@",
                             q.subject.type, "#", q.subject.relation, " ", q.context, wrong,
                             "\n  found:", Show(found))};
}

TEST(LookupAgreement, FindsWhatCheckAllows) {
  Counts resources, subjects;
  RunCampaign(120, &MakeRandomWorld,
              [&](const RandomWorld& world, Questions questions) -> std::optional<Disagreement> {
                PlayedWorld played(world);
                std::set<std::string> asked;
                for (size_t i = 0; i < questions.size(); ++i) {
                  CheckQuestion q = questions[i];
                  const Definition& type =
                      world.schema->definition(*world.schema->FindType(q.subject.type));
                  if (type.kind != Kind::kDefinition || q.task || !q.claims.empty()) continue;
                  if (auto wrong = CompareResources(played, i, q, resources)) return wrong;
                  if (auto wrong = CompareSubjects(played, i, q, subjects)) return wrong;
                }
                return std::nullopt;
              });
  std::cerr << "resources: " << resources.listings << " listings, " << resources.found
            << " found; subjects: " << subjects.listings << " listings, " << subjects.found
            << " found, " << subjects.wildcards << " with a wildcard\n";
  if (!IsDefaultCampaign()) return;
  EXPECT_GT(resources.found, 1000u);
  EXPECT_GT(subjects.found, 1000u);
  EXPECT_GT(subjects.wildcards, 100u);
}

}  // namespace
}  // namespace mandate
