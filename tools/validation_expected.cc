#include "tools/validation_expected.h"

#include <algorithm>
#include <map>
#include <set>

#include "schema/text.h"
#include "tools/reference/expanded_set.h"

namespace mandate {
namespace {

constexpr uint32_t kEveryLevel = 1'000'000;

// Those of a wildcard's type for whom it does not count as it does for everybody else, by id.
using Exclusions = std::map<std::string, Truth>;

std::string Word(Truth truth) {
  if (truth == Truth::kNo) return "denied";
  if (truth == Truth::kConditional) return "conditional";
  return truth == Truth::kYes ? "allowed" : "without an answer";
}

std::string Show(const Exclusions& exclusions) {
  std::string list;
  for (const auto& [id, truth] : exclusions) {
    list += Cat(list.empty() ? "" : ", ", id, truth == Truth::kConditional ? "[...]" : "");
  }
  return list.empty() ? "nobody is taken out" : Cat("taken out: ", list);
}

std::string Show(const std::set<SubjectRef>& places) {
  std::string list;
  for (const SubjectRef& place : places) list += Cat(list.empty() ? "<" : "/<", ToText(place), ">");
  return list.empty() ? "in no relation" : list;
}

class ExpectedCheck {
 public:
  ExpectedCheck(const std::vector<ExpandNode>& tree, const ExpectedSet& expected) : set_(tree), expected_(expected) {
    for (const SubjectRef& subject : set_.Named()) truths_[subject] = set_.Holds(subject).truth;
  }

  std::vector<Failure> Run() {
    for (const ExpectedSubject& subject : expected_.subjects) CheckListed(subject);
    for (const auto& [subject, truth] : truths_) {
      if (truth == Truth::kNo || mentioned_.contains(subject)) continue;
      // Whom a wildcard covers need not be named, unless it stands there by itself.
      if (set_.PlacesOf(subject).empty()) continue;
      Fail(expected_.line, Cat("[", ToText(subject), "]"), "nobody else",
           Cat(Word(truth), ", stands in ", Show(set_.PlacesOf(subject))));
    }
    return std::move(failures_);
  }

 private:
  void Fail(int line, std::string asked, std::string expected, std::string got) {
    failures_.push_back({line, Cat(ToText(expected_.resource), "#", expected_.permission, ": ", asked),
                         std::move(expected), std::move(got), ""});
  }

  void CheckListed(const ExpectedSubject& listed) {
    mentioned_.insert(listed.subject);
    const Truth wanted = listed.is_conditional ? Truth::kConditional : Truth::kYes;
    const auto known = truths_.find(listed.subject);
    const Truth truth = known == truths_.end() ? Truth::kNo : known->second;
    if (truth != wanted) {
      return Fail(listed.line, listed.text, Word(wanted), known == truths_.end() ? "not found" : Word(truth));
    }
    if (listed.subject.IsWildcard()) CheckExclusions(listed, truth);
    if (listed.found_in.empty()) return;
    const std::set<SubjectRef> places = set_.PlacesOf(listed.subject);
    const std::set<SubjectRef> wanted_places(listed.found_in.begin(), listed.found_in.end());
    if (places != wanted_places) {
      Fail(listed.line, listed.text, Show(wanted_places), Show(places));
    }
  }

  void CheckExclusions(const ExpectedSubject& listed, Truth everybody) {
    Exclusions wanted;
    for (const ExpectedSubject::Excluded& each : listed.excluded) {
      wanted[each.id] = each.is_conditional ? Truth::kConditional : Truth::kNo;
      if (each.is_conditional) mentioned_.insert({listed.subject.type, each.id, ""});
    }
    Exclusions found;
    for (const auto& [subject, truth] : truths_) {
      const bool is_one = subject.type == listed.subject.type && subject.relation.empty() && !subject.IsWildcard();
      if (is_one && truth != everybody && truth != Truth::kYes) found[subject.id] = truth;
    }
    // A condition may be shown on the one who has it instead.
    for (const ExpectedSubject& each : expected_.subjects) {
      const auto at = found.find(each.subject.id);
      const bool is_same = at != found.end() && each.subject.type == listed.subject.type &&
                           each.subject.relation.empty() && each.is_conditional;
      if (is_same && !wanted.contains(at->first)) found.erase(at);
    }
    if (found != wanted) Fail(listed.line, listed.text, Show(wanted), Show(found));
  }

  const ExpandedSet set_;
  const ExpectedSet& expected_;
  std::map<SubjectRef, Truth> truths_;  // Of everybody who stands in the tree.
  std::set<SubjectRef> mentioned_;
  std::vector<Failure> failures_;
};

}  // namespace

std::vector<Failure> CheckExpectedSet(const Database& database, const View& view, const ExpectedSet& expected) {
  const auto tree = database.ExpandAt(
      view, {.resource = expected.resource, .permission = expected.permission, .subject_set_depth = kEveryLevel},
      database.options().check);
  if (tree.ok()) return ExpectedCheck(*tree, expected).Run();
  return {{expected.line, Cat(ToText(expected.resource), "#", expected.permission), "to be expanded",
           std::string(tree.status().message()), ""}};
}

}  // namespace mandate
