#include "check/conditions.h"

#include <algorithm>

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kConditionBytes = 256;
constexpr uint64_t kCostPerStep = 100;  // Units of CEL that take about as long as reading a row.

}  // namespace

absl::StatusOr<JudgedEdge> Conditions::JudgeCaveat(const Edge& edge, Budget* budget) {
  const auto key = std::pair(edge.caveat, edge.caveat_context);
  if (auto known = known_.find(key); known != known_.end()) {
    return JudgedEdge{conditions_[known->second].state, known->second};
  }
  const auto id = static_cast<ConditionId>(conditions_.size());
  Condition& condition = conditions_.emplace_back();
  known_.emplace(key, id);
  condition.context = edge.caveat_context;
  uint64_t cost = 0;
  if (const Caveat* caveat = plan_.FindCaveat(edge.caveat)) {
    condition.caveat = caveat->name;
    auto result = EvaluateCaveat(*caveat, edge.caveat_context, moment_.context, &cost);
    if (!result.ok()) {
      condition.state = EdgeState::kConditional;
      condition.error = result.status();
    } else {
      condition.missing = std::move(result->missing);
      condition.state = result->outcome == CaveatOutcome::kTrue    ? EdgeState::kLive
                        : result->outcome == CaveatOutcome::kFalse ? EdgeState::kGone
                                                                   : EdgeState::kConditional;
    }
  } else {
    condition.state = EdgeState::kConditional;
    condition.error = WithReason(absl::DataLossError("a stored relationship carries a caveat that "
                                                     "the schema of its revision lacks"),
                                 "UNKNOWN_CAVEAT");
  }
  absl::Status charged = budget->Charge(1 + cost / kCostPerStep, kConditionBytes + 2 * edge.caveat_context.size());
  if (!charged.ok()) return charged;
  return JudgedEdge{condition.state, id};
}

void OpenConditions::Add(const Condition& condition) {
  Add(condition.missing);
  AddError(condition.error);
}

void OpenConditions::Add(const OpenConditions& more) {
  Add(more.missing_);
  AddError(more.error_);
}

void OpenConditions::AddError(const absl::Status& error) {
  if (error.ok()) return;
  // The same error whatever the order they were met in.
  if (error_.ok() || error.message() < error_.message()) error_ = error;
}

void OpenConditions::Add(const std::vector<std::string>& missing) {
  missing_.insert(missing_.end(), missing.begin(), missing.end());
}

absl::StatusOr<std::vector<std::string>> OpenConditions::Missing() const {
  if (!error_.ok()) return error_;
  std::vector<std::string> names = missing_;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace mandate
