// caveat.h: the condition of a relationship, evaluated with what is stored and what a question brings.
//
//   absl::StatusOr<CaveatContext> context = CaveatContext::Parse(R"({"hour": 12})");
//   absl::StatusOr<CaveatResult> result = EvaluateCaveat(caveat, edge.caveat_context, *context, &cost);
//   if (result->outcome == CaveatOutcome::kMissing) AskFor(result->missing);
//
// Both contexts are JSON objects; cel/README.md says what JSON each type of parameter takes. A value that is stored
// with the relationship wins over one of the same name in the question. Names that a caveat does not declare are
// refused in what is stored and ignored in a question, which serves many caveats at once.
//
// Threads     Free functions and immutable values; safe anywhere.
// Errors      INVALID_ARGUMENT: CAVEAT_CONTEXT_INVALID for a stored context that does not fit;
//             CAVEAT_PARAMETER_TYPE_ERROR for a value of the question that does not; CAVEAT_EVALUATION_ERROR when the
//             expression itself fails (division by zero, no such key). RESOURCE_EXHAUSTED (CAVEAT_COST_EXHAUSTED).
//             An error means "not known", never "no".
// Limits      A question's context: 32 KiB, nested at most 30 deep. An evaluation: cel::kDefaultCostLimit.
#ifndef MANDATE_SCHEMA_CAVEAT_H_
#define MANDATE_SCHEMA_CAVEAT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "schema/schema.h"

namespace mandate {

// The values a question brings.
class CaveatContext {
 public:
  CaveatContext() = default;
  // `json` is an object, or empty for none.
  static absl::StatusOr<CaveatContext> Parse(std::string_view json);

  const nlohmann::json* Find(const std::string& name) const;

 private:
  std::shared_ptr<const nlohmann::json> object_;
};

enum class CaveatOutcome : uint8_t { kTrue, kFalse, kMissing };

struct CaveatResult {
  CaveatOutcome outcome = CaveatOutcome::kMissing;
  std::vector<std::string> missing;  // kMissing: the parameters that would decide it, sorted.
};

// Adds to `cost` what it cost (cel/cost.h), also where it ended in an error.
absl::StatusOr<CaveatResult> EvaluateCaveat(const Caveat& caveat, std::string_view stored_context,
                                            const CaveatContext& context, uint64_t* cost);

// May a relationship with this caveat store `context` (a JSON object, or empty)?
absl::Status ValidateStoredContext(const Caveat& caveat, std::string_view context);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_CAVEAT_H_
