// Any bytes as a file of keys, and as a key: read without harm, and no bytes are a key of a file that does not hold
// their hash.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/text.h"
#include "service/access/key_ring.h"

namespace mandate {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void Run(const std::string& text) {
  static const auto* const kRing = new KeyRing(*KeyRing::Parse(
      R"({"keys": [{"id": "a", "role": "admin", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"},
                   {"id": "b", "role": "admin", "certificate": "b"}]})"));
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  Require(kRing->FindKey(text, now) == nullptr);
  Require(kRing->FindKey("mandate_a_" + text, now) == nullptr);
  Require(kRing->FindKey("mandate_b_" + text, now) == nullptr);
  auto ring = KeyRing::Parse(text);
  if (!ring.ok()) {
    Require(!ring.status().message().empty());
    return;
  }
  for (const char* name : {"a", "b"}) {
    const Caller* caller = ring->FindCertificate({name}, now);
    Require(caller == nullptr || IsKeyId(caller->id));
  }
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mandate::Run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
