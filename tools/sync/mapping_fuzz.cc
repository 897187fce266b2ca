// Any bytes as a mapping: read without harm, every error with file and line, what is read complete.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/text.h"
#include "tools/sync/mapping.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mandate;
  const auto mapping = ParseMapping("m.yaml", std::string(reinterpret_cast<const char*>(data), size));
  if (!mapping.ok()) {
    if (!StdView(mapping.status().message()).starts_with("m.yaml:")) std::abort();
    return 0;
  }
  if (mapping->domain.empty()) std::abort();
  for (const DomainPart& part : mapping->domain) {
    if (!ValidateTypeName(part.type).ok()) std::abort();
  }
  for (const EntryRule& rule : mapping->entries) {
    (void)rule.id.Of("A_b.c");
    for (const MemberRule& member : rule.members) {
      if (member.as.empty() || member.refers_to.empty()) std::abort();
    }
  }
  return 0;
}
