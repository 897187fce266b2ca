#include "storage/state_view.h"

#include "absl/strings/escaping.h"
#include "schema/text.h"

namespace mandate {

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kMeta: return "default";
    case Family::kLive: return "live";
    case Family::kHistory: return "history";
    case Family::kChangelog: return "changelog";
    case Family::kLedger: return "ledger";
  }
  return "";
}

absl::Status DoesNotDecode(std::string_view what, Family family, std::string_view key) {
  return absl::DataLossError(Cat("the stored ", what, " does not decode: family `", FamilyName(family), "`, key ",
                                 absl::BytesToHexString(AbslView(key))));
}

}  // namespace mandate
