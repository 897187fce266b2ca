#include "service/access/key_ring.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "openssl/crypto.h"
#include "openssl/rand.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/http/json_text.h"
#include "storage/ledger.h"

namespace mandate {
namespace {

constexpr std::string_view kKeyPrefix = "mandate_";
constexpr size_t kSecretBytes = 32;
constexpr size_t kKeysMax = 10'000;
constexpr size_t kCallsMax = 100'000;
constexpr size_t kKeyIdBytesMax = 63;
// Longer ones are no keys of ours; nothing is computed over them.
constexpr size_t kKeyBytesMax = 256;

constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::kReader, "reader"}, {Role::kWriter, "writer"}, {Role::kAdmin, "admin"}, {Role::kGateway, "gateway"}};

absl::Status Wrong(const std::string& path, std::string_view message) {
  return Invalid(Cat("`", path, "` ", message), "KEYS_INVALID", path);
}

absl::Status ReadText(const Json& json, const std::string& path, std::string* out) {
  if (!json.is_string() || json.get_ref<const std::string&>().empty()) return Wrong(path, "is not text");
  *out = json.get<std::string>();
  return absl::OkStatus();
}

absl::StatusOr<Role> ReadRole(const Json& json, const std::string& path) {
  for (const auto& [role, name] : kRoles) {
    if (json.is_string() && json.get_ref<const std::string&>() == name) return role;
  }
  return Wrong(path, "is none of `reader`, `writer`, `admin`, `gateway`");
}

absl::StatusOr<Area> ReadArea(const Json& json, const std::string& path) {
  std::vector<std::string> parts;
  if (!json.is_array() || json.empty()) return Wrong(path, "is no list of types; leave it out to allow everything");
  for (const Json& part : json) {
    const std::string at = Cat(path, "[", parts.size(), "]");
    if (absl::Status s = ReadText(part, at, &parts.emplace_back()); !s.ok()) return s;
  }
  auto area = Area::Parse(parts);
  if (!area.ok()) return Wrong(path, Cat("is wrong: ", area.status().message()));
  return area;
}

absl::Status ReadDigest(const Json& json, const std::string& path, std::string* out) {
  std::string hex;
  if (absl::Status s = ReadText(json, path, &hex); !s.ok()) return s;
  const bool is_hex = hex.size() == 2 * kSecretBytes && hex.find_first_not_of("0123456789abcdefABCDEF") == hex.npos;
  if (!is_hex) return Wrong(path, "is not the SHA-256 of a key, 64 hex digits; `mandate key create` makes both");
  *out = absl::HexStringToBytes(hex);
  return absl::OkStatus();
}

}  // namespace

std::string_view RoleName(Role role) {
  for (const auto& [each, name] : kRoles) {
    if (each == role) return name;
  }
  return "unknown";
}

bool IsKeyId(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kKeyIdBytesMax && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), allowed);
}

absl::StatusOr<NewKey> MakeKey(std::string_view id) {
  std::string secret(kSecretBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), static_cast<int>(secret.size())) != 1) {
    return absl::InternalError("the system has no random bytes for a key");
  }
  NewKey made;
  made.key = Cat(kKeyPrefix, id, "_", absl::WebSafeBase64Escape(secret));
  made.sha256 = absl::BytesToHexString(Sha256(made.key));
  return made;
}

absl::Status KeyRing::ReadEntry(const Json& json, const std::string& path, Entry* entry) {
  if (!json.is_object()) return Wrong(path, "is no object with `id`, `role` and `sha256` or `certificate`");
  bool has_role = false;
  for (const auto& [name, value] : json.items()) {
    const std::string at = Cat(path, ".", name);
    absl::Status status;
    if (name == "id") {
      status = ReadText(value, at, &entry->caller.id);
      if (status.ok() && !IsKeyId(entry->caller.id)) {
        status = Wrong(at, "is no id: up to 63 of a-z, 0-9 and `-`, beginning with a letter");
      }
    } else if (name == "role") {
      auto role = ReadRole(value, at);
      status = role.status();
      if (role.ok()) entry->caller.role = *role;
      has_role = true;
    } else if (name == "sha256") {
      status = ReadDigest(value, at, &entry->digest);
    } else if (name == "certificate") {
      status = ReadText(value, at, &entry->certificate);
    } else if (name == "only") {
      auto area = ReadArea(value, at);
      status = area.status();
      if (area.ok()) entry->caller.only = *std::move(area);
    } else if (name == "concurrency") {
      const bool fits = value.is_number_integer() && value >= 1 && value <= kCallsMax;
      status = fits ? absl::OkStatus() : Wrong(at, "is not a whole number from 1 to 100000");
      if (fits) entry->caller.calls_max = value.get<size_t>();
    } else if (name == "expires") {
      std::string text;
      status = ReadText(value, at, &text);
      std::string error;
      if (status.ok() && !absl::ParseTime(absl::RFC3339_full, text, &entry->expires, &error)) {
        status = Wrong(at, "is no moment; write it as 2027-01-01T00:00:00Z");
      }
    } else {
      status = Wrong(at, "is unknown; there are id, role, sha256, certificate, only, concurrency, expires");
    }
    if (!status.ok()) return status;
  }
  if (entry->caller.id.empty()) return Wrong(path, "has no `id`");
  if (!has_role) return Wrong(path, "has no `role`");
  if (entry->digest.empty() == entry->certificate.empty()) return Wrong(path, "has either `sha256` or `certificate`");
  return absl::OkStatus();
}

absl::StatusOr<KeyRing> KeyRing::Parse(std::string_view text) {
  auto json = ParseJsonObject(text);
  if (!json.ok()) return WithReason(json.status(), "KEYS_INVALID");
  const auto keys = json->find("keys");
  if (keys == json->end() || !keys->is_array() || json->size() != 1) {
    return Wrong("keys", "is all that the file holds: {\"keys\": [...]}");
  }
  if (keys->size() > kKeysMax) return Wrong("keys", "has more than 10000 entries");
  KeyRing ring;
  for (const Json& each : *keys) {
    const std::string path = Cat("keys[", ring.entries_.size(), "]");
    Entry entry;
    if (absl::Status s = ReadEntry(each, path, &entry); !s.ok()) return s;
    const size_t index = ring.entries_.size();
    if (!ring.by_id_.emplace(entry.caller.id, index).second) return Wrong(path + ".id", "is there twice");
    if (!entry.certificate.empty() && !ring.by_certificate_.emplace(entry.certificate, index).second) {
      return Wrong(path + ".certificate", "is there twice");
    }
    ring.entries_.push_back(std::move(entry));
  }
  return ring;
}

void KeyRing::CountWith(absl::flat_hash_map<std::string, std::shared_ptr<KeyUse>>* uses) {
  for (Entry& entry : entries_) {
    entry.caller.use = uses->try_emplace(entry.caller.id, entry.caller.use).first->second;
  }
}

const Caller* KeyRing::FindKey(std::string_view key, absl::Time now) const {
  if (!key.starts_with(kKeyPrefix) || key.size() > kKeyBytesMax) return nullptr;
  const std::string_view rest = key.substr(kKeyPrefix.size());
  const auto it = by_id_.find(AbslView(rest.substr(0, rest.find('_'))));
  // Whoever is unknown is compared with as well, so that the time says nothing about which ids there are.
  static const std::string kNobody(kSecretBytes, '\0');
  const Entry* const entry = it == by_id_.end() ? nullptr : &entries_[it->second];
  const bool has_digest = entry != nullptr && !entry->digest.empty();
  const std::string digest = Sha256(key);
  const std::string& expected = has_digest ? entry->digest : kNobody;
  const bool same = CRYPTO_memcmp(digest.data(), expected.data(), kSecretBytes) == 0;
  return has_digest && same && now < entry->expires ? &entry->caller : nullptr;
}

bool KeyRing::StillHolds(const KeyRing& earlier, const std::string& id, absl::Time now) const {
  const auto here = by_id_.find(id);
  const auto there = earlier.by_id_.find(id);
  if (here == by_id_.end() || there == earlier.by_id_.end()) return false;
  const Entry& a = entries_[here->second];
  const Entry& b = earlier.entries_[there->second];
  const auto area = [](const Entry& entry) { return entry.caller.only ? entry.caller.only->ToString() : ""; };
  return a.digest == b.digest && a.certificate == b.certificate && a.caller.role == b.caller.role &&
         area(a) == area(b) && now < a.expires;
}

const Caller* KeyRing::FindCertificate(const std::vector<std::string>& names, absl::Time now) const {
  for (const std::string& name : names) {
    const auto it = by_certificate_.find(name);
    if (it == by_certificate_.end()) continue;
    const Entry& entry = entries_[it->second];
    return now < entry.expires ? &entry.caller : nullptr;
  }
  return nullptr;
}

}  // namespace mandate
