// Any bytes as a relationship: what can be read is printed, read back as the same value, and has a
// valid form.
#include <cstdint>
#include <cstdlib>

#include "schema/relationship.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto before = mandate::ParseRelationship(text);
  if (before.ok()) {
    if (!mandate::ValidateForm(*before).ok()) std::abort();
    const auto after = mandate::ParseRelationship(mandate::ToText(*before));
    if (!after.ok() || *after != *before) std::abort();
  }
  (void)mandate::ParseQuestion(text);
  (void)mandate::ParseObject(text);
  (void)mandate::ParseSubject(text);
  return 0;
}
