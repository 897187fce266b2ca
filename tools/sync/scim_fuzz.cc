// Any bytes as a SCIM response, through the reader and a mapping: read without harm.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tools/bulk/text_source.h"
#include "tools/sync/entry_mapper.h"
#include "tools/sync/scim_reader.h"
#include "tools/sync/testing_mapping.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mandate;
  Mapping mapping = TestingMapping("id", "members.value");
  mapping.entries[0].when = {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:user"}}};
  mapping.entries[1].when = {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:group"}}};
  for (EntryRule& rule : mapping.entries) rule.id.attribute = "id";
  Refusals refusals;
  EntryMapper mapper(&mapping, "id", &refusals, [](const Relationship& relationship) {
    if (!ValidateForm(relationship).ok()) std::abort();
    return absl::OkStatus();
  });
  mapper.BeginFile("x.json");
  TextSource source(std::string(reinterpret_cast<const char*>(data), size));
  if (ReadScim(&source, &mapper).ok()) (void)mapper.Finish();
  return 0;
}
