// Any bytes as LDIF, through the reader and a mapping: read without harm, and mapped to relationships of the right
// form.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tools/bulk/text_source.h"
#include "tools/sync/distinguished_name.h"
#include "tools/sync/entry_mapper.h"
#include "tools/sync/ldif_reader.h"
#include "tools/sync/testing_mapping.h"
#include "tools/sync/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mandate;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Mapping mapping = TestingMapping("dn", "member");
  Refusals refusals;
  EntryMapper mapper(&mapping, "dn", &refusals, [](const Relationship& relationship) {
    if (!ValidateForm(relationship).ok()) std::abort();
    return absl::OkStatus();
  });
  mapper.BeginFile("x.ldif");
  TextSource source(text);
  if (ReadLdif(&source, &mapper).ok()) (void)mapper.Finish();
  if (IsUtf8Text(text)) {
    // A name in normal form stays as it is.
    const auto name = NormalizeDn(text);
    if (name.ok()) {
      const auto again = NormalizeDn(*name);
      if (!again.ok() || *again != *name) std::abort();
    }
  }
  return 0;
}
