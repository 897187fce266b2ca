#include "tools/sync/mapping.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"

namespace mandate {

bool DomainPart::Covers(const Relationship& r) const {
  return r.resource.type == type && r.resource.id.starts_with(id_prefix) &&
         (relations.empty() || std::find(relations.begin(), relations.end(), r.relation) != relations.end());
}

bool Mapping::Covers(const Relationship& r) const {
  return std::any_of(domain.begin(), domain.end(), [&](const DomainPart& part) { return part.Covers(r); });
}

std::string IdForm::Of(std::string_view value) const {
  std::string id(value);
  for (const auto& [from, to] : replace) id = absl::StrReplaceAll(id, {{from, to}});
  if (lower) absl::AsciiStrToLower(&id);
  if (base64url) id = absl::WebSafeBase64Escape(id);
  return prefix + id;
}

}  // namespace mandate
