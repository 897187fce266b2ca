// key_ring.h: who may call, by API key or by client certificate, as a file of the operator says.
//
//   {"keys": [
//     {"id": "app", "sha256": "6b3a...", "role": "reader", "only": ["team", "document:eu-"],
//      "concurrency": 64, "expires": "2027-01-01T00:00:00Z"},
//     {"id": "gateway-eu", "certificate": "gateway.example.com", "role": "gateway"}
//   ]}
//
//   id           in logs and metrics
//   sha256       of the whole key, in hex, as `mandate key create` writes it
//   certificate  in place of it, with mutual TLS: a subject alternative name, or the common name
//   role         reader, writer, admin or gateway
//   only         types, or ids of a type that begin so; left out: everything
//   concurrency  calls at one time, 1 to 100,000; left out: as many as the server takes
//   expires      left out: never
//
// A key is `mandate_ID_SECRET` with 256 random bits, so one round of SHA-256 keeps it: there is nothing to guess. It is
// found by its ID and compared in constant time; an unknown ID takes as long as a wrong secret. Several keys at once,
// under several ids, are how one is rotated.
//
// Threads     Immutable; safe to share.
// Errors      INVALID_ARGUMENT, with the place in the file (`keys[2].role`) and what is allowed there.
#ifndef MANDATE_SERVICE_ACCESS_KEY_RING_H_
#define MANDATE_SERVICE_ACCESS_KEY_RING_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/access/area.h"
#include "service/http/json_text.h"

namespace mandate {

// reader: checks, lookups and everything that is read. writer: that, writes, and what delegates and authorizes. admin:
// that, and the schema. gateway: checks and Authorize alone, of agents with their task and of sessions alone.
enum class Role { kReader, kWriter, kAdmin, kGateway };
std::string_view RoleName(Role role);

// What was done with a key since the server started.
struct KeyUse {
  std::atomic<size_t> under_way{0};
  std::atomic<uint64_t> admitted{0};
  std::atomic<uint64_t> refused{0};  // It was valid, and might not do that, or not so much at a time.
};

struct Caller {
  std::string id;
  Role role = Role::kReader;
  std::optional<Area> only;  // Of the resources; nothing: all of them.
  size_t calls_max = 0;      // At one time; 0: as many as the server takes.
  std::shared_ptr<KeyUse> use = std::make_shared<KeyUse>();
};

class KeyRing {
 public:
  static constexpr size_t kFileBytesMax = 4 << 20;

  static absl::StatusOr<KeyRing> Parse(std::string_view json);

  // Goes on counting where an earlier ring of the same gate stopped; `uses` has them by id, and gets those that are
  // new.
  void CountWith(absl::flat_hash_map<std::string, std::shared_ptr<KeyUse>>* uses);

  // Null for a key that is unknown, wrong or expired: which of them, nobody is told.
  const Caller* FindKey(std::string_view key, absl::Time now) const;
  // By the first of a certificate's names that is listed.
  const Caller* FindCertificate(const std::vector<std::string>& names, absl::Time now) const;

  // Whether a caller of an earlier ring is still the same one: same proof, same rights, not expired.
  bool StillHolds(const KeyRing& earlier, const std::string& id, absl::Time now) const;

 private:
  struct Entry {
    Caller caller;
    std::string digest;  // SHA-256, 32 bytes; empty: by certificate.
    std::string certificate;
    absl::Time expires = absl::InfiniteFuture();
  };
  static absl::Status ReadEntry(const Json& json, const std::string& path, Entry* entry);

  std::vector<Entry> entries_;
  absl::flat_hash_map<std::string, size_t> by_id_;
  absl::flat_hash_map<std::string, size_t> by_certificate_;
};

// A new key, and its digest in hex for the file. REQUIRES: `id` is one (IsKeyId).
struct NewKey {
  std::string key;
  std::string sha256;
};
absl::StatusOr<NewKey> MakeKey(std::string_view id);

// 1 to 63 of a-z, 0-9 and `-`, beginning with a letter.
bool IsKeyId(std::string_view text);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_KEY_RING_H_
