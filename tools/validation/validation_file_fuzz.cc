// Any bytes as a validation file, as an assertion and as an expected subject: read without harm,
// every error with its line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "schema/text.h"
#include "tools/validation/validation_file.h"

namespace mandate {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// A schemaFile is looked for in a folder that is not there.
void ReadAsFile(const std::string& text) {
  const std::string path = "/there-is-no-such-folder/world.yaml";
  const auto file = ParseValidationFile(path, text);
  if (!file.ok()) {
    Require(absl::StartsWith(file.status().message(), AbslView(Cat(path, ":"))));
    return;
  }
  Require(!file->steps.empty() && file->steps[0].schema.has_value());
  int line = 0;
  for (const WorldStep& step : file->steps) {
    Require(step.line > line || line == 0);
    line = step.line;
    for (const WrittenRelationship& r : step.writes) Require(ValidateForm(r.relationship).ok());
  }
}

void ReadAsLines(std::string_view text) {
  for (const auto expected :
       {Assertion::Expected::kTrue, Assertion::Expected::kCaveated, Assertion::Expected::kError}) {
    const auto assertion = ParseAssertion(expected, text);
    if (!assertion.ok()) continue;
    const auto again = ParseAssertion(expected, assertion->text);
    Require(again.ok() && again->question.context == assertion->question.context && again->needs == assertion->needs &&
            again->reason == assertion->reason);
  }
  const auto subject = ParseExpectedSubject(text);
  if (subject.ok()) Require(ParseExpectedSubject(subject->text).ok());
  (void)ParseExpectedSet(text);
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  mandate::ReadAsFile(text);
  mandate::ReadAsLines(text);
  return 0;
}
