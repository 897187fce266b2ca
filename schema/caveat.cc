#include "schema/caveat.h"

#include <utility>

#include "nlohmann/json.hpp"
#include "schema/cel/cel.h"
#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

using Json = nlohmann::json;

absl::Status Refuse(const Caveat& caveat, std::string_view reason, std::string_view message) {
  return WithDetail(WithReason(InvalidArgument(Cat("caveat ", Quote(caveat.name), ": ", message)), reason),
                    "caveat_name", caveat.name);
}

// The object that is stored. It was valid when it was written.
absl::StatusOr<Json> ParseStored(const Caveat& caveat, std::string_view text) {
  if (text.empty()) return Json::object();
  Json stored = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (stored.is_object()) return stored;
  return Refuse(caveat, "CAVEAT_CONTEXT_INVALID", "the stored context is no JSON object");
}

std::string ListParameters(const Caveat& caveat) {
  std::string list;
  for (const CaveatParameter& parameter : caveat.parameters) {
    list += Cat(list.empty() ? "" : ", ", Quote(parameter.name));
  }
  return list;
}

}  // namespace

absl::StatusOr<CaveatContext> CaveatContext::Parse(std::string_view json) {
  CaveatContext context;
  if (json.empty()) return context;
  absl::StatusOr<std::string> compact = CompactContext(json);
  if (!compact.ok()) return WithReason(compact.status(), "CONTEXT_INVALID");
  context.object_ = std::make_shared<const Json>(Json::parse(*compact, nullptr, false));
  return context;
}

const Json* CaveatContext::Find(const std::string& name) const {
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() ? nullptr : &*found;
}

absl::StatusOr<CaveatResult> EvaluateCaveat(const Caveat& caveat, std::string_view stored_context,
                                            const CaveatContext& context, uint64_t* cost) {
  absl::StatusOr<Json> stored = ParseStored(caveat, stored_context);
  if (!stored.ok()) return stored.status();
  cel::Activation activation;
  for (const cel::Variable& parameter : caveat.program->variables()) {
    const auto kept = stored->find(parameter.name);
    const bool is_stored = kept != stored->end();
    const Json* json = is_stored ? &*kept : context.Find(parameter.name);
    if (json == nullptr) continue;
    absl::StatusOr<cel::Value> value = cel::ConvertJson(parameter.name, parameter.type, *json);
    if (!value.ok()) {
      return WithDetail(Refuse(caveat, is_stored ? "CAVEAT_CONTEXT_INVALID" : "CAVEAT_PARAMETER_TYPE_ERROR",
                               StdView(value.status().message())),
                        "parameter_name", parameter.name);
    }
    activation.Set(parameter.name, *std::move(value));
  }
  uint64_t evaluated = 0;
  absl::StatusOr<cel::Evaluation> evaluation = caveat.program->Evaluate(activation, {.cost = &evaluated});
  *cost += evaluated;
  if (absl::IsResourceExhausted(evaluation.status())) {
    return WithReason(
        absl::ResourceExhaustedError(Cat("caveat ", Quote(caveat.name), ": ", evaluation.status().message())),
        "CAVEAT_COST_EXHAUSTED");
  }
  if (!evaluation.ok()) {
    return Refuse(caveat, "CAVEAT_EVALUATION_ERROR", StdView(evaluation.status().message()));
  }
  switch (evaluation->outcome) {
    case cel::Outcome::kTrue: return CaveatResult{CaveatOutcome::kTrue, {}};
    case cel::Outcome::kFalse: return CaveatResult{CaveatOutcome::kFalse, {}};
    case cel::Outcome::kMissing: return CaveatResult{CaveatOutcome::kMissing, std::move(evaluation->missing)};
    case cel::Outcome::kValue: break;
  }
  return Refuse(caveat, "CAVEAT_EVALUATION_ERROR", "its value is not a bool");
}

absl::Status ValidateStoredContext(const Caveat& caveat, std::string_view context) {
  absl::StatusOr<Json> stored = ParseStored(caveat, context);
  if (!stored.ok()) return stored.status();
  for (const auto& [name, json] : stored->items()) {
    const cel::Variable* parameter = nullptr;
    for (const cel::Variable& candidate : caveat.program->variables()) {
      if (candidate.name == name) parameter = &candidate;
    }
    if (parameter == nullptr) {
      return WithDetail(Refuse(caveat, "CAVEAT_CONTEXT_INVALID",
                               Cat("it has no parameter ", Quote(name), "; it has ", ListParameters(caveat))),
                        "parameter_name", name);
    }
    absl::StatusOr<cel::Value> value = cel::ConvertJson(name, parameter->type, json);
    if (!value.ok()) {
      return WithDetail(Refuse(caveat, "CAVEAT_CONTEXT_INVALID", StdView(value.status().message())), "parameter_name",
                        name);
    }
  }
  return absl::OkStatus();
}

}  // namespace mandate
