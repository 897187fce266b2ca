// agreement.h: one question asked in every way there is; each must give the answer of the reference
// evaluator.
//
//   Agreement agreement({plan, snapshot, now, limits}, &reference, objects);
//   if (auto wrong = agreement.OfCheck(question)) Report(*wrong);
//
// Each call returns what disagrees, in words for a person, or nothing.
//
// Threads     Belongs to one thread.
// Ownership   Plan, snapshot and reference outlive it.
// Errors      An answer that a budget cut short is no disagreement: it is counted, as `ERROR
// STEPS_EXHAUSTED`.
#ifndef MANDATE_TOOLS_REFERENCE_AGREEMENT_H_
#define MANDATE_TOOLS_REFERENCE_AGREEMENT_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "check/checker.h"
#include "check/expand.h"
#include "check/lookup.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {

// One snapshot with its plan, at one moment.
struct EngineView {
  const Plan* plan;
  const Snapshot* snapshot;
  absl::Time now;
  CheckLimits limits;
  AnswerCache* answers = nullptr;  // What checks may recall; null: nothing.
};

// How much of a listing is asked for at once.
enum class Paging : uint8_t { kFromTheMiddle, kOneByOne };

// An answer of the engine in words: `YES`, `NO`, `NO OUT_OF_SCOPE at errand:1`, `CONDITIONAL hour,
// ip`, `ERROR CYCLE_THROUGH_EXCLUSION`, `INVALID NOT_A_TASK`.
std::string AnswerText(const absl::StatusOr<Answer>& answer);

// The same words for what the reference says; any of them will do.
std::vector<std::string> AcceptedTexts(const ReferenceAnswer& answer);

class Agreement {
 public:
  // `objects` are those that listings are held against, of all types: all that occur in the world,
  // and whatever more.
  Agreement(const EngineView& engine, ReferenceEvaluator* reference, absl::Span<const ObjectRef> objects);

  std::optional<std::string> OfCheck(const CheckQuestion& question);

  // False for what is refused as a question.
  bool IsValid(const CheckQuestion& question) { return reference_.Check(question).invalid.empty(); }

  // The same questions by one Checker, forwards and backwards, since what is shared depends on what
  // was asked before. Returns which of them disagrees.
  struct Disagreeing {
    size_t question;
    std::string text;
  };
  std::optional<Disagreeing> OfBatch(absl::Span<const CheckQuestion> questions);

  // The tree with every subject set opened, for each of `subjects`, which are ordinary objects.
  std::optional<std::string> OfExpand(const ExpandQuestion& question, absl::Span<const ObjectRef> subjects);

  // REQUIRES: `after` is empty.
  std::optional<std::string> OfResources(const ResourcesQuestion& question, Paging paging);
  std::optional<std::string> OfSubjects(const SubjectsQuestion& question, Paging paging);

  // How often each kind of answer was given: `check NO OUT_OF_SCOPE`, `resources CONDITIONAL`. What
  // was never reached was not tested.
  const std::map<std::string, size_t>& counts() const { return counts_; }

 private:
  using Listing = std::vector<std::pair<std::string, std::string>>;  // A position and its answer.

  std::optional<std::string> Compare(const CheckQuestion& question, const absl::StatusOr<Answer>& answer);
  void Count(std::string_view what, const std::string& answer);
  Kind KindOf(const std::string& type) const {
    const Schema& schema = engine_.plan->schema();
    return schema.definition(*schema.FindType(type)).kind;
  }

  // The listing by position. Nothing to compare: the budget cut it short. Else, if it is no listing, `wrong` is set.
  template <typename Question, typename Lookup>
  std::optional<std::map<std::string, std::string>> Collect(const Question& question, Paging paging, Lookup lookup,
                                                            std::optional<std::string>* wrong);
  std::optional<std::string> OfPeople(const SubjectsQuestion& question, const std::string& name,
                                      std::map<std::string, std::string> found);
  std::optional<std::string> OfActors(const SubjectsQuestion& question, const std::string& name,
                                      std::map<std::string, std::string> found);
  // Of the objects of `type`, whatever the question names besides.
  std::set<std::string> IdsOf(const std::string& type, const ObjectRef& more,
                              const std::vector<Relationship>& contextual) const;

  // All that is found, in order; `problem` is set when it is out of order, comes twice, fails, or
  // is another listing when it is asked for in parts.
  template <typename Question, typename Lookup>
  Listing List(const Question& question, Paging paging, Lookup lookup, std::string* problem) const;
  template <typename Question, typename Lookup>
  static absl::Status Ask(const Question& question, const std::string& after, size_t count, Lookup lookup,
                          Listing* found);

  const EngineView engine_;
  ReferenceEvaluator& reference_;
  std::map<std::string, std::set<std::string>> ids_;  // By type.
  std::map<std::string, size_t> counts_;
};

// A question as text: `document:a#view@run:s0 task errand:1 with {"hour":12}`.
std::string ToText(const CheckQuestion& question);

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_AGREEMENT_H_
