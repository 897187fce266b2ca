// gate.h: who calls, and whether they may: what every method of every service asks first.
//
//   const Admission admission = gate_->Admit(*context, *request);
//   if (!admission.ok()) return admission.Refused();
//   ... LimitsFor(*database_, *context, admission) ...
//
// A caller shows a key (`authorization: Bearer KEY`, as metadata or as an HTTP header) or, with mutual TLS, a
// certificate. The file of keys is read again within a second of a change; one that cannot be read changes nothing, and
// is logged. Without a file everybody is an admin: the server listens on loopback then, or was told --insecure.
//
// Threads     Safe to share.
// Ownership   The gate outlives its admissions.
// Errors      UNAUTHENTICATED (NO_KEY, KEY_NOT_VALID); PERMISSION_DENIED (rules.h); RESOURCE_EXHAUSTED (TOO_MANY_CALLS)
//             for a key that has all its calls under way; (OVERLOADED) when the server has (load_gate.h).
#ifndef MANDATE_SERVICE_ACCESS_GATE_H_
#define MANDATE_SERVICE_ACCESS_GATE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "service/access/key_ring.h"
#include "service/access/load_gate.h"
#include "service/access/rules.h"

namespace mandate {

// What a caller shows.
struct Credentials {
  std::string_view authorization;              // The value of the header; empty: none.
  std::vector<std::string> certificate_names;  // Of a verified certificate.
  std::string_view peer;                       // For the log.
};

class Gate;

// One call that was let in, or why not. It holds its caller's place until it ends.
class Admission {
 public:
  Admission(Admission&&) = default;
  Admission& operator=(Admission&&) = delete;
  ~Admission();

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  grpc::Status Refused() const;  // REQUIRES: !ok()

  const Caller& caller() const { return *caller_; }  // REQUIRES: ok()

  // For calls that last: whether the caller would be let in now as then. A key that is revoked, or has expired, ends
  // its watches. REQUIRES: ok()
  bool Holds() const;
  grpc::Status Lapsed() const;  // What such a call ends with.
  bool only_delegated() const { return caller_ == nullptr || caller_->role == Role::kGateway; }

  // Each further request of a stream.
  absl::Status May(const google::protobuf::Message& request) const { return MayCall(caller(), request); }

 private:
  friend class Gate;
  explicit Admission(absl::Status status) : status_(std::move(status)) {}
  Admission() = default;

  absl::Status status_;
  Gate* gate_ = nullptr;                 // Null: no keys.
  std::shared_ptr<const KeyRing> ring_;  // Of its time.
  std::shared_ptr<const Caller> caller_;
  std::shared_ptr<KeyUse> use_;  // Of its key, this call among those under way; null: no keys.
  LoadGate::Place place_;
};

class Gate {
 public:
  // Empty: no keys. NOT_FOUND, INVALID_ARGUMENT for a file that is none of key_ring.h. `now`: the clock that keys
  // expire by.
  static absl::StatusOr<std::unique_ptr<Gate>> Open(const std::string& key_file, const LoadLimits& load = {},
                                                    std::function<absl::Time()> now = absl::Now);

  Admission Admit(const grpc::ServerContext& context, const google::protobuf::Message& request);
  // For what is not gRPC: who it is, may they do this? It holds a place of its key, and none of the server's until it
  // enters.
  Admission Admit(const Credentials& credentials, Need need);
  // Once its request is there: what a peer takes to send it is no work. REQUIRES: admission.ok()
  Admission Enter(Admission admission, Work work);

  // The id of the key, or of the certificate, that a call shows; empty for none that is valid, and without keys. For
  // the log.
  std::string NameOf(const grpc::ServerContextBase& context);
  std::string NameOf(const Credentials& credentials);

  // Metadata for a call inside this process, made for a peer with such a certificate: who it is goes on with it. Nobody
  // else can make it, since it bears a secret of this process.
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  Metadata VouchFor(const std::vector<std::string>& certificate_names) const;

  // What was done with each key so far, those that are no longer in the file among them.
  std::vector<std::pair<std::string, std::shared_ptr<const KeyUse>>> Uses();

  bool is_open() const { return key_file_.empty(); }
  const LoadGate& load() const { return load_; }

 private:
  friend class Admission;
  Gate(std::string key_file, const LoadLimits& load, std::function<absl::Time()> now);
  Admission Identify(const Credentials& credentials);
  std::shared_ptr<const KeyRing> CurrentRing();
  absl::Status Load();
  const Caller* Find(const KeyRing& ring, const Credentials& credentials) const;
  // Its strings are views into the context.
  Credentials CredentialsOf(const grpc::ServerContextBase& context, std::string_view peer) const;
  Admission Refuse(absl::Status status, const Credentials& credentials, const Caller* caller = nullptr);

  const std::string key_file_;
  const std::function<absl::Time()> now_;
  const std::shared_ptr<const Caller> anybody_;
  std::string voucher_;  // Of this process; random. Empty without keys.
  LoadGate load_;
  std::atomic<int64_t> next_look_ = 0;  // In ns of the steady clock.

  std::mutex mutex_;
  std::shared_ptr<const KeyRing> ring_;
  std::string seen_;                                                // What the file was when it was last looked at.
  absl::flat_hash_map<std::string, std::shared_ptr<KeyUse>> uses_;  // By id; they outlive a ring.

  std::mutex log_mutex_;
  absl::Time next_log_ = absl::InfinitePast();
  size_t unlogged_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_GATE_H_
