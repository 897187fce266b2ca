#include "tools/answer_text.h"

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "tools/exit_code.h"

namespace mandate {

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

std::string AnswerLine(const Answer& answer) {
  std::string text;
  switch (answer.decision) {
    case Decision::kAllowed: text = "allowed"; break;
    case Decision::kDenied: text = "denied"; break;
    case Decision::kConditional:
      text = Cat("conditional, missing ", absl::StrJoin(answer.missing_context, ", "));
      break;
  }
  if (answer.reason != DenialReason::kNone) {
    text += Cat(": ", ReasonName(answer.reason), " at ", answer.reason_at);
  }
  if (answer.valid_until != absl::InfiniteFuture()) text += Cat(", valid until ", TimeText(answer.valid_until));
  return text;
}

int CodeOf(Decision decision) {
  switch (decision) {
    case Decision::kAllowed: return kExitOk;
    case Decision::kDenied: return kExitDenied;
    case Decision::kConditional: return kExitConditional;
  }
  return kExitError;
}

std::string Counted(uint64_t count, const std::string& noun) { return Cat(count, " ", noun, count == 1 ? "" : "s"); }

}  // namespace mandate
