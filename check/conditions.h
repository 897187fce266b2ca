// conditions.h: when, and knowing what, a question is asked: what decides whether a stored edge counts.
//
//   Conditions conditions(plan, {.now = clock(), .context = *CaveatContext::Parse(R"({"hour": 12})")});
//   absl::StatusOr<JudgedEdge> judged = conditions.Judge(row.edge, budget);
//   if (judged->state == EdgeState::kConditional) Report(conditions.at(judged->condition).missing);
//
// A caveat with one stored context is evaluated once, however many edges carry it.
//
// Threads     One question (or a batch with one context) on one thread.
// Ownership   The plan outlives it.
// Errors      Only the budget's. An edge whose caveat cannot be evaluated is conditional, and its Condition carries the
//             error: an answer that hinges on it is that error, another is not touched by it.
#ifndef MANDATE_CHECK_CONDITIONS_H_
#define MANDATE_CHECK_CONDITIONS_H_

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "check/budget.h"
#include "check/plan.h"
#include "schema/caveat.h"
#include "storage/snapshot.h"

namespace mandate {

struct Moment {
  absl::Time now;         // The server's clock: an edge is gone from its expiry on.
  CaveatContext context;  // The values the question brings.
};

enum class EdgeState : uint8_t { kGone, kConditional, kLive };

// A caveat with the context that is stored, judged.
struct Condition {
  std::string caveat;
  std::string context;  // As stored: a JSON object, or empty.
  EdgeState state = EdgeState::kLive;
  std::vector<std::string> missing;  // kConditional: what would decide it, sorted; empty with an error.
  absl::Status error;                // kConditional: why it cannot be decided.
};

using ConditionId = uint32_t;
inline constexpr ConditionId kNoCondition = 0xffffffff;

struct JudgedEdge {
  EdgeState state = EdgeState::kLive;
  ConditionId condition = kNoCondition;  // Of an edge with a caveat.
};

class Conditions {
 public:
  Conditions(const Plan& plan, Moment moment) : plan_(plan), moment_(std::move(moment)) {}

  absl::StatusOr<JudgedEdge> Judge(const Edge& edge, Budget* budget) {
    if (!edge.LiveAt(moment_.now)) return JudgedEdge{EdgeState::kGone, kNoCondition};
    if (edge.caveat == NameId::kNone) return JudgedEdge{};
    return JudgeCaveat(edge, budget);
  }

  const Condition& at(ConditionId id) const { return conditions_[id]; }
  const Moment& moment() const { return moment_; }

 private:
  absl::StatusOr<JudgedEdge> JudgeCaveat(const Edge& edge, Budget* budget);

  const Plan& plan_;
  const Moment moment_;
  std::deque<Condition> conditions_;
  absl::flat_hash_map<std::pair<NameId, std::string>, ConditionId> known_;
};

// What would decide several conditions together. Errors win: then nothing is known.
class OpenConditions {
 public:
  void Add(const Condition& condition);
  void Add(const std::vector<std::string>& missing);
  void Add(const OpenConditions& more);
  // Of a question that has no answer.
  void AddError(const absl::Status& error);
  // Sorted, each once; or the error of a condition that could not be evaluated.
  absl::StatusOr<std::vector<std::string>> Missing() const;

 private:
  std::vector<std::string> missing_;
  absl::Status error_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_CONDITIONS_H_
