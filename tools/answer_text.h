// answer_text.h: answers, moments and subjects as the commands print them.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TOOLS_ANSWER_TEXT_H_
#define MANDATE_TOOLS_ANSWER_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "check/answer.h"

namespace mandate {

std::string TimeText(absl::Time time);  // RFC 3339, in UTC

// `allowed, valid until ...`, `denied: OUT_OF_SCOPE at errand:42`, `conditional, missing hour`.
std::string AnswerLine(const Answer& answer);

// What a command that asked ends with: an ExitCode.
int CodeOf(Decision decision);

// `1 edge`, `2 edges`.
std::string Counted(uint64_t count, const std::string& noun);

}  // namespace mandate

#endif  // MANDATE_TOOLS_ANSWER_TEXT_H_
